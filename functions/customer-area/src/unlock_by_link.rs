//! POST /v1/customer/unlocks/{token}: confirms the unlocking link of a mail: signing in is possible again (rule 21).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::Anyone;
use sportello_runtime::link;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

/// Confirms the link.
pub struct UnlockByLink;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The last part of the link.
    token: Secret,
}

impl Operation for UnlockByLink {
    const SPEC: Spec = Spec::post("customer.unlock.by-link", "/v1/customer/unlocks/{token}")
        .summary("Confirm the unlocking link: signing in is possible again")
        .nothing()
        .limit(Limit::GUARDED)
        .idempotent()
        .grants(&[
            grant(Table::Orders, Action::Query),
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Orders, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::LinkNotValid, Code::TooManyRequests]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let (link, records) = link::customer(cx, &input.token, Purpose::Unlock).await?;
        let owner = link.owner();
        let mut commit = Commit::new();
        link::unlock(cx, &mut commit, &link, &records.used)?;
        commit.update_auth(Commit::auth(&owner).version(records.account.version).clear_password_tries().clear_otp_tries(), Code::ChangedMeanwhile);
        let notice = Notice::SignInUnlocked { at: cx.now };
        commit.notice(&format!("{}#{}", notice.kind(), link.nonce()), &owner, notice.to_json()?, cx.now, Code::LinkNotValid);
        Ok(Reply::after(commit, ()))
    }
}
