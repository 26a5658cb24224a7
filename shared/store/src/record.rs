//! What is kept, item by item. Attribute names are the field names; instants that conditions compare are milliseconds.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sportello_contract::problem::Language;
use sportello_rules::credential::{CredentialState, Dates, guarded_until};
use sportello_rules::identity::{IdentityState, IdentityType, Requirements, Status};
use sportello_rules::order::{Item, Order};
use sportello_rules::otp::SentCode;
use sportello_rules::policy::IdentityPolicy;
use sportello_rules::service::{CredentialKind, Level, WithdrawalForm};
use sportello_rules::throttle::Tries;
use sportello_rules::token::{Position, TokenModel};

use crate::access::AccessCounters;
use crate::key::{AUTH, Owner};

/// Bytes, kept as base64 text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| serde::de::Error::custom("expected base64"))
    }
}

/// The data key of one owner, wrapped by a key of the ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// Which key of the ring.
    pub ring_key: String,
    /// The data key, sealed.
    pub sealed: Bytes,
}

/// A password as it is kept: never itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPassword {
    /// Argon2id of the password under the owner's salt, keyed with a pepper.
    pub digest: Bytes,
    /// How the digest was made.
    pub scheme: Scheme,
    /// Counts the passwords of this owner.
    pub version: u32,
    /// When it became current.
    pub changed_at: Timestamp,
}

/// Parameters of a password digest. Digests of one scheme and one salt are compared by one Argon2 run (rule 12).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scheme {
    /// KiB of memory.
    pub m: u32,
    /// Passes.
    pub t: u32,
    /// Lanes.
    pub p: u32,
    /// Which pepper.
    pub pepper: String,
}

/// A code as it is kept: never itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCode {
    /// Its digest under the owner's salt.
    pub digest: Bytes,
    /// How the digest was made.
    pub scheme: Scheme,
}

/// A code that was sent by mail or SMS, as it is kept: never itself (rule 31).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCode {
    /// Keyed digest of the code, bound to holder, operation and value.
    pub digest: Bytes,
    /// How often it was sent and tried.
    #[serde(flatten)]
    pub sent: SentCode,
}

/// Codes sent to a holder in one day of Rome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDay {
    /// The day.
    pub day: Date,
    /// How many.
    pub sent: u32,
}

/// The active L2 app credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredTotp {
    /// The secret, sealed under the data key.
    pub secret: Bytes,
    /// What happened to it, and when.
    #[serde(flatten)]
    pub dates: Dates,
    /// Since when it is on another device by the emergency code.
    #[serde(default)]
    pub moved_at: Option<Timestamp>,
    /// Tells the enrolled app from one that was enrolled before.
    #[serde(default)]
    pub app: Option<String>,
    /// Public key of the device on which it was enrolled, a point of P-256: signs approvals of sign-ins by QR code (rule 20).
    #[serde(default)]
    pub device_key: Option<Bytes>,
    /// Whether signing in to services asks for a QR code as well, which this app scans (rule 45): the identity provider's sign-in system reads it.
    #[serde(default)]
    pub sso_qr: bool,
}

/// An app that is being enrolled: it becomes a credential with its first code (rule 41).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The secret, sealed under the data key.
    pub secret: Bytes,
    /// Tells this enrolment from another one.
    pub nonce: String,
    /// Whether the app moves to another device by the emergency code.
    pub moves: bool,
    /// Epoch in which it was begun: whatever ends the sessions ends it too.
    #[serde(default)]
    pub epoch: u64,
}

/// The physical token (rule 41).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredToken {
    /// What is printed on it.
    pub serial: String,
    /// The secret, sealed under the data key.
    pub secret: Bytes,
    /// How its codes are made.
    #[serde(flatten)]
    pub model: TokenModel,
}

/// A physical token that the provider has, sold or not (`TOKEN#…`). Its secret came with the maker's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInStock {
    /// Partition key.
    pub pk: String,
    /// What is printed on it.
    pub serial: String,
    /// The secret, sealed under the ring.
    pub secret: Bytes,
    /// How its codes are made.
    #[serde(flatten)]
    pub model: TokenModel,
    /// Partition key of the identity that it serves; none while it serves none.
    #[serde(default)]
    pub identity: Option<String>,
}

/// Another credential of the identity, besides password and app; or an app that was revoked, which lives on in its dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCredential {
    /// What it is.
    pub kind: CredentialKind,
    /// What happened to it, and when.
    #[serde(flatten)]
    pub dates: Dates,
    /// SHA-256 of the certificate by which it was activated (rule 43).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Bytes>,
}

impl StoredCredential {
    /// A credential with its dates.
    #[must_use]
    pub const fn new(kind: CredentialKind, dates: Dates) -> Self {
        Self { kind, dates, certificate: None }
    }
}

/// A device that signed in (rule 23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// When last, in milliseconds.
    pub seen: i64,
    /// What it said that it is, in a word.
    pub what: String,
}

/// Where the customer area's view of an identity is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRef {
    /// The customer's partition key.
    pub pk: String,
    /// The service's sort key.
    pub sk: String,
}

/// The item that signing in needs: state, credentials, counters (`AUTH`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// Grows with every change of state; what was decided on an older one is not committed.
    pub version: u64,
    /// Sessions of an older epoch are over.
    pub epoch: u64,
    /// Public id of the identity.
    pub identity_id: String,
    /// Type of the identity.
    pub kind: IdentityType,
    /// What decides the status.
    pub state: IdentityState,
    /// The owner's data key.
    pub data_key: WrappedKey,
    /// The owner's salt, one for current and former passwords.
    pub salt: Bytes,
    /// The current password.
    pub password: StoredPassword,
    /// The L2 app credential, when active.
    pub totp: Option<StoredTotp>,
    /// The emergency code, hashed as a password is.
    #[serde(default)]
    pub emergency_code: Option<StoredCode>,
    /// The answer to the security question, hashed as a password is (rule 30).
    #[serde(default)]
    pub security_answer: Option<StoredCode>,
    /// The physical token, when active.
    #[serde(default)]
    pub token: Option<StoredToken>,
    /// The last of its counters or steps that was used (rule 22).
    #[serde(default)]
    pub token_last: Option<u64>,
    /// Steps by which its clock is ahead of ours, or behind it.
    #[serde(default)]
    pub token_drift: i64,
    /// The app that is being enrolled.
    #[serde(default)]
    pub enrolment: Option<Enrolment>,
    /// The last TOTP step that was used (rule 22).
    #[serde(default)]
    pub totp_step: Option<u64>,
    /// The L2 credential that signing in asks for, where several are active (rule 42).
    #[serde(default)]
    pub otp_mode: Option<CredentialKind>,
    /// Codes sent and not forgotten yet, by operation.
    #[serde(default)]
    pub codes: BTreeMap<String, KeptCode>,
    /// How many were sent today.
    #[serde(default)]
    pub code_day: Option<CodeDay>,
    /// Other credentials.
    #[serde(default)]
    pub credentials: Vec<StoredCredential>,
    /// Devices that signed in, by hash.
    #[serde(default)]
    pub devices: BTreeMap<String, Device>,
    /// SPID code, given when the identity was activated (rule 51).
    #[serde(default)]
    pub spid_code: Option<String>,
    /// The credentials whose accesses are announced by mail (rule 56).
    #[serde(default)]
    pub access_notices: BTreeSet<CredentialKind>,
    /// First day of the identity.
    pub issued_on: Option<Date>,
    /// Last day of the identity.
    pub expires_on: Option<Date>,
    /// Last day of the identity document (rule 52).
    #[serde(default)]
    pub document_expires_on: Option<Date>,
    /// The day on which a minor comes of age (rule 38), so that every read knows it.
    #[serde(default)]
    pub of_age_on: Option<Date>,
    /// Whether it renews by itself (rule 61).
    #[serde(default)]
    pub auto_renewal: bool,
    /// For which last day the automatic renewal has charged, with whatever outcome.
    #[serde(default)]
    pub charged_for: Option<Date>,
    /// When it was last used (rule 37).
    pub last_used_at: Option<Timestamp>,
    /// The customer area's view of it.
    pub service: Option<ServiceRef>,
    /// Tries of the password, and when last.
    #[serde(default, rename = "pt")]
    pub password_tries: u32,
    /// Milliseconds.
    #[serde(default, rename = "pt_at")]
    pub password_tried_at: Option<i64>,
    /// Tries of the second factor, over every route that takes one.
    #[serde(default, rename = "ot")]
    pub otp_tries: u32,
    /// Milliseconds.
    #[serde(default, rename = "ot_at")]
    pub otp_tried_at: Option<i64>,
    /// Tries of the emergency code, over every route that takes one.
    #[serde(default, rename = "et")]
    pub recovery_tries: u32,
    /// Milliseconds.
    #[serde(default, rename = "et_at")]
    pub recovery_tried_at: Option<i64>,
    /// Tries of the security answer.
    #[serde(default, rename = "st")]
    pub answer_tries: u32,
    /// Milliseconds.
    #[serde(default, rename = "st_at")]
    pub answer_tried_at: Option<i64>,
    /// Far away: a placeholder of an unknown username has a near one.
    pub ttl: i64,
}

/// `ttl` of what is never tidied away.
pub const NEVER: i64 = 253_402_300_799;

impl AuthRecord {
    /// The other credentials, every one of them revoked at `now`; the app's too, which lives on in its dates only (rule 36).
    #[must_use]
    pub fn revoked_credentials(&self, now: Timestamp) -> Vec<StoredCredential> {
        let app = self.totp.iter().map(|totp| StoredCredential::new(CredentialKind::OtpApp, totp.dates.clone()));
        let mut all: Vec<_> = self.credentials.iter().cloned().chain(app).collect();
        for credential in &mut all {
            // What was revoked before keeps its instant.
            let _ = credential.dates.revoke(now);
        }
        all
    }

    /// The credentials of those for sale that the identity has, waiting ones and ones that are over too, as the customer area shows them (rules 59, 64).
    #[must_use]
    pub fn sold_credentials(&self) -> Vec<ServiceCredential> {
        let kept = |kind| self.credentials.iter().filter(move |c| c.kind == kind && c.dates.revoked_at.is_none()).map(|c| c.dates.expires_on);
        // Of one that is over and its successor, the one that lasts longest; without a last day it lasts for good.
        let longest = |kind| kept(kind).max_by_key(|day| day.unwrap_or(Date::MAX)).map(|expires_on| ServiceCredential { kind, expires_on });
        CredentialKind::FOR_SALE.into_iter().filter_map(longest).collect()
    }

    /// Every credential besides the password, with its dates.
    pub fn dated_credentials(&self) -> impl Iterator<Item = (CredentialKind, &Dates)> + Clone {
        let app = self.totp.iter().map(|totp| (CredentialKind::OtpApp, &totp.dates));
        app.chain(self.credentials.iter().map(|credential| (credential.kind, &credential.dates)))
    }

    /// Whether one of a kind was bought and waits for its activation (rules 41, 43).
    #[must_use]
    pub fn waits(&self, kind: CredentialKind, now: Timestamp) -> bool {
        self.credentials.iter().any(|credential| credential.kind == kind && credential.dates.state(now) == CredentialState::Waiting)
    }

    /// Until when sensitive changes wait because a level was lost (rule 44).
    #[must_use]
    pub fn guarded_until(&self, now: Timestamp, policy: &IdentityPolicy) -> Option<Timestamp> {
        let lost = guarded_until(self.dated_credentials(), now, policy);
        // A move takes the same proofs as losing the app, and no less time.
        let hours = SignedDuration::from_hours(i64::from(policy.downgrade_guard_hours));
        let moved = self.totp.as_ref().and_then(|totp| totp.moved_at).and_then(|at| at.checked_add(hours).ok()).filter(|until| now < *until);
        lost.max(moved)
    }

    /// Where the physical token stands.
    #[must_use]
    pub fn token_position(&self) -> Position {
        Position { last: self.token_last, drift: self.token_drift }
    }

    /// Tries of the security answer.
    #[must_use]
    pub fn answer_throttle(&self) -> Tries {
        tries(self.answer_tries, self.answer_tried_at)
    }

    /// Tries of the emergency code.
    #[must_use]
    pub fn recovery_throttle(&self) -> Tries {
        tries(self.recovery_tries, self.recovery_tried_at)
    }

    /// The epoch as a token carries it: whatever ends the sessions ends what was begun before (rules 20, 40).
    #[must_use]
    pub fn epoch_mark(&self) -> u32 {
        u32::try_from(self.epoch % (1 << 32)).unwrap_or_default()
    }

    /// What a suspension's end rests on (rule 33).
    #[must_use]
    pub fn requirements(&self) -> Requirements {
        let of_age_on = self.of_age_on.filter(|_| self.kind == IdentityType::Minor);
        Requirements { document_expires_on: self.document_expires_on, expires_on: self.expires_on, of_age_on }
    }

    /// Tries of the password.
    #[must_use]
    pub fn password_throttle(&self) -> Tries {
        tries(self.password_tries, self.password_tried_at)
    }

    /// Tries of the second factor.
    #[must_use]
    pub fn otp_throttle(&self) -> Tries {
        tries(self.otp_tries, self.otp_tried_at)
    }

    /// Credentials besides the password that are active at an instant, with their last day.
    pub fn active_credentials(&self, now: Timestamp) -> impl Iterator<Item = (CredentialKind, Option<Date>)> + '_ {
        self.dated_credentials().filter(move |(_, dates)| dates.state(now) == CredentialState::Active).map(move |(kind, dates)| (kind, dates.last_day(now)))
    }

    /// The highest level that is active at an instant (rule 18).
    #[must_use]
    pub fn highest_level(&self, now: Timestamp) -> Level {
        self.active_credentials(now).map(|(kind, _)| kind.level()).max().unwrap_or(Level::L1).max(Level::L1)
    }

    /// What gives the codes of level 2 at an instant: the mode that was chosen, or else the app, the token, the messages (rule 42).
    ///
    /// It also confirms what somebody does in a session of the highest level: a session of level 3 rests on a signature already (rules 17, 32).
    #[must_use]
    pub fn otp_factor(&self, now: Timestamp) -> SecondFactor {
        let active = |kind: CredentialKind| self.active_credentials(now).any(|(other, _)| other == kind);
        let order = [CredentialKind::OtpApp, CredentialKind::OtpToken, CredentialKind::OtpSms];
        let kind = self.otp_mode.into_iter().chain(order).find(|kind| active(*kind));
        kind.map_or(SecondFactor::None, SecondFactor::of)
    }

    /// Codes sent on a day of Rome.
    #[must_use]
    pub fn codes_sent_on(&self, day: Date) -> u32 {
        self.code_day.filter(|sent| sent.day == day).map_or(0, |sent| sent.sent)
    }
}

/// What proves the highest active factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// Only the password is active.
    None,
    /// A code of the app.
    AppCode,
    /// A code by SMS to the mobile on file.
    SmsCode,
    /// A code of the physical token.
    TokenCode,
    /// A signature or a card: no code stands for it.
    Signature,
}

impl SecondFactor {
    /// What proves a credential of a kind.
    #[must_use]
    pub const fn of(kind: CredentialKind) -> Self {
        match kind {
            CredentialKind::Password => Self::None,
            CredentialKind::OtpApp => Self::AppCode,
            CredentialKind::OtpSms => Self::SmsCode,
            CredentialKind::OtpToken => Self::TokenCode,
            CredentialKind::SmartCard | CredentialKind::RemoteSignature => Self::Signature,
        }
    }
}

fn tries(count: u32, at: Option<i64>) -> Tries {
    Tries { count, last_at: at.and_then(|ms| Timestamp::from_millisecond(ms).ok()) }
}

/// Personal data, sealed (`PROFILE`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedProfile {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// Language of mails and messages (rule 53).
    pub language: Language,
    /// The owner's data key, again, so that a notice needs this item only.
    pub data_key: WrappedKey,
    /// The data, as JSON, sealed under the data key.
    pub sealed: Bytes,
}

/// A former password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerPassword {
    /// Its digest.
    pub digest: Bytes,
    /// How the digest was made.
    pub scheme: Scheme,
    /// Its version.
    pub version: u32,
    /// When it stopped being current.
    pub retired_at: Timestamp,
}

/// Former passwords that may not come back (`HISTORY`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct History {
    /// Oldest first.
    pub entries: Vec<FormerPassword>,
}

/// Warnings of the current password (`DUE#password`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordDue {
    /// Which password.
    pub password_version: u32,
    /// Warnings that were sent, by days left.
    pub warned: BTreeSet<u32>,
}

/// What was done of one kind of work on an identity (`DUE#…`); the index tells when there is more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DueMarks {
    /// What the marks are about: with another date or instant they count no more.
    #[serde(default)]
    pub about: String,
    /// What was told, by the days that were left or by name.
    #[serde(default)]
    pub told: BTreeSet<String>,
}

impl DueMarks {
    /// What was told about this.
    pub fn told_about(&self, about: &str) -> impl Iterator<Item = &str> {
        self.told.iter().map(String::as_str).filter(move |_| self.about == about)
    }
}

/// An open session of a holder or a customer (`SESSION#…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// SHA-256 of the token's secret.
    pub digest: Bytes,
    /// Epoch in which it was opened.
    pub epoch: u64,
    /// Level that was proved; none for a customer.
    pub level: Option<Level>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it is over; from this instant on.
    pub expires_at: Timestamp,
    /// Short description of the device.
    pub device: String,
    /// Tidies it away.
    pub ttl: i64,
}

impl SessionRecord {
    /// Public id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.sk.strip_prefix(crate::key::SESSION).unwrap_or(&self.sk)
    }

    /// Whether it is open at `now` in the owner's `epoch`: never by the database's tidying (rule 4).
    #[must_use]
    pub fn is_open(&self, epoch: u64, now: Timestamp) -> bool {
        self.epoch == epoch && now < self.expires_at
    }
}

/// A customer's account (`AUTH` in the table of orders).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// Grows with every change of state.
    pub version: u64,
    /// Sessions of an older epoch are over.
    pub epoch: u64,
    /// Public id of the customer.
    pub customer_id: String,
    /// The owner's data key.
    pub data_key: WrappedKey,
    /// The owner's salt.
    pub salt: Bytes,
    /// The current password.
    pub password: StoredPassword,
    /// The OTP app, where the customer has one.
    #[serde(default)]
    pub totp: Option<StoredTotp>,
    /// The last step of it that was used.
    #[serde(default)]
    pub totp_step: Option<u64>,
    /// The app that is being enrolled.
    #[serde(default)]
    pub enrolment: Option<Enrolment>,
    /// Recovery codes that are not used yet, by keyed digest: each stands once for a code of the app.
    #[serde(default)]
    pub recovery_codes: BTreeMap<String, bool>,
    /// The address that waits for its link.
    #[serde(default)]
    pub pending_address: Option<PendingAddress>,
    /// How many changes of the address were asked for today.
    #[serde(default)]
    pub address_day: Option<CodeDay>,
    /// How many tickets were opened today.
    #[serde(default)]
    pub ticket_day: Option<CodeDay>,
    /// Tries of the password.
    #[serde(default, rename = "pt")]
    pub password_tries: u32,
    /// Milliseconds.
    #[serde(default, rename = "pt_at")]
    pub password_tried_at: Option<i64>,
    /// Tries of the app's codes and of recovery codes, over every route that takes one.
    #[serde(default, rename = "ot")]
    pub otp_tries: u32,
    /// Milliseconds.
    #[serde(default, rename = "ot_at")]
    pub otp_tried_at: Option<i64>,
    /// When another e-mail address was confirmed.
    #[serde(default)]
    pub address_changed_at: Option<Timestamp>,
    /// Far away.
    pub ttl: i64,
}

impl AccountRecord {
    /// An account as it is opened.
    #[must_use]
    pub fn new(owner: &Owner, customer_id: String, data_key: WrappedKey, salt: Bytes, password: StoredPassword) -> Self {
        Self {
            pk: owner.pk(),
            sk: AUTH.to_owned(),
            version: 1,
            epoch: 1,
            customer_id,
            data_key,
            salt,
            password,
            totp: None,
            totp_step: None,
            enrolment: None,
            recovery_codes: BTreeMap::new(),
            pending_address: None,
            address_day: None,
            ticket_day: None,
            password_tries: 0,
            password_tried_at: None,
            otp_tries: 0,
            otp_tried_at: None,
            address_changed_at: None,
            ttl: NEVER,
        }
    }

    /// Tries of the password.
    #[must_use]
    pub fn password_throttle(&self) -> Tries {
        tries(self.password_tries, self.password_tried_at)
    }

    /// Tries of the second factor.
    #[must_use]
    pub fn otp_throttle(&self) -> Tries {
        tries(self.otp_tries, self.otp_tried_at)
    }
}

/// An e-mail address that the customer wants to be reached at, until its link confirms it: it serves nothing before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAddress {
    /// The address, sealed under the data key.
    pub sealed: Bytes,
    /// The nonce of its link: a link that went to another address confirms none.
    pub nonce: String,
}

/// A request for help (`C#…#TICKETS`), apart from the customer's collection, which is read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key: when it was opened, in milliseconds, and its id.
    pub sk: String,
    /// Public id.
    pub ticket_id: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// What it is about, by code.
    pub topic: String,
    /// The service that it is about.
    pub service_id: Option<String>,
    /// What the customer wrote, sealed under the data key.
    pub sealed: Bytes,
    /// Tidies it away.
    pub ttl: i64,
}

/// A withdrawal form that was sent (rules 62, 63).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentWithdrawal {
    /// Which of the two.
    pub form: WithdrawalForm,
    /// When it was sent: what decides which of the two it is.
    pub sent_at: Timestamp,
}

/// A credential as the customer area shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCredential {
    /// What it is.
    pub kind: CredentialKind,
    /// Its last day.
    pub expires_on: Option<Date>,
}

/// The customer area's view of one identity (`SERVICE#…`); what changes the identity changes it in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// Public id.
    pub service_id: String,
    /// Grows with every order, renewal and change of the automatic renewal.
    #[serde(default)]
    pub version: u64,
    /// Partition key of the identity; none until its registration.
    #[serde(default)]
    pub identity: Option<String>,
    /// Type of the identity.
    pub kind: IdentityType,
    /// Status of the identity.
    pub status: Status,
    /// What was bought.
    pub offer: String,
    /// Order by which it was bought.
    pub order_id: String,
    /// When the contract was made.
    pub contract_at: Timestamp,
    /// Last day.
    pub expires_on: Option<Date>,
    /// Day of the month that renewals keep (rule 2).
    pub anchor_day: i8,
    /// Whether it renews by itself (rule 61).
    pub auto_renewal: bool,
    /// Credentials bought.
    pub credentials: Vec<ServiceCredential>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// The payment method that the automatic renewal charges (rule 61).
    #[serde(default)]
    pub renewal_method: Option<String>,
    /// The last day, by what is renewed, for which the automatic renewal was charged, with whatever outcome: it charges once (rule 61).
    #[serde(default)]
    pub charged: BTreeMap<String, Date>,
    /// Days of the month that renewals of its credentials return to, by kind (rule 2).
    #[serde(default)]
    pub anchors: BTreeMap<CredentialKind, i8>,
    /// The withdrawal form that the customer sent.
    #[serde(default)]
    pub withdrawal: Option<SentWithdrawal>,
}

/// A number of the register of invoices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceNumber {
    /// The number, as it is shown.
    pub number: String,
    /// Its day in Rome.
    pub issued_on: Date,
    /// Seller and buyer as they were then, sealed under the data key.
    #[serde(default)]
    pub parties: Option<Bytes>,
}

/// An order (`ORDER#…`), beside the services of its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// Public id.
    pub order_id: String,
    /// Grows with every change.
    pub version: u64,
    /// What was ordered.
    pub item: Item,
    /// The service that it is of; for a new identity, the one that comes about when it is paid.
    pub service_id: String,
    /// What the service is called.
    pub offer: String,
    /// For a renewal, the last day that it moves.
    pub period: Option<Date>,
    /// Price without VAT, in euro cents.
    pub net_cents: u64,
    /// Rate of VAT in hundredths of a percent.
    pub vat_basis_points: u32,
    /// Price with VAT, in euro cents.
    pub gross_cents: u64,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Whether the automatic renewal placed it.
    pub automatic: bool,
    /// Where it stands.
    pub order: Order,
    /// The payment method of the charge under way.
    pub method: Option<String>,
    /// The key under which the charge under way is asked for.
    pub charge_key: Option<String>,
    /// Why the last charge took nothing.
    pub declined: Option<String>,
    /// The invoice, where it was paid and costs something.
    pub invoice: Option<InvoiceNumber>,
}

/// A payment method of a customer (`METHOD#…`), as the payment provider names it: never a card's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethodRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// The provider's id of it.
    pub method_id: String,
    /// What it is: `card` or `paypal`.
    pub kind: String,
    /// How it is shown.
    pub label: String,
    /// Last month in which a card can be charged, as `2027-03`.
    pub expires: Option<String>,
    /// When it was added.
    pub added_at: Timestamp,
    /// Grows with whatever begins to use it, so that nobody removes it at the same moment.
    #[serde(default)]
    pub version: u64,
}

/// What was done of one kind of work on a service (`DUE#…`); it is in the index while there is more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceDue {
    /// Marks of what was told.
    #[serde(default)]
    pub told: BTreeSet<String>,
}

/// Who the customer is to the payment provider (`PAYER`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayerRecord {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// The provider's id of the customer.
    pub payer: String,
}

/// Everything of one holder that an operation reads at once.
#[derive(Debug, Clone, PartialEq)]
pub struct HolderRecords {
    /// State, credentials, counters.
    pub auth: AuthRecord,
    /// Personal data, sealed.
    pub profile: SealedProfile,
    /// Former passwords.
    pub history: History,
    /// Warnings of the current password.
    pub password_due: Option<PasswordDue>,
    /// What was done of each kind of work on the identity.
    pub due: BTreeMap<String, DueMarks>,
    /// Sessions, over ones too.
    pub sessions: Vec<SessionRecord>,
    /// Nonces of links that were used.
    pub used: BTreeSet<String>,
    /// Where the access history stands; none before the first access.
    pub accesses: Option<AccessCounters>,
}

/// Everything of one customer that an operation reads at once.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerRecords {
    /// Account.
    pub account: AccountRecord,
    /// Personal data, sealed.
    pub profile: SealedProfile,
    /// Sessions, over ones too.
    pub sessions: Vec<SessionRecord>,
    /// Services, by id.
    pub services: Vec<ServiceRecord>,
    /// Orders, by id.
    pub orders: Vec<OrderRecord>,
    /// Payment methods, by id.
    pub methods: Vec<PaymentMethodRecord>,
    /// The provider's id of the customer, where one was asked for.
    pub payer: Option<String>,
    /// What was told of each service's expiries, by kind of work and service.
    pub due: BTreeMap<String, ServiceDue>,
    /// Nonces of links that were used.
    pub used: BTreeSet<String>,
}
