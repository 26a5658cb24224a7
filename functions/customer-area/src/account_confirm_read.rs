//! GET /v1/customer/account/confirmations/{token}: for which address the link of a registration opens an account; changes nothing (rule 59).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::registration::Registration;
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Reads the link.
pub struct AccountConfirmRead;

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
    /// Always `open-account`.
    action: &'static str,
    /// The address, which becomes the username.
    email: String,
    /// Fewest characters of a password.
    password_min_length: u32,
    /// When the link is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for AccountConfirmRead {
    const SPEC: Spec = Spec::get("customer.account.confirm.read", "/v1/customer/account/confirmations/{token}")
        .summary("Say for which address the link of a registration opens an account")
        .limit(Limit::GUARDED)
        .grants(&[grant(Table::Orders, Action::GetItem)])
        .problems(&[Code::LinkNotValid]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let registration = Registration::of_link(cx, &input.token)?;
        // Good once: an account that is there was opened by it, or by another one.
        if cx.store.profile(&registration.owner(cx)).await?.is_some() {
            return Err(Code::LinkNotValid.into());
        }
        let (email, expires_at) = (registration.email.expose().to_owned(), registration.over_at(cx));
        Ok(Reply::of(Output { action: "open-account", email, password_min_length: cx.policy().account.password_min_length, expires_at }))
    }
}
