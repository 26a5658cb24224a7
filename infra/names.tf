# Names are made here, and ARNs from names. So a plan shows every policy in full before anything exists,
# the tests can look into it, and keys, roles and functions can name each other without a cycle.
# What AWS numbers by itself (keys, the API, streams) is referred to where it is made.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  arn = { for service in ["dynamodb", "lambda", "logs", "scheduler", "ses", "sns", "sqs", "ssm"] : service => "arn:${local.partition}:${service}:${local.region}:${local.account}" }

  table_prefix = coalesce(var.table_prefix, "${var.name}-")
  table_names  = { for name in keys(local.tables) : name => "${local.table_prefix}${name}" }
  table_arns   = { for name, full in local.table_names : name => "${local.arn.dynamodb}:table/${full}" }

  function_names = { for id, function in local.functions : id => "${var.name}-${function.binary}" }
  function_arns  = { for id, name in local.function_names : id => "${local.arn.lambda}:function:${name}" }
  log_groups     = { for id, name in local.function_names : id => "/aws/lambda/${name}" }
  # The prefix keeps the account's one policy for log delivery from growing beyond its limit with every such group.
  api_log_group = "/aws/vendedlogs/${var.name}-api"

  # Each job has one queue of what it could not do; jobs of a queue also have that queue.
  dead_letter_names = { for id, job in local.jobs : id => "${var.name}-${job.binary}-dead" }
  dead_letter_arns  = { for id, name in local.dead_letter_names : id => "${local.arn.sqs}:${name}" }
  queue_names       = { for queue in distinct([for job in local.queued : job.trigger.queue]) : queue => "${var.name}-${queue}" }
  queue_arns        = { for queue, name in local.queue_names : queue => "${local.arn.sqs}:${name}" }

  key_parameter     = "/${var.name}/keys"
  key_parameter_arn = "${local.arn.ssm}:parameter${local.key_parameter}"

  configuration_set = "${var.name}-notices"
  mail_address      = try(regex("<([^<>]+)>", var.mail_from)[0], var.mail_from)
  mail_domain       = coalesce(var.mail_domain, split("@", local.mail_address)[1])
  mail_arns = [
    "${local.arn.ses}:identity/${local.mail_domain}",
    "${local.arn.ses}:configuration-set/${local.configuration_set}",
  ]

  feedback_topic     = "${var.name}-mail-feedback"
  feedback_topic_arn = "${local.arn.sns}:${local.feedback_topic}"
  alarm_topic        = "${var.name}-alarms"
  alarm_topic_arn    = "${local.arn.sns}:${local.alarm_topic}"
}
