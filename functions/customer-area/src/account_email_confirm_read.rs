//! GET /v1/customer/account/emails/{token}: what confirming the link of a new address would do; changes nothing (rule 59).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::account_email_confirm::pending;

/// Reads the link.
pub struct AccountEmailConfirmRead;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The last part of the link.
    token: Secret,
}

/// What confirming would do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Always `change-email`.
    action: &'static str,
    /// The address, masked.
    email: String,
    /// When the link is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for AccountEmailConfirmRead {
    const SPEC: Spec = Spec::get("customer.account.email.confirm.read", "/v1/customer/account/emails/{token}")
        .summary("Say what confirming the link of a new address would do")
        .limit(Limit::GUARDED)
        .grants(&[grant(Table::Orders, Action::Query)])
        .problems(&[Code::LinkNotValid]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let (link, _, email) = pending(cx, &input.token).await?;
        Ok(Reply::of(Output { action: "change-email", email: email.masked(), expires_at: link.over_at }))
    }
}
