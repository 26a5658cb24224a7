//! Who calls: each level of access authenticates in the same read that brings the caller's records.

use std::future::Future;

use sportello_contract::problem::Code;
use sportello_contract::spec::{Level, Spec};
use sportello_rules::identity::{IdentityState, Status, SuspensionReason};
use sportello_rules::throttle::Gate;
use sportello_store::key::{Owner, OwnerKind};
use sportello_store::record::{AuthRecord, CustomerRecords, HolderRecords, SessionRecord};

use crate::session::Presented;
use crate::{Cx, Failure};

/// A level of access: what it asks for, and what it tells of the caller.
pub trait Access: Send + Sync + 'static {
    /// The level, for the documents.
    const LEVEL: Level;
    /// What `handle` gets to know.
    type Actor: Send;

    /// Authenticates the bearer of a token.
    fn authenticate(cx: &Cx, spec: &Spec, token: Option<&str>) -> impl Future<Output = Result<Self::Actor, Failure>> + Send;

    /// The partition key that a token names, or the caller's address, before anything is read; it keeps callers' idempotency keys apart.
    #[must_use]
    fn caller(token: Option<&str>, address: &str) -> String {
        let kind = match Self::LEVEL {
            Level::Anyone => return address.to_owned(),
            Level::Customer => OwnerKind::Customer,
            Level::Holder | Level::HolderHighest => OwnerKind::Holder,
            // Who calls is no owner; no internal operation honours a key yet.
            Level::Internal | Level::PaymentProvider => return String::new(),
        };
        token.and_then(|token| Presented::parse(token, kind)).map(|presented| presented.owner.pk()).unwrap_or_default()
    }
}

/// Nobody signs in.
pub struct Anyone;

impl Access for Anyone {
    const LEVEL: Level = Level::Anyone;
    type Actor = ();

    async fn authenticate(_: &Cx, _: &Spec, _: Option<&str>) -> Result<(), Failure> {
        Ok(())
    }
}

/// A service of the provider's own: the gateway has checked its signature, and says so in its own context. A bearer's token is nothing here.
pub struct Internal;

impl Access for Internal {
    const LEVEL: Level = Level::Internal;
    type Actor = ();

    async fn authenticate(cx: &Cx, _: &Spec, _: Option<&str>) -> Result<(), Failure> {
        if cx.signer.is_some() { Ok(()) } else { Err(Code::Unauthenticated.into()) }
    }
}

/// The payment provider: its signature over the body is the only proof of who calls, and says how old the message is.
pub struct PaymentProvider;

impl Access for PaymentProvider {
    const LEVEL: Level = Level::PaymentProvider;
    type Actor = sportello_payments::Event;

    async fn authenticate(cx: &Cx, _: &Spec, _: Option<&str>) -> Result<sportello_payments::Event, Failure> {
        let Some(webhook) = &cx.webhook else { return Err(Code::WebhookRefused.into()) };
        let tolerance = jiff::SignedDuration::from_secs(i64::from(cx.policy().order.webhook_seconds));
        let secrets = &cx.app.webhook_secrets;
        sportello_payments::verify(&webhook.signature, &webhook.body, secrets, cx.now, tolerance).map_err(|_| Code::WebhookRefused.into())
    }
}

/// A customer's session.
pub struct Customer;

/// A customer who signed in, with everything that is kept of them.
pub struct CustomerActor {
    /// Key of the collection.
    pub owner: Owner,
    /// The session of this request.
    pub session: SessionRecord,
    /// The collection.
    pub records: CustomerRecords,
}

impl Access for Customer {
    const LEVEL: Level = Level::Customer;
    type Actor = CustomerActor;

    async fn authenticate(cx: &Cx, _: &Spec, token: Option<&str>) -> Result<CustomerActor, Failure> {
        let presented = token.and_then(|token| Presented::parse(token, OwnerKind::Customer)).ok_or(Code::Unauthenticated)?;
        let records = cx.store.customer(&presented.owner).await?.ok_or(Code::Unauthenticated)?;
        let session = presented.find(&records.sessions, records.account.epoch, cx.now).ok_or(Code::Unauthenticated)?.clone();
        Ok(CustomerActor { owner: presented.owner, session, records })
    }
}

/// A holder's session of any level.
pub struct Holder;

/// A holder's session of the highest level that is active (rule 18).
pub struct HolderHighest;

/// A holder who signed in, with everything that is kept of them.
pub struct HolderActor {
    /// Key of the collection.
    pub owner: Owner,
    /// The session of this request.
    pub session: SessionRecord,
    /// The collection.
    pub records: HolderRecords,
}

impl Access for Holder {
    const LEVEL: Level = Level::Holder;
    type Actor = HolderActor;

    async fn authenticate(cx: &Cx, spec: &Spec, token: Option<&str>) -> Result<HolderActor, Failure> {
        holder(cx, spec, token).await
    }
}

impl Access for HolderHighest {
    const LEVEL: Level = Level::HolderHighest;
    type Actor = HolderActor;

    async fn authenticate(cx: &Cx, spec: &Spec, token: Option<&str>) -> Result<HolderActor, Failure> {
        let actor = holder(cx, spec, token).await?;
        if actor.session.level < Some(actor.records.auth.highest_level(cx.now)) {
            return Err(Code::LevelTooLow.into());
        }
        Ok(actor)
    }
}

async fn holder(cx: &Cx, spec: &Spec, token: Option<&str>) -> Result<HolderActor, Failure> {
    let presented = token.and_then(|token| Presented::parse(token, OwnerKind::Holder)).ok_or(Code::Unauthenticated)?;
    let records = cx.store.holder(&presented.owner).await?.ok_or(Code::Unauthenticated)?;
    let session = presented.find(&records.sessions, records.auth.epoch, cx.now).ok_or(Code::Unauthenticated)?.clone();
    let status = effective_state(cx, &records.auth).status();
    if status == Status::Revoked || !spec.statuses.contains(&status) {
        return Err(Code::StatusNotAllowed.into());
    }
    Ok(HolderActor { owner: presented.owner, session, records })
}

/// The identity's state with what follows from the counters: a lock is a reason of suspension (rules 21, 35).
#[must_use]
pub fn effective_state(cx: &Cx, auth: &AuthRecord) -> IdentityState {
    let mut state = auth.state.at(cx.now, auth.requirements(), &cx.policy().identity);
    for tries in [auth.password_throttle(), auth.otp_throttle()] {
        if tries.gate(&cx.policy().throttle, cx.now) == Gate::Locked && state.revoked_at.is_none() {
            let since = tries.last_at.unwrap_or(cx.now);
            state.suspensions.entry(SuspensionReason::Lockout).or_insert(since);
        }
    }
    state
}
