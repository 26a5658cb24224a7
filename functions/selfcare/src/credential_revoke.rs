//! POST /v1/selfcare/credentials/{credential}/revocation: the holder revokes one credential for good (rules 36, 44).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::CredentialChange;
use sportello_rules::identity::Status;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::confirmation::{self, GRANTS_SHOWN, confirm_about, word};
use crate::credentials::{Separate, changed, commit, guard};

/// Revokes a credential.
pub struct CredentialRevoke;

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
        // What cannot be done needs no proof: no try is charged for it.
        changed(&holder.records.auth, kind, |dates| dates.revoke(cx.now))?;
        let proof = confirmation::Input { code: input.code, password: input.password };
        let confirmed = confirm_about(cx, &holder, (Self::SPEC.id, &word(kind)), &proof).await?;
        let after = changed(&confirmed.auth, kind, |dates| dates.revoke(cx.now))?;
        // Sessions that this credential opened end with it.
        let update = confirmed.update.end_sessions();
        let commit = commit(cx, &holder.owner, &holder.records, (&confirmed.auth, &after), update, (kind, CredentialChange::Revoked))?;
        Ok(Reply::after(commit, ()))
    }
}
