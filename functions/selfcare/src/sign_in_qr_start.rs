//! POST /v1/selfcare/qr-sign-ins: a page asks to be signed in by an app that scans its QR code (rule 20).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Language;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_paper::qr::qr_svg;
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::commit::Commit;
use sportello_store::qr::QrSignIn;
use sportello_store::record::Bytes;

use crate::qr_sign_in::{Page, device_purpose, over_at, to_sign};

/// Begins a sign-in by QR code.
pub struct SignInQrStart;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The token that an earlier sign-in gave this device.
    #[serde(default)]
    device_token: Option<Secret>,
}

/// A page that waits.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Names this sign-in when the page asks how far it is; for this page only.
    qr_sign_in_id: Secret,
    /// From this instant on it is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// What the QR code says: the address whose last part names the sign-in for the app.
    uri: String,
    /// What the app signs to approve.
    to_sign: String,
    /// The QR code.
    qr_svg: String,
}

impl Operation for SignInQrStart {
    const SPEC: Spec = Spec::create("selfcare.sign-in.qr.start", "/v1/selfcare/qr-sign-ins")
        .summary("Ask to be signed in by an app that scans a QR code")
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[grant(Table::Requests, Action::PutItem)]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        throttle::charge_address(cx).await?;
        let page = Page::new(cx)?;
        let id = page.id();
        let over_at = over_at(cx, cx.now);
        let uri = format!("{}/qr-sign-ins/{id}", cx.app.addresses.selfcare);
        let label = match cx.language {
            Language::It => "Codice QR per accedere con l'app",
            Language::En => "QR code to sign in with the app",
        };
        let qr_svg = qr_svg(&uri, label).map_err(|error| Failure::fault(error.to_string()))?;
        let mut waiting = QrSignIn::new(&id, Bytes(page.digest()), cx.device.clone(), over_at);
        if let Some(token) = &input.device_token {
            waiting.device_token = Some(Bytes(cx.keys().seal(cx.entropy(), device_purpose(&id).as_bytes(), token.expose().as_bytes())?));
        }
        let mut commit = Commit::new();
        commit.put_qr(&waiting);
        Ok(Reply::after(commit, Output { qr_sign_in_id: page.text(), expires_at: over_at, uri, to_sign: to_sign(&id), qr_svg }))
    }
}
