//! The catcher: answers as SES and SNS do and keeps what was sent.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sportello_runtime::clock::Clock;

use crate::clock::LocalClock;

/// A mail that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaughtMail {
    /// Number of the mail.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: Vec<String>,
    /// From whom.
    pub from: String,
    /// To whom an answer goes, where it is somebody else.
    #[serde(default)]
    pub reply_to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Text part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaughtSms {
    /// Number of the message.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: String,
    /// Text.
    pub text: String,
}

/// How the next sending fails; for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SES throttles.
    Throttled,
    /// SES refuses this mail for good.
    Rejected,
    /// SES fails.
    Broken,
    /// SES takes the mail, but its answer is lost.
    Ambiguous,
}

/// Everything caught, oldest first.
pub struct Inbox {
    mails: Mutex<Vec<CaughtMail>>,
    sms: Mutex<Vec<CaughtSms>>,
    faults: Mutex<VecDeque<Fault>>,
    events: Mutex<Vec<Value>>,
    file: Option<PathBuf>,
    clock: Arc<LocalClock>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inbox {
    /// The inbox of a data directory, or of memory only.
    #[must_use]
    pub fn new(file: Option<PathBuf>, clock: Arc<LocalClock>) -> Self {
        let kept = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let mails = kept.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Self { mails: Mutex::new(mails), sms: Mutex::default(), faults: Mutex::default(), events: Mutex::default(), file, clock }
    }

    /// Mails, newest first, to one address where given.
    #[must_use]
    pub fn mails(&self, to: Option<&str>) -> Vec<CaughtMail> {
        let wanted = |mail: &&CaughtMail| to.is_none_or(|to| mail.to.iter().any(|address| address.eq_ignore_ascii_case(to)));
        lock(&self.mails).iter().rev().filter(wanted).cloned().collect()
    }

    /// Messages, newest first, to one number where given.
    #[must_use]
    pub fn sms(&self, to: Option<&str>) -> Vec<CaughtSms> {
        lock(&self.sms).iter().rev().filter(|sms| to.is_none_or(|to| sms.to == to)).cloned().collect()
    }

    /// Makes the next sendings fail, one by one.
    pub fn fail_next(&self, faults: &[Fault]) {
        lock(&self.faults).extend(faults);
    }

    /// Lets every sending succeed again.
    pub fn forgive(&self) {
        lock(&self.faults).clear();
    }

    /// Takes over what somebody else has caught; every mail since the beginning, oldest first.
    pub fn follow(&self, all: Vec<CaughtMail>) {
        let mut mails = lock(&self.mails);
        let known = mails.len();
        mails.extend(all.into_iter().skip(known));
    }

    /// The same of text messages, which are known by their ids: those of different numbers come in no order.
    pub fn follow_sms(&self, all: Vec<CaughtSms>) {
        let mut messages = lock(&self.sms);
        for message in all {
            if !messages.iter().any(|known| known.id == message.id) {
                messages.push(message);
            }
        }
    }

    /// What the mail service tells of mails that it took, since it was asked last: messages of the feedback's queue.
    #[must_use]
    pub fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut *lock(&self.events))
    }

    /// The addresses of SES's own mailbox simulator behave here as they do there.
    fn simulate(&self, mail: &CaughtMail, tags: &Value) {
        for address in &mail.to {
            let (kind, part, told) = match address.as_str() {
                "bounce@simulator.amazonses.com" => ("Bounce", "bounce", json!({ "bounceType": "Permanent", "bounceSubType": "General" })),
                "complaint@simulator.amazonses.com" => ("Complaint", "complaint", json!({ "complaintFeedbackType": "abuse" })),
                _ => continue,
            };
            let event = json!({ "eventType": kind, part: told, "mail": { "messageId": mail.id, "tags": tags } });
            lock(&self.events).push(json!({ "messageId": mail.id, "body": event.to_string() }));
        }
    }

    fn keep(&self, form: &BTreeMap<String, String>) -> String {
        let get = |name: &str| form.get(name).cloned().unwrap_or_default();
        let mut mails = lock(&self.mails);
        let id = format!("mail-{}", mails.len() + 1);
        let to = form.iter().filter(|(name, _)| name.starts_with("Destination.ToAddresses.member.")).map(|(_, value)| value.clone()).collect();
        let mail = CaughtMail {
            id: id.clone(),
            at: self.clock.now(),
            to,
            from: get("Source"),
            reply_to: form.iter().filter(|(name, _)| name.starts_with("ReplyToAddresses.member.")).map(|(_, value)| value.clone()).collect(),
            subject: get("Message.Subject.Data"),
            text: get("Message.Body.Text.Data"),
            html: get("Message.Body.Html.Data"),
        };
        if let (Some(file), Ok(line)) = (&self.file, serde_json::to_string(&mail)) {
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
            drop(opened.and_then(|mut file| writeln!(file, "{line}")));
        }
        let tags = form.get("Tags.member.1.Name").zip(form.get("Tags.member.1.Value")).map(|(name, value)| (name.clone(), json!([value])));
        self.simulate(&mail, &Value::Object(tags.into_iter().collect()));
        mails.push(mail);
        id
    }
}

/// The catcher's routes.
pub fn router(inbox: Arc<Inbox>) -> Router {
    Router::new().route("/", post(catch)).with_state(inbox)
}

async fn catch(State(inbox): State<Arc<Inbox>>, body: Bytes) -> Response {
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let action = form.get("Action").cloned().unwrap_or_default();
    let fault = lock(&inbox.faults).pop_front();
    match (action.as_str(), fault) {
        (_, Some(Fault::Throttled)) => error(StatusCode::BAD_REQUEST, "Throttling", "Maximum sending rate exceeded."),
        (_, Some(Fault::Rejected)) => error(StatusCode::BAD_REQUEST, "MessageRejected", "Address is on the suppression list."),
        (_, Some(Fault::Broken)) => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "Internal failure."),
        ("SendEmail", Some(Fault::Ambiguous)) => {
            inbox.keep(&form);
            error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Try again.")
        }
        ("SendEmail", _) => answer("SendEmail", &inbox.keep(&form), "http://ses.amazonaws.com/doc/2010-12-01/"),
        ("Publish", _) => {
            let mut sms = lock(&inbox.sms);
            let id = format!("sms-{}", sms.len() + 1);
            let get = |name: &str| form.get(name).cloned().unwrap_or_default();
            sms.push(CaughtSms { id: id.clone(), at: inbox.clock.now(), to: get("PhoneNumber"), text: get("Message") });
            answer("Publish", &id, "http://sns.amazonaws.com/doc/2010-03-31/")
        }
        _ => error(StatusCode::BAD_REQUEST, "InvalidAction", "The catcher does not know this action."),
    }
}

fn answer(action: &str, id: &str, namespace: &str) -> Response {
    let body = format!(
        "<{action}Response xmlns=\"{namespace}\"><{action}Result><MessageId>{id}</MessageId></{action}Result><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    );
    ([("content-type", "text/xml")], body).into_response()
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body =
        format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>local</RequestId></ErrorResponse>");
    (status, [("content-type", "text/xml")], body).into_response()
}
