//! POST /v1/selfcare/identity/suspension: the holder suspends the identity at once (rule 32).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_notify::Notice;
use sportello_rules::identity::{Status, SuspensionReason};
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply, due};
use sportello_store::commit::Commit;

use crate::confirmation::{GRANTS_SHOWN, Input, confirm};

/// Suspends the identity.
pub struct IdentitySuspend;

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The identity's status now.
    #[schemars(with = "String", extend("enum" = ["suspended"]))]
    status: Status,
    /// Since when the holder's suspension is in force; asking again does not move it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    /// When it ends by itself, if the requirements are met then (rule 33).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    ends_at: Option<Timestamp>,
}

impl Operation for IdentitySuspend {
    const SPEC: Spec = Spec::post("selfcare.identity.suspend", "/v1/selfcare/identity/suspension")
        .summary("Suspend the identity at once, for at most 30 days; ends every session and tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(GRANTS_SHOWN)
        .statuses(&[Status::Active, Status::Suspended])
        .problems(&[Code::MissingField, Code::ProofRefused]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        let owner = &holder.owner;
        let confirmed = confirm(cx, &holder, Self::SPEC.id, input.code.as_ref(), input.password.as_ref()).await?;
        let (auth, policy) = (&confirmed.auth, &cx.policy().identity);
        // A suspension that has ended by itself is no reason any more: this one begins its own days.
        let mut state = auth.state.lifted(cx.now, auth.requirements(), policy);
        let added = state.suspend(SuspensionReason::Holder, cx.now).map_err(|_| Code::StatusNotAllowed)?;
        let since = state.suspensions.get(&SuspensionReason::Holder).copied().unwrap_or(cx.now);
        let mut commit = Commit::new();
        if added {
            commit.update_auth(confirmed.update.state(&state).end_sessions(), Code::ChangedMeanwhile);
            due::suspensions(&mut commit, owner, &holder.records, &state, cx);
            if let Some(service) = &auth.service {
                commit.show_status(service, state.status());
            }
            let notice = Notice::IdentitySuspended { at: cx.now, reason: SuspensionReason::Holder };
            let id = format!("{}#{}#{}", notice.kind(), owner.pk(), auth.version);
            commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        } else {
            // The code is used up all the same: a code is never good twice (rule 22).
            commit.update_auth(confirmed.update, Code::ChangedMeanwhile);
        }
        let ends_at = state.suspension_ends(SuspensionReason::Holder, policy);
        Ok(Reply::after(commit, Output { status: state.status(), since, ends_at }))
    }
}
