//! GET /v1/customer/account/recoveries/{token}: whether the link of a forgotten password is good, and what it asks for; changes nothing (rule 59).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::account_recover_finish::opened;

/// Reads the link.
pub struct AccountRecoverRead;

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
    /// Always `set-password`.
    action: &'static str,
    /// Whether a code of the app, or a recovery code, is needed too.
    code_needed: bool,
    /// Fewest characters of a password.
    password_min_length: u32,
    /// When the link is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for AccountRecoverRead {
    const SPEC: Spec = Spec::get("customer.account.recover.read", "/v1/customer/account/recoveries/{token}")
        .summary("Say whether the link of a forgotten password is good, and what it asks for")
        .limit(Limit::GUARDED)
        .grants(&[grant(Table::Orders, Action::Query)])
        .problems(&[Code::LinkNotValid]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let (link, records) = opened(cx, &input.token).await?;
        Ok(Reply::of(Output {
            action: "set-password",
            code_needed: records.account.totp.is_some(),
            password_min_length: cx.policy().account.password_min_length,
            expires_at: link.over_at,
        }))
    }
}
