//! POST /v1/customer/account/otp-app/removal: the account asks for no code any more (rule 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{AccountOtpChange, Notice};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::account_proof::{Proved, prove};

/// Switches the app off.
pub struct AccountOtpRemove;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The password.
    password: Secret,
    /// A code of the app, or a recovery code.
    code: Secret,
}

impl Operation for AccountOtpRemove {
    const SPEC: Spec = Spec::post("customer.account.otp.remove", "/v1/customer/account/otp-app/removal")
        .summary("Switch the app off, by password and code; ends every session and tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::ProofRefused, Code::CredentialState, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        let owner = &customer.owner;
        if customer.records.account.totp.is_none() {
            return Err(Code::CredentialState.into());
        }
        let Proved { account, update, mut commit } = prove(cx, owner, &input.password, Some(&input.code), Code::ProofRefused).await?;
        // The recovery codes that are left stand for nothing without an app, and the next one brings others.
        commit.update_auth(update.version(account.version).totp(None).end_account_sessions(), Code::ChangedMeanwhile);
        let notice = Notice::AccountOtpChanged { at: cx.now, change: AccountOtpChange::Removed };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), account.version);
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}
