# One role for each function, with exactly what its declaration says it needs.
# Nothing here has `*` but where AWS has no finer form; each such place says so, and infra/tests/roles.tftest.hcl counts them.

locals {
  # Grants by table (or its index) and keys: each becomes one statement with its actions.
  grants = {
    for id, function in local.functions : id => {
      for grant in function.grants : "${grant.table} ${grant.action == "QueryDue" ? "due" : ""} ${join(" ", grant.keys)}" => grant...
    }
  }

  # dynamodb:LeadingKeys holds a function to its kinds of items. ForAllValues is also true of a request that has no key at
  # all; none of these actions can be called without one, and those that can (Scan, PartiQL) are granted to nobody.
  table_statements = {
    for id, groups in local.grants : id => [
      for group in groups : merge(
        {
          Effect   = "Allow"
          Action   = sort(distinct([for grant in group : grant.action == "QueryDue" ? "dynamodb:Query" : "dynamodb:${grant.action}"]))
          Resource = "${local.table_arns[group[0].table]}${group[0].action == "QueryDue" ? "/index/due" : ""}"
        },
        { for name, value in { Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = group[0].keys } } } : name => value if length(group[0].keys) > 0 },
      )
    ]
  }

  # DynamoDB opens a table with its caller's permission for the table's key: for these tables, and through DynamoDB only.
  touched = { for id, function in local.functions : id => distinct([for grant in function.grants : grant.table]) }
  writes  = { for id, function in local.functions : id => anytrue([for grant in function.grants : !contains(["GetItem", "Query", "QueryDue"], grant.action)]) }

  table_key_statements = {
    for id, names in local.touched : id => [for actions in [local.writes[id] ? ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"]] : {
      Effect   = "Allow"
      Action   = actions
      Resource = aws_kms_key.data.arn
      Condition = { StringEquals = {
        "kms:ViaService"                               = "dynamodb.${local.region}.amazonaws.com"
        "kms:EncryptionContext:aws:dynamodb:tableName" = sort([for name in setunion(names, try([local.streamed[id].trigger.table], [])) : local.table_names[name]])
      } }
    } if length(names) > 0 || contains(keys(local.streamed), id)]
  }

  # The function's own group, which Terraform makes. Lambda names the streams in it as it goes: `:*` is all of them.
  log_statements = {
    for id in keys(local.functions) : id => [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.arn.logs}:log-group:${local.log_groups[id]}:*"
    }]
  }

  # The key ring: one parameter, and its key only for that parameter and only through SSM.
  secret_statements = {
    for id, function in local.functions : id => [for statement in [
      {
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = local.key_parameter_arn
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = aws_kms_key.secrets.arn
        Condition = { StringEquals = {
          "kms:ViaService"                      = "ssm.${local.region}.amazonaws.com"
          "kms:EncryptionContext:PARAMETER_ARN" = local.key_parameter_arn
        } }
      },
    ] : statement if function.secrets]
  }

  mail_statements = {
    for id, function in local.functions : id => [for statement in [{
      Effect    = "Allow"
      Action    = ["ses:SendEmail"]
      Resource  = local.mail_arns
      Condition = { StringEquals = { "ses:FromAddress" = local.mail_address } }
    }] : statement if function.sends_mail]
  }

  # Text messages. A telephone number has no ARN, so that `*` is the only way to allow it; topics, which have one, are denied.
  text_statements = {
    for id, function in local.functions : id => [for statement in [
      { Effect = "Allow", Action = ["sns:Publish"], Resource = "*" },
      { Effect = "Deny", Action = ["sns:Publish"], Resource = "arn:${local.partition}:sns:*:*:*" },
    ] : statement if function.sends_mail]
  }

  # Lambda reads streams and queues, and puts aside what failed, in the name of the function's role.
  trigger_statements = {
    for id in keys(local.functions) : id => concat(
      [for job in [for key, job in local.streamed : job if key == id] : {
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
        Resource = aws_dynamodb_table.this[job.trigger.table].stream_arn
      }],
      [for job in [for key, job in local.queued : job if key == id] : {
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = local.queue_arns[job.trigger.queue]
      }],
      # Of a queue, SQS itself moves what failed.
      [for key in [for key in concat(keys(local.streamed), keys(local.hourly)) : key if key == id] : {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = local.dead_letter_arns[key]
      }],
    )
  }
}

resource "aws_iam_role" "function" {
  for_each    = local.functions
  name        = local.function_names[each.key]
  description = "What ${each.key} may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions
  name     = "grants"
  role     = aws_iam_role.function[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.table_statements[each.key],
      local.table_key_statements[each.key],
      local.secret_statements[each.key],
      local.mail_statements[each.key],
      local.text_statements[each.key],
      local.trigger_statements[each.key],
      local.log_statements[each.key],
    )
  })
}

# For those who call: one policy for each level that IAM authorises, to be attached to the desk's and the inner services'
# roles. Of a route with parameters the called path is not known before: `*` stands for each parameter.
resource "aws_iam_policy" "callers" {
  for_each    = toset([for level in local.signed_levels : level if anytrue([for it in local.operations : it.level == level])])
  name        = "${var.name}-call-${each.key}"
  description = "Call the API's routes of level ${each.key}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = "execute-api:Invoke"
      Resource = sort([
        for it in local.operations : "${aws_apigatewayv2_api.this.execution_arn}/$default/${it.method}${replace(it.path, "/\\{[^}]+\\}/", "*")}" if it.level == each.key
      ])
    }]
  })
}
