//! POST /v1/selfcare/emergency-codes/{recoveryId}: the code that came by SMS, for a new emergency code: half of it by mail and half by SMS (rule 27).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply, codes, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::AuthRecord;

use crate::credentials::guard;
use crate::emergency_code_recover_start::EMERGENCY_CODE;
use crate::recovery::renew;
use crate::steps::{Opened, open};

/// Gives a new emergency code.
pub struct EmergencyCodeRecoverFinish;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The recovery, as its start named it.
    recovery_id: Secret,
    /// The code that came by SMS.
    code: Secret,
}

impl Operation for EmergencyCodeRecoverFinish {
    const SPEC: Spec = Spec::post("selfcare.emergency-code.recover.finish", "/v1/selfcare/emergency-codes/{recoveryId}")
        .summary("Prove the code; half of the new emergency code goes by mail and half by SMS, the old one stops working")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::RecoveryRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let minutes = cx.policy().recovery.step_minutes;
        let Opened { token, over_at, means: () } = open(cx, &input.recovery_id, [(Purpose::EmergencyCode, ())], minutes, Code::RecoveryRefused)?;
        let owner = token.owner;
        let auth: AuthRecord = throttle::charge_code(cx, &owner, Secrets::SENT.with_code(EMERGENCY_CODE), Code::RecoveryRefused).await?;
        let current = auth.epoch_mark() == token.version && auth.state.may_sign_in() && guard(cx, &auth).is_ok();
        let proof = if current { codes::prove(cx, &owner, &auth, EMERGENCY_CODE, &token.nonce(), &input.code) } else { None };
        let kept = proof.ok_or(Code::RecoveryRefused)?;
        let mut commit = Commit::new();
        let update = Commit::auth(&owner).version(auth.version).same_password(auth.password.version).same_epoch(auth.epoch).consume_code(EMERGENCY_CODE, kept);
        let update = renew(cx, &owner, &auth, update, &mut commit).await?;
        commit.update_auth(update, Code::ChangedMeanwhile);
        commit.use_once(&owner, &token.nonce(), over_at, Code::RecoveryRefused);
        Ok(Reply::after(commit, ()))
    }
}
