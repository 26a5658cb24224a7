//! POST /v1/selfcare/password-recoveries: the first step for a forgotten password: the emergency code or the security answer, then a code goes by SMS (rules 26, 30).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_contract::username::Username;
use sportello_notify::{Channel, CodePurpose};
use sportello_runtime::access::Anyone;
use sportello_runtime::codes::{self, Sending};
use sportello_runtime::profile::Profile;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;

use crate::recovery::{Given, prove};

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
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let (given, secrets, purpose) = match (&input.emergency_code, &input.security_answer) {
            (Some(code), None) => (Given::EmergencyCode(code), Secrets::EMERGENCY, Purpose::Recovery),
            (None, Some(answer)) => (Given::SecurityAnswer(answer), Secrets::ANSWER, Purpose::RecoveryByAnswer),
            _ => return Err(Problem::from(Code::ProofUnclear).field("emergencyCode").into()),
        };
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        let auth = prove(cx, &owner, secrets, given, Code::RecoveryRefused).await?;
        // What was proved was right, whatever follows: nobody is locked out for having no mobile or for asking too often.
        let cleared = || {
            let mut commit = Commit::new();
            commit.update_auth(Commit::auth(&owner).clear_recovery_tries(), Code::RecoveryRefused);
            commit
        };
        let sealed = cx.store.profile(&owner).await?.ok_or(Code::RecoveryRefused)?;
        if codes::mobile(&Profile::open(cx, &owner, &sealed)?, &cx.policy().code).is_none() {
            return Err(Failure::with(Code::NoMobile, cleared()));
        }
        let token = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
        let mut commit = Commit::new();
        let update = Commit::auth(&owner).version(auth.version).same_password(auth.password.version).same_epoch(auth.epoch).clear_recovery_tries();
        let sending = Sending { operation: RECOVERY_CODE, value: &token.nonce(), purpose: CodePurpose::Recovery, channel: Channel::Sms };
        let update = codes::send(cx, &owner, &auth, &sending, update, &mut commit).map_err(|failure| match failure {
            Failure::Refused { problem, .. } => Failure::with(problem, cleared()),
            fault => fault,
        })?;
        commit.update_auth(update, Code::ChangedMeanwhile);
        let expires_at = token.over_at(cx.policy().recovery.step_minutes);
        let recovery_id = Secret::new(token.seal(purpose, cx.keys(), cx.entropy())?);
        Ok(Reply::after(commit, Output { recovery_id, expires_at }))
    }
}
