//! POST /v1/selfcare/sso-qr: shows the QR code whose scan by the enrolled app switches the second factor by QR code on (rule 45).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::{Code, Language};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_paper::qr::qr_svg;
use sportello_rules::identity::Status;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::app_signature::signing_app;
use crate::qr_sign_in::over_at;
use crate::sso_qr::to_sign;

/// Begins to switch it on.
pub struct SsoQrStart;

/// What is scanned.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// From this instant on it is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// What the QR code says: the address whose last part names the switch for the app.
    uri: String,
    /// What the app signs.
    to_sign: Secret,
    /// The QR code.
    qr_svg: String,
}

impl Operation for SsoQrStart {
    const SPEC: Spec = Spec::create("selfcare.sso-qr.start", "/v1/selfcare/sso-qr")
        .summary("Show the QR code that the enrolled app scans, so that signing in to services asks for a QR code as well")
        .limit(Limit::GUARDED)
        .statuses(&[Status::Active])
        .problems(&[Code::CredentialState]);
    type Auth = HolderHighest;
    type Input = ();
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, (): ()) -> Result<Reply<Output>, Failure> {
        let auth = &holder.records.auth;
        if signing_app(cx, auth).is_none_or(|app| app.sso_qr) {
            return Err(Code::CredentialState.into());
        }
        // Over with whatever ends the sessions.
        let token = Token::new(holder.owner, auth.epoch_mark(), cx.now, cx.entropy())?;
        let id = token.seal(Purpose::SsoQr, cx.keys(), cx.entropy())?;
        let expires_at = over_at(cx, token.issued_at);
        let uri = format!("{}/sso-qr/{id}", cx.app.addresses.selfcare);
        let label = match cx.language {
            Language::It => "Codice QR da inquadrare con l'app",
            Language::En => "QR code to scan with the app",
        };
        let qr_svg = qr_svg(&uri, label).map_err(|error| Failure::fault(error.to_string()))?;
        Ok(Reply::of(Output { expires_at, uri, to_sign: Secret::new(to_sign(&id)), qr_svg }))
    }
}
