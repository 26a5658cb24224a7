//! An account that is about to be opened: it is nowhere but in the link of a mail, sealed, until whoever reads the mails of its address confirms it (rule 59).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Language};
use sportello_contract::secret::Secret;
use sportello_notify::{EmailAddress, Notice};
use sportello_store::key::{Owner, OwnerKind};

use crate::{Cx, Failure};

/// What a notice and a link are sealed for.
const NOTICE: &[u8] = b"registration/notice";
const LINK: &[u8] = b"registration/link";

/// Who wants an account. Nothing else that a stranger chose goes into the mail.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registration {
    /// The address, which becomes the username.
    pub email: EmailAddress,
    /// Language of the mail and of the account.
    pub language: Language,
    /// When it was asked for.
    pub asked_at: Timestamp,
}

impl Registration {
    /// The owner that the account will be.
    #[must_use]
    pub fn owner(&self, cx: &Cx) -> Owner {
        cx.keys().owner(OwnerKind::Customer, self.email.expose())
    }

    /// From this instant on the link is good no more.
    #[must_use]
    pub fn over_at(&self, cx: &Cx) -> Timestamp {
        let hours = SignedDuration::from_hours(i64::from(cx.policy().account.address_link_hours));
        self.asked_at.saturating_add(hours).unwrap_or(Timestamp::MAX)
    }

    /// The notice that carries it to its address.
    ///
    /// # Errors
    /// A fault where it cannot be sealed.
    pub fn notice(&self, cx: &Cx) -> Result<Notice, Failure> {
        let sealed = cx.keys().seal(cx.entropy(), NOTICE, &serde_json::to_vec(self)?)?;
        Ok(Notice::AccountRegistration { at: self.asked_at, expires_at: self.over_at(cx), sealed: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// Opens what a notice carries.
    ///
    /// # Errors
    /// A fault where it does not open.
    pub fn of_notice(cx: &Cx, sealed: &str) -> Result<Self, Failure> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Failure::fault("a registration cannot be read"))?;
        Ok(serde_json::from_slice(&cx.keys().open(NOTICE, &sealed)?)?)
    }

    /// The last part of the link.
    ///
    /// # Errors
    /// A fault where it cannot be sealed.
    pub fn link(&self, cx: &Cx) -> Result<String, Failure> {
        Ok(URL_SAFE_NO_PAD.encode(cx.keys().seal(cx.entropy(), LINK, &serde_json::to_vec(self)?)?))
    }

    /// A registration whose link is genuine and not over.
    ///
    /// # Errors
    /// [`Code::LinkNotValid`], whatever is wrong with it.
    pub fn of_link(cx: &Cx, text: &Secret) -> Result<Self, Code> {
        let sealed = URL_SAFE_NO_PAD.decode(text.expose()).map_err(|_| Code::LinkNotValid)?;
        let plain = cx.keys().open(LINK, &sealed).map_err(|_| Code::LinkNotValid)?;
        let registration: Self = serde_json::from_slice(&plain).map_err(|_| Code::LinkNotValid)?;
        if cx.now >= registration.over_at(cx) { Err(Code::LinkNotValid) } else { Ok(registration) }
    }
}
