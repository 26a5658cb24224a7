//! POST /v1/selfcare/blocks/{token}: confirms the "it wasn't me" link: suspends the identity and ends every session (rules 32, 40).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::identity::{Status, SuspensionReason};
use sportello_runtime::access::Anyone;
use sportello_runtime::link;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::blocking::{Blocked, block};

/// Confirms the link.
pub struct BlockByLink;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The last part of the link.
    token: Secret,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The identity's status now.
    #[schemars(with = "String", extend("enum" = ["to-activate", "suspended"]))]
    status: Status,
    /// When the suspension ends by itself, if the requirements are met then (rule 33).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    ends_at: Option<Timestamp>,
}

impl Operation for BlockByLink {
    const SPEC: Spec = Spec::post("selfcare.block.by-link", "/v1/selfcare/blocks/{token}")
        .summary("Confirm the \"it wasn't me\" link: suspend the identity and end every session")
        .limit(Limit::GUARDED)
        .idempotent()
        .grants(&[
            grant(Table::Identities, Action::Query),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::LinkNotValid]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let (link, records) = link::holder(cx, &input.token, Purpose::Block).await?;
        let owner = link.owner();
        let mut commit = Commit::new();
        commit.use_once(&owner, &link.nonce(), link.over_at, Code::LinkNotValid);
        let update = Commit::auth(&owner).version(records.auth.version);
        let Blocked { state, commit: blocking } = block(cx, &owner, &records, update, &link.nonce(), Code::LinkNotValid)?;
        commit.extend(blocking);
        let ends_at = state.suspension_ends(SuspensionReason::Holder, &cx.policy().identity);
        Ok(Reply::after(commit, Output { status: state.status(), ends_at }))
    }
}
