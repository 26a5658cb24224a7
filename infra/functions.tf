# One function for each operation and job, and the one that answers for unknown routes.

locals {
  # Where everything is and how it is called; no secret. Functions of the tables get it, the fallback needs none of it.
  settings = merge(
    {
      SPORTELLO_TABLE_PREFIX      = local.table_prefix
      SPORTELLO_KEYS_PARAMETER    = aws_ssm_parameter.keys.name
      SPORTELLO_KEYS_VERSION      = tostring(var.key_ring_version)
      SPORTELLO_SELFCARE_URL      = var.selfcare_url
      SPORTELLO_CUSTOMER_AREA_URL = var.customer_area_url
      SPORTELLO_PROVIDER          = var.provider_name
      SPORTELLO_SUPPORT           = var.support
      SPORTELLO_MAIL_FROM         = var.mail_from
    },
    { for name, value in { SPORTELLO_POLICY = var.policy, SPORTELLO_SUPPORT_MAILBOX = var.support_mailbox, SPORTELLO_PAYMENTS_URL = var.payments_url, SPORTELLO_SELLER = var.seller } : name => value if value != null },
  )

  mail_settings = merge(
    { SPORTELLO_MAIL_CONFIGURATION_SET = local.configuration_set },
    { for name, value in { SPORTELLO_SMS_SENDER = var.sms_sender } : name => value if value != null },
  )
}

resource "aws_cloudwatch_log_group" "function" {
  for_each          = local.functions
  name              = local.log_groups[each.key]
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_lambda_function" "this" {
  for_each      = local.functions
  function_name = local.function_names[each.key]
  description   = each.value.summary
  role          = aws_iam_role.function[each.key].arn

  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.architecture]
  memory_size   = each.value.memory
  timeout       = each.value.timeout
  s3_bucket     = aws_s3_bucket.this["artifacts"].id
  s3_key        = aws_s3_object.function[each.key].key
  layers        = each.value.authorities ? var.trust_layer_arn[*] : null

  # A scheduled job that still runs when its next turn comes has that turn wait. Operations share the account's pool:
  # a share of their own would take it from the others, and the routes' limits hold each back already.
  reserved_concurrent_executions = contains(keys(local.hourly), each.key) ? 1 : -1

  environment {
    variables = merge(
      each.value.secrets ? local.settings : {},
      each.value.sends_mail ? local.mail_settings : {},
      each.value.authorities && var.trust_layer_arn != null ? { SPORTELLO_TRUST_FOLDER = "/opt/trust" } : {},
      var.extra_environment,
    )
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function[each.key].name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  # No segments of our own: the binaries have no X-Ray SDK, so a trace would show no more than the log's request id does,
  # and sending one takes a permission that AWS has on `*` only.
  tracing_config {
    mode = "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = length(local.function_names[each.key]) <= 64
      error_message = "${local.function_names[each.key]} is over Lambda's 64 characters."
    }
  }

  # A function that starts before its role may do anything fails its first calls.
  depends_on = [aws_iam_role_policy.function]
}
