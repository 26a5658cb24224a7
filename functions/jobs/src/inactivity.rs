//! jobs.inactivity: every hour, warns of identities that are not used and revokes those that were not for too long (rule 37).

use jiff::Timestamp;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::deadline::{Kind, deadlines};
use sportello_runtime::due::{about_use, work_view};
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job, revocation};
use sportello_store::commit::Commit;
use sportello_store::record::DueMarks;
use sportello_store::schema::DUE_INACTIVITY;

use crate::due::{Done, Found, GRANTS_SHOWN, each};

/// Warns of inactivity and revokes for it.
pub struct Inactivity;

impl Job for Inactivity {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.inactivity",
        summary: "Warn of identities that are not used, and revoke those not used for more than 24 months",
        trigger: Trigger::Hourly,
        grants: GRANTS_SHOWN,
        due: &[DUE_INACTIVITY],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        each(cx, DUE_INACTIVITY, act).await
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Identities, DUE_INACTIVITY).await?)
    }
}

fn act(cx: &Cx, found: &Found<'_>) -> Result<Done, Failure> {
    let auth = &found.records.auth;
    let about = about_use(auth);
    let kept = found.records.due.get(DUE_INACTIVITY).filter(|marks| marks.about == about).map(|marks| marks.told.clone()).unwrap_or_default();
    if found.deadline.kind == Kind::InactivityRevocation {
        let mut done = Commit::new();
        let update = revocation::revoke_with(&mut done, found.owner, auth, Commit::auth(found.owner), cx.now, DUE_INACTIVITY);
        let notice = Notice::IdentityRevoked { at: cx.now, for_inactivity: true };
        return Ok(Done { commit: done, update: Some(update), marks: DueMarks::default(), notice: Some((notice, "once".to_owned())), settled: true });
    }
    let days = found.deadline.days_left.unwrap_or_default();
    let view = work_view(found.records, None);
    let revoked_at = deadlines(&view, cx.policy(), cx.now).into_iter().find(|deadline| deadline.kind == Kind::InactivityRevocation);
    let revoked_at = revoked_at.map_or(found.deadline.at, |deadline| deadline.at);
    let mut told = kept;
    told.insert(days.to_string());
    let what = format!("{about}#{days}");
    // A late warning says how many days there really are.
    let left = (revoked_at.as_second() - cx.now.as_second() + 86_399).div_euclid(86_400);
    let notice = Notice::InactivityWarning { days_left: u32::try_from(left).unwrap_or_default(), revoked_at };
    Ok(Done { commit: Commit::new(), update: None, marks: DueMarks { about, told }, notice: Some((notice, what)), settled: false })
}
