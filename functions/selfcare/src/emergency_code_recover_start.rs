//! POST /v1/selfcare/emergency-codes: begins to recover the emergency code: the password, then a code goes by SMS (rule 27).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_contract::username::Username;
use sportello_runtime::access::Anyone;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::AuthUpdate;
use sportello_store::key::OwnerKind;
use sportello_store::record::AuthRecord;

use crate::credentials::guard;
use crate::recovery::{Step, begin, cleared};

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
    type Output = Step;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Step>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        let auth: AuthRecord = throttle::charge_password(cx, &owner, Secrets::PASSWORD, &input.password, Code::RecoveryRefused).await?;
        let right = cx.hasher().matches(input.password.expose(), &auth.salt, &auth.password).await?;
        if !right || !auth.state.may_sign_in() {
            return Err(Failure::with(Code::RecoveryRefused, throttle::after_failure(cx, &owner, &auth, Secrets::PASSWORD, Code::RecoveryRefused)?));
        }
        if let Err(problem) = guard(cx, &auth) {
            return Err(Failure::with(problem, cleared(&owner, &auth, AuthUpdate::clear_password_tries)));
        }
        begin(cx, owner, &auth, (Purpose::EmergencyCode, EMERGENCY_CODE), AuthUpdate::clear_password_tries).await
    }
}
