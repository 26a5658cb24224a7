//! The way out: Amazon SES (v1).

use aws_sdk_ses::config::http::HttpResponse;
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::types::{Body, Content, Destination, Message, MessageTag};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::address::EmailAddress;
use crate::render::Mail;

const CHARSET: &str = "UTF-8";

/// Name of the tag that carries the notice's key.
pub(crate) const TAG: &str = "notice";

/// Longest value of a tag.
const TAG_LENGTH: usize = 255;

/// Longest code of an error that is repeated.
const CODE_LENGTH: usize = 64;

/// Codes of refusals that pass: the sender is too fast, or sending is paused. Any other refusal with a status below 500 but 429 is final.
const TRANSIENT: [&str; 11] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "AccountSendingPaused",
    "AccountSendingPausedException",
    "ConfigurationSetSendingPaused",
    "ConfigurationSetSendingPausedException",
];

/// Sends mails through SES.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: aws_sdk_ses::Client,
    from: String,
    configuration_set: Option<String>,
}

/// Why a mail was not accepted. It carries the service's code and nothing of the mail or its address, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may pass: throttling, paused sending, a time-out, no connection, a fault of the service. After some of these the mail may yet have been sent.
    #[error("the mail was not sent for now: {code}")]
    Transient {
        /// The service's code, or a word for what failed.
        code: String,
    },
    /// It will not pass: the same mail would be refused again.
    #[error("the mail was refused: {code}")]
    Refused {
        /// The service's code, or a word for what failed.
        code: String,
    },
}

impl SendError {
    /// Whether another attempt makes sense.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Transient { .. } => true,
            Self::Refused { .. } => false,
        }
    }
}

impl Mailer {
    /// Sends from `from`, a verified address, or a name and address in ASCII (`Sportello ID <no-reply@id.example>`), through a configuration set if one is given.
    #[must_use]
    pub fn new(client: aws_sdk_ses::Client, from: impl Into<String>, configuration_set: Option<String>) -> Self {
        Self { client, from: from.into(), configuration_set }
    }

    /// Hands the mail of a notice, which is known by its key, to SES and answers the message's id. SES knows no idempotency: called again after a time-out, the mail may arrive twice.
    ///
    /// # Errors
    /// [`SendError::Transient`] when another attempt makes sense, [`SendError::Refused`] when it does not.
    pub async fn send(&self, to: &EmailAddress, mail: &Mail, notice: &str) -> Result<String, SendError> {
        self.send_for(to, None, mail, notice).await
    }

    /// The same, where an answer goes to somebody else.
    ///
    /// # Errors
    /// As [`Mailer::send`].
    pub async fn send_for(&self, to: &EmailAddress, answer_to: Option<&EmailAddress>, mail: &Mail, notice: &str) -> Result<String, SendError> {
        // Events of a mail come back with its tag; one that is too long for a tag is known by nothing.
        let value = tag(notice);
        let tags = (value.len() <= TAG_LENGTH).then(|| MessageTag::builder().name(TAG).value(value).build().map_err(|_| construction()));
        let body = Body::builder().text(content(&mail.text)?).html(content(&mail.html)?).build();
        let message = Message::builder().subject(content(&mail.subject)?).body(body).build();
        let sent = self
            .client
            .send_email()
            .source(&self.from)
            .destination(Destination::builder().to_addresses(to.expose()).build())
            .message(message)
            .set_reply_to_addresses(answer_to.map(|address| vec![address.expose().to_owned()]))
            .set_configuration_set_name(self.configuration_set.clone())
            .set_tags(tags.transpose()?.map(|tag| vec![tag]))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        Ok(sent.message_id)
    }
}

fn content(data: &str) -> Result<Content, SendError> {
    Content::builder().data(data).charset(CHARSET).build().map_err(|_| construction())
}

fn construction() -> SendError {
    SendError::Refused { code: "construction".to_owned() }
}

/// A notice's key as a tag of its mail: tags are letters, digits, `-` and `_`.
fn tag(notice: &str) -> String {
    URL_SAFE_NO_PAD.encode(notice)
}

/// The notice's key in a tag, if it is one of ours.
pub(crate) fn notice_of(tag: &str) -> Option<String> {
    URL_SAFE_NO_PAD.decode(tag).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

pub(crate) fn classify<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> SendError {
    let transient = |code: &str| SendError::Transient { code: code.to_owned() };
    match error {
        SdkError::ConstructionFailure(_) => construction(),
        SdkError::TimeoutError(_) => transient("timeout"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => transient("timeout"),
        SdkError::DispatchFailure(_) => transient("dispatch"),
        SdkError::ResponseError(response) => by_answer(None, response.raw().status().as_u16()),
        SdkError::ServiceError(service) => by_answer(service.err().code(), service.raw().status().as_u16()),
        // The enum may grow; a mail is not given up for an error that nobody here knows.
        _ => transient("unknown"),
    }
}

fn by_answer(code: Option<&str>, status: u16) -> SendError {
    let passes = code.is_some_and(|code| TRANSIENT.contains(&code)) || !(400..500).contains(&status) || matches!(status, 403 | 429);
    // 403 is a role or a credential of ours that somebody will mend: it says nothing of this mail.
    // Behind a broken proxy a "code" may be anything.
    let code = code
        .filter(|code| code.len() <= CODE_LENGTH && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'))
        .map_or_else(|| format!("status {status}"), ToOwned::to_owned);
    if passes { SendError::Transient { code } } else { SendError::Refused { code } }
}

#[cfg(test)]
mod tests;
