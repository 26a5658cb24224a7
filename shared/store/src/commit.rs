//! The one transaction that commits a change: state and notices together, under the conditions on which it was decided.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Grant, Table, grant};
use sportello_rules::identity::{IdentityState, IdentityType, Status};
use sportello_rules::service::CredentialKind;
use sportello_rules::token::Position;

use crate::key::{self, Owner};
use crate::meter::Kind;
use crate::record::{
    AccountRecord, CodeDay, DueMarks, Enrolment, FormerPassword, KeptCode, PasswordDue, PendingAddress, SealedProfile, SentWithdrawal, ServiceCredential,
    ServiceRecord, ServiceRef, SessionRecord, StoredCode, StoredCredential, StoredPassword, StoredToken, StoredTotp,
};
use crate::value::{Item, ms, n, s};
use crate::{Store, StoreError, unavailable};

/// One write of a transaction, and what to answer when its condition does not hold.
#[derive(Debug, Clone)]
enum Write {
    Put { table: Table, item: Item, over: Over },
    Update(Box<Updating>),
    Delete { table: Table, pk: String, sk: Option<String>, condition: Option<&'static str> },
    DeleteVersion { table: Table, pk: String, sk: String, version: u64 },
    DeleteOwn { table: Table, pk: String, name: &'static str, value: String },
}

#[derive(Debug, Clone)]
pub(crate) struct Updating {
    table: Table,
    pk: String,
    /// None in a table without sort key.
    sk: Option<String>,
    sets: Vec<String>,
    removes: Vec<String>,
    pub(crate) conditions: Vec<String>,
    names: Vec<(String, String)>,
    pub(crate) values: Vec<(String, AttributeValue)>,
}

/// What a put may replace.
#[derive(Debug, Clone)]
pub(crate) enum Over {
    /// Whatever stands there.
    Anything,
    /// Nothing: it must be new.
    Nothing,
    /// Only the item whose `until` is this.
    Until(String),
    /// Only an item with this attribute.
    Same(&'static str, String),
    /// Only an item that is over: whose attribute is under this number.
    Under(&'static str, i64),
    /// Only the item with this version.
    Version(u64),
    /// Nothing, or an item with this attribute.
    NothingOr(&'static str, String),
    /// Nothing, or an item without this attribute.
    Without(&'static str),
}

/// Writes that happen together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    writes: Vec<(Write, Code)>,
    failed: Option<String>,
}

/// The marker of something that was used once outlives it by so much, so that tidying early could not make it usable again.
const MARKER_MARGIN_SECONDS: i64 = 86_400;

impl Commit {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn put(&mut self, table: Table, record: &impl Serialize, over: Over, refused: Code) {
        match serde_dynamo::to_item(record) {
            Ok(item) => self.put_item(table, item, over, refused),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    pub(crate) fn put_item(&mut self, table: Table, item: Item, over: Over, refused: Code) {
        self.writes.push((Write::Put { table, item, over }, refused));
    }

    pub(crate) fn delete_item(&mut self, table: Table, pk: &str, sk: &str, condition: Option<&'static str>, refused: Code) {
        self.writes.push((Write::Delete { table, pk: pk.to_owned(), sk: Some(sk.to_owned()), condition }, refused));
    }

    /// Removes an item of this version.
    pub(crate) fn delete_version(&mut self, table: Table, (pk, sk): (&str, &str), version: u64, refused: Code) {
        self.writes.push((Write::DeleteVersion { table, pk: pk.to_owned(), sk: sk.to_owned(), version }, refused));
    }

    /// Removes an item of a table without sort key that has this attribute.
    pub(crate) fn delete_own(&mut self, table: Table, pk: &str, name: &'static str, value: String, refused: Code) {
        self.writes.push((Write::DeleteOwn { table, pk: pk.to_owned(), name, value }, refused));
    }

    /// Removes an item of a table without sort key.
    pub(crate) fn delete_plain(&mut self, table: Table, pk: &str, refused: Code) {
        self.writes.push((Write::Delete { table, pk: pk.to_owned(), sk: None, condition: None }, refused));
    }

    /// Gives an item of a table without sort key to an identity: refused where it is another one's.
    pub(crate) fn claim(&mut self, table: Table, pk: &str, owner: &Owner, refused: Code) {
        let update = Self::claiming(table, pk, owner);
        self.writes.push((Write::Update(Box::new(update)), refused));
    }

    /// The update by which an identity takes what nobody has.
    pub(crate) fn claiming(table: Table, pk: &str, owner: &Owner) -> Updating {
        let mut update = Updating::new(table, pk.to_owned(), None);
        update.conditions.push("attribute_exists(pk) AND (attribute_not_exists(#identity) OR attribute_type(#identity, :null))".to_owned());
        update.values.push((":null".to_owned(), s("NULL")));
        update.set("#identity", "identity", ":identity", s(owner.pk()));
        update
    }

    /// Puts a whole new record; refused where one stands already.
    pub fn create(&mut self, table: Table, record: &impl Serialize, refused: Code) {
        self.put(table, record, Over::Nothing, refused);
    }

    /// Puts a whole record, whatever stood there; for data that is made anew.
    pub fn replace(&mut self, table: Table, record: &impl Serialize) {
        self.put(table, record, Over::Anything, Code::ChangedMeanwhile);
    }

    /// Takes what is due of an item out of the index, together with the item.
    pub fn remove_due(&mut self, pk: &str, sk: &str) {
        self.delete_item(Table::Identities, pk, sk, None, Code::ChangedMeanwhile);
    }

    /// Opens a session.
    pub fn open_session(&mut self, owner: &Owner, session: &SessionRecord) {
        self.put(owner.kind.table(), session, Over::Nothing, Code::ChangedMeanwhile);
    }

    /// Ends one session.
    pub fn end_session(&mut self, owner: &Owner, id: &str) {
        self.delete_item(owner.kind.table(), &owner.pk(), &format!("{}{id}", key::SESSION), Some("attribute_exists(pk)"), Code::NotFound);
    }

    /// Marks something as used; refused where it was used before. The marker is tidied away after the thing itself is over.
    pub fn use_once(&mut self, owner: &Owner, nonce: &str, over_at: Timestamp, refused: Code) {
        let mut item = crate::value::key(&owner.pk(), &format!("{}{nonce}", key::USED));
        item.insert("ttl".to_owned(), n(over_at.as_second() + MARKER_MARGIN_SECONDS));
        self.put_item(owner.kind.table(), item, Over::Nothing, refused);
    }

    /// Replaces the passwords that may not come back.
    pub fn put_history(&mut self, owner: &Owner, entries: &[FormerPassword]) {
        let record = WithKey { pk: owner.pk(), sk: key::HISTORY, fields: Entries { entries } };
        self.put(owner.kind.table(), &record, Over::Anything, Code::ChangedMeanwhile);
    }

    /// Sets when the password's next warning is due; none takes it out of the index (rule 16).
    pub fn put_password_due(&mut self, owner: &Owner, due: &PasswordDue, next: Option<Timestamp>) {
        self.put_indexed(owner, key::DUE_PASSWORD, crate::schema::DUE_PASSWORD_WARNING, due, next);
    }

    /// Keeps what was done of one kind of work on an identity, and sets when there is more; none takes it out of the index.
    pub fn put_due(&mut self, owner: &Owner, kind: &str, marks: &DueMarks, next: Option<Timestamp>) {
        self.put_indexed(owner, &format!("{}{kind}", key::DUE), kind, marks, next);
    }

    fn put_indexed(&mut self, owner: &Owner, sk: &str, kind: &str, marks: &impl Serialize, next: Option<Timestamp>) {
        let Ok(mut item) = serde_dynamo::to_item::<_, Item>(marks) else {
            self.failed = Some(format!("what is due: {kind}"));
            return;
        };
        item.extend(crate::value::key(&owner.pk(), sk));
        if let Some(next) = next {
            item.insert("due_kind".to_owned(), s(crate::read::due_kind(kind, crate::read::shard_of(owner))));
            item.insert("due_at".to_owned(), ms(next));
        }
        self.put_item(owner.kind.table(), item, Over::Anything, Code::ChangedMeanwhile);
    }

    /// Creates a customer's account; refused where there is one. A placeholder that only counts tries gives way.
    pub fn create_account(&mut self, account: &AccountRecord, refused: Code) {
        self.put(Table::Orders, account, Over::Without("customer_id"), refused);
    }

    /// Puts the sealed personal data.
    pub fn put_profile(&mut self, owner: &Owner, profile: &SealedProfile) {
        self.put(owner.kind.table(), profile, Over::Anything, Code::ChangedMeanwhile);
    }

    /// Puts a service whole; for the demo data.
    pub fn put_service(&mut self, service: &ServiceRecord) {
        self.put(Table::Orders, service, Over::Anything, Code::ChangedMeanwhile);
    }

    /// Changes an owner's `AUTH` item.
    #[must_use]
    pub fn auth(owner: &Owner) -> AuthUpdate {
        AuthUpdate(Updating::new(owner.kind.table(), owner.pk(), Some(key::AUTH.to_owned())))
    }

    /// Adds a change of an `AUTH` item; `refused` is the answer when one of its conditions does not hold.
    pub fn update_auth(&mut self, update: AuthUpdate, refused: Code) {
        self.writes.push((Write::Update(Box::new(update.0)), refused));
    }

    /// Revokes an identity that was never activated, and ends its sessions; refused where it was activated or revoked meanwhile.
    pub fn revoke_unactivated(&mut self, owner_pk: &str, now: Timestamp) {
        let mut update = Updating::new(Table::Identities, owner_pk.to_owned(), Some(key::AUTH.to_owned()));
        update.conditions.push("attribute_exists(pk) AND attribute_type(#state.activated_at, :null) AND attribute_type(#state.revoked_at, :null)".to_owned());
        update.names.push(("#state".to_owned(), "state".to_owned()));
        update.values.push((":null".to_owned(), s("NULL")));
        update.sets.push("#state.revoked_at = :now, epoch = epoch + :one, version = version + :one".to_owned());
        update.values.push((":now".to_owned(), s(now.to_string())));
        update.values.push((":one".to_owned(), n(1)));
        self.writes.push((Write::Update(Box::new(update)), Code::ChangedMeanwhile));
    }

    /// Shows a new status in the customer area's view of an identity.
    pub fn show_status(&mut self, service: &ServiceRef, status: Status) {
        let update = Updating::showing(service, status);
        self.show(update);
    }

    /// Shows in the customer area that an identity is of another type, and its status (rule 38).
    pub fn show_kind(&mut self, service: &ServiceRef, kind: IdentityType, status: Status) {
        let mut update = Updating::showing(service, status);
        update.set("#kind", "kind", ":kind", s(tag(&kind)));
        self.show(update);
    }

    /// Shows in the customer area that an identity was revoked, which also stops its renewals (rule 36).
    pub fn show_revoked(&mut self, service: &ServiceRef) {
        let mut update = Updating::showing(service, Status::Revoked);
        update.set("auto_renewal", "", ":off", AttributeValue::Bool(false));
        self.show(update);
    }

    pub(crate) fn update(&mut self, update: Updating, refused: Code) {
        self.writes.push((Write::Update(Box::new(update)), refused));
    }

    pub(crate) fn fail(&mut self, why: &str) {
        self.failed = Some(why.to_owned());
    }

    /// Shows in the customer area which credentials of those for sale an identity has (rules 59, 60, 64).
    pub fn show_credentials(&mut self, service: &ServiceRef, credentials: &[ServiceCredential]) {
        let mut update = Updating::viewed(service);
        update.set_record("credentials", "", ":credentials", credentials);
        self.show(update);
    }

    /// That an identity has no service any more is a fault of ours, not somebody else's change.
    fn show(&mut self, update: Updating) {
        self.writes.push((Write::Update(Box::new(update)), Code::Internal));
    }

    /// Adds the writes of another commit behind these.
    pub fn extend(&mut self, other: Self) {
        self.writes.extend(other.writes);
        self.failed = self.failed.take().or(other.failed);
    }

    /// Cancels a service: refused where it was cancelled meanwhile, or where its status is no longer the one decided on.
    pub fn cancel_service(&mut self, service: &ServiceRecord, revoked: bool, now: Timestamp) {
        self.end_service(service, revoked, None, now);
    }

    /// Cancels a service by a withdrawal form, which is registered with its instant (rules 62, 63): refused as a cancellation is.
    pub fn withdraw_service(&mut self, service: &ServiceRecord, sent: &SentWithdrawal) {
        self.end_service(service, true, Some(sent), sent.sent_at);
    }

    fn end_service(&mut self, service: &ServiceRecord, revoked: bool, sent: Option<&SentWithdrawal>, now: Timestamp) {
        let mut update = Updating::new(Table::Orders, service.pk.clone(), Some(service.sk.clone()));
        update
            .conditions
            .push("attribute_exists(pk) AND (attribute_not_exists(cancelled_at) OR attribute_type(cancelled_at, :null)) AND #status = :was".to_owned());
        update.values.push((":null".to_owned(), s("NULL")));
        update.values.push((":was".to_owned(), s(tag(&service.status))));
        update.set("cancelled_at", "", ":now", s(now.to_string()));
        update.set("auto_renewal", "", ":off", AttributeValue::Bool(false));
        if let Some(sent) = sent {
            update.set_record("withdrawal", "", ":withdrawal", sent);
        }
        update.next_version();
        if revoked {
            update.set("#status", "status", ":status", s(tag(&Status::Revoked)));
        } else {
            update.names.push(("#status".to_owned(), "status".to_owned()));
        }
        self.writes.push((Write::Update(Box::new(update)), Code::ChangedMeanwhile));
    }

    /// What the writes do to which tables.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        self.writes
            .iter()
            .map(|(write, _)| match write {
                Write::Put { table, .. } => grant(*table, Action::PutItem),
                Write::Update(update) => grant(update.table, Action::UpdateItem),
                Write::Delete { table, .. } | Write::DeleteVersion { table, .. } | Write::DeleteOwn { table, .. } => grant(*table, Action::DeleteItem),
            })
            .collect()
    }
}

#[derive(Serialize)]
struct WithKey<T> {
    pk: String,
    sk: &'static str,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct Entries<'a> {
    entries: &'a [FormerPassword],
}

/// The text of a plain enumeration, as serde writes it.
fn tag(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

impl Updating {
    pub(crate) fn new(table: Table, pk: String, sk: Option<String>) -> Self {
        Self { table, pk, sk, sets: Vec::new(), removes: Vec::new(), conditions: Vec::new(), names: Vec::new(), values: Vec::new() }
    }

    pub(crate) fn set(&mut self, path: &str, name: &str, placeholder: &str, value: AttributeValue) {
        self.sets.push(format!("{path} = {placeholder}"));
        if path.starts_with('#') {
            self.names.push((path.to_owned(), name.to_owned()));
        }
        self.values.push((placeholder.to_owned(), value));
    }

    /// A change of the customer area's view of an identity.
    fn viewed(service: &ServiceRef) -> Self {
        let mut update = Self::new(Table::Orders, service.pk.clone(), Some(service.sk.clone()));
        update.conditions.push("attribute_exists(pk)".to_owned());
        update.next_version();
        update
    }

    /// The same, which shows a status.
    fn showing(service: &ServiceRef, status: Status) -> Self {
        let mut update = Self::viewed(service);
        update.set("#status", "status", ":status", s(tag(&status)));
        update
    }

    /// Lets whoever decided on an older version hear of it.
    pub(crate) fn next_version(&mut self) {
        self.sets.push("version = if_not_exists(version, :version_none) + :version_step".to_owned());
        self.values.push((":version_none".to_owned(), n(0)));
        self.values.push((":version_step".to_owned(), n(1)));
    }

    /// Sets a part of the record.
    pub(crate) fn set_record(&mut self, path: &str, name: &str, placeholder: &str, record: &(impl Serialize + ?Sized)) {
        match serde_dynamo::to_attribute_value::<_, AttributeValue>(record) {
            Ok(value) => self.set(path, name, placeholder, value),
            Err(_) => self.never(),
        }
    }

    /// Gives a placeholder its value.
    fn value(&mut self, placeholder: &str, record: &impl Serialize) {
        match serde_dynamo::to_attribute_value::<_, AttributeValue>(record) {
            Ok(value) => self.values.push((placeholder.to_owned(), value)),
            Err(_) => self.never(),
        }
    }

    /// A plain struct of text and numbers always converts; a condition that never holds keeps the write from happening otherwise.
    fn never(&mut self) {
        self.conditions.push("attribute_not_exists(pk)".to_owned());
    }
}

/// A change of an `AUTH` item, built step by step.
#[derive(Debug, Clone)]
pub struct AuthUpdate(Updating);

impl AuthUpdate {
    /// Only if no change of state came since `version` was read; the version grows.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.0.conditions.push("version = :version".to_owned());
        self.0.values.push((":version".to_owned(), n(version)));
        self.0.set("version", "", ":next_version", n(version + 1));
        self
    }

    /// Only if sessions of this epoch are still good.
    #[must_use]
    pub fn same_epoch(mut self, epoch: u64) -> Self {
        self.0.conditions.push("epoch = :epoch".to_owned());
        self.0.values.push((":epoch".to_owned(), n(epoch)));
        self
    }

    /// Ends every session.
    #[must_use]
    pub fn end_sessions(mut self) -> Self {
        self.0.sets.push("epoch = epoch + :one".to_owned());
        self.0.values.push((":one".to_owned(), n(1)));
        self
    }

    /// Ends every session of a customer, and what somebody else may have begun in one: a change of address, an app.
    #[must_use]
    pub fn end_account_sessions(self) -> Self {
        self.end_sessions().pending_address(None).enrolment(None)
    }

    /// Clears the tries of the password.
    #[must_use]
    pub fn clear_password_tries(mut self) -> Self {
        self.0.set("pt", "", ":no_pt", n(0));
        self
    }

    /// Clears the tries of the second factor.
    #[must_use]
    pub fn clear_otp_tries(mut self) -> Self {
        self.0.set("ot", "", ":no_ot", n(0));
        self
    }

    /// Consumes a TOTP step: refused where it, or a later one, was used (rule 22).
    #[must_use]
    pub fn consume_step(mut self, step: u64) -> Self {
        self.0.conditions.push("(attribute_not_exists(totp_step) OR attribute_type(totp_step, :null) OR totp_step < :step)".to_owned());
        self.0.values.push((":null".to_owned(), s("NULL")));
        self.0.set("totp_step", "", ":step", n(step));
        self
    }

    /// Clears the tries of the emergency code and of the security answer.
    #[must_use]
    pub fn clear_recovery_tries(mut self) -> Self {
        self.0.set("et", "", ":no_et", n(0));
        self.0.set("st", "", ":no_et_either", n(0));
        self
    }

    /// Uses up the emergency code: refused where it was used or replaced meanwhile (rules 27, 28).
    #[must_use]
    pub fn use_emergency_code(mut self, code: &StoredCode) -> Self {
        self.0.conditions.push("emergency_code.digest = :emergency_digest".to_owned());
        self.0.value(":emergency_digest", &code.digest);
        self.0.set("emergency_code", "", ":no_emergency_code", AttributeValue::Null(true));
        self
    }

    /// Replaces the emergency code: the old one stops working (rule 27).
    #[must_use]
    pub fn emergency_code(mut self, code: &StoredCode) -> Self {
        self.0.set_record("emergency_code", "", ":emergency_code", code);
        self
    }

    /// Replaces the recovery codes of a customer's app, by keyed digest.
    #[must_use]
    pub fn recovery_codes(mut self, digests: &std::collections::BTreeMap<String, bool>) -> Self {
        self.0.set_record("recovery_codes", "", ":recovery_codes", digests);
        self
    }

    /// Uses a recovery code up: refused where it was used or replaced meanwhile.
    #[must_use]
    pub fn use_recovery_code(mut self, digest: &str) -> Self {
        self.0.conditions.push("attribute_exists(recovery_codes.#recovery)".to_owned());
        self.0.removes.push("recovery_codes.#recovery".to_owned());
        self.0.names.push(("#recovery".to_owned(), digest.to_owned()));
        self
    }

    /// Keeps the address that waits for its link, or forgets it.
    #[must_use]
    pub fn pending_address(mut self, pending: Option<&PendingAddress>) -> Self {
        self.0.set_record("pending_address", "", ":pending_address", &pending);
        self
    }

    /// Notes that the address that waited was confirmed: nothing waits any more.
    #[must_use]
    pub fn address_confirmed(mut self, now: Timestamp) -> Self {
        self.0.set("address_changed_at", "", ":address_changed_at", s(now.to_string()));
        self.pending_address(None)
    }

    /// Only if this is the address that waits for its link.
    #[must_use]
    pub fn confirming(mut self, nonce: &str) -> Self {
        self.0.conditions.push("pending_address.nonce = :confirming".to_owned());
        self.0.values.push((":confirming".to_owned(), s(nonce)));
        self
    }

    /// Counts changes of the address for their day.
    #[must_use]
    pub fn address_day(mut self, day: &CodeDay) -> Self {
        self.0.set_record("address_day", "", ":address_day", day);
        self
    }

    /// Counts tickets for their day.
    #[must_use]
    pub fn ticket_day(mut self, day: &CodeDay) -> Self {
        self.0.set_record("ticket_day", "", ":ticket_day", day);
        self
    }

    /// Keeps the app that is being enrolled, or forgets it.
    #[must_use]
    pub fn enrolment(mut self, enrolment: Option<&Enrolment>) -> Self {
        self.0.set_record("enrolment", "", ":enrolment", &enrolment);
        self
    }

    /// Only if this is the app that is being enrolled.
    #[must_use]
    pub fn enrolling(mut self, nonce: &str) -> Self {
        self.0.conditions.push("enrolment.nonce = :enrolling".to_owned());
        self.0.values.push((":enrolling".to_owned(), s(nonce)));
        self
    }

    /// Sets or takes away the physical token.
    #[must_use]
    pub fn token(mut self, token: Option<&StoredToken>) -> Self {
        self.0.set_record("#token", "token", ":token", &token);
        self
    }

    /// Sets where a new physical token stands.
    #[must_use]
    pub fn token_position(mut self, position: Position) -> Self {
        self.0.set_record("token_last", "", ":token_last", &position.last);
        self.0.set("token_drift", "", ":token_drift", n(position.drift));
        self
    }

    /// Uses up a code of the physical token: refused where it, or a later one, was used (rule 22).
    #[must_use]
    pub fn consume_token(mut self, position: Position) -> Self {
        self.0.conditions.push("(attribute_not_exists(token_last) OR attribute_type(token_last, :null) OR token_last < :token_used)".to_owned());
        self.0.values.push((":null".to_owned(), s("NULL")));
        self.0.set_record("token_last", "", ":token_used", &position.last);
        self.0.set("token_drift", "", ":token_drift", n(position.drift));
        self
    }

    /// Sets the L2 credential that signing in asks for (rule 42).
    #[must_use]
    pub fn otp_mode(mut self, mode: CredentialKind) -> Self {
        self.0.set("otp_mode", "", ":otp_mode", s(tag(&mode)));
        self
    }

    /// Sets the type, when a minor has come of age (rule 38).
    #[must_use]
    pub fn kind(mut self, kind: IdentityType) -> Self {
        self.0.set("#kind", "kind", ":kind", s(tag(&kind)));
        self
    }

    /// Begins the used steps of a new app with that of its first code.
    #[must_use]
    pub fn first_step(mut self, step: u64) -> Self {
        self.0.set("totp_step", "", ":first_step", n(step));
        self
    }

    /// Keeps a code that is being sent for an operation, and counts it for its day.
    #[must_use]
    pub fn keep_code(mut self, operation: &str, code: &KeptCode, day: &CodeDay) -> Self {
        self.0.sets.push("codes.#code = :code".to_owned());
        self.0.names.push(("#code".to_owned(), operation.to_owned()));
        self.0.value(":code", code);
        self.0.set_record("code_day", "", ":code_day", day);
        self
    }

    /// Uses up the code that was sent for an operation: refused where it was used or replaced meanwhile (rule 31).
    #[must_use]
    pub fn consume_code(mut self, operation: &str, code: &KeptCode) -> Self {
        self.0.conditions.push("codes.#used.#consumed = :unused AND codes.#used.digest = :digest".to_owned());
        self.0.sets.push("codes.#used.#consumed = :used".to_owned());
        self.0.names.push(("#used".to_owned(), operation.to_owned()));
        self.0.names.push(("#consumed".to_owned(), "consumed".to_owned()));
        self.0.values.push((":unused".to_owned(), AttributeValue::Bool(false)));
        self.0.values.push((":used".to_owned(), AttributeValue::Bool(true)));
        self.0.value(":digest", &code.digest);
        self
    }

    /// Only if the identity was not used since (rule 37): a use moves no version.
    #[must_use]
    pub fn last_used(mut self, at: Option<Timestamp>) -> Self {
        match at {
            Some(at) => {
                self.0.conditions.push("last_used_at = :last_used".to_owned());
                self.0.values.push((":last_used".to_owned(), s(at.to_string())));
            }
            None => {
                self.0.conditions.push("(attribute_not_exists(last_used_at) OR attribute_type(last_used_at, :never_used))".to_owned());
                self.0.values.push((":never_used".to_owned(), s("NULL")));
            }
        }
        self
    }

    /// Only if no change of state came since `version` was read; the version stays.
    #[must_use]
    pub fn same_version(mut self, version: u64) -> Self {
        self.0.conditions.push("version = :same_version".to_owned());
        self.0.values.push((":same_version".to_owned(), n(version)));
        self
    }

    /// Notes that the identity was used at an instant (rule 37).
    #[must_use]
    pub fn used(mut self, at: Timestamp) -> Self {
        self.0.set("last_used_at", "", ":used_last", s(at.to_string()));
        self
    }

    /// Sets the credentials whose accesses are announced (rule 56).
    #[must_use]
    pub fn access_notices(mut self, credentials: &std::collections::BTreeSet<sportello_rules::service::CredentialKind>) -> Self {
        self.0.set_record("access_notices", "", ":access_notices", credentials);
        self
    }

    /// Only if a device is remembered.
    #[must_use]
    pub fn remembers(mut self, device: &str) -> Self {
        self.0.conditions.push("attribute_exists(devices.#remembered)".to_owned());
        self.0.names.push(("#remembered".to_owned(), device.to_owned()));
        self
    }

    /// Forgets a device.
    #[must_use]
    pub fn forget(mut self, device: &str) -> Self {
        self.0.removes.push("devices.#forgotten".to_owned());
        self.0.names.push(("#forgotten".to_owned(), device.to_owned()));
        self
    }

    /// Notes a device and that the identity was used.
    #[must_use]
    pub fn seen(mut self, device: &str, what: &str, now: Timestamp) -> Self {
        let kept = [("seen".to_owned(), ms(now)), ("what".to_owned(), s(what))];
        self.0.set("devices.#device", "", ":seen", AttributeValue::M(kept.into()));
        self.0.names.push(("#device".to_owned(), device.to_owned()));
        self.0.set("last_used_at", "", ":used_at", s(now.to_string()));
        self
    }

    /// Sets a new password; refused where the version it replaces is not the current one any more.
    #[must_use]
    pub fn password(mut self, password: &StoredPassword) -> Self {
        self.0.set_record("#password", "password", ":password", password);
        self
    }

    /// Only if the password still is of this version.
    #[must_use]
    pub fn same_password(mut self, version: u32) -> Self {
        self.0.conditions.push("#password.#version = :password_version".to_owned());
        self.0.names.push(("#password".to_owned(), "password".to_owned()));
        self.0.names.push(("#version".to_owned(), "version".to_owned()));
        self.0.values.push((":password_version".to_owned(), n(version)));
        self
    }

    /// Sets the credentials besides password and app.
    #[must_use]
    pub fn credentials(mut self, credentials: &[StoredCredential]) -> Self {
        self.0.set_record("credentials", "", ":credentials", credentials);
        self
    }

    /// Sets or takes away the L2 app credential; its used steps are forgotten with it.
    #[must_use]
    pub fn totp(mut self, totp: Option<&StoredTotp>) -> Self {
        self.0.set_record("totp", "", ":totp", &totp);
        self
    }

    /// Forgets what would recover: emergency code, security answer, the app that is being enrolled (rule 36).
    #[must_use]
    pub fn no_way_back(mut self) -> Self {
        for name in ["emergency_code", "security_answer", "enrolment"] {
            self.0.removes.push(name.to_owned());
        }
        self
    }

    /// Moves the last day of the identity (rule 61).
    #[must_use]
    pub fn expires_on(mut self, day: Date) -> Self {
        self.0.set("expires_on", "", ":expires_on", s(day.to_string()));
        self
    }

    /// Sets whether it renews by itself (rule 61).
    #[must_use]
    pub fn auto_renewal(mut self, on: bool) -> Self {
        self.0.set("auto_renewal", "", ":auto_renewal", AttributeValue::Bool(on));
        self
    }

    /// Lets whoever decided on an older version hear of this change, which does not depend on it.
    #[must_use]
    pub fn next_version(mut self) -> Self {
        self.0.conditions.push("attribute_exists(pk)".to_owned());
        self.0.next_version();
        self
    }

    /// Notes for which last day the automatic renewal has charged (rules 39, 61).
    #[must_use]
    pub fn charged_for(mut self, day: Date) -> Self {
        self.0.set("charged_for", "", ":charged_for", s(day.to_string()));
        self
    }

    /// Ends renewing by itself (rules 36, 61).
    #[must_use]
    pub fn no_renewal(mut self) -> Self {
        self.0.set("auto_renewal", "", ":no_renewal", AttributeValue::Bool(false));
        self
    }

    /// Sets what decides the status.
    #[must_use]
    pub fn state(mut self, state: &IdentityState) -> Self {
        self.0.set_record("#state", "state", ":state", state);
        self
    }
}

/// Pauses before a transaction is tried again that met another one: nothing was written, and its conditions are checked anew.
const CONFLICT_PAUSES: [Duration; 3] = [Duration::from_millis(15), Duration::from_millis(40), Duration::from_millis(90)];

/// The code of the write whose condition did not hold; none where the transaction only met another one.
fn refusal(cancelled: TransactionCanceledException, codes: &[Code]) -> Result<Option<Code>, StoreError> {
    let reasons = cancelled.cancellation_reasons();
    let failed: Vec<Code> = reasons.iter().zip(codes).filter(|(reason, _)| reason.code() == Some("ConditionalCheckFailed")).map(|(_, code)| *code).collect();
    // Whoever repeats a request under way hears that, not what its twin has just made untrue.
    let in_flight = failed.iter().find(|code| **code == Code::IdempotencyInFlight);
    if let Some(code) = in_flight.or(failed.first()) {
        return Ok(Some(*code));
    }
    if reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
        return Ok(None);
    }
    Err(unavailable(cancelled))
}

fn item_key(pk: &str, sk: Option<&str>) -> Item {
    sk.map_or_else(|| [("pk".to_owned(), s(pk))].into(), |sk| crate::value::key(pk, sk))
}

impl Store {
    /// Commits all writes in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the code of the first write whose condition did not hold; nothing was written then.
    pub async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        if let Some(failed) = commit.failed {
            return Err(StoreError::Corrupt(failed));
        }
        if commit.writes.is_empty() {
            return Ok(());
        }
        let grants = commit.grants();
        let codes: Vec<Code> = commit.writes.iter().map(|(_, code)| *code).collect();
        let items = commit.writes.into_iter().map(|(write, _)| self.transact_item(write)).collect::<Result<Vec<_>, _>>()?;
        for pause in CONFLICT_PAUSES.iter().map(Some).chain([None]) {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let answer = request.set_return_consumed_capacity(self.capacity()).send().await;
            let capacity = answer.as_ref().ok().map(|a| a.consumed_capacity().iter().filter_map(|c| c.capacity_units()).sum());
            let Err(error) = answer else {
                self.note(Kind::Commit, grants, capacity);
                return Ok(());
            };
            let refused = match error.into_service_error() {
                TransactWriteItemsError::TransactionCanceledException(cancelled) => refusal(cancelled, &codes)?,
                other => return Err(unavailable(other)),
            };
            match (refused, pause) {
                (Some(code), _) => {
                    self.note(Kind::Commit, grants, None);
                    return Err(StoreError::Refused(code));
                }
                (None, Some(pause)) => tokio::time::sleep(*pause).await,
                (None, None) => break,
            }
        }
        self.note(Kind::Commit, grants, None);
        Err(StoreError::Refused(Code::ChangedMeanwhile))
    }

    fn transact_item(&self, write: Write) -> Result<TransactWriteItem, StoreError> {
        let corrupt = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Corrupt(error.to_string());
        let builder = TransactWriteItem::builder();
        Ok(match write {
            Write::Put { table, item, over } => {
                let put = Put::builder().table_name(self.table(table)).set_item(Some(item));
                let put = match over {
                    Over::Anything => put,
                    Over::Nothing => put.condition_expression("attribute_not_exists(pk)"),
                    Over::Until(old) => put
                        .condition_expression("attribute_not_exists(pk) OR #until = :until")
                        .expression_attribute_names("#until", "until")
                        .expression_attribute_values(":until", s(old)),
                    Over::Same(name, value) => {
                        put.condition_expression("#same = :same").expression_attribute_names("#same", name).expression_attribute_values(":same", s(value))
                    }
                    Over::NothingOr(name, value) => put
                        .condition_expression("attribute_not_exists(pk) OR #same = :same")
                        .expression_attribute_names("#same", name)
                        .expression_attribute_values(":same", s(value)),
                    Over::Without(name) => put.condition_expression("attribute_not_exists(#without)").expression_attribute_names("#without", name),
                    Over::Version(version) => put.condition_expression("version = :version").expression_attribute_values(":version", n(version)),
                    Over::Under(name, number) => put
                        .condition_expression("attribute_not_exists(pk) OR #under < :under")
                        .expression_attribute_names("#under", name)
                        .expression_attribute_values(":under", n(number)),
                };
                builder.put(put.build().map_err(corrupt)?)
            }
            Write::Delete { table, pk, sk, condition } => {
                let condition = condition.map(ToOwned::to_owned);
                let delete = Delete::builder().table_name(self.table(table)).set_key(Some(item_key(&pk, sk.as_deref())));
                builder.delete(delete.set_condition_expression(condition).build().map_err(corrupt)?)
            }
            Write::DeleteVersion { table, pk, sk, version } => {
                // What was written before versions were counted has none.
                let condition = if version == 0 { "attribute_exists(pk) AND (attribute_not_exists(version) OR version = :was)" } else { "version = :was" };
                let delete = Delete::builder().table_name(self.table(table)).set_key(Some(item_key(&pk, Some(&sk)))).condition_expression(condition);
                builder.delete(delete.expression_attribute_values(":was", n(version)).build().map_err(corrupt)?)
            }
            Write::DeleteOwn { table, pk, name, value } => {
                let delete = Delete::builder().table_name(self.table(table)).set_key(Some(item_key(&pk, None))).condition_expression("#own = :own");
                let delete = delete.expression_attribute_names("#own", name).expression_attribute_values(":own", s(value));
                builder.delete(delete.build().map_err(corrupt)?)
            }
            Write::Update(update) => {
                let mut expression = Vec::new();
                if !update.sets.is_empty() {
                    expression.push(format!("SET {}", update.sets.join(", ")));
                }
                if !update.removes.is_empty() {
                    expression.push(format!("REMOVE {}", update.removes.join(", ")));
                }
                let condition = (!update.conditions.is_empty()).then(|| update.conditions.join(" AND "));
                let mut built = Update::builder()
                    .table_name(self.table(update.table))
                    .set_key(Some(item_key(&update.pk, update.sk.as_deref())))
                    .update_expression(expression.join(" "))
                    .set_condition_expression(condition);
                for (name, value) in update.names {
                    built = built.expression_attribute_names(name, value);
                }
                for (name, value) in update.values {
                    built = built.expression_attribute_values(name, value);
                }
                builder.update(built.build().map_err(corrupt)?)
            }
        }
        .build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::CancellationReason;

    fn cancelled(codes: &[&str]) -> TransactionCanceledException {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build()
    }

    const CODES: [Code; 3] = [Code::SignInRefused, Code::LinkNotValid, Code::IdempotencyInFlight];

    #[test]
    fn the_first_condition_that_did_not_hold_is_told_unless_the_request_is_in_flight() {
        let told = |codes: &[&str]| refusal(cancelled(codes), &CODES).ok().flatten();
        assert_eq!(told(&["None", "ConditionalCheckFailed", "None"]), Some(Code::LinkNotValid));
        assert_eq!(told(&["ConditionalCheckFailed", "ConditionalCheckFailed", "None"]), Some(Code::SignInRefused));
        assert_eq!(told(&["ConditionalCheckFailed", "None", "ConditionalCheckFailed"]), Some(Code::IdempotencyInFlight));
        assert_eq!(told(&["TransactionConflict", "ConditionalCheckFailed", "None"]), Some(Code::LinkNotValid));
    }

    #[test]
    fn a_conflict_is_tried_again_and_everything_else_is_a_fault() {
        assert!(matches!(refusal(cancelled(&["None", "TransactionConflict", "None"]), &CODES), Ok(None)));
        for code in ["ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError"] {
            assert!(matches!(refusal(cancelled(&[code, "None", "None"]), &CODES), Err(StoreError::Unavailable(_))), "{code}");
        }
    }
}
