//! Mails that somebody asks for by an address, without signing in: so many in a window of time, and the same steps whoever the address leads to.

use sportello_contract::problem::{Code, Problem};
use sportello_notify::EmailAddress;
use sportello_runtime::{Cx, Failure, lookup, throttle};
use sportello_store::charge::Counted;
use sportello_store::key::{Owner, OwnerKind};

/// A mail that was asked for.
pub struct Asked {
    /// The address.
    pub email: EmailAddress,
    /// Whose account it leads to.
    pub known: Option<Owner>,
    /// Who stands in where nobody is sent anything.
    pub nobody: Owner,
    /// How many that makes in the present window.
    pub number: u32,
    lookup: String,
    window: i64,
}

impl Asked {
    /// Counts one more mail of a kind for an address, in windows of so many minutes.
    ///
    /// # Errors
    /// `email-refused`; 429 for a source with too many tries; the store's.
    pub async fn count(cx: &Cx, what: &str, email: &str, minutes: u32) -> Result<Self, Failure> {
        let email = EmailAddress::parse(email).map_err(|_| Problem::from(Code::EmailRefused).field("email"))?;
        throttle::charge_address(cx).await?;
        // From here on every request does the same, whoever the address leads to.
        let lookup = lookup::mailbox(cx.keys(), &email);
        let known = cx.store.mailbox(&lookup).await?;
        let Counted { number, window } = cx.store.count(&format!("{what}#{lookup}"), minutes, cx.now).await?;
        let nobody = lookup::nobody(cx.keys(), OwnerKind::Customer, &lookup);
        Ok(Self { email, known, nobody, number, lookup, window })
    }

    /// The key of a notice of it.
    #[must_use]
    pub fn notice_id(&self, kind: &str) -> String {
        format!("{kind}#{}#{}#{}", self.lookup, self.window, self.number)
    }
}
