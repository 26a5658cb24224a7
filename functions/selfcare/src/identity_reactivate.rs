//! POST /v1/selfcare/identity/reactivation: the holder lifts a suspension of their own before its end (rules 34, 35).

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

/// Lifts the holder's suspension.
pub struct IdentityReactivate;

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The identity's status now: active only where no other reason is in force.
    #[schemars(with = "String", extend("enum" = ["active", "suspended"]))]
    status: Status,
    /// The reasons that are still in force, each with its own exit.
    #[schemars(with = "Vec<String>")]
    reasons: Vec<SuspensionReason>,
}

impl Operation for IdentityReactivate {
    const SPEC: Spec = Spec::post("selfcare.identity.reactivate", "/v1/selfcare/identity/reactivation")
        .summary("Lift the holder's own suspension before its end; tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(GRANTS_SHOWN)
        .statuses(&[Status::Active, Status::Suspended])
        .problems(&[Code::MissingField, Code::ProofRefused, Code::NotSuspended, Code::DowngradeGuard]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        // Whoever took a level away may be who lifts the suspension: the holder gets the time to read the mail (rule 44).
        crate::credentials::guard(cx, &holder.records.auth)?;
        let owner = &holder.owner;
        let confirmed = confirm(cx, &holder, Self::SPEC.id, input.code.as_ref(), input.password.as_ref()).await?;
        let auth = &confirmed.auth;
        let mut state = auth.state.lifted(cx.now, auth.requirements(), &cx.policy().identity);
        let mut commit = Commit::new();
        if state.lift(SuspensionReason::Holder).is_err() {
            // The code is used up all the same: a code is never good twice (rule 22).
            commit.update_auth(confirmed.update, Code::ChangedMeanwhile);
            return Err(Failure::with(Code::NotSuspended, commit));
        }
        // What follows from the records by itself, such as a document that has expired, stays in force (rule 35).
        let shown = state.at(cx.now, auth.requirements(), &cx.policy().identity);
        commit.update_auth(confirmed.update.state(&state), Code::ChangedMeanwhile);
        due::suspensions(&mut commit, owner, &holder.records, &state, cx);
        if let Some(service) = &auth.service {
            commit.show_status(service, shown.status());
        }
        let notice = Notice::SuspensionLifted { at: cx.now, reason: SuspensionReason::Holder, by_itself: false, active: shown.status() == Status::Active };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), auth.version);
        commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, Output { status: shown.status(), reasons: shown.suspensions.into_keys().collect() }))
    }
}
