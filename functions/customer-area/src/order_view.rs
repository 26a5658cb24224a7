//! An order as its customer sees it (rule 65).

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::Code;
use sportello_rules::identity::IdentityType;
use sportello_rules::order::{Item, Refund, State};
use sportello_rules::service::{CredentialKind, Refusal};
use sportello_runtime::Failure;
use sportello_runtime::ordering::can_be_given;
use sportello_store::record::{CustomerRecords, OrderRecord};

/// What is ordered.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A new identity.
    Identity,
    /// A further credential.
    Credential,
    /// The renewal of an identity.
    IdentityRenewal,
    /// The renewal of a credential.
    CredentialRenewal,
}

/// An order.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Public id.
    order_id: String,
    /// What is ordered.
    subject: Subject,
    /// Type of the new identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ["personal", "minor", "professional", "business", null]))]
    r#type: Option<IdentityType>,
    /// The credential, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    credential: Option<CredentialKind>,
    /// The service; a new identity's comes about when the order is paid.
    service_id: String,
    /// What the service is called.
    offer: String,
    /// The last day that a renewal moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    renews_from: Option<Date>,
    /// Price without VAT, in euro cents.
    net_cents: u64,
    /// VAT, in euro cents.
    vat_cents: u64,
    /// Rate of VAT in hundredths of a percent.
    vat_basis_points: u32,
    /// What is to be paid, in euro cents.
    gross_cents: u64,
    /// Where it stands; `charging` while a payment is under way.
    #[schemars(with = "String", extend("enum" = ["unpaid", "charging", "paid", "cancelled", "expired"]))]
    state: State,
    /// When it was placed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    placed_at: Timestamp,
    /// Until when it can be paid.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pay_by: Option<Timestamp>,
    /// When it was paid.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    paid_at: Option<Timestamp>,
    /// Whether the automatic renewal placed it, or charged it last, and not the customer.
    automatic: bool,
    /// Why the last payment took nothing, by the payment provider's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    declined: Option<String>,
    /// The invoice's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<String>,
    /// Whether money is, or was, given back.
    refunded: Refunded,
    /// Whether it can be paid now.
    can_pay: bool,
    /// Whether it can be cancelled now.
    can_cancel: bool,
}

/// Whether money is given back.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Refunded {
    /// None is.
    No,
    /// It will be.
    Due,
    /// It was.
    Done,
}

/// The view of one of a customer's orders: what cannot be given any more cannot be paid (rule 36).
pub fn view_among(records: &CustomerRecords, order: OrderRecord, now: Timestamp) -> Order {
    let given = can_be_given(records, &order);
    let order = view(order, now);
    Order { can_pay: order.can_pay && given, ..order }
}

/// The view of an order at an instant.
pub fn view(order: OrderRecord, now: Timestamp) -> Order {
    let (subject, r#type, credential) = match order.item {
        Item::Identity(kind) => (Subject::Identity, Some(kind), None),
        Item::Credential(kind) => (Subject::Credential, None, Some(kind)),
        Item::IdentityRenewal => (Subject::IdentityRenewal, None, None),
        Item::CredentialRenewal(kind) => (Subject::CredentialRenewal, None, Some(kind)),
    };
    let refunds = &order.order.refunds;
    let refunded = match (refunds.is_empty(), refunds.values().any(|refund| *refund == Refund::Due)) {
        (true, _) => Refunded::No,
        (false, true) => Refunded::Due,
        (false, false) => Refunded::Done,
    };
    let unpaid = order.order.state == State::Unpaid;
    Order {
        order_id: order.order_id,
        subject,
        r#type,
        credential,
        service_id: order.service_id,
        offer: order.offer,
        renews_from: order.period,
        net_cents: order.net_cents,
        vat_cents: order.gross_cents.saturating_sub(order.net_cents),
        vat_basis_points: order.vat_basis_points,
        gross_cents: order.gross_cents,
        state: order.order.state_at(now),
        placed_at: order.placed_at,
        pay_by: order.order.pay_by.filter(|_| unpaid),
        paid_at: order.order.paid_at,
        automatic: order.automatic,
        declined: order.declined,
        invoice: order.invoice.map(|invoice| invoice.number),
        refunded,
        can_pay: unpaid && order.order.pay_by.is_none_or(|until| now < until),
        can_cancel: unpaid,
    }
}

/// The answer to what the state of a service forbids (rules 59-64).
pub fn forbidden(refusal: Refusal) -> Failure {
    let code = match refusal {
        Refusal::AlreadyCancelled => Code::AlreadyCancelled,
        Refusal::IdentityRevoked => Code::IdentityRevoked,
        Refusal::NotActive => Code::NotActive,
        Refusal::IdentitySuspended => Code::IdentitySuspended,
        Refusal::RevokeFirst => Code::RevokeFirst,
        Refusal::RenewalIsFree => Code::RenewalIsFree,
        Refusal::RenewalIsAutomatic => Code::RenewalIsAutomatic,
        Refusal::NotYetDue => Code::NotYetDue,
        Refusal::DoesNotExpire => Code::DoesNotExpire,
        Refusal::Level3NotForMinors => Code::LevelNotForMinors,
        Refusal::NotForSale | Refusal::NothingToAdd => Code::NotForSale,
        Refusal::AlreadyHeld => Code::CredentialHeld,
    };
    code.into()
}
