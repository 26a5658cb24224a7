//! What the steps of the expired-password procedure share: what comes next, and the step of level 3 (rules 15, 43).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_rules::service::CredentialKind;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Reply};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::record::AuthRecord;

use crate::last_step::{EXPIRED_PASSWORD, prove};
use crate::level_three::{Signature, expired_password_challenge};

/// How its step of level 3 can refuse.
pub(crate) const PROBLEMS: &[Code] = &[Code::SignInRefused, Code::CertificateRefused];

/// What comes next in the procedure.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "next", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Next {
    /// Everything is proved: the new password is set.
    NewPassword {
        /// Names the procedure in the next request; good for that only, and once.
        reset_id: Secret,
        /// Until when the next request must come.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
    },
    /// A signature or a smart card is needed: L3 is active.
    Signature {
        /// Names the procedure in the next request; good for that only, and once.
        reset_id: Secret,
        /// What has to be signed, as it stands.
        challenge: String,
        /// Until when the next request must come.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
    },
}

/// The step of level 3, with what has to be signed.
///
/// # Errors
/// A fault where there is no entropy.
pub(crate) fn last(cx: &Cx, owner: Owner, auth: &AuthRecord) -> Result<Next, Failure> {
    let token = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
    let reset_id = Secret::new(token.seal(Purpose::ExpiredPasswordLast, cx.keys(), cx.entropy())?);
    let expires_at = token.over_at(cx.policy().session.sign_in_minutes);
    Ok(Next::Signature { reset_id, challenge: expired_password_challenge(&token.nonce()), expires_at })
}

/// What sets the new password.
///
/// # Errors
/// A fault where there is no entropy.
pub(crate) fn reset(cx: &Cx, owner: Owner, auth: &AuthRecord) -> Result<Next, Failure> {
    let token = Token::new(owner, auth.epoch_mark(), cx.now, cx.entropy())?;
    let reset_id = Secret::new(token.seal(Purpose::ExpiredPassword, cx.keys(), cx.entropy())?);
    let expires_at = token.over_at(cx.policy().session.expired_password_minutes);
    Ok(Next::NewPassword { reset_id, expires_at })
}

/// Proves level 3, as a sign-in does, for what sets the new password.
pub(crate) async fn finish_last(cx: &Cx, reset_id: &Secret, signature: Option<&Signature>, kinds: &[CredentialKind]) -> Result<Reply<Next>, Failure> {
    let proved = prove(cx, &EXPIRED_PASSWORD, reset_id, signature, kinds).await?;
    let (owner, auth) = (proved.token.owner, &proved.auth);
    let mut commit = Commit::new();
    let update = Commit::auth(&owner).clear_otp_tries().same_password(auth.password.version).same_epoch(auth.epoch);
    commit.update_auth(update, Code::SignInRefused);
    commit.use_once(&owner, &proved.token.nonce(), proved.over_at, Code::SignInRefused);
    Ok(Reply::after(commit, reset(cx, owner, auth)?))
}
