//! POST /v1/selfcare/sso-qr/{ssoQrId}/confirmation: the enrolled app that scanned the code switches the second factor by QR code on (rule 45).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::CredentialChange;
use sportello_rules::identity::Status;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::Anyone;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::{AuthRecord, StoredTotp};

use crate::app_signature::signed_by_app;
use crate::credentials::{tell, write};
use crate::qr_sign_in::over_at;
use crate::sso_qr::to_sign;

/// Switches it on.
pub struct SsoQrConfirm;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The switch: the last part of the address that was scanned.
    sso_qr_id: Secret,
    /// The app, as its enrolment named it.
    app_id: Secret,
    /// The device's signature, ECDSA in DER, of what it was asked to sign: base64.
    signature: Secret,
}

impl Operation for SsoQrConfirm {
    const SPEC: Spec = Spec::post("selfcare.sso-qr.confirm", "/v1/selfcare/sso-qr/{ssoQrId}/confirmation")
        .summary("Switch the second factor by QR code on, by a signature of the app that scanned the code; tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Identities, Action::GetItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::LinkNotValid, Code::ProofRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        // A signature is not guessed: only the caller's address is counted.
        throttle::charge_address(cx).await?;
        let token = Token::open(input.sso_qr_id.expose(), Purpose::SsoQr, OwnerKind::Holder, cx.keys()).ok_or(Code::LinkNotValid)?;
        let owner = token.owner;
        let over_at = over_at(cx, token.issued_at);
        let auth: AuthRecord = cx.store.auth(&owner).await?.ok_or(Code::LinkNotValid)?;
        let active = auth.state.at(cx.now, auth.requirements(), &cx.policy().identity).status() == Status::Active;
        if cx.now >= over_at || auth.epoch_mark() != token.version || !active {
            return Err(Code::LinkNotValid.into());
        }
        // The app of this very identity, as it is enrolled now.
        let app = Token::open(input.app_id.expose(), Purpose::App, OwnerKind::Holder, cx.keys()).filter(|app| app.owner == owner).ok_or(Code::ProofRefused)?;
        let enrolled = signed_by_app(cx, &auth, &app, &to_sign(input.sso_qr_id.expose()), &input.signature).ok_or(Code::ProofRefused)?;
        let mut after = auth.clone();
        after.totp = Some(StoredTotp { sso_qr: true, ..enrolled.clone() });
        let mut commit = Commit::new();
        let update = write(Commit::auth(&owner).version(auth.version).same_epoch(auth.epoch), &auth, &after);
        commit.update_auth(update, Code::LinkNotValid);
        commit.use_once(&owner, &token.nonce(), over_at, Code::LinkNotValid);
        tell(cx, &owner, &auth, &mut commit, (CredentialKind::OtpApp, CredentialChange::QrOn))?;
        Ok(Reply::after(commit, ()))
    }
}
