# What holds for every table: the generated one by default, and table.json beside this file by
# `terraform test -var operations_file=tests/table.json`. Nothing of AWS is asked: see mocks/.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

mock_provider "aws" {
  alias           = "edge"
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  artifacts         = "../target/terraform-test"
  selfcare_url      = "https://selfcare.example.it"
  customer_area_url = "https://clienti.example.it"
  support           = "https://aiuto.example.it"
  support_mailbox   = "aiuto@example.it"
  mail_from         = "Sportello <noreply@example.it>"
  key_ring          = "{\"secret\":\"d0-n0t-sh0w\"}"
  policy            = "{\"throttle\":{\"address_tries\":200}}"
}

run "artifacts" {
  module {
    source = "./tests/artifacts"
  }
}

run "table" {
  command = plan

  assert {
    condition     = alltrue([for it in local.operations : contains(["DELETE", "GET", "PATCH", "POST", "PUT"], it.method)])
    error_message = "A method that API Gateway does not know: ${join(", ", [for it in local.operations : "${it.id} ${it.method}" if !contains(["DELETE", "GET", "PATCH", "POST", "PUT"], it.method)])}"
  }

  assert {
    condition     = alltrue([for it in local.operations : can(regex("^(/[a-z0-9-]+|/\\{[a-zA-Z]+\\})+$", it.path))])
    error_message = "A path that is none."
  }

  assert {
    condition     = length(local.operations) == length(distinct([for it in local.operations : "${it.method} ${replace(it.path, "/\\{[^}]+\\}/", "{}")}"]))
    error_message = "Two operations have one route."
  }

  assert {
    condition     = length(local.functions) == length(distinct([for it in local.functions : it.binary])) && length(local.functions) == length(local.table.operations) + length(local.table.jobs) + 1
    error_message = "Two functions have one id or one binary."
  }

  assert {
    condition     = length(local.operations) + 1 <= 300
    error_message = "Over API Gateway's 300 routes: ask for more, or split the API."
  }

  assert {
    condition     = alltrue([for it in local.operations : it.timeoutSeconds >= 1 && it.timeoutSeconds <= 29])
    error_message = "The gateway waits no longer than 30 s: an operation's time-out is at most 29."
  }

  assert {
    condition     = alltrue([for it in local.functions : it.timeout >= 1 && it.timeout <= 900 && it.memory >= 128 && it.memory <= 10240])
    error_message = "Lambda: 1 to 900 s, 128 to 10240 MiB."
  }

  assert {
    condition     = alltrue([for it in local.jobs : contains(["hourly", "stream", "queue"], it.trigger.kind)])
    error_message = "A trigger that no file here handles: the job would never run."
  }

  assert {
    condition     = alltrue([for it in local.streamed : local.tables[it.trigger.table].stream]) && alltrue([for it in local.functions : alltrue([for grant in it.grants : contains(keys(local.tables), grant.table)])])
    error_message = "A grant or a trigger on a table that does not exist, or a stream of a table that has none."
  }

  assert {
    condition     = alltrue([for it in local.functions : alltrue([for grant in it.grants : grant.action != "QueryDue" || local.tables[grant.table].dueIndex])])
    error_message = "QueryDue on a table without the index."
  }
}

run "functions" {
  command = plan

  assert {
    condition     = toset(keys(aws_lambda_function.this)) == toset([for it in concat(local.table.operations, local.table.jobs, [local.table.fallback]) : it.id])
    error_message = "Not one function for each operation, each job and the fallback."
  }

  assert {
    condition = alltrue([for id, it in aws_lambda_function.this :
      it.function_name == "sportello-${local.functions[id].binary}" && it.runtime == "provided.al2023" && it.architectures == tolist(["arm64"]) &&
      it.memory_size == local.functions[id].memory && it.timeout == local.functions[id].timeout
    ])
    error_message = "A function is not as its declaration says."
  }

  assert {
    condition     = alltrue([for id, it in aws_s3_object.function : it.key == "${local.functions[id].binary}/${sha256(local.functions[id].binary)}.zip"]) && alltrue([for id, it in aws_lambda_function.this : it.s3_key == aws_s3_object.function[id].key])
    error_message = "A zip's key is not made from the hash of the binary in it."
  }

  assert {
    condition     = alltrue([for id, it in aws_lambda_function.this : it.reserved_concurrent_executions == (contains(keys(local.hourly), id) ? 1 : -1)])
    error_message = "An hourly job runs once at a time; nothing else has a share of its own."
  }

  assert {
    condition = alltrue([for id, it in aws_lambda_function.this :
      one(it.logging_config).log_format == "JSON" && one(it.logging_config).log_group == "/aws/lambda/${it.function_name}" && aws_cloudwatch_log_group.function[id].retention_in_days == 400 && aws_cloudwatch_log_group.function[id].kms_key_id == aws_kms_key.data.arn
    ])
    error_message = "A function's log is not JSON in its own group, kept for a limited time under our key."
  }

  assert {
    condition     = !strcontains(jsonencode([for it in aws_lambda_function.this : it.environment]), "d0-n0t-sh0w")
    error_message = "A secret in an environment."
  }

  assert {
    condition = alltrue([for id, it in aws_lambda_function.this : alltrue([for name in keys(try(one(it.environment).variables, {})) : contains([
      "SPORTELLO_CUSTOMER_AREA_URL", "SPORTELLO_KEYS_PARAMETER", "SPORTELLO_KEYS_VERSION", "SPORTELLO_MAIL_CONFIGURATION_SET", "SPORTELLO_MAIL_FROM",
      "SPORTELLO_PAYMENTS_URL", "SPORTELLO_POLICY", "SPORTELLO_PROVIDER", "SPORTELLO_SELFCARE_URL", "SPORTELLO_SELLER", "SPORTELLO_SUPPORT", "SPORTELLO_SUPPORT_MAILBOX", "SPORTELLO_TABLE_PREFIX",
    ], name)])])
    error_message = "A variable that the contract with the functions does not know."
  }

  assert {
    condition     = alltrue([for id, it in aws_lambda_function.this : try(one(it.environment).variables["SPORTELLO_KEYS_PARAMETER"], null) == (id == local.table.fallback.id ? null : "/sportello/keys")])
    error_message = "Every function but the fallback knows where the key ring is."
  }

  assert {
    condition     = alltrue([for id, it in aws_lambda_function.this : can(one(it.environment).variables["SPORTELLO_MAIL_CONFIGURATION_SET"]) == try(local.jobs[id].sendsMail, false)])
    error_message = "Who sends mail, and nobody else, knows the configuration set."
  }

  assert {
    condition     = alltrue([for it in aws_lambda_function.this : sum(concat([0], [for name, value in try(one(it.environment).variables, {}) : length(name) + length(value)])) < 4096])
    error_message = "Over Lambda's 4 KiB of environment."
  }
}

run "api" {
  command = plan

  assert {
    condition     = { for id, it in aws_apigatewayv2_route.operation : id => it.route_key } == { for it in local.table.operations : it.id => "${it.method} ${it.path}" }
    error_message = "The routes are not those of the table."
  }

  assert {
    condition     = keys(aws_apigatewayv2_route.operation) == keys(aws_lambda_permission.operation) && keys(aws_apigatewayv2_route.operation) == keys(aws_apigatewayv2_integration.operation)
    error_message = "Not one integration and one permission for each route."
  }

  # The `*` stands for the stage; the route is exact.
  assert {
    condition = alltrue([for id, it in aws_lambda_permission.operation :
      it.principal == "apigateway.amazonaws.com" && it.action == "lambda:InvokeFunction" && it.function_name == "sportello-${local.operations[id].binary}" &&
      it.source_arn == "arn:aws:execute-api:eu-south-1:111122223333:api0000001/*/${local.operations[id].method}${local.operations[id].path}"
    ])
    error_message = "A function may be called by another route than its own."
  }

  assert {
    condition     = alltrue([for id, it in aws_apigatewayv2_route.operation : it.authorization_type == (contains(["internal", "operator"], local.operations[id].level) ? "AWS_IAM" : "NONE")])
    error_message = "IAM authorises routes of the levels internal and operator, our sessions the others."
  }

  assert {
    condition = alltrue([for id, it in aws_apigatewayv2_integration.operation :
      it.integration_type == "AWS_PROXY" && it.payload_format_version == "2.0" && it.timeout_milliseconds > local.operations[id].timeoutSeconds * 1000 && it.timeout_milliseconds <= 30000
    ])
    error_message = "An integration that gives up before its function, or after the gateway."
  }

  assert {
    condition = (
      { for it in aws_apigatewayv2_stage.this.route_settings : it.route_key => [it.throttling_rate_limit, it.throttling_burst_limit] }
      == { for it in local.table.operations : "${it.method} ${it.path}" => [it.limit.perSecond, it.limit.burst] }
    )
    error_message = "A route's limit is not its declaration's."
  }

  assert {
    condition     = alltrue([for it in local.table.operations : it.limit.perSecond >= 1 && it.limit.perSecond <= 10000 && it.limit.burst >= it.limit.perSecond && it.limit.burst <= 5000])
    error_message = "A limit over the account's (10,000 a second, 5,000 at once), or a burst under the rate."
  }

  assert {
    condition     = one(aws_apigatewayv2_stage.this.default_route_settings).throttling_rate_limit > 0 && one(aws_apigatewayv2_stage.this.default_route_settings).throttling_burst_limit > 0
    error_message = "Without a limit of its own the fallback takes the account's."
  }

  assert {
    condition = (
      aws_apigatewayv2_route.fallback.route_key == "$default" && aws_apigatewayv2_route.fallback.operation_name == "gateway.fallback" &&
      aws_lambda_permission.fallback.function_name == "sportello-gateway-fallback" && aws_lambda_permission.fallback.principal == "apigateway.amazonaws.com" &&
      aws_lambda_permission.fallback.source_arn == "arn:aws:execute-api:eu-south-1:111122223333:api0000001/*/$default"
    )
    error_message = "$default does not go to the fallback, and to it alone."
  }

  assert {
    condition     = length(regexall("\\$context\\.(path|httpMethod|identity|requestOverride|protocol|domainPrefix|resourcePath|queryString)", one(aws_apigatewayv2_stage.this.access_log_settings).format)) == 0
    error_message = "The access log has a path (links carry their secret in it) or something of the caller."
  }
}

run "jobs" {
  command = plan

  assert {
    condition     = keys(aws_scheduler_schedule.hourly) == keys(local.hourly) && keys(aws_lambda_function_event_invoke_config.hourly) == keys(local.hourly) && keys(aws_lambda_event_source_mapping.stream) == keys(local.streamed) && keys(aws_lambda_event_source_mapping.queue) == keys(local.queued)
    error_message = "A job without its trigger, or a trigger without its job."
  }

  # EventBridge: six fields, and exactly one of day and weekday is "?".
  assert {
    condition = alltrue([for it in aws_scheduler_schedule.hourly :
      can(regex("^(rate\\([1-9][0-9]* (minutes?|hours?)\\)|cron\\(([0-9A-Z*/,#?L-]+ ){5}[0-9*/,-]+\\))$", it.schedule_expression)) &&
      (startswith(it.schedule_expression, "rate(") || (split(" ", it.schedule_expression)[2] == "?") != (split(" ", it.schedule_expression)[4] == "?")) &&
      it.schedule_expression_timezone == "UTC"
    ])
    error_message = "A schedule that EventBridge would refuse, or that is not in UTC."
  }

  assert {
    condition = alltrue([for id, it in aws_scheduler_schedule.hourly :
      one(one(it.target).retry_policy).maximum_event_age_in_seconds < 3600 && one(one(it.target).dead_letter_config).arn != null
    ])
    error_message = "A schedule that is retried into the next turn, or loses what it could not start."
  }

  assert {
    condition = alltrue([for id, it in aws_iam_role_policy.schedule : jsondecode(it.policy).Statement == [
      { Action = "lambda:InvokeFunction", Effect = "Allow", Resource = "arn:aws:lambda:eu-south-1:111122223333:function:sportello-${local.jobs[id].binary}" },
      { Action = "sqs:SendMessage", Effect = "Allow", Resource = "arn:aws:sqs:eu-south-1:111122223333:sportello-${local.jobs[id].binary}-dead" },
    ]])
    error_message = "A schedule's role starts its own job, puts aside what failed, and nothing else."
  }

  assert {
    condition = alltrue([for it in aws_iam_role.schedule :
      jsondecode(it.assume_role_policy).Statement[0].Principal == { Service = "scheduler.amazonaws.com" } &&
      jsondecode(it.assume_role_policy).Statement[0].Condition.StringEquals == { "aws:SourceAccount" = "111122223333", "aws:SourceArn" = "arn:aws:scheduler:eu-south-1:111122223333:schedule-group/sportello" }
    ])
    error_message = "A schedule's role is taken by the scheduler, for our group."
  }

  assert {
    condition = alltrue([for id, it in aws_lambda_event_source_mapping.stream :
      it.bisect_batch_on_function_error && it.maximum_retry_attempts == 5 && it.maximum_record_age_in_seconds == 3600 &&
      contains(it.function_response_types, "ReportBatchItemFailures") && it.batch_size == local.jobs[id].trigger.batch && it.starting_position == "TRIM_HORIZON" &&
      one(one(it.destination_config).on_failure).destination_arn != null && one(one(it.filter_criteria).filter).pattern == jsonencode({ eventName = ["INSERT"] })
    ])
    error_message = "A stream's consumer: partial batches, halved, five tries, one hour, new items only, the rest put aside."
  }

  assert {
    condition = alltrue([for id, it in aws_lambda_event_source_mapping.queue :
      contains(it.function_response_types, "ReportBatchItemFailures") && it.batch_size == local.jobs[id].trigger.batch && one(it.scaling_config).maximum_concurrency >= 2
    ])
    error_message = "A queue's consumer: partial batches, few at once."
  }

  assert {
    condition     = alltrue([for id, it in local.queued : aws_sqs_queue.consumed[it.trigger.queue].visibility_timeout_seconds >= 6 * it.timeoutSeconds && aws_sqs_queue.consumed[it.trigger.queue].visibility_timeout_seconds <= 43200])
    error_message = "A message is handed out again while its function still works on it."
  }

  assert {
    condition     = alltrue([for id, it in local.queued : jsondecode(aws_sqs_queue.consumed[it.trigger.queue].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-south-1:111122223333:sportello-${it.binary}-dead", maxReceiveCount = 5 }])
    error_message = "A queue whose messages are tried for ever, or end in another's dead letters."
  }

  assert {
    condition     = keys(aws_sqs_queue.dead) == keys(local.jobs) && alltrue([for it in concat(values(aws_sqs_queue.dead), values(aws_sqs_queue.consumed)) : it.sqs_managed_sse_enabled]) && alltrue([for it in aws_sqs_queue.dead : it.message_retention_seconds == 1209600])
    error_message = "Each job has its dead letters, encrypted, for fourteen days."
  }
}

run "alarms" {
  command = plan

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.errors) == keys(local.functions) && keys(aws_cloudwatch_metric_alarm.throttles) == keys(local.functions) && keys(aws_cloudwatch_metric_alarm.not_run) == keys(local.hourly) && keys(aws_cloudwatch_metric_alarm.iterator_age) == keys(local.streamed) && keys(aws_cloudwatch_metric_alarm.dead_letters) == keys(local.jobs)
    error_message = "Something nobody watches."
  }

  assert {
    condition     = alltrue([for it in aws_cloudwatch_metric_alarm.not_run : it.treat_missing_data == "breaching" && it.comparison_operator == "LessThanThreshold" && it.period * it.evaluation_periods == 7200])
    error_message = "A job that never runs has no data: that must alarm."
  }

  assert {
    condition = alltrue([for it in concat(
      values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.not_run),
      values(aws_cloudwatch_metric_alarm.iterator_age), values(aws_cloudwatch_metric_alarm.dead_letters), values(aws_cloudwatch_metric_alarm.queue_age),
      values(aws_cloudwatch_metric_alarm.reputation), values(aws_cloudwatch_metric_alarm.table_throttles),
      [aws_cloudwatch_metric_alarm.outbox_age, aws_cloudwatch_metric_alarm.given_up, aws_cloudwatch_metric_alarm.broken_history, aws_cloudwatch_metric_alarm.api_5xx, aws_cloudwatch_metric_alarm.api_latency],
    ) : it.alarm_actions == toset([aws_sns_topic.alarms.arn]) && it.alarm_description != null])
    error_message = "An alarm that tells nobody, or not what it means."
  }

  # One metric of the jobs' logs and the alarm on it.
  assert {
    condition     = alltrue([for filter in concat(values(aws_cloudwatch_log_metric_filter.oldest_notice), values(aws_cloudwatch_log_metric_filter.given_up), values(aws_cloudwatch_log_metric_filter.broken_history)) : contains([for alarm in [aws_cloudwatch_metric_alarm.outbox_age, aws_cloudwatch_metric_alarm.given_up, aws_cloudwatch_metric_alarm.broken_history] : "${alarm.namespace} ${alarm.metric_name}"], "${one(filter.metric_transformation).namespace} ${one(filter.metric_transformation).name}")])
    error_message = "A metric that no alarm looks at."
  }

  assert {
    condition     = can(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].properties.title)
    error_message = "The dashboard is no JSON."
  }
}
