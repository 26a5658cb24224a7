//! jobs.minor.adult: every hour, suspends the identities of minors who came of age, until they choose (rule 38).

use jiff::Timestamp;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::identity::SuspensionReason;
use sportello_runtime::due::DONE;
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::commit::Commit;
use sportello_store::record::DueMarks;
use sportello_store::schema::DUE_AGE;

use crate::due::{Done, Found, GRANTS_SHOWN, Then, each};

/// Suspends who came of age.
pub struct MinorAdult;

impl Job for MinorAdult {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.minor.adult",
        summary: "Suspend the identities of minors who came of age, until they choose",
        trigger: Trigger::Hourly,
        grants: GRANTS_SHOWN,
        due: &[DUE_AGE],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        each(cx, DUE_AGE, suspend).await
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Identities, DUE_AGE).await?)
    }
}

fn suspend(cx: &Cx, found: &Found<'_>) -> Result<Done, Failure> {
    let auth = &found.records.auth;
    let (mut state, at) = (auth.state.clone(), found.deadline.at);
    state.suspend(SuspensionReason::Turned18, at).map_err(|error| Failure::fault(error.to_string()))?;
    let mut commit = Commit::new();
    if let Some(service) = &auth.service {
        commit.show_status(service, state.at(cx.now, auth.requirements(), &cx.policy().identity).status());
    }
    let notice = Notice::IdentitySuspended { at, reason: SuspensionReason::Turned18 };
    let update = Commit::auth(found.owner).end_sessions();
    let marks = DueMarks { about: String::new(), told: [DONE.to_owned()].into() };
    Ok(Done { commit, update: Some(update), state: Some(state), marks, notice: Some((notice, "adult".to_owned())), then: Then::Nothing })
}
