//! PUT /v1/selfcare/password: replaces the holder's password (rules 5-17).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::{AuthRecord, SecondFactor};

use crate::new_password::{self, Told};
use crate::second_factor::{Codes, charged, prove_factor};
use crate::sign_in::is_expired;

/// Changes the password.
pub struct PasswordChange;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The password in use.
    current: Secret,
    /// The new password.
    new: Secret,
    /// The new password again.
    confirmation: Secret,
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    code: Option<Secret>,
}

impl Operation for PasswordChange {
    const SPEC: Spec = Spec::put("selfcare.password.change", "/v1/selfcare/password")
        .summary("Change the password; ends every session and tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .grants(&[grant(Table::Identities, Action::UpdateItem), grant(Table::Identities, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::ProofRefused, Code::PasswordExpired, Code::PasswordRefused, Code::ConfirmationMismatch, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let (owner, records) = (&holder.owner, &holder.records);
        if input.new != input.confirmation {
            return Err(Problem::from(Code::ConfirmationMismatch).field("confirmation").into());
        }
        if is_expired(cx, &records.auth) {
            return Err(Code::PasswordExpired.into());
        }
        crate::credentials::guard(cx, &records.auth)?;
        let factor = records.auth.otp_factor(cx.now);
        let needs_code = factor != SecondFactor::None;
        if needs_code && input.code.is_none() {
            return Err(Problem::from(Code::MissingField).field("code").into());
        }
        // These rules need no secret: refusing here costs the holder no code.
        new_password::check(cx, &Profile::open(cx, owner, &records.profile)?, &input.new)?;
        let secrets = if needs_code { charged(factor, Self::SPEC.id, Secrets::BOTH) } else { Secrets::PASSWORD };
        let auth: AuthRecord = throttle::charge_password(cx, owner, secrets, &input.current, Code::ProofRefused).await?;
        let right = cx.hasher().matches(input.current.expose(), &auth.salt, &auth.password).await?;
        let factor = auth.otp_factor(cx.now);
        let proof = prove_factor(cx, owner, &auth, factor, (Self::SPEC.id, ""), Codes::one(input.code.as_ref()))?;
        let (true, Some(proof)) = (right, proof) else {
            return Err(Failure::with(Code::ProofRefused, throttle::after_failure(cx, owner, &auth, secrets, Code::ProofRefused)?));
        };
        let update = proof.consume(Commit::auth(owner));
        let Some(accepted) = new_password::accept(cx, records, &input.new).await? else {
            // The proof was good and is used up all the same: a code is never good twice (rule 22).
            let mut commit = Commit::new();
            commit.update_auth(update.clear_password_tries().clear_otp_tries(), Code::ProofRefused);
            return Err(Failure::with(new_password::used_recently(cx), commit));
        };
        Ok(Reply::after(new_password::commit(cx, owner, records, &accepted, update, Told::Changed)?, ()))
    }
}
