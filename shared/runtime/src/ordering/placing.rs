//! Placing an order: its price, and that a service has one open order for each thing at a time.

use jiff::civil::Date;
use sportello_contract::hex::hex;
use sportello_contract::problem::Code;
use sportello_notify::Notice;
use sportello_rules::calendar::date_of;
use sportello_rules::identity::{IdentityType, Status};
use sportello_rules::order::{Item, State, placed};
use sportello_rules::price::{Product, price_at};
use sportello_rules::service::CredentialKind;
use sportello_store::commit::Commit;
use sportello_store::key::{ORDER, Owner};
use sportello_store::order::ServiceUpdate;
use sportello_store::record::{CustomerRecords, OrderRecord, ServiceRecord};

use super::order_due;
use crate::{Cx, Failure, entropy};

/// Bytes of an order's or a service's id.
const ID: usize = 10;

pub use sportello_rules::price::Price;

/// What is sold under an item of an order, of an identity's type.
const fn product(item: Item, kind: IdentityType) -> Product {
    match item {
        Item::Identity(kind) => Product::Identity(kind),
        Item::IdentityRenewal => Product::IdentityRenewal(kind),
        Item::Credential(kind) => Product::Credential(kind),
        Item::CredentialRenewal(kind) => Product::CredentialRenewal(kind),
    }
}

/// What something costs today.
///
/// # Errors
/// `not-for-sale` where the price list does not name it.
pub fn price_of(cx: &Cx, item: Item, kind: IdentityType) -> Result<Price, Code> {
    price_at(&cx.policy().prices, product(item, kind), date_of(cx.now)).ok_or(Code::NotForSale)
}

/// The open order of a service for the same thing, where there is one; one whose time is over is none, although the job that ends it is still to come.
#[must_use]
pub fn find_open<'a>(cx: &Cx, records: &'a CustomerRecords, service_id: &str, item: Item, period: Option<Date>) -> Option<&'a OrderRecord> {
    let is_open = |order: &&OrderRecord| matches!(order.order.state_at(cx.now), State::Unpaid | State::Charging);
    let same = |order: &&OrderRecord| order.service_id == service_id && order.item == item && order.period == period;
    records.orders.iter().filter(is_open).find(same)
}

/// Whether a customer leaves so many orders unpaid that no further one is taken.
#[must_use]
pub fn too_many_open(cx: &Cx, records: &CustomerRecords) -> bool {
    let open = records.orders.iter().filter(|order| order.order.state_at(cx.now) == State::Unpaid).count();
    u32::try_from(open).map_or(true, |open| open >= cx.policy().order.max_open)
}

/// Whether so many identities of a customer that cost nothing wait for their activation that no further one is given.
#[must_use]
pub fn too_many_waiting(cx: &Cx, records: &CustomerRecords) -> bool {
    let is_free = |service: &&ServiceRecord| matches!(service.kind, IdentityType::Personal | IdentityType::Minor);
    let waits = |service: &&ServiceRecord| service.status == Status::ToActivate && service.cancelled_at.is_none();
    let waiting = records.services.iter().filter(is_free).filter(waits).count();
    u32::try_from(waiting).map_or(true, |waiting| waiting >= cx.policy().order.max_open)
}

/// An order at today's price, not written yet.
///
/// # Errors
/// `not-for-sale`; a fault without random bytes.
pub fn new_order(cx: &Cx, owner: &Owner, item: Item, kind: IdentityType, service: Option<&ServiceRecord>) -> Result<OrderRecord, Failure> {
    let price = price_of(cx, item, kind)?;
    let order_id = format!("ord-{}", new_id(cx)?);
    let (service_id, offer) = match service {
        Some(service) => (service.service_id.clone(), service.offer.clone()),
        None => (format!("srv-{}", new_id(cx)?), offer_of(cx, kind)),
    };
    let period = match item {
        Item::Identity(_) | Item::Credential(_) => None,
        Item::IdentityRenewal => service.and_then(|service| service.expires_on),
        Item::CredentialRenewal(kind) => service.and_then(|service| expiry_of(service, kind)),
    };
    Ok(OrderRecord {
        pk: owner.pk(),
        sk: format!("{ORDER}{order_id}"),
        order_id,
        version: 1,
        item,
        service_id,
        offer,
        period,
        net_cents: price.net_cents,
        vat_basis_points: price.vat_basis_points,
        gross_cents: price.gross_cents,
        placed_at: cx.now,
        automatic: false,
        order: placed(cx.now, &cx.policy().order),
        method: None,
        charge_key: None,
        declined: None,
        invoice: None,
    })
}

/// What the service of a type is called.
#[must_use]
pub fn offer_of(cx: &Cx, kind: IdentityType) -> String {
    let kind = match kind {
        IdentityType::Personal => "Personale",
        IdentityType::Minor => "Minore",
        IdentityType::Professional => "Professionale",
        IdentityType::Business => "Aziendale",
    };
    format!("{} {kind}", cx.app.provider.name)
}

/// The last day of a credential of a service.
fn expiry_of(service: &ServiceRecord, kind: CredentialKind) -> Option<Date> {
    service.credentials.iter().find(|held| held.kind == kind).and_then(|held| held.expires_on)
}

/// Writes a new order and tells of it; one of a service is refused where the service has changed since it was read, so that nothing is ordered twice.
///
/// # Errors
/// A fault where the notice cannot be written as JSON.
pub fn place(cx: &Cx, commit: &mut Commit, owner: &Owner, order: &OrderRecord, service: Option<&ServiceRecord>) -> Result<(), Failure> {
    if let Some(service) = service {
        commit.update_service(ServiceUpdate::of(service));
    }
    commit.put_order(owner, order, order_due(cx, order));
    let notice = Notice::OrderPlaced {
        at: cx.now,
        order_id: order.order_id.clone(),
        item: order.item,
        offer: order.offer.clone(),
        gross_cents: order.gross_cents,
        pay_by: order.order.pay_by,
    };
    commit.notice(&format!("{}#{}", notice.kind(), order.order_id), owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    Ok(())
}

fn new_id(cx: &Cx) -> Result<String, Failure> {
    Ok(hex(entropy::bytes::<ID>(cx.entropy())?))
}
