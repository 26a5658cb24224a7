//! POST /v1/selfcare/sign-ins/{signInId}/otp/sends: sends the code of a sign-in again, after a growing pause (rule 31).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::throttle::Gate;
use sportello_runtime::access::Anyone;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::SecondFactor;

use crate::sign_in::send_code;

/// Sends the code again.
pub struct SignInOtpSend;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The sign-in, as its start named it.
    sign_in_id: Secret,
}

impl Operation for SignInOtpSend {
    const SPEC: Spec = Spec::post("selfcare.sign-in.otp.send", "/v1/selfcare/sign-ins/{signInId}/otp/sends")
        .summary("Send the code of a sign-in by SMS again")
        .nothing()
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::Query), grant(Table::Identities, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::SignInRefused, Code::CodeTooSoon, Code::CodesExhausted]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        throttle::charge_address(cx).await?;
        let token = Token::open(input.sign_in_id.expose(), Purpose::SignInSms, OwnerKind::Holder, cx.keys()).ok_or(Code::SignInRefused)?;
        let owner = token.owner;
        let records = cx.store.holder(&owner).await?.ok_or(Code::SignInRefused)?;
        let auth = &records.auth;
        let policy = &cx.policy().throttle;
        let open = [auth.password_throttle(), auth.otp_throttle()].iter().all(|tries| tries.gate(policy, cx.now) == Gate::Open);
        let same = auth.password.version == token.version && auth.otp_factor(cx.now) == SecondFactor::SmsCode;
        let over = cx.now >= token.over_at(cx.policy().session.sign_in_minutes) || records.used.contains(&token.nonce());
        if !open || !same || over || !auth.state.may_sign_in() {
            return Err(Code::SignInRefused.into());
        }
        let mut commit = Commit::new();
        let update = send_code(cx, &owner, auth, &token.nonce(), Commit::auth(&owner).version(auth.version), &mut commit)?;
        commit.update_auth(update, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}
