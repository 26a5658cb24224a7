//! GET /v1/selfcare/blocks/{token}: what confirming the "it wasn't me" link would do; changes nothing (rule 40).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::link;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Reads the link.
pub struct BlockByLinkRead;

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
    /// Always `suspend-identity`.
    action: &'static str,
    /// When the link is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for BlockByLinkRead {
    const SPEC: Spec = Spec::get("selfcare.block.by-link.read", "/v1/selfcare/blocks/{token}")
        .summary("Say what confirming the \"it wasn't me\" link would do")
        .limit(Limit::GUARDED)
        .grants(&[grant(Table::Identities, Action::Query)])
        .problems(&[Code::LinkNotValid]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let (link, _) = link::holder(cx, &input.token, Purpose::Block).await?;
        Ok(Reply::of(Output { action: "suspend-identity", expires_at: link.over_at }))
    }
}
