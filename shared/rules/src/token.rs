//! Physical tokens (rule 41): codes counted by presses (RFC 4226) or by time (RFC 6238), whose counter or clock drifts from ours and is followed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::otp::InvalidTotp;
use crate::policy::TokenPolicy;

/// What moves a token on to its next code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by", rename_all_fields = "camelCase")]
pub enum Counting {
    /// A press of its button (HOTP).
    Press,
    /// Its clock (TOTP).
    Clock {
        /// Seconds of a step.
        step_seconds: u32,
    },
}

/// How a token's codes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenModel {
    /// What moves it on.
    #[serde(flatten)]
    pub counting: Counting,
    /// Digits of a code.
    pub digits: u32,
}

/// Where a token stands, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// The last counter or step that was used; a code of it or of an earlier one is refused (rule 22).
    #[serde(default)]
    pub last: Option<u64>,
    /// Steps by which the token's clock is ahead of ours, or behind it.
    #[serde(default)]
    pub drift: i64,
}

impl TokenModel {
    /// The code of one counter or step; for a token that is made of software, and for tests.
    ///
    /// # Errors
    /// [`InvalidTotp`] for a secret or a number of digits that cannot be used.
    pub fn code(&self, secret: &[u8], counter: u64) -> Result<String, InvalidTotp> {
        self.generator(secret).map(|generator| generator.generate(counter).to_string())
    }

    /// A step of one second turns the time-based algorithm into the counted one: RFC 6238 is RFC 4226 over a number of steps.
    fn generator(&self, secret: &[u8]) -> Result<Totp, InvalidTotp> {
        let digits = u8::try_from(self.digits).map_err(|_| InvalidTotp)?;
        Builder::new().with_secret(secret).with_digits(digits).with_skew(0).with_step_duration(1).build().map_err(|_| InvalidTotp)
    }

    /// The step of our own clock; none for a token that counts presses.
    fn step(&self, now: Timestamp) -> Option<i64> {
        match self.counting {
            Counting::Press => None,
            Counting::Clock { step_seconds } => Some(now.as_second().div_euclid(i64::from(step_seconds.max(1)))),
        }
    }

    /// The counters that are looked at, first to last: those behind the last used one, within a window of what is expected.
    fn window(&self, position: Position, now: Timestamp, ahead: u32, around: u32) -> std::ops::RangeInclusive<u64> {
        let next = position.last.map_or(0, |last| last.saturating_add(1));
        match self.step(now) {
            None => next..=next.saturating_add(u64::from(ahead)),
            Some(step) => {
                let expected = step.saturating_add(position.drift);
                let first = u64::try_from(expected.saturating_sub(i64::from(around))).unwrap_or_default();
                let last = u64::try_from(expected.saturating_add(i64::from(around))).unwrap_or_default();
                first.max(next)..=last
            }
        }
    }

    fn at(&self, counter: u64, now: Timestamp) -> Position {
        let drift = self.step(now).and_then(|step| i64::try_from(counter).ok().map(|counter| counter - step)).unwrap_or_default();
        Position { last: Some(counter), drift }
    }

    /// Where the token stands after a code that proves it; none for a wrong or a used one.
    ///
    /// # Errors
    /// [`InvalidTotp`] for a stored secret that cannot be used.
    pub fn prove(&self, secret: &[u8], code: &str, position: Position, now: Timestamp, policy: &TokenPolicy) -> Result<Option<Position>, InvalidTotp> {
        let generator = self.generator(secret)?;
        let mut window = self.window(position, now, policy.look_ahead, policy.skew_steps);
        Ok(window.find(|counter| equal(&generator.generate(*counter).to_string(), code)).map(|counter| self.at(counter, now)))
    }

    /// Where a token that is in use stands after what its holder gives: a code, or that and the next one, where it has drifted away (RFC 4226, 7.4).
    ///
    /// Two codes that are right by chance are rarer than one, however much wider the window is: the policy bounds it.
    ///
    /// # Errors
    /// As [`TokenModel::prove`].
    pub fn follow(
        &self,
        secret: &[u8],
        (code, next): (&str, Option<&str>),
        position: Position,
        now: Timestamp,
        policy: &TokenPolicy,
    ) -> Result<Option<Position>, InvalidTotp> {
        match next {
            None => self.prove(secret, code, position, now, policy),
            Some(next) => self.synchronise(secret, (code, next), position, now, policy),
        }
    }

    /// Where the token stands after two codes in a row, looked for in a wide window: for its activation, and for one that has drifted away.
    ///
    /// # Errors
    /// As [`TokenModel::prove`].
    pub fn synchronise(
        &self,
        secret: &[u8],
        codes: (&str, &str),
        position: Position,
        now: Timestamp,
        policy: &TokenPolicy,
    ) -> Result<Option<Position>, InvalidTotp> {
        let generator = self.generator(secret)?;
        let shown = |counter: u64| generator.generate(counter).to_string();
        let mut window = self.window(position, now, policy.resync_presses, policy.resync_steps);
        let found = window.find(|counter| equal(&shown(*counter), codes.0) & equal(&shown(counter.saturating_add(1)), codes.1));
        Ok(found.map(|counter| self.at(counter.saturating_add(1), now)))
    }
}

/// Compares without telling by its time how much was right.
fn equal(shown: &str, given: &str) -> bool {
    shown.len() == given.len() && shown.bytes().zip(given.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"12345678901234567890";
    const PRESS: TokenModel = TokenModel { counting: Counting::Press, digits: 6 };
    const CLOCK: TokenModel = TokenModel { counting: Counting::Clock { step_seconds: 60 }, digits: 8 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_4226() {
        let codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(PRESS.code(SECRET, counter).as_deref(), Ok(code));
        }
    }

    #[test]
    fn presses_are_followed_within_the_window_and_never_back() {
        let policy = TokenPolicy::default();
        let position = Position { last: Some(5), drift: 0 };
        let prove = |counter| PRESS.prove(SECRET, &PRESS.code(SECRET, counter).unwrap(), position, at(0), &policy).unwrap().and_then(|p| p.last);
        assert_eq!(prove(5), None, "used");
        assert_eq!(prove(4), None, "older");
        assert_eq!(prove(6), Some(6));
        let last = 6 + u64::from(policy.look_ahead);
        assert_eq!(prove(last), Some(last));
        assert_eq!(prove(last + 1), None);
        let first = Position::default();
        assert_eq!(PRESS.prove(SECRET, "755224", first, at(0), &policy).unwrap().and_then(|p| p.last), Some(0));
        assert_eq!(PRESS.prove(SECRET, "75522", first, at(0), &policy), Ok(None));
        assert_eq!(PRESS.prove(b"short", "755224", first, at(0), &policy), Err(InvalidTotp));
    }

    #[test]
    fn a_drifting_clock_is_followed() {
        let policy = TokenPolicy::default();
        let mut position = Position::default();
        // A clock that gains one step with every use: without following it would be out of the window at the second one.
        for round in 0..20_i64 {
            let now = at(1_800_000_000 + round * 86_400);
            let shown = u64::try_from(now.as_second() / 60 + round).unwrap();
            let code = CLOCK.code(SECRET, shown).unwrap();
            position = CLOCK.prove(SECRET, &code, position, now, &policy).unwrap().unwrap();
            assert_eq!(position, Position { last: Some(shown), drift: round });
            assert_eq!(CLOCK.prove(SECRET, &code, position, now, &policy), Ok(None), "used");
        }
        let far = CLOCK.code(SECRET, u64::try_from(1_800_000_000 / 60 + 2).unwrap()).unwrap();
        assert_eq!(CLOCK.prove(SECRET, &far, Position::default(), at(1_800_000_000), &policy), Ok(None));
    }

    #[test]
    fn two_codes_in_a_row_find_a_token_that_is_far_away() {
        let policy = TokenPolicy::default();
        let pair = |counter: u64| (PRESS.code(SECRET, counter).unwrap(), PRESS.code(SECRET, counter + 1).unwrap());
        let find = |codes: (&str, &str)| PRESS.synchronise(SECRET, codes, Position::default(), at(0), &policy).unwrap().and_then(|p| p.last);
        let (first, second) = pair(u64::from(policy.resync_presses));
        assert_eq!(find((&first, &second)), Some(u64::from(policy.resync_presses) + 1));
        assert_eq!(find((&second, &first)), None, "not in this order");
        assert_eq!(find((&first, &first)), None);
        let (first, second) = pair(u64::from(policy.resync_presses) + 1);
        assert_eq!(find((&first, &second)), None);
        let now = at(1_800_000_000);
        let ahead = u64::try_from(1_800_000_000 / 60 + i64::from(policy.resync_steps)).unwrap();
        let (first, second) = (CLOCK.code(SECRET, ahead).unwrap(), CLOCK.code(SECRET, ahead + 1).unwrap());
        let found = CLOCK.synchronise(SECRET, (&first, &second), Position::default(), now, &policy).unwrap().unwrap();
        assert_eq!(found, Position { last: Some(ahead + 1), drift: i64::from(policy.resync_steps) + 1 });
    }

    #[test]
    fn a_token_in_use_that_is_pressed_too_often_is_found_again_ahead_and_never_behind() {
        let policy = TokenPolicy::default();
        let position = Position { last: Some(5), drift: 0 };
        let code = |counter| PRESS.code(SECRET, counter).unwrap();
        let follow = |first: u64, second: Option<u64>| {
            let next = second.map(code);
            PRESS.follow(SECRET, (&code(first), next.as_deref()), position, at(0), &policy).unwrap().and_then(|p| p.last)
        };
        let lost = 6 + u64::from(policy.look_ahead) + 1;
        assert_eq!(follow(lost - 1, None), Some(lost - 1));
        assert_eq!(follow(lost, None), None);
        assert_eq!(follow(lost, Some(lost + 1)), Some(lost + 1));
        assert_eq!(follow(lost, Some(lost + 2)), None, "not in a row");
        assert_eq!(follow(6, Some(7)), Some(7), "one that is not lost too");
        assert_eq!(follow(5, Some(6)), None, "the first was used");
        assert_eq!(follow(4, Some(5)), None, "older");
        let last = 6 + u64::from(policy.resync_presses);
        assert_eq!(follow(last, Some(last + 1)), Some(last + 1));
        assert_eq!(follow(last + 1, Some(last + 2)), None);
    }

    #[test]
    fn a_clock_that_went_wrong_is_found_again_on_both_sides_of_its_drift() {
        let policy = TokenPolicy::default();
        let (now, drift) = (at(1_800_000_000), 3);
        let expected = 1_800_000_000 / 60 + drift;
        let follow = |away: i64, last: i64| {
            let code = |step: i64| CLOCK.code(SECRET, u64::try_from(step).unwrap()).unwrap();
            let position = Position { last: u64::try_from(last).ok(), drift };
            let (first, second) = (code(expected + away), code(expected + away + 1));
            CLOCK.follow(SECRET, (&first, Some(&second)), position, now, &policy).unwrap().map(|position| position.drift)
        };
        let most = i64::from(policy.resync_steps);
        for away in [-most, -2, 2, most] {
            assert_eq!(follow(away, 1), Some(drift + away + 1), "{away}");
        }
        for away in [-most - 1, most + 1] {
            assert_eq!(follow(away, 1), None, "{away}");
        }
        assert_eq!(follow(-2, expected - 3), Some(drift - 1));
        assert_eq!(follow(-2, expected - 2), None, "the first was used");
    }

    proptest! {
        #[test]
        fn two_codes_in_a_row_are_good_once_and_with_them_whatever_came_before(counter in 0u64..1_000_000, ahead in 0u64..=1000, back in 0u64..20) {
            let policy = TokenPolicy::default();
            let code = |counter| PRESS.code(SECRET, counter).unwrap();
            let before = Position { last: counter.checked_sub(1), drift: 0 };
            let (first, second) = (code(counter + ahead), code(counter + ahead + 1));
            let after = PRESS.follow(SECRET, (&first, Some(&second)), before, at(0), &policy).unwrap();
            prop_assert!(after.is_some());
            let last = after.unwrap().last.unwrap();
            let used = code(last.saturating_sub(back));
            let again = PRESS.follow(SECRET, (&used, None), after.unwrap(), at(0), &policy).unwrap();
            // Another counter of the window may show the same six digits; never one that was passed.
            prop_assert!(again.is_none_or(|again| again.last > Some(last)));
        }

        #[test]
        fn a_code_is_good_once(counter in 0u64..1_000_000, ahead in 0u64..10) {
            let policy = TokenPolicy::default();
            let code = PRESS.code(SECRET, counter + ahead).unwrap();
            let before = Position { last: counter.checked_sub(1), drift: 0 };
            let after = PRESS.prove(SECRET, &code, before, at(0), &policy).unwrap();
            prop_assert!(after.is_some());
            let again = PRESS.prove(SECRET, &code, after.unwrap(), at(0), &policy).unwrap();
            // Another counter of the window may show the same six digits; never the one that was used.
            prop_assert!(again.is_none_or(|again| again.last > after.unwrap().last));
        }
    }
}
