//! POST /v1/selfcare/credentials/otp-app/confirmation: the first code of the app that is being enrolled makes it a credential (rules 22, 41).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::CredentialChange;
use sportello_rules::credential::Dates;
use sportello_rules::otp::totp_step;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::Anyone;
use sportello_runtime::device::DeviceKey;
use sportello_runtime::profile::TOTP_FIELD;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::{AuthRecord, Bytes, StoredCredential, StoredTotp};

use crate::credentials::{tell, write};
use crate::recovery::use_up;
use crate::steps::{Opened, open};

/// Finishes an app's enrolment.
pub struct OtpAppConfirm;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The enrolment, as its beginning named it.
    enrolment_id: Secret,
    /// The first code that the app shows.
    code: Secret,
    /// The app's own public key: with it the app may approve sign-ins by QR code (rules 20, 45).
    #[serde(default)]
    device_key: Option<DeviceKey>,
}

/// What the app keeps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Names the app when it approves a sign-in; given where a key was.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<Secret>,
}

impl Operation for OtpAppConfirm {
    const SPEC: Spec = Spec::post("selfcare.otp-app.confirm", "/v1/selfcare/credentials/otp-app/confirmation")
        .summary("Finish the app's enrolment by its first code; ends every session and tells by mail")
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Identities, Action::GetItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::ProofRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let minutes = cx.policy().session.enrolment_minutes;
        let Opened { token, over_at, means: () } = open(cx, &input.enrolment_id, [(Purpose::Enrolment, ())], minutes, Code::ProofRefused)?;
        let device_key = input.device_key.as_ref().map(DeviceKey::point);
        let owner = token.owner;
        // A block or whatever else ends the sessions ends an enrolment that somebody has begun.
        let alive = |auth: &AuthRecord| {
            let current = auth.password.version == token.version && auth.state.may_sign_in();
            auth.enrolment.clone().filter(|enrolment| current && enrolment.nonce == token.nonce() && enrolment.epoch == auth.epoch)
        };
        throttle::charge_address(cx).await?;
        let found: AuthRecord = cx.store.auth(&owner).await?.ok_or(Code::ProofRefused)?;
        // Whoever moves the app was given its secret for password and emergency code: there is nothing to guess, and no lock of the codes of the app
        // before shuts this way. Nor are guesses at those forgiven before the move is done.
        let moves = alive(&found).is_some_and(|enrolment| enrolment.moves);
        let auth = if moves { found } else { throttle::charge_second(cx, &owner, Secrets::OTP, Code::ProofRefused).await? };
        let enrolment = alive(&auth);
        let step = match &enrolment {
            Some(enrolment) => {
                let secret = cx.keys().data_key(&owner, &auth.data_key)?.open(&owner, TOTP_FIELD, &enrolment.secret)?;
                totp_step(&secret, input.code.expose(), cx.now, None, &cx.policy().totp).map_err(|error| Failure::fault(error.to_string()))?
            }
            None => None,
        };
        let (Some(enrolment), Some(step)) = (enrolment, step) else {
            if moves {
                return Err(Code::ProofRefused.into());
            }
            return Err(Failure::with(Code::ProofRefused, throttle::after_failure(cx, &owner, &auth, Secrets::OTP, Code::ProofRefused)?));
        };
        let mut after = auth.clone();
        if let Some(StoredTotp { mut dates, .. }) = after.totp.take() {
            let _ = dates.revoke(cx.now);
            after.credentials.push(StoredCredential::new(CredentialKind::OtpApp, dates));
        }
        let app = Token::new(owner, token.version, cx.now, cx.entropy())?;
        let app_id = device_key.as_ref().map(|_| app.seal(Purpose::App, cx.keys(), cx.entropy()).map(Secret::new)).transpose()?;
        after.totp = Some(StoredTotp {
            secret: enrolment.secret.clone(),
            dates: Dates::active_since(cx.now, None),
            moved_at: enrolment.moves.then_some(cx.now),
            app: Some(app.nonce()),
            device_key: device_key.map(Bytes),
            // Another app switches it on by a scan of its own.
            sso_qr: false,
        });
        let mut commit = Commit::new();
        // The enrolment's code is used up with it: it does not sign in too (rule 22).
        let update = write(Commit::auth(&owner).version(auth.version).same_epoch(auth.epoch).enrolling(&enrolment.nonce), &auth, &after);
        let mut update = update.first_step(step).enrolment(None).clear_otp_tries().end_sessions();
        let change = if enrolment.moves { CredentialChange::Moved } else { CredentialChange::Activated };
        if enrolment.moves {
            update = use_up(cx, &owner, &auth, update, &mut commit, Code::ProofRefused)?;
        }
        commit.update_auth(update, Code::ProofRefused);
        commit.use_once(&owner, &token.nonce(), over_at, Code::ProofRefused);
        tell(cx, &owner, &auth, &mut commit, (CredentialKind::OtpApp, change))?;
        Ok(Reply::after(commit, Output { app_id }))
    }
}
