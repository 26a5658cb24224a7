//! POST /v1/selfcare/qr-sign-ins/{qrSignInId}/approval: the enrolled app approves a sign-in that it scanned, by a signature of its device (rules 20, 45).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::service::Level;
use sportello_rules::throttle::Gate;
use sportello_runtime::access::Anyone;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, session, throttle};
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;

use crate::app_signature::signed_by_app;
use crate::qr_sign_in::{ID_LENGTH, device_purpose, device_token, to_sign};
use crate::sign_in::{Seen, is_expired, remember};

/// Approves a sign-in by QR code.
pub struct SignInQrApprove;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The sign-in: the last part of the address that was scanned.
    #[schemars(length(min = 1, max = 64))]
    qr_sign_in_id: String,
    /// The app, as its enrolment named it.
    app_id: Secret,
    /// The device's signature, ECDSA in DER, of the text `sportello/qr-sign-in/` and the sign-in's id: base64.
    signature: Secret,
}

impl Operation for SignInQrApprove {
    const SPEC: Spec = Spec::post("selfcare.sign-in.qr.approve", "/v1/selfcare/qr-sign-ins/{qrSignInId}/approval")
        .summary("Approve a sign-in that an enrolled app scanned, by a signature of its device")
        .nothing()
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Requests, Action::GetItem),
            grant(Table::Requests, Action::UpdateItem),
            grant(Table::Identities, Action::GetItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::SignInRefused, Code::LinkNotValid, Code::PasswordExpired, Code::LevelTooLow]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let app = Token::open(input.app_id.expose(), Purpose::App, OwnerKind::Holder, cx.keys()).ok_or(Code::SignInRefused)?;
        let owner = app.owner;
        // A signature is not guessed: only the caller's address is counted, or whoever knows an old app's name could lock its holder out.
        throttle::charge_address(cx).await?;
        let auth = cx.store.auth(&owner).await?.ok_or(Code::SignInRefused)?;
        let signed = signed_by_app(cx, &auth, &app, &to_sign(&input.qr_sign_in_id), &input.signature).is_some();
        // A lock closes every way in, and a sign-in that was begun before ends with it (rule 21).
        let open = [auth.password_throttle(), auth.otp_throttle()].iter().all(|tries| tries.gate(&cx.policy().throttle, cx.now) == Gate::Open);
        if !signed || !open || !auth.state.may_sign_in() {
            return Err(Code::SignInRefused.into());
        }
        if is_expired(cx, &auth) {
            return Err(Code::PasswordExpired.into());
        }
        // A holder with level 3 signs in with that (rule 18).
        if auth.highest_level(cx.now) > Level::L2 {
            return Err(Code::LevelTooLow.into());
        }
        let id = &input.qr_sign_in_id;
        if id.len() != ID_LENGTH {
            return Err(Code::LinkNotValid.into());
        }
        let waiting = cx.store.qr(id).await?.filter(|waiting| cx.now < waiting.over_at && waiting.identity.is_none());
        let Some(waiting) = waiting else { return Err(Code::LinkNotValid.into()) };
        let known = match &waiting.device_token {
            Some(sealed) => String::from_utf8(cx.keys().open(device_purpose(id).as_bytes(), &sealed.0)?).ok().map(Secret::new),
            None => None,
        };
        let mut commit = Commit::new();
        let seen = Seen { known: known.as_ref(), fresh: &device_token(cx, id), what: &waiting.device };
        let (update, is_new) = remember(cx, &owner, &auth, &seen, Commit::auth(&owner), &mut commit)?;
        commit.update_auth(update, Code::SignInRefused);
        commit.open_session(&owner, &session::record(cx, &owner, auth.epoch, Some(Level::L2), waiting.page.0.clone(), waiting.device.clone()));
        commit.approve_qr(&waiting, &owner, is_new, Code::LinkNotValid);
        Ok(Reply::after(commit, ()))
    }
}
