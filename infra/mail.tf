# SES: the domain we send as, and the way back of what did not arrive. By SES's second API: the provider's resources of
# the first one know neither TLS by configuration set nor the suppression list.

resource "aws_sesv2_configuration_set" "notices" {
  configuration_set_name = local.configuration_set

  # A mail that would travel in the clear is not sent.
  delivery_options {
    tls_policy = "REQUIRE"
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  sending_options {
    sending_enabled = true
  }

  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }

  # No tracking options: opens and clicks are not tracked, links carry secrets and go straight to us.
}

resource "aws_sesv2_email_identity" "sender" {
  email_identity         = local.mail_domain
  configuration_set_name = aws_sesv2_configuration_set.notices.configuration_set_name

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }
}

# Bounces go to a name of ours, so SPF is aligned with the sender's domain.
resource "aws_sesv2_email_identity_mail_from_attributes" "sender" {
  email_identity         = aws_sesv2_email_identity.sender.email_identity
  mail_from_domain       = "bounce.${local.mail_domain}"
  behavior_on_mx_failure = "USE_DEFAULT_VALUE"
}

# ---- what comes back: SES -> topic -> queue -> job ---------------------------------------------------------------------

resource "aws_sns_topic" "feedback" {
  name              = local.feedback_topic
  kms_master_key_id = aws_kms_key.data.arn
}

resource "aws_sns_topic_policy" "feedback" {
  arn = aws_sns_topic.feedback.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ses.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = local.feedback_topic_arn
      Condition = { StringEquals = {
        "aws:SourceAccount" = local.account
        "aws:SourceArn"     = "${local.arn.ses}:configuration-set/${local.configuration_set}"
      } }
    }]
  })
}

resource "aws_sesv2_configuration_set_event_destination" "feedback" {
  configuration_set_name = aws_sesv2_configuration_set.notices.configuration_set_name
  event_destination_name = "feedback"

  event_destination {
    enabled              = true
    matching_event_types = ["BOUNCE", "COMPLAINT", "REJECT"]

    sns_destination {
      topic_arn = aws_sns_topic.feedback.arn
    }
  }

  depends_on = [aws_sns_topic_policy.feedback]
}

# The queue is there when the table has a job for it.
resource "aws_sns_topic_subscription" "feedback" {
  for_each  = { for queue, arn in local.queue_arns : queue => arn if queue == "mail-feedback" }
  topic_arn = aws_sns_topic.feedback.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.consumed[each.key].arn
  # SES's JSON as it is, without SNS's envelope around it.
  raw_message_delivery = true

  depends_on = [aws_sqs_queue_policy.feedback]
}

resource "aws_sqs_queue_policy" "feedback" {
  for_each  = { for queue, arn in local.queue_arns : queue => arn if queue == "mail-feedback" }
  queue_url = aws_sqs_queue.consumed[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = each.value
      Condition = { ArnEquals = { "aws:SourceArn" = local.feedback_topic_arn } }
    }]
  })
}
