//! POST /v1/selfcare/identity/revocation: the holder revokes the identity for good, where the provider allows it online (rule 36).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::Notice;
use sportello_rules::identity::Status;
use sportello_rules::policy::RevocationPolicy;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::revocation;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::confirmation::{GRANTS_SHOWN, confirm};

/// Revokes the identity.
pub struct IdentityRevoke;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// That the holder knows that this is final: the word `REVOKE`.
    #[schemars(with = "String", extend("enum" = ["REVOKE"]))]
    confirmation: String,
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    code: Option<Secret>,
    /// The password; needed where no second factor is active.
    #[serde(default)]
    password: Option<Secret>,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The identity's status now.
    #[schemars(with = "String", extend("enum" = ["revoked"]))]
    status: Status,
    /// When it was revoked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    revoked_at: Timestamp,
}

/// The word that says that the holder means it.
const WORD: &str = "REVOKE";

impl Operation for IdentityRevoke {
    const SPEC: Spec = Spec::post("selfcare.identity.revoke", "/v1/selfcare/identity/revocation")
        .summary("Revoke the identity and all its credentials for good; ends every session and tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(GRANTS_SHOWN)
        .statuses(&[Status::Active, Status::Suspended])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::RevocationByForm, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        if cx.policy().identity.revocation == RevocationPolicy::SignedForm {
            return Err(Code::RevocationByForm.into());
        }
        if input.confirmation != WORD {
            return Err(Problem::from(Code::InvalidField).field("confirmation").into());
        }
        crate::credentials::guard(cx, &holder.records.auth)?;
        let owner = &holder.owner;
        let confirmed = confirm(cx, &holder, Self::SPEC.id, input.code.as_ref(), input.password.as_ref()).await?;
        let auth = &confirmed.auth;
        let mut commit = Commit::new();
        revocation::revoke(&mut commit, owner, auth, confirmed.update, cx.now);
        let notice = Notice::IdentityRevoked { at: cx.now, for_inactivity: false, unused_months: None };
        commit.notice(&revocation::notice_id(owner), owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, Output { status: Status::Revoked, revoked_at: cx.now }))
    }
}
