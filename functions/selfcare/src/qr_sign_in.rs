//! What the operations of signing in by QR code share (rule 20).
//!
//! The page has a secret; whoever scans sees an id that is made from it and leads nowhere back. The session that is opened on approval has the page's secret
//! too, so that the page, and nobody else, can name it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use sportello_contract::hex::hex;
use sportello_contract::secret::Secret;
use sportello_runtime::{Cx, Failure, entropy};
use sportello_store::qr::QrSignIn;
use subtle::ConstantTimeEq as _;

/// Bytes of the page's secret: those of a session's.
const SECRET: usize = 32;
/// Bytes of the id that is scanned.
const ID: usize = 16;
/// Characters of that id.
pub const ID_LENGTH: usize = 2 * ID;
/// Bytes of a device's token.
const DEVICE: usize = 16;

/// A page that asks.
pub struct Page {
    secret: Vec<u8>,
}

impl Page {
    /// A new one.
    ///
    /// # Errors
    /// A fault where there is no entropy.
    pub fn new(cx: &Cx) -> Result<Self, Failure> {
        Ok(Self { secret: entropy::bytes::<SECRET>(cx.entropy())?.to_vec() })
    }

    /// The page that a text names; none where it is no such text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let secret = URL_SAFE_NO_PAD.decode(text).ok()?;
        (secret.len() == SECRET).then_some(Self { secret })
    }

    /// The page as text, for itself only.
    #[must_use]
    pub fn text(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(&self.secret))
    }

    /// The page's secret.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// What is kept of the secret.
    #[must_use]
    pub fn digest(&self) -> Vec<u8> {
        digest(&SHA256, &self.secret).as_ref().to_vec()
    }

    /// The id that is scanned.
    #[must_use]
    pub fn id(&self) -> String {
        hex(digest(&SHA256, &self.digest()).as_ref().iter().copied().take(ID))
    }

    /// Whether it is the page that asked.
    #[must_use]
    pub fn asked(&self, waiting: &QrSignIn) -> bool {
        self.digest().ct_eq(&waiting.page.0).into()
    }
}

/// When what a QR code of an instant shows is over (rule 20).
#[must_use]
pub fn over_at(cx: &Cx, shown_at: Timestamp) -> Timestamp {
    shown_at.saturating_add(SignedDuration::from_secs(i64::from(cx.policy().session.qr_seconds))).unwrap_or(shown_at)
}

/// What an app signs to approve: it names the sign-in and what it is good for, so that the signature serves nothing else.
#[must_use]
pub fn to_sign(id: &str) -> String {
    format!("sportello/qr-sign-in/{id}")
}

/// The token that the page's device gets where it is new: made from the sign-in, so that approving and reading come to the same.
#[must_use]
pub fn device_token(cx: &Cx, id: &str) -> Secret {
    let hash = cx.keys().keyed_hash(&[b"qr-device", id.as_bytes()]);
    Secret::new(URL_SAFE_NO_PAD.encode(hash.iter().copied().take(DEVICE).collect::<Vec<u8>>()))
}

/// Purpose under which the device's token of a waiting sign-in is sealed.
#[must_use]
pub fn device_purpose(id: &str) -> String {
    format!("qr-device/{id}")
}
