//! POST /v1/selfcare/credentials/{credential}/revocation: the holder revokes one credential for good (rules 36, 44).

use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::credential::Dates;
use sportello_rules::identity::Status;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::confirmation::GRANTS_SHOWN;
use crate::credentials::{Change, Input, change, guard};
use crate::second_factor::Codes;

/// Revokes a credential.
pub struct CredentialRevoke;

impl Operation for CredentialRevoke {
    const SPEC: Spec = Spec::post("selfcare.credential.revoke", "/v1/selfcare/credentials/{credential}/revocation")
        .summary("Revoke one credential for good; ends every session and tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(GRANTS_SHOWN)
        .statuses(&[Status::ToActivate, Status::Active])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::NotFound, Code::CredentialState, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let kind = CredentialKind::from(input.credential);
        guard(cx, &holder.records.auth)?;
        let what = Change { operation: Self::SPEC.id, kind, dates: Dates::revoke, told: CredentialChange::Revoked };
        let factor = holder.records.auth.otp_factor(cx.now);
        change(cx, &holder, what, factor, Codes::one(input.code.as_ref()), input.password.as_ref()).await
    }
}
