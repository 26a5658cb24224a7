//! POST /v1/selfcare/blocks: suspends an identity at once by the emergency code, without username and password (rule 28).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::fiscal_code::FiscalCode;
use sportello_rules::identity::{Status, SuspensionReason};
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply, lookup};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;

use crate::blocking::{Blocked, block};
use crate::person::Type;
use crate::recovery::{Given, prove, use_up};

/// Suspends in an emergency.
pub struct BlockEmergency;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Fiscal code of the holder.
    #[schemars(length(min = 11, max = 16))]
    fiscal_code: String,
    /// Type of the identity: one person may hold several.
    r#type: Type,
    /// The emergency code; blanks, hyphens and case do not count.
    emergency_code: Secret,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The identity's status now.
    #[schemars(with = "String", extend("enum" = ["to-activate", "suspended"]))]
    status: Status,
    /// When the suspension ends by itself, if the requirements are met then (rule 33).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    ends_at: Option<Timestamp>,
}

impl Operation for BlockEmergency {
    const SPEC: Spec = Spec::post("selfcare.block.emergency", "/v1/selfcare/blocks")
        .summary("Suspend an identity at once by fiscal code, type and emergency code; ends every session and tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Lookups, Action::GetItem),
            grant(Table::Identities, Action::Query),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::RecoveryRefused, Code::PersonRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let code = FiscalCode::parse(&input.fiscal_code).map_err(|_| Problem::from(Code::PersonRefused).field("fiscalCode"))?;
        let key = lookup::by_fiscal_code(cx.keys(), &code, input.r#type.into());
        let owner = cx.store.person(&key).await?.unwrap_or_else(|| lookup::nobody(cx.keys(), OwnerKind::Holder, &key));
        let proved = prove(cx, &owner, Secrets::EMERGENCY, Given::EmergencyCode(&input.emergency_code), Code::RecoveryRefused).await?;
        let records = cx.store.holder(&owner).await?.ok_or(Code::RecoveryRefused)?;
        let mut commit = Commit::new();
        // Used, or replaced, since it was looked at.
        if records.auth.emergency_code != proved.emergency_code {
            return Err(Code::RecoveryRefused.into());
        }
        let update = Commit::auth(&owner).version(records.auth.version);
        let policy = &cx.policy().identity;
        // Where there is nothing to add, the code stays good.
        let blocked = records.auth.state.lifted(cx.now, records.auth.requirements(), policy).suspensions.contains_key(&SuspensionReason::Holder);
        let update = if blocked { update.clear_recovery_tries() } else { use_up(cx, &owner, &proved, update, &mut commit, Code::RecoveryRefused)? };
        let Blocked { state, commit: blocking } = block(cx, &owner, &records, update, &key, Code::RecoveryRefused)?;
        commit.extend(blocking);
        let ends_at = state.suspension_ends(SuspensionReason::Holder, policy);
        Ok(Reply::after(commit, Output { status: state.status(), ends_at }))
    }
}
