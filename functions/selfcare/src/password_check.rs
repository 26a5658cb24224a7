//! POST /v1/selfcare/password/check: which rules a password would break, while it is typed (rule 13); changes nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Violation;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::password::violations;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::new_password::explain;

/// Checks a password.
pub struct PasswordCheck;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The password being typed.
    password: Secret,
}

/// What the check found.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whether no rule is broken, as far as can be told without the history.
    acceptable: bool,
    /// Every broken rule. Whether it was used before is told by the change only: a check without limit would let a stolen session guess.
    violations: Vec<Violation>,
}

impl Operation for PasswordCheck {
    const SPEC: Spec = Spec::post("selfcare.password.check", "/v1/selfcare/password/check")
        .summary("Say which rules a password would break, without changing anything")
        .limit(Limit::ORDINARY);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        let profile = Profile::open(cx, &holder.owner, &holder.records.profile)?;
        let broken = violations(input.password.expose(), &profile.password_facts(), &cx.policy().password);
        Ok(Reply::of(Output { acceptable: broken.is_empty(), violations: explain(&broken, cx.language) }))
    }
}
