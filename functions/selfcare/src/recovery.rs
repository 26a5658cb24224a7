//! What gets a holder back in without signing in: the emergency code and the security answer (rules 26-28, 30, 41).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::hex::hex;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_notify::{Channel, CodePurpose, Notice};
use sportello_rules::recovery::{emergency_code, halves, same_answer, same_emergency_code};
use sportello_runtime::codes::Sending;
use sportello_runtime::profile::Profile;
use sportello_runtime::throttle::Charge;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Reply, codes, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, StoredCode};

/// What is given as proof, and how its tries are charged.
#[derive(Clone, Copy)]
pub enum Given<'a> {
    /// The emergency code.
    EmergencyCode(&'a Secret),
    /// The answer to the security question.
    SecurityAnswer(&'a Secret),
}

impl Given<'_> {
    fn text(self) -> String {
        match self {
            Self::EmergencyCode(code) => same_emergency_code(code.expose()),
            Self::SecurityAnswer(answer) => same_answer(answer.expose()),
        }
    }

    fn stored(self, auth: &AuthRecord) -> Option<&StoredCode> {
        match self {
            Self::EmergencyCode(_) => auth.emergency_code.as_ref(),
            Self::SecurityAnswer(_) => auth.security_answer.as_ref(),
        }
    }
}

/// Charges a try and compares, in the same time whether there is something to compare with or not.
///
/// # Errors
/// `refused`, whatever is wrong, with what the refusal brings about.
pub async fn prove(cx: &Cx, owner: &Owner, secrets: Secrets, given: Given<'_>, refused: Code) -> Result<AuthRecord, Failure> {
    let text = given.text();
    let auth: AuthRecord = match throttle::charge(cx, owner, secrets, refused).await? {
        Charge::Look(auth) => auth,
        Charge::Refuse(commit) => {
            cx.hasher().pretend(&text).await?;
            return Err(Failure::with(refused, commit));
        }
    };
    let right = match given.stored(&auth) {
        Some(stored) => cx.hasher().matches_code(&text, &auth.salt, stored).await?,
        None => {
            cx.hasher().pretend(&text).await?;
            false
        }
    };
    if right && auth.state.may_sign_in() { Ok(auth) } else { Err(Failure::with(refused, throttle::after_failure(cx, owner, &auth, secrets, refused)?)) }
}

/// What names a recovery in its next request.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Names the recovery in the next request; good for that only, and once.
    recovery_id: Secret,
    /// Until when the next request must come.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

/// The token of a recovery's next step.
///
/// # Errors
/// A fault where there is no entropy.
pub fn step(cx: &Cx, token: &Token, purpose: Purpose) -> Result<Step, Failure> {
    let recovery_id = Secret::new(token.seal(purpose, cx.keys(), cx.entropy())?);
    Ok(Step { recovery_id, expires_at: token.over_at(cx.policy().recovery.step_minutes) })
}

/// What clears the tries of a first step that was right, whatever follows: nobody is locked out for having no mobile or for asking too often.
pub fn cleared(owner: &Owner, auth: &AuthRecord, clear: fn(AuthUpdate) -> AuthUpdate) -> Commit {
    let mut commit = Commit::new();
    commit.update_auth(clear(Commit::auth(owner)).same_password(auth.password.version), Code::RecoveryRefused);
    commit
}

/// Sends the code of a recovery whose first step was right, kept under an operation's id; the answer names the recovery for a purpose.
///
/// # Errors
/// `no-mobile`, `code-too-soon`, `codes-exhausted`.
pub async fn begin(
    cx: &Cx,
    owner: Owner,
    auth: &AuthRecord,
    (purpose, operation): (Purpose, &'static str),
    clear: fn(AuthUpdate) -> AuthUpdate,
) -> Result<Reply<Step>, Failure> {
    let was_right = || cleared(&owner, auth, clear);
    let sealed = cx.store.profile(&owner).await?.ok_or(Code::RecoveryRefused)?;
    if codes::mobile(&Profile::open(cx, &owner, &sealed)?, &cx.policy().code).is_none() {
        return Err(Failure::with(Code::NoMobile, was_right()));
    }
    let token = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
    let mut commit = Commit::new();
    let update = clear(Commit::auth(&owner)).version(auth.version).same_password(auth.password.version).same_epoch(auth.epoch);
    let sending = Sending { operation, value: &token.nonce(), purpose: CodePurpose::Recovery, channel: Channel::Sms };
    let update = codes::send(cx, &owner, auth, &sending, update, &mut commit).map_err(|failure| failure.writing(was_right))?;
    commit.update_auth(update, Code::ChangedMeanwhile);
    Ok(Reply::after(commit, step(cx, &token, purpose)?))
}

/// Uses the emergency code of a record up, and tells so: it is good once (rule 28).
///
/// # Errors
/// A fault where the notice cannot be written as JSON.
pub fn use_up(cx: &Cx, owner: &Owner, auth: &AuthRecord, update: AuthUpdate, commit: &mut Commit, refused: Code) -> Result<AuthUpdate, Failure> {
    let Some(code) = &auth.emergency_code else { return Err(refused.into()) };
    let notice = Notice::EmergencyCodeUsed { at: cx.now };
    let digest = hex(code.digest.0.iter().copied().take(8));
    commit.notice(&format!("{}#{}#{digest}", notice.kind(), owner.pk()), owner, notice.to_json()?, cx.now, refused);
    Ok(update.use_emergency_code(code).clear_recovery_tries())
}

/// Makes a new emergency code, whose halves go by two ways (rule 27); the one before stops working.
///
/// # Errors
/// A fault where there is no entropy, or a notice cannot be written.
pub async fn renew(cx: &Cx, owner: &Owner, auth: &AuthRecord, update: AuthUpdate, commit: &mut Commit) -> Result<AuthUpdate, Failure> {
    let policy = &cx.policy().recovery;
    let mut random = vec![0; usize::try_from(policy.emergency_code_length).unwrap_or_default()];
    cx.entropy().fill(&mut random)?;
    let code = emergency_code(&random, policy);
    let scheme = cx.hasher().scheme();
    let digest = cx.hasher().digest(&code, &auth.salt, &scheme).await?;
    let (first, second) = halves(&code);
    for (half, channel, is_second) in [(first, Channel::Mail, false), (second, Channel::Sms, true)] {
        let notice = Notice::EmergencyCodeHalf { at: cx.now, channel, second: is_second, sealed: codes::carry(cx, owner, &auth.data_key, half)? };
        let id = format!("{}#{}#{}#{is_second}", notice.kind(), owner.pk(), cx.now.as_millisecond());
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    }
    // Whatever was begun with the one before is over.
    Ok(update.emergency_code(&StoredCode { digest, scheme }).clear_recovery_tries().enrolment(None).end_sessions())
}
