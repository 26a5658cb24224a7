# The HTTP API: one route, one integration and one permission for each operation. Never beside an OpenAPI body, which
# would take over the routes. openapi.json is the contract; what is deployed comes from the same declarations.

locals {
  # With a name of its own the gateway's name is off: it asks nobody for a certificate and would lead past mutual TLS.
  own_domain = var.domain_name != null

  domains = merge(
    { for name in var.domain_name[*] : "main" => { name = name, certificate = var.certificate_arn, card = false } },
    { for name in var.card_domain_name[*] : "card" => { name = name, certificate = coalesce(var.card_certificate_arn, var.certificate_arn), card = true } },
  )

  api_url = local.own_domain ? "https://${var.domain_name}" : aws_apigatewayv2_api.this.api_endpoint
}

resource "aws_apigatewayv2_api" "this" {
  name                         = var.name
  description                  = "Sportello: openapi.json is its document"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = local.own_domain

  # The gateway answers preflights itself; no function runs for them. No cookies: sessions are bearer tokens.
  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []
    content {
      allow_origins = cors_configuration.value
      allow_methods = sort(distinct([for it in local.operations : it.method if !contains(local.signed_levels, it.level)]))
      allow_headers = ["accept-language", "authorization", "content-type", "idempotency-key"]
      max_age       = 600
    }
  }
}

resource "aws_apigatewayv2_integration" "operation" {
  for_each               = local.operations
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.this[each.key].invoke_arn
  payload_format_version = "2.0"
  # The function gives up first, so that its end is in its log; the gateway waits 30 s at most.
  timeout_milliseconds = min(30, each.value.timeoutSeconds + 1) * 1000
}

resource "aws_apigatewayv2_route" "operation" {
  for_each           = local.operations
  api_id             = aws_apigatewayv2_api.this.id
  route_key          = "${each.value.method} ${each.value.path}"
  operation_name     = each.key
  target             = "integrations/${aws_apigatewayv2_integration.operation[each.key].id}"
  authorization_type = contains(local.signed_levels, each.value.level) ? "AWS_IAM" : "NONE"
}

# The `*` is the stage, of which there is one.
resource "aws_lambda_permission" "operation" {
  for_each      = local.operations
  statement_id  = "route"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/${each.value.method}${each.value.path}"
}

# Whatever no route takes: our 404 and 405 instead of the gateway's.
resource "aws_apigatewayv2_integration" "fallback" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.this[local.table.fallback.id].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = min(30, local.table.fallback.timeoutSeconds + 1) * 1000
}

resource "aws_apigatewayv2_route" "fallback" {
  api_id             = aws_apigatewayv2_api.this.id
  route_key          = "$default"
  operation_name     = local.table.fallback.id
  target             = "integrations/${aws_apigatewayv2_integration.fallback.id}"
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "fallback" {
  statement_id  = "route"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[local.table.fallback.id].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/$default"
}

resource "aws_cloudwatch_log_group" "api" {
  name              = local.api_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  # The fallback's limit, and that of any route without its own. A metric of each route would cost as much as the
  # functions' own metrics, which say the same.
  default_route_settings {
    throttling_rate_limit    = 50
    throttling_burst_limit   = 100
    detailed_metrics_enabled = false
  }

  dynamic "route_settings" {
    for_each = local.operations
    content {
      route_key                = aws_apigatewayv2_route.operation[route_settings.key].route_key
      throttling_rate_limit    = route_settings.value.limit.perSecond
      throttling_burst_limit   = route_settings.value.limit.burst
      detailed_metrics_enabled = false
    }
  }

  # The route's key, never the path or the query: the paths of links carry their secret. No address of the caller:
  # what the product needs of it, it keeps itself and removes in time.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      requestId          = "$context.requestId"
      time               = "$context.requestTimeEpoch"
      route              = "$context.routeKey"
      status             = "$context.status"
      bytes              = "$context.responseLength"
      latencyMs          = "$context.responseLatency"
      integrationMs      = "$context.integrationLatency"
      integrationStatus  = "$context.integrationStatus"
      integrationRequest = "$context.integration.requestId"
      integrationError   = "$context.integrationErrorMessage"
      authorizerError    = "$context.authorizer.error"
      gatewayError       = "$context.error.responseType"
      domain             = "$context.domainName"
    })
  }
}

# ---- names of its own ------------------------------------------------------------------------------------------------

resource "aws_apigatewayv2_domain_name" "this" {
  for_each    = local.domains
  domain_name = each.value.name

  domain_name_configuration {
    certificate_arn = each.value.certificate
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }

  # The gateway checks the chain; that the certificate is the holder's and not revoked, the function does.
  dynamic "mutual_tls_authentication" {
    for_each = [for name in ["truststore"] : name if each.value.card]
    content {
      truststore_uri     = "s3://${aws_s3_object.truststore[0].bucket}/${aws_s3_object.truststore[0].key}"
      truststore_version = aws_s3_object.truststore[0].version_id
    }
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  for_each    = local.domains
  api_id      = aws_apigatewayv2_api.this.id
  domain_name = aws_apigatewayv2_domain_name.this[each.key].id
  stage       = aws_apigatewayv2_stage.this.id
}

resource "aws_s3_object" "truststore" {
  count         = var.card_truststore == null ? 0 : 1
  bucket        = aws_s3_bucket.this["truststore"].id
  key           = "authorities.pem"
  source        = var.card_truststore
  source_hash   = filesha256(var.card_truststore)
  force_destroy = !var.deletion_protection

  depends_on = [aws_s3_bucket_versioning.this]
}
