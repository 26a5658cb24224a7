# The API's names: mutual TLS cannot be walked around, the edge is whole; and what variables refuse.

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
  mail_from         = "noreply@example.it"
}

run "artifacts" {
  module {
    source = "./tests/artifacts"
  }
}

run "card" {
  command = plan

  variables {
    domain_name      = "api.example.it"
    certificate_arn  = "arn:aws:acm:eu-south-1:111122223333:certificate/1"
    card_domain_name = "carta.example.it"
    card_truststore  = "tests/table.json"
    cors_origins     = ["https://selfcare.example.it", "https://clienti.example.it"]
  }

  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "The gateway's own name asks for no certificate: it leads past mutual TLS."
  }

  assert {
    condition     = length(aws_apigatewayv2_domain_name.this["main"].mutual_tls_authentication) == 0 && one(aws_apigatewayv2_domain_name.this["card"].mutual_tls_authentication) == { truststore_uri = "s3://mock/authorities.pem", truststore_version = "version1" }
    error_message = "Cards come by a name that asks for a certificate; the other one does not ask."
  }

  assert {
    condition     = alltrue([for it in aws_apigatewayv2_domain_name.this : one(it.domain_name_configuration).security_policy == "TLS_1_2" && one(it.domain_name_configuration).certificate_arn == "arn:aws:acm:eu-south-1:111122223333:certificate/1"]) && keys(aws_apigatewayv2_api_mapping.this) == keys(aws_apigatewayv2_domain_name.this)
    error_message = "Each name: TLS 1.2, its certificate, its mapping."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this["truststore"].block_public_acls && one(aws_s3_bucket_versioning.this["truststore"].versioning_configuration).status == "Enabled" && output.api_url == "https://api.example.it"
    error_message = "The truststore has versions and is not public."
  }

  # Signed routes are called by programs, not by pages.
  assert {
    condition     = one(aws_apigatewayv2_api.this.cors_configuration).allow_methods == toset(["GET", "POST"]) && one(aws_apigatewayv2_api.this.cors_configuration).allow_origins == toset(["https://selfcare.example.it", "https://clienti.example.it"]) && one(aws_apigatewayv2_api.this.cors_configuration).allow_credentials != true
    error_message = "CORS: our pages, the methods of their routes, no cookies."
  }
}

run "edge" {
  command = plan

  variables {
    domain_name          = "api.example.it"
    certificate_arn      = "arn:aws:acm:eu-south-1:111122223333:certificate/1"
    edge                 = true
    edge_domain_name     = "www.example.it"
    edge_certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/2"
    policy               = "{\"throttle\":{\"address_tries\":100000}}"
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this[0].origin).domain_name == "api.example.it" && one(aws_cloudfront_distribution.this[0].viewer_certificate).minimum_protocol_version == "TLSv1.2_2021" && aws_cloudfront_distribution.this[0].web_acl_id == aws_wafv2_web_acl.edge[0].arn
    error_message = "The edge: before the API's own name, TLS 1.2, behind WAF."
  }

  assert {
    condition     = { for rule in aws_wafv2_web_acl.edge[0].rule : rule.name => rule.priority } == { rate-any = 0, rate-post = 1, AWSManagedRulesAmazonIpReputationList = 10, AWSManagedRulesCommonRuleSet = 11, AWSManagedRulesKnownBadInputsRuleSet = 12 }
    error_message = "WAF: how often, then what."
  }

  assert {
    condition     = length([for it in aws_wafv2_web_acl_logging_configuration.edge[0].redacted_fields : it]) == 3 && output.api_url == "https://www.example.it"
    error_message = "WAF's log shows no path, query or session."
  }
}

# ---- what is refused before anything is planned ------------------------------------------------------------------------

run "card_without_domain" {
  command = plan
  variables {
    card_domain_name = "carta.example.it"
    card_truststore  = "tests/table.json"
  }
  expect_failures = [var.card_domain_name]
}

run "card_without_truststore" {
  command = plan
  variables {
    domain_name      = "api.example.it"
    certificate_arn  = "arn:aws:acm:eu-south-1:111122223333:certificate/1"
    card_domain_name = "carta.example.it"
  }
  expect_failures = [var.card_truststore]
}

run "edge_without_policy" {
  command = plan
  variables {
    edge                 = true
    edge_domain_name     = "www.example.it"
    edge_certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/2"
  }
  expect_failures = [var.edge]
}

run "edge_with_certificate_of_elsewhere" {
  command = plan
  variables {
    edge                 = true
    edge_domain_name     = "www.example.it"
    edge_certificate_arn = "arn:aws:acm:eu-south-1:111122223333:certificate/2"
    policy               = "{\"throttle\":{\"address_tries\":100000}}"
  }
  expect_failures = [var.edge_certificate_arn]
}

run "cron_of_five_fields" {
  command = plan
  variables {
    schedule = "cron(0 * * * ?)"
  }
  expect_failures = [var.schedule]
}

run "cron_of_two_days" {
  command = plan
  variables {
    schedule = "cron(0 * * * * *)"
  }
  expect_failures = [var.schedule]
}

run "origin_for_everybody" {
  command = plan
  variables {
    cors_origins = ["*"]
  }
  expect_failures = [var.cors_origins]
}

run "ring_that_is_none" {
  command = plan
  variables {
    key_ring = "secret"
  }
  expect_failures = [var.key_ring]
}

run "no_artifacts" {
  command = plan
  variables {
    artifacts = "tests/nowhere"
  }
  expect_failures = [aws_s3_object.function]
}

run "trust_layer" {
  command = plan
  variables {
    trust_layer_arn = "arn:aws:lambda:eu-south-1:123456789012:layer:trust:7"
  }

  assert {
    condition = alltrue([for id, it in local.functions :
      (try(length(aws_lambda_function.this[id].layers), 0) == 1) == it.authorities &&
    contains(keys(aws_lambda_function.this[id].environment[0].variables), "SPORTELLO_TRUST_FOLDER") == it.authorities])
    error_message = "The authorities' layer belongs to the functions that verify certificates, and to no others."
  }

  assert {
    condition     = length([for it in local.functions : it if it.authorities]) > 0
    error_message = "No function verifies certificates."
  }
}

run "trust_layer_without_version" {
  command = plan
  variables {
    trust_layer_arn = "arn:aws:lambda:eu-south-1:123456789012:layer:trust"
  }
  expect_failures = [var.trust_layer_arn]
}

run "support_without_mailbox" {
  command = plan
  variables {
    support_mailbox = null
  }
  expect_failures = [var.support_mailbox]
}
