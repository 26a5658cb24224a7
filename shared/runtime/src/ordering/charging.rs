//! Asking the payment provider: for a charge, for what became of one, for giving a payment back.

use lambda_http::tracing::{error, warn};
use sportello_contract::problem::Code;
use sportello_payments::{Charge, Payment, PaymentError, PaymentStatus};
use sportello_rules::order::{Event, Order, Refund, State, Step, apply, charge_key, refund_key};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::record::{CustomerRecords, OrderRecord};

use super::{ATTEMPT, Heard, ORDER, OWNER, REFUND, can_be_given, order_due, provider, refused, settle};
use crate::{Cx, Failure};

/// What came of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charged {
    /// It is paid, and what was bought is given.
    Paid(Box<OrderRecord>),
    /// Nothing was taken; the provider's reason.
    Declined(Box<OrderRecord>, String),
    /// Nobody knows yet: the provider says so later, or is asked again. The customer goes to the address where there is one.
    Pending(Box<OrderRecord>, Option<String>),
}

/// Adds a changed order to a commit, which rests on the order as it was.
pub fn rewrite(cx: &Cx, commit: &mut Commit, owner: &Owner, before: &OrderRecord, order: Order) {
    let next = OrderRecord { order, version: before.version + 1, ..before.clone() };
    commit.put_order(owner, &next, order_due(cx, &next));
}

/// The order as it is while it is being charged, with the write that must be committed before the provider is asked.
///
/// # Errors
/// What the order's state forbids.
pub fn begin(cx: &Cx, commit: &mut Commit, owner: &Owner, order: &OrderRecord, method: &str, key: Option<String>) -> Result<OrderRecord, Code> {
    match apply(&order.order, &Event::Charge, cx.now).map_err(refused)? {
        // A charge is under way: it is asked for again as it was, so that the provider knows it again; later only its books tell.
        Step::Same if order.order.asks_again(cx.now, &cx.policy().order) => Ok(order.clone()),
        Step::Same => Err(Code::PaymentInProgress),
        Step::Changed { order: next, .. } => {
            let charge_key = key.unwrap_or_else(|| charge_key(&order.order_id, next.attempt));
            let method = Some(method.to_owned());
            let charging = OrderRecord { order: next, version: order.version + 1, method, charge_key: Some(charge_key), declined: None, ..order.clone() };
            commit.put_order(owner, &charging, order_due(cx, &charging));
            Ok(charging)
        }
    }
}

/// Asks the provider for the charge of an order that is written as being charged, and settles it.
///
/// # Errors
/// [`Failure`] of the store: the charge is looked up later.
pub async fn charge(cx: &Cx, owner: &Owner, payer: &str, order: &OrderRecord, return_url: Option<&str>) -> Result<Charged, Failure> {
    let (Some(method), Some(key)) = (&order.method, &order.charge_key) else { return Err(Failure::fault("an order is charged without payment method")) };
    let (pk, attempt) = (owner.pk(), order.order.attempt.to_string());
    let metadata = [(OWNER, pk.as_str()), (ORDER, order.order_id.as_str()), (ATTEMPT, attempt.as_str())];
    let asked = Charge {
        customer: payer,
        method,
        amount: order.gross_cents,
        currency: "eur",
        off_session: return_url.is_none(),
        description: &order.offer,
        metadata: &metadata,
        key,
        return_url,
    };
    match provider(cx)?.charge(&asked).await {
        Ok(payment) => heard(cx, owner, order, &payment).await,
        Err(PaymentError::Declined { code, .. }) => declined(cx, owner, order, code).await,
        // The same key with another request: whatever was asked for under it is looked up later.
        Err(PaymentError::Rejected { code, .. }) if code == "idempotency_error" => Ok(Charged::Pending(Box::new(order.clone()), None)),
        Err(PaymentError::Rejected { status, code }) => {
            error!(request_id = cx.request_id, order = order.order_id, status, code, "the payment provider rejects our request");
            // Only of the first request under a key does this say that nothing was taken: what an earlier one did is looked up. What renews by itself
            // is asked for again: the customer cannot mend what is ours.
            let is_first = order.order.charging_since == Some(cx.now) && !order.automatic;
            if is_first { declined(cx, owner, order, code).await } else { Ok(Charged::Pending(Box::new(order.clone()), None)) }
        }
        Err(PaymentError::Unknown(why)) => {
            warn!(request_id = cx.request_id, order = order.order_id, why, "what became of a charge is not known");
            Ok(Charged::Pending(Box::new(order.clone()), None))
        }
    }
}

/// Settles an order by what the provider says of its payment.
async fn heard(cx: &Cx, owner: &Owner, order: &OrderRecord, payment: &Payment) -> Result<Charged, Failure> {
    match &payment.status {
        PaymentStatus::Succeeded => {
            let event = Event::Succeeded { payment: payment.id.clone() };
            let settled = settle(cx, owner, &order.order_id, &event, Heard { amount: Some(payment.amount), ..Heard::default() }).await?.order();
            settled.map(|order| Charged::Paid(Box::new(order))).ok_or_else(|| Failure::fault("an order is gone, or its payment of another amount"))
        }
        PaymentStatus::Failed { code } => declined(cx, owner, order, code.clone()).await,
        PaymentStatus::Canceled => declined(cx, owner, order, "canceled".to_owned()).await,
        PaymentStatus::Processing => Ok(Charged::Pending(Box::new(order.clone()), None)),
        PaymentStatus::RequiresAction { url } => Ok(Charged::Pending(Box::new(order.clone()), url.clone())),
    }
}

async fn declined(cx: &Cx, owner: &Owner, order: &OrderRecord, code: String) -> Result<Charged, Failure> {
    let event = Event::Failed { attempt: order.order.attempt };
    let settled = settle(cx, owner, &order.order_id, &event, Heard { why: Some(&code), ..Heard::default() })
        .await?
        .order()
        .ok_or_else(|| Failure::fault("an order is gone"))?;
    // Somebody may have heard of a payment before.
    Ok(if settled.order.state == State::Paid { Charged::Paid(Box::new(settled)) } else { Charged::Declined(Box::new(settled), code) })
}

/// Finds out what became of a charge of which nothing was heard: by the payments of the customer, never by another charge.
///
/// # Errors
/// [`Failure`] of the store; a fault where the provider does not say.
pub async fn resolve(cx: &Cx, owner: &Owner, records: &CustomerRecords, order: &OrderRecord) -> Result<Charged, Failure> {
    let Some(payer) = &records.payer else { return Err(Failure::fault("an order is being charged to nobody")) };
    let since = order.order.charging_since.unwrap_or(order.placed_at);
    let payments = provider(cx)?.payments(payer, since).await.map_err(|error| Failure::fault(format!("payments cannot be looked up: {error}")))?;
    let attempt = order.order.attempt.to_string();
    let is_this = |payment: &&Payment| payment.metadata.get(ORDER) == Some(&order.order_id) && payment.metadata.get(ATTEMPT) == Some(&attempt);
    let of_this: Vec<&Payment> = payments.iter().filter(is_this).collect();
    let taken = of_this.iter().find(|payment| payment.status == PaymentStatus::Succeeded);
    match taken.or(of_this.first()) {
        Some(payment) if matches!(payment.status, PaymentStatus::RequiresAction { .. }) => {
            // Nobody has come to confirm it: it is called off, so that nobody can later.
            let called_off = provider(cx)?.cancel(&payment.id).await.map_err(|error| Failure::fault(format!("a payment cannot be called off: {error}")))?;
            heard(cx, owner, order, &called_off).await
        }
        Some(payment) => heard(cx, owner, order, payment).await,
        // It never arrived: what still renews by itself is charged all the same, under its own key, for as long as the provider knows that.
        None if still_renews(records, order) && order.order.key_holds(cx.now, &cx.policy().order) => charge(cx, owner, payer, order, None).await,
        None => {
            let outcome = declined(cx, owner, order, "not-charged".to_owned()).await?;
            if let Charged::Declined(order, _) = &outcome
                && order.automatic
                && !can_be_given(records, order)
            {
                // Such as of an identity that was revoked meanwhile: there is nothing left to pay for.
                settle(cx, owner, &order.order_id, &Event::Cancel, Heard::default()).await?;
            }
            Ok(outcome)
        }
    }
}

/// Whether an order is of an automatic renewal that its customer still wants, by the same payment method, and that can still be given (61).
fn still_renews(records: &CustomerRecords, order: &OrderRecord) -> bool {
    let service = records.services.iter().find(|service| service.service_id == order.service_id);
    let is_wanted = service.is_some_and(|service| service.auto_renewal && service.renewal_method == order.method);
    order.automatic && is_wanted && can_be_given(records, order)
}

/// Gives the payments back that an order did not need; answers how many.
///
/// # Errors
/// [`Failure`] of the store; a fault where the provider does not do it, so that it is tried again.
pub async fn give_back(cx: &Cx, owner: &Owner, order: &OrderRecord) -> Result<u32, Failure> {
    let (mut done, mut failed) = (0, None);
    for (payment, _) in order.order.refunds.iter().filter(|(_, refund)| **refund == Refund::Due) {
        let attempt = order.order.refund_attempt(payment);
        let key = refund_key(payment, attempt);
        let (pk, number) = (owner.pk(), attempt.to_string());
        let metadata = [(OWNER, pk.as_str()), (ORDER, order.order_id.as_str()), (REFUND, number.as_str())];
        let answered = provider(cx)?.refund(payment, &key, &metadata).await;
        let event = match answered {
            Ok(true) => Event::Refunded { payment: payment.clone(), attempt },
            // The provider pays out later: its message tells how that ended.
            Ok(false) => continue,
            Err(PaymentError::Declined { code, .. }) => {
                error!(request_id = cx.request_id, order = order.order_id, code, "a payment could not be given back, and will be tried again");
                Event::RefundFailed { payment: payment.clone(), attempt }
            }
            // The other payments of the order do not wait for this one.
            Err(error) => {
                failed = Some(Failure::fault(format!("a payment cannot be given back: {error}")));
                continue;
            }
        };
        settle(cx, owner, &order.order_id, &event, Heard::default()).await?;
        done += 1;
    }
    failed.map_or(Ok(done), Err)
}
