//! Giving what was paid for, in the transaction in which the order becomes paid (rules 61, 64).

use jiff::civil::Date;
use sportello_contract::problem::Code;
use sportello_rules::calendar::date_of;
use sportello_rules::credential::Dates;
use sportello_rules::identity::{IdentityType, Status};
use sportello_rules::order::Item;
use sportello_rules::renewal::renewed_credential;
use sportello_rules::service::{CredentialKind, adding, renewed_expiry};
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::{Owner, SERVICE};
use sportello_store::order::ServiceUpdate;
use sportello_store::record::{CustomerRecords, HolderRecords, OrderRecord, ServiceCredential, ServiceRecord, StoredCredential};

use super::{facts, service_due};
use crate::{Cx, Failure, due};

/// What the customer has of it.
pub enum Given {
    /// What was bought, with its new last day where there is one.
    Given(Option<Date>),
    /// It cannot be given any more: the money goes back.
    Impossible,
}

/// Adds to a commit what an order buys.
///
/// # Errors
/// [`Failure`] of the store, or a fault of the records.
pub async fn give(cx: &Cx, commit: &mut Commit, owner: &Owner, records: &CustomerRecords, order: &OrderRecord) -> Result<Given, Failure> {
    if let Item::Identity(kind) = order.item {
        let service = new_service(cx, owner, order, kind);
        commit.create_service(&service);
        return Ok(Given::Given(None));
    }
    let Some(service) = records.services.iter().find(|service| service.service_id == order.service_id) else {
        return Ok(Given::Impossible);
    };
    if service.cancelled_at.is_some() || matches!(service.status, Status::Revoked | Status::ToActivate) {
        return Ok(Given::Impossible);
    }
    let holder = service.identity.as_deref().and_then(Owner::from_pk).ok_or_else(|| Failure::fault("an active service without identity"))?;
    let identity = cx.store.holder(&holder).await?.ok_or_else(|| Failure::fault("a service of no identity"))?;
    if identity.auth.state.revoked_at.is_some() {
        return Ok(Given::Impossible);
    }
    let mut changed = service.clone();
    let day = match order.item {
        Item::Identity(_) => None,
        // What it was to move has been moved, or is another one by now.
        Item::IdentityRenewal | Item::CredentialRenewal(_) if !is_of_its_day(service, order) => None,
        Item::IdentityRenewal => renew_identity(cx, commit, &holder, &identity, &mut changed),
        Item::Credential(kind) => add_credential(cx, commit, (&holder, &identity), &mut changed, kind),
        Item::CredentialRenewal(kind) => renew_credential(cx, commit, (&holder, &identity), &mut changed, kind),
    };
    let Some(day) = day else { return Ok(Given::Impossible) };
    let mut update = ServiceUpdate::of(service).credentials(&changed.credentials, &changed.anchors);
    if let Some(expires_on) = changed.expires_on {
        update = update.expires_on(expires_on);
    }
    commit.update_service(update);
    service_due(cx, commit, owner, records, &changed);
    Ok(Given::Given(Some(day)))
}

/// Whether an order can be given as things stand: its service lives, and what a renewal moves is what it was ordered for.
#[must_use]
pub fn can_be_given(records: &CustomerRecords, order: &OrderRecord) -> bool {
    let Item::Identity(_) = order.item else {
        let service = records.services.iter().find(|service| service.service_id == order.service_id);
        let lives = |service: &&ServiceRecord| service.cancelled_at.is_none() && !matches!(service.status, Status::Revoked | Status::ToActivate);
        return service.filter(lives).is_some_and(|service| match order.item {
            Item::Credential(kind) => !service.credentials.iter().any(|held| held.kind == kind),
            Item::Identity(_) | Item::IdentityRenewal | Item::CredentialRenewal(_) => is_of_its_day(service, order),
        });
    };
    true
}

/// Whether a renewal's last day is still the one that it was ordered to move.
fn is_of_its_day(service: &ServiceRecord, order: &OrderRecord) -> bool {
    let day = match order.item {
        Item::CredentialRenewal(kind) => service.credentials.iter().find(|held| held.kind == kind).and_then(|held| held.expires_on),
        Item::IdentityRenewal | Item::Identity(_) | Item::Credential(_) => service.expires_on,
    };
    day.is_some() && day == order.period
}

/// The service of a new identity: it waits for its registration (rule 67).
fn new_service(cx: &Cx, owner: &Owner, order: &OrderRecord, kind: IdentityType) -> ServiceRecord {
    ServiceRecord {
        pk: owner.pk(),
        sk: format!("{SERVICE}{}", order.service_id),
        service_id: order.service_id.clone(),
        version: 1,
        identity: None,
        kind,
        status: Status::ToActivate,
        offer: order.offer.clone(),
        order_id: order.order_id.clone(),
        // The contract stands when it is paid, which is never earlier than what the customer may count from (rule 63).
        contract_at: cx.now,
        expires_on: None,
        anchor_day: 1,
        auto_renewal: false,
        credentials: Vec::new(),
        cancelled_at: None,
        renewal_method: None,
        charged: std::collections::BTreeMap::new(),
        anchors: std::collections::BTreeMap::new(),
        withdrawal: None,
    }
}

fn renew_identity(cx: &Cx, commit: &mut Commit, holder: &Owner, identity: &HolderRecords, service: &mut ServiceRecord) -> Option<Date> {
    let old = service.expires_on?;
    let day = renewed_expiry(old, service.anchor_day, service.kind, &cx.policy().service);
    service.expires_on = Some(day);
    commit.update_auth(of(holder, identity).expires_on(day), Code::ChangedMeanwhile);
    Some(day)
}

fn add_credential(
    cx: &Cx,
    commit: &mut Commit,
    (holder, identity): (&Owner, &HolderRecords),
    service: &mut ServiceRecord,
    kind: CredentialKind,
) -> Option<Date> {
    let held = identity.auth.credentials.iter().any(|credential| credential.kind == kind && credential.dates.revoked_at.is_none());
    // A suspension that came after the purchase hinders nobody from having what was paid for: it waits to be activated.
    let mut as_active = facts(service);
    as_active.status = Status::Active;
    if held || adding(&as_active, kind).is_err() {
        return None;
    }
    let bought = date_of(cx.now);
    let day = renewed_credential(bought, bought.day(), &cx.policy().service);
    service.credentials.push(ServiceCredential { kind, expires_on: Some(day) });
    // A term that ends in a shorter month does not lose the day.
    service.anchors.insert(kind, bought.day());
    let mut after = identity.auth.clone();
    after.credentials.push(StoredCredential::new(kind, Dates { expires_on: Some(day), ..Dates::default() }));
    write(cx, commit, (holder, identity), &after);
    Some(day)
}

fn renew_credential(
    cx: &Cx,
    commit: &mut Commit,
    (holder, identity): (&Owner, &HolderRecords),
    service: &mut ServiceRecord,
    kind: CredentialKind,
) -> Option<Date> {
    let shown = service.credentials.iter_mut().find(|held| held.kind == kind)?;
    let old = shown.expires_on?;
    let anchor = *service.anchors.entry(kind).or_insert_with(|| old.day());
    let day = renewed_credential(old, anchor, &cx.policy().service);
    shown.expires_on = Some(day);
    let mut after = identity.auth.clone();
    // Of one that is over and its successor, the one that lasts longest: it is what is shown.
    let of_kind = after.credentials.iter_mut().filter(|credential| credential.kind == kind && credential.dates.revoked_at.is_none());
    let kept = of_kind.max_by_key(|credential| credential.dates.expires_on.unwrap_or(Date::MAX))?;
    kept.dates.expires_on = Some(day);
    write(cx, commit, (holder, identity), &after);
    Some(day)
}

fn write(cx: &Cx, commit: &mut Commit, (holder, identity): (&Owner, &HolderRecords), after: &sportello_store::record::AuthRecord) {
    commit.update_auth(of(holder, identity).credentials(&after.credentials), Code::ChangedMeanwhile);
    due::credentials(commit, holder, identity, after, cx);
}

fn of(holder: &Owner, identity: &HolderRecords) -> AuthUpdate {
    Commit::auth(holder).version(identity.auth.version)
}
