# CloudFront and WAF in front of the API; WAF cannot be set before an HTTP API itself. Off unless `edge` says so, because
# it changes whom the functions take for the caller: see the variable and the README.

data "aws_cloudfront_cache_policy" "none" {
  count = var.edge ? 1 : 0
  name  = "Managed-CachingDisabled"
}

# Everything of the request but `Host`, which must be the origin's.
data "aws_cloudfront_origin_request_policy" "all" {
  count = var.edge ? 1 : 0
  name  = "Managed-AllViewerExceptHostHeader"
}

data "aws_cloudfront_response_headers_policy" "security" {
  count = var.edge ? 1 : 0
  name  = "Managed-SecurityHeadersPolicy"
}

resource "aws_cloudfront_distribution" "this" {
  count           = var.edge ? 1 : 0
  comment         = "${var.name}: the API"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = "PriceClass_100"
  aliases         = [var.edge_domain_name]
  web_acl_id      = aws_wafv2_web_acl.edge[0].arn

  origin {
    origin_id   = "api"
    domain_name = replace(local.api_url, "https://", "")

    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_read_timeout      = 30
      origin_keepalive_timeout = 60
    }
  }

  # Answers are about people who are signed in: none is kept.
  default_cache_behavior {
    target_origin_id           = "api"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.none[0].id
    origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.all[0].id
    response_headers_policy_id = data.aws_cloudfront_response_headers_policy.security[0].id
  }

  restrictions {
    # Identities are used from anywhere.
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.edge_certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  # No access log here: CloudFront's has the path, and the paths of links carry their secret. The API's log has the route.
}

locals {
  # In the order in which they are asked. Addresses that ask too often go first, they are the cheapest to refuse.
  waf_rates = var.edge ? [
    { name = "any", limit = 2000, method = null },
    # What tries passwords and codes is POST; a household or an office behind one address stays well under it.
    { name = "post", limit = 300, method = "POST" },
  ] : []

  waf_managed = var.edge ? ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"] : []
}

resource "aws_wafv2_web_acl" "edge" {
  count    = var.edge ? 1 : 0
  provider = aws.edge
  name     = "${var.name}-edge"
  scope    = "CLOUDFRONT"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = local.waf_rates
    content {
      name     = "rate-${rule.value.name}"
      priority = rule.key

      action {
        block {
          custom_response {
            response_code = 429
          }
        }
      }

      statement {
        rate_based_statement {
          limit                 = rule.value.limit
          evaluation_window_sec = 300
          aggregate_key_type    = "IP"

          dynamic "scope_down_statement" {
            for_each = rule.value.method[*]
            content {
              byte_match_statement {
                search_string         = scope_down_statement.value
                positional_constraint = "EXACTLY"

                field_to_match {
                  method {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }
      }

      visibility_config {
        metric_name                = "${var.name}-rate-${rule.value.name}"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = false
      }
    }
  }

  dynamic "rule" {
    for_each = local.waf_managed
    content {
      name     = rule.value
      priority = 10 + rule.key

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value
        }
      }

      visibility_config {
        metric_name                = "${var.name}-${rule.value}"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    metric_name                = "${var.name}-edge"
    cloudwatch_metrics_enabled = true
    # Samples would show paths with their secrets in the console.
    sampled_requests_enabled = false
  }
}

# WAF wants the name to begin so. CloudWatch's own encryption: our key is of another region.
resource "aws_cloudwatch_log_group" "waf" {
  count             = var.edge ? 1 : 0
  provider          = aws.edge
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_wafv2_web_acl_logging_configuration" "edge" {
  count                   = var.edge ? 1 : 0
  provider                = aws.edge
  resource_arn            = aws_wafv2_web_acl.edge[0].arn
  log_destination_configs = [aws_cloudwatch_log_group.waf[0].arn]

  redacted_fields {
    uri_path {}
  }

  redacted_fields {
    query_string {}
  }

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  # Of what passes, the API's own log tells.
  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }
}
