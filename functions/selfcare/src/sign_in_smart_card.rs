//! POST /v1/selfcare/sign-ins/{signInId}/smart-card: level 3 by the certificate of the connection, which a card has made (rules 18, 43).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::last_step::{GRANTS, PROBLEMS, finish};
use crate::sign_in::Next;

/// Signs in by a card.
pub struct SignInSmartCard;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The sign-in, as its last step named it.
    sign_in_id: Secret,
    /// The token that an earlier sign-in gave this device.
    #[serde(default)]
    device_token: Option<Secret>,
}

impl Operation for SignInSmartCard {
    const SPEC: Spec = Spec::create("selfcare.sign-in.smart-card", "/v1/selfcare/sign-ins/{signInId}/smart-card")
        .summary("Finish a sign-in with level 3 by the card's certificate of a mutual-TLS connection")
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
        finish(cx, &input.sign_in_id, None, &[CredentialKind::SmartCard], input.device_token.as_ref()).await
    }
}
