//! The customer area's view of a service: expiry, renewal, cancellation and what may be done with it now (rules 59-64).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::{add_months_anchored, date_of, days_after, days_between, end_of_day, sub_months, working_day_from};
use crate::identity::{IdentityType, Status};
use crate::policy::{Policy, ServicePolicy};
use crate::renewal::{name, renewal_lasts};

/// A level of assurance, lowest first (rule 18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// One factor: the password.
    L1,
    /// Two factors: a one-time password.
    L2,
    /// Two factors on a certificate: smart card or remote signature.
    L3,
}

/// What a credential is (rules 41-43).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// The password.
    Password,
    /// One-time passwords of the enrolled app.
    OtpApp,
    /// One-time passwords by SMS.
    OtpSms,
    /// One-time passwords of a physical device, which is bought (41).
    OtpToken,
    /// A smart card's certificate, which is bought (43).
    SmartCard,
    /// A remote signature's certificate, which is bought (43).
    RemoteSignature,
}

impl CredentialKind {
    /// Every kind, lowest level first.
    pub const ALL: [Self; 6] = [Self::Password, Self::OtpApp, Self::OtpSms, Self::OtpToken, Self::SmartCard, Self::RemoteSignature];

    /// The kinds that a customer can add to an identity (rule 64).
    pub const FOR_SALE: [Self; 3] = [Self::OtpToken, Self::SmartCard, Self::RemoteSignature];

    /// The level that this kind gives.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Password => Level::L1,
            Self::OtpApp | Self::OtpSms | Self::OtpToken => Level::L2,
            Self::SmartCard | Self::RemoteSignature => Level::L3,
        }
    }
}

/// One credential of a service (rule 59).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// Its level, which is its kind's.
    pub level: Level,
    /// What it is.
    pub kind: CredentialKind,
    /// Its last valid day in Rome; none where it has no expiry date.
    pub expires_on: Option<Date>,
}

impl Credential {
    /// A credential with the level of its kind; `expires_on` is its last valid day in Rome.
    #[must_use]
    pub fn new(kind: CredentialKind, expires_on: Option<Date>) -> Self {
        Self { level: kind.level(), kind, expires_on }
    }
}

/// What the rules need to know about a service (rule 59).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The identity's type.
    pub kind: IdentityType,
    /// The identity's status.
    pub status: Status,
    /// Whether the service was cancelled (62).
    pub cancelled: bool,
    /// When the contract was concluded (63).
    pub contract_at: Timestamp,
    /// The identity's last valid day in Rome; none while it is to be activated.
    pub expires_on: Option<Date>,
    /// The day of the month that renewals return to, 1 to 31 (2).
    pub anchor_day: i8,
    /// Whether a Professional or Business one renews by itself; without meaning for the others (61).
    pub auto_renewal: bool,
    /// The credentials held, expired ones too, without those that were revoked.
    pub credentials: Vec<Credential>,
    /// For which last days, by what is renewed, the automatic renewal has charged, with whatever outcome (61).
    pub charged: std::collections::BTreeMap<String, Date>,
}

/// How an expiry date is shown (rule 60).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpiryFlag {
    /// Plainly: it is further away than the flag's months.
    None,
    /// Flagged, and still valid.
    Expiring,
    /// Flagged, and no longer valid.
    Expired,
}

impl ExpiryFlag {
    /// Whether it is flagged, which it stays after expiry (rule 60).
    #[must_use]
    pub fn is_flagged(self) -> bool {
        match self {
            Self::None => false,
            Self::Expiring | Self::Expired => true,
        }
    }
}

/// The first day in Rome on which an expiry is flagged (rule 60): 28/02/2026 for 31/05/2026.
#[must_use]
pub fn flagged_from(expires_on: Date, policy: &ServicePolicy) -> Date {
    sub_months(expires_on, policy.expiry_flag_months)
}

/// Days before an expiry at which a notice of it is due: the flag's first day and the policy's (rule 60).
#[must_use]
pub fn notice_days(expires_on: Date, policy: &ServicePolicy) -> BTreeSet<u32> {
    policy.expiry_notice_days.iter().copied().chain([days_between(flagged_from(expires_on, policy), expires_on)]).collect()
}

/// How an expiry, of the identity or of a credential, is flagged at `now` (rule 60). The day of the expiry is still valid.
#[must_use]
pub fn expiry_flag(expires_on: Date, now: Timestamp, policy: &ServicePolicy) -> ExpiryFlag {
    let today = date_of(now);
    if expires_on < today {
        ExpiryFlag::Expired
    } else if flagged_from(expires_on, policy) <= today {
        ExpiryFlag::Expiring
    } else {
        ExpiryFlag::None
    }
}

/// How a service renews (rule 61).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenewalTerms {
    /// By itself and free of charge; there is nothing to switch.
    FreeAutomatic,
    /// By itself, charged before expiry.
    AutomaticOn,
    /// Only when the customer renews.
    AutomaticOff,
}

/// How a service of this type renews (rule 61); `auto_renewal` has no meaning for Personal and Minor.
#[must_use]
pub fn renewal_terms(kind: IdentityType, auto_renewal: bool) -> RenewalTerms {
    match (kind, auto_renewal) {
        (IdentityType::Personal | IdentityType::Minor, _) => RenewalTerms::FreeAutomatic,
        (IdentityType::Professional | IdentityType::Business, true) => RenewalTerms::AutomaticOn,
        (IdentityType::Professional | IdentityType::Business, false) => RenewalTerms::AutomaticOff,
    }
}

/// Calendar months that a renewal adds to an identity of this type (rule 61).
#[must_use]
pub fn term_months(kind: IdentityType, policy: &ServicePolicy) -> u32 {
    match kind {
        IdentityType::Personal | IdentityType::Minor => policy.free_term_months,
        IdentityType::Professional | IdentityType::Business => policy.paid_term_months,
    }
}

/// The expiry after a renewal: the old expiry, not the day of payment, and the term, on the anchor day (rules 2, 61).
#[must_use]
pub fn renewed_expiry(old: Date, anchor_day: i8, kind: IdentityType, policy: &ServicePolicy) -> Date {
    add_months_anchored(old, anchor_day, term_months(kind, policy))
}

/// What a customer can do with a service (rules 59-65).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Renew the identity (60, 61).
    Renew,
    /// Buy a further credential (64).
    AddCredential,
    /// Switch the automatic renewal on or off (61).
    ChangeAutoRenewal,
    /// Cancel the service (62).
    Cancel,
    /// Go to the identity's selfcare (65).
    OpenSelfcare,
}

impl Action {
    /// Every action, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Renew, Self::AddCredential, Self::ChangeAutoRenewal, Self::Cancel, Self::OpenSelfcare];
}

/// Why an action is refused (rules 59-64). The serialised name is [`Refusal::code`] and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// A cancelled service stays as it is (62).
    #[error("the service is cancelled")]
    AlreadyCancelled,
    /// A revoked identity neither renews nor opens nor takes a credential (19, 36).
    #[error("the identity is revoked")]
    IdentityRevoked,
    /// The identity is still to be activated.
    #[error("the identity is not active yet")]
    NotActive,
    /// A suspended identity takes no credential.
    #[error("the identity is suspended")]
    IdentitySuspended,
    /// An active or suspended identity is revoked before its order is cancelled (62).
    #[error("the identity has to be revoked first")]
    RevokeFirst,
    /// Personal and Minor renew by themselves, free of charge (61).
    #[error("the renewal is free and automatic")]
    RenewalIsFree,
    /// The automatic renewal is on (60).
    #[error("the automatic renewal is on")]
    RenewalIsAutomatic,
    /// The expiry is not flagged yet (60).
    #[error("the expiry is still far away")]
    NotYetDue,
    /// There is no expiry date to move.
    #[error("it does not expire")]
    DoesNotExpire,
    /// Never level 3 for a Minor (38, 64).
    #[error("level 3 is not for minors")]
    #[serde(rename = "level-3-not-for-minors")]
    Level3NotForMinors,
    /// This kind of credential is not one that can be bought (64).
    #[error("this credential cannot be added")]
    NotForSale,
    /// A credential of this kind is held already; an expired one is renewed.
    #[error("this credential is held already")]
    AlreadyHeld,
    /// Every credential that this type of identity may have is held.
    #[error("every credential is held already")]
    NothingToAdd,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 13] = [
        Self::AlreadyCancelled,
        Self::IdentityRevoked,
        Self::NotActive,
        Self::IdentitySuspended,
        Self::RevokeFirst,
        Self::RenewalIsFree,
        Self::RenewalIsAutomatic,
        Self::NotYetDue,
        Self::DoesNotExpire,
        Self::Level3NotForMinors,
        Self::NotForSale,
        Self::AlreadyHeld,
        Self::NothingToAdd,
    ];

    /// The stable code of the reason (rules 59-64).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyCancelled => "already-cancelled",
            Self::IdentityRevoked => "identity-revoked",
            Self::NotActive => "not-active",
            Self::IdentitySuspended => "identity-suspended",
            Self::RevokeFirst => "revoke-first",
            Self::RenewalIsFree => "renewal-is-free",
            Self::RenewalIsAutomatic => "renewal-is-automatic",
            Self::NotYetDue => "not-yet-due",
            Self::DoesNotExpire => "does-not-expire",
            Self::Level3NotForMinors => "level-3-not-for-minors",
            Self::NotForSale => "not-for-sale",
            Self::AlreadyHeld => "already-held",
            Self::NothingToAdd => "nothing-to-add",
        }
    }
}

/// An action and, where it is refused, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionState {
    /// The action.
    pub action: Action,
    /// Why it is refused; none when it is offered.
    pub refused: Option<Refusal>,
}

/// Every action exactly once, in the order of [`Action::ALL`], as it stands at `now` (rules 59-65).
///
/// Where several reasons hold, the most lasting one is given: cancelled, then revoked, then the type's own, then what time or the customer changes.
#[must_use]
pub fn actions(facts: &ServiceFacts, now: Timestamp, policy: &Policy) -> Vec<ActionState> {
    Action::ALL.into_iter().map(|action| ActionState { action, refused: attempt(action, facts, now, &policy.service).err() }).collect()
}

fn attempt(action: Action, facts: &ServiceFacts, now: Timestamp, policy: &ServicePolicy) -> Result<(), Refusal> {
    match action {
        Action::Renew => renewal(facts, now, policy),
        Action::AddCredential => adding_any(facts),
        Action::ChangeAutoRenewal => changing_auto_renewal(facts),
        Action::Cancel => cancellation(facts, now, policy).map(drop),
        Action::OpenSelfcare => alive(facts),
    }
}

/// Whether the identity may be renewed by hand at `now` (rules 60, 61): while its expiry is flagged, not while it renews by itself.
/// A suspended one may, lest it expires meanwhile.
///
/// # Errors
/// Cancelled, revoked, free, not active yet, automatic unless it has charged for this last day in vain (it charges once, so nothing else is left) or never will, without
/// expiry, or not yet due.
pub fn renewal(facts: &ServiceFacts, now: Timestamp, policy: &ServicePolicy) -> Result<(), Refusal> {
    alive(facts)?;
    match (renewal_terms(facts.kind, facts.auto_renewal), facts.status) {
        (RenewalTerms::FreeAutomatic, _) => Err(Refusal::RenewalIsFree),
        (_, Status::ToActivate) => Err(Refusal::NotActive),
        (RenewalTerms::AutomaticOn, _) if will_charge(facts, None, facts.expires_on, now, policy) => Err(Refusal::RenewalIsAutomatic),
        (RenewalTerms::AutomaticOn | RenewalTerms::AutomaticOff, _) => due(facts.expires_on, now, policy),
    }
}

/// Whether the automatic renewal is still to charge for this last day: not once it has, and not for what is over for longer than a renewal lasts.
fn will_charge(facts: &ServiceFacts, credential: Option<CredentialKind>, expires_on: Option<Date>, now: Timestamp, policy: &ServicePolicy) -> bool {
    let months = if credential.is_some() { policy.credential_term_months } else { term_months(facts.kind, policy) };
    expires_on.is_none_or(|from| facts.charged.get(name(credential)) != Some(&from) && renewal_lasts(from, months, now))
}

/// Whether one credential of the service may be renewed by hand at `now` (rule 60): while its own expiry is flagged, not while the automatic
/// renewal is on. What is free for Personal and Minor is the identity, so a bought credential of theirs is renewed by hand too.
///
/// # Errors
/// Cancelled, revoked, not active yet, automatic, without expiry, or not yet due.
pub fn credential_renewal(facts: &ServiceFacts, credential: &Credential, now: Timestamp, policy: &ServicePolicy) -> Result<(), Refusal> {
    alive(facts)?;
    match (renewal_terms(facts.kind, facts.auto_renewal), facts.status) {
        (_, Status::ToActivate) => Err(Refusal::NotActive),
        (RenewalTerms::AutomaticOn, _) if will_charge(facts, Some(credential.kind), credential.expires_on, now, policy) => Err(Refusal::RenewalIsAutomatic),
        (RenewalTerms::FreeAutomatic | RenewalTerms::AutomaticOn | RenewalTerms::AutomaticOff, _) => due(credential.expires_on, now, policy),
    }
}

/// Whether the automatic renewal may be switched on or off (rule 61): at any time for Professional and Business, before the activation too.
///
/// # Errors
/// Cancelled, revoked, or free.
pub fn changing_auto_renewal(facts: &ServiceFacts) -> Result<(), Refusal> {
    alive(facts)?;
    match renewal_terms(facts.kind, facts.auto_renewal) {
        RenewalTerms::FreeAutomatic => Err(Refusal::RenewalIsFree),
        RenewalTerms::AutomaticOn | RenewalTerms::AutomaticOff => Ok(()),
    }
}

/// Whether a credential of this kind may be added (rule 64): to an active identity only, since what is bought before the activation comes with
/// its order and a suspended identity could not activate it.
///
/// # Errors
/// Cancelled, revoked, not active yet, suspended, level 3 for a Minor, not for sale, or held already.
pub fn adding(facts: &ServiceFacts, kind: CredentialKind) -> Result<(), Refusal> {
    active(facts)?;
    addable(facts, kind)
}

/// The credentials that may be added, in the order of [`CredentialKind::FOR_SALE`] (rule 64); none while the identity is not active.
#[must_use]
pub fn credentials_to_add(facts: &ServiceFacts) -> Vec<CredentialKind> {
    CredentialKind::FOR_SALE.into_iter().filter(|kind| adding(facts, *kind).is_ok()).collect()
}

fn adding_any(facts: &ServiceFacts) -> Result<(), Refusal> {
    active(facts)?;
    if credentials_to_add(facts).is_empty() { Err(Refusal::NothingToAdd) } else { Ok(()) }
}

/// Whether an identity of a type may have a credential at all (rules 38, 64): never level 3 for a Minor.
#[must_use]
pub fn is_for(kind: IdentityType, credential: CredentialKind) -> bool {
    kind != IdentityType::Minor || credential.level() != Level::L3
}

fn addable(facts: &ServiceFacts, kind: CredentialKind) -> Result<(), Refusal> {
    if !is_for(facts.kind, kind) {
        Err(Refusal::Level3NotForMinors)
    } else if !CredentialKind::FOR_SALE.contains(&kind) {
        Err(Refusal::NotForSale)
    } else if facts.credentials.iter().any(|held| held.kind == kind) {
        Err(Refusal::AlreadyHeld)
    } else {
        Ok(())
    }
}

fn alive(facts: &ServiceFacts) -> Result<(), Refusal> {
    match (facts.cancelled, facts.status) {
        (true, _) => Err(Refusal::AlreadyCancelled),
        (false, Status::Revoked) => Err(Refusal::IdentityRevoked),
        (false, Status::ToActivate | Status::Active | Status::Suspended) => Ok(()),
    }
}

fn active(facts: &ServiceFacts) -> Result<(), Refusal> {
    alive(facts)?;
    match facts.status {
        Status::ToActivate => Err(Refusal::NotActive),
        Status::Suspended => Err(Refusal::IdentitySuspended),
        Status::Revoked => Err(Refusal::IdentityRevoked),
        Status::Active => Ok(()),
    }
}

fn due(expires_on: Option<Date>, now: Timestamp, policy: &ServicePolicy) -> Result<(), Refusal> {
    let expires_on = expires_on.ok_or(Refusal::DoesNotExpire)?;
    if expiry_flag(expires_on, now, policy).is_flagged() { Ok(()) } else { Err(Refusal::NotYetDue) }
}

/// Which withdrawal form is the right one (rules 62, 63). The name is the form's; the days are the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WithdrawalForm {
    /// Sent by the end of the last day.
    #[serde(rename = "within-14-days")]
    Within14Days,
    /// Sent later.
    #[serde(rename = "beyond-14-days")]
    Beyond14Days,
}

/// How a service is cancelled (rule 62).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// The order is cancelled at once.
    CancelNow,
    /// A withdrawal form is to be sent.
    WithdrawalForm {
        /// Which one, when it is sent now.
        form: WithdrawalForm,
        /// The last day in Rome for [`WithdrawalForm::Within14Days`], which may have passed (63).
        last_day: Date,
        /// The exclusive end of that day: at this instant it is [`WithdrawalForm::Beyond14Days`].
        until: Timestamp,
    },
}

/// How a service is cancelled at `now`, the time of sending (rules 62, 63). Once the identity is revoked, the order of every type is cancelled at once.
///
/// # Errors
/// [`Refusal::AlreadyCancelled`]; [`Refusal::RevokeFirst`] for an active or suspended identity of every type.
pub fn cancellation(facts: &ServiceFacts, now: Timestamp, policy: &ServicePolicy) -> Result<Cancellation, Refusal> {
    if facts.cancelled {
        return Err(Refusal::AlreadyCancelled);
    }
    match (facts.status, facts.kind) {
        (Status::Active | Status::Suspended, _) => Err(Refusal::RevokeFirst),
        (Status::Revoked, _) | (Status::ToActivate, IdentityType::Personal | IdentityType::Minor) => Ok(Cancellation::CancelNow),
        (Status::ToActivate, IdentityType::Professional | IdentityType::Business) => Ok(withdrawal(facts.contract_at, now, policy)),
    }
}

fn withdrawal(contract_at: Timestamp, now: Timestamp, policy: &ServicePolicy) -> Cancellation {
    let last_day = withdrawal_last_day(contract_at, policy);
    let until = end_of_day(last_day);
    let form = if now < until { WithdrawalForm::Within14Days } else { WithdrawalForm::Beyond14Days };
    Cancellation::WithdrawalForm { form, last_day, until }
}

/// The last day in Rome, until 23:59:59, of the withdrawal within the days (rule 63): the contract's day in Rome does not count, and a
/// Saturday, Sunday or national holiday gives way to the next working day.
#[must_use]
pub fn withdrawal_last_day(contract_at: Timestamp, policy: &ServicePolicy) -> Date {
    working_day_from(days_after(date_of(contract_at), policy.withdrawal_days), policy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt;

    use super::*;
    use jiff::SignedDuration;
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use Refusal::{
        AlreadyCancelled, AlreadyHeld, DoesNotExpire, IdentityRevoked, IdentitySuspended, Level3NotForMinors, NotActive, NotForSale, NotYetDue, NothingToAdd,
        RenewalIsAutomatic, RenewalIsFree, RevokeFirst,
    };

    const PAID: [IdentityType; 2] = [IdentityType::Professional, IdentityType::Business];
    const FREE: [IdentityType; 2] = [IdentityType::Personal, IdentityType::Minor];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn policy() -> ServicePolicy {
        ServicePolicy::default()
    }

    /// Flagged at [`flagged`], automatic renewal off, password and app.
    fn facts(kind: IdentityType, status: Status) -> ServiceFacts {
        ServiceFacts {
            kind,
            status,
            cancelled: false,
            contract_at: at("2025-05-10T10:00:00Z"),
            expires_on: (status != Status::ToActivate).then(|| date(2026, 5, 31)),
            anchor_day: 31,
            auto_renewal: false,
            credentials: vec![Credential::new(CredentialKind::Password, None), Credential::new(CredentialKind::OtpApp, None)],
            charged: std::collections::BTreeMap::new(),
        }
    }

    fn flagged() -> Timestamp {
        at("2026-04-01T10:00:00Z")
    }

    fn refusals(facts: &ServiceFacts, now: Timestamp) -> [Option<Refusal>; 5] {
        let states = actions(facts, now, &Policy::default());
        assert_eq!(states.iter().map(|state| state.action).collect::<Vec<_>>(), Action::ALL);
        std::array::from_fn(|index| states[index].refused)
    }

    fn hold(facts: &mut ServiceFacts, kind: CredentialKind) {
        facts.credentials.push(Credential::new(kind, Some(date(2027, 1, 1))));
    }

    struct Name<T>(T);

    impl<T: Serialize> fmt::Display for Name<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.serialize(f)
        }
    }

    fn assert_named<T: Serialize + for<'de> Deserialize<'de> + PartialEq + fmt::Debug + Copy>(pairs: &[(T, &'static str)]) {
        for (value, name) in pairs {
            assert_eq!(Name(*value).to_string(), *name);
            let source: StrDeserializer<'_, Error> = name.into_deserializer();
            assert_eq!(T::deserialize(source).as_ref(), Ok(value));
        }
    }

    #[test]
    fn an_automatic_renewal_that_charged_in_vain_leaves_the_renewal_by_hand() {
        for kind in PAID {
            let mut on = ServiceFacts { auto_renewal: true, ..facts(kind, Status::Active) };
            let card = Credential::new(CredentialKind::SmartCard, Some(date(2026, 5, 20)));
            assert_eq!(renewal(&on, flagged(), &policy()), Err(RenewalIsAutomatic));
            assert_eq!(credential_renewal(&on, &card, flagged(), &policy()), Err(RenewalIsAutomatic));
            // Charged for another last day, it will charge for this one.
            on.charged.insert("identity".to_owned(), date(2025, 5, 31));
            assert_eq!(renewal(&on, flagged(), &policy()), Err(RenewalIsAutomatic));
            on.charged.insert("identity".to_owned(), date(2026, 5, 31));
            assert_eq!(renewal(&on, flagged(), &policy()), Ok(()));
            assert_eq!(credential_renewal(&on, &card, flagged(), &policy()), Err(RenewalIsAutomatic), "each by itself");
            on.charged.insert("smart-card".to_owned(), date(2026, 5, 20));
            assert_eq!(credential_renewal(&on, &card, flagged(), &policy()), Ok(()));
            on.expires_on = None;
            assert_eq!(renewal(&on, flagged(), &policy()), Err(RenewalIsAutomatic));
        }
    }

    #[test]
    fn serialised_names_are_stable() {
        assert_named(&Refusal::ALL.map(|refusal| (refusal, refusal.code())));
        assert_named(&[(Level::L1, "l1"), (Level::L2, "l2"), (Level::L3, "l3")]);
        assert_named(&[
            (CredentialKind::Password, "password"),
            (CredentialKind::OtpApp, "otp-app"),
            (CredentialKind::OtpSms, "otp-sms"),
            (CredentialKind::OtpToken, "otp-token"),
            (CredentialKind::SmartCard, "smart-card"),
            (CredentialKind::RemoteSignature, "remote-signature"),
        ]);
        assert_named(&[(ExpiryFlag::None, "none"), (ExpiryFlag::Expiring, "expiring"), (ExpiryFlag::Expired, "expired")]);
        assert_named(&[
            (RenewalTerms::FreeAutomatic, "free-automatic"),
            (RenewalTerms::AutomaticOn, "automatic-on"),
            (RenewalTerms::AutomaticOff, "automatic-off"),
        ]);
        assert_named(&[
            (Action::Renew, "renew"),
            (Action::AddCredential, "add-credential"),
            (Action::ChangeAutoRenewal, "change-auto-renewal"),
            (Action::Cancel, "cancel"),
            (Action::OpenSelfcare, "open-selfcare"),
        ]);
        assert_named(&[(WithdrawalForm::Within14Days, "within-14-days"), (WithdrawalForm::Beyond14Days, "beyond-14-days")]);
    }

    #[test]
    fn levels_follow_the_kinds() {
        assert!(Level::L1 < Level::L2 && Level::L2 < Level::L3);
        let levels = CredentialKind::ALL.map(CredentialKind::level);
        assert_eq!(levels, [Level::L1, Level::L2, Level::L2, Level::L2, Level::L3, Level::L3]);
    }

    /// What the customer area offers of everything: every type and status, cancelled or not, renewing by itself or not, long before, within and after the
    /// flag of its expiry. Line by line as the guide has it.
    #[test]
    fn every_type_status_and_action() {
        use IdentityType::{Business, Minor, Personal, Professional};
        use Status::{Active, Revoked, Suspended, ToActivate};
        const OFFERED: Option<Refusal> = None;
        let (free, early, soon, itself) = (Some(RenewalIsFree), Some(NotYetDue), Some(NotActive), Some(RenewalIsAutomatic));
        let (held, revoke, gone) = (Some(IdentitySuspended), Some(RevokeFirst), Some(IdentityRevoked));
        let by_hand = [early, OFFERED, OFFERED, itself];
        // Renew: automatic renewal off, before the flag, flagged and expired; automatic renewal on. The others, which know no time:
        // AddCredential, ChangeAutoRenewal, Cancel, OpenSelfcare.
        let table = [
            (Personal, ToActivate, [free; 4], [soon, free, OFFERED, OFFERED]),
            (Personal, Active, [free; 4], [OFFERED, free, revoke, OFFERED]),
            (Personal, Suspended, [free; 4], [held, free, revoke, OFFERED]),
            (Personal, Revoked, [gone; 4], [gone, gone, OFFERED, gone]),
            (Minor, ToActivate, [free; 4], [soon, free, OFFERED, OFFERED]),
            (Minor, Active, [free; 4], [OFFERED, free, revoke, OFFERED]),
            (Minor, Suspended, [free; 4], [held, free, revoke, OFFERED]),
            (Minor, Revoked, [gone; 4], [gone, gone, OFFERED, gone]),
            (Professional, ToActivate, [soon; 4], [soon, OFFERED, OFFERED, OFFERED]),
            (Professional, Active, by_hand, [OFFERED, OFFERED, revoke, OFFERED]),
            (Professional, Suspended, by_hand, [held, OFFERED, revoke, OFFERED]),
            (Professional, Revoked, [gone; 4], [gone, gone, OFFERED, gone]),
            (Business, ToActivate, [soon; 4], [soon, OFFERED, OFFERED, OFFERED]),
            (Business, Active, by_hand, [OFFERED, OFFERED, revoke, OFFERED]),
            (Business, Suspended, by_hand, [held, OFFERED, revoke, OFFERED]),
            (Business, Revoked, [gone; 4], [gone, gone, OFFERED, gone]),
        ];
        let rows: BTreeSet<_> = table.iter().map(|(kind, status, ..)| (*kind, *status as u8)).collect();
        assert_eq!(rows.len(), IdentityType::ALL.len() * Status::ALL.len());
        let times = ["2026-02-27T22:59:59Z", "2026-02-27T23:00:00Z", "2026-05-31T22:00:00Z"];
        for (kind, status, renew, [add, change, cancel, open]) in table {
            for (column, now) in times.into_iter().enumerate() {
                for (auto_renewal, renew) in [(false, renew[column]), (true, renew[3])] {
                    let facts = ServiceFacts { auto_renewal, ..facts(kind, status) };
                    let context = format!("{kind:?} {status:?} {now} {auto_renewal}");
                    assert_eq!(refusals(&facts, at(now)), [renew, add, change, cancel, open], "{context}");
                    let cancelled = ServiceFacts { cancelled: true, ..facts };
                    assert_eq!(refusals(&cancelled, at(now)), [Some(AlreadyCancelled); 5], "{context}");
                }
            }
        }
    }

    #[test]
    fn the_automatic_renewal_changes_nothing_but_renew_and_only_where_it_is_paid() {
        for kind in IdentityType::ALL {
            for status in Status::ALL {
                let off = facts(kind, status);
                let on = ServiceFacts { auto_renewal: true, ..off.clone() };
                let mut expected = refusals(&off, flagged());
                if PAID.contains(&kind) && matches!(status, Status::Active | Status::Suspended) {
                    expected[0] = Some(RenewalIsAutomatic);
                }
                assert_eq!(refusals(&on, flagged()), expected, "{kind:?} {status:?}");
                // Neither does it open before the flag or after expiry.
                for now in ["2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"] {
                    assert_eq!(refusals(&on, at(now)), expected, "{kind:?} {status:?} {now}");
                }
            }
        }
    }

    #[test]
    fn renew_comes_with_the_flag_and_stays() {
        for kind in PAID {
            for status in [Status::Active, Status::Suspended] {
                let facts = facts(kind, status);
                for (now, expected) in [
                    ("2026-02-27T22:59:59Z", Some(NotYetDue)),
                    ("2026-02-27T23:00:00Z", None),
                    ("2026-05-31T21:59:59Z", None),
                    ("2026-05-31T22:00:00Z", None),
                    ("2028-01-01T00:00:00Z", None),
                ] {
                    assert_eq!(refusals(&facts, at(now))[0], expected, "{kind:?} {status:?} {now}");
                }
                let endless = ServiceFacts { expires_on: None, ..facts };
                assert_eq!(refusals(&endless, flagged())[0], Some(DoesNotExpire));
            }
        }
    }

    #[test]
    fn a_flag_begins_and_expiry_ends_with_a_day_of_rome() {
        let second = SignedDuration::from_secs(1);
        for (expires_on, flag_begins, expired) in [
            // Winter to summer: 31/05 less three months is 28/02.
            ("2026-05-31", "2026-02-27T23:00:00Z", "2026-05-31T22:00:00Z"),
            ("2026-05-28", "2026-02-27T23:00:00Z", "2026-05-28T22:00:00Z"),
            ("2028-05-31", "2028-02-28T23:00:00Z", "2028-05-31T22:00:00Z"),
            // Summer to winter, over the year's end.
            ("2027-01-31", "2026-10-30T23:00:00Z", "2027-01-31T23:00:00Z"),
            ("2027-01-01", "2026-09-30T22:00:00Z", "2027-01-01T23:00:00Z"),
            // The days of 23 and 25 hours.
            ("2026-03-29", "2025-12-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("2026-10-25", "2026-07-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ] {
            let (begins, ends) = (at(flag_begins), at(expired));
            let flag = |now| expiry_flag(day(expires_on), now, &policy());
            assert_eq!(flag(begins - second), ExpiryFlag::None, "{expires_on}");
            assert_eq!(flag(begins), ExpiryFlag::Expiring, "{expires_on}");
            assert_eq!(flag(ends - second), ExpiryFlag::Expiring, "{expires_on}");
            assert_eq!(flag(ends), ExpiryFlag::Expired, "{expires_on}");
            assert_eq!(flag(Timestamp::MAX), ExpiryFlag::Expired, "{expires_on}");
            assert_eq!(flagged_from(day(expires_on), &policy()), date_of(begins));
        }
        assert!(!ExpiryFlag::None.is_flagged() && ExpiryFlag::Expiring.is_flagged() && ExpiryFlag::Expired.is_flagged());
    }

    #[test]
    fn a_credential_is_renewed_by_its_own_expiry() {
        let card = Credential::new(CredentialKind::SmartCard, Some(date(2026, 5, 31)));
        let password = Credential::new(CredentialKind::Password, None);
        for kind in IdentityType::ALL {
            let facts = ServiceFacts { expires_on: Some(date(2030, 1, 1)), ..facts(kind, Status::Active) };
            let renew = |facts: &ServiceFacts, credential, now| credential_renewal(facts, credential, at(now), &policy());
            assert_eq!(renew(&facts, &card, "2026-02-27T22:59:59Z"), Err(NotYetDue), "{kind:?}");
            assert_eq!(renew(&facts, &card, "2026-02-27T23:00:00Z"), Ok(()), "{kind:?}");
            assert_eq!(renew(&facts, &card, "2026-06-01T00:00:00Z"), Ok(()), "{kind:?}");
            assert_eq!(renew(&facts, &password, "2026-06-01T00:00:00Z"), Err(DoesNotExpire), "{kind:?}");
            let on = ServiceFacts { auto_renewal: true, ..facts.clone() };
            let expected = if PAID.contains(&kind) { Err(RenewalIsAutomatic) } else { Ok(()) };
            assert_eq!(renew(&on, &card, "2026-06-01T00:00:00Z"), expected, "{kind:?}");
            for (status, expected) in [(Status::ToActivate, Err(NotActive)), (Status::Suspended, Ok(())), (Status::Revoked, Err(IdentityRevoked))] {
                let facts = ServiceFacts { status, ..facts.clone() };
                assert_eq!(renew(&facts, &card, "2026-06-01T00:00:00Z"), expected, "{kind:?} {status:?}");
            }
            let cancelled = ServiceFacts { cancelled: true, ..facts };
            assert_eq!(renew(&cancelled, &card, "2026-06-01T00:00:00Z"), Err(AlreadyCancelled));
        }
    }

    #[test]
    fn every_type_and_kind_of_credential_to_add() {
        use Status::{Active, Revoked, Suspended, ToActivate};
        let (no, never) = (Err(NotForSale), Err(Level3NotForMinors));
        // Password, app, SMS; device; smart card, remote signature.
        let anyone = [no, no, no, Ok(()), Ok(()), Ok(())];
        let table = [
            (IdentityType::Personal, anyone),
            (IdentityType::Minor, [no, no, no, Ok(()), never, never]),
            (IdentityType::Professional, anyone),
            (IdentityType::Business, anyone),
        ];
        assert_eq!(table.map(|(kind, _)| kind), IdentityType::ALL);
        for (kind, of_active) in table {
            for (credential, when_active) in CredentialKind::ALL.into_iter().zip(of_active) {
                for (status, expected) in
                    [(ToActivate, Err(NotActive)), (Active, when_active), (Suspended, Err(IdentitySuspended)), (Revoked, Err(IdentityRevoked))]
                {
                    for auto_renewal in [false, true] {
                        let facts = ServiceFacts { auto_renewal, ..facts(kind, status) };
                        let context = format!("{kind:?} {status:?} {credential:?}");
                        assert_eq!(adding(&facts, credential), expected, "{context}");
                        assert_eq!(credentials_to_add(&facts).contains(&credential), expected.is_ok(), "{context}");
                        let cancelled = ServiceFacts { cancelled: true, ..facts.clone() };
                        assert_eq!(adding(&cancelled, credential), Err(AlreadyCancelled), "{context}");
                        assert_eq!(credentials_to_add(&cancelled), [], "{context}");
                        // Held: valid, expired, without expiry; what is refused for more than that stays refused for it.
                        for expires_on in [None, Some(date(2020, 1, 1)), Some(date(2030, 1, 1))] {
                            let mut held = facts.clone();
                            held.credentials.push(Credential::new(credential, expires_on));
                            assert_eq!(adding(&held, credential), expected.and(Err(AlreadyHeld)), "{context} {expires_on:?}");
                            // One that is held keeps no other away.
                            for other in CredentialKind::FOR_SALE.into_iter().filter(|other| *other != credential) {
                                assert_eq!(adding(&held, other), adding(&facts, other), "{context} {other:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_to_add_once_all_is_held() {
        for kind in IdentityType::ALL {
            let mut facts = facts(kind, Status::Active);
            let whole = credentials_to_add(&facts);
            let expected = if kind == IdentityType::Minor { vec![CredentialKind::OtpToken] } else { CredentialKind::FOR_SALE.to_vec() };
            assert_eq!(whole, expected, "{kind:?}");
            for credential in whole {
                assert_eq!(refusals(&facts, flagged())[1], None, "{kind:?}");
                hold(&mut facts, credential);
            }
            assert_eq!(refusals(&facts, flagged())[1], Some(NothingToAdd), "{kind:?}");
        }
    }

    #[test]
    fn terms_of_renewal() {
        for auto_renewal in [false, true] {
            for kind in FREE {
                assert_eq!(renewal_terms(kind, auto_renewal), RenewalTerms::FreeAutomatic);
            }
            for kind in PAID {
                let expected = if auto_renewal { RenewalTerms::AutomaticOn } else { RenewalTerms::AutomaticOff };
                assert_eq!(renewal_terms(kind, auto_renewal), expected);
            }
        }
        for (kind, old, anchor, expected) in [
            (IdentityType::Professional, "2026-05-31", 31, "2027-05-31"),
            (IdentityType::Business, "2027-02-28", 29, "2028-02-29"),
            (IdentityType::Business, "2027-02-28", 28, "2028-02-28"),
            (IdentityType::Personal, "2024-02-29", 29, "2026-02-28"),
            (IdentityType::Minor, "2026-02-28", 29, "2028-02-29"),
        ] {
            assert_eq!(renewed_expiry(day(old), anchor, kind, &policy()), day(expected), "{kind:?} {old}");
        }
    }

    #[test]
    fn the_table_of_cancellations() {
        let now = at("2026-01-20T10:00:00Z");
        let form = |form| Cancellation::WithdrawalForm { form, last_day: date(2026, 1, 26), until: at("2026-01-26T23:00:00Z") };
        for kind in IdentityType::ALL {
            // Monday 12 January + 14 = Monday 26 January.
            let of = |status| ServiceFacts { contract_at: at("2026-01-12T10:00:00Z"), ..facts(kind, status) };
            for status in [Status::Active, Status::Suspended] {
                assert_eq!(cancellation(&of(status), now, &policy()), Err(RevokeFirst), "{kind:?}");
            }
            assert_eq!(cancellation(&of(Status::Revoked), now, &policy()), Ok(Cancellation::CancelNow), "{kind:?}");
            let late = at("2026-02-20T10:00:00Z");
            let (early_answer, late_answer) = if PAID.contains(&kind) {
                (form(WithdrawalForm::Within14Days), form(WithdrawalForm::Beyond14Days))
            } else {
                (Cancellation::CancelNow, Cancellation::CancelNow)
            };
            assert_eq!(cancellation(&of(Status::ToActivate), now, &policy()), Ok(early_answer), "{kind:?}");
            assert_eq!(cancellation(&of(Status::ToActivate), late, &policy()), Ok(late_answer), "{kind:?}");
            for status in Status::ALL {
                let cancelled = ServiceFacts { cancelled: true, ..of(status) };
                assert_eq!(cancellation(&cancelled, now, &policy()), Err(AlreadyCancelled), "{kind:?} {status:?}");
            }
        }
    }

    #[test]
    fn withdrawal_gives_way_to_the_next_working_day() {
        for (contract_at, expected) in [
            // 23:30 in Rome, winter and summer, is still that day; half an hour later is the next.
            ("2026-01-12T22:30:00Z", "2026-01-26"),
            ("2026-01-12T23:00:00Z", "2026-01-27"),
            ("2026-07-06T21:30:00Z", "2026-07-20"),
            ("2026-07-06T22:00:00Z", "2026-07-21"),
            // D+14 is Saturday 4 April, then Easter and its Monday.
            ("2026-03-21T10:00:00Z", "2026-04-07"),
            // 4 October: a Sunday in 2026, a Monday in 2027, a Saturday before it was a holiday.
            ("2026-09-20T10:00:00Z", "2026-10-05"),
            ("2027-09-20T10:00:00Z", "2027-10-05"),
            ("2025-09-20T10:00:00Z", "2025-10-06"),
            // Christmas on a Friday, Saint Stephen, Sunday.
            ("2026-12-11T10:00:00Z", "2026-12-28"),
            // New Year on a Friday.
            ("2026-12-18T10:00:00Z", "2027-01-04"),
        ] {
            assert_eq!(withdrawal_last_day(at(contract_at), &policy()), day(expected), "{contract_at}");
        }
        // Without the holiday that Monday works.
        let never = ServicePolicy { saint_francis_from_year: i16::MAX, ..policy() };
        assert_eq!(withdrawal_last_day(at("2027-09-20T10:00:00Z"), &never), day("2027-10-04"));
    }

    /// Rule 63 by hand for 2026 to early 2029: plain counting from Thursday 1 January 2026, without `jiff` or the calendar module.
    mod model {
        /// Year, month and day.
        pub(super) type Day = (i16, i8, i8);

        /// Seconds of 2026-01-01T00:00:00Z.
        const EPOCH: i64 = 1_767_225_600;
        /// As the almanac has them.
        pub(super) const EASTERS: [Day; 4] = [(2026, 4, 5), (2027, 3, 28), (2028, 4, 16), (2029, 4, 1)];
        const EASTER_MONDAYS: [Day; 4] = [(2026, 4, 6), (2027, 3, 29), (2028, 4, 17), (2029, 4, 2)];
        /// The days on which the clocks change.
        const SUMMERS: [(Day, Day); 4] =
            [((2026, 3, 29), (2026, 10, 25)), ((2027, 3, 28), (2027, 10, 31)), ((2028, 3, 26), (2028, 10, 29)), ((2029, 3, 25), (2029, 10, 28))];
        const FIXED: [&str; 11] = ["1/1", "6/1", "25/4", "1/5", "2/6", "15/8", "4/10", "1/11", "8/12", "25/12", "26/12"];

        pub(super) fn days() -> Vec<Day> {
            let mut days = Vec::new();
            for year in 2026..=2029i16 {
                let february = if year == 2028 { 29 } else { 28 };
                for (month, length) in (1i8..).zip([31i8, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                    days.extend((1..=length).map(|day| (year, month, day)));
                }
            }
            days
        }

        /// Easter by the rule of Gauss, with his numbers for 1900 to 2099 and his two exceptions.
        pub(super) fn easter(year: i16) -> Day {
            let (a, b, c) = (year % 19, year % 4, year % 7);
            let d = (19 * a + 24) % 30;
            let e = (2 * b + 4 * c + 6 * d + 5) % 7;
            let of_march = match (d, e) {
                (29, 6) => 50,
                (28, 6) if a > 10 => 49,
                _ => 22 + d + e,
            };
            let (month, day) = if of_march > 31 { (4, of_march - 31) } else { (3, of_march) };
            (year, month, i8::try_from(day).unwrap())
        }

        fn rests(index: usize, day: Day) -> bool {
            // Day 0 is a Thursday, so 2 is a Saturday and 3 a Sunday.
            let name = format!("{}/{}", day.2, day.1);
            matches!(index % 7, 2 | 3) || FIXED.contains(&name.as_str()) || EASTERS.contains(&day) || EASTER_MONDAYS.contains(&day)
        }

        pub(super) fn last_day(days: &[Day], contract: usize) -> usize {
            let mut index = contract + 14;
            while rests(index, days[index]) {
                index += 1;
            }
            index
        }

        /// Seconds of 00:00:00 in Rome: on the days of the change the clock has not moved yet.
        pub(super) fn midnight(days: &[Day], index: usize) -> i64 {
            let summer = SUMMERS.iter().any(|(first, last)| *first < days[index] && days[index] <= *last);
            EPOCH + i64::try_from(index).unwrap() * 86_400 - if summer { 7_200 } else { 3_600 }
        }

        /// Seconds of 23:59:59 in Rome.
        pub(super) fn last_second(days: &[Day], index: usize) -> i64 {
            midnight(days, index + 1) - 1
        }
    }

    fn form_at(contract_at: Timestamp, kind: IdentityType, now: Timestamp) -> (WithdrawalForm, Date, Timestamp) {
        let facts = ServiceFacts { contract_at, ..facts(kind, Status::ToActivate) };
        match cancellation(&facts, now, &policy()) {
            Ok(Cancellation::WithdrawalForm { form, last_day, until }) => (form, last_day, until),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_easters_of_the_model_are_those_of_the_almanac_and_of_the_calendar() {
        assert_eq!(model::EASTERS.map(|(year, ..)| model::easter(year)), model::EASTERS);
        for year in 1900..=2099 {
            let (year, month, day) = model::easter(year);
            assert_eq!(crate::calendar::easter(year), date(year, month, day));
        }
    }

    #[test]
    fn every_contract_day_of_three_years() {
        let days = model::days();
        let nano = SignedDuration::from_nanos(1);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut lengths = BTreeSet::new();
        for contract in 0..days.iter().position(|day| day.0 == 2029).unwrap() {
            let last = model::last_day(&days, contract);
            let (year, month, dom) = days[last];
            let until = at(model::last_second(&days, last) + 1);
            let (begin, end) = (model::midnight(&days, contract), model::midnight(&days, contract + 1));
            lengths.insert((end - begin) / 3_600);
            // Rome's midnight, the hours in which the clocks change, noon, 23:30:00 and the day's last nanosecond, which is not the next day's.
            let hours = [1, 2, 3, 12].map(|hour| at(begin + hour * 3_600));
            for contract_at in [at(begin), at(end - 1_800), at(end) - nano].into_iter().chain(hours) {
                assert_eq!(withdrawal_last_day(contract_at, &policy()), date(year, month, dom), "{contract_at}");
                for kind in PAID {
                    let expected = |form| (form, date(year, month, dom), until);
                    let sent = |now| form_at(contract_at, kind, now);
                    assert_eq!(sent(contract_at), expected(WithdrawalForm::Within14Days), "{contract_at}");
                    assert_eq!(sent(until - nano), expected(WithdrawalForm::Within14Days), "{contract_at}");
                    assert_eq!(sent(until), expected(WithdrawalForm::Beyond14Days), "{contract_at}");
                }
                for kind in FREE {
                    let facts = ServiceFacts { contract_at, ..facts(kind, Status::ToActivate) };
                    assert_eq!(cancellation(&facts, until, &policy()), Ok(Cancellation::CancelNow));
                }
            }
            // Sent at the midnight of any day, the right form is the first one up to the last day and the other one from then on.
            for sending in contract + 1..contract + 30 {
                let form = if sending <= last { WithdrawalForm::Within14Days } else { WithdrawalForm::Beyond14Days };
                assert_eq!(form_at(at(begin), PAID[0], at(model::midnight(&days, sending))).0, form, "{:?}", days[sending]);
            }
        }
        assert_eq!(Vec::from_iter(lengths), [23, 24, 25]);
    }

    proptest! {
        #[test]
        fn renewals_keep_the_anchor_and_the_term(days in 0u32..40_000, kind in 0usize..4, times in 1u32..40, free in 1u32..60, paid in 1u32..60) {
            let kind = IdentityType::ALL[kind];
            let policy = ServicePolicy { free_term_months: free, paid_term_months: paid, ..policy() };
            let first = days_after(date(1990, 1, 1), days);
            let mut expiry = first;
            for _ in 0..times {
                let renewed = renewed_expiry(expiry, first.day(), kind, &policy);
                prop_assert!(renewed > expiry);
                prop_assert_eq!(renewed.day(), first.day().min(renewed.days_in_month()));
                expiry = renewed;
            }
            let months = |day: Date| u32::try_from(i32::from(day.year()) * 12 + i32::from(day.month())).unwrap();
            prop_assert_eq!(months(expiry) - months(first), times * term_months(kind, &policy));
        }

        #[test]
        fn a_flag_never_goes_back(days in 0u32..20_000, seconds in 0i64..2_000_000_000, later in 0i64..200_000_000) {
            let expires_on = days_after(date(1980, 1, 1), days);
            let rank = |second| match expiry_flag(expires_on, Timestamp::from_second(second).unwrap(), &policy()) {
                ExpiryFlag::None => 0,
                ExpiryFlag::Expiring => 1,
                ExpiryFlag::Expired => 2,
            };
            prop_assert!(rank(seconds) <= rank(seconds + later));
        }

        #[test]
        fn withdrawal_is_a_working_day_after_the_days(seconds in 0i64..4_000_000_000) {
            let contract_at = Timestamp::from_second(seconds).unwrap();
            let earliest = days_after(date_of(contract_at), policy().withdrawal_days);
            let last = withdrawal_last_day(contract_at, &policy());
            prop_assert!(crate::calendar::is_working_day(last, &policy()));
            prop_assert!(earliest <= last && last <= days_after(earliest, 10));
        }
    }
}
