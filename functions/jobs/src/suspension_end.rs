//! jobs.suspension.end: every hour, lifts the suspensions whose days are over, or tells the holder why not (rules 33, 35).

use jiff::Timestamp;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::deadline::Kind;
use sportello_rules::identity::{Status, SuspensionReason};
use sportello_runtime::due::kept_mark;
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::commit::Commit;
use sportello_store::schema::DUE_SUSPENSION;

use crate::due::{Done, Found, GRANTS_SHOWN, Then, each};

/// Ends suspensions.
pub struct SuspensionEnd;

impl Job for SuspensionEnd {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.suspension.end",
        summary: "End the suspensions whose days are over, or tell why not",
        trigger: Trigger::Hourly,
        grants: GRANTS_SHOWN,
        due: &[DUE_SUSPENSION],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        each(cx, DUE_SUSPENSION, end).await
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Identities, DUE_SUSPENSION).await?)
    }
}

fn end(cx: &Cx, found: &Found<'_>) -> Result<Done, Failure> {
    let auth = &found.records.auth;
    let reason = if found.deadline.kind == Kind::FraudSuspensionEnd { SuspensionReason::Fraud } else { SuspensionReason::Holder };
    let (ended_at, since) = (found.deadline.at, auth.state.suspensions.get(&reason).copied().unwrap_or(found.deadline.at));
    let missing = auth.requirements().missing_at(ended_at);
    if !missing.is_empty() {
        // It stays until the holder, or an operator, does something about it; what is said once is not said again, and holds up no other end.
        let notice = Notice::SuspensionKept { at: ended_at, missing };
        let mut state = auth.state.clone();
        state.keep(reason);
        let marks = found.records.due.get(DUE_SUSPENSION).cloned().unwrap_or_default();
        return Ok(Done {
            commit: Commit::new(),
            update: None,
            state: Some(state),
            marks,
            notice: Some((notice, kept_mark(reason, since))),
            then: Then::AsListed,
        });
    }
    let (mut commit, mut state) = (Commit::new(), auth.state.clone());
    state.lift(reason).map_err(|error| Failure::fault(error.to_string()))?;
    let shown = state.at(cx.now, auth.requirements(), &cx.policy().identity).status();
    if let Some(service) = &auth.service {
        commit.show_status(service, shown);
    }
    let notice = Notice::SuspensionLifted { at: ended_at, reason, by_itself: true, active: shown == Status::Active };
    let marks = found.records.due.get(DUE_SUSPENSION).cloned().unwrap_or_default();
    Ok(Done { commit, update: None, state: Some(state), marks, notice: Some((notice, kept_mark(reason, since))), then: Then::AsListed })
}
