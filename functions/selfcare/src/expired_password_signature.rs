//! POST /v1/selfcare/expired-password/{resetId}/signature: level 3 of the expired-password procedure by a signature over its challenge, with a card or remotely (rules 15, 43).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::expired_password::{Next, PROBLEMS, finish_last};
use crate::last_step::GRANTS;
use crate::level_three::Signature;

/// Proves level 3 of the procedure by a signature.
pub struct ExpiredPasswordSignature;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The procedure, as its start named it.
    reset_id: Secret,
    /// The challenge, signed: CAdES-BES in DER, attached or detached.
    signature: Signature,
}

impl Operation for ExpiredPasswordSignature {
    const SPEC: Spec = Spec::create("selfcare.expired-password.signature", "/v1/selfcare/expired-password/{resetId}/signature")
        .summary("Prove level 3 by a signature over the challenge, to replace an expired password")
        .limit(Limit::GUARDED)
        .charges()
        .authorities()
        .idempotent()
        .grants(GRANTS)
        .problems(PROBLEMS);
    type Auth = Anyone;
    type Input = Input;
    type Output = Next;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Next>, Failure> {
        let kinds = [CredentialKind::RemoteSignature, CredentialKind::SmartCard];
        finish_last(cx, &input.reset_id, Some(&input.signature), &kinds).await
    }
}
