# What starts the jobs: the scheduler, the stream of a table, a queue. And where that goes which they could not do.

# ---- dead letters: one queue for each job, so that a full one says whose it is ----------------------------------------

resource "aws_sqs_queue" "dead" {
  for_each                  = local.jobs
  name                      = local.dead_letter_names[each.key]
  message_retention_seconds = 14 * 24 * 3600
  # SQS's own key: what lies here says which job failed on which positions; messages about bounces have an address, for
  # which encryption at rest is enough. Our key would have to be given to every sender.
  sqs_managed_sse_enabled = true
}

# Only the queues that a job consumes may use a dead-letter queue as such; the others are written to by Lambda.
resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  for_each  = local.jobs
  queue_url = aws_sqs_queue.dead[each.key].id

  redrive_allow_policy = each.value.trigger.kind == "queue" ? jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns[each.value.trigger.queue]]
  }) : jsonencode({ redrivePermission = "denyAll" })
}

# ---- hourly ----------------------------------------------------------------------------------------------------------

resource "aws_scheduler_schedule_group" "this" {
  name = var.name
}

# A role for each schedule: it starts its own job and nothing else.
resource "aws_iam_role" "schedule" {
  for_each    = local.hourly
  name        = "${var.name}-${each.value.binary}-schedule"
  description = "Starts ${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = {
        "aws:SourceAccount" = local.account
        "aws:SourceArn"     = "${local.arn.scheduler}:schedule-group/${var.name}"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  for_each = local.hourly
  name     = "start"
  role     = aws_iam_role.schedule[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "lambda:InvokeFunction", Resource = local.function_arns[each.key] },
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = local.dead_letter_arns[each.key] },
    ]
  })
}

resource "aws_scheduler_schedule" "hourly" {
  for_each                     = local.hourly
  name                         = each.value.binary
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = each.value.summary
  schedule_expression          = var.schedule
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this[each.key].arn
    role_arn = aws_iam_role.schedule[each.key].arn
    input    = jsonencode({})

    # Within the hour: after that the next turn does what this one would have done.
    retry_policy {
      maximum_retry_attempts       = 5
      maximum_event_age_in_seconds = 1800
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead[each.key].arn
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

# The scheduler hands over and does not wait: from there on Lambda retries, while an earlier run holds the one place too.
resource "aws_lambda_function_event_invoke_config" "hourly" {
  for_each                     = local.hourly
  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 1800

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead[each.key].arn
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# ---- streams ---------------------------------------------------------------------------------------------------------

resource "aws_lambda_event_source_mapping" "stream" {
  for_each          = local.streamed
  function_name     = aws_lambda_function.this[each.key].arn
  event_source_arn  = aws_dynamodb_table.this[each.value.trigger.table].stream_arn
  starting_position = "TRIM_HORIZON"
  batch_size        = each.value.trigger.batch

  # One bad record is found by halving and put aside; the others pass. What is given up here the hourly job still does.
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = 5
  maximum_record_age_in_seconds      = 3600
  maximum_batching_window_in_seconds = 0

  # New items only: a job's own updates of them would start it again.
  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT"] })
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.dead[each.key].arn
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# ---- queues ----------------------------------------------------------------------------------------------------------

resource "aws_sqs_queue" "consumed" {
  for_each                  = local.queue_names
  name                      = each.value
  message_retention_seconds = 4 * 24 * 3600
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true

  # Six times what the function may take: Lambda's own advice, so that a batch retried by Lambda is not handed out twice.
  visibility_timeout_seconds = 6 * max([for job in local.queued : job.timeoutSeconds if job.trigger.queue == each.key]...)

  redrive_policy = jsonencode({
    deadLetterTargetArn = one([for id, job in local.queued : local.dead_letter_arns[id] if job.trigger.queue == each.key])
    maxReceiveCount     = 5
  })

  depends_on = [aws_sqs_queue.dead]
}

resource "aws_lambda_event_source_mapping" "queue" {
  for_each                = local.queued
  function_name           = aws_lambda_function.this[each.key].arn
  event_source_arn        = aws_sqs_queue.consumed[each.value.trigger.queue].arn
  batch_size              = each.value.trigger.batch
  function_response_types = ["ReportBatchItemFailures"]

  # A flood of messages must not take the places of those who are waiting for an answer.
  scaling_config {
    maximum_concurrency = 2
  }

  depends_on = [aws_iam_role_policy.function]
}
