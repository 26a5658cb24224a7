//! What the operations of the second factor by QR code share (rule 45): the switch that the identity provider's sign-in system reads, and what is signed for it.

use sportello_rules::credential::CredentialState;
use sportello_runtime::Cx;
use sportello_store::record::{AuthRecord, StoredTotp};

/// What an app signs to switch it on: it names the code that was scanned and what it is good for, so that the signature serves nothing else.
#[must_use]
pub fn to_sign(id: &str) -> String {
    format!("sportello/sso-qr/{id}")
}

/// The holder's app, where it is active and its device has a key to sign with.
#[must_use]
pub fn signing_app<'a>(cx: &Cx, auth: &'a AuthRecord) -> Option<&'a StoredTotp> {
    auth.totp.as_ref().filter(|app| app.dates.state(cx.now) == CredentialState::Active && app.device_key.is_some())
}
