//! POST /v1/selfcare/credentials/{credential}/suspension: the holder suspends one credential (rule 44).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::confirmation::{self, GRANTS, confirm_about, word};
use crate::credentials::{Separate, changed, commit};

/// Suspends a credential.
pub struct CredentialSuspend;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Which credential.
    credential: Separate,
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    code: Option<Secret>,
    /// The password; needed where no second factor is active.
    #[serde(default)]
    password: Option<Secret>,
}

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
        // What cannot be done needs no proof: no try is charged for it.
        changed(&holder.records.auth, kind, |dates| dates.suspend(cx.now))?;
        let proof = confirmation::Input { code: input.code, password: input.password };
        let confirmed = confirm_about(cx, &holder, (Self::SPEC.id, &word(kind)), &proof).await?;
        let after = changed(&confirmed.auth, kind, |dates| dates.suspend(cx.now))?;
        // Sessions that this credential opened end with it.
        let update = confirmed.update.end_sessions();
        let commit = commit(cx, &holder.owner, &holder.records, (&confirmed.auth, &after), update, (kind, CredentialChange::Suspended))?;
        Ok(Reply::after(commit, ()))
    }
}
