# The table beside this file has one of everything: what becomes of it, word for word.

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
  operations_file   = "tests/table.json"
  artifacts         = "../target/terraform-test"
  selfcare_url      = "https://selfcare.example.it"
  customer_area_url = "https://clienti.example.it"
  support           = "https://aiuto.example.it"
  support_mailbox   = "aiuto@example.it"
  mail_from         = "noreply@notify.example.it"
  mail_domain       = "example.it"
}

# Some things with ARNs of their own, so that what leads to another one is seen.
override_resource {
  target = aws_lambda_function.this["desk.form.read"]
  values = {
    arn        = "arn:aws:lambda:eu-south-1:111122223333:function:form"
    invoke_arn = "invoke-form"
  }
  override_during = plan
}

override_resource {
  target          = aws_lambda_function.this["gateway.fallback"]
  values          = { invoke_arn = "invoke-fallback" }
  override_during = plan
}

override_resource {
  target          = aws_lambda_function.this["jobs.notice.deliver"]
  values          = { arn = "arn:aws:lambda:eu-south-1:111122223333:function:deliver" }
  override_during = plan
}

override_resource {
  target          = aws_lambda_function.this["jobs.notice.redrive"]
  values          = { arn = "arn:aws:lambda:eu-south-1:111122223333:function:redrive" }
  override_during = plan
}

override_resource {
  target          = aws_iam_role.schedule["jobs.notice.redrive"]
  values          = { arn = "arn:aws:iam::111122223333:role/redrive-schedule" }
  override_during = plan
}

override_resource {
  target          = aws_iam_role.function["desk.form.read"]
  values          = { arn = "arn:aws:iam::111122223333:role/form" }
  override_during = plan
}

override_resource {
  target          = aws_sqs_queue.dead["jobs.notice.deliver"]
  values          = { arn = "arn:aws:sqs:eu-south-1:111122223333:deliver-dead" }
  override_during = plan
}

override_resource {
  target          = aws_sqs_queue.dead["jobs.notice.redrive"]
  values          = { arn = "arn:aws:sqs:eu-south-1:111122223333:redrive-dead" }
  override_during = plan
}

override_resource {
  target          = aws_apigatewayv2_integration.operation["desk.form.read"]
  values          = { id = "form" }
  override_during = plan
}

override_resource {
  target          = aws_apigatewayv2_integration.fallback
  values          = { id = "fallback" }
  override_during = plan
}

run "artifacts" {
  module {
    source = "./tests/artifacts"
  }
}

run "policies" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.function["customer.session.open"].policy).Statement == [
      { Action = ["dynamodb:PutItem", "dynamodb:UpdateItem"], Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["C#*"] } }, Effect = "Allow", Resource = "arn:aws:dynamodb:eu-south-1:111122223333:table/sportello-identities" },
      { Action = ["dynamodb:PutItem"], Effect = "Allow", Resource = "arn:aws:dynamodb:eu-south-1:111122223333:table/sportello-outbox" },
      { Action = ["dynamodb:UpdateItem"], Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["ADDR#*"] } }, Effect = "Allow", Resource = "arn:aws:dynamodb:eu-south-1:111122223333:table/sportello-requests" },
      { Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["IDEM#*"] } }, Effect = "Allow", Resource = "arn:aws:dynamodb:eu-south-1:111122223333:table/sportello-requests" },
      {
        Action   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
        Effect   = "Allow"
        Resource = "arn:aws:kms:eu-south-1:111122223333:key/da7a"
        Condition = { StringEquals = {
          "kms:ViaService"                               = "dynamodb.eu-south-1.amazonaws.com"
          "kms:EncryptionContext:aws:dynamodb:tableName" = ["sportello-identities", "sportello-outbox", "sportello-requests"]
        } }
      },
      { Action = ["ssm:GetParameter"], Effect = "Allow", Resource = "arn:aws:ssm:eu-south-1:111122223333:parameter/sportello/keys" },
      {
        Action   = ["kms:Decrypt"]
        Effect   = "Allow"
        Resource = "arn:aws:kms:eu-south-1:111122223333:key/5ec2"
        Condition = { StringEquals = {
          "kms:ViaService"                      = "ssm.eu-south-1.amazonaws.com"
          "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws:ssm:eu-south-1:111122223333:parameter/sportello/keys"
        } }
      },
      { Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Effect = "Allow", Resource = "arn:aws:logs:eu-south-1:111122223333:log-group:/aws/lambda/sportello-customer-session-open:*" },
    ]
    error_message = "An operation's role: ${aws_iam_role_policy.function["customer.session.open"].policy}"
  }

  # Who only reads opens the tables' key, and seals nothing with it.
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.function["selfcare.session.list"].policy).Statement : statement.Action if statement.Resource == aws_kms_key.data.arn] == [["kms:Decrypt"]]
    error_message = "A reader's role: ${aws_iam_role_policy.function["selfcare.session.list"].policy}"
  }

  assert {
    condition = slice(jsondecode(aws_iam_role_policy.function["jobs.notice.deliver"].policy).Statement, 7, 9) == [
      { Action = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"], Effect = "Allow", Resource = aws_dynamodb_table.this["outbox"].stream_arn },
      { Action = ["sqs:SendMessage"], Effect = "Allow", Resource = "arn:aws:sqs:eu-south-1:111122223333:sportello-jobs-notice-deliver-dead" },
    ]
    error_message = "A stream consumer's role: ${aws_iam_role_policy.function["jobs.notice.deliver"].policy}"
  }

  # The sender may be of a subdomain of what SES has verified.
  assert {
    condition = jsondecode(aws_iam_role_policy.function["jobs.notice.redrive"].policy).Statement[5] == {
      Action    = ["ses:SendEmail"]
      Effect    = "Allow"
      Resource  = ["arn:aws:ses:eu-south-1:111122223333:identity/example.it", "arn:aws:ses:eu-south-1:111122223333:configuration-set/sportello-notices"]
      Condition = { StringEquals = { "ses:FromAddress" = "noreply@notify.example.it" } }
    }
    error_message = "A sender's role: ${aws_iam_role_policy.function["jobs.notice.redrive"].policy}"
  }

  # A queue's job without grants: its queue, its log, the ring; no table, no key of tables.
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.function["jobs.mail.feedback"].policy).Statement : statement.Action] == [["ssm:GetParameter"], ["kms:Decrypt"], ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], ["logs:CreateLogStream", "logs:PutLogEvents"]]
    error_message = "A queue consumer's role: ${aws_iam_role_policy.function["jobs.mail.feedback"].policy}"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.function["jobs.password.warn"].policy).Statement[1] == { Action = ["dynamodb:Query"], Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["password-warning#*"] } }, Effect = "Allow", Resource = "arn:aws:dynamodb:eu-south-1:111122223333:table/sportello-identities/index/due" }
    error_message = "A query of what is due is one of the index, by the index's keys: ${aws_iam_role_policy.function["jobs.password.warn"].policy}"
  }

  assert {
    condition = { for level, it in aws_iam_policy.callers : level => jsondecode(it.policy).Statement[0].Resource } == {
      internal = ["arn:aws:execute-api:eu-south-1:111122223333:api0000001/$default/PUT/v1/inner/accesses/*"]
      operator = ["arn:aws:execute-api:eu-south-1:111122223333:api0000001/$default/GET/v1/desk/offices/*/forms/*"]
    }
    error_message = "Who calls signed routes may call those of one level."
  }
}

run "routes" {
  command = plan

  assert {
    condition     = { for id, it in aws_apigatewayv2_route.operation : id => it.authorization_type } == { "customer.session.open" = "NONE", "desk.form.read" = "AWS_IAM", "inner.access.record" = "AWS_IAM", "selfcare.access.statistics" = "NONE", "selfcare.session.list" = "NONE" }
    error_message = "Routes of operators and inner services are for signed requests."
  }

  assert {
    condition     = aws_lambda_permission.operation["desk.form.read"].source_arn == "arn:aws:execute-api:eu-south-1:111122223333:api0000001/*/GET/v1/desk/offices/{officeId}/forms/{formId}"
    error_message = "A permission's source is the route as it is declared."
  }

  assert {
    condition     = !aws_apigatewayv2_api.this.disable_execute_api_endpoint && length(aws_apigatewayv2_domain_name.this) == 0 && length(aws_cloudfront_distribution.this) == 0
    error_message = "Without names of its own the API has the gateway's, and no edge."
  }

  assert {
    condition     = aws_sqs_queue.consumed["mail-feedback"].visibility_timeout_seconds == 180 && aws_lambda_event_source_mapping.queue["jobs.mail.feedback"].batch_size == 7
    error_message = "A queue's numbers come from its job."
  }
}

run "each_to_its_own" {
  command = plan

  assert {
    condition = (
      aws_apigatewayv2_integration.fallback.integration_uri == "invoke-fallback" && aws_apigatewayv2_route.fallback.target == "integrations/fallback" &&
      aws_apigatewayv2_integration.operation["desk.form.read"].integration_uri == "invoke-form" && aws_apigatewayv2_route.operation["desk.form.read"].target == "integrations/form" &&
      length([for it in aws_apigatewayv2_route.operation : it if it.target == "integrations/form"]) == 1 && length([for it in aws_lambda_function.this : it if it.role == "arn:aws:iam::111122223333:role/form"]) == 1 &&
      aws_lambda_function.this["desk.form.read"].role == "arn:aws:iam::111122223333:role/form"
    )
    error_message = "A route that leads to another's function, or a function with another's role."
  }

  assert {
    condition = (
      one(aws_scheduler_schedule.hourly["jobs.notice.redrive"].target).arn == "arn:aws:lambda:eu-south-1:111122223333:function:redrive" &&
      one(aws_scheduler_schedule.hourly["jobs.notice.redrive"].target).role_arn == "arn:aws:iam::111122223333:role/redrive-schedule" &&
      one(one(aws_scheduler_schedule.hourly["jobs.notice.redrive"].target).dead_letter_config).arn == "arn:aws:sqs:eu-south-1:111122223333:redrive-dead" &&
      one(one(aws_lambda_function_event_invoke_config.hourly["jobs.notice.redrive"].destination_config).on_failure).destination == "arn:aws:sqs:eu-south-1:111122223333:redrive-dead" &&
      aws_lambda_event_source_mapping.stream["jobs.notice.deliver"].function_name == "arn:aws:lambda:eu-south-1:111122223333:function:deliver" &&
      one(one(aws_lambda_event_source_mapping.stream["jobs.notice.deliver"].destination_config).on_failure).destination_arn == "arn:aws:sqs:eu-south-1:111122223333:deliver-dead"
    )
    error_message = "A job that another's trigger starts, or whose failures go to another's dead letters."
  }
}

run "kept" {
  command = plan

  assert {
    condition = { for name, it in aws_dynamodb_table.this : name => join(" ", concat(
      [it.name, it.hash_key, it.range_key == null ? "-" : it.range_key, it.stream_enabled ? it.stream_view_type : "-"],
      [for index in it.global_secondary_index : "${index.name} ${index.hash_key} ${index.range_key} ${index.projection_type}"],
      )) } == {
      identities = "sportello-identities pk sk - due due_kind due_at KEYS_ONLY"
      outbox     = "sportello-outbox pk - KEYS_ONLY due due_kind due_at KEYS_ONLY"
      requests   = "sportello-requests pk - -"
      accesses   = "sportello-accesses pk sk -"
    }
    error_message = "The tables are not as shared/store/src/schema.rs makes them."
  }

  assert {
    condition     = alltrue([for it in aws_dynamodb_table.this : toset([for attribute in it.attribute : "${attribute.name} ${attribute.type}"]) == toset(concat(["pk S"], it.range_key == null ? [] : ["sk S"], length(it.global_secondary_index) == 0 ? [] : ["due_at N", "due_kind S"]))])
    error_message = "An attribute that no key uses, or of another type."
  }

  assert {
    condition = alltrue([for it in aws_dynamodb_table.this :
      it.deletion_protection_enabled && one(it.point_in_time_recovery).enabled && it.billing_mode == "PAY_PER_REQUEST" &&
      one(it.server_side_encryption).kms_key_arn == aws_kms_key.data.arn && one(it.ttl).attribute_name == "ttl" && one(it.ttl).enabled
    ])
    error_message = "By default a table is protected, can be restored, is under our key and tidied."
  }

  assert {
    condition = (
      aws_ssm_parameter.keys.type == "SecureString" && aws_ssm_parameter.keys.key_id == aws_kms_key.secrets.arn && aws_ssm_parameter.keys.value_wo_version == 1 &&
      can(regex(aws_ssm_parameter.keys.allowed_pattern, "{\n  \"current\": 1\n}\n")) && !can(regex(aws_ssm_parameter.keys.allowed_pattern, "no key ring: give TF_VAR_key_ring"))
    )
    error_message = "The key ring: sealed under its own key, and only what looks like one is taken."
  }

  assert {
    condition     = aws_kms_key.data.enable_key_rotation && aws_kms_key.secrets.enable_key_rotation && jsondecode(aws_kms_key.secrets.policy).Statement[1].Effect == "Deny" && jsondecode(aws_kms_key.secrets.policy).Statement[1].Condition == { StringNotEquals = { "kms:ViaService" = "ssm.eu-south-1.amazonaws.com" } }
    error_message = "The keys turn, and the ring's opens nothing but by SSM."
  }

  assert {
    condition = alltrue([for name in ["access-logs", "artifacts", "documents"] :
      !aws_s3_bucket.this[name].force_destroy && aws_s3_bucket_public_access_block.this[name].block_public_policy && aws_s3_bucket_public_access_block.this[name].restrict_public_buckets &&
      one(aws_s3_bucket_versioning.this[name].versioning_configuration).status == "Enabled"
    ])
    error_message = "A bucket that is public, forgets, or is emptied by a slip."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this["documents"].rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.data.arn && one(aws_s3_bucket_server_side_encryption_configuration.this["documents"].rule).bucket_key_enabled
    error_message = "Documents are under our key, with a bucket key."
  }

  assert {
    condition     = one(aws_sesv2_configuration_set.notices.delivery_options).tls_policy == "REQUIRE" && one(aws_sesv2_configuration_set_event_destination.feedback.event_destination).matching_event_types == toset(["BOUNCE", "COMPLAINT", "REJECT"]) && length(aws_sesv2_configuration_set.notices.tracking_options) == 0
    error_message = "Mails travel by TLS, what comes back is told, opens and clicks are not watched."
  }

  assert {
    condition     = keys(aws_cloudwatch_log_metric_filter.broken_history) == ["selfcare.access.statistics"] && aws_cloudwatch_log_metric_filter.broken_history["selfcare.access.statistics"].log_group_name == "/aws/lambda/sportello-selfcare-access-statistics"
    error_message = "Who looks at whole access histories tells of broken ones."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_policy.feedback["mail-feedback"].policy).Statement == [{ Action = "sqs:SendMessage", Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:eu-south-1:111122223333:sportello-mail-feedback" } }, Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }, Resource = "arn:aws:sqs:eu-south-1:111122223333:sportello-mail-feedback" }] && aws_sns_topic_subscription.feedback["mail-feedback"].raw_message_delivery
    error_message = "Feedback comes from its topic, as SES wrote it."
  }
}

run "taken_away" {
  command = plan

  variables {
    deletion_protection    = false
    point_in_time_recovery = false
    table_prefix           = "sportello-r1-"
  }

  assert {
    condition     = alltrue([for it in aws_dynamodb_table.this : !it.deletion_protection_enabled && !one(it.point_in_time_recovery).enabled && startswith(it.name, "sportello-r1-")]) && alltrue([for it in aws_s3_bucket.this : it.force_destroy])
    error_message = "Without protection, and under another prefix, tables and buckets go."
  }

  assert {
    condition     = one(aws_lambda_function.this["selfcare.session.list"].environment).variables["SPORTELLO_TABLE_PREFIX"] == "sportello-r1-" && strcontains(aws_iam_role_policy.function["selfcare.session.list"].policy, "table/sportello-r1-identities\"")
    error_message = "Restored tables are used by functions and named in roles."
  }
}
