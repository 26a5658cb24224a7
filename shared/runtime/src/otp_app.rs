//! An OTP app that is about to be enrolled, of an identity or of a customer's account: a new secret, kept until its first code comes, as address, text and
//! QR code (rule 41).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::Language;
use sportello_contract::secret::Secret;
use sportello_paper::qr::{qr_png, qr_svg};
use sportello_rules::otp::{otpauth_secret, otpauth_uri};
use sportello_store::key::Owner;
use sportello_store::record::{Bytes, Enrolment, WrappedKey};

use crate::profile::TOTP_FIELD;
use crate::token::{Purpose, Token};
use crate::{Cx, Failure, entropy};

/// Bytes of a secret: those of the hash that makes the codes (RFC 4226).
const SECRET: usize = 20;
/// Pixels of one module of the QR code.
const SCALE: u8 = 8;

/// What the app scans, and what its first code is sent with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Names the enrolment in the next request; good for that only, and once.
    enrolment_id: Secret,
    /// Until when the first code must come.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// What the QR code says: an `otpauth` address.
    uri: Secret,
    /// The secret, for an app that cannot scan: base 32.
    secret: Secret,
    /// The QR code as SVG.
    qr_svg: String,
    /// The QR code as PNG, base64.
    qr_png: Bytes64,
}

/// Bytes as base64.
#[derive(Serialize, JsonSchema)]
pub struct Bytes64(#[schemars(with = "String", extend("contentEncoding" = "base64"))] Bytes);

/// An enrolment that was begun.
pub struct Begun {
    /// What is kept.
    pub enrolment: Enrolment,
    /// What is shown.
    pub app: App,
}

/// Makes a secret; an enrolment that was begun before is over once this one is kept. It ends with another password, and with whatever ends the sessions.
///
/// # Errors
/// A fault where there is no entropy or nothing can be drawn.
pub fn begin(cx: &Cx, owner: &Owner, data_key: &WrappedKey, (password_version, epoch): (u32, u64), username: &str) -> Result<Begun, Failure> {
    let secret = entropy::bytes::<SECRET>(cx.entropy())?;
    let token = Token::new(*owner, password_version, cx.now, cx.entropy())?;
    let sealed = cx.keys().data_key(owner, data_key)?.seal(cx.entropy(), owner, TOTP_FIELD, &secret)?;
    let fault = |error: &dyn std::fmt::Display| Failure::fault(error.to_string());
    let uri = otpauth_uri(&secret, username, &cx.app.provider.name, &cx.policy().totp).map_err(|e| fault(&e))?;
    let label = match cx.language {
        Language::It => "Codice QR per l'app OTP",
        Language::En => "QR code for the OTP app",
    };
    let app = App {
        enrolment_id: Secret::new(token.seal(Purpose::Enrolment, cx.keys(), cx.entropy())?),
        expires_at: token.over_at(cx.policy().session.enrolment_minutes),
        qr_svg: qr_svg(&uri, label).map_err(|e| fault(&e))?,
        qr_png: Bytes64(Bytes(qr_png(&uri, SCALE).map_err(|e| fault(&e))?)),
        uri: Secret::new(uri),
        secret: Secret::new(otpauth_secret(&secret)),
    };
    Ok(Begun { enrolment: Enrolment { secret: sealed, nonce: token.nonce(), moves: false, epoch }, app })
}
