//! POST /v1/selfcare/expired-password: proves an expired password and the active second factor, for a token that only sets a new one (rule 15).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::username::Username;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{Channel, CodePurpose};
use sportello_runtime::access::Anyone;
use sportello_runtime::codes::{self, Sending};
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::{AuthRecord, SecondFactor};

use crate::second_factor::prove;
use crate::sign_in::is_expired;

/// Begins the expired-password procedure.
pub struct ExpiredPasswordStart;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Username.
    username: Username,
    /// The expired password.
    password: Secret,
    /// A code of the active second factor; needed where one is active. Where messages are that factor, a request without it sends one.
    #[serde(default)]
    code: Option<Secret>,
}

/// What sets the new password.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Names the procedure in the next request; good for that only, and once.
    reset_id: Secret,
    /// Until when the next request must come.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for ExpiredPasswordStart {
    const SPEC: Spec = Spec::create("selfcare.expired-password.start", "/v1/selfcare/expired-password")
        .summary("Prove an expired password and the second factor, to set a new one")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::SignInRefused, Code::PasswordNotExpired, Code::CodeSent, Code::CodeTooSoon, Code::CodesExhausted]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        let auth: AuthRecord = throttle::charge_password(cx, &owner, Secrets::BOTH, &input.password, Code::SignInRefused).await?;
        let right = cx.hasher().matches(input.password.expose(), &auth.salt, &auth.password).await?;
        // Where messages are the factor, the right password asks for one first.
        let asks = input.code.is_none() && auth.second_factor(cx.now) == SecondFactor::SmsCode && is_expired(cx, &auth);
        if right && asks && auth.state.may_sign_in() {
            let cleared = || Commit::auth(&owner).clear_password_tries().clear_otp_tries().same_password(auth.password.version);
            let sending = Sending { operation: Self::SPEC.id, value: "", purpose: CodePurpose::Recovery, channel: Channel::Sms };
            let mut commit = Commit::new();
            let sent = codes::send(cx, &owner, &auth, &sending, cleared().version(auth.version), &mut commit).map_err(|failure| match failure {
                Failure::Refused { problem, .. } => {
                    let mut commit = Commit::new();
                    commit.update_auth(cleared(), Code::SignInRefused);
                    Failure::with(problem, commit)
                }
                fault => fault,
            })?;
            commit.update_auth(sent, Code::ChangedMeanwhile);
            return Err(Failure::with(Code::CodeSent, commit));
        }
        let proof = prove(cx, &owner, &auth, Self::SPEC.id, input.code.as_ref())?;
        let (true, Some(proof), true) = (right, proof, auth.state.may_sign_in()) else {
            return Err(Failure::with(Code::SignInRefused, throttle::after_failure(cx, &owner, &auth, Secrets::BOTH, Code::SignInRefused)?));
        };
        let update = proof.consume(Commit::auth(&owner).clear_password_tries().clear_otp_tries().same_password(auth.password.version));
        let mut commit = Commit::new();
        commit.update_auth(update, Code::SignInRefused);
        if !is_expired(cx, &auth) {
            return Err(Failure::with(Code::PasswordNotExpired, commit));
        }
        let token = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
        let expires_at = token.over_at(cx.policy().session.expired_password_minutes);
        let reset_id = Secret::new(token.seal(Purpose::ExpiredPassword, cx.keys(), cx.entropy())?);
        Ok(Reply::after(commit, Output { reset_id, expires_at }))
    }
}
