//! POST /v1/selfcare/credentials/{credential}/reactivation: the holder takes a suspended credential into use again (rule 44).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::credential::Dates;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::record::SecondFactor;

use crate::confirmation::GRANTS;
use crate::credentials::{Change, Separate, change};
use crate::second_factor::Codes;

/// Reactivates a credential.
pub struct CredentialReactivate;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Which credential.
    credential: Separate,
    /// A code of this credential, where it gives codes; otherwise one of the active second factor, where one is active.
    #[serde(default)]
    code: Option<Secret>,
    /// The code that a token shows next, where one alone is refused since its button was pressed idly or its clock went wrong: two in a row find it again.
    #[serde(default)]
    next_code: Option<Secret>,
    /// The password; needed where neither is.
    #[serde(default)]
    password: Option<Secret>,
}

impl Operation for CredentialReactivate {
    const SPEC: Spec = Spec::post("selfcare.credential.reactivate", "/v1/selfcare/credentials/{credential}/reactivation")
        .summary("Take a suspended credential into use again, by a code of it; ends every session and tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(GRANTS)
        .problems(&[Code::MissingField, Code::ProofRefused, Code::NotFound, Code::CredentialState]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let kind = CredentialKind::from(input.credential);
        // A code of the credential itself shows that it is at hand again; for a card or a signature the active factor confirms.
        let factor = match SecondFactor::of(kind) {
            SecondFactor::Signature => holder.records.auth.otp_factor(cx.now),
            own => own,
        };
        let codes = Codes::in_a_row(input.code.as_ref(), input.next_code.as_ref());
        let what = Change { operation: Self::SPEC.id, kind, dates: Dates::reactivate, told: CredentialChange::Reactivated };
        change(cx, &holder, what, factor, codes, input.password.as_ref()).await
    }
}
