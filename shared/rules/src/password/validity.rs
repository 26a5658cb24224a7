//! How long a password is good, and the warnings before its end (rules 15 and 16).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::policy::PasswordPolicy;

/// Whether a password is still good (rule 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// The ordinary change works.
    Valid {
        /// The first instant at which it is expired.
        expires_at: Timestamp,
    },
    /// Only the flow for an expired password works.
    Expired {
        /// The first instant at which it was expired.
        since: Timestamp,
    },
}

/// A warning before the end (rule 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// Days of 86,400 s that are left at `at`: one of the policy's `warn_days`.
    pub days_left: u32,
    /// When it is due; at or before now it is due now.
    pub at: Timestamp,
}

/// The first instant at which a password that was set at `changed_at` is expired: `valid_days` of 86,400 s later (rule 15).
#[must_use]
pub fn expires_at(changed_at: Timestamp, policy: &PasswordPolicy) -> Timestamp {
    changed_at.checked_add(days(policy.valid_days)).unwrap_or(Timestamp::MAX)
}

/// Whether a password that was set at `changed_at` is good at `now`; at exactly `valid_days` it is expired (rule 15).
#[must_use]
pub fn validity(changed_at: Timestamp, now: Timestamp, policy: &PasswordPolicy) -> Validity {
    let expires_at = expires_at(changed_at, policy);
    if now < expires_at { Validity::Valid { expires_at } } else { Validity::Expired { since: expires_at } }
}

/// The warnings that are due at `now` or later, soonest first, without those of `sent`, which are the days left that this version of the
/// password was warned of (rule 16).
///
/// A missed warning stays due until the next one is: with exactly 2 days left only that of 2 days is. Once expired, or for a later version,
/// there is none of the old ones. Whether the identity is revoked is the caller's to know.
#[must_use]
pub fn warnings(changed_at: Timestamp, sent: &BTreeSet<u32>, now: Timestamp, policy: &PasswordPolicy) -> Vec<Warning> {
    let Validity::Valid { expires_at } = validity(changed_at, now, policy) else { return Vec::new() };
    let at = |days_left: u32| expires_at.checked_sub(days(days_left)).unwrap_or(Timestamp::MIN);
    let overtaken = |days_left: u32| policy.warn_days.iter().any(|nearer| *nearer < days_left && at(*nearer) <= now);
    let left: BTreeSet<u32> = policy.warn_days.iter().copied().filter(|days| !sent.contains(days) && !overtaken(*days)).collect();
    left.into_iter().rev().map(|days_left| Warning { days_left, at: at(days_left) }).collect()
}

fn days(count: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(count) * 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + second).unwrap()
    }

    fn due(sent: &[u32], now: i64) -> Vec<(u32, i64)> {
        let warnings = warnings(at(0), &sent.iter().copied().collect(), at(now), &PasswordPolicy::default());
        warnings.into_iter().map(|warning| (warning.days_left, warning.at.as_second() - at(0).as_second())).collect()
    }

    #[test]
    fn good_for_180_days_of_86400_seconds() {
        let policy = PasswordPolicy::default();
        let end = at(180 * DAY);
        assert_eq!(expires_at(at(0), &policy), end);
        assert_eq!(validity(at(0), at(180 * DAY - 1), &policy), Validity::Valid { expires_at: end });
        assert_eq!(validity(at(0), at(180 * DAY), &policy), Validity::Expired { since: end });
        assert_eq!(validity(at(0), at(180 * DAY + 1), &policy), Validity::Expired { since: end });
        let nanosecond = SignedDuration::from_nanos(1);
        assert_eq!(validity(at(0), end.checked_sub(nanosecond).unwrap(), &policy), Validity::Valid { expires_at: end });
        assert_eq!(expires_at(Timestamp::MAX, &policy), Timestamp::MAX);
    }

    #[test]
    fn warnings_seven_and_two_days_before() {
        let (seven, two) = ((7, 173 * DAY), (2, 178 * DAY));
        assert_eq!(due(&[], 0), [seven, two]);
        assert_eq!(due(&[], 173 * DAY), [seven, two]);
        assert_eq!(due(&[7], 173 * DAY), [two]);
        assert_eq!(due(&[], 178 * DAY - 1), [seven, two]);
        assert_eq!(due(&[], 178 * DAY), [two]);
        assert_eq!(due(&[7], 178 * DAY), [two]);
        assert_eq!(due(&[7, 2], 178 * DAY), []);
        assert_eq!(due(&[2], 178 * DAY), []);
        assert_eq!(due(&[2], 175 * DAY), [seven]);
        assert_eq!(due(&[], 180 * DAY - 1), [two]);
        assert_eq!(due(&[], 180 * DAY), []);
        assert_eq!(due(&[], 200 * DAY), []);
    }

    #[test]
    fn the_order_of_the_policy_does_not_matter() {
        let policy = PasswordPolicy { warn_days: vec![1, 30, 7, 7], ..PasswordPolicy::default() };
        let left = |now: i64| warnings(at(0), &BTreeSet::new(), at(now), &policy).into_iter().map(|w| w.days_left).collect::<Vec<_>>();
        assert_eq!(left(0), [30, 7, 1]);
        assert_eq!(left(173 * DAY), [7, 1]);
        assert_eq!(left(179 * DAY), [1]);
    }
}
