//! Links of mails: opening one shows what it would do, only the confirming POST does it, once (rules 21, 40).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_store::commit::Commit;
use sportello_store::key::{Owner, OwnerKind};
use sportello_store::record::{CustomerRecords, HolderRecords};

use crate::clock::{DAY, HOUR};
use crate::token::{Purpose, Token};
use crate::{Cx, Failure};

/// A link that is genuine and not over.
pub struct Link {
    token: Token,
    /// When it is over.
    pub over_at: Timestamp,
}

impl Link {
    fn open(cx: &Cx, text: &Secret, purpose: Purpose, kind: OwnerKind) -> Result<Self, Code> {
        let minutes = match purpose {
            Purpose::Unlock | Purpose::UnlockRecovery => cx.policy().throttle.unlock_link_days.saturating_mul(DAY),
            Purpose::Block => cx.policy().session.block_link_days.saturating_mul(DAY),
            Purpose::AccountRecovery => cx.policy().account.recovery_link_minutes,
            Purpose::AccountAddress => cx.policy().account.address_link_hours.saturating_mul(HOUR),
            _ => return Err(Code::LinkNotValid),
        };
        let token = Token::open(text.expose(), purpose, kind, cx.keys()).ok_or(Code::LinkNotValid)?;
        let over_at = token.over_at(minutes);
        if cx.now >= over_at { Err(Code::LinkNotValid) } else { Ok(Self { token, over_at }) }
    }

    /// When it was made.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.token.issued_at
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.token.owner
    }

    fn unused(&self, used: &BTreeSet<String>) -> Result<(), Code> {
        if used.contains(&self.nonce()) { Err(Code::LinkNotValid) } else { Ok(()) }
    }

    /// What its use is marked by.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.token.nonce()
    }
}

/// What the use of an unlocking link is counted by, besides its own mark; the instant until which it counts comes next, and then the link's nonce.
const UNLOCKED: &str = "unlock/";

/// Uses an unlocking link up. So many of an owner are good within 24 hours, among them those of `used`: whoever reads the mails would guess without end at
/// what they do not hold. The version of the owner's record, which the caller's write rests on, keeps parallel uses from slipping past the count.
///
/// # Errors
/// 429 until there is room again; the link is not used up.
pub fn unlock(cx: &Cx, commit: &mut Commit, link: &Link, used: &BTreeSet<String>) -> Result<(), Problem> {
    let counted = |mark: &String| mark.strip_prefix(UNLOCKED)?.split_once('/')?.0.parse::<i64>().ok().filter(|until| cx.now.as_second() < *until);
    let counting: Vec<i64> = used.iter().filter_map(counted).collect();
    if counting.len() >= usize::try_from(cx.policy().throttle.unlocks_per_day).unwrap_or(usize::MAX) {
        let first = counting.into_iter().min().unwrap_or_default() - cx.now.as_second();
        return Err(Problem::from(Code::TooManyRequests).retry_after(u32::try_from(first).unwrap_or_default()));
    }
    let until = cx.now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    commit.use_once(&link.owner(), &link.nonce(), link.over_at, Code::LinkNotValid);
    commit.use_once(&link.owner(), &format!("{UNLOCKED}{}/{}", until.as_second(), link.nonce()), until, Code::LinkNotValid);
    Ok(())
}

/// A holder's link that is genuine, not over, not used, and of somebody who may sign in, with the holder's records.
///
/// # Errors
/// [`Code::LinkNotValid`], whatever is wrong with it; the store's.
pub async fn holder(cx: &Cx, text: &Secret, purpose: Purpose) -> Result<(Link, HolderRecords), Failure> {
    let link = Link::open(cx, text, purpose, OwnerKind::Holder)?;
    let records = cx.store.holder(&link.owner()).await?.ok_or(Code::LinkNotValid)?;
    link.unused(&records.used)?;
    if records.auth.state.may_sign_in() { Ok((link, records)) } else { Err(Code::LinkNotValid.into()) }
}

/// A customer's link that is genuine, not over, not used, and sent after the address was last changed, with the customer's records.
///
/// # Errors
/// As [`holder`].
pub async fn customer(cx: &Cx, text: &Secret, purpose: Purpose) -> Result<(Link, CustomerRecords), Failure> {
    let link = Link::open(cx, text, purpose, OwnerKind::Customer)?;
    let records = cx.store.customer(&link.owner()).await?.ok_or(Code::LinkNotValid)?;
    link.unused(&records.used)?;
    // It went to a mailbox that is the customer's no more.
    if records.account.address_changed_at.is_some_and(|at| at > link.issued_at()) { Err(Code::LinkNotValid.into()) } else { Ok((link, records)) }
}
