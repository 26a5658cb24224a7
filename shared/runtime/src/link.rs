//! Links of mails: opening one shows what it would do, only the confirming POST does it, once (rules 21, 40).

use std::collections::BTreeSet;

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_store::key::{Owner, OwnerKind};
use sportello_store::record::{CustomerRecords, HolderRecords};

use crate::token::{Purpose, Token};
use crate::{Cx, Failure};

/// Minutes of an hour.
const HOUR: u32 = 60;
/// Minutes of a day.
const DAY: u32 = 24 * HOUR;

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

/// A customer's link that is genuine, not over and not used, with the customer's records.
///
/// # Errors
/// As [`holder`].
pub async fn customer(cx: &Cx, text: &Secret, purpose: Purpose) -> Result<(Link, CustomerRecords), Failure> {
    let link = Link::open(cx, text, purpose, OwnerKind::Customer)?;
    let records = cx.store.customer(&link.owner()).await?.ok_or(Code::LinkNotValid)?;
    link.unused(&records.used)?;
    Ok((link, records))
}
