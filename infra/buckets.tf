# What every bucket has in common; what a bucket is for stands in the file of its subject.

locals {
  # `encrypted`: under our key. Not the truststore, which API Gateway reads and anybody may see, and not the access
  # logs, which S3 delivers to SSE-S3 only.
  buckets = merge(
    {
      access-logs = { encrypted = false, old_versions_days = 30, expire_days = 400 }
      artifacts   = { encrypted = true, old_versions_days = 90, expire_days = null }
      documents   = { encrypted = true, old_versions_days = 90, expire_days = null }
    },
    { for name in var.card_domain_name == null ? [] : ["truststore"] : name => { encrypted = false, old_versions_days = 90, expire_days = null } },
  )

  # Plain HTTP is refused. A local AWS, which has no TLS, replaces this by an empty list.
  tls_only = [{
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }]
}

resource "aws_s3_bucket" "this" {
  for_each      = local.buckets
  bucket        = "${var.name}-${each.key}-${local.account}-${local.region}"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = local.buckets
  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id

  rule {
    # One call of KMS for many objects instead of one for each.
    bucket_key_enabled = each.value.encrypted

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.value.encrypted ? "aws:kms" : "AES256"
      kms_master_key_id = each.value.encrypted ? aws_kms_key.data.arn : null
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id

  rule {
    id     = "tidy"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    noncurrent_version_expiration {
      noncurrent_days = each.value.old_versions_days
    }

    dynamic "expiration" {
      for_each = each.value.expire_days[*]
      content {
        days = expiration.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

# Who read or wrote what. S3's own logs, not CloudTrail's data events: they cost only their storage, and the account's
# trail is not this product's affair. The bucket of the logs does not log itself.
resource "aws_s3_bucket_logging" "this" {
  for_each      = { for name, bucket in local.buckets : name => bucket if name != "access-logs" }
  bucket        = aws_s3_bucket.this[each.key].id
  target_bucket = aws_s3_bucket.this["access-logs"].id
  target_prefix = "${each.key}/"

  depends_on = [aws_s3_bucket_policy.this]
}

locals {
  log_delivery = [{
    Sid       = "LogDelivery"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
  }]

  bucket_statements = {
    for name in keys(local.buckets) : name => [
      for statement in concat(local.tls_only, [for it in local.log_delivery : it if name == "access-logs"]) : merge(statement, {
        Resource = concat(
          statement.Effect == "Deny" ? [aws_s3_bucket.this[name].arn] : [],
          ["${aws_s3_bucket.this[name].arn}/*"],
        )
      })
    ]
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = { for name, statements in local.bucket_statements : name => statements if length(statements) > 0 }
  bucket   = aws_s3_bucket.this[each.key].id
  policy   = jsonencode({ Version = "2012-10-17", Statement = each.value })

  # S3 refuses two changes of a bucket's access at once.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
