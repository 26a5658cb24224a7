//! POST /v1/selfcare/expired-password/{resetId}/smart-card: level 3 of the expired-password procedure by the certificate of the connection, which a card has made (rules 15, 43).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::expired_password::{Next, PROBLEMS, finish_last};
use crate::last_step::GRANTS;

/// Proves level 3 of the procedure by a card.
pub struct ExpiredPasswordSmartCard;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The procedure, as its start named it.
    reset_id: Secret,
}

impl Operation for ExpiredPasswordSmartCard {
    const SPEC: Spec = Spec::create("selfcare.expired-password.smart-card", "/v1/selfcare/expired-password/{resetId}/smart-card")
        .summary("Prove level 3 by the card's certificate of a mutual-TLS connection, to replace an expired password")
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
        finish_last(cx, &input.reset_id, None, &[CredentialKind::SmartCard]).await
    }
}
