# What wakes somebody. Every alarm goes to one topic, and says in its description what to look at first.

locals {
  # Of the metrics that are made from logs.
  namespace = "Sportello/${var.name}"

  # Jobs that send mail, by what they log: the hourly one also tells how long the oldest notice has been waiting.
  mailing_jobs = { for id, job in local.jobs : id => job if job.sendsMail }
  redrive_jobs = { for id, job in local.mailing_jobs : id => job if job.trigger.kind == "hourly" }

  # The operation that looks at whole access histories.
  chain_operations = { for id, it in local.operations : id => it if id == "selfcare.access.statistics" }
}

resource "aws_sns_topic" "alarms" {
  name              = local.alarm_topic
  kms_master_key_id = aws_kms_key.data.arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = local.alarm_topic_arn
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*" }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  count     = var.alarm_email == null ? 0 : 1
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

# ---- functions -------------------------------------------------------------------------------------------------------

# A refused request is an answer, not an error: one error is a panic, a time-out, a failed start or a failed job.
resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each            = local.function_names
  alarm_name          = "${each.value}-errors"
  alarm_description   = "${each.key} failed: its log group, level ERROR."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = each.value }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# For an hourly job, whose one place another run may hold for a while, only when it goes on.
resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each            = local.function_names
  alarm_name          = "${each.value}-throttles"
  alarm_description   = "${each.key} found no place to run: the account's concurrency, or a job that does not end."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = each.value }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = contains(keys(local.hourly), each.key) ? 6 : 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# ---- jobs ------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "not_run" {
  for_each            = local.hourly
  alarm_name          = "${local.function_names[each.key]}-not-run"
  alarm_description   = "${each.key} did not run for two hours: its schedule, the schedule's role, the function."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = local.function_names[each.key] }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 2
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "iterator_age" {
  for_each            = local.streamed
  alarm_name          = "${local.function_names[each.key]}-behind"
  alarm_description   = "${each.key} is over ten minutes behind the stream: its errors, SES's limit, one shard that is stuck."
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = { FunctionName = local.function_names[each.key] }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 600000
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "queue_age" {
  for_each            = local.queue_names
  alarm_name          = "${each.value}-age"
  alarm_description   = "A message of ${each.key} has been waiting for an hour: the job that consumes it."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3600
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each            = local.dead_letter_names
  alarm_name          = "${each.value}-letters"
  alarm_description   = "What ${each.key} could not do lies in ${each.value}: README, replay a dead letter."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# ---- notices, from the jobs' logs ------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_metric_filter" "oldest_notice" {
  for_each       = local.redrive_jobs
  name           = "oldest-notice"
  log_group_name = aws_cloudwatch_log_group.function[each.key].name
  pattern        = "{ $.fields.oldest_seconds = * }"

  metric_transformation {
    namespace = local.namespace
    name      = "OldestNotice"
    value     = "$.fields.oldest_seconds"
    unit      = "Seconds"
  }
}

# Looked at once an hour: a notice that the stream missed is redriven at the next full hour, so two hours are too many.
resource "aws_cloudwatch_metric_alarm" "outbox_age" {
  alarm_name          = "${var.name}-outbox-age"
  alarm_description   = "A notice has been waiting for over two hours: SES (sending paused, quota), the log of the delivering jobs."
  namespace           = local.namespace
  metric_name         = "OldestNotice"
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 7200
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_log_metric_filter" "given_up" {
  for_each       = local.mailing_jobs
  name           = "given-up"
  log_group_name = aws_cloudwatch_log_group.function[each.key].name
  pattern        = "{ $.fields.message = \"a notice was given up\" }"

  metric_transformation {
    namespace     = local.namespace
    name          = "NoticesGivenUp"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "given_up" {
  alarm_name          = "${var.name}-notices-given-up"
  alarm_description   = "A notice will never be sent. The delivering job's log has its kind and why; it stays in the outbox."
  namespace           = local.namespace
  metric_name         = "NoticesGivenUp"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# A job that cannot do one thing does the others and ends well: Lambda counts no error.
resource "aws_cloudwatch_log_metric_filter" "left_undone" {
  for_each       = { for id, job in local.hourly : id => job if !job.sendsMail }
  name           = "left-undone"
  log_group_name = aws_cloudwatch_log_group.function[each.key].name
  pattern        = "{ $.fields.failed > 0 }"

  metric_transformation {
    namespace = local.namespace
    name      = "LeftUndone"
    value     = "$.fields.failed"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "left_undone" {
  alarm_name          = "${var.name}-left-undone"
  alarm_description   = "An hourly job could not do what was due of somebody. Its log says why; it tries again each hour."
  namespace           = local.namespace
  metric_name         = "LeftUndone"
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_log_metric_filter" "returned" {
  for_each       = local.queued
  name           = "returned"
  log_group_name = aws_cloudwatch_log_group.function[each.key].name
  pattern        = "{ $.fields.message = \"a notice came back\" }"

  metric_transformation {
    namespace     = local.namespace
    name          = "NoticesReturned"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# Looked at once a day: addresses are mistyped all the time, and each of these stays in the outbox until somebody has looked.
resource "aws_cloudwatch_metric_alarm" "returned" {
  alarm_name          = "${var.name}-notices-returned"
  alarm_description   = "Notices came back or were complained of: the feedback job's log has their kinds, the outbox what happened."
  namespace           = local.namespace
  metric_name         = "NoticesReturned"
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# ---- the access history ----------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_metric_filter" "broken_history" {
  for_each       = local.chain_operations
  name           = "broken-history"
  log_group_name = aws_cloudwatch_log_group.function[each.key].name
  pattern        = "{ $.fields.message = \"an access history is broken\" }"

  metric_transformation {
    namespace     = local.namespace
    name          = "BrokenHistories"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# Records are evidence, and nothing of ours changes one: somebody wrote into the table, or a restored table misses the newest.
resource "aws_cloudwatch_metric_alarm" "broken_history" {
  alarm_name          = "${var.name}-broken-history"
  alarm_description   = "An access history was altered or misses records. The function's log has the request; who wrote into the table, CloudTrail knows."
  namespace           = local.namespace
  metric_name         = "BrokenHistories"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# ---- what SES thinks of the account ----------------------------------------------------------------------------------

# SES reviews an account at 5 % and 0.1 %, and may pause it later.
resource "aws_cloudwatch_metric_alarm" "reputation" {
  for_each            = { "Reputation.BounceRate" = 0.04, "Reputation.ComplaintRate" = 0.0008 }
  alarm_name          = "${var.name}-ses-${lower(split(".", each.key)[1])}"
  alarm_description   = "SES nears the rate at which it reviews the account."
  namespace           = "AWS/SES"
  metric_name         = each.key
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# ---- the API and the tables ------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "api_5xx" {
  alarm_name          = "${var.name}-api-5xx"
  alarm_description   = "Answers of 500 and over: the functions' logs by the request id, then the API's access log (gatewayError, integrationError)."
  namespace           = "AWS/ApiGateway"
  metric_name         = "5xx"
  dimensions          = { ApiId = aws_apigatewayv2_api.this.id }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "api_latency" {
  alarm_name          = "${var.name}-api-latency"
  alarm_description   = "One of a hundred answers takes over three seconds: DynamoDB's latency, cold starts, the account's concurrency."
  namespace           = "AWS/ApiGateway"
  metric_name         = "Latency"
  dimensions          = { ApiId = aws_apigatewayv2_api.this.id }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3000
  treat_missing_data  = "notBreaching"
  # With a handful of requests a percentile says nothing.
  evaluate_low_sample_count_percentiles = "ignore"
  alarm_actions                         = [aws_sns_topic.alarms.arn]
  ok_actions                            = [aws_sns_topic.alarms.arn]
}

# On demand a table throttles where one key is too hot or traffic more than doubles at once.
resource "aws_cloudwatch_metric_alarm" "table_throttles" {
  for_each            = { for pair in setproduct(keys(local.tables), ["Read", "Write"]) : "${pair[0]}-${lower(pair[1])}" => { table = pair[0], kind = pair[1] } }
  alarm_name          = "${var.name}-table-${each.key}-throttles"
  alarm_description   = "DynamoDB throttles ${lower(each.value.kind)}s of ${each.value.table}: a hot key, or a sudden load."
  namespace           = "AWS/DynamoDB"
  metric_name         = "${each.value.kind}ThrottleEvents"
  dimensions          = { TableName = local.table_names[each.value.table] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
