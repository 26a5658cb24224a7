//! POST /v1/selfcare/sign-ins/{signInId}/signature: level 3 by a signature over the sign-in's challenge, with a card or remotely (rules 18, 43).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::last_step::{GRANTS, PROBLEMS, finish};
use crate::level_three::Signature;
use crate::sign_in::Next;

/// Signs in by a signature.
pub struct SignInSignature;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The sign-in, as its last step named it.
    sign_in_id: Secret,
    /// The challenge, signed: CAdES-BES in DER, attached or detached.
    signature: Signature,
    /// The token that an earlier sign-in gave this device.
    #[serde(default)]
    device_token: Option<Secret>,
}

impl Operation for SignInSignature {
    const SPEC: Spec = Spec::create("selfcare.sign-in.signature", "/v1/selfcare/sign-ins/{signInId}/signature")
        .summary("Finish a sign-in with level 3 by a signature over its challenge")
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
        finish(cx, &input.sign_in_id, Some(&input.signature), &kinds, input.device_token.as_ref()).await
    }
}
