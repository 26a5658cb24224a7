//! Beginning to enrol an app: a new secret, kept until its first code comes, as address, text and QR code (rule 41).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::secret::Secret;
use sportello_paper::qr::{qr_png, qr_svg};
use sportello_rules::otp::{otpauth_secret, otpauth_uri};
use sportello_runtime::profile::{Profile, TOTP_FIELD};
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, entropy};
use sportello_store::commit::AuthUpdate;
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, Bytes, Enrolment};

/// Bytes of a secret: those of the hash that makes the codes (RFC 4226).
const SECRET: usize = 20;
/// Pixels of one module of the QR code.
const SCALE: u8 = 8;

/// What the app scans, and what its first code is sent with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
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

/// Makes a secret, to be committed with `update`; an enrolment that was begun before is over.
///
/// # Errors
/// A fault where there is no entropy or nothing can be drawn.
pub fn begin(cx: &Cx, owner: &Owner, auth: &AuthRecord, profile: &Profile, moves: bool, update: AuthUpdate) -> Result<(AuthUpdate, Output), Failure> {
    let secret = entropy::bytes::<SECRET>(cx.entropy())?;
    let token = Token::new(*owner, auth.password.version, cx.now, cx.entropy())?;
    let sealed = cx.keys().data_key(owner, &auth.data_key)?.seal(cx.entropy(), owner, TOTP_FIELD, &secret)?;
    let enrolment = Enrolment { secret: sealed, nonce: token.nonce(), moves, epoch: auth.epoch };
    let fault = |error: &dyn std::fmt::Display| Failure::fault(error.to_string());
    let uri = otpauth_uri(&secret, &profile.username, &cx.app.provider.name, &cx.policy().totp).map_err(|e| fault(&e))?;
    let label = match cx.language {
        sportello_contract::problem::Language::It => "Codice QR per l'app OTP",
        sportello_contract::problem::Language::En => "QR code for the OTP app",
    };
    let output = Output {
        enrolment_id: Secret::new(token.seal(Purpose::Enrolment, cx.keys(), cx.entropy())?),
        expires_at: token.over_at(cx.policy().session.enrolment_minutes),
        qr_svg: qr_svg(&uri, label).map_err(|e| fault(&e))?,
        qr_png: Bytes64(Bytes(qr_png(&uri, SCALE).map_err(|e| fault(&e))?)),
        uri: Secret::new(uri),
        secret: Secret::new(otpauth_secret(&secret)),
    };
    Ok((update.enrolment(Some(&enrolment)), output))
}
