//! POST /v1/selfcare/emergency-codes/{recoveryId}: the code that came by SMS, for a new emergency code: half of it by mail and half by SMS (rule 27).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::throttle::Charge;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, codes, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::AuthRecord;

use crate::credentials::guard;
use crate::emergency_code_recover_start::EMERGENCY_CODE;
use crate::recovery::renew;

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
        let token = Token::open(input.recovery_id.expose(), Purpose::EmergencyCode, OwnerKind::Holder, cx.keys()).ok_or(Code::RecoveryRefused)?;
        let over_at = token.over_at(cx.policy().recovery.step_minutes);
        if cx.now >= over_at {
            return Err(Code::RecoveryRefused.into());
        }
        let owner = token.owner;
        let auth = match throttle::charge::<AuthRecord>(cx, &owner, Secrets::SENT.with_code(EMERGENCY_CODE), Code::RecoveryRefused).await? {
            Charge::Look(auth) => auth,
            Charge::Refuse(commit) => return Err(Failure::with(Code::RecoveryRefused, commit)),
        };
        let current = auth.epoch_mark() == token.version && auth.state.may_sign_in() && guard(cx, &auth).is_ok();
        let proof = if current { codes::prove(cx, &owner, &auth, EMERGENCY_CODE, &token.nonce(), &input.code) } else { None };
        let Some(kept) = proof else {
            return Err(Failure::with(Code::RecoveryRefused, throttle::after_failure(cx, &owner, &auth, Secrets::SENT, Code::RecoveryRefused)?));
        };
        let mut commit = Commit::new();
        let update = Commit::auth(&owner).version(auth.version).same_password(auth.password.version).same_epoch(auth.epoch).consume_code(EMERGENCY_CODE, kept);
        let update = renew(cx, &owner, &auth, update, &mut commit).await?;
        commit.update_auth(update, Code::ChangedMeanwhile);
        commit.use_once(&owner, &token.nonce(), over_at, Code::RecoveryRefused);
        Ok(Reply::after(commit, ()))
    }
}
