//! POST /v1/selfcare/password-recoveries/{recoveryId}/code: the second step for a forgotten password: the code that came by SMS (rules 26, 31).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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

use crate::password_recover_start::RECOVERY_CODE;

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

/// What sets the new password.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Names the recovery in its last request; good for that only, and once.
    recovery_id: Secret,
    /// Until when the last request must come.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
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
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let open = |purpose| Token::open(input.recovery_id.expose(), purpose, OwnerKind::Holder, cx.keys()).map(|token| (token, purpose));
        let (token, purpose) = open(Purpose::Recovery).or_else(|| open(Purpose::RecoveryByAnswer)).ok_or(Code::RecoveryRefused)?;
        let over_at = token.over_at(cx.policy().recovery.step_minutes);
        if cx.now >= over_at {
            return Err(Code::RecoveryRefused.into());
        }
        let owner = token.owner;
        let auth = match throttle::charge::<AuthRecord>(cx, &owner, Secrets::SENT.with_code(RECOVERY_CODE), Code::RecoveryRefused).await? {
            Charge::Look(auth) => auth,
            Charge::Refuse(commit) => return Err(Failure::with(Code::RecoveryRefused, commit)),
        };
        let refused = |auth: &AuthRecord| -> Result<Failure, Failure> {
            Ok(Failure::with(Code::RecoveryRefused, throttle::after_failure(cx, &owner, auth, Secrets::SENT, Code::RecoveryRefused)?))
        };
        // A recovery that rests on a password that is not the current one any more is over, and so is everybody's who may not sign in.
        if auth.epoch_mark() != token.version || !auth.state.may_sign_in() {
            return Err(refused(&auth)?);
        }
        let Some(kept) = codes::prove(cx, &owner, &auth, RECOVERY_CODE, &token.nonce(), &input.code) else { return Err(refused(&auth)?) };
        let mut commit = Commit::new();
        let update = Commit::auth(&owner).same_password(auth.password.version).same_epoch(auth.epoch).consume_code(RECOVERY_CODE, kept);
        commit.update_auth(update, Code::RecoveryRefused);
        commit.use_once(&owner, &token.nonce(), over_at, Code::RecoveryRefused);
        let next = if purpose == Purpose::Recovery { Purpose::RecoveryLast } else { Purpose::RecoveryLastByAnswer };
        let last = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
        let expires_at = last.over_at(cx.policy().recovery.step_minutes);
        let recovery_id = Secret::new(last.seal(next, cx.keys(), cx.entropy())?);
        Ok(Reply::after(commit, Output { recovery_id, expires_at }))
    }
}
