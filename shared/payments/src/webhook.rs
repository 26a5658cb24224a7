//! Messages of the provider: signed with a shared secret, with their instant, as Stripe signs them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use serde_json::Value;

use crate::client::Secret;
use crate::object::{Payment, PaymentStatus, SetupIntent, id_of, metadata_of};

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A payment took the money.
    PaymentSucceeded(Payment),
    /// A payment took nothing.
    PaymentFailed(Payment),
    /// A payment method was added.
    SetupSucceeded {
        /// The provider's id of what added it.
        setup: String,
        /// The payment method.
        method: String,
        /// The provider's id of the customer whose it is.
        customer: Option<String>,
        /// What we said when the page was opened.
        metadata: BTreeMap<String, String>,
    },
    /// A payment was given back, whole.
    Refunded {
        /// Which one, with what was given back.
        payment: Payment,
    },
    /// A payment could not be given back, also after the provider had said that it would.
    RefundFailed {
        /// Which one, with what was to be given back.
        payment: Payment,
    },
    /// Nothing that we act on.
    Other,
}

/// A message, after its signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The provider's id of it: the same one in every repetition.
    pub id: String,
    /// When it happened.
    pub created: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// Why a message is not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The header is not one.
    #[error("the signature cannot be read")]
    Header,
    /// None of the signatures is by one of our secrets.
    #[error("the signature is not by one of our secrets")]
    Signature,
    /// It was signed too long ago, or lies ahead.
    #[error("the signature is too old or lies ahead")]
    Age,
    /// The body is no message.
    #[error("the body is no message")]
    Body,
}

/// Reads a message whose signature is by one of `secrets` and not older or newer than `tolerance`, that included.
///
/// # Errors
/// [`WebhookError`].
pub fn verify(header: &str, body: &[u8], secrets: &[Secret], now: Timestamp, tolerance: SignedDuration) -> Result<Event, WebhookError> {
    let (mut at, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=').ok_or(WebhookError::Header)? {
            ("t", seconds) => at = Some(seconds.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(WebhookError::Header)?),
            ("v1", hex) => signatures.extend(bytes(hex)),
            // Other schemes are other signatures, of which we know nothing.
            _ => {}
        }
    }
    let at = at.ok_or(WebhookError::Header)?;
    let signed = signed(at, body);
    // Without a secret anybody could sign.
    let by = |secret: &Secret, signature: &[u8]| {
        !secret.expose().is_empty() && hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()), &signed, signature).is_ok()
    };
    if !secrets.iter().any(|secret| signatures.iter().any(|signature| by(secret, signature))) {
        return Err(WebhookError::Signature);
    }
    if now.duration_since(at).abs() > tolerance {
        return Err(WebhookError::Age);
    }
    read(body).ok_or(WebhookError::Body)
}

/// The header that signs a body; for a provider's simulator, and for tests.
#[must_use]
pub fn sign(body: &[u8], secret: &Secret, now: Timestamp) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()), &signed(now, body));
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={},v1={hex}", now.as_second())
}

fn signed(at: Timestamp, body: &[u8]) -> Vec<u8> {
    [at.as_second().to_string().as_bytes(), b".", body].concat()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.is_ascii() || !hex.len().is_multiple_of(2) {
        return None;
    }
    hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}

fn read(body: &[u8]) -> Option<Event> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let object = value.pointer("/data/object")?;
    let kind = match value.get("type")?.as_str()? {
        "payment_intent.succeeded" => EventKind::PaymentSucceeded(Payment::read(object)?),
        "payment_intent.payment_failed" | "payment_intent.canceled" => EventKind::PaymentFailed(Payment::read(object)?),
        "setup_intent.succeeded" => match SetupIntent::read(object)? {
            SetupIntent { id, method: Some(method), customer, metadata, .. } => EventKind::SetupSucceeded { setup: id, method, customer, metadata },
            SetupIntent { method: None, .. } => EventKind::Other,
        },
        "refund.created" | "refund.updated" if object.get("status").and_then(Value::as_str) == Some("succeeded") => refunded(object, "amount"),
        "refund.failed" | "refund.updated" if matches!(object.get("status").and_then(Value::as_str), Some("failed" | "canceled")) => {
            match refunded(object, "amount") {
                EventKind::Refunded { payment } => EventKind::RefundFailed { payment },
                other => other,
            }
        }
        // Given back at the provider's own desk, where nobody says of a refund what it is for: a charge has what we said of its payment.
        "charge.refunded" if object.get("refunded").and_then(Value::as_bool) == Some(true) => refunded(object, "amount_refunded"),
        _ => EventKind::Other,
    };
    let created = value.get("created").and_then(Value::as_i64).and_then(|seconds| Timestamp::from_second(seconds).ok())?;
    Some(Event { id: value.get("id")?.as_str()?.to_owned(), created, kind })
}

/// A refund, or the charge that was given back: either names the payment by its id.
fn refunded(object: &Value, amount: &str) -> EventKind {
    let Some(id) = id_of(object.get("payment_intent")) else { return EventKind::Other };
    let amount = object.get(amount).and_then(Value::as_u64).unwrap_or_default();
    EventKind::Refunded { payment: Payment { id, status: PaymentStatus::Canceled, amount, metadata: metadata_of(object) } }
}
