//! POST /v1/selfcare/credentials/{credential}/suspension: the holder suspends one credential (rule 44).

use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::credential::Dates;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::confirmation::GRANTS;
use crate::credentials::{Change, Input, change};
use crate::second_factor::Codes;

/// Suspends a credential.
pub struct CredentialSuspend;

impl Operation for CredentialSuspend {
    const SPEC: Spec = Spec::post("selfcare.credential.suspend", "/v1/selfcare/credentials/{credential}/suspension")
        .summary("Suspend one credential; ends every session and tells by mail")
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
        let what = Change { operation: Self::SPEC.id, kind, dates: Dates::suspend, told: CredentialChange::Suspended };
        let factor = holder.records.auth.otp_factor(cx.now);
        change(cx, &holder, what, factor, Codes::one(input.code.as_ref()), input.password.as_ref()).await
    }
}
