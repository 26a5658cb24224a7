//! GET /v1/selfcare/unlocks/{token}: what confirming the unlocking link would do; changes nothing (rule 21).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::unlock_by_link::unlocking;

/// Reads the link.
pub struct UnlockByLinkRead;

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
    /// What it opens again: `unlock-sign-in` or `unlock-recovery`.
    action: &'static str,
    /// When the link is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for UnlockByLinkRead {
    const SPEC: Spec = Spec::get("selfcare.unlock.by-link.read", "/v1/selfcare/unlocks/{token}")
        .summary("Say what confirming the unlocking link would do")
        .limit(Limit::GUARDED)
        .grants(&[grant(Table::Identities, Action::Query)])
        .problems(&[Code::LinkNotValid]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let (link, _, what) = unlocking(cx, &input.token).await?;
        let action = if what == Purpose::Unlock { "unlock-sign-in" } else { "unlock-recovery" };
        Ok(Reply::of(Output { action, expires_at: link.over_at }))
    }
}
