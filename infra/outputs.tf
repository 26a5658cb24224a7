output "api_url" {
  description = "Where the API is called; behind the edge when there is one."
  value       = var.edge ? "https://${var.edge_domain_name}" : local.api_url
}

output "functions" {
  description = "Name of each function, by the id of its operation or job."
  value       = { for id, function in aws_lambda_function.this : id => function.function_name }
}

output "tables" {
  description = "Full name of each table."
  value       = { for name, table in aws_dynamodb_table.this : name => table.name }
}

output "key_parameter" {
  description = "SSM parameter that holds the key ring."
  value       = aws_ssm_parameter.keys.name
}

output "documents_bucket" {
  description = "Bucket of documents."
  value       = aws_s3_bucket.this["documents"].id
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "mail_configuration_set" {
  description = "SES configuration set that mails are sent with."
  value       = aws_sesv2_configuration_set.notices.configuration_set_name
}

output "dead_letter_queues" {
  description = "Address of each job's queue of dead letters, by the job's id."
  value       = { for id, queue in aws_sqs_queue.dead : id => queue.url }
}

output "caller_policies" {
  description = "Policies for those who call the routes that IAM authorises, by level."
  value       = { for level, policy in aws_iam_policy.callers : level => policy.arn }
}

output "alarm_topic" {
  description = "Topic of the alarms; subscribe whatever pages people."
  value       = aws_sns_topic.alarms.arn
}

output "dns" {
  description = "Records to set: name => type and value."
  value = merge(
    { for token in aws_sesv2_email_identity.sender.dkim_signing_attributes[0].tokens : "${token}._domainkey.${local.mail_domain}" => "CNAME ${token}.dkim.amazonses.com" },
    {
      "bounce.${local.mail_domain}" = "MX 10 feedback-smtp.${local.region}.amazonses.com; TXT \"v=spf1 include:amazonses.com -all\""
      "_dmarc.${local.mail_domain}" = "TXT \"v=DMARC1; p=quarantine\""
    },
    { for key, domain in aws_apigatewayv2_domain_name.this : domain.domain_name => "CNAME ${domain.domain_name_configuration[0].target_domain_name}" },
    { for edge in aws_cloudfront_distribution.this : var.edge_domain_name => "CNAME ${edge.domain_name}" },
  )
}
