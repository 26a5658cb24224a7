//! POST /v1/selfcare/sign-ins/{signInId}/lost: who does not have the factor any more that the sign-in asks for suspends it by the emergency code (rules 28, 44).
//!
//! It opens no session: the next sign-in asks for what is left, and sensitive changes wait (the downgrade guard).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::CredentialChange;
use sportello_rules::service::{CredentialKind, Level};
use sportello_runtime::access::Anyone;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::SecondFactor;

use crate::credentials::{changed, tell, write};
use crate::recovery::{Given, prove, use_up};
use crate::sign_in::OTP_STEPS;
use crate::steps::{Opened, open};

/// Suspends a lost factor.
pub struct SignInLost;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The sign-in, as its last step named it.
    sign_in_id: Secret,
    /// The emergency code; blanks, hyphens and case do not count. It is used up.
    emergency_code: Secret,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The credentials that are suspended now.
    #[schemars(with = "Vec<String>")]
    suspended: Vec<CredentialKind>,
}

impl Operation for SignInLost {
    const SPEC: Spec = Spec::post("selfcare.sign-in.lost", "/v1/selfcare/sign-ins/{signInId}/lost")
        .summary("Suspend the factor that a sign-in asks for and that is lost, by the emergency code; then sign in with what is left")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::RecoveryRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let steps = OTP_STEPS.into_iter().chain([(Purpose::SignInLast, SecondFactor::Signature)]);
        let minutes = cx.policy().session.sign_in_minutes;
        let Opened { token, over_at, means: asked } = open(cx, &input.sign_in_id, steps, minutes, Code::RecoveryRefused)?;
        let owner = token.owner;
        let auth = prove(cx, &owner, Secrets::EMERGENCY, Given::EmergencyCode(&input.emergency_code), Code::RecoveryRefused).await?;
        let lost = |kind: CredentialKind| SecondFactor::of(kind) == asked && kind.level() > Level::L1;
        let suspended: Vec<CredentialKind> = auth.active_credentials(cx.now).map(|(kind, _)| kind).filter(|kind| lost(*kind)).collect();
        if auth.password.version != token.version || suspended.is_empty() {
            // The code was right, and stays good.
            let mut commit = Commit::new();
            commit.update_auth(Commit::auth(&owner).clear_recovery_tries(), Code::RecoveryRefused);
            return Err(Failure::with(Code::RecoveryRefused, commit));
        }
        let (mut after, mut commit) = (auth.clone(), Commit::new());
        for kind in &suspended {
            after = changed(&after, *kind, |dates| dates.suspend(cx.now)).map_err(|_| Code::RecoveryRefused)?;
            tell(cx, &owner, &auth, &mut commit, (*kind, CredentialChange::Lost))?;
        }
        let update = write(Commit::auth(&owner).version(auth.version).same_password(token.version), &auth, &after).end_sessions();
        let update = use_up(cx, &owner, &auth, update, &mut commit, Code::RecoveryRefused)?;
        commit.update_auth(update, Code::RecoveryRefused);
        commit.use_once(&owner, &token.nonce(), over_at, Code::RecoveryRefused);
        Ok(Reply::after(commit, Output { suspended }))
    }
}
