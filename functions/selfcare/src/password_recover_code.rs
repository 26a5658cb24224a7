//! POST /v1/selfcare/password-recoveries/{recoveryId}/code: the second step for a forgotten password: the code that came by SMS (rules 26, 31).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, codes, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::AuthRecord;

use crate::password_recover_start::RECOVERY_CODE;
use crate::recovery::{Step, step};
use crate::steps::{Opened, open};

/// Proves the code of a recovery.
pub struct PasswordRecoverCode;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The recovery, as its start named it.
    recovery_id: Secret,
    /// The code that came by SMS.
    code: Secret,
}

impl Operation for PasswordRecoverCode {
    const SPEC: Spec = Spec::create("selfcare.password.recover.code", "/v1/selfcare/password-recoveries/{recoveryId}/code")
        .summary("Prove the code of a password's recovery")
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem)])
        .problems(&[Code::RecoveryRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Step;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Step>, Failure> {
        let steps = [(Purpose::Recovery, Purpose::RecoveryLast), (Purpose::RecoveryByAnswer, Purpose::RecoveryLastByAnswer)];
        let minutes = cx.policy().recovery.step_minutes;
        let Opened { token, over_at, means: next } = open(cx, &input.recovery_id, steps, minutes, Code::RecoveryRefused)?;
        let owner = token.owner;
        let auth: AuthRecord = throttle::charge_code(cx, &owner, Secrets::SENT.with_code(RECOVERY_CODE), Code::RecoveryRefused).await?;
        // A recovery that rests on a password that is not the current one any more is over, and so is everybody's who may not sign in.
        if auth.epoch_mark() != token.version || !auth.state.may_sign_in() {
            return Err(Code::RecoveryRefused.into());
        }
        let kept = codes::prove(cx, &owner, &auth, RECOVERY_CODE, &token.nonce(), &input.code).ok_or(Code::RecoveryRefused)?;
        let mut commit = Commit::new();
        let update = Commit::auth(&owner).same_password(auth.password.version).same_epoch(auth.epoch).consume_code(RECOVERY_CODE, kept);
        commit.update_auth(update, Code::RecoveryRefused);
        commit.use_once(&owner, &token.nonce(), over_at, Code::RecoveryRefused);
        let last = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
        Ok(Reply::after(commit, step(cx, &last, next)?))
    }
}
