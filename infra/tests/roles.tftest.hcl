# What each role may do, of every table; see every.tftest.hcl for how to give another.

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
  domain_name       = "api.example.it"
  certificate_arn   = "arn:aws:acm:eu-south-1:111122223333:certificate/1"
  card_domain_name  = "carta.example.it"
  card_truststore   = "tests/table.json"
}

run "artifacts" {
  module {
    source = "./tests/artifacts"
  }
}

run "functions" {
  command = plan

  assert {
    condition     = keys(aws_iam_role.function) == keys(local.functions) && keys(aws_iam_role_policy.function) == keys(local.functions) && length(distinct([for it in aws_iam_role.function : it.name])) == length(local.functions)
    error_message = "Not one role for each function."
  }

  assert {
    condition     = alltrue([for it in aws_iam_role.function : jsondecode(it.assume_role_policy).Statement == [{ Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" } }]])
    error_message = "A function's role that others than Lambda may take."
  }

  # From the policies back to grants, and those are the declared ones: no table, action or key more or less.
  assert {
    condition = alltrue([for id, it in aws_iam_role_policy.function :
      toset(flatten([for statement in jsondecode(it.policy).Statement : [for action in statement.Action :
        "${statement.Resource} ${action} ${join(",", try(statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], []))}"
      ] if startswith(statement.Action[0], "dynamodb:") && !strcontains(jsonencode(statement.Resource), "/stream/")]))
      ==
      toset([for grant in local.functions[id].grants :
        "arn:aws:dynamodb:eu-south-1:111122223333:table/sportello-${grant.table}${grant.action == "QueryDue" ? "/index/due" : ""} dynamodb:${grant.action == "QueryDue" ? "Query" : grant.action} ${join(",", grant.keys)}"
      ])
    ])
    error_message = "A role differs from the declared grants: ${join(", ", [for id, it in aws_iam_role_policy.function : id if toset(flatten([for statement in jsondecode(it.policy).Statement : [for action in statement.Action : "${statement.Resource} ${action} ${join(",", try(statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], []))}"] if startswith(statement.Action[0], "dynamodb:") && !strcontains(jsonencode(statement.Resource), "/stream/")])) != toset([for grant in local.functions[id].grants : "arn:aws:dynamodb:eu-south-1:111122223333:table/sportello-${grant.table}${grant.action == "QueryDue" ? "/index/due" : ""} dynamodb:${grant.action == "QueryDue" ? "Query" : grant.action} ${join(",", grant.keys)}"])])}"
  }

  # A closed list: above all no Scan, no PartiQL and no batches, which LeadingKeys would not hold back.
  assert {
    condition = length(setsubtract(flatten([for it in aws_iam_role_policy.function : [for statement in jsondecode(it.policy).Statement : statement.Action]]), [
      "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
      "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "ses:SendEmail", "sns:Publish",
      "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage", "ssm:GetParameter",
    ])) == 0
    error_message = "An action that no function needs."
  }

  # The `*` of a function's role: the streams of its own log group, which Lambda names as it goes; and telephone numbers, which have no ARN.
  assert {
    condition = alltrue(flatten([for id, it in aws_iam_role_policy.function : [for statement in jsondecode(it.policy).Statement : [for resource in flatten([statement.Resource]) :
      !strcontains(resource, "*") || resource == "arn:aws:logs:eu-south-1:111122223333:log-group:/aws/lambda/sportello-${local.functions[id].binary}:*" || statement.Action == ["sns:Publish"]
    ]]]))
    error_message = "A stray `*` in a function's role."
  }

  assert {
    condition = alltrue(flatten([for id, it in aws_iam_role_policy.function : [for statement in jsondecode(it.policy).Statement :
      statement.Resource == "arn:aws:logs:eu-south-1:111122223333:log-group:/aws/lambda/sportello-${local.functions[id].binary}:*" if startswith(statement.Action[0], "logs:")
    ]]))
    error_message = "A function that writes into another's log."
  }

  # The key of the ring: for the ring's parameter, through SSM. The key of the tables: for its own tables, through DynamoDB.
  assert {
    condition = alltrue(flatten([for id, it in aws_iam_role_policy.function : [for statement in jsondecode(it.policy).Statement : (
      statement.Resource == "arn:aws:kms:eu-south-1:111122223333:key/5ec2"
      ? statement.Action == ["kms:Decrypt"] && try(statement.Condition.StringEquals, {}) == { "kms:ViaService" = "ssm.eu-south-1.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws:ssm:eu-south-1:111122223333:parameter/sportello/keys" }
      : try(statement.Condition.StringEquals["kms:ViaService"], "") == "dynamodb.eu-south-1.amazonaws.com" && toset(try(statement.Condition.StringEquals["kms:EncryptionContext:aws:dynamodb:tableName"], [])) == toset([for name in distinct(concat([for grant in local.functions[id].grants : grant.table], try([local.streamed[id].trigger.table], []))) : "sportello-${name}"])
    ) if startswith(statement.Action[0], "kms:")]]))
    error_message = "A key may be used for more than it is there for."
  }

  assert {
    condition     = alltrue([for id, it in aws_iam_role_policy.function : length([for statement in jsondecode(it.policy).Statement : statement if statement.Action[0] == "ssm:GetParameter" && statement.Resource == "arn:aws:ssm:eu-south-1:111122223333:parameter/sportello/keys"]) == (id == "gateway.fallback" ? 0 : 1)])
    error_message = "Every function but the fallback reads the key ring, and no other parameter."
  }

  assert {
    condition = alltrue([for id, it in aws_iam_role_policy.function :
      [for statement in jsondecode(it.policy).Statement : [statement.Resource, statement.Condition] if statement.Action[0] == "ses:SendEmail"]
      == [for statement in [[
        ["arn:aws:ses:eu-south-1:111122223333:identity/example.it", "arn:aws:ses:eu-south-1:111122223333:configuration-set/sportello-notices"],
        { StringEquals = { "ses:FromAddress" = "noreply@example.it" } },
      ]] : statement if try(local.jobs[id].sendsMail, false)]
    ])
    error_message = "Who sends mail: the declared jobs, as our one sender, by our configuration set. Nobody else."
  }

  assert {
    condition = alltrue([for id, it in aws_iam_role_policy.function :
      [for statement in jsondecode(it.policy).Statement : [statement.Effect, statement.Resource] if statement.Action[0] == "sns:Publish"]
      == [for statement in [["Allow", "*"], ["Deny", "arn:aws:sns:*:*:*"]] : statement if try(local.jobs[id].sendsMail, false)]
    ])
    error_message = "Who sends text messages: the declared jobs, and to telephone numbers only."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.function["gateway.fallback"].policy).Statement : statement.Action] == [["logs:CreateLogStream", "logs:PutLogEvents"]]
    error_message = "The fallback may write its log and nothing else."
  }

  assert {
    condition     = alltrue([for it in aws_iam_role_policy.function : length(it.policy) < 10240])
    error_message = "Over IAM's 10,240 characters for a role's own policies."
  }
}

# Who else has a `*`, each with its reason. A new one fails here until it stands in this list.
run "stars" {
  command = plan

  # Callers: the parameters of a route's path, which are not known before the call.
  assert {
    condition     = alltrue(flatten([for level, it in aws_iam_policy.callers : [for resource in jsondecode(it.policy).Statement[0].Resource : !strcontains(replace(resource, "//\\*(/|$)/", "/$1"), "*")]]))
    error_message = "A caller's policy has more than the parameters of its routes open."
  }

  assert {
    condition     = alltrue([for it in concat(values(aws_iam_role_policy.schedule), [aws_sns_topic_policy.feedback, aws_sns_topic_policy.alarms], values(aws_sqs_queue_policy.feedback)) : !strcontains(replace(it.policy, ":alarm:sportello-*\"", ""), "*")])
    error_message = "A stray `*` in a schedule's role or in the policy of a topic or queue. (The topic of alarms takes our alarms, by the beginning of their names.)"
  }

  # Keys: as resource it means the key itself. `kms:*` is the account's, or nobody could change the policy again.
  # Log groups by the beginning of their names: those to come are made before the policy could name them.
  assert {
    condition = alltrue(flatten([for it in [aws_kms_key.data, aws_kms_key.secrets] : [for statement in jsondecode(it.policy).Statement :
      statement.Effect == "Deny" || (
        (statement.Action == "kms:*" ? statement.Principal == { AWS = "arn:aws:iam::111122223333:root" } : !strcontains(jsonencode(statement.Action), "*") && try(statement.Condition, null) != null) &&
        !strcontains(jsonencode(statement.Principal), "*")
      )
    ]]))
    error_message = "A key is open to more than the account and named services for named things."
  }

  # Buckets: everybody is refused without TLS; who is allowed is named.
  assert {
    condition = alltrue(flatten([for name, it in aws_s3_bucket_policy.this : [for statement in jsondecode(it.policy).Statement :
      statement.Effect == "Deny" ? statement.Condition == { Bool = { "aws:SecureTransport" = "false" } } : name == "access-logs" && statement.Principal == { Service = "logging.s3.amazonaws.com" } && statement.Action == "s3:PutObject"
    ]]))
    error_message = "A bucket is open to somebody."
  }

  assert {
    condition     = alltrue([for name in keys(local.buckets) : length([for statement in jsondecode(aws_s3_bucket_policy.this[name].policy).Statement : statement if try(statement.Sid, "") == "TlsOnly" && statement.Effect == "Deny" && statement.Action == "s3:*" && length(statement.Resource) == 2]) == 1])
    error_message = "A bucket that answers without TLS."
  }
}
