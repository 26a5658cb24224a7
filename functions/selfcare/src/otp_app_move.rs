//! POST /v1/selfcare/credentials/otp-app/move: begins to enrol the OTP app on another phone, for who lost the one before: password and emergency code (rule 41).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_contract::username::Username;
use sportello_rules::identity::Status;
use sportello_runtime::access::Anyone;
use sportello_runtime::otp_app::App;
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;

use crate::enrolment::begin;
use crate::recovery::{Given, prove};

/// Begins to move the app.
pub struct OtpAppMove;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Username.
    username: Username,
    /// Password.
    password: Secret,
    /// The emergency code; blanks, hyphens and case do not count. It is used up by the first code of the new app.
    emergency_code: Secret,
}

impl Operation for OtpAppMove {
    const SPEC: Spec = Spec::create("selfcare.otp-app.move", "/v1/selfcare/credentials/otp-app/move")
        .summary("Begin to enrol the OTP app on another phone by password and emergency code")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .grants(&[
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Identities, Action::GetItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::RecoveryRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = App;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<App>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Holder, &input.username.0);
        let secrets = Secrets::PASSWORD_AND_EMERGENCY;
        // Both are always looked at, so that neither the answer nor its time tells which of them was wrong.
        let proved = prove(cx, &owner, secrets, Given::EmergencyCode(&input.emergency_code), Code::RecoveryRefused).await;
        let auth = match proved {
            Ok(auth) => auth,
            Err(failure) => {
                cx.hasher().pretend(input.password.expose()).await?;
                return Err(failure);
            }
        };
        let right = cx.hasher().matches(input.password.expose(), &auth.salt, &auth.password).await?;
        // A lock is none of the holder's doing, and this is the way out of one: the two proofs were right.
        let blocked = auth.state.at(cx.now, auth.requirements(), &cx.policy().identity).status() == Status::Suspended;
        // What is moved must be there: an app that was revoked is enrolled anew by somebody who is signed in. Whoever has blocked the identity keeps it so.
        if !right || auth.totp.is_none() || blocked {
            return Err(Failure::with(Code::RecoveryRefused, throttle::after_failure(cx, &owner, &auth, secrets, Code::RecoveryRefused)?));
        }
        let sealed = cx.store.profile(&owner).await?.ok_or(Code::RecoveryRefused)?;
        let profile = Profile::open(cx, &owner, &sealed)?;
        let update = Commit::auth(&owner).version(auth.version).same_password(auth.password.version).clear_password_tries().clear_recovery_tries();
        let (update, output) = begin(cx, &owner, &auth, &profile, true, update)?;
        let mut commit = Commit::new();
        commit.update_auth(update, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, output))
    }
}
