//! The last step of a sign-in with level 3: the token, the tries, the person, the session (rules 18, 43).

use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Grant, Table, grant};
use sportello_rules::service::{CredentialKind, Level};
use sportello_rules::throttle::Gate;
use sportello_runtime::profile::Profile;
use sportello_runtime::throttle::Charge;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::AuthRecord;

use crate::level_three::{Shown, Signature, is_activated, person, refused, sign_in_challenge};
use crate::sign_in::{Next, is_expired, open_session};

/// What it does to the tables.
pub(crate) const GRANTS: &[Grant] = &[
    grant(Table::Identities, Action::UpdateItem),
    grant(Table::Identities, Action::PutItem),
    grant(Table::Identities, Action::GetItem),
    grant(Table::Outbox, Action::PutItem),
];

/// How it can refuse.
pub(crate) const PROBLEMS: &[Code] = &[Code::SignInRefused, Code::CertificateRefused, Code::PasswordExpired];

/// Proves level 3 and opens a session of it. A signature and a card are kept apart: what gives the one does not give the other.
pub(crate) async fn finish(
    cx: &Cx,
    sign_in_id: &Secret,
    signature: Option<&Signature>,
    kinds: &[CredentialKind],
    device: Option<&Secret>,
) -> Result<Reply<Next>, Failure> {
    let token = Token::open(sign_in_id.expose(), Purpose::SignInLast, OwnerKind::Holder, cx.keys()).ok_or(Code::SignInRefused)?;
    let over_at = token.over_at(cx.policy().session.sign_in_minutes);
    if cx.now >= over_at {
        return Err(Code::SignInRefused.into());
    }
    let owner = token.owner;
    // What is sent is large and takes time to verify: a try is charged as for a code.
    let auth = match throttle::charge::<AuthRecord>(cx, &owner, Secrets::OTP, Code::SignInRefused).await? {
        Charge::Look(auth) => auth,
        Charge::Refuse(commit) => return Err(Failure::with(Code::SignInRefused, commit)),
    };
    let open = auth.password_throttle().gate(&cx.policy().throttle, cx.now) == Gate::Open;
    if !open || !auth.state.may_sign_in() || auth.password.version != token.version {
        return Err(Failure::with(Code::SignInRefused, throttle::after_failure(cx, &owner, &auth, Secrets::OTP, Code::SignInRefused)?));
    }
    let sealed = cx.store.profile(&owner).await?.ok_or(Code::SignInRefused)?;
    let profile = Profile::open(cx, &owner, &sealed)?;
    let challenge = sign_in_challenge(&token.nonce());
    let shown = signature.map_or(Shown::Connection, |signature| Shown::Signature(signature, &challenge));
    let proved = person(cx, &profile, shown).and_then(|person| {
        let known = is_activated(cx, &auth, &person, kinds);
        let words = ("Il certificato non è quello attivato.", "The certificate is not the one that was activated.");
        if known { Ok(person) } else { Err(refused(cx, "not-activated", words).into()) }
    });
    match proved {
        Ok(_) => {}
        Err(Failure::Refused { problem, .. }) => {
            return Err(Failure::with(problem, throttle::after_failure(cx, &owner, &auth, Secrets::OTP, Code::SignInRefused)?));
        }
        Err(fault) => return Err(fault),
    }
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
