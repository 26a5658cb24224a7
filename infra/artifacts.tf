# The zips that infra/deploy has built. They go by S3 because Lambda takes them from there side by side; sent with the
# function they would be uploaded one after the other.

locals {
  artifacts = coalesce(var.artifacts, "${path.module}/../target/lambda")

  # Of the binary inside: the zips of one and the same binary differ by the time that stands in them.
  bootstrap_hashes = {
    for id, function in local.functions : id => try(trimspace(file("${local.artifacts}/${function.binary}/bootstrap.sha256")), "")
  }
}

resource "aws_s3_object" "function" {
  for_each = local.functions
  bucket   = aws_s3_bucket.this["artifacts"].id
  key      = "${each.value.binary}/${local.bootstrap_hashes[each.key]}.zip"
  source   = "${local.artifacts}/${each.value.binary}/bootstrap.zip"

  lifecycle {
    # The new one is there before the function is told of it, and the old one until then.
    create_before_destroy = true

    precondition {
      condition     = can(regex("^[0-9a-f]{64}$", local.bootstrap_hashes[each.key]))
      error_message = "No ${local.artifacts}/${each.value.binary}/bootstrap.sha256 with a hash in it: infra/deploy builds the functions and writes it."
    }
  }

  depends_on = [
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}
