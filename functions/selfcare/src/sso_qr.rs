//! What the operations of the second factor by QR code share: what is signed for it (rule 45).

/// What an app signs to switch it on: it names the code that was scanned and what it is good for, so that the signature serves nothing else.
#[must_use]
pub fn to_sign(id: &str) -> String {
    format!("sportello/sso-qr/{id}")
}
