//! The step of level 3, of a sign-in and of the expired-password procedure: the token, the tries, the person; the session (rules 15, 18, 43).

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Grant, Table, grant};
use sportello_rules::service::{CredentialKind, Level};
use sportello_rules::throttle::Gate;
use sportello_runtime::profile::Profile;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::AuthRecord;

use crate::level_three::{Shown, Signature, expired_password_challenge, is_activated, person, refused, sign_in_challenge};
use crate::sign_in::{Next, is_expired, open_session};
use crate::steps::{Opened, open};

/// What it does to the tables.
pub(crate) const GRANTS: &[Grant] = &[
    grant(Table::Identities, Action::UpdateItem),
    grant(Table::Identities, Action::PutItem),
    grant(Table::Identities, Action::GetItem),
    grant(Table::Outbox, Action::PutItem),
];

/// How it can refuse.
pub(crate) const PROBLEMS: &[Code] = &[Code::SignInRefused, Code::CertificateRefused, Code::PasswordExpired];

/// What has a step of level 3.
pub(crate) struct Flow {
    /// What the token before the step is sealed for.
    purpose: Purpose,
    /// What has to be signed, of the token's nonce.
    challenge: fn(&str) -> String,
    /// What the token rests on: with another one it is over.
    rests_on: fn(&AuthRecord) -> u32,
}

/// A sign-in.
const SIGN_IN: Flow = Flow { purpose: Purpose::SignInLast, challenge: sign_in_challenge, rests_on: |auth| auth.password.version };

/// The expired-password procedure, which whatever ends the sessions ends too.
pub(crate) const EXPIRED_PASSWORD: Flow =
    Flow { purpose: Purpose::ExpiredPasswordLast, challenge: expired_password_challenge, rests_on: AuthRecord::epoch_mark };

/// A step of level 3 that was proved.
pub(crate) struct Proved {
    /// The token before it, to be used up.
    pub token: Token,
    /// When that is over.
    pub over_at: Timestamp,
    /// The record as the charge found it.
    pub auth: AuthRecord,
}

/// Proves level 3. A signature and a card are kept apart: what gives the one does not give the other.
pub(crate) async fn prove(cx: &Cx, flow: &Flow, step: &Secret, signature: Option<&Signature>, kinds: &[CredentialKind]) -> Result<Proved, Failure> {
    let minutes = cx.policy().session.sign_in_minutes;
    let Opened { token, over_at, means: () } = open(cx, step, [(flow.purpose, ())], minutes, Code::SignInRefused)?;
    let owner = token.owner;
    // What is sent is large and takes time to verify: a try is charged as for a code.
    let auth: AuthRecord = throttle::charge_code(cx, &owner, Secrets::OTP, Code::SignInRefused).await?;
    let open = auth.password_throttle().gate(&cx.policy().throttle, cx.now) == Gate::Open;
    if !open || !auth.state.may_sign_in() || (flow.rests_on)(&auth) != token.version {
        return Err(Failure::with(Code::SignInRefused, throttle::after_failure(cx, &owner, &auth, Secrets::OTP, Code::SignInRefused)?));
    }
    let sealed = cx.store.profile(&owner).await?.ok_or(Code::SignInRefused)?;
    let profile = Profile::open(cx, &owner, &sealed)?;
    let challenge = (flow.challenge)(&token.nonce());
    let shown = signature.map_or(Shown::Connection, |signature| Shown::Signature(signature, &challenge));
    let proved = person(cx, &profile, shown).and_then(|person| {
        let known = is_activated(cx, &auth, &person, kinds);
        let words = ("Il certificato non è quello attivato.", "The certificate is not the one that was activated.");
        if known { Ok(person) } else { Err(refused(cx, "not-activated", words).into()) }
    });
    match proved {
        Ok(_) => Ok(Proved { token, over_at, auth }),
        Err(Failure::Refused { problem, .. }) => Err(Failure::with(problem, throttle::after_failure(cx, &owner, &auth, Secrets::OTP, Code::SignInRefused)?)),
        Err(fault) => Err(fault),
    }
}

/// Proves level 3 and opens a session of it.
pub(crate) async fn finish(
    cx: &Cx,
    sign_in_id: &Secret,
    signature: Option<&Signature>,
    kinds: &[CredentialKind],
    device: Option<&Secret>,
) -> Result<Reply<Next>, Failure> {
    let Proved { token, over_at, auth } = prove(cx, &SIGN_IN, sign_in_id, signature, kinds).await?;
    let owner = token.owner;
    let update = Commit::auth(&owner).clear_otp_tries();
    if is_expired(cx, &auth) {
        let mut commit = Commit::new();
        commit.update_auth(update, Code::SignInRefused);
        return Err(Failure::with(Code::PasswordExpired, commit));
    }
    let (mut commit, session) = open_session(cx, &owner, &auth, Level::L3, device, update)?;
    commit.use_once(&owner, &token.nonce(), over_at, Code::SignInRefused);
    Ok(Reply::after(commit, Next::Done { session }))
}
