//! PUT /v1/selfcare/password: replaces the holder's password (rules 5-17).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::otp::totp_step;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::{Profile, open_totp};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::record::AuthRecord;

use crate::new_password;
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
        .problems(&[Code::ProofRefused, Code::PasswordExpired, Code::PasswordRefused, Code::ConfirmationMismatch]);
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
        if records.auth.totp.is_some() && input.code.is_none() {
            return Err(Problem::from(Code::MissingField).field("code").into());
        }
        // These rules need no secret: refusing here costs the holder no code.
        new_password::check(cx, &Profile::open(cx, owner, &records.profile)?, &input.new)?;
        let secrets = if records.auth.totp.is_some() { Secrets::BOTH } else { Secrets::PASSWORD };
        let Some(auth) = throttle::charge::<AuthRecord>(cx, owner, secrets).await? else {
            cx.hasher().pretend(input.current.expose()).await?;
            return Err(Code::ProofRefused.into());
        };
        let right = cx.hasher().matches(input.current.expose(), &auth.salt, &auth.password).await?;
        let step = match (open_totp(cx.keys(), owner, &auth)?, &input.code) {
            (None, _) => Some(None),
            (Some(_), None) => None,
            (Some(secret), Some(code)) => totp_step(&secret, code.expose(), cx.now, auth.totp_step, &cx.policy().totp)
                .map_err(|error| Failure::fault(error.to_string()))?
                .map(Some),
        };
        let (true, Some(step)) = (right, step) else {
            return Err(Failure::with(Code::ProofRefused, throttle::after_failure(cx, owner, &auth, secrets)?));
        };
        let mut update = Commit::auth(owner);
        if let Some(step) = step {
            update = update.consume_step(step);
        }
        let Some(accepted) = new_password::accept(cx, records, &input.new).await? else {
            // The proof was good and is used up all the same: a code is never good twice (rule 22).
            let mut commit = Commit::new();
            commit.update_auth(update.clear_password_tries().clear_otp_tries(), Code::ProofRefused);
            return Err(Failure::with(new_password::used_recently(cx), commit));
        };
        Ok(Reply::after(new_password::commit(cx, owner, records, &accepted, update, false)?, ()))
    }
}
