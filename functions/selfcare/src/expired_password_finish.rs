//! POST /v1/selfcare/expired-password/{resetId}: sets the password that replaces an expired one (rule 15); opens no session.

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::throttle::Gate;
use sportello_runtime::access::Anyone;
use sportello_runtime::profile::Profile;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::new_password::{self, Told};
use crate::steps::{Opened, open};

/// Finishes the expired-password procedure.
pub struct ExpiredPasswordFinish;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The procedure, as its start named it.
    reset_id: Secret,
    /// The new password.
    new: Secret,
    /// The new password again.
    confirmation: Secret,
}

impl Operation for ExpiredPasswordFinish {
    const SPEC: Spec = Spec::post("selfcare.expired-password.finish", "/v1/selfcare/expired-password/{resetId}")
        .summary("Set the password that replaces an expired one")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Identities, Action::Query),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::LinkNotValid, Code::PasswordRefused, Code::ConfirmationMismatch]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let minutes = cx.policy().session.expired_password_minutes;
        let Opened { token, .. } = open(cx, &input.reset_id, [(Purpose::ExpiredPassword, ())], minutes, Code::LinkNotValid)?;
        if input.new != input.confirmation {
            return Err(Problem::from(Code::ConfirmationMismatch).field("confirmation").into());
        }
        let owner = token.owner;
        let records = cx.store.holder(&owner).await?.ok_or(Code::LinkNotValid)?;
        let auth = &records.auth;
        // The epoch makes the token single-use, and ends it with whatever ends the sessions; a lock or a revocation that came meanwhile ends it (rules 19, 21).
        let locked = [auth.password_throttle(), auth.otp_throttle()].iter().any(|tries| tries.gate(&cx.policy().throttle, cx.now) != Gate::Open);
        if auth.epoch_mark() != token.version || locked || !auth.state.may_sign_in() {
            return Err(Code::LinkNotValid.into());
        }
        new_password::check(cx, &Profile::open(cx, &owner, &records.profile)?, &input.new)?;
        new_password::count(cx, &token).await?;
        let accepted = new_password::accept(cx, &records, &input.new).await?.ok_or_else(|| new_password::used_recently(cx))?;
        Ok(Reply::after(new_password::commit(cx, &owner, &records, &accepted, Commit::auth(&owner), Told::Replaced)?, ()))
    }
}
