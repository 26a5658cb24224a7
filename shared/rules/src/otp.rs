//! One-time passwords: time-based ones whose step is consumed (rule 22), and codes sent by mail or SMS (rule 31).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::policy::{CodePolicy, TotpPolicy};

/// A TOTP secret that the policy's parameters cannot be used with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the TOTP secret or its parameters are not valid")]
pub struct InvalidTotp;

fn parameters(secret: &[u8], policy: &TotpPolicy) -> Result<Builder, InvalidTotp> {
    Ok(Builder::new()
        .with_secret(secret)
        .with_digits(u8::try_from(policy.digits).map_err(|_| InvalidTotp)?)
        .with_skew(u16::try_from(policy.skew_steps).map_err(|_| InvalidTotp)?)
        .with_step_duration(u64::from(policy.step_seconds)))
}

fn totp(secret: &[u8], policy: &TotpPolicy) -> Result<Totp, InvalidTotp> {
    parameters(secret, policy)?.build().map_err(|_| InvalidTotp)
}

/// The step that `code` proves at `now`, when it is newer than the last one used (rule 22).
///
/// The caller stores the step under a condition that it still is newer, so that of two parallel uses one is refused.
///
/// # Errors
/// [`InvalidTotp`] when the stored secret is unusable.
pub fn totp_step(secret: &[u8], code: &str, now: Timestamp, last_step: Option<u64>, policy: &TotpPolicy) -> Result<Option<u64>, InvalidTotp> {
    let well_formed = u32::try_from(code.len()) == Ok(policy.digits) && code.bytes().all(|b| b.is_ascii_digit());
    let totp = totp(secret, policy)?;
    let second = u64::try_from(now.as_second()).map_err(|_| InvalidTotp)?;
    let step = if well_formed { totp.check(code, second) } else { None };
    Ok(step.filter(|step| last_step.is_none_or(|last| *step > last)))
}

/// The code that an app shows at `now`; for the local stack's demo and for tests.
///
/// # Errors
/// [`InvalidTotp`] when the secret is unusable.
pub fn totp_code(secret: &[u8], now: Timestamp, policy: &TotpPolicy) -> Result<String, InvalidTotp> {
    let second = u64::try_from(now.as_second()).map_err(|_| InvalidTotp)?;
    Ok(totp(secret, policy)?.generate(second).to_string())
}

/// The address that an app enrols from, as its QR code says it (the Key URI format).
///
/// # Errors
/// [`InvalidTotp`] when the secret or a name cannot be used.
pub fn otpauth_uri(secret: &[u8], account: &str, issuer: &str, policy: &TotpPolicy) -> Result<String, InvalidTotp> {
    // A colon parts issuer and account in the address: in a name it would move the border.
    let plain = |name: &str| name.replace(':', " ");
    let builder = parameters(secret, policy)?.with_account_name(plain(account)).with_issuer(Some(plain(issuer)));
    builder.build().map_err(|_| InvalidTotp)?.to_url().map_err(|_| InvalidTotp)
}

/// A secret as text for an app that cannot scan: base 32 (RFC 4648).
#[must_use]
pub fn otpauth_secret(secret: &[u8]) -> String {
    totp_rs::Secret::from(secret.to_vec()).to_base32()
}

/// A code sent by mail or SMS: how often it was sent and tried. Its digest, bound to holder, operation and new value, is the store's (rule 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCode {
    /// When the code in force was made.
    pub issued_at: Timestamp,
    /// When it was last sent.
    pub sent_at: Timestamp,
    /// Sends for this operation so far.
    pub sends: u32,
    /// Tries charged to the code in force.
    pub tries: u32,
    /// Whether it was used.
    pub consumed: bool,
}

/// Why a code is not sent or not looked at (rule 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRefusal {
    /// Its minutes are over.
    Expired,
    /// It was used.
    Consumed,
    /// Its tries are used up.
    TooManyTries,
    /// The next send is possible at this instant.
    SendLater(Timestamp),
    /// The operation has had all its sends.
    NoMoreSends,
    /// The holder has had all sends of the day.
    DayCap,
}

impl SentCode {
    /// A first code at `now`.
    ///
    /// # Errors
    /// [`CodeRefusal::DayCap`] when the holder was sent `sent_today` codes already, the cap or more.
    pub fn first(now: Timestamp, sent_today: u32, policy: &CodePolicy) -> Result<Self, CodeRefusal> {
        if sent_today >= policy.sends_per_day {
            return Err(CodeRefusal::DayCap);
        }
        Ok(Self { issued_at: now, sent_at: now, sends: 1, tries: 0, consumed: false })
    }

    /// A fresh code for the same operation, after the growing pause; the old one stops working.
    ///
    /// # Errors
    /// What stands against another send.
    pub fn again(&self, now: Timestamp, sent_today: u32, policy: &CodePolicy) -> Result<Self, CodeRefusal> {
        if self.consumed {
            return Err(CodeRefusal::Consumed);
        }
        if self.sends >= policy.max_sends {
            return Err(CodeRefusal::NoMoreSends);
        }
        // Its tries are used up, and would be those of the next code: that one could never be right.
        if self.tries >= policy.max_tries {
            return Err(CodeRefusal::TooManyTries);
        }
        if sent_today >= policy.sends_per_day {
            return Err(CodeRefusal::DayCap);
        }
        let pause = usize::try_from(self.sends.saturating_sub(1)).ok().and_then(|index| policy.send_pauses_seconds.get(index)).copied();
        let possible = self.sent_at.saturating_add(SignedDuration::from_secs(i64::from(pause.unwrap_or_default()))).unwrap_or(Timestamp::MAX);
        if now < possible {
            return Err(CodeRefusal::SendLater(possible));
        }
        // The tries go on counting: a resend must not buy the guesser another five.
        Ok(Self { issued_at: now, sent_at: now, sends: self.sends + 1, tries: self.tries, consumed: false })
    }

    /// Whether a code whose try is charged already, this one included, may be compared; at exactly its minutes it is expired.
    ///
    /// # Errors
    /// What stands against looking at the code.
    pub fn look(&self, now: Timestamp, policy: &CodePolicy) -> Result<(), CodeRefusal> {
        Self { tries: self.tries.saturating_sub(1), ..*self }.charge(now, policy).map(drop)
    }

    /// Whether the operation that it was sent for is over: used, or nobody came in time. The next code is a first one.
    #[must_use]
    pub fn is_over(&self, now: Timestamp, policy: &CodePolicy) -> bool {
        let ends = self.issued_at.saturating_add(SignedDuration::from_mins(i64::from(policy.valid_minutes))).unwrap_or(Timestamp::MAX);
        self.consumed || now >= ends
    }

    /// The code with one try charged, before it is compared; at exactly its minutes it is expired.
    ///
    /// # Errors
    /// What stands against looking at the code.
    pub fn charge(&self, now: Timestamp, policy: &CodePolicy) -> Result<Self, CodeRefusal> {
        if self.consumed {
            return Err(CodeRefusal::Consumed);
        }
        let ends = self.issued_at.saturating_add(SignedDuration::from_mins(i64::from(policy.valid_minutes))).unwrap_or(Timestamp::MAX);
        if now >= ends {
            return Err(CodeRefusal::Expired);
        }
        if self.tries >= policy.max_tries {
            return Err(CodeRefusal::TooManyTries);
        }
        Ok(Self { tries: self.tries + 1, ..*self })
    }
}

/// A code of the policy's digits from uniform random words, without modulo bias (rule 31).
pub fn generate_code(policy: &CodePolicy, next: &mut dyn FnMut() -> u64) -> String {
    (0..policy.digits)
        .map(|_| {
            // The largest multiple of ten that fits; words above it are drawn again, a bounded number of times.
            const LIMIT: u64 = u64::MAX - u64::MAX % 10;
            let word = (0..64).map(|_| next()).find(|word| *word < LIMIT).unwrap_or_default();
            char::from_digit(u32::try_from(word % 10).unwrap_or_default(), 10).unwrap_or('0')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secret and the SHA-1 vectors of RFC 6238, appendix B, cut to six digits.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_6238() {
        let policy = TotpPolicy::default();
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            assert_eq!(totp_code(SECRET, at(second), &policy).as_deref(), Ok(code));
            let step = u64::try_from(second / 30).unwrap();
            assert_eq!(totp_step(SECRET, code, at(second), None, &policy), Ok(Some(step)));
            assert_eq!(totp_step(SECRET, code, at(second), Some(step - 1), &policy), Ok(Some(step)));
            assert_eq!(totp_step(SECRET, code, at(second), Some(step), &policy), Ok(None), "a used step is refused");
        }
    }

    #[test]
    fn one_step_of_skew_each_way_and_no_more() {
        let policy = TotpPolicy::default();
        let base = 1_800_000_000;
        let code = totp_code(SECRET, at(base), &policy).unwrap();
        for (offset, accepted) in [(-31, false), (-30, true), (-1, true), (0, true), (29, true), (30, true), (59, true), (60, false)] {
            assert_eq!(totp_step(SECRET, &code, at(base + offset), None, &policy).unwrap().is_some(), accepted, "{offset}");
        }
    }

    #[test]
    fn only_plain_digits_are_a_code() {
        let policy = TotpPolicy::default();
        for code in ["", "28708", "2870820", "287 082", "２８７０８２", "+87082", "28708a"] {
            assert_eq!(totp_step(SECRET, code, at(59), None, &policy), Ok(None), "{code}");
        }
        assert_eq!(totp_step(b"short", "287082", at(59), None, &policy), Err(InvalidTotp));
    }

    #[test]
    fn a_sent_code_lives_five_minutes_and_five_tries() {
        let policy = CodePolicy::default();
        let code = SentCode::first(at(0), 0, &policy).unwrap();
        assert!(code.charge(at(299), &policy).is_ok());
        assert_eq!(code.charge(at(300), &policy), Err(CodeRefusal::Expired));
        let tried = (0..5).fold(code, |code, _| code.charge(at(1), &policy).unwrap());
        assert_eq!(tried.charge(at(1), &policy), Err(CodeRefusal::TooManyTries));
        assert_eq!(SentCode { consumed: true, ..code }.charge(at(1), &policy), Err(CodeRefusal::Consumed));
        assert_eq!(SentCode::first(at(0), 10, &policy), Err(CodeRefusal::DayCap));
        assert!(SentCode::first(at(0), 9, &policy).is_ok());
    }

    #[test]
    fn three_sends_with_growing_pauses() {
        let policy = CodePolicy::default();
        let first = SentCode::first(at(0), 0, &policy).unwrap();
        assert_eq!(first.again(at(29), 1, &policy), Err(CodeRefusal::SendLater(at(30))));
        let second = first.again(at(30), 1, &policy).unwrap();
        assert_eq!(second.again(at(149), 2, &policy), Err(CodeRefusal::SendLater(at(150))));
        let third = second.again(at(150), 2, &policy).unwrap();
        assert_eq!(third.again(at(100_000), 3, &policy), Err(CodeRefusal::NoMoreSends));
        assert_eq!(second.again(at(150), 10, &policy), Err(CodeRefusal::DayCap));
    }

    #[test]
    fn a_resend_keeps_the_tries() {
        let policy = CodePolicy::default();
        let tried = SentCode::first(at(0), 0, &policy).unwrap().charge(at(1), &policy).unwrap();
        assert_eq!(tried.again(at(30), 1, &policy).map(|code| code.tries), Ok(1));
    }

    proptest! {
        #[test]
        fn codes_have_their_digits(words in proptest::collection::vec(any::<u64>(), 1..50)) {
            let mut words = words.into_iter().cycle();
            let code = generate_code(&CodePolicy::default(), &mut || words.next().unwrap_or_default());
            prop_assert_eq!(code.len(), 6);
            prop_assert!(code.bytes().all(|b| b.is_ascii_digit()));
        }

        #[test]
        fn a_step_is_good_once(second in 0i64..4_000_000_000, later in 0i64..90) {
            let policy = TotpPolicy::default();
            let code = totp_code(SECRET, at(second), &policy).unwrap();
            let step = totp_step(SECRET, &code, at(second), None, &policy).unwrap();
            prop_assert!(step.is_some());
            prop_assert_eq!(totp_step(SECRET, &code, at(second + later), step, &policy), Ok(None));
        }
    }
}
