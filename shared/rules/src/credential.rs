//! The credentials of an identity: each lives by itself and keeps its dates (rules 36, 41-44).

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::{date_of, end_of_day};
use crate::policy::IdentityPolicy;
use crate::service::{CredentialKind, Level};

/// What happened to one credential, and when (rule 44).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dates {
    /// Since when it is active; none while it was bought and waits for its activation.
    pub activated_at: Option<Timestamp>,
    /// Since when it is suspended.
    #[serde(default)]
    pub suspended_at: Option<Timestamp>,
    /// When its last suspension was lifted.
    #[serde(default)]
    pub reactivated_at: Option<Timestamp>,
    /// When it was revoked, for good.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
    /// Its last day in Rome, as it was bought; none where it has no expiry.
    #[serde(default)]
    pub expires_on: Option<Date>,
    /// Until when the certificate is good by which it was activated, exclusive (rule 43): after it another certificate activates it anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certified_until: Option<Timestamp>,
}

/// How a credential stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialState {
    /// Bought, to be activated.
    Waiting,
    /// In use.
    Active,
    /// Suspended by the holder.
    Suspended,
    /// Its last day has passed.
    Expired,
    /// Revoked for good.
    Revoked,
}

/// A change that the credential's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credential's state does not allow this")]
pub struct StateForbids;

impl Dates {
    /// Of a credential that is active since an instant.
    #[must_use]
    pub fn active_since(at: Timestamp, expires_on: Option<Date>) -> Self {
        Self { activated_at: Some(at), expires_on, ..Self::default() }
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> CredentialState {
        if self.revoked_at.is_some() {
            CredentialState::Revoked
        } else if self.activated_at.is_none() {
            CredentialState::Waiting
        } else if self.expires_on.is_some_and(|last| now >= end_of_day(last)) {
            CredentialState::Expired
        } else if self.suspended_at.is_some() {
            CredentialState::Suspended
        } else if self.certified_until.is_some_and(|until| now >= until) {
            // What was bought lasts: it waits for another certificate.
            CredentialState::Waiting
        } else {
            CredentialState::Active
        }
    }

    /// The last day in Rome on which it serves: that of its certificate, where this ends first. One that is over does not count: what was bought waits for
    /// another.
    #[must_use]
    pub fn last_day(&self, now: Timestamp) -> Option<Date> {
        let certified = self.certified_until.filter(|until| now < *until);
        certified.map(date_of).into_iter().chain(self.expires_on).min()
    }

    /// Activates what was waiting.
    ///
    /// # Errors
    /// [`StateForbids`] for what is active, suspended, over or revoked.
    pub fn activate(&mut self, now: Timestamp) -> Result<(), StateForbids> {
        self.allow(now, CredentialState::Waiting)?;
        self.activated_at = Some(now);
        Ok(())
    }

    /// Suspends what is active.
    ///
    /// # Errors
    /// [`StateForbids`] for what is not.
    pub fn suspend(&mut self, now: Timestamp) -> Result<(), StateForbids> {
        self.allow(now, CredentialState::Active)?;
        self.suspended_at = Some(now);
        Ok(())
    }

    /// Lifts a suspension.
    ///
    /// # Errors
    /// [`StateForbids`] for what is not suspended, or over by now.
    pub fn reactivate(&mut self, now: Timestamp) -> Result<(), StateForbids> {
        self.allow(now, CredentialState::Suspended)?;
        self.suspended_at = None;
        self.reactivated_at = Some(now);
        Ok(())
    }

    /// Revokes for good, whatever its state.
    ///
    /// # Errors
    /// [`StateForbids`] for what is revoked already: the first instant stays.
    pub fn revoke(&mut self, now: Timestamp) -> Result<(), StateForbids> {
        if self.revoked_at.is_some() {
            return Err(StateForbids);
        }
        self.revoked_at = Some(now);
        Ok(())
    }

    fn allow(&self, now: Timestamp, state: CredentialState) -> Result<(), StateForbids> {
        if self.state(now) == state { Ok(()) } else { Err(StateForbids) }
    }

    /// Since when it cannot be used any more; none for what can, or never could.
    fn lost_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.activated_at?;
        let expired = self.expires_on.map(end_of_day).filter(|end| *end <= now);
        // Whatever came first took it away.
        let uncertified = self.certified_until.filter(|until| *until <= now);
        [self.suspended_at, self.revoked_at, expired, uncertified].into_iter().flatten().min()
    }
}

/// Until when sensitive changes wait because a level was lost (rule 44): whoever took the level away may not have been the holder, who gets the time to
/// read the mail. None where the highest level that ever was is active, or the wait is over; at exactly its hours it is.
#[must_use]
pub fn guarded_until<'a>(credentials: impl Iterator<Item = (CredentialKind, &'a Dates)> + Clone, now: Timestamp, policy: &IdentityPolicy) -> Option<Timestamp> {
    let active = credentials.clone().filter(|(_, dates)| dates.state(now) == CredentialState::Active);
    let highest = active.map(|(kind, _)| kind.level()).max().unwrap_or(Level::L1);
    let lost = credentials.filter(|(kind, _)| kind.level() > highest).filter_map(|(_, dates)| dates.lost_at(now)).max()?;
    let until = lost.checked_add(SignedDuration::from_hours(i64::from(policy.downgrade_guard_hours))).ok()?;
    (now < until).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_that_is_over_leaves_what_was_bought_waiting_for_another() {
        let until = at("2026-06-10T10:00:00Z");
        let mut dates = Dates { certified_until: Some(until), ..Dates::active_since(at("2026-01-01T00:00:00Z"), Some("2029-01-03".parse().unwrap())) };
        let bought = Some("2029-01-03".parse().unwrap());
        assert_eq!(dates.last_day(at("2026-06-10T09:59:59Z")), Some("2026-06-10".parse().unwrap()));
        assert_eq!(dates.last_day(until), bought);
        assert_eq!(dates.state(at("2026-06-10T09:59:59Z")), CredentialState::Active);
        assert_eq!(dates.state(until), CredentialState::Waiting, "not to the end of the day: no signature proves it any more");
        assert_eq!(dates.lost_at(until), Some(until));
        assert_eq!(dates.activate(at("2026-06-09T10:00:00Z")), Err(StateForbids));
        assert_eq!(dates.activate(until), Ok(()));
        dates.certified_until = Some(at("2030-01-01T00:00:00Z"));
        assert_eq!((dates.state(until), dates.last_day(until)), (CredentialState::Active, bought));
        assert_eq!(dates.state(at("2029-01-04T00:00:00Z")), CredentialState::Expired);
    }

    fn live() -> Dates {
        Dates::active_since(at("2026-01-01T00:00:00Z"), Some("2026-06-30".parse().unwrap()))
    }

    #[test]
    fn a_credential_keeps_the_dates_of_what_happened_to_it() {
        let mut dates = Dates { expires_on: Some("2026-06-30".parse().unwrap()), ..Dates::default() };
        assert_eq!(dates.state(at("2026-01-01T00:00:00Z")), CredentialState::Waiting);
        assert_eq!(dates.suspend(at("2026-01-01T00:00:00Z")), Err(StateForbids));
        assert_eq!(dates.activate(at("2026-01-01T00:00:00Z")), Ok(()));
        assert_eq!(dates.activate(at("2026-01-02T00:00:00Z")), Err(StateForbids));
        assert_eq!(dates.reactivate(at("2026-01-02T00:00:00Z")), Err(StateForbids));
        assert_eq!(dates.suspend(at("2026-02-01T00:00:00Z")), Ok(()));
        assert_eq!(dates.state(at("2026-02-02T00:00:00Z")), CredentialState::Suspended);
        assert_eq!(dates.suspend(at("2026-02-02T00:00:00Z")), Err(StateForbids));
        assert_eq!(dates.reactivate(at("2026-03-01T00:00:00Z")), Ok(()));
        assert_eq!(dates.revoke(at("2026-04-01T00:00:00Z")), Ok(()));
        assert_eq!(dates.revoke(at("2026-04-02T00:00:00Z")), Err(StateForbids));
        assert_eq!(dates.reactivate(at("2026-04-02T00:00:00Z")), Err(StateForbids));
        let expected = Dates {
            activated_at: Some(at("2026-01-01T00:00:00Z")),
            suspended_at: None,
            reactivated_at: Some(at("2026-03-01T00:00:00Z")),
            revoked_at: Some(at("2026-04-01T00:00:00Z")),
            expires_on: Some("2026-06-30".parse().unwrap()),
            certified_until: None,
        };
        assert_eq!(dates, expected);
    }

    #[test]
    fn it_is_good_through_its_last_day_in_rome() {
        // In June Rome is two hours ahead.
        assert_eq!(live().state(at("2026-06-30T21:59:59Z")), CredentialState::Active);
        assert_eq!(live().state(at("2026-06-30T22:00:00Z")), CredentialState::Expired);
        let mut suspended = live();
        assert_eq!(suspended.suspend(at("2026-03-01T00:00:00Z")), Ok(()));
        assert_eq!(suspended.reactivate(at("2026-06-30T22:00:00Z")), Err(StateForbids));
    }

    #[test]
    fn a_lost_level_delays_what_is_sensitive_for_exactly_its_hours() {
        let policy = IdentityPolicy::default();
        let (app, mut card) = (Dates::active_since(at("2026-01-01T00:00:00Z"), None), live());
        let until = |card: &Dates, now: &str| guarded_until([(CredentialKind::OtpApp, &app), (CredentialKind::SmartCard, card)].into_iter(), at(now), &policy);
        assert_eq!(until(&card, "2026-02-01T00:00:00Z"), None);
        assert_eq!(card.suspend(at("2026-02-01T00:00:00Z")), Ok(()));
        assert_eq!(until(&card, "2026-02-01T00:00:00Z"), Some(at("2026-02-04T00:00:00Z")));
        assert_eq!(until(&card, "2026-02-03T23:59:59Z"), Some(at("2026-02-04T00:00:00Z")));
        assert_eq!(until(&card, "2026-02-04T00:00:00Z"), None);
        // Revoking what is suspended already takes nothing more away.
        assert_eq!(card.revoke(at("2026-02-03T00:00:00Z")), Ok(()));
        assert_eq!(until(&card, "2026-02-04T00:00:00Z"), None);
        // A card that expires is a level lost too.
        assert_eq!(until(&live(), "2026-06-30T22:00:00Z"), Some(at("2026-07-03T22:00:00Z")));
    }

    #[test]
    fn another_credential_of_the_level_leaves_nothing_to_guard() {
        let policy = IdentityPolicy::default();
        let (mut app, sms) = (live(), live());
        assert_eq!(app.revoke(at("2026-02-01T00:00:00Z")), Ok(()));
        let both = [(CredentialKind::OtpApp, &app), (CredentialKind::OtpSms, &sms)];
        assert_eq!(guarded_until(both.into_iter(), at("2026-02-01T00:00:00Z"), &policy), None);
        assert!(guarded_until([(CredentialKind::OtpApp, &app)].into_iter(), at("2026-02-01T00:00:00Z"), &policy).is_some());
        // What was bought and never activated was never lost.
        let waiting = Dates { revoked_at: Some(at("2026-02-01T00:00:00Z")), ..Dates::default() };
        assert_eq!(guarded_until([(CredentialKind::SmartCard, &waiting)].into_iter(), at("2026-02-01T00:00:00Z"), &policy), None);
    }

    proptest! {
        #[test]
        fn what_is_revoked_stays_so(steps in proptest::collection::vec(0u8..4, 0..20)) {
            let (mut dates, mut now, mut revoked) = (Dates::default(), at("2026-01-01T00:00:00Z"), None);
            for step in steps {
                now += SignedDuration::from_hours(1);
                let _ = match step {
                    0 => dates.activate(now),
                    1 => dates.suspend(now),
                    2 => dates.reactivate(now),
                    _ => dates.revoke(now),
                };
                revoked = revoked.or(dates.revoked_at);
                prop_assert_eq!(dates.revoked_at, revoked);
                prop_assert_eq!(dates.state(now) == CredentialState::Revoked, revoked.is_some());
            }
        }
    }
}
