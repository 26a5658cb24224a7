//! Orders and money: placing, charging, settling and giving back, in one place for whatever may bring a payment about (rules 61, 64, 65).
//!
//! An order is written as `Charging` before the provider is asked, and what was bought is given in the transaction that writes it as `Paid`. Whatever
//! fails in between leaves an order that says that a charge may be under way: whoever hears of the payment first settles it, everybody else finds it settled.

mod charging;
mod giving;
mod parties;
mod placing;
mod settling;

pub use charging::{Charged, begin, charge, give_back, resolve, rewrite};
pub use giving::{can_be_given, give};
pub use parties::Parties;
pub use placing::{Price, find_open, new_order, offer_of, place, price_of, too_many_open, too_many_waiting};
pub use settling::{Heard, Marker, Settled, settle};

use jiff::{SignedDuration, Timestamp};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Grant, Table, grant};
use sportello_payments::Client;
use sportello_rules::order::{Item, Refund, Refusal, State};
use sportello_rules::policy::Policy;
use sportello_rules::renewal::renewing;
use sportello_rules::service::{Credential, CredentialKind, ServiceFacts};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::record::{CustomerRecords, OrderRecord, ServiceDue, ServiceRecord};
use sportello_store::schema::{DUE_RENEWAL, DUE_SERVICE};

use crate::{Cx, Failure};

/// Metadata of a payment or a set-up: the customer's partition key.
pub const OWNER: &str = "owner";
/// Metadata of a payment: the order.
pub const ORDER: &str = "order";
/// Metadata of a payment: the number of the charge.
pub const ATTEMPT: &str = "attempt";

/// Metadata of a refund: which try it is.
pub const REFUND: &str = "refund";

/// What settling does to the tables.
pub const GRANTS: &[Grant] = &[
    grant(Table::Orders, Action::Query),
    grant(Table::Orders, Action::PutItem),
    grant(Table::Orders, Action::UpdateItem),
    grant(Table::Identities, Action::Query),
    grant(Table::Identities, Action::PutItem),
    grant(Table::Identities, Action::UpdateItem),
    grant(Table::Invoices, Action::GetItem),
    grant(Table::Invoices, Action::PutItem),
    grant(Table::Invoices, Action::UpdateItem),
    grant(Table::Outbox, Action::PutItem),
];

/// The payment provider.
///
/// # Errors
/// A fault where the deployment has none.
pub fn provider(cx: &Cx) -> Result<&Client, Failure> {
    cx.app.payments.as_ref().ok_or_else(|| Failure::fault("no payment provider is configured"))
}

/// When there is something to do about an order: it ends unpaid, a charge has to be looked up, a payment has to be given back.
#[must_use]
pub fn order_due(cx: &Cx, order: &OrderRecord) -> Option<Timestamp> {
    if order.order.refunds.values().any(|refund| *refund == Refund::Due) {
        return Some(cx.now);
    }
    let resolve = SignedDuration::from_mins(i64::from(cx.policy().order.resolve_minutes));
    match order.order.state {
        State::Unpaid => order.order.pay_by,
        State::Charging => order.order.charging_since.map(|since| since.saturating_add(resolve).unwrap_or(Timestamp::MAX)),
        State::Paid | State::Cancelled | State::Expired => None,
    }
}

/// The answer to what an order's state forbids.
#[must_use]
pub fn refused(refusal: Refusal) -> Code {
    match refusal {
        Refusal::AlreadyPaid => Code::AlreadyPaid,
        Refusal::AlreadyCancelled => Code::OrderCancelled,
        Refusal::OrderExpired => Code::OrderExpired,
        Refusal::PaymentInProgress => Code::PaymentInProgress,
        Refusal::NotYetDue => Code::ChangedMeanwhile,
    }
}

/// What the rules need to know of a service.
#[must_use]
pub fn facts(service: &ServiceRecord) -> ServiceFacts {
    ServiceFacts {
        kind: service.kind,
        status: service.status,
        cancelled: service.cancelled_at.is_some(),
        contract_at: service.contract_at,
        expires_on: service.expires_on,
        anchor_day: service.anchor_day,
        auto_renewal: service.auto_renewal,
        credentials: service.credentials.iter().map(|c| Credential::new(c.kind, c.expires_on)).collect(),
        charged: service.charged.clone(),
    }
}

/// The renewal of the identity, or of one of its credentials.
#[must_use]
pub fn renewal_of(credential: Option<CredentialKind>) -> Item {
    credential.map_or(Item::IdentityRenewal, Item::CredentialRenewal)
}

/// Sets when a service renews by itself next and that its expiries are looked at; for whatever changes its days or its renewal.
pub fn service_due(cx: &Cx, commit: &mut Commit, owner: &Owner, records: &CustomerRecords, service: &ServiceRecord) {
    let marks = records.due.get(&format!("{DUE_SERVICE}#{}", service.service_id)).cloned().unwrap_or_default();
    set_due(commit, owner, service, &marks, cx.policy(), cx.now);
}

/// The same for a new service, of which nothing was told yet.
pub fn begin_service(commit: &mut Commit, owner: &Owner, service: &ServiceRecord, policy: &Policy, now: Timestamp) {
    set_due(commit, owner, service, &ServiceDue::default(), policy, now);
}

fn set_due(commit: &mut Commit, owner: &Owner, service: &ServiceRecord, marks: &ServiceDue, policy: &Policy, now: Timestamp) {
    commit.service_due(owner, DUE_RENEWAL, &service.service_id, &ServiceDue::default(), renewal_due(service, policy, now));
    // The job finds out when there is something to tell: it knows what it has told.
    commit.service_due(owner, DUE_SERVICE, &service.service_id, marks, service.expires_on.map(|_| now));
}

/// When a service renews by itself, or is charged for it, next (rule 61).
#[must_use]
pub fn renewal_due(service: &ServiceRecord, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    renewing(&facts(service), &service.charged, now, &policy.service).into_iter().map(|renewing| renewing.at).min()
}
