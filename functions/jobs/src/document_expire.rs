//! jobs.document.expire: every hour, suspends the identities whose document has expired (rules 35, 52).

use jiff::Timestamp;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::identity::SuspensionReason;
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::commit::Commit;
use sportello_store::record::DueMarks;
use sportello_store::schema::DUE_DOCUMENT;

use crate::due::{Done, Found, GRANTS_SHOWN, Then, each};

/// Suspends for expired documents.
pub struct DocumentExpire;

impl Job for DocumentExpire {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.document.expire",
        summary: "Suspend the identities whose document has expired",
        trigger: Trigger::Hourly,
        grants: GRANTS_SHOWN,
        due: &[DUE_DOCUMENT],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        each(cx, DUE_DOCUMENT, suspend).await
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Identities, DUE_DOCUMENT).await?)
    }
}

fn suspend(cx: &Cx, found: &Found<'_>) -> Result<Done, Failure> {
    let auth = &found.records.auth;
    let (mut state, at) = (auth.state.clone(), found.deadline.at);
    if state.activated_at.is_none() {
        // Before the activation there is nothing to suspend; the activation asks for a valid document itself.
        return Ok(Done { commit: Commit::new(), update: None, state: None, marks: DueMarks::default(), notice: None, then: Then::Nothing });
    }
    state.suspend(SuspensionReason::DocumentExpired, at).map_err(|error| Failure::fault(error.to_string()))?;
    let mut commit = Commit::new();
    if let Some(service) = &auth.service {
        commit.show_status(service, state.lifted(cx.now, auth.requirements(), &cx.policy().identity).status());
    }
    let notice = Notice::IdentitySuspended { at, reason: SuspensionReason::DocumentExpired };
    Ok(Done { commit, update: None, state: Some(state), marks: DueMarks::default(), notice: Some((notice, format!("document#{at}"))), then: Then::Nothing })
}
