//! jobs.credential.warn: every hour, warns of credentials that are about to expire (rules 44, 60).

use jiff::Timestamp;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::deadline::{Kind, deadlines};
use sportello_runtime::due::{credential_mark, work_view};
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::commit::Commit;
use sportello_store::record::DueMarks;
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
    let mut told = found.records.due.get(DUE_CREDENTIAL).map(|marks| marks.told.clone()).unwrap_or_default();
    let view = work_view(found.records, None);
    let of_it = view.credentials.iter().filter(|(kind, _)| *kind == credential).filter_map(|(_, expires_on)| *expires_on);
    let announced = of_it.into_iter().find(|expires_on| {
        let mut marked = view.clone();
        marked.credential_noticed.insert((credential, *expires_on, days_left));
        !deadlines(&marked, cx.policy(), cx.now).iter().any(|deadline| deadline.kind == Kind::CredentialNotice && *deadline == found.deadline)
    });
    let expires_on = announced.ok_or_else(|| Failure::fault("a notice of a credential that is not kept"))?;
    let mark = credential_mark(credential, expires_on, days_left);
    told.insert(mark.clone());
    let notice = Notice::CredentialExpiring { credential, expires_on };
    Ok(Done { commit: Commit::new(), update: None, marks: DueMarks { about: String::new(), told }, notice: Some((notice, mark)), then: Then::AsListed })
}
