//! POST /v1/selfcare/emergency-codes: begins to recover the emergency code: the password, then a code goes by SMS (rule 27).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_contract::username::Username;
use sportello_notify::{Channel, CodePurpose};
use sportello_runtime::access::Anyone;
use sportello_runtime::codes::{self, Sending};
use sportello_runtime::profile::Profile;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::AuthRecord;

/// Begins to recover the emergency code.
pub struct EmergencyCodeRecoverStart;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Username.
    username: Username,
    /// Password.
    password: Secret,
}

/// A recovery that has begun.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Names the recovery in the next request; good for that only, and once.
    recovery_id: Secret,
    /// Until when the next request must come.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

/// Id under which the code of this recovery is kept.
pub const EMERGENCY_CODE: &str = "selfcare.emergency-code.recover.finish";

impl Operation for EmergencyCodeRecoverStart {
    const SPEC: Spec = Spec::create("selfcare.emergency-code.recover.start", "/v1/selfcare/emergency-codes")
        .summary("Begin to recover the emergency code by the password; a code goes to the mobile on file")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Identities, Action::GetItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::RecoveryRefused, Code::CodeTooSoon, Code::CodesExhausted, Code::NoMobile, Code::DowngradeGuard]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        let auth: AuthRecord = throttle::charge_password(cx, &owner, Secrets::PASSWORD, &input.password, Code::RecoveryRefused).await?;
        let right = cx.hasher().matches(input.password.expose(), &auth.salt, &auth.password).await?;
        if !right || !auth.state.may_sign_in() {
            return Err(Failure::with(Code::RecoveryRefused, throttle::after_failure(cx, &owner, &auth, Secrets::PASSWORD, Code::RecoveryRefused)?));
        }
        let cleared = || {
            let mut commit = Commit::new();
            commit.update_auth(Commit::auth(&owner).clear_password_tries().same_password(auth.password.version), Code::RecoveryRefused);
            commit
        };
        if let Err(problem) = crate::credentials::guard(cx, &auth) {
            return Err(Failure::with(problem, cleared()));
        }
        let sealed = cx.store.profile(&owner).await?.ok_or(Code::RecoveryRefused)?;
        if codes::mobile(&Profile::open(cx, &owner, &sealed)?, &cx.policy().code).is_none() {
            return Err(Failure::with(Code::NoMobile, cleared()));
        }
        let token = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
        let mut commit = Commit::new();
        let update = Commit::auth(&owner).version(auth.version).same_password(auth.password.version).clear_password_tries();
        let sending = Sending { operation: EMERGENCY_CODE, value: &token.nonce(), purpose: CodePurpose::Recovery, channel: Channel::Sms };
        let update = codes::send(cx, &owner, &auth, &sending, update, &mut commit).map_err(|failure| match failure {
            Failure::Refused { problem, .. } => Failure::with(problem, cleared()),
            fault => fault,
        })?;
        commit.update_auth(update, Code::ChangedMeanwhile);
        let expires_at = token.over_at(cx.policy().recovery.step_minutes);
        let recovery_id = Secret::new(token.seal(Purpose::EmergencyCode, cx.keys(), cx.entropy())?);
        Ok(Reply::after(commit, Output { recovery_id, expires_at }))
    }
}
