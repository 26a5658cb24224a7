# What AWS would make up. Known from the plan on (`override_during` where this is used), so that the tests look into
# policies and sources as they will be.

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { name = "eu-south-1" }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = {
    id            = "api0000001"
    api_endpoint  = "https://api0000001.execute-api.eu-south-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-south-1:111122223333:api0000001"
  }
}

mock_resource "aws_apigatewayv2_integration" {
  defaults = { id = "integration1" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-south-1:111122223333:log-group:mock" }
}

mock_resource "aws_dynamodb_table" {
  defaults = { stream_arn = "arn:aws:dynamodb:eu-south-1:111122223333:table/mock/stream/2026-01-01T00:00:00.000" }
}

mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::111122223333:policy/mock" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
}

mock_resource "aws_kms_key" {
  defaults = {
    arn    = "arn:aws:kms:eu-south-1:111122223333:key/da7a"
    key_id = "da7a"
  }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn        = "arn:aws:lambda:eu-south-1:111122223333:function:mock"
    invoke_arn = "arn:aws:apigateway:eu-south-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-south-1:111122223333:function:mock/invocations"
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    id  = "mock"
    arn = "arn:aws:s3:::mock"
  }
}

mock_resource "aws_s3_object" {
  defaults = { version_id = "version1" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-south-1:111122223333:mock" }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    id  = "https://sqs.eu-south-1.amazonaws.com/111122223333/mock"
    arn = "arn:aws:sqs:eu-south-1:111122223333:mock"
    url = "https://sqs.eu-south-1.amazonaws.com/111122223333/mock"
  }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/mock/1" }
}

# Two keys, so that a policy with the wrong one is seen.
override_resource {
  target = aws_kms_key.secrets
  values = {
    arn    = "arn:aws:kms:eu-south-1:111122223333:key/5ec2"
    key_id = "5ec2"
  }
}
