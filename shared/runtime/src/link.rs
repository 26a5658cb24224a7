//! Links of mails: opening one shows what it would do, only the confirming POST does it, once (rules 21, 40).

use std::collections::BTreeSet;

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_store::key::{Owner, OwnerKind};

use crate::Cx;
use crate::token::{Purpose, Token};

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// A link that is genuine and not over.
pub struct Link {
    token: Token,
    /// When it is over.
    pub over_at: Timestamp,
}

impl Link {
    /// Opens the last part of a link.
    ///
    /// # Errors
    /// [`Code::LinkNotValid`], whatever is wrong with it.
    pub fn open(cx: &Cx, text: &Secret, purpose: Purpose, kind: OwnerKind) -> Result<Self, Code> {
        let days = match purpose {
            Purpose::Unlock => cx.policy().throttle.unlock_link_days,
            Purpose::Block => cx.policy().session.block_link_days,
            Purpose::SignIn | Purpose::SignInLast | Purpose::ExpiredPassword => return Err(Code::LinkNotValid),
        };
        let token = Token::open(text.expose(), purpose, kind, cx.keys()).ok_or(Code::LinkNotValid)?;
        let over_at = token.over_at(days.saturating_mul(DAY));
        if cx.now >= over_at { Err(Code::LinkNotValid) } else { Ok(Self { token, over_at }) }
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.token.owner
    }

    /// What its use is marked by.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.token.nonce()
    }
}

/// Refuses a link that was used.
///
/// # Errors
/// [`Code::LinkNotValid`].
pub fn unused(link: &Link, used: &BTreeSet<String>) -> Result<(), Code> {
    if used.contains(&link.nonce()) { Err(Code::LinkNotValid) } else { Ok(()) }
}
