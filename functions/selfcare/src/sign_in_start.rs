//! POST /v1/selfcare/sign-ins: username and password, the first step of every sign-in (rules 18-24).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::username::Username;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::service::Level;
use sportello_rules::throttle::Gate;
use sportello_runtime::access::Anyone;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::{Owner, OwnerKind};
use sportello_store::record::{AuthRecord, SecondFactor, StoredPassword};

use crate::sign_in::{By, Next, is_expired, last, open_session, sealed, send_code, step};

/// Begins a sign-in; answers what comes next.
pub struct SignInStart;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Username; case, spaces around it and Unicode forms do not count.
    username: Username,
    /// Password.
    password: Secret,
    /// The token that an earlier sign-in gave this device.
    #[serde(default)]
    device_token: Option<Secret>,
}

impl Operation for SignInStart {
    const SPEC: Spec = Spec::create("selfcare.sign-in.start", "/v1/selfcare/sign-ins")
        .summary("Begin a sign-in with username and password; the answer says what comes next")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::SignInRefused, Code::CodeTooSoon, Code::CodesExhausted]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Next;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Next>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        let auth: AuthRecord = throttle::charge_password(cx, &owner, Secrets::PASSWORD, &input.password, Code::SignInRefused).await?;
        let right = cx.hasher().matches(input.password.expose(), &auth.salt, &auth.password).await?;
        // A lock of the second factor closes this way in too; it is told of whether the password is right or not, or the telling would tell.
        let gate = auth.otp_throttle().gate(&cx.policy().throttle, cx.now);
        let locked = gate == Gate::Locked;
        let secrets = if locked { Secrets::BOTH } else { Secrets::PASSWORD };
        if !right || locked || !auth.state.may_sign_in() {
            return Err(Failure::with(Code::SignInRefused, throttle::after_failure(cx, &owner, &auth, secrets, Code::SignInRefused)?));
        }
        let update = refreshed(cx, &owner, &auth, &input.password).await?;
        if is_expired(cx, &auth) {
            return Ok(Reply::after(proved(update, &auth), Next::ExpiredPassword));
        }
        let highest = auth.highest_level(cx.now);
        if highest == Level::L1 {
            let (commit, session) = open_session(cx, &owner, &auth, Level::L1, input.device_token.as_ref(), update)?;
            return Ok(Reply::after(commit, Next::Done { session }));
        }
        match auth.otp_factor(cx.now) {
            SecondFactor::AppCode => {
                let (sign_in_id, expires_at) = step(cx, owner, &auth, Purpose::SignIn)?;
                return Ok(Reply::after(proved(update, &auth), Next::Otp { sign_in_id, expires_at, by: By::App }));
            }
            SecondFactor::TokenCode => {
                let (sign_in_id, expires_at) = step(cx, owner, &auth, Purpose::SignInToken)?;
                return Ok(Reply::after(proved(update, &auth), Next::Otp { sign_in_id, expires_at, by: By::Token }));
            }
            // While codes are not looked at there is no use in one.
            SecondFactor::SmsCode if gate != Gate::Open => return Err(Failure::with(Code::SignInRefused, proved(update, &auth))),
            SecondFactor::SmsCode => {
                let token = Token::new(owner, auth.password.version, cx.now, cx.entropy())?;
                let (sign_in_id, expires_at) = sealed(cx, &token, Purpose::SignInSms)?;
                let mut commit = Commit::new();
                // Who is right and has had all codes for now hears so, and was not wrong: the tries are cleared. Who is wrong never comes here.
                let sent = send_code(cx, &owner, &auth, &token.nonce(), update.clone(), &mut commit).map_err(|failure| failure.writing(|| proved(update, &auth)))?;
                commit.update_auth(sent.version(auth.version).same_password(auth.password.version).same_epoch(auth.epoch), Code::ChangedMeanwhile);
                return Ok(Reply::after(commit, Next::Otp { sign_in_id, expires_at, by: By::Sms }));
            }
            SecondFactor::None | SecondFactor::Signature => {}
        }
        Ok(Reply::after(proved(update, &auth), last(cx, owner, &auth)?))
    }
}

/// Clears the tries, and takes the present scheme where the digest was made by an older one.
async fn refreshed(cx: &Cx, owner: &Owner, auth: &AuthRecord, password: &Secret) -> Result<AuthUpdate, Failure> {
    let update = Commit::auth(owner).clear_password_tries();
    let scheme = cx.hasher().scheme();
    if auth.password.scheme == scheme {
        return Ok(update);
    }
    let digest = cx.hasher().digest(password.expose(), &auth.salt, &scheme).await?;
    Ok(update.password(&StoredPassword { digest, scheme, ..auth.password.clone() }))
}

fn proved(update: AuthUpdate, auth: &AuthRecord) -> Commit {
    let mut commit = Commit::new();
    commit.update_auth(update.same_password(auth.password.version).same_epoch(auth.epoch), Code::SignInRefused);
    commit
}
