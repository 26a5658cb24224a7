//! jobs.credential.warn: every hour, warns of credentials that are about to expire (rules 44, 60).

use jiff::Timestamp;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::calendar::{days_before, start_of_day};
use sportello_rules::deadline::credential_ends;
use sportello_runtime::due::credential_mark;
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::commit::Commit;
use sportello_store::schema::DUE_CREDENTIAL;

use crate::due::{Done, Found, GRANTS, Then, each};

/// Warns of credentials.
pub struct CredentialWarn;

impl Job for CredentialWarn {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.credential.warn",
        summary: "Warn of credentials that are about to expire",
        trigger: Trigger::Hourly,
        grants: GRANTS,
        due: &[DUE_CREDENTIAL],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        each(cx, DUE_CREDENTIAL, warn).await
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Identities, DUE_CREDENTIAL).await?)
    }
}

fn warn(cx: &Cx, found: &Found<'_>) -> Result<Done, Failure> {
    let (Some(credential), Some(days_left)) = (found.deadline.credential, found.deadline.days_left) else {
        return Err(Failure::fault("a notice of a credential without credential"));
    };
    // Several of one kind may be kept: the notice is of the one whose day makes this deadline.
    let of_kind = credential_ends(found.view, cx.now).into_iter().filter(|(kind, ..)| *kind == credential).map(|(_, expires_on, _)| expires_on);
    let mut announced = of_kind.filter(|expires_on| start_of_day(days_before(*expires_on, days_left)) == found.deadline.at);
    let expires_on = announced.next().ok_or_else(|| Failure::fault("a notice of a credential that is not kept"))?;
    let mut marks = found.records.due.get(DUE_CREDENTIAL).cloned().unwrap_or_default();
    let mark = credential_mark(credential, expires_on, days_left);
    marks.told.insert(mark.clone());
    let notice = Notice::CredentialExpiring { credential, expires_on };
    Ok(Done { commit: Commit::new(), update: None, state: None, marks, notice: Some((notice, mark)), then: Then::AsListed })
}
