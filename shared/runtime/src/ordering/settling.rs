//! Settling an order: whatever is heard of its payment, from wherever and however often, is written once.

use std::time::Duration;

use jiff::Timestamp;
use lambda_http::tracing::error;
use sportello_contract::problem::Code;
use sportello_notify::Notice;
use sportello_rules::calendar::date_of;
use sportello_rules::order::{Event, Refund, State, Step, apply, refund_key};
use sportello_store::StoreError;
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::order::{LastInvoice, RegisteredInvoice, invoice_sk};
use sportello_store::record::{CustomerRecords, InvoiceNumber, OrderRecord};

use super::giving::{Given, give};
use super::parties::Parties;
use super::{can_be_given, order_due, refused};
use crate::{Cx, Failure};

/// A mark by which a message of the provider is heard once.
#[derive(Debug, Clone)]
pub struct Marker {
    /// The message's id.
    pub id: String,
    /// Until when the mark is kept.
    pub until: Timestamp,
}

/// What is known of an event besides the event itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard<'a> {
    /// Why a charge took nothing, by the provider's code.
    pub why: Option<&'a str>,
    /// The mark of the message that told of it.
    pub marker: Option<&'a Marker>,
    /// What was taken, in euro cents: it settles an order of that price only.
    pub amount: Option<u64>,
}

/// What came of hearing something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The order changed.
    Changed(Box<OrderRecord>),
    /// It stands as it stood: this was known.
    Known(Box<OrderRecord>),
    /// There is no such order.
    Missing,
    /// The payment is of another amount than the order: it pays nothing.
    OtherAmount,
}

impl Settled {
    /// The order as it stands.
    #[must_use]
    pub fn order(self) -> Option<OrderRecord> {
        match self {
            Self::Changed(order) | Self::Known(order) => Some(*order),
            Self::Missing | Self::OtherAmount => None,
        }
    }
}

/// Settles an order by what happened. Where others change the same records at the same time it decides anew on what they wrote.
///
/// # Errors
/// What the order's state forbids; [`Failure`] of the store.
pub async fn settle(cx: &Cx, owner: &Owner, order_id: &str, event: &Event, heard: Heard<'_>) -> Result<Settled, Failure> {
    for tried in 0..=cx.policy().order.tries {
        let Some(records) = cx.store.customer(owner).await? else { return Ok(Settled::Missing) };
        let Some(order) = records.orders.iter().find(|order| order.order_id == order_id) else { return Ok(Settled::Missing) };
        if heard.marker.is_some_and(|marker| records.used.contains(&marker.id)) {
            return Ok(Settled::Known(Box::new(order.clone())));
        }
        if heard.amount.is_some_and(|amount| amount != order.gross_cents) {
            error!(request_id = cx.request_id, order = order_id, "a payment is of another amount than its order");
            return Ok(Settled::OtherAmount);
        }
        let (next, mut commit) = match apply(&order.order, event, cx.now).map_err(refused)? {
            Step::Same => return Ok(Settled::Known(Box::new(order.clone()))),
            Step::Changed { order: next, fulfil, .. } => {
                let next = OrderRecord { order: next, version: order.version + 1, ..order.clone() };
                written(cx, owner, &records, order, next, fulfil, event, heard.why).await?
            }
        };
        if let Some(marker) = heard.marker {
            commit.use_once(owner, &marker.id, marker.until, Code::ChangedMeanwhile);
        }
        match cx.store.commit(commit).await {
            Ok(()) => return Ok(Settled::Changed(Box::new(next))),
            Err(StoreError::Refused(Code::ChangedMeanwhile)) => pause(cx, tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Code::Unavailable.into())
}

async fn pause(cx: &Cx, tried: u32) {
    let longest = cx.policy().order.pause_ms;
    // Spread by the caller's own request, so that those who met do not meet again.
    let spread = cx.request_id.bytes().fold(tried, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % longest.max(1);
    tokio::time::sleep(Duration::from_millis(u64::from(spread + 1))).await;
}

#[expect(clippy::too_many_arguments, reason = "one decision, made in one place")]
async fn written(
    cx: &Cx,
    owner: &Owner,
    records: &CustomerRecords,
    before: &OrderRecord,
    mut next: OrderRecord,
    fulfil: bool,
    event: &Event,
    why: Option<&str>,
) -> Result<(OrderRecord, Commit), Failure> {
    let mut commit = Commit::new();
    let (mut expires_on, mut returned) = (None, false);
    if fulfil {
        match give(cx, &mut commit, owner, records, &next).await? {
            Given::Given(day) => {
                expires_on = day;
                number(cx, &mut commit, owner, records, &mut next).await?;
            }
            Given::Impossible => {
                returned = true;
                if let Some(payment) = next.order.payment.clone() {
                    next.order.refunds.insert(payment, Refund::Due);
                }
            }
        }
    }
    if let Event::Failed { .. } = event {
        next.declined = why.map(ToOwned::to_owned);
        next.method = None;
        next.charge_key = None;
    }
    commit.put_order(owner, &next, order_due(cx, &next));
    // Nobody is asked to pay by hand what cannot be given any more.
    let is_moot = matches!(event, Event::Failed { .. }) && !can_be_given(records, &next);
    if let Some((notice, about)) = told(cx, before, &next, event, (expires_on, returned)).filter(|_| !is_moot) {
        let id = format!("{}#{}#{about}", notice.kind(), next.order_id);
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    }
    Ok((next, commit))
}

/// Takes the next number of the register for an order that costs something: the transaction fails where another took it, so that there is no gap.
async fn number(cx: &Cx, commit: &mut Commit, owner: &Owner, records: &CustomerRecords, order: &mut OrderRecord) -> Result<(), Failure> {
    if order.gross_cents == 0 {
        return Ok(());
    }
    let today = date_of(cx.now);
    let year = today.year().to_string();
    let LastInvoice { number: last, issued_on: last_on } = cx.store.last_invoice(&year).await?;
    // Whoever began to pay before midnight and is told after it must not have a later number with an earlier date.
    let issued_on = last_on.map_or(today, |last_on| last_on.max(today));
    let invoice = RegisteredInvoice {
        pk: year.clone(),
        sk: invoice_sk(last + 1),
        owner: owner.pk(),
        order_id: order.order_id.clone(),
        issued_on,
        gross_cents: order.gross_cents,
    };
    commit.register_invoice(&invoice, last);
    // Who sold and who bought are those of the day: an invoice that was issued never changes.
    let parties = Some(Parties::of(cx, owner, records)?.seal(cx, owner, records)?);
    order.invoice = Some(InvoiceNumber { number: format!("{year}/{}", last + 1), issued_on, parties });
    Ok(())
}

/// What the customer is told, and what tells this notice from another of its kind.
fn told(
    cx: &Cx,
    before: &OrderRecord,
    next: &OrderRecord,
    event: &Event,
    (expires_on, returned): (Option<jiff::civil::Date>, bool),
) -> Option<(Notice, String)> {
    let (at, order_id, item, offer, gross_cents) = (cx.now, next.order_id.clone(), next.item, next.offer.clone(), next.gross_cents);
    let pay_by = next.order.pay_by;
    match event {
        // Whoever withdraws or cancels is told of it as a whole.
        Event::Charge | Event::Withdraw | Event::Annul | Event::RefundFailed { .. } => None,
        // Told when it was given back, not when that was decided.
        Event::Succeeded { .. } if before.order.state == next.order.state || returned => None,
        Event::Succeeded { .. } => {
            let invoice = next.invoice.as_ref().map(|invoice| invoice.number.clone());
            Some((Notice::OrderPaid { at, order_id, item, offer, gross_cents, invoice, expires_on }, String::new()))
        }
        Event::Failed { attempt } => {
            Some((Notice::PaymentFailed { at, order_id, item, offer, gross_cents, pay_by, automatic: next.automatic }, attempt.to_string()))
        }
        Event::Cancel | Event::Expire => {
            let expired = next.order.state == State::Expired;
            Some((Notice::OrderClosed { at, order_id, item, offer, expired }, String::new()))
        }
        Event::Refunded { payment, .. } => {
            // Told again where it had been told too early.
            let about = refund_key(payment, next.order.refund_attempt(payment));
            Some((Notice::PaymentReturned { at, order_id, item, offer, gross_cents }, about))
        }
    }
}
