//! POST /v1/customer/sessions: a customer signs in to the customer area, apart from SPID (rules 21, 59).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::username::Username;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply, session, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::{AccountRecord, StoredPassword};

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
        .problems(&[Code::SignInRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let owner = cx.keys().owner(OwnerKind::Customer, &input.username.0);
        let account: AccountRecord = throttle::charge_password(cx, &owner, Secrets::PASSWORD, &input.password, Code::SignInRefused).await?;
        if !cx.hasher().matches(input.password.expose(), &account.salt, &account.password).await? {
            return Err(Failure::with(Code::SignInRefused, throttle::after_failure(cx, &owner, &account, Secrets::PASSWORD, Code::SignInRefused)?));
        }
        let mut update = Commit::auth(&owner).clear_password_tries().same_password(account.password.version).same_epoch(account.epoch);
        let scheme = cx.hasher().scheme();
        if account.password.scheme != scheme {
            let digest = cx.hasher().digest(input.password.expose(), &account.salt, &scheme).await?;
            update = update.password(&StoredPassword { digest, scheme, ..account.password.clone() });
        }
        let opening = session::open(cx, &owner, account.epoch, None)?;
        let mut commit = Commit::new();
        commit.update_auth(update, Code::SignInRefused);
        commit.open_session(&owner, &opening.record);
        let output = Output { token: Secret::new(opening.token), session_id: opening.record.id().to_owned(), expires_at: opening.record.expires_at };
        Ok(Reply::after(commit, output))
    }
}
