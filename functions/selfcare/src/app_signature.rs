//! What the holder's app signs by the key of its device (rules 20, 45).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sportello_contract::secret::Secret;
use sportello_rules::credential::CredentialState;
use sportello_runtime::Cx;
use sportello_runtime::device::has_signed;
use sportello_runtime::token::Token;
use sportello_store::record::{AuthRecord, StoredTotp};

/// The holder's app, where it is active and its device has a key to sign with.
#[must_use]
pub fn signing_app<'a>(cx: &Cx, auth: &'a AuthRecord) -> Option<&'a StoredTotp> {
    auth.totp.as_ref().filter(|app| app.dates.state(cx.now) == CredentialState::Active && app.device_key.is_some())
}

/// The app that a token names, where it is the one that is enrolled now and its device has signed a text: one that was moved, suspended or revoked signs
/// nothing.
#[must_use]
pub fn signed_by_app<'a>(cx: &Cx, auth: &'a AuthRecord, app: &Token, text: &str, signature: &Secret) -> Option<&'a StoredTotp> {
    let signature = STANDARD.decode(signature.expose()).unwrap_or_default();
    let has_key = |totp: &&StoredTotp| totp.device_key.as_ref().is_some_and(|key| has_signed(&key.0, text.as_bytes(), &signature));
    signing_app(cx, auth).filter(|totp| totp.app.as_deref() == Some(&app.nonce())).filter(has_key)
}
