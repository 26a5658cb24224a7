//! Repeated failures (rule 21), the same on every route that takes a secret: charge first, look then, tell by mail when a pause or a lock begins.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_notify::Notice;
use sportello_rules::throttle::{Consequence, Tries, pause};
use sportello_store::charge::{Charged, Recovery, Secrets};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;

use crate::{Cx, Failure};

/// The counter of the emergency code.
const RECOVERY: &str = "recovery";
/// The counter of the security answer.
const ANSWER: &str = "answer";

/// A record whose tries are counted.
pub trait Throttled: DeserializeOwned {
    /// Tries of the password, and of the second factor, the emergency code and the security answer, where it has them.
    fn tries(&self) -> (Tries, [Option<Tries>; 3]);
}

impl Throttled for sportello_store::record::AuthRecord {
    fn tries(&self) -> (Tries, [Option<Tries>; 3]) {
        (self.password_throttle(), [Some(self.otp_throttle()), Some(self.recovery_throttle()), Some(self.answer_throttle())])
    }
}

impl Throttled for sportello_store::record::AccountRecord {
    fn tries(&self) -> (Tries, [Option<Tries>; 3]) {
        (self.password_throttle(), [Some(self.otp_throttle()), None, None])
    }
}

/// Whether a secret may be looked at.
pub enum Charge<T> {
    /// The try is charged: look.
    Look(T),
    /// Take the time of a comparison and refuse, whatever the reason, with what the refusal brings about.
    Refuse(Commit),
}

/// Charges the caller's address and the owner's count; `refused` is the operation's answer to a wrong secret.
///
/// # Errors
/// 429 for an address with too many tries; the store's, without which nobody signs in.
pub async fn charge<T: Throttled>(cx: &Cx, owner: &Owner, secrets: Secrets, refused: Code) -> Result<Charge<T>, Failure> {
    charge_address(cx).await?;
    charge_owner(cx, owner, secrets, refused).await
}

async fn charge_owner<T: Throttled>(cx: &Cx, owner: &Owner, secrets: Secrets, refused: Code) -> Result<Charge<T>, Failure> {
    let policy = &cx.policy().throttle;
    Ok(match cx.store.charge::<T>(owner, secrets, policy, cx.now).await? {
        Charged::Allowed(record) => Charge::Look(record),
        // Whoever wrote the pause or the lock may have failed to tell of it: whoever meets it does.
        Charged::Shut(record) => Charge::Refuse(after_failure(cx, owner, &record, secrets, refused)?),
        Charged::Unknown { allowed, tries } => {
            let told = |count: &u32| Tries { count: *count, last_at: Some(cx.now) }.consequence(policy) != Consequence::None;
            let mut commit = Commit::new();
            if !allowed || tries.iter().any(told) {
                // A known owner is sent a notice here: an unknown one must not answer sooner.
                commit.use_once(owner, &format!("placeholder{tries:?}"), cx.now, refused);
            }
            Charge::Refuse(commit)
        }
    })
}

/// Charges as [`charge`] does for what takes a password: a refusal has taken the time of a comparison (rule 21).
///
/// # Errors
/// `refused`, with what the refusal brings about; as [`charge`].
pub async fn charge_password<T: Throttled>(cx: &Cx, owner: &Owner, secrets: Secrets, password: &Secret, refused: Code) -> Result<T, Failure> {
    match charge(cx, owner, secrets, refused).await? {
        Charge::Look(record) => Ok(record),
        Charge::Refuse(commit) => {
            cx.hasher().pretend(password.expose()).await?;
            Err(Failure::with(refused, commit))
        }
    }
}

/// Charges as [`charge`] does for what takes no password: a refusal is one at once.
///
/// # Errors
/// `refused`, with what the refusal brings about; as [`charge`].
pub async fn charge_code<T: Throttled>(cx: &Cx, owner: &Owner, secrets: Secrets, refused: Code) -> Result<T, Failure> {
    match charge(cx, owner, secrets, refused).await? {
        Charge::Look(record) => Ok(record),
        Charge::Refuse(commit) => Err(Failure::with(refused, commit)),
    }
}

/// Charges a code that came with a password that was right: the caller's address is counted already.
///
/// # Errors
/// `refused`, with what the refusal brings about; the store's.
pub async fn charge_second<T: Throttled>(cx: &Cx, owner: &Owner, secrets: Secrets, refused: Code) -> Result<T, Failure> {
    match charge_owner(cx, owner, secrets, refused).await? {
        Charge::Look(record) => Ok(record),
        Charge::Refuse(commit) => Err(Failure::with(refused, commit)),
    }
}

/// Counts a secret tried from the caller's address.
///
/// # Errors
/// 429 for an address with too many tries; the store's.
pub async fn charge_address(cx: &Cx) -> Result<(), Failure> {
    let policy = &cx.policy().throttle;
    let tries = cx.store.charge_address(&cx.address, policy, cx.now).await?;
    if tries > policy.address_tries {
        return Err(Problem::from(Code::TooManyRequests).retry_after(policy.address_window_minutes * 60).into());
    }
    Ok(())
}

/// What a failed or refused try brings about: the mail of a pause or of a lock, once for each, and a new one when the link of a lock is over.
///
/// # Errors
/// A fault where the notice cannot be written as JSON.
pub fn after_failure<T: Throttled>(cx: &Cx, owner: &Owner, record: &T, secrets: Secrets, refused: Code) -> Result<Commit, Failure> {
    let policy = &cx.policy().throttle;
    let (password, [otp, recovery, answer]) = record.tries();
    let charged = [
        (secrets.password, Some(password), "password"),
        (secrets.otp, otp, "otp"),
        (secrets.recovery == Recovery::Counted, recovery, RECOVERY),
        (secrets.recovery == Recovery::Gated, answer, ANSWER),
    ];
    // A link that is over gives way to a new one.
    let life = i64::from(policy.unlock_link_days) * 86_400;
    let rounds = |since: Timestamp| (cx.now.as_second() - since.as_second()).div_euclid(life.max(1));
    let mut told: Option<(Notice, String)> = None;
    for (counted, tries, counter) in charged {
        let Some(tries) = tries.filter(|_| counted) else { continue };
        let since = tries.last_at.unwrap_or(cx.now);
        let (notice, round) = match tries.consequence(policy) {
            Consequence::None => continue,
            // Signing in stays open: whoever guesses at the emergency code locks nobody out.
            Consequence::Paused if counter == RECOVERY || counter == ANSWER => (Notice::RecoveryRefused { at: since, locked: false }, 0),
            // The emergency code is never shut: there is nothing to open again.
            Consequence::Locked if counter == RECOVERY => (Notice::RecoveryRefused { at: since, locked: false }, 1),
            Consequence::Locked if counter == ANSWER => (Notice::RecoveryRefused { at: since, locked: true }, 1 + rounds(since)),
            Consequence::Paused => {
                let until = since.saturating_add(pause(policy)).unwrap_or(since);
                (Notice::SignInPaused { at: since, until }, 0)
            }
            Consequence::Locked => (Notice::SignInLocked { at: since }, rounds(since)),
        };
        // The key is made from the lock itself: however many requests meet it, one mail tells of it.
        let begun = if counter == RECOVERY || counter == ANSWER { since.as_second().div_euclid(86_400) } else { since.as_millisecond() };
        let id = format!("{}#{}#{counter}#{begun}#{round}", notice.kind(), owner.pk());
        // Both counters may reach a limit in one try; one mail tells of it, of the lock rather than of the pause.
        if told.is_none() || matches!(notice, Notice::SignInLocked { .. }) {
            told = Some((notice, id));
        }
    }
    let mut commit = Commit::new();
    if let Some((notice, id)) = told {
        commit.notice(&id, owner, notice.to_json()?, cx.now, refused);
    }
    Ok(commit)
}
