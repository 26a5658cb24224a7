//! POST /v1/customer/sessions: a customer signs in to the customer area, apart from SPID (rules 21, 59).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::username::Username;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply, session};
use sportello_store::key::OwnerKind;
use sportello_store::record::StoredPassword;

use crate::account_proof::{Proved, prove};

/// Opens a session.
pub struct SessionOpen;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Username of the account.
    username: Username,
    /// Password of the account.
    password: Secret,
    /// A code of the app, or a recovery code; needed where the account has an app, which `code-required` tells.
    #[serde(default)]
    code: Option<Secret>,
}

/// An open session.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Bearer token; it is shown this once.
    token: Secret,
    /// Public id of the session.
    session_id: String,
    /// When the session is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for SessionOpen {
    const SPEC: Spec = Spec::create("customer.session.open", "/v1/customer/sessions")
        .summary("Sign in to the customer area")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Orders, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::SignInRefused, Code::CodeRequired]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Customer, &input.username.0);
        let Proved { account, mut update, mut commit } = prove(cx, &owner, &input.password, input.code.as_ref(), Code::SignInRefused).await?;
        let scheme = cx.hasher().scheme();
        if account.password.scheme != scheme {
            let digest = cx.hasher().digest(input.password.expose(), &account.salt, &scheme).await?;
            update = update.password(&StoredPassword { digest, scheme, ..account.password.clone() });
        }
        let opening = session::open(cx, &owner, account.epoch, None)?;
        commit.update_auth(update, Code::SignInRefused);
        commit.open_session(&owner, &opening.record);
        let output = Output { token: Secret::new(opening.token), session_id: opening.record.id().to_owned(), expires_at: opening.record.expires_at };
        Ok(Reply::after(commit, output))
    }
}
