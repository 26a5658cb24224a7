//! POST /v1/payments/events: the payment provider tells what happened; signed, in any order, as often as it likes (rule 61).

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::Notice;
use sportello_payments::{EventKind, Method, MethodKind, Payment, PaymentStatus};
use sportello_rules::order::Event;
use sportello_runtime::access::PaymentProvider;
use sportello_runtime::ordering::{ATTEMPT, GRANTS, Heard, Marker, ORDER, OWNER, REFUND, Settled, provider, settle};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::StoreError;
use sportello_store::commit::Commit;
use sportello_store::key::{METHOD, Owner, OwnerKind};
use sportello_store::record::PaymentMethodRecord;
use tracing::{error, info};

/// Hears the payment provider.
pub struct PaymentEvent;

/// Input of the operation: the message is read from the signed bytes.
pub struct Input;

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Map::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Input {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PaymentEvent".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": true, "description": "An event as the payment provider sends it." })
    }
}

/// What came of the message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// `done`; `known`, where it had been heard or found out before; `ignored`, where it is about nothing of ours.
    result: &'static str,
}

impl Operation for PaymentEvent {
    const SPEC: Spec = Spec::post("internal.payment.event", "/v1/payments/events")
        .summary("Hear the payment provider, by its signature; whatever was heard before changes nothing")
        .limit(Limit::ORDINARY)
        .pays()
        .grants(GRANTS)
        .problems(&[Code::ChangedMeanwhile]);
    type Auth = PaymentProvider;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, event: sportello_payments::Event, _: Input) -> Result<Reply<Output>, Failure> {
        let until = event.created.saturating_add(SignedDuration::from_hours(24 * i64::from(cx.policy().order.remembered_days))).unwrap_or(jiff::Timestamp::MAX);
        let marker = Marker { id: format!("event/{}", event.id), until };
        let result = match event.kind {
            EventKind::PaymentSucceeded(payment) => paid(cx, &payment, &marker).await?,
            EventKind::PaymentFailed(payment) => failed(cx, &payment, &marker).await?,
            EventKind::Refunded { payment } => returned(cx, &payment, &Event::Refunded { payment: payment.id.clone(), attempt: try_of(&payment) }, &marker).await?,
            EventKind::RefundFailed { payment } => returned(cx, &payment, &Event::RefundFailed { payment: payment.id.clone(), attempt: try_of(&payment) }, &marker).await?,
            EventKind::SetupSucceeded { method, customer, metadata, .. } => match owner_of(metadata.get(OWNER)) {
                Some(owner) => added(cx, &owner, &method, customer.as_deref(), &marker).await?,
                None => "ignored",
            },
            EventKind::Other => "ignored",
        };
        info!(request_id = cx.request_id, event = event.id, result, "the payment provider was heard");
        Ok(Reply::of(Output { result }))
    }
}

fn owner_of(pk: Option<&String>) -> Option<Owner> {
    pk.and_then(|pk| Owner::from_pk(pk)).filter(|owner| owner.kind == OwnerKind::Customer)
}

/// The order that a payment is of.
fn order_of(payment: &Payment) -> Option<(Owner, &str)> {
    Some((owner_of(payment.metadata.get(OWNER))?, payment.metadata.get(ORDER)?))
}

async fn told(cx: &Cx, payment: &Payment, event: &Event, heard: Heard<'_>) -> Result<&'static str, Failure> {
    let Some((owner, order)) = order_of(payment) else { return Ok("ignored") };
    match settle(cx, &owner, order, event, heard).await? {
        Settled::Changed(_) => Ok("done"),
        Settled::Known(_) => Ok("known"),
        Settled::OtherAmount => Ok("ignored"),
        Settled::Missing => {
            error!(request_id = cx.request_id, order, "a payment is of an order that there is not");
            Ok("ignored")
        }
    }
}

async fn paid(cx: &Cx, payment: &Payment, marker: &Marker) -> Result<&'static str, Failure> {
    let heard = Heard { marker: Some(marker), amount: Some(payment.amount), ..Heard::default() };
    told(cx, payment, &Event::Succeeded { payment: payment.id.clone() }, heard).await
}

async fn failed(cx: &Cx, payment: &Payment, marker: &Marker) -> Result<&'static str, Failure> {
    let Some(attempt) = payment.metadata.get(ATTEMPT).and_then(|attempt| attempt.parse().ok()) else { return Ok("ignored") };
    // The same word as the provider's answer gives: whichever comes first is kept.
    let why = match &payment.status {
        PaymentStatus::Failed { code } => code,
        _ => "canceled",
    };
    told(cx, payment, &Event::Failed { attempt }, Heard { why: Some(why), marker: Some(marker), ..Heard::default() }).await
}

/// Which try at giving it back is told of; a charge names none, and neither does what was done at the provider's own desk.
fn try_of(payment: &Payment) -> u32 {
    payment.metadata.get(REFUND).and_then(|number| number.parse().ok()).unwrap_or_default()
}

async fn returned(cx: &Cx, payment: &Payment, event: &Event, marker: &Marker) -> Result<&'static str, Failure> {
    told(cx, payment, event, Heard { marker: Some(marker), ..Heard::default() }).await
}

/// Keeps a payment method that was added at the provider's page.
async fn added(cx: &Cx, owner: &Owner, id: &str, customer: Option<&str>, marker: &Marker) -> Result<&'static str, Failure> {
    let Some(records) = cx.store.customer(owner).await? else { return Ok("ignored") };
    // Whose it is the provider knows best: what does not belong to this customer there does not here.
    if customer.is_none() || customer != records.payer.as_deref() {
        return Ok("ignored");
    }
    if records.methods.iter().any(|method| method.method_id == id) {
        return Ok("known");
    }
    let method = provider(cx)?.method(id).await.map_err(|error| Failure::fault(format!("a payment method cannot be read: {error}")))?;
    let record = record(cx, owner, &method);
    let mut commit = Commit::new();
    commit.put_method(&record);
    commit.use_once(owner, &marker.id, marker.until, Code::LinkNotValid);
    let notice = Notice::PaymentMethodChanged { at: cx.now, label: record.label.clone(), added: true };
    let notice_id = format!("{}#{}#{}#added", notice.kind(), owner.pk(), record.method_id);
    commit.notice(&notice_id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    match cx.store.commit(commit).await {
        Ok(()) => Ok("done"),
        Err(StoreError::Refused(Code::LinkNotValid)) => Ok("known"),
        Err(error) => Err(error.into()),
    }
}

fn record(cx: &Cx, owner: &Owner, method: &Method) -> PaymentMethodRecord {
    let (kind, label, expires) = match &method.kind {
        MethodKind::Card { brand, last4, exp_month, exp_year } => ("card", format!("{} •••• {last4}", capital(brand)), Some(format!("{exp_year:04}-{exp_month:02}"))),
        MethodKind::Paypal => ("paypal", "PayPal".to_owned(), None),
    };
    PaymentMethodRecord {
        pk: owner.pk(),
        sk: format!("{METHOD}{}", method.id),
        method_id: method.id.clone(),
        kind: kind.to_owned(),
        label,
        expires,
        added_at: cx.now,
        version: 0,
    }
}

/// A brand as its owner knows it: the provider writes it in small letters.
fn capital(brand: &str) -> String {
    let mut letters = brand.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
