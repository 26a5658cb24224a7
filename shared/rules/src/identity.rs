//! An identity's status, its set of suspension reasons and its activation steps (rules 19, 32-36, 68).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::{end_of_day, start_of_day};
use crate::policy::IdentityPolicy;

/// The four types of identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityType {
    /// A natural person, for private use.
    Personal,
    /// A natural person under age, tied to a parent's identity.
    Minor,
    /// A natural person, for professional use.
    Professional,
    /// A company's person.
    Business,
}

impl IdentityType {
    /// Every type, in the order of the guides.
    pub const ALL: [Self; 4] = [Self::Personal, Self::Minor, Self::Professional, Self::Business];
}

/// Where an identity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Bought, not yet activated.
    ToActivate,
    /// In use.
    Active,
    /// Held by at least one reason.
    Suspended,
    /// Ended for good.
    Revoked,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::ToActivate, Self::Active, Self::Suspended, Self::Revoked];
}

/// Why an identity is suspended; each reason has an exit of its own (rule 35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuspensionReason {
    /// The holder asked for it; ends by the holder or at the end of its days (32-34).
    Holder,
    /// The holder reported fraud; a police report turns it into a revocation.
    Fraud,
    /// The provider suspects something; only an operator lifts it.
    ProviderSuspicion,
    /// The identity document expired; a new validated one lifts it.
    DocumentExpired,
    /// A contact turned out to serve another person.
    SharedContact,
    /// A reset of the credentials was begun and not finished.
    UnfinishedReset,
    /// The minor came of age and has not chosen yet (38).
    #[serde(rename = "turned-18")]
    Turned18,
    /// Too many failures in a row; a single-use link lifts it (21).
    Lockout,
}

impl SuspensionReason {
    /// Every reason.
    pub const ALL: [Self; 8] =
        [Self::Holder, Self::Fraud, Self::ProviderSuspicion, Self::DocumentExpired, Self::SharedContact, Self::UnfinishedReset, Self::Turned18, Self::Lockout];
}

/// The six steps of the activation (rule 68).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivationStep {
    /// The identity document was uploaded and confirmed.
    IdentityDocument,
    /// The health card was uploaded and confirmed.
    HealthCard,
    /// A security question was chosen and answered.
    SecurityQuestion,
    /// The person was recognised by certificate and PIN.
    Recognition,
    /// The contract was signed and the mobile number confirmed.
    Contract,
    /// An operator approved.
    Approval,
}

impl ActivationStep {
    /// Every step, in the order that the server enforces.
    pub const ALL: [Self; 6] = [Self::IdentityDocument, Self::HealthCard, Self::SecurityQuestion, Self::Recognition, Self::Contract, Self::Approval];
}

/// What decides an identity's status: the instants of activation and revocation, and the set of suspension reasons with the instant of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IdentityState {
    /// When it became active; none while it is to be activated.
    pub activated_at: Option<Timestamp>,
    /// When it was revoked (rule 36).
    pub revoked_at: Option<Timestamp>,
    /// Each reason in force and since when (rule 35).
    #[serde(default)]
    pub suspensions: BTreeMap<SuspensionReason, Timestamp>,
    /// Reasons whose days were over while requirements were not met: they stay until somebody lifts them (rule 33).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kept: BTreeSet<SuspensionReason>,
    /// Activation steps that are done (rule 19).
    #[serde(default)]
    pub steps_done: BTreeSet<ActivationStep>,
}

/// What an identity must meet for a suspension to end by itself (rule 33). Days are of Rome and count to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requirements {
    /// Last day of the identity document; a renewed one has a later day.
    pub document_expires_on: Option<Date>,
    /// Last day of the identity.
    pub expires_on: Option<Date>,
    /// The day in Rome on which a minor comes of age (rule 38); none for every other identity.
    pub of_age_on: Option<Date>,
}

/// One of the requirements, named so that a holder can be told what misses (rule 33).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// The identity document is valid.
    Document,
    /// The contract is alive: the identity has not expired.
    Contract,
}

impl Requirements {
    /// What misses at an instant.
    #[must_use]
    pub fn missing_at(&self, at: Timestamp) -> Vec<Requirement> {
        let each = [(Requirement::Document, self.document_expires_on), (Requirement::Contract, self.expires_on)];
        each.into_iter().filter(|(_, last)| last.is_some_and(|last| at >= end_of_day(last))).map(|(requirement, _)| requirement).collect()
    }

    fn met_at(&self, at: Timestamp) -> bool {
        self.missing_at(at).is_empty()
    }
}

/// Why a change of status is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateRefusal {
    /// A revoked identity never changes again (rule 36).
    #[error("the identity is revoked")]
    Revoked,
    /// The reason is not in force.
    #[error("the identity is not suspended for this reason")]
    NotSuspended,
}

impl IdentityState {
    /// The status that the records add up to: Active only when no reason is in force (rule 35).
    #[must_use]
    pub fn status(&self) -> Status {
        if self.revoked_at.is_some() {
            Status::Revoked
        } else if self.activated_at.is_none() {
            Status::ToActivate
        } else if self.suspensions.is_empty() {
            Status::Active
        } else {
            Status::Suspended
        }
    }

    /// Whether the holder may sign in: everyone but a revoked one (rule 19).
    #[must_use]
    pub fn may_sign_in(&self) -> bool {
        self.revoked_at.is_none()
    }

    /// Adds a reason at `now`. Asking again while it is in force changes nothing and never extends it (rule 32); answers whether it was added.
    ///
    /// # Errors
    /// [`StateRefusal::Revoked`] for a revoked identity.
    pub fn suspend(&mut self, reason: SuspensionReason, now: Timestamp) -> Result<bool, StateRefusal> {
        if self.revoked_at.is_some() {
            return Err(StateRefusal::Revoked);
        }
        if self.suspensions.contains_key(&reason) {
            return Ok(false);
        }
        self.suspensions.insert(reason, now);
        Ok(true)
    }

    /// Takes one reason away; the others stay in force (rule 35).
    ///
    /// # Errors
    /// [`StateRefusal::Revoked`] for a revoked identity, [`StateRefusal::NotSuspended`] when the reason is not in force.
    pub fn lift(&mut self, reason: SuspensionReason) -> Result<(), StateRefusal> {
        if self.revoked_at.is_some() {
            return Err(StateRefusal::Revoked);
        }
        self.kept.remove(&reason);
        self.suspensions.remove(&reason).map(drop).ok_or(StateRefusal::NotSuspended)
    }

    /// Keeps a reason in force whose days are over: from now on nothing but a lift ends it, whatever is met later (rule 33).
    pub fn keep(&mut self, reason: SuspensionReason) {
        if self.suspensions.contains_key(&reason) {
            self.kept.insert(reason);
        }
    }

    /// Revokes for good at `now`; a second revocation keeps the first instant (rule 36).
    pub fn revoke(&mut self, now: Timestamp) {
        self.revoked_at.get_or_insert(now);
    }

    /// When a reason ends by itself, if it does (rules 33, 35): none where its days were over and it was kept.
    #[must_use]
    pub fn suspension_ends(&self, reason: SuspensionReason, policy: &IdentityPolicy) -> Option<Timestamp> {
        let since = self.suspensions.get(&reason).filter(|_| !self.kept.contains(&reason))?;
        let days = match reason {
            SuspensionReason::Holder => policy.suspension_days,
            SuspensionReason::Fraud => policy.fraud_suspension_days,
            SuspensionReason::ProviderSuspicion
            | SuspensionReason::DocumentExpired
            | SuspensionReason::SharedContact
            | SuspensionReason::UnfinishedReset
            | SuspensionReason::Turned18
            | SuspensionReason::Lockout => return None,
        };
        since.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok()
    }

    /// The state without the suspensions that are over at `now`: one that ends by itself is over at its end if the identity met its requirements
    /// then (rule 33): document valid, identity not expired. A change of state begins from this.
    #[must_use]
    pub fn lifted(&self, now: Timestamp, requirements: Requirements, policy: &IdentityPolicy) -> Self {
        let mut state = self.clone();
        state.suspensions.retain(|reason, _| self.suspension_ends(*reason, policy).is_none_or(|end| now < end || !requirements.met_at(end)));
        state
    }

    /// The state as it is at `now` (rule 4): lifted, suspended for a document that has expired where it is activated (rule 35), and where a minor has come
    /// of age and not chosen yet (rule 38).
    #[must_use]
    pub fn at(&self, now: Timestamp, requirements: Requirements, policy: &IdentityPolicy) -> Self {
        let mut state = self.lifted(now, requirements, policy);
        if let Some(expired_at) = requirements.document_expires_on.map(end_of_day).filter(|end| *end <= now)
            && state.activated_at.is_some()
            && state.revoked_at.is_none()
        {
            state.suspensions.entry(SuspensionReason::DocumentExpired).or_insert(expired_at);
        }
        if let Some(of_age_at) = requirements.of_age_on.map(start_of_day).filter(|begin| *begin <= now)
            && state.revoked_at.is_none()
        {
            state.suspensions.entry(SuspensionReason::Turned18).or_insert(of_age_at);
        }
        state
    }

    /// The activation steps that still miss, in order; none once active (rule 19).
    #[must_use]
    pub fn steps_missing(&self) -> Vec<ActivationStep> {
        if self.activated_at.is_some() {
            return Vec::new();
        }
        ActivationStep::ALL.into_iter().filter(|step| !self.steps_done.contains(step)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn active() -> IdentityState {
        IdentityState { activated_at: Some(at("2026-01-01T00:00:00Z")), ..IdentityState::default() }
    }

    #[test]
    fn status_follows_the_records() {
        assert_eq!(IdentityState::default().status(), Status::ToActivate);
        let mut state = active();
        assert_eq!(state.status(), Status::Active);
        assert_eq!(state.suspend(SuspensionReason::Fraud, at("2026-02-01T00:00:00Z")), Ok(true));
        assert_eq!(state.status(), Status::Suspended);
        state.revoke(at("2026-03-01T00:00:00Z"));
        assert_eq!(state.status(), Status::Revoked);
        assert!(!state.may_sign_in());
        assert_eq!(state.suspend(SuspensionReason::Holder, at("2026-03-02T00:00:00Z")), Err(StateRefusal::Revoked));
        assert_eq!(state.lift(SuspensionReason::Fraud), Err(StateRefusal::Revoked));
    }

    #[test]
    fn active_only_when_every_reason_is_gone() {
        let mut state = active();
        let now = at("2026-02-01T00:00:00Z");
        assert_eq!(state.suspend(SuspensionReason::Holder, now), Ok(true));
        assert_eq!(state.suspend(SuspensionReason::DocumentExpired, now), Ok(true));
        assert_eq!(state.lift(SuspensionReason::Holder), Ok(()));
        assert_eq!(state.status(), Status::Suspended);
        assert_eq!(state.lift(SuspensionReason::Holder), Err(StateRefusal::NotSuspended));
        assert_eq!(state.lift(SuspensionReason::DocumentExpired), Ok(()));
        assert_eq!(state.status(), Status::Active);
    }

    #[test]
    fn asking_again_never_extends_the_thirty_days() {
        let policy = IdentityPolicy::default();
        let mut state = active();
        assert_eq!(state.suspend(SuspensionReason::Holder, at("2026-02-01T10:00:00Z")), Ok(true));
        assert_eq!(state.suspend(SuspensionReason::Holder, at("2026-02-20T10:00:00Z")), Ok(false));
        assert_eq!(state.suspension_ends(SuspensionReason::Holder, &policy), Some(at("2026-03-03T10:00:00Z")));
        assert_eq!(state.suspension_ends(SuspensionReason::Fraud, &policy), None);
    }

    #[test]
    fn what_was_kept_at_day_thirty_stays_whatever_is_met_later() {
        let policy = IdentityPolicy::default();
        let mut state = active();
        assert_eq!(state.suspend(SuspensionReason::Holder, at("2026-02-01T10:00:00Z")), Ok(true));
        state.keep(SuspensionReason::Holder);
        state.keep(SuspensionReason::Fraud);
        assert!(!state.kept.contains(&SuspensionReason::Fraud), "there is none to keep");
        assert_eq!(state.suspension_ends(SuspensionReason::Holder, &policy), None);
        let later = state.at(at("2027-01-01T00:00:00Z"), Requirements::default(), &policy);
        assert_eq!(later.status(), Status::Suspended);
        assert_eq!(state.lift(SuspensionReason::Holder), Ok(()));
        // The next one has its own days.
        assert_eq!(state.suspend(SuspensionReason::Holder, at("2026-05-01T10:00:00Z")), Ok(true));
        assert_eq!(state.suspension_ends(SuspensionReason::Holder, &policy), Some(at("2026-05-31T10:00:00Z")));
    }

    #[test]
    fn a_minor_who_came_of_age_is_suspended_from_the_first_instant_of_the_day_in_rome() {
        let policy = IdentityPolicy::default();
        let of_age = Requirements { of_age_on: Some("2026-02-28".parse().unwrap()), ..Requirements::default() };
        let reasons = |state: &IdentityState, instant| state.at(at(instant), of_age, &policy).suspensions;
        assert!(reasons(&active(), "2026-02-27T22:59:59Z").is_empty());
        let suspended = reasons(&active(), "2026-02-27T23:00:00Z");
        assert_eq!(suspended.get(&SuspensionReason::Turned18), Some(&at("2026-02-27T23:00:00Z")));
        let revoked = IdentityState { revoked_at: Some(at("2026-01-01T00:00:00Z")), ..active() };
        assert!(reasons(&revoked, "2026-03-27T23:00:00Z").is_empty());
    }

    #[test]
    fn at_day_thirty_it_is_over_only_where_the_requirements_are_met_then() {
        let policy = IdentityPolicy::default();
        let mut state = active();
        assert_eq!(state.suspend(SuspensionReason::Holder, at("2026-02-01T10:00:00Z")), Ok(true));
        let day = |text: &str| Some(text.parse().unwrap());
        let reasons = |instant, document_expires_on, expires_on| {
            let state = state.at(at(instant), Requirements { document_expires_on, expires_on, of_age_on: None }, &policy);
            state.suspensions.keys().copied().collect::<Vec<_>>()
        };
        assert_eq!(reasons("2026-03-03T09:59:59Z", None, None), [SuspensionReason::Holder]);
        assert_eq!(reasons("2026-03-03T10:00:00Z", None, None), []);
        assert_eq!(reasons("2026-03-03T10:00:00Z", day("2026-03-03"), None), [], "valid through its last day");
        let both = [SuspensionReason::Holder, SuspensionReason::DocumentExpired];
        assert_eq!(reasons("2026-03-03T10:00:00Z", day("2026-03-02"), None), both);
        assert_eq!(reasons("2026-03-03T10:00:00Z", None, day("2026-03-02")), [SuspensionReason::Holder], "the contract is not alive");
        // What was over stays over: a document that expires later is a reason of its own.
        assert_eq!(reasons("2026-04-01T10:00:00Z", day("2026-03-20"), None), [SuspensionReason::DocumentExpired]);
    }

    #[test]
    fn an_expired_document_suspends_who_is_activated_and_not_revoked() {
        let policy = IdentityPolicy::default();
        let expired = Requirements { document_expires_on: Some("2026-03-01".parse().unwrap()), ..Requirements::default() };
        let status = |state: &IdentityState, instant| state.at(at(instant), expired, &policy).status();
        assert_eq!(status(&active(), "2026-03-01T22:59:59Z"), Status::Active);
        assert_eq!(status(&active(), "2026-03-01T23:00:00Z"), Status::Suspended);
        assert_eq!(status(&IdentityState::default(), "2026-03-05T00:00:00Z"), Status::ToActivate);
        let mut revoked = active();
        revoked.revoke(at("2026-02-01T00:00:00Z"));
        assert!(revoked.at(at("2026-03-05T00:00:00Z"), expired, &policy).suspensions.is_empty());
    }

    #[test]
    fn only_holder_and_fraud_end_by_themselves() {
        let policy = IdentityPolicy::default();
        for reason in SuspensionReason::ALL {
            let mut state = active();
            assert_eq!(state.suspend(reason, at("2026-02-01T10:00:00Z")), Ok(true));
            let ends = matches!(reason, SuspensionReason::Holder | SuspensionReason::Fraud);
            assert_eq!(state.suspension_ends(reason, &policy).is_some(), ends, "{reason:?}");
        }
    }

    #[test]
    fn missing_steps_keep_their_order_and_vanish_once_active() {
        let mut state = IdentityState::default();
        state.steps_done.insert(ActivationStep::HealthCard);
        let missing = state.steps_missing();
        assert_eq!(missing.len(), 5);
        assert_eq!(missing.first(), Some(&ActivationStep::IdentityDocument));
        assert!(active().steps_missing().is_empty());
    }

    proptest! {
        #[test]
        fn the_set_decides_whatever_the_order(order in proptest::collection::vec((0usize..8, any::<bool>()), 0..40)) {
            let mut state = active();
            let mut model = BTreeSet::new();
            let now = at("2026-02-01T00:00:00Z");
            for (index, add) in order {
                let reason = SuspensionReason::ALL[index];
                if add {
                    prop_assert_eq!(state.suspend(reason, now), Ok(model.insert(reason)));
                } else {
                    prop_assert_eq!(state.lift(reason).is_ok(), model.remove(&reason));
                }
                let expected = if model.is_empty() { Status::Active } else { Status::Suspended };
                prop_assert_eq!(state.status(), expected);
            }
        }
    }
}
