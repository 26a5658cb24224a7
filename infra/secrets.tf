# Two keys: `data` for what is kept and logged, `secrets` for the key ring alone, which opens what is sealed in `data`'s tables.
# Who may administer the data must not thereby read it.

locals {
  # The account's IAM decides about a key. Without this statement nobody could ever change its policy again, and the
  # functions' roles could be granted nothing. In a key's policy `*` as resource means the key itself.
  key_of_account = {
    Sid       = "AccountByIam"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }
}

resource "aws_kms_key" "data" {
  description             = "${var.name}: tables, buckets, logs, topics"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.key_of_account,
      {
        Sid       = "OurLogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        # By the name's beginning: the groups of functions to come are made before this policy could name them.
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = [
          "${local.arn.logs}:log-group:/aws/lambda/${var.name}-*",
          "${local.arn.logs}:log-group:${local.api_log_group}",
        ] } }
      },
      {
        # Who publishes to an encrypted topic needs its key: SES feedback, CloudWatch alarms.
        Sid       = "PublishersOfOurTopics"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "ses.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_kms_key" "secrets" {
  description             = "${var.name}: the key ring"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.key_of_account,
      {
        # Not even an administrator opens or seals anything with it but by reading or writing a parameter, which is logged as such.
        Sid       = "ThroughParametersOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = { StringNotEquals = { "kms:ViaService" = "ssm.${local.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  for_each      = { data = aws_kms_key.data.key_id, secrets = aws_kms_key.secrets.key_id }
  name          = "alias/${var.name}-${each.key}"
  target_key_id = each.value
}

# The key ring. Write-only: it is in no plan and no state; Terraform writes it when key_ring_version changes.
# Written without a ring (first deployment, or a raised version), SSM refuses by the pattern; infra/deploy asks before.
resource "aws_ssm_parameter" "keys" {
  name             = local.key_parameter
  description      = "Key ring of ${var.name}, version ${var.key_ring_version}"
  type             = "SecureString"
  tier             = "Standard"
  key_id           = aws_kms_key.secrets.arn
  value_wo         = var.key_ring == null ? "no key ring: give TF_VAR_key_ring" : var.key_ring
  value_wo_version = var.key_ring_version
  allowed_pattern  = "^\\s*\\{[\\s\\S]*\\}\\s*$"
}
