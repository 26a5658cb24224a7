//! POST /v1/selfcare/sign-ins/{signInId}/otp: the code of the active L2 credential (rules 18, 21, 22).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::service::Level;
use sportello_rules::throttle::Gate;
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::AuthRecord;

use crate::second_factor::{Codes, charged, prove_factor};
use crate::sign_in::{Next, OTP_STEPS, SIGN_IN_CODE, is_expired, last, open_session};
use crate::steps::{Opened, open};

/// Proves the second factor of a sign-in.
pub struct SignInOtp;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The sign-in, as its start named it.
    sign_in_id: Secret,
    /// The code that the app or the token shows, or that came by SMS.
    code: Secret,
    /// The code that a token shows next, where one alone is refused since its button was pressed idly or its clock went wrong: two in a row find it again.
    #[serde(default)]
    next_code: Option<Secret>,
    /// The token that an earlier sign-in gave this device.
    #[serde(default)]
    device_token: Option<Secret>,
}

impl Operation for SignInOtp {
    const SPEC: Spec = Spec::create("selfcare.sign-in.otp", "/v1/selfcare/sign-ins/{signInId}/otp")
        .summary("Prove the second factor of a sign-in by a code of the app, of the token or by SMS")
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::SignInRefused, Code::PasswordExpired]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Next;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Next>, Failure> {
        let minutes = cx.policy().session.sign_in_minutes;
        let Opened { token, over_at, means: factor } = open(cx, &input.sign_in_id, OTP_STEPS, minutes, Code::SignInRefused)?;
        let secrets = charged(factor, SIGN_IN_CODE, Secrets::OTP);
        let owner = token.owner;
        let auth: AuthRecord = throttle::charge_code(cx, &owner, secrets, Code::SignInRefused).await?;
        // A sign-in begun before a lock, a new password or a revocation ends with it.
        let open = auth.password_throttle().gate(&cx.policy().throttle, cx.now) == Gate::Open;
        if !open || !auth.state.may_sign_in() || auth.password.version != token.version {
            return Err(Failure::with(Code::SignInRefused, throttle::after_failure(cx, &owner, &auth, Secrets::OTP, Code::SignInRefused)?));
        }
        // A factor that is not the one of this holder any more proves nothing, also where the sign-in began before.
        let current = auth.otp_factor(cx.now) == factor;
        let codes = Codes::in_a_row(Some(&input.code), input.next_code.as_ref());
        let proof = if current { prove_factor(cx, &owner, &auth, factor, (SIGN_IN_CODE, &token.nonce()), codes)? } else { None };
        let Some(proof) = proof else {
            return Err(Failure::with(Code::SignInRefused, throttle::after_failure(cx, &owner, &auth, Secrets::OTP, Code::SignInRefused)?));
        };
        let update = proof.consume(Commit::auth(&owner)).clear_otp_tries();
        if is_expired(cx, &auth) {
            let mut commit = Commit::new();
            commit.update_auth(update, Code::SignInRefused);
            return Err(Failure::with(Code::PasswordExpired, commit));
        }
        if auth.highest_level(cx.now) == Level::L3 {
            let mut commit = Commit::new();
            commit.update_auth(update.same_password(token.version).same_epoch(auth.epoch), Code::SignInRefused);
            commit.use_once(&owner, &token.nonce(), over_at, Code::SignInRefused);
            return Ok(Reply::after(commit, last(cx, owner, &auth)?));
        }
        let (mut commit, session) = open_session(cx, &owner, &auth, Level::L2, input.device_token.as_ref(), update)?;
        commit.use_once(&owner, &token.nonce(), over_at, Code::SignInRefused);
        Ok(Reply::after(commit, Next::Done { session }))
    }
}
