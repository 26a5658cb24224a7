//! Repeated failures (rule 21), the same on every route that takes a secret: charge first, look then, tell by mail when a pause or a lock begins.

use serde::de::DeserializeOwned;
use sportello_contract::problem::{Code, Problem};
use sportello_notify::Notice;
use sportello_rules::throttle::{Consequence, Tries, pause};
use sportello_store::charge::{Charged, Secrets};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;

use crate::{Cx, Failure};

/// A record whose tries are counted.
pub trait Throttled: DeserializeOwned {
    /// Tries of the password and of the second factor, where it has one.
    fn tries(&self) -> (Tries, Option<Tries>);
}

impl Throttled for sportello_store::record::AuthRecord {
    fn tries(&self) -> (Tries, Option<Tries>) {
        (self.password_throttle(), Some(self.otp_throttle()))
    }
}

impl Throttled for sportello_store::record::AccountRecord {
    fn tries(&self) -> (Tries, Option<Tries>) {
        (self.password_throttle(), None)
    }
}

/// Charges the caller's address and the owner's count. None means: take the time of a comparison and refuse, whatever the reason.
///
/// # Errors
/// 429 for an address with too many tries; the store's, without which nobody signs in.
pub async fn charge<T: Throttled>(cx: &Cx, owner: &Owner, secrets: Secrets) -> Result<Option<T>, Failure> {
    charge_address(cx).await?;
    let policy = &cx.policy().throttle;
    match cx.store.charge::<T>(owner, secrets, policy, cx.now).await? {
        Charged::Allowed(record) => Ok(Some(record)),
        Charged::Shut(_) => Ok(None),
        Charged::Unknown { allowed, password_tries } => {
            let tries = Tries { count: password_tries, last_at: Some(cx.now) };
            if allowed && tries.consequence(policy) != Consequence::None {
                // A known owner is sent a notice here: an unknown one must not answer sooner.
                let mut commit = Commit::new();
                commit.use_once(owner, "placeholder", cx.now, Code::SignInRefused);
                drop(cx.store.commit(commit).await);
            }
            Ok(None)
        }
    }
}

async fn charge_address(cx: &Cx) -> Result<(), Failure> {
    let policy = &cx.policy().throttle;
    let tries = cx.store.charge_address(&cx.address, policy, cx.now).await?;
    if tries > policy.address_tries {
        return Err(Problem::from(Code::TooManyRequests).retry_after(policy.address_window_minutes * 60).into());
    }
    Ok(())
}

/// What a failed try brings about: the mail of a pause or of a lock, once for each.
///
/// # Errors
/// A fault where the notice cannot be written as JSON.
pub fn after_failure<T: Throttled>(cx: &Cx, owner: &Owner, record: &T, secrets: Secrets) -> Result<Commit, Failure> {
    let policy = &cx.policy().throttle;
    let (password, otp) = record.tries();
    let charged = [Some(password).filter(|_| secrets.password), otp.filter(|_| secrets.otp)];
    let mut commit = Commit::new();
    for tries in charged.into_iter().flatten() {
        let notice = match tries.consequence(policy) {
            Consequence::None => continue,
            Consequence::Paused => {
                let until = cx.now.saturating_add(pause(policy)).unwrap_or(cx.now);
                Notice::SignInPaused { at: cx.now, until }
            }
            Consequence::Locked => Notice::SignInLocked { at: cx.now },
        };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), cx.now.as_millisecond());
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        // Both counters may reach their limit in one try; one mail tells of it.
        break;
    }
    Ok(commit)
}
