//! PUT /v1/customer/account/password: changes the account's password; ends every session and tells by mail (rule 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::account_password::{check, confirmed, next};
use crate::account_proof::{Proved, prove};

/// Changes the password.
pub struct AccountPasswordChange;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The present password.
    current: Secret,
    /// The new password: as long as the policy asks for, fifteen characters where it says nothing else, and nothing that is expected.
    new: Secret,
    /// The new password again.
    confirmation: Secret,
    /// A code of the app, or a recovery code; needed where the account has an app.
    #[serde(default)]
    code: Option<Secret>,
}

impl Operation for AccountPasswordChange {
    const SPEC: Spec = Spec::put("customer.account.password.change", "/v1/customer/account/password")
        .summary("Change the account's password; ends every session and tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::PasswordRefused, Code::ConfirmationMismatch, Code::ProofRefused, Code::CodeRequired, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        confirmed(&input.new, &input.confirmation)?;
        let owner = &customer.owner;
        let profile = Profile::open(cx, owner, &customer.records.profile)?;
        check(cx, &profile, &input.new)?;
        let Proved { account, update, mut commit } = prove(cx, owner, &input.current, input.code.as_ref(), Code::ProofRefused).await?;
        let stored = next(cx, &account, &input.new).await?;
        let update = update.version(account.version).password(&stored).end_account_sessions();
        commit.update_auth(update, Code::ChangedMeanwhile);
        let notice = Notice::AccountPasswordChanged { at: cx.now, recovered: false };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), stored.version);
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}
