//! Repeated failures (rule 21): a pause after the first row of failures, a lock that only a link lifts after the second.
//!
//! A try is charged before the secret is looked at and a success clears the count, so an aborted or timed-out try counts as failed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::policy::ThrottlePolicy;

/// Tries charged since the last success, and when the last one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tries {
    /// Tries charged in a row.
    #[serde(default)]
    pub count: u32,
    /// When the last of them was charged.
    #[serde(default)]
    pub last_at: Option<Timestamp>,
}

/// Whether another try may be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// A try may be charged.
    Open,
    /// None until this instant; at the instant itself the gate is open.
    PausedUntil(Timestamp),
    /// None until the link of the mail is used.
    Locked,
}

/// What a try that failed has brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// Nothing yet.
    None,
    /// The pause began: a mail is due.
    Paused,
    /// The lock began: a mail with the unlocking link is due.
    Locked,
}

impl Tries {
    /// Whether another try may be charged at `now`.
    #[must_use]
    pub fn gate(&self, policy: &ThrottlePolicy, now: Timestamp) -> Gate {
        if self.count >= policy.tries_before_pause + policy.tries_before_lock {
            return Gate::Locked;
        }
        if self.count == policy.tries_before_pause
            && let Some(until) = self.last_at.and_then(|at| at.checked_add(pause(policy)).ok())
            && now < until
        {
            return Gate::PausedUntil(until);
        }
        Gate::Open
    }

    /// The count with one more try, charged at `now`; none when the gate is shut.
    #[must_use]
    pub fn charge(&self, policy: &ThrottlePolicy, now: Timestamp) -> Option<Self> {
        match self.gate(policy, now) {
            Gate::Open => Some(Self { count: self.count + 1, last_at: Some(now) }),
            Gate::PausedUntil(_) | Gate::Locked => None,
        }
    }

    /// What follows when the try that made this count has failed.
    #[must_use]
    pub fn consequence(&self, policy: &ThrottlePolicy) -> Consequence {
        if self.count == policy.tries_before_pause {
            Consequence::Paused
        } else if self.count == policy.tries_before_pause + policy.tries_before_lock {
            Consequence::Locked
        } else {
            Consequence::None
        }
    }
}

/// The pause's length.
#[must_use]
pub fn pause(policy: &ThrottlePolicy) -> SignedDuration {
    SignedDuration::from_mins(i64::from(policy.pause_minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn charged(times: u32, policy: &ThrottlePolicy) -> Tries {
        (0..times).fold(Tries::default(), |tries, i| {
            let later = at(if i >= policy.tries_before_pause { 1800 } else { 0 });
            tries.charge(policy, later).unwrap()
        })
    }

    #[test]
    fn five_in_a_row_pause_for_exactly_thirty_minutes() {
        let policy = ThrottlePolicy::default();
        let four = charged(4, &policy);
        assert_eq!((four.gate(&policy, at(0)), four.consequence(&policy)), (Gate::Open, Consequence::None));
        let five = charged(5, &policy);
        assert_eq!(five.consequence(&policy), Consequence::Paused);
        assert_eq!(five.gate(&policy, at(1799)), Gate::PausedUntil(at(1800)));
        assert_eq!(five.charge(&policy, at(1799)), None);
        assert_eq!(five.gate(&policy, at(1800)), Gate::Open);
    }

    #[test]
    fn five_more_lock_for_good() {
        let policy = ThrottlePolicy::default();
        let nine = charged(9, &policy);
        assert_eq!((nine.gate(&policy, at(1800)), nine.consequence(&policy)), (Gate::Open, Consequence::None));
        let ten = charged(10, &policy);
        assert_eq!(ten.consequence(&policy), Consequence::Locked);
        assert_eq!(ten.gate(&policy, at(1_000_000_000)), Gate::Locked);
        assert_eq!(ten.charge(&policy, at(1_000_000_000)), None);
    }

    proptest! {
        #[test]
        fn never_more_than_ten_tries_without_a_success(steps in proptest::collection::vec(0i64..100_000, 0..200)) {
            let policy = ThrottlePolicy::default();
            let (mut tries, mut now, mut evaluated, mut in_pause_window) = (Tries::default(), 0, 0u32, 0u32);
            let mut first_row_ended = None;
            for step in steps {
                now += step;
                if let Some(next) = tries.charge(&policy, at(now)) {
                    evaluated += 1;
                    if first_row_ended.is_some_and(|end| now < end + 1800) { in_pause_window += 1; }
                    tries = next;
                    if tries.consequence(&policy) == Consequence::Paused { first_row_ended = Some(now); }
                }
            }
            prop_assert!(evaluated <= 10);
            prop_assert_eq!(in_pause_window, 0);
        }
    }
}
