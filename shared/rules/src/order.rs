//! An order as a state machine, and the keys under which its charges are asked for (rules 61, 65).

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::add_days;
use crate::identity::IdentityType;
use crate::policy::OrderPolicy;
use crate::renewal::name;
use crate::service::CredentialKind;

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "item", content = "of", rename_all = "kebab-case")]
pub enum Item {
    /// A new identity of a type.
    Identity(IdentityType),
    /// A further credential (64).
    Credential(CredentialKind),
    /// The renewal of the identity (60, 61).
    IdentityRenewal,
    /// The renewal of one credential (60, 61).
    CredentialRenewal(CredentialKind),
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It waits for its payment.
    Unpaid,
    /// A charge was, or is about to be, asked of the payment provider; what came of it is not known here yet.
    Charging,
    /// It is paid, and what was bought is given.
    Paid,
    /// The customer cancelled it.
    Cancelled,
    /// It was not paid in time.
    Expired,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Unpaid, Self::Charging, Self::Paid, Self::Cancelled, Self::Expired];
}

/// A payment that is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refund {
    /// It has to be given back.
    Due,
    /// It was given back.
    Done,
}

/// What the rules know of an order.
///
/// However its events come, often or late and in whatever order, it is given at most one payment to keep, what was bought is given exactly when it is, and
/// every other payment that was heard of stands among the refunds. Withdrawing within the days of the right gives that one payment back too, and so does
/// cancelling what was bought before it was active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Where it stands.
    pub state: State,
    /// Number of the current or next charge, from 1.
    pub attempt: u32,
    /// Until when it may be paid, exclusive; none where there is no limit.
    pub pay_by: Option<Timestamp>,
    /// Since when the charge under way is open.
    pub charging_since: Option<Timestamp>,
    /// The payment that paid it; none where it was free of charge.
    pub payment: Option<String>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// How often the provider could not give a payment back after all, by the payment: each new try has a key of its own.
    #[serde(default, rename = "refund_tries", skip_serializing_if = "BTreeMap::is_empty")]
    pub refund_failures: BTreeMap<String, u32>,
    /// Payments that are given back: those that the order did not need, and the one that paid it where the customer withdrew or cancelled (62).
    pub refunds: BTreeMap<String, Refund>,
}

impl Order {
    /// Number of the current or next try at giving a payment back, from 0.
    #[must_use]
    pub fn refund_attempt(&self, payment: &str) -> u32 {
        self.refund_failures.get(payment).copied().unwrap_or_default()
    }

    /// Where it stands at `now`, as it is shown (rule 4): one whose time is over has expired, although the job that writes it down is still to come.
    /// Until then it may still be cancelled, and money that arrives still pays it.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> State {
        if self.state == State::Unpaid && self.is_over(now) { State::Expired } else { self.state }
    }

    /// Whether the charge under way may be asked for again at `now` under its own key, which finds out what came of it and cannot take the money twice.
    /// Afterwards the provider may have forgotten the key and would charge anew: then the payment is looked up and never asked for.
    #[must_use]
    pub fn key_holds(&self, now: Timestamp, policy: &OrderPolicy) -> bool {
        let hours = SignedDuration::from_hours(i64::from(policy.key_hours));
        self.state == State::Charging && self.charging_since.and_then(|since| since.checked_add(hours).ok()).is_some_and(|end| now < end)
    }

    /// Whether whoever pays may ask for the charge under way again at `now`: not any more when its fate is about to be looked up, so that nothing is
    /// still on its way to the provider while the order is told that nothing was taken.
    #[must_use]
    pub fn asks_again(&self, now: Timestamp, policy: &OrderPolicy) -> bool {
        let minutes = SignedDuration::from_mins(i64::from(policy.resolve_minutes.saturating_sub(policy.quiet_minutes)));
        let end = self.charging_since.and_then(|since| since.checked_add(minutes).ok());
        self.key_holds(now, policy) && end.is_some_and(|end| now < end)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.pay_by.is_some_and(|until| now >= until)
    }
}

/// What happens to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A charge is about to be asked of the provider.
    Charge,
    /// The provider took the money, as it answers, tells or is asked.
    Succeeded {
        /// The provider's id of the payment.
        payment: String,
    },
    /// A charge took nothing and never will.
    Failed {
        /// Its number.
        attempt: u32,
    },
    /// The customer cancels.
    Cancel,
    /// The customer withdraws from what was bought, within the days of the right to (62, 63).
    Withdraw,
    /// The service that it bought is cancelled before it was ever active, and the order with it (62).
    Annul,
    /// Its time may be over.
    Expire,
    /// The provider gave a payment back.
    Refunded {
        /// The provider's id of the payment.
        payment: String,
        /// Which try it was, from 0: what is told of an earlier one says nothing of this.
        attempt: u32,
    },
    /// The provider could not give a payment back, also after it had said that it would.
    RefundFailed {
        /// The provider's id of the payment.
        payment: String,
        /// Which try it was, from 0.
        attempt: u32,
    },
}

/// What comes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It was known: there is nothing to write.
    Same,
    /// Something changes.
    Changed {
        /// The order from now on.
        order: Order,
        /// Whether what was bought is given, in the same commit.
        fulfil: bool,
        /// The payment that has to be given back.
        refund: Option<String>,
    },
}

/// Why an event is refused. The serialised name is [`Refusal::code`] and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It is paid.
    #[error("the order is paid")]
    AlreadyPaid,
    /// It was cancelled.
    #[error("the order is cancelled")]
    AlreadyCancelled,
    /// It was not paid in time.
    #[error("the order was not paid in time")]
    OrderExpired,
    /// What came of a charge is not known yet.
    #[error("a payment is in progress")]
    PaymentInProgress,
    /// Its time is not over.
    #[error("the order may still be paid")]
    NotYetDue,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 5] = [Self::AlreadyPaid, Self::AlreadyCancelled, Self::OrderExpired, Self::PaymentInProgress, Self::NotYetDue];

    /// The stable code of the reason (rule 65).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyPaid => "already-paid",
            Self::AlreadyCancelled => "already-cancelled",
            Self::OrderExpired => "order-expired",
            Self::PaymentInProgress => "payment-in-progress",
            Self::NotYetDue => "not-yet-due",
        }
    }
}

/// A new order at `now`, to be paid within the policy's days of 86,400 s (rule 61).
#[must_use]
pub fn placed(now: Timestamp, policy: &OrderPolicy) -> Order {
    Order {
        state: State::Unpaid,
        attempt: 1,
        pay_by: Some(add_days(now, policy.pay_within_days)),
        charging_since: None,
        payment: None,
        paid_at: None,
        refund_failures: BTreeMap::new(),
        refunds: BTreeMap::new(),
    }
}

/// What an event makes of an order at `now` (rules 61, 65).
///
/// What the provider tells is never refused, for it has happened: money that arrived counts for an order that still waits for it, however late, and is
/// given back by every other. What is known already changes nothing, so that the same may be heard any number of times. Nothing undoes a payment:
/// a failure of the charge under way ends that charge alone.
///
/// A charge that is under way is not begun again: [`Step::Same`] says that the same one may be asked for under the same key, as long as
/// [`Order::key_holds`].
///
/// # Errors
/// [`Refusal`], where a charge, a cancellation or an expiry is not possible in the order's state.
pub fn apply(order: &Order, event: &Event, now: Timestamp) -> Result<Step, Refusal> {
    let is_over = order.is_over(now);
    let changed = |order: Order| Ok(Step::Changed { order, fulfil: false, refund: None });
    match (event, order.state) {
        (Event::Charge, State::Unpaid) if is_over => Err(Refusal::OrderExpired),
        (Event::Charge, State::Unpaid) => changed(Order { state: State::Charging, charging_since: Some(now), ..order.clone() }),
        (Event::Charge, State::Charging) => Ok(Step::Same),
        (Event::Charge | Event::Cancel, State::Paid) => Err(Refusal::AlreadyPaid),
        (Event::Charge | Event::Cancel, State::Cancelled) => Err(Refusal::AlreadyCancelled),
        (Event::Charge | Event::Cancel, State::Expired) => Err(Refusal::OrderExpired),
        (Event::Cancel, State::Unpaid) => changed(Order { state: State::Cancelled, ..order.clone() }),
        (Event::Cancel | Event::Expire, State::Charging) => Err(Refusal::PaymentInProgress),
        (Event::Expire, State::Unpaid) if is_over => changed(Order { state: State::Expired, ..order.clone() }),
        (Event::Expire, State::Unpaid) => Err(Refusal::NotYetDue),
        (Event::Expire, State::Paid | State::Cancelled | State::Expired) => Ok(Step::Same),
        (Event::Withdraw, State::Paid) => match &order.payment {
            Some(payment) if !order.refunds.contains_key(payment) => {
                let (payment, mut order) = (payment.clone(), order.clone());
                order.refunds.insert(payment.clone(), Refund::Due);
                Ok(Step::Changed { order, fulfil: false, refund: Some(payment) })
            }
            // It was free of charge, or is given back already.
            Some(_) | None => Ok(Step::Same),
        },
        (Event::Annul, State::Paid) => {
            let refund = order.payment.clone().filter(|payment| !order.refunds.contains_key(payment));
            let mut order = Order { state: State::Cancelled, ..order.clone() };
            order.refunds.extend(refund.clone().map(|payment| (payment, Refund::Due)));
            Ok(Step::Changed { order, fulfil: false, refund })
        }
        // Nothing was bought.
        (Event::Withdraw | Event::Annul, State::Unpaid | State::Charging | State::Cancelled | State::Expired) => Ok(Step::Same),
        (Event::Succeeded { payment }, state) => Ok(succeeded(order, state, payment, now)),
        (Event::Failed { attempt }, State::Charging) if *attempt == order.attempt => {
            changed(Order { state: State::Unpaid, attempt: order.attempt.saturating_add(1), charging_since: None, ..order.clone() })
        }
        (Event::Failed { .. }, _) => Ok(Step::Same),
        (Event::Refunded { payment, attempt } | Event::RefundFailed { payment, attempt }, _) if *attempt != order.refund_attempt(payment) => Ok(Step::Same),
        (Event::RefundFailed { payment, .. }, _) => {
            if !order.refunds.contains_key(payment) {
                return Ok(Step::Same);
            }
            let mut order = order.clone();
            *order.refund_failures.entry(payment.clone()).or_default() += 1;
            order.refunds.insert(payment.clone(), Refund::Due);
            Ok(Step::Changed { order, fulfil: false, refund: Some(payment.clone()) })
        }
        (Event::Refunded { payment, .. }, _) => match order.refunds.get(payment) {
            Some(Refund::Due) => {
                let mut order = order.clone();
                order.refunds.insert(payment.clone(), Refund::Done);
                changed(order)
            }
            Some(Refund::Done) | None => Ok(Step::Same),
        },
    }
}

fn succeeded(order: &Order, state: State, payment: &str, now: Timestamp) -> Step {
    let known = order.payment.as_deref() == Some(payment) || order.refunds.contains_key(payment);
    match state {
        _ if known => Step::Same,
        State::Unpaid | State::Charging => {
            let paid = Order { state: State::Paid, charging_since: None, payment: Some(payment.to_owned()), paid_at: Some(now), ..order.clone() };
            Step::Changed { order: paid, fulfil: true, refund: None }
        }
        State::Paid | State::Cancelled | State::Expired => {
            let mut order = order.clone();
            order.refunds.insert(payment.to_owned(), Refund::Due);
            Step::Changed { order, fulfil: false, refund: Some(payment.to_owned()) }
        }
    }
}

/// The key under which one charge of an order is asked for. No two charges share one: the id stands behind its length, so nothing in it reads as a number.
#[must_use]
pub fn charge_key(order_id: &str, attempt: u32) -> String {
    format!("order:{}:{order_id}:{attempt}", order_id.len())
}

/// The key under which a payment is given back; after it could not be, the next try has another one.
#[must_use]
pub fn refund_key(payment: &str, failures: u32) -> String {
    if failures == 0 { format!("refund-{payment}") } else { format!("refund-{payment}-{failures}") }
}

/// The key under which the automatic renewal of one period of a service is charged (rule 61), whichever order it belongs to: two runs that place an order
/// each still charge once. `from` is the last day that is moved. No two periods, things or services share one, nor does a [`charge_key`].
#[must_use]
pub fn renewal_key(service_id: &str, item: Item, from: Date) -> String {
    let what = match item {
        Item::IdentityRenewal => name(None).to_owned(),
        Item::CredentialRenewal(kind) => name(Some(kind)).to_owned(),
        // Neither is a renewal: they are told apart, so that the keys of all items differ.
        Item::Credential(kind) => format!("new-{}", name(Some(kind))),
        Item::Identity(kind) => format!("new-identity-{}", kind as u8),
    };
    format!("renewal:{}:{service_id}:{what}:{from}", service_id.len())
}

#[cfg(test)]
mod machine;
#[cfg(test)]
mod money;
#[cfg(test)]
mod tests;
