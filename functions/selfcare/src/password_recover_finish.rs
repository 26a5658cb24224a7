//! POST /v1/selfcare/password-recoveries/{recoveryId}: sets the password that was forgotten; ends every session and tells every contact (rules 12, 17, 26).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{Channel, Notice};
use sportello_runtime::access::Anyone;
use sportello_runtime::profile::Profile;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply, codes};
use sportello_store::commit::Commit;

use crate::new_password::{self, Told};
use crate::recovery::use_up;
use crate::steps::{Opened, open};

/// Finishes a password's recovery.
pub struct PasswordRecoverFinish;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The recovery, as the step of its code named it.
    recovery_id: Secret,
    /// The new password.
    new: Secret,
    /// The new password again.
    confirmation: Secret,
}

impl Operation for PasswordRecoverFinish {
    const SPEC: Spec = Spec::post("selfcare.password.recover.finish", "/v1/selfcare/password-recoveries/{recoveryId}")
        .summary("Set the new password; ends every session and tells every contact")
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
        let steps = [Purpose::RecoveryLast, Purpose::RecoveryLastByAnswer].map(|purpose| (purpose, purpose));
        let minutes = cx.policy().recovery.step_minutes;
        let Opened { token, means: purpose, .. } = open(cx, &input.recovery_id, steps, minutes, Code::LinkNotValid)?;
        if input.new != input.confirmation {
            return Err(Problem::from(Code::ConfirmationMismatch).field("confirmation").into());
        }
        let owner = token.owner;
        let records = cx.store.holder(&owner).await?.ok_or(Code::LinkNotValid)?;
        let auth = &records.auth;
        // The epoch makes the token single-use, and ends it with whatever ends the sessions. A lock does not: this is the way out of one (rule 21).
        if auth.epoch_mark() != token.version || !auth.state.may_sign_in() {
            return Err(Code::LinkNotValid.into());
        }
        let profile = Profile::open(cx, &owner, &records.profile)?;
        new_password::check(cx, &profile, &input.new)?;
        new_password::count(cx, &token).await?;
        let accepted = new_password::accept(cx, &records, &input.new).await?.ok_or_else(|| new_password::used_recently(cx))?;
        let (mut commit, mut update) = (Commit::new(), Commit::auth(&owner));
        if purpose == Purpose::RecoveryLast {
            // Good once: who gives up before this step keeps the code, and whoever has used it meanwhile has ended this recovery.
            update = use_up(cx, &owner, auth, update, &mut commit, Code::LinkNotValid)?;
        }
        commit.extend(new_password::commit(cx, &owner, &records, &accepted, update, Told::Recovered)?);
        if codes::mobile(&profile, &cx.policy().code).is_some() {
            let notice = Notice::PasswordRecovered { at: cx.now, channel: Channel::Sms };
            let id = format!("{}#{}#{}#sms", notice.kind(), owner.pk(), auth.password.version);
            commit.notice(&id, &owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        }
        Ok(Reply::after(commit, ()))
    }
}
