//! POST /v1/selfcare/password/generate: a random password that passes every rule (rule 14); changes nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::password::generate::generate;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply, entropy};

/// Generates a password.
pub struct PasswordGenerate;

/// Input of the operation: an empty object.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// A generated password.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The password; it is shown this once and kept nowhere.
    password: Secret,
}

impl Operation for PasswordGenerate {
    const SPEC: Spec = Spec::post("selfcare.password.generate", "/v1/selfcare/password/generate")
        .summary("Generate a password that passes every rule, without changing anything")
        .limit(Limit::ORDINARY);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, _: Input) -> Result<Reply<Output>, Failure> {
        let profile = Profile::open(cx, &holder.owner, &holder.records.profile)?;
        let mut dry = None;
        let mut next = || match entropy::bytes(cx.entropy()) {
            Ok(word) => u64::from_le_bytes(word),
            Err(error) => {
                dry = Some(error);
                0
            }
        };
        let password = generate(&profile.password_facts(), &cx.policy().password, &mut next);
        match dry {
            // A password from no entropy would be guessable.
            Some(error) => Err(error.into()),
            None => Ok(Reply::of(Output { password: Secret::new(password) })),
        }
    }
}
