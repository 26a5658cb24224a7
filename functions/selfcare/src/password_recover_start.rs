//! POST /v1/selfcare/password-recoveries: the first step for a forgotten password: the emergency code or the security answer, then a code goes by SMS (rules 26, 30).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_contract::username::Username;
use sportello_runtime::access::Anyone;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::charge::Secrets;
use sportello_store::commit::AuthUpdate;
use sportello_store::key::OwnerKind;

use crate::recovery::{Given, Step, begin, prove};

/// Begins a password's recovery.
pub struct PasswordRecoverStart;

/// Input of the operation: the username and one of the two proofs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Username.
    username: Username,
    /// The emergency code; blanks, hyphens and case do not count.
    #[serde(default)]
    emergency_code: Option<Secret>,
    /// The answer to the security question; case, accents and blanks around it do not count.
    #[serde(default)]
    security_answer: Option<Secret>,
}

/// Id under which the code of a recovery is kept.
pub const RECOVERY_CODE: &str = "selfcare.password.recover.code";

impl Operation for PasswordRecoverStart {
    const SPEC: Spec = Spec::create("selfcare.password.recover.start", "/v1/selfcare/password-recoveries")
        .summary("Begin to recover the password by the emergency code or the security answer; a code goes to the mobile on file")
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
        .problems(&[Code::RecoveryRefused, Code::CodeTooSoon, Code::CodesExhausted, Code::NoMobile, Code::ProofUnclear]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Step;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Step>, Failure> {
        let (given, secrets, purpose) = match (&input.emergency_code, &input.security_answer) {
            (Some(code), None) => (Given::EmergencyCode(code), Secrets::EMERGENCY, Purpose::Recovery),
            (None, Some(answer)) => (Given::SecurityAnswer(answer), Secrets::ANSWER, Purpose::RecoveryByAnswer),
            _ => return Err(Problem::from(Code::ProofUnclear).field("emergencyCode").into()),
        };
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        let auth = prove(cx, &owner, secrets, given, Code::RecoveryRefused).await?;
        begin(cx, owner, &auth, (purpose, RECOVERY_CODE), AuthUpdate::clear_recovery_tries).await
    }
}
