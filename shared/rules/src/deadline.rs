//! What will happen to an identity, and when (rule 39): one list for the holder, for the .ics file and for the scheduled jobs.
//!
//! Every entry is of one of two sorts, which [`Kind::is_work`] tells apart:
//! - **work** is for a job to do, which takes what has `at <= now`. It stays listed, with its past `at`, until the records say that it is done or
//!   something overtook it, so that a late job misses nothing;
//! - a **state** comes about by itself, computed on read (rule 4). It is listed up to and including its instant and not once it is past.
//!
//! For the same records, time only takes entries away: what is listed at an instant was listed at every earlier one.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::{add_months_to, birthday, date_of, days_before, end_of_day, start_of_day, sub_days};
use crate::identity::{IdentityState, IdentityType, Status, SuspensionReason};
use crate::password::validity;
use crate::policy::{IdentityPolicy, PasswordPolicy, Policy, ServicePolicy};
use crate::service::{CredentialKind, RenewalTerms, flagged_from, notice_days, renewal_terms};
use crate::throttle::{Gate, Tries};

/// The password in force (rules 15, 16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRecord {
    /// When it was set.
    pub changed_at: Timestamp,
    /// The warnings sent for it, by the days that were left; empty for a new password.
    pub warned: BTreeSet<u32>,
}

/// What the list is computed from (rule 39): what is kept about one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// The identity's type.
    pub kind: IdentityType,
    /// Its activation, suspensions and revocation.
    pub state: IdentityState,
    /// The identity's last valid day in Rome; none while it is to be activated.
    pub expires_on: Option<Date>,
    /// The holder's date of birth.
    pub birth_date: Option<Date>,
    /// The password in force; none while none was set.
    pub password: Option<PasswordRecord>,
    /// Failures to sign in (21).
    pub tries: Tries,
    /// The last valid day in Rome of the validated identity document (52).
    pub document_expires_on: Option<Date>,
    /// The last use; none while it was never used (37).
    pub last_used_at: Option<Timestamp>,
    /// The notices of inactivity sent since the last use, by the days that were left; a use empties it (37).
    pub inactivity_noticed: BTreeSet<u32>,
    /// Whether a Professional or Business identity renews by itself; without meaning for the others (61).
    pub auto_renewal: bool,
    /// Whether the automatic renewal of this expiry date was charged, whatever came of it; false again once the date has moved (61).
    pub charge_tried: bool,
    /// The notices of expiry sent for this expiry date, by the days that were left; emptied when the date moves.
    pub expiry_noticed: BTreeSet<u32>,
    /// Whether the suspension for coming of age was ever put in force, so that the holder's choice is not asked for again (38).
    pub came_of_age: bool,
    /// The credentials that are not revoked, each with the last day in Rome of what was bought, where it has one.
    pub credentials: Vec<(CredentialKind, Option<Date>)>,
    /// When the certificates of those end that have one (43).
    pub certificates: Vec<(CredentialKind, Timestamp)>,
    /// The notices of expiry sent for a credential and its last day, by the days that were left; another day begins anew.
    pub credential_noticed: BTreeSet<(CredentialKind, Date, u32)>,
}

impl Records {
    /// The records of an identity of which no more than its type and state is known.
    #[must_use]
    pub fn new(kind: IdentityType, state: IdentityState) -> Self {
        Self {
            kind,
            state,
            expires_on: None,
            birth_date: None,
            password: None,
            tries: Tries::default(),
            document_expires_on: None,
            last_used_at: None,
            inactivity_noticed: BTreeSet::new(),
            auto_renewal: false,
            charge_tried: false,
            expiry_noticed: BTreeSet::new(),
            came_of_age: false,
            credentials: Vec::new(),
            certificates: Vec::new(),
            credential_noticed: BTreeSet::new(),
        }
    }
}

/// What will happen (rule 39). At one instant, entries are listed in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Work: a warning before the password's expiry (16), until sent or overtaken by the next one or by the expiry.
    PasswordWarning,
    /// State: the password expires (15).
    PasswordExpiry,
    /// State: the pause after failures to sign in ends (21). At its instant it has ended and is not listed.
    SignInPauseEnd,
    /// Work for an activated identity: the first instant after the document's last valid day, which suspends (35, 52), until that reason is in force.
    /// Before the activation there is nothing to suspend and it is a state.
    DocumentExpiry,
    /// Work: the holder's suspension reaches its last instant and is lifted if the requirements are met (33), until that reason is gone.
    SuspensionEnd,
    /// Work: the suspension for fraud reaches its last instant and is lifted if the requirements are met (35), until that reason is gone.
    FraudSuspensionEnd,
    /// Work: a notice before the revocation for inactivity (37), until sent or overtaken by the next one or by the revocation.
    InactivityNotice,
    /// Work: revocation for inactivity (37), at the first instant that is strictly more than the months after the last use, or else the activation.
    InactivityRevocation,
    /// Work: a Minor comes of age and is suspended until a choice (38), until that suspension was put in force.
    ComingOfAge,
    /// State: the identity's expiry begins to be flagged (60). The flag itself stays.
    IdentityExpiryFlag,
    /// Work: a notice before an expiry that nothing averts by itself, on the flag's first day and later (60, 61), until sent or overtaken by the next one
    /// or by the expiry.
    ExpiryNotice,
    /// Work: the automatic renewal is charged (61), until the charge was tried or the renewal switched off. An expiry meanwhile does not overtake it.
    RenewalCharge,
    /// Work: the free renewal at the beginning of the last valid day (61), until the expiry date has moved.
    Renewal,
    /// State: the first instant after the identity's last valid day, where no automatic renewal averts it (61).
    IdentityExpiry,
    /// State: a credential's expiry begins to be flagged (60). The flag itself stays.
    CredentialExpiryFlag,
    /// Work: a notice before a credential's expiry, on the flag's first day and later (44, 60), until sent or overtaken by the next one or by the expiry.
    CredentialNotice,
    /// State: the first instant after a credential's last valid day.
    CredentialExpiry,
}

impl Kind {
    /// Every kind, in the order of the list.
    pub const ALL: [Self; 17] = [
        Self::PasswordWarning,
        Self::PasswordExpiry,
        Self::SignInPauseEnd,
        Self::DocumentExpiry,
        Self::SuspensionEnd,
        Self::FraudSuspensionEnd,
        Self::InactivityNotice,
        Self::InactivityRevocation,
        Self::ComingOfAge,
        Self::IdentityExpiryFlag,
        Self::ExpiryNotice,
        Self::RenewalCharge,
        Self::Renewal,
        Self::IdentityExpiry,
        Self::CredentialExpiryFlag,
        Self::CredentialNotice,
        Self::CredentialExpiry,
    ];

    /// Whether it is for a job to do, so that it stays listed when it is late (rule 39); the others come about by themselves.
    #[must_use]
    pub fn is_work(self) -> bool {
        match self {
            Self::PasswordWarning
            | Self::DocumentExpiry
            | Self::SuspensionEnd
            | Self::FraudSuspensionEnd
            | Self::InactivityNotice
            | Self::InactivityRevocation
            | Self::ComingOfAge
            | Self::ExpiryNotice
            | Self::RenewalCharge
            | Self::Renewal
            | Self::CredentialNotice => true,
            Self::PasswordExpiry
            | Self::SignInPauseEnd
            | Self::IdentityExpiryFlag
            | Self::IdentityExpiry
            | Self::CredentialExpiryFlag
            | Self::CredentialExpiry => false,
        }
    }
}

/// One thing that will happen, or is due and not done yet (rule 39).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// What happens.
    pub kind: Kind,
    /// When; past for work that is late.
    pub at: Timestamp,
    /// Of a warning or notice only: the days left that it announces, which is also what marks it as sent.
    pub days_left: Option<u32>,
    /// Of a credential's deadline only: which credential.
    pub credential: Option<CredentialKind>,
}

impl Deadline {
    fn of(kind: Kind, at: Timestamp) -> Self {
        Self { kind, at, days_left: None, credential: None }
    }

    fn notice(kind: Kind, at: Timestamp, days_left: u32) -> Self {
        Self { days_left: Some(days_left), ..Self::of(kind, at) }
    }

    fn of_credential(kind: Kind, at: Timestamp, credential: CredentialKind) -> Self {
        Self { credential: Some(credential), ..Self::of(kind, at) }
    }
}

/// Everything that will happen to the identity after `now`, and what is due and not done yet, by instant and then by kind (rule 39).
///
/// Nothing for a revoked identity: its revocation is final and stops warnings, renewals and charges (rules 16, 36).
#[must_use]
pub fn deadlines(records: &Records, policy: &Policy, now: Timestamp) -> Vec<Deadline> {
    match records.state.status() {
        Status::Revoked => return Vec::new(),
        Status::ToActivate | Status::Active | Status::Suspended => {}
    }
    let mut list = Vec::new();
    if let Some(password) = &records.password {
        list.extend(of_password(password, &policy.password, now));
    }
    if let Gate::PausedUntil(until) = records.tries.gate(&policy.throttle, now) {
        list.push(Deadline::of(Kind::SignInPauseEnd, until));
    }
    list.extend(of_document(records, now));
    list.extend(of_suspensions(&records.state, &policy.identity));
    list.extend(of_inactivity(records, &policy.identity, now));
    list.extend(of_age(records, &policy.identity));
    if let Some(expires_on) = records.expires_on {
        list.extend(of_expiry(records, expires_on, &policy.service, now));
    }
    list.extend(of_credentials(records, &policy.service, now));
    list.retain(|deadline| deadline.kind.is_work() || deadline.at >= now);
    list.sort_by_key(|deadline| (deadline.at, deadline.kind, deadline.days_left, deadline.credential));
    list
}

/// When the first of some kinds is due (rule 39); past where work is late, none where nothing of these kinds is listed.
#[must_use]
pub fn next(records: &Records, policy: &Policy, now: Timestamp, kinds: &[Kind]) -> Option<Timestamp> {
    deadlines(records, policy, now).into_iter().find(|deadline| kinds.contains(&deadline.kind)).map(|deadline| deadline.at)
}

fn of_password(password: &PasswordRecord, policy: &PasswordPolicy, now: Timestamp) -> Vec<Deadline> {
    let expiry = Deadline::of(Kind::PasswordExpiry, validity::expires_at(password.changed_at, policy));
    validity::warnings(password.changed_at, &password.warned, now, policy)
        .into_iter()
        .map(|warning| Deadline::notice(Kind::PasswordWarning, warning.at, warning.days_left))
        .chain([expiry])
        .collect()
}

fn of_document(records: &Records, now: Timestamp) -> Option<Deadline> {
    let at = end_of_day(records.document_expires_on?);
    let to_suspend = records.state.activated_at.is_some() && !records.state.suspensions.contains_key(&SuspensionReason::DocumentExpired);
    (at >= now || to_suspend).then(|| Deadline::of(Kind::DocumentExpiry, at))
}

fn of_suspensions(state: &IdentityState, policy: &IdentityPolicy) -> Vec<Deadline> {
    [(Kind::SuspensionEnd, SuspensionReason::Holder), (Kind::FraudSuspensionEnd, SuspensionReason::Fraud)]
        .into_iter()
        .filter_map(|(kind, reason)| Some(Deadline::of(kind, state.suspension_ends(reason, policy)?)))
        .collect()
}

fn of_inactivity(records: &Records, policy: &IdentityPolicy, now: Timestamp) -> Vec<Deadline> {
    let Some(activated_at) = records.state.activated_at else {
        return Vec::new();
    };
    let months = i32::try_from(policy.inactivity_months).unwrap_or(i32::MAX);
    // What was done before the activation was no use of the identity.
    let limit = add_months_to(records.last_used_at.map_or(activated_at, |at| at.max(activated_at)), months);
    // At the limit itself the months are reached and not exceeded.
    let revocation = limit.checked_add(SignedDuration::from_nanos(1)).unwrap_or(limit);
    let notices = policy.inactivity_notice_days.iter().map(|days| (*days, sub_days(limit, *days))).collect();
    let mut list = pending_notices(Kind::InactivityNotice, notices, &records.inactivity_noticed, revocation, now);
    list.push(Deadline::of(Kind::InactivityRevocation, revocation));
    list
}

fn of_age(records: &Records, policy: &IdentityPolicy) -> Option<Deadline> {
    let handled = records.came_of_age || records.state.suspensions.contains_key(&SuspensionReason::Turned18);
    if records.kind != IdentityType::Minor || handled {
        return None;
    }
    Some(Deadline::of(Kind::ComingOfAge, start_of_day(birthday(records.birth_date?, policy.adult_years))))
}

fn of_expiry(records: &Records, expires_on: Date, policy: &ServicePolicy, now: Timestamp) -> Vec<Deadline> {
    let flag_day = flagged_from(expires_on, policy);
    let mut list = vec![Deadline::of(Kind::IdentityExpiryFlag, start_of_day(flag_day))];
    match renewal_terms(records.kind, records.auto_renewal) {
        RenewalTerms::FreeAutomatic => list.push(Deadline::of(Kind::Renewal, start_of_day(expires_on))),
        RenewalTerms::AutomaticOn if !records.charge_tried => {
            list.push(Deadline::of(Kind::RenewalCharge, start_of_day(days_before(expires_on, policy.charge_days))));
        }
        // After a charge that failed, nothing but the holder's payment averts the expiry.
        RenewalTerms::AutomaticOn | RenewalTerms::AutomaticOff => {
            let expiry = end_of_day(expires_on);
            let notices = notice_days(expires_on, policy).into_iter().map(|days| (days, start_of_day(days_before(expires_on, days)))).collect();
            list.extend(pending_notices(Kind::ExpiryNotice, notices, &records.expiry_noticed, expiry, now));
            list.push(Deadline::of(Kind::IdentityExpiry, expiry));
        }
    }
    list
}

fn of_credentials(records: &Records, policy: &ServicePolicy, now: Timestamp) -> Vec<Deadline> {
    let mut list = Vec::new();
    for (credential, expires_on, expiry) in credential_ends(records, now) {
        let flag_day = flagged_from(expires_on, policy);
        list.push(Deadline::of_credential(Kind::CredentialExpiryFlag, start_of_day(flag_day), credential));
        let notices = notice_days(expires_on, policy).into_iter().map(|days| (days, start_of_day(days_before(expires_on, days)))).collect();
        let sent = records.credential_noticed.iter().filter(|(of, day, _)| (*of, *day) == (credential, expires_on)).map(|(_, _, days)| *days).collect();
        let notices = pending_notices(Kind::CredentialNotice, notices, &sent, expiry, now);
        list.extend(notices.into_iter().map(|notice| Deadline { credential: Some(credential), ..notice }));
        list.push(Deadline::of_credential(Kind::CredentialExpiry, expiry, credential));
    }
    list
}

/// The last days of the credentials in Rome with their ends: that of a certificate, to the instant, where it comes first, and that of what was bought.
#[must_use]
pub fn credential_ends(records: &Records, now: Timestamp) -> Vec<(CredentialKind, Date, Timestamp)> {
    let of_what_was_bought = records.credentials.iter().filter_map(|(kind, day)| day.map(|day| (*kind, day, end_of_day(day))));
    let is_first = |kind: &CredentialKind, until: Timestamp| {
        let bought = records.credentials.iter().filter(|(of, _)| of == kind).filter_map(|(_, day)| *day).max();
        until > now && bought.is_none_or(|day| until < end_of_day(day))
    };
    let of_certificates = records.certificates.iter().filter(|(kind, until)| is_first(kind, *until)).map(|(kind, until)| (*kind, date_of(*until), *until));
    of_what_was_bought.chain(of_certificates).collect()
}

/// The notices, given as days left and instant, that are neither sent nor overtaken. Each is overtaken at the instant of the next one, whether that one
/// was sent or not, and the last at `end`.
fn pending_notices(kind: Kind, mut notices: Vec<(u32, Timestamp)>, sent: &BTreeSet<u32>, end: Timestamp, now: Timestamp) -> Vec<Deadline> {
    notices.sort_by_key(|(_, at)| *at);
    let overtaken_at = notices.iter().skip(1).map(|(_, at)| *at).chain([end]);
    notices
        .iter()
        .zip(overtaken_at)
        .filter(|((days_left, _), overtaken_at)| !sent.contains(days_left) && now < *overtaken_at)
        .map(|((days_left, at), _)| Deadline::notice(kind, *at, *days_left))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use proptest::prelude::*;

    use super::*;

    const NANO: SignedDuration = SignedDuration::from_nanos(1);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn to_activate(kind: IdentityType) -> Records {
        Records::new(kind, IdentityState::default())
    }

    fn active(kind: IdentityType, activated_at: &str) -> Records {
        Records::new(kind, IdentityState { activated_at: Some(at(activated_at)), ..IdentityState::default() })
    }

    fn expiring(kind: IdentityType, expires_on: &str) -> Records {
        Records { expires_on: Some(day(expires_on)), ..to_activate(kind) }
    }

    /// Instant and days left of what is listed of a kind.
    fn of(kind: Kind, records: &Records, now: Timestamp) -> Vec<(Timestamp, Option<u32>)> {
        deadlines(records, &Policy::default(), now)
            .into_iter()
            .filter(|deadline| deadline.kind == kind)
            .map(|deadline| (deadline.at, deadline.days_left))
            .collect()
    }

    fn kinds(records: &Records, now: Timestamp) -> Vec<Kind> {
        deadlines(records, &Policy::default(), now).into_iter().map(|deadline| deadline.kind).collect()
    }

    fn days_of(kind: Kind, records: &Records, now: Timestamp) -> Vec<u32> {
        of(kind, records, now).into_iter().filter_map(|(_, days_left)| days_left).collect()
    }

    /// A state is listed up to its instant and not a nanosecond longer.
    fn is_a_state(kind: Kind, records: &Records, instant: &str) {
        let instant = at(instant);
        for now in [instant - SignedDuration::from_hours(24), instant - NANO, instant] {
            assert_eq!(of(kind, records, now), [(instant, None)], "{now}");
        }
        assert_eq!(of(kind, records, instant + NANO), []);
    }

    /// Work that is not done stays listed.
    fn is_work(kind: Kind, records: &Records, instant: &str) {
        let instant = at(instant);
        for now in [instant - NANO, instant, instant + NANO, instant + SignedDuration::from_hours(24 * 3_000)] {
            assert_eq!(of(kind, records, now), [(instant, None)], "{now}");
        }
    }

    #[test]
    fn the_password_warns_twice_and_expires() {
        let mut records = to_activate(IdentityType::Personal);
        // 180 x 86,400 s cross the change of 29/03/2026, so Rome's wall clock differs at the end.
        records.password = Some(PasswordRecord { changed_at: at("2025-10-01T10:00:00Z"), warned: BTreeSet::new() });
        let (seven, two, expiry) = (at("2026-03-23T10:00:00Z"), at("2026-03-28T10:00:00Z"), at("2026-03-30T10:00:00Z"));
        is_a_state(Kind::PasswordExpiry, &records, "2026-03-30T10:00:00Z");
        for now in [at("2025-10-01T10:00:00Z"), seven - NANO, seven, two - NANO] {
            assert_eq!(of(Kind::PasswordWarning, &records, now), [(seven, Some(7)), (two, Some(2))], "{now}");
        }
        for now in [two, two + NANO, expiry - NANO] {
            assert_eq!(of(Kind::PasswordWarning, &records, now), [(two, Some(2))], "{now}");
        }
        for now in [expiry, expiry + NANO] {
            assert_eq!(of(Kind::PasswordWarning, &records, now), [], "{now}");
        }
        records.password.as_mut().unwrap().warned.insert(7);
        assert_eq!(of(Kind::PasswordWarning, &records, seven), [(two, Some(2))]);
        records.password.as_mut().unwrap().warned.insert(2);
        assert_eq!(of(Kind::PasswordWarning, &records, two), []);
        records.password = Some(PasswordRecord { changed_at: at("2026-03-29T10:00:00Z"), warned: BTreeSet::new() });
        assert_eq!(of(Kind::PasswordWarning, &records, two + SignedDuration::from_hours(24)).len(), 2);
    }

    #[test]
    fn a_pause_is_listed_while_it_lasts() {
        let mut records = active(IdentityType::Personal, "2026-01-01T00:00:00Z");
        let began = at("2026-02-01T10:00:00Z");
        let end = at("2026-02-01T10:30:00Z");
        for (count, listed) in [(0, false), (4, false), (5, true), (6, false), (9, false), (10, false)] {
            records.tries = Tries { count, last_at: Some(began) };
            assert_eq!(of(Kind::SignInPauseEnd, &records, began), if listed { vec![(end, None)] } else { vec![] }, "{count}");
        }
        records.tries.count = 5;
        assert_eq!(of(Kind::SignInPauseEnd, &records, end - NANO), [(end, None)]);
        assert_eq!(of(Kind::SignInPauseEnd, &records, end), []);
    }

    #[test]
    fn the_document_is_valid_through_its_last_day_in_rome() {
        for (last, end) in [
            ("2026-01-31", "2026-01-31T23:00:00Z"),
            ("2026-03-28", "2026-03-28T23:00:00Z"),
            ("2026-03-29", "2026-03-29T22:00:00Z"),
            ("2026-10-24", "2026-10-24T22:00:00Z"),
            ("2026-10-25", "2026-10-25T23:00:00Z"),
        ] {
            let mut records = active(IdentityType::Personal, "2026-01-01T00:00:00Z");
            records.document_expires_on = Some(day(last));
            is_work(Kind::DocumentExpiry, &records, end);
            records.state.suspensions.insert(SuspensionReason::Holder, at("2026-01-02T00:00:00Z"));
            is_work(Kind::DocumentExpiry, &records, end);
            records.state.suspensions.insert(SuspensionReason::DocumentExpired, at(end));
            is_a_state(Kind::DocumentExpiry, &records, end);
            records.state = IdentityState::default();
            is_a_state(Kind::DocumentExpiry, &records, end);
        }
    }

    #[test]
    fn suspensions_end_after_days_of_86_400_seconds() {
        for (reason, kind) in [(SuspensionReason::Holder, Kind::SuspensionEnd), (SuspensionReason::Fraud, Kind::FraudSuspensionEnd)] {
            let mut records = active(IdentityType::Personal, "2026-01-01T00:00:00Z");
            assert_eq!(of(kind, &records, at("2026-03-15T11:00:00Z")), []);
            // Noon in Rome becomes 13:00, over the 23 hours of 29/03/2026; and 11:00 over the 25 of 25/10/2026.
            records.state.suspensions.insert(reason, at("2026-03-15T11:00:00Z"));
            is_work(kind, &records, "2026-04-14T11:00:00Z");
            records.state.suspensions.insert(reason, at("2026-10-10T10:00:00Z"));
            is_work(kind, &records, "2026-11-09T10:00:00Z");
            records.state.suspensions.insert(SuspensionReason::Lockout, at("2026-10-10T10:00:00Z"));
            is_work(kind, &records, "2026-11-09T10:00:00Z");
            assert_eq!(records.state.lift(reason), Ok(()));
            assert_eq!(of(kind, &records, at("2026-10-10T10:00:00Z")), []);
        }
        let mut both = active(IdentityType::Personal, "2026-01-01T00:00:00Z");
        both.state.suspensions.insert(SuspensionReason::Fraud, at("2026-02-01T00:00:00Z"));
        both.state.suspensions.insert(SuspensionReason::Holder, at("2026-02-02T00:00:00Z"));
        assert_eq!(kinds(&both, at("2026-02-03T00:00:00Z"))[..2], [Kind::FraudSuspensionEnd, Kind::SuspensionEnd]);
    }

    #[test]
    fn inactivity_revokes_after_strictly_more_than_the_months() {
        let mut records = active(IdentityType::Personal, "2024-01-15T10:00:00Z");
        let limit = at("2026-01-15T10:00:00Z");
        assert_eq!(of(Kind::InactivityRevocation, &records, limit), [(limit + NANO, None)]);
        let due = |records: &Records, now| next(records, &Policy::default(), now, &[Kind::InactivityRevocation]).is_some_and(|instant| instant <= now);
        assert!(!due(&records, limit - NANO));
        assert!(!due(&records, limit));
        assert!(due(&records, limit + NANO));
        assert!(due(&records, limit + SignedDuration::from_hours(100_000)));
        records.last_used_at = Some(at("2025-01-15T10:00:00Z"));
        assert!(!due(&records, limit + NANO));
        assert!(due(&records, at("2027-01-15T10:00:00.000000001Z")));
        records.state.activated_at = None;
        assert_eq!(kinds(&records, limit), []);
    }

    #[test]
    fn what_was_done_before_the_activation_is_no_use_of_the_identity() {
        let state = IdentityState { activated_at: Some(at("2026-03-01T09:00:00Z")), ..IdentityState::default() };
        let revoked = |last_used_at| {
            let records = Records { last_used_at, ..Records::new(IdentityType::Personal, state.clone()) };
            deadlines(&records, &Policy::default(), at("2026-03-02T09:00:00Z")).into_iter().find(|it| it.kind == Kind::InactivityRevocation).unwrap().at
        };
        let of_activation = revoked(None);
        assert_eq!(revoked(Some(at("2026-01-01T09:00:00Z"))), of_activation, "a sign-in while it was being activated");
        assert!(revoked(Some(at("2026-03-01T09:00:01Z"))) > of_activation);
    }

    #[test]
    fn a_certificate_ends_to_the_instant_and_what_was_bought_after_it() {
        let until = at("2026-06-10T10:00:00Z");
        let state = IdentityState { activated_at: Some(at("2026-01-01T09:00:00Z")), ..IdentityState::default() };
        let mut records = Records::new(IdentityType::Professional, state);
        records.credentials = vec![(CredentialKind::SmartCard, Some(day("2029-01-03")))];
        records.certificates = vec![(CredentialKind::SmartCard, until)];
        let ends = |records: &Records, now: &str| -> Vec<Timestamp> {
            let all = deadlines(records, &Policy::default(), at(now)).into_iter();
            all.filter(|it| it.kind == Kind::CredentialExpiry).map(|it| it.at).collect()
        };
        let bought = end_of_day(day("2029-01-03"));
        assert_eq!(ends(&records, "2026-06-10T09:59:59Z"), [until, bought]);
        assert_eq!(ends(&records, "2026-06-10T10:00:00Z"), [bought], "the certificate is over, what was bought waits for another");
        let notices: Vec<_> = deadlines(&records, &Policy::default(), at("2026-02-01T00:00:00Z"))
            .into_iter()
            .filter(|it| it.kind == Kind::CredentialNotice)
            .map(|it| (it.days_left.unwrap(), it.at))
            .collect();
        assert_eq!((notices.len(), notices[1]), (6, (30, start_of_day(day("2026-05-11")))), "{notices:?}");
        // One that lasts longer than what was bought says nothing.
        records.certificates = vec![(CredentialKind::SmartCard, at("2030-01-01T00:00:00Z"))];
        assert_eq!(ends(&records, "2026-06-10T10:00:00Z"), [bought]);
    }

    #[test]
    fn inactivity_counts_calendar_months_in_rome() {
        for (used, limit) in [
            ("2024-02-29T09:00:00Z", "2026-02-28T09:00:00Z"),
            ("2024-02-28T23:30:00Z", "2026-02-27T23:30:00Z"),
            ("2024-07-01T09:00:00Z", "2026-07-01T09:00:00Z"),
            // 11:00 in Rome is an hour of winter in 2024, and of summer in 2026.
            ("2024-03-29T10:00:00Z", "2026-03-29T09:00:00Z"),
            // 02:30 does not exist on 29/03/2026, and happens twice on 25/10/2026.
            ("2024-03-29T01:30:00Z", "2026-03-29T01:30:00Z"),
            ("2024-10-25T00:30:00Z", "2026-10-25T00:30:00Z"),
            ("2024-10-25T10:00:00Z", "2026-10-25T11:00:00Z"),
        ] {
            let mut records = active(IdentityType::Business, "2023-01-01T00:00:00Z");
            records.last_used_at = Some(at(used));
            is_work(Kind::InactivityRevocation, &records, &(at(limit) + NANO).to_string());
            let days = |days: i64| at(limit) - SignedDuration::from_hours(24 * days);
            let expected = [(days(90), Some(90)), (days(30), Some(30)), (days(10), Some(10)), (days(1), Some(1))];
            assert_eq!(of(Kind::InactivityNotice, &records, at(used)), expected, "{used}");
        }
    }

    #[test]
    fn an_overdue_notice_of_inactivity_gives_way_to_the_next() {
        let mut records = active(IdentityType::Personal, "2024-01-15T10:00:00Z");
        let limit = at("2026-01-15T10:00:00Z");
        let before = |days: i64| limit - SignedDuration::from_hours(24 * days);
        for (now, expected) in [
            (before(90) - NANO, vec![90, 30, 10, 1]),
            (before(90), vec![90, 30, 10, 1]),
            (before(30) - NANO, vec![90, 30, 10, 1]),
            (before(30), vec![30, 10, 1]),
            (before(10) - NANO, vec![30, 10, 1]),
            (before(10), vec![10, 1]),
            (before(1) - NANO, vec![10, 1]),
            (before(1), vec![1]),
            (limit, vec![1]),
            (limit + NANO, vec![]),
        ] {
            assert_eq!(days_of(Kind::InactivityNotice, &records, now), expected, "{now}");
        }
        records.inactivity_noticed = BTreeSet::from([30]);
        assert_eq!(days_of(Kind::InactivityNotice, &records, before(60)), [90, 10, 1]);
        assert_eq!(days_of(Kind::InactivityNotice, &records, before(30)), [10, 1]);
        records.inactivity_noticed = BTreeSet::new();
        records.last_used_at = Some(before(1));
        assert_eq!(days_of(Kind::InactivityNotice, &records, before(1)), [90, 30, 10, 1]);
        assert!(of(Kind::InactivityNotice, &records, before(1)).iter().all(|(instant, _)| *instant > limit));
    }

    #[test]
    fn a_minor_comes_of_age_at_the_beginning_of_the_day_in_rome() {
        for (birth, begins) in [
            ("2008-01-15", "2026-01-14T23:00:00Z"),
            ("2008-02-29", "2026-02-27T23:00:00Z"),
            ("2008-03-29", "2026-03-28T23:00:00Z"),
            ("2008-03-30", "2026-03-29T22:00:00Z"),
            ("2008-10-25", "2026-10-24T22:00:00Z"),
            ("2008-10-26", "2026-10-25T23:00:00Z"),
        ] {
            let mut records = active(IdentityType::Minor, "2024-06-01T00:00:00Z");
            assert_eq!(of(Kind::ComingOfAge, &records, at(begins)), []);
            records.birth_date = Some(day(birth));
            is_work(Kind::ComingOfAge, &records, begins);
            is_work(Kind::ComingOfAge, &Records { state: IdentityState::default(), ..records.clone() }, begins);
            for kind in [IdentityType::Personal, IdentityType::Professional, IdentityType::Business] {
                assert_eq!(of(Kind::ComingOfAge, &Records { kind, ..records.clone() }, at(begins)), []);
            }
            assert_eq!(of(Kind::ComingOfAge, &Records { came_of_age: true, ..records.clone() }, at(begins)), []);
            records.state.suspensions.insert(SuspensionReason::Turned18, at(begins));
            assert_eq!(of(Kind::ComingOfAge, &records, at(begins)), []);
        }
    }

    #[test]
    fn the_flag_begins_three_calendar_months_before() {
        for (expires_on, begins) in [
            ("2026-05-31", "2026-02-27T23:00:00Z"),
            ("2026-06-29", "2026-03-28T23:00:00Z"),
            ("2026-06-30", "2026-03-29T22:00:00Z"),
            ("2027-01-25", "2026-10-24T22:00:00Z"),
            ("2027-01-26", "2026-10-25T23:00:00Z"),
        ] {
            for kind in IdentityType::ALL {
                for auto_renewal in [false, true] {
                    is_a_state(Kind::IdentityExpiryFlag, &Records { auto_renewal, ..expiring(kind, expires_on) }, begins);
                }
            }
            let mut records = to_activate(IdentityType::Personal);
            records.credentials = vec![(CredentialKind::OtpToken, Some(day(expires_on))), (CredentialKind::OtpApp, None)];
            is_a_state(Kind::CredentialExpiryFlag, &records, begins);
        }
    }

    #[test]
    fn personal_and_minor_renew_at_the_beginning_of_the_last_day() {
        for kind in [IdentityType::Personal, IdentityType::Minor] {
            for (auto_renewal, charge_tried) in [(false, false), (true, false), (false, true), (true, true)] {
                let records = Records { auto_renewal, charge_tried, ..expiring(kind, "2026-03-29") };
                is_work(Kind::Renewal, &records, "2026-03-28T23:00:00Z");
                assert_eq!(kinds(&records, at("2025-01-01T00:00:00Z")), [Kind::IdentityExpiryFlag, Kind::Renewal]);
            }
        }
    }

    #[test]
    fn an_automatic_renewal_is_charged_seven_days_before_and_instead_of_an_expiry() {
        for kind in [IdentityType::Professional, IdentityType::Business] {
            let mut records = Records { auto_renewal: true, ..expiring(kind, "2026-10-31") };
            is_work(Kind::RenewalCharge, &records, "2026-10-23T22:00:00Z");
            assert_eq!(kinds(&records, at("2026-01-01T00:00:00Z")), [Kind::IdentityExpiryFlag, Kind::RenewalCharge]);
            records.expires_on = Some(day("2026-11-01"));
            is_work(Kind::RenewalCharge, &records, "2026-10-24T22:00:00Z");
            records.expires_on = Some(day("2026-11-02"));
            is_work(Kind::RenewalCharge, &records, "2026-10-25T23:00:00Z");
            records.auto_renewal = false;
            assert!(!kinds(&records, at("2026-01-01T00:00:00Z")).contains(&Kind::RenewalCharge));
        }
    }

    #[test]
    fn a_charge_that_failed_leaves_the_expiry_and_its_last_notice() {
        let charged = Records { auto_renewal: true, charge_tried: true, ..expiring(IdentityType::Professional, "2026-06-30") };
        let charge_at = at("2026-06-22T22:00:00Z");
        assert_eq!(kinds(&charged, charge_at), [Kind::ExpiryNotice, Kind::IdentityExpiry]);
        assert_eq!(of(Kind::ExpiryNotice, &charged, charge_at), [(charge_at, Some(7))]);
        is_a_state(Kind::IdentityExpiry, &charged, "2026-06-30T22:00:00Z");
    }

    #[test]
    fn an_expiry_that_nothing_averts_is_announced_three_times() {
        for kind in [IdentityType::Professional, IdentityType::Business] {
            let mut records = expiring(kind, "2026-05-31");
            is_a_state(Kind::IdentityExpiry, &records, "2026-05-31T22:00:00Z");
            let (flag, thirty, seven) = (at("2026-02-27T23:00:00Z"), at("2026-04-30T22:00:00Z"), at("2026-05-23T22:00:00Z"));
            let end = at("2026-05-31T22:00:00Z");
            for now in [at("2025-06-01T00:00:00Z"), flag - NANO, flag, thirty - NANO] {
                assert_eq!(of(Kind::ExpiryNotice, &records, now), [(flag, Some(92)), (thirty, Some(30)), (seven, Some(7))], "{now}");
            }
            assert_eq!(days_of(Kind::ExpiryNotice, &records, thirty), [30, 7]);
            assert_eq!(days_of(Kind::ExpiryNotice, &records, seven - NANO), [30, 7]);
            assert_eq!(days_of(Kind::ExpiryNotice, &records, seven), [7]);
            assert_eq!(days_of(Kind::ExpiryNotice, &records, end - NANO), [7]);
            assert_eq!(days_of(Kind::ExpiryNotice, &records, end), Vec::<u32>::new());
            records.expiry_noticed.insert(92);
            assert_eq!(days_of(Kind::ExpiryNotice, &records, flag), [30, 7]);
            records.expiry_noticed.extend([7, 30]);
            assert_eq!(of(Kind::ExpiryNotice, &records, flag), []);
        }
    }

    #[test]
    fn a_notice_on_the_first_day_of_the_flag_is_one_notice() {
        let mut policy = Policy::default();
        policy.service.expiry_flag_months = 1;
        let records = expiring(IdentityType::Business, "2026-07-01");
        let notices: Vec<_> = deadlines(&records, &policy, at("2026-01-01T00:00:00Z"))
            .into_iter()
            .filter(|deadline| deadline.kind == Kind::ExpiryNotice)
            .map(|deadline| deadline.days_left)
            .collect();
        assert_eq!(notices, [Some(30), Some(7)]);
    }

    #[test]
    fn each_credential_expires_by_itself() {
        let mut records = to_activate(IdentityType::Professional);
        records.credentials = vec![
            (CredentialKind::RemoteSignature, Some(day("2026-10-25"))),
            (CredentialKind::SmartCard, Some(day("2026-10-25"))),
            (CredentialKind::OtpToken, Some(day("2026-03-29"))),
            (CredentialKind::OtpSms, None),
        ];
        let listed: Vec<_> = deadlines(&records, &Policy::default(), at("2026-02-01T00:00:00Z"))
            .into_iter()
            .map(|deadline| (deadline.at, deadline.kind, deadline.credential))
            .collect();
        assert_eq!(
            listed,
            [
                (at("2025-12-28T23:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::OtpToken)),
                (at("2026-02-26T23:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::OtpToken)),
                (at("2026-03-21T23:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::OtpToken)),
                (at("2026-03-29T22:00:00Z"), Kind::CredentialExpiry, Some(CredentialKind::OtpToken)),
                (at("2026-07-24T22:00:00Z"), Kind::CredentialExpiryFlag, Some(CredentialKind::SmartCard)),
                (at("2026-07-24T22:00:00Z"), Kind::CredentialExpiryFlag, Some(CredentialKind::RemoteSignature)),
                (at("2026-07-24T22:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::SmartCard)),
                (at("2026-07-24T22:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::RemoteSignature)),
                (at("2026-09-24T22:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::SmartCard)),
                (at("2026-09-24T22:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::RemoteSignature)),
                (at("2026-10-17T22:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::SmartCard)),
                (at("2026-10-17T22:00:00Z"), Kind::CredentialNotice, Some(CredentialKind::RemoteSignature)),
                (at("2026-10-25T23:00:00Z"), Kind::CredentialExpiry, Some(CredentialKind::SmartCard)),
                (at("2026-10-25T23:00:00Z"), Kind::CredentialExpiry, Some(CredentialKind::RemoteSignature)),
            ]
        );
        records.credentials.retain(|(kind, _)| *kind == CredentialKind::OtpToken);
        is_a_state(Kind::CredentialExpiry, &records, "2026-03-29T22:00:00Z");
    }

    #[test]
    fn next_is_the_earliest_of_the_kinds_asked_for() {
        let policy = Policy::default();
        let records = expiring(IdentityType::Professional, "2026-05-31");
        let now = at("2026-03-10T00:00:00Z");
        assert_eq!(next(&records, &policy, now, &Kind::ALL), Some(at("2026-02-27T23:00:00Z")));
        assert_eq!(next(&records, &policy, now, &[Kind::IdentityExpiry, Kind::Renewal]), Some(at("2026-05-31T22:00:00Z")));
        assert_eq!(next(&records, &policy, now, &[Kind::Renewal]), None);
        assert_eq!(next(&records, &policy, now, &[]), None);
    }

    #[test]
    fn nothing_is_known_of_an_empty_record() {
        for kind in IdentityType::ALL {
            assert_eq!(kinds(&to_activate(kind), at("2026-01-01T00:00:00Z")), []);
        }
    }

    #[test]
    fn a_revoked_identity_has_nothing_ahead() {
        let mut records = full();
        let now = at("2026-05-20T08:00:00Z");
        assert!(!kinds(&records, now).is_empty());
        // A revocation is final, also where its instant is later than the one asked about.
        for revoked_at in ["2026-05-19T00:00:00Z", "2026-05-20T08:00:00Z", "2027-01-01T00:00:00Z"] {
            records.state.revoked_at = Some(at(revoked_at));
            assert_eq!(kinds(&records, now), []);
            assert_eq!(next(&records, &Policy::default(), now, &Kind::ALL), None);
        }
    }

    #[test]
    fn names_are_kebab_case_and_kinds_stand_in_their_order() {
        struct Written(Kind);
        impl fmt::Display for Written {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.serialize(f)
            }
        }
        assert_eq!(Written(Kind::SignInPauseEnd).to_string(), "sign-in-pause-end");
        assert_eq!(Written(Kind::ComingOfAge).to_string(), "coming-of-age");
        assert!(Kind::ALL.is_sorted());
        assert_eq!(Kind::ALL.into_iter().filter(|kind| kind.is_work()).count(), 11);
    }

    fn full() -> Records {
        let mut records = active(IdentityType::Professional, "2024-06-01T00:00:00Z");
        records.state.suspensions.insert(SuspensionReason::Holder, at("2026-05-01T00:00:00Z"));
        records.expires_on = Some(day("2026-06-20"));
        records.birth_date = Some(day("1980-01-01"));
        records.password = Some(PasswordRecord { changed_at: at("2026-01-10T10:00:00Z"), warned: BTreeSet::new() });
        records.tries = Tries { count: 5, last_at: Some(at("2026-05-20T07:50:00Z")) };
        records.document_expires_on = Some(day("2026-06-01"));
        records.credentials = vec![(CredentialKind::SmartCard, Some(day("2026-09-01")))];
        records
    }

    fn instant() -> impl Strategy<Value = Timestamp> {
        (1_700_000_000i64..1_830_000_000, 0i32..1_000_000_000).prop_map(|(second, nano)| Timestamp::new(second, nano).unwrap())
    }

    fn date() -> impl Strategy<Value = Date> {
        instant().prop_map(crate::calendar::date_of)
    }

    fn subset(days: Vec<u32>) -> impl Strategy<Value = BTreeSet<u32>> {
        let most = days.len();
        proptest::sample::subsequence(days, 0..=most).prop_map(|days| days.into_iter().collect())
    }

    prop_compose! {
        fn state()(
            activated_at in proptest::option::weighted(0.8, instant()),
            suspensions in proptest::collection::btree_map(proptest::sample::select(SuspensionReason::ALL.to_vec()), instant(), 0..4),
        ) -> IdentityState {
            IdentityState { activated_at, suspensions, ..IdentityState::default() }
        }
    }

    prop_compose! {
        fn records()(
            (kind, state) in (proptest::sample::select(IdentityType::ALL.to_vec()), state()),
            expires_on in proptest::option::weighted(0.8, date()),
            minor_for in proptest::option::weighted(0.8, date()),
            password in proptest::option::weighted(0.8, (instant(), subset(vec![7, 2]))),
            (count, last_at) in (0u32..11, proptest::option::of(instant())),
            document_expires_on in proptest::option::weighted(0.8, date()),
            last_used_at in proptest::option::of(instant()),
            inactivity_noticed in subset(vec![90, 30, 10, 1]),
            (auto_renewal, charge_tried, came_of_age) in any::<(bool, bool, bool)>(),
            expiry_noticed in subset(vec![92, 91, 90, 89, 30, 7]),
            credentials in proptest::collection::vec(
                (proptest::sample::select(CredentialKind::ALL.to_vec()), proptest::option::weighted(0.8, date())), 0..4
            ),
            certificates in proptest::collection::vec(
                (proptest::sample::select(vec![CredentialKind::SmartCard, CredentialKind::RemoteSignature]), instant()), 0..2
            ),
        ) -> Records {
            Records {
                kind,
                state,
                expires_on,
                birth_date: minor_for.map(|date| crate::calendar::add_months(date, -18 * 12)),
                password: password.map(|(changed_at, warned)| PasswordRecord { changed_at, warned }),
                tries: Tries { count, last_at },
                document_expires_on,
                last_used_at,
                inactivity_noticed,
                auto_renewal,
                charge_tried,
                expiry_noticed,
                came_of_age,
                credentials,
                certificates,
                credential_noticed: BTreeSet::new(),
            }
        }
    }

    /// An instant anywhere, or at, right before or right after one of the deadlines, where the rules change their answer.
    fn pick(records: &Records, anywhere: Timestamp, index: usize, offset: i64) -> Timestamp {
        let instants: Vec<_> = deadlines(records, &Policy::default(), Timestamp::UNIX_EPOCH).into_iter().map(|deadline| deadline.at).collect();
        instants.get(index).map_or(anywhere, |instant| *instant + SignedDuration::from_nanos(offset))
    }

    /// What the job that sends a notice writes down.
    fn mark(records: &mut Records, sent: &Deadline) {
        let days_left = sent.days_left.unwrap();
        let inserted = match sent.kind {
            Kind::PasswordWarning => records.password.as_mut().unwrap().warned.insert(days_left),
            Kind::InactivityNotice => records.inactivity_noticed.insert(days_left),
            Kind::ExpiryNotice => records.expiry_noticed.insert(days_left),
            Kind::CredentialNotice => {
                let credential = sent.credential.unwrap();
                let of_it = credential_ends(records, Timestamp::MIN).into_iter().filter(|(kind, ..)| *kind == credential).map(|(_, expires_on, _)| expires_on);
                let of_it: BTreeSet<Date> = of_it.collect();
                let of_it = of_it.into_iter();
                let announced = of_it.filter(|expires_on| start_of_day(days_before(*expires_on, days_left)) == sent.at).map(|on| (credential, on, days_left));
                announced.filter(|mark| records.credential_noticed.insert(*mark)).count() > 0
            }
            other => panic!("{other:?} is not a notice"),
        };
        assert!(inserted, "{sent:?} was sent already");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn sorted_and_with_the_details_of_its_kind(records in records(), anywhere in instant(), index in 0usize..30, offset in -1i64..=1) {
            let now = pick(&records, anywhere, index, offset);
            let list = deadlines(&records, &Policy::default(), now);
            prop_assert!(list.is_sorted_by_key(|deadline| (deadline.at, deadline.kind)));
            for deadline in &list {
                let notice = matches!(deadline.kind, Kind::PasswordWarning | Kind::InactivityNotice | Kind::ExpiryNotice | Kind::CredentialNotice);
                prop_assert_eq!(deadline.days_left.is_some(), notice);
                let credential = matches!(deadline.kind, Kind::CredentialExpiry | Kind::CredentialExpiryFlag | Kind::CredentialNotice);
                prop_assert_eq!(deadline.credential.is_some(), credential);
                prop_assert!(deadline.at >= now || deadline.kind.is_work(), "a state of the past: {:?}", deadline);
            }
            for kind in [Kind::PasswordWarning, Kind::InactivityNotice, Kind::ExpiryNotice] {
                prop_assert!(list.iter().filter(|deadline| deadline.kind == kind && deadline.at <= now).count() <= 1);
            }
            for kind in Kind::ALL {
                let first = list.iter().find(|deadline| deadline.kind == kind).map(|deadline| deadline.at);
                prop_assert_eq!(next(&records, &Policy::default(), now, &[kind]), first);
            }
        }

        #[test]
        fn nothing_after_a_revocation(mut records in records(), now in instant(), revoked_at in instant()) {
            records.state.revoke(revoked_at);
            prop_assert_eq!(deadlines(&records, &Policy::default(), now), vec![]);
        }

        #[test]
        fn time_only_takes_away(records in records(), (a, b) in (instant(), instant()), index in 0usize..30, offset in -1i64..=1) {
            let picked = pick(&records, a, index, offset);
            let (earlier, later) = (picked.min(b), picked.max(b));
            let before = deadlines(&records, &Policy::default(), earlier);
            let after = deadlines(&records, &Policy::default(), later);
            for deadline in &after {
                prop_assert!(before.contains(deadline), "{:?} appeared", deadline);
            }
            for gone in before.iter().filter(|deadline| !after.contains(deadline)) {
                prop_assert!(gone.at <= later, "{:?} vanished before its time", gone);
            }
        }

        #[test]
        fn a_notice_that_is_sent_goes_and_nothing_else(records in records(), anywhere in instant(), index in 0usize..30, offset in -1i64..=1) {
            let policy = Policy::default();
            let now = pick(&records, anywhere, index, offset);
            let list = deadlines(&records, &policy, now);
            for sent in list.iter().filter(|deadline| deadline.days_left.is_some()) {
                let mut marked = records.clone();
                mark(&mut marked, sent);
                let expected: Vec<_> = list.iter().copied().filter(|deadline| deadline != sent).collect();
                prop_assert_eq!(deadlines(&marked, &policy, now), expected);
            }
        }

        #[test]
        fn a_job_sends_each_notice_once_and_none_too_early(
            mut records in records(), start in instant(), hours in proptest::collection::vec(1i64..2_000, 1..60)
        ) {
            let policy = Policy::default();
            let promised = deadlines(&records, &policy, start);
            let (mut now, mut sent) = (start, BTreeSet::new());
            for pause in hours {
                let listed = deadlines(&records, &policy, now).into_iter();
                let due: Vec<_> = listed.filter(|deadline| deadline.at <= now && deadline.days_left.is_some()).collect();
                for notice in due {
                    prop_assert!(promised.contains(&notice));
                    prop_assert!(sent.insert((notice.kind, notice.days_left, notice.credential, notice.at)));
                    mark(&mut records, &notice);
                }
                now += SignedDuration::from_hours(pause);
            }
        }
    }
}
