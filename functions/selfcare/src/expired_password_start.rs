//! POST /v1/selfcare/expired-password: proves an expired password and the active second factor; then level 3 where it is active, or a new password is set (rule 15).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::username::Username;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{Channel, CodePurpose};
use sportello_rules::service::Level;
use sportello_rules::throttle::Gate;
use sportello_runtime::access::Anyone;
use sportello_runtime::codes::{self, Sending};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::{AuthRecord, SecondFactor};

use crate::expired_password::{Next, last, reset};
use crate::second_factor::{Codes, charged, prove_factor};
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
    /// The code that a token shows next, where one alone is refused since its button was pressed idly or its clock went wrong: two in a row find it again.
    #[serde(default)]
    next_code: Option<Secret>,
}

impl Operation for ExpiredPasswordStart {
    const SPEC: Spec = Spec::create("selfcare.expired-password.start", "/v1/selfcare/expired-password")
        .summary("Prove an expired password and the second factor, to set a new one; the answer says what comes next")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::SignInRefused, Code::PasswordNotExpired, Code::CodeSent, Code::CodeTooSoon, Code::CodesExhausted]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Next;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Next>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        // The password first: who does not know it never comes to the counter of the second factor, and locks nobody out of it.
        let auth: AuthRecord = throttle::charge_password(cx, &owner, Secrets::PASSWORD, &input.password, Code::SignInRefused).await?;
        let right = cx.hasher().matches(input.password.expose(), &auth.salt, &auth.password).await?;
        let refused = |auth: &AuthRecord, secrets: Secrets| match throttle::after_failure(cx, &owner, auth, secrets, Code::SignInRefused) {
            Ok(commit) => Failure::with(Code::SignInRefused, commit),
            Err(failure) => failure,
        };
        // A lock of the second factor closes this way too; it is told of whether the password is right or not, or the telling would tell.
        let gate = auth.otp_throttle().gate(&cx.policy().throttle, cx.now);
        if !right || gate == Gate::Locked || !auth.state.may_sign_in() {
            return Err(refused(&auth, if gate == Gate::Locked { Secrets::BOTH } else { Secrets::PASSWORD }));
        }
        let cleared = || Commit::auth(&owner).clear_password_tries().same_password(auth.password.version);
        let was_right = || {
            let mut commit = Commit::new();
            commit.update_auth(cleared(), Code::SignInRefused);
            commit
        };
        if !is_expired(cx, &auth) {
            return Err(Failure::with(Code::PasswordNotExpired, was_right()));
        }
        // A pause of the second factor closes this way too, whether a code was given or not.
        if gate != Gate::Open {
            return Err(Failure::with(Code::SignInRefused, was_right()));
        }
        let factor = auth.otp_factor(cx.now);
        // Where messages are that factor, the right password asks for one first.
        if input.code.is_none() && factor == SecondFactor::SmsCode {
            let sending = Sending { operation: Self::SPEC.id, value: "", purpose: CodePurpose::Recovery, channel: Channel::Sms };
            let mut commit = Commit::new();
            let update = cleared().version(auth.version);
            let sent = codes::send(cx, &owner, &auth, &sending, update, &mut commit).map_err(|failure| failure.writing(was_right))?;
            commit.update_auth(sent, Code::ChangedMeanwhile);
            return Err(Failure::with(Code::CodeSent, commit));
        }
        let is_looked_at = input.code.is_some() && !matches!(factor, SecondFactor::None | SecondFactor::Signature);
        let secrets = charged(factor, Self::SPEC.id, Secrets::OTP);
        let (password, epoch) = (auth.password.version, auth.epoch);
        let auth: AuthRecord = if is_looked_at { throttle::charge_second(cx, &owner, secrets, Code::SignInRefused).await? } else { auth };
        // The record is a later one: what was proved of the one before must still be what it was.
        if (auth.password.version, auth.epoch) != (password, epoch) || !auth.state.may_sign_in() {
            return Err(Code::SignInRefused.into());
        }
        let codes = Codes::in_a_row(input.code.as_ref(), input.next_code.as_ref());
        let Some(proof) = prove_factor(cx, &owner, &auth, factor, (Self::SPEC.id, ""), codes)? else {
            return Err(refused(&auth, Secrets::BOTH));
        };
        let update = proof.consume(Commit::auth(&owner).clear_password_tries().same_password(password).same_epoch(epoch));
        let update = if is_looked_at { update.clear_otp_tries() } else { update };
        let mut commit = Commit::new();
        commit.update_auth(update, Code::SignInRefused);
        let next = if auth.highest_level(cx.now) == Level::L3 { last(cx, owner, &auth)? } else { reset(cx, owner, &auth)? };
        Ok(Reply::after(commit, next))
    }
}
