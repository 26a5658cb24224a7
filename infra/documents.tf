# Documents: what holders upload and what is made for them. No operation has a grant on it yet; the bucket is here so that
# its rules (buckets.tf) are decided before the first document: our key with a bucket key, versions, no public access,
# TLS only, access log, unfinished uploads removed after a day, replaced and deleted versions after 90.

# What a browser uploads, it uploads to the bucket by a signed address.
resource "aws_s3_bucket_cors_configuration" "documents" {
  count  = length(var.cors_origins) > 0 ? 1 : 0
  bucket = aws_s3_bucket.this["documents"].id

  cors_rule {
    allowed_origins = var.cors_origins
    allowed_methods = ["GET", "PUT"]
    allowed_headers = ["content-type"]
    max_age_seconds = 600
  }
}
