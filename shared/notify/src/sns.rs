//! The way out for text messages: Amazon SNS.

use aws_sdk_sns::types::MessageAttributeValue;

use crate::ses::{SendError, classify};

/// Sends text messages through SNS.
#[derive(Debug, Clone)]
pub struct Texter {
    client: aws_sdk_sns::Client,
    sender: Option<String>,
}

impl Texter {
    /// Sends under a sender's name of up to eleven letters and digits, where one is given and the country shows it.
    #[must_use]
    pub fn new(client: aws_sdk_sns::Client, sender: Option<String>) -> Self {
        Self { client, sender }
    }

    /// Hands a text to SNS for a number in E.164 and answers the message's id.
    ///
    /// # Errors
    /// As of mails; after some of the passing ones the message may yet have been sent.
    pub async fn send(&self, to: &str, text: &str) -> Result<String, SendError> {
        let attribute = |value: &str| {
            let built = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            built.map_err(|_| SendError::Refused { code: "construction".to_owned() })
        };
        // Transactional: delivered at once and not held back as advertising.
        let mut request = self.client.publish().phone_number(to).message(text).message_attributes("AWS.SNS.SMS.SMSType", attribute("Transactional")?);
        if let Some(sender) = &self.sender {
            request = request.message_attributes("AWS.SNS.SMS.SenderID", attribute(sender)?);
        }
        let sent = request.send().await.map_err(|error| classify(&error))?;
        Ok(sent.message_id.unwrap_or_default())
    }
}
