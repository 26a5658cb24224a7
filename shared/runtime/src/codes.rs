//! Codes sent by mail or SMS (rule 31): made, kept hashed, bound to holder, operation and value, and delivered by the outbox.

use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_notify::{Channel, CodePurpose, Notice};
use sportello_rules::otp::{CodeRefusal, SentCode, generate_code};
use sportello_rules::policy::CodePolicy;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, Bytes, CodeDay, KeptCode, SealedProfile, WrappedKey};

use crate::profile::Profile;
use crate::{Cx, Failure, entropy};

/// Name of the sealed field, part of what its seal is bound to.
const FIELD: &str = "code";

/// A code that is to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// Id of the operation that it is good for.
    pub operation: &'static str,
    /// What else it is bound to: it proves nothing of another value.
    pub value: &'a str,
    /// What it is for, in words.
    pub purpose: CodePurpose,
    /// By which way it goes.
    pub channel: Channel,
}

/// A code as its notice carries it, opened where it is delivered.
///
/// It is no `Secret`, whose length has a bound: what a customer writes to support may be longer.
#[derive(Serialize, Deserialize)]
pub struct Carried {
    /// The code, or another text.
    pub code: String,
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Carried(…)")
    }
}

/// Makes a code and adds it to a commit: the change of the `AUTH` item is returned completed.
///
/// # Errors
/// `code-too-soon` before the pause is over, `codes-exhausted` when the operation or the day has had all its codes.
pub fn send(cx: &Cx, owner: &Owner, auth: &AuthRecord, sending: &Sending<'_>, update: AuthUpdate, commit: &mut Commit) -> Result<AuthUpdate, Failure> {
    let (policy, today) = (&cx.policy().code, cx.today());
    let sent_today = auth.codes_sent_on(today);
    // Whatever it was bound to: beginning anew buys no further sends, no shorter pause and no more tries.
    let earlier = auth.codes.get(sending.operation).filter(|kept| !kept.sent.is_over(cx.now, policy));
    let sent = match earlier {
        Some(kept) => kept.sent.again(cx.now, sent_today, policy),
        None => SentCode::first(cx.now, sent_today, policy),
    };
    let sent = sent.map_err(|refusal| refused(cx, refusal))?;
    let mut words = Vec::new();
    for _ in 0..policy.digits {
        words.push(u64::from_be_bytes(entropy::bytes::<8>(cx.entropy())?));
    }
    // A word that would favour some digits is one in 10^18: what comes in its place need not be random.
    let mut words = words.into_iter().chain(std::iter::repeat(0));
    let code = generate_code(policy, &mut || words.next().unwrap_or_default());
    let kept = KeptCode { digest: digest(cx, owner, sending.operation, sending.value, &code), sent };
    let sealed = carry(cx, owner, &auth.data_key, &code)?;
    let valid = jiff::SignedDuration::from_mins(i64::from(policy.valid_minutes));
    let expires_at = sent.issued_at.saturating_add(valid).unwrap_or(sent.issued_at);
    let notice = Notice::Code { at: sent.issued_at, expires_at, purpose: sending.purpose, channel: sending.channel, sealed };
    let id = format!("{}#{}#{}#{}", notice.kind(), owner.pk(), sending.operation, sent.issued_at.as_millisecond());
    commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    Ok(update.keep_code(sending.operation, &kept, &CodeDay { day: today, sent: sent_today + 1 }))
}

/// Seals a code, or another text, for the notice that carries it to its owner.
///
/// # Errors
/// A fault where it cannot be sealed.
pub fn carry(cx: &Cx, owner: &Owner, data_key: &WrappedKey, code: &str) -> Result<String, Failure> {
    let carried = serde_json::to_vec(&Carried { code: code.to_owned() })?;
    let sealed = cx.keys().data_key(owner, data_key)?.seal(cx.entropy(), owner, FIELD, &carried)?;
    Ok(serde_json::to_value(&sealed)?.as_str().unwrap_or_default().to_owned())
}

/// The number that messages to a person go to; none where there is none, or where it costs money to others than it serves: foreign and premium numbers.
/// A parent who gets the minor's codes would be the minor's second factor (rule 38).
#[must_use]
pub fn mobile<'a>(profile: &'a Profile, policy: &CodePolicy) -> Option<&'a str> {
    let own = profile.mobile.as_deref().filter(|number| profile.parent_mobile.as_deref() != Some(number));
    own.filter(|number| policy.sms_prefixes.iter().any(|prefix| number.starts_with(prefix)))
}

/// The code that a holder sent back, if it is the one in force; its try was charged before. It is to be consumed in the commit.
#[must_use]
pub fn prove<'a>(cx: &Cx, owner: &Owner, auth: &'a AuthRecord, operation: &str, value: &str, code: &Secret) -> Option<&'a KeptCode> {
    let kept = auth.codes.get(operation)?;
    kept.sent.look(cx.now, &cx.policy().code).ok()?;
    let given = digest(cx, owner, operation, value, code.expose());
    subtle::ConstantTimeEq::ct_eq(given.0.as_slice(), kept.digest.0.as_slice()).unwrap_u8().eq(&1).then_some(kept)
}

/// Opens the code of a notice.
///
/// # Errors
/// A fault where it does not open.
pub fn open(cx: &Cx, owner: &Owner, profile: &SealedProfile, sealed: &str) -> Result<Carried, Failure> {
    let sealed: Bytes = serde_json::from_value(sealed.into())?;
    let plain = cx.keys().data_key(owner, &profile.data_key)?.open(owner, FIELD, &sealed)?;
    Ok(serde_json::from_slice(&plain)?)
}

fn digest(cx: &Cx, owner: &Owner, operation: &str, value: &str, code: &str) -> Bytes {
    Bytes(cx.keys().keyed_hash(&[b"code", owner.pk().as_bytes(), operation.as_bytes(), value.as_bytes(), code.as_bytes()]))
}

fn refused(cx: &Cx, refusal: CodeRefusal) -> Problem {
    match refusal {
        CodeRefusal::SendLater(at) => {
            let seconds = at.as_second().saturating_sub(cx.now.as_second()).max(1);
            Problem::from(Code::CodeTooSoon).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        CodeRefusal::NoMoreSends | CodeRefusal::DayCap | CodeRefusal::Expired | CodeRefusal::Consumed | CodeRefusal::TooManyTries => {
            Problem::from(Code::CodesExhausted)
        }
    }
}
