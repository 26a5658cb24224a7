//! jobs.inactivity: every hour, warns of identities that are not used and revokes those that were not for too long (rule 37).

use jiff::{SignedDuration, Timestamp};
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::calendar::days_until;
use sportello_rules::deadline::{Kind, deadlines};
use sportello_runtime::due::about_use;
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job, revocation};
use sportello_store::commit::Commit;
use sportello_store::record::DueMarks;
use sportello_store::schema::DUE_INACTIVITY;

use crate::due::{Done, Found, GRANTS_SHOWN, Then, each};

/// Warns of inactivity and revokes for it.
pub struct Inactivity;

/// Beginning of the mark that keeps a revocation back until its last notice is old enough.
const NOT_BEFORE: &str = "not before ";

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
    let marks = found.records.due.get(DUE_INACTIVITY).filter(|marks| marks.about == about);
    let mut told = marks.map(|marks| marks.told.clone()).unwrap_or_default();
    let revoking = found.deadline.kind == Kind::InactivityRevocation;
    let last = cx.policy().identity.inactivity_notice_days.iter().min().copied();
    let warned = last.is_none_or(|days| told.contains(&days.to_string()));
    let not_before = told.iter().find_map(|mark| mark.strip_prefix(NOT_BEFORE)).and_then(|at| at.parse::<Timestamp>().ok());
    if revoking && warned && not_before.is_none_or(|at| at <= cx.now) {
        let mut commit = Commit::new();
        // Whoever uses it at this moment keeps it.
        let unused = Commit::auth(found.owner).last_used(auth.last_used_at);
        let update = revocation::revoke_with(&mut commit, found.owner, auth, unused, cx.now, DUE_INACTIVITY);
        let notice = Notice::IdentityRevoked { at: cx.now, for_inactivity: true, unused_months: Some(cx.policy().identity.inactivity_months) };
        return Ok(Done {
            commit,
            update: Some(update),
            state: None,
            marks: DueMarks::default(),
            notice: Some((notice, "once".to_owned())),
            then: Then::Nothing,
        });
    }
    let days = if revoking { last.unwrap_or_default() } else { found.deadline.days_left.unwrap_or_default() };
    let listed = deadlines(found.view, cx.policy(), cx.now).into_iter().find(|deadline| deadline.kind == Kind::InactivityRevocation);
    let mut revoked_at = listed.map_or(found.deadline.at, |deadline| deadline.at);
    let mut then = Then::AsListed;
    if revoking {
        // Nobody is revoked unwarned, however late the job comes: the last notice goes out now, and the revocation waits for its days.
        let pause = SignedDuration::from_hours(24 * i64::from(days));
        revoked_at = not_before.unwrap_or_else(|| cx.now.saturating_add(pause).unwrap_or(cx.now));
        told.insert(format!("{NOT_BEFORE}{revoked_at}"));
        then = Then::At(revoked_at);
    } else if Some(days) == last {
        // Its days count from when it goes out: a run that comes late puts the revocation off.
        let pause = SignedDuration::from_hours(24 * i64::from(days));
        revoked_at = cx.now.saturating_add(pause).unwrap_or(revoked_at).max(revoked_at);
        told.insert(format!("{NOT_BEFORE}{revoked_at}"));
    }
    told.insert(days.to_string());
    let what = format!("{about}#{days}");
    // A late warning says how many days there really are.
    let notice = Notice::InactivityWarning { days_left: days_until(revoked_at, cx.now), revoked_at };
    let notice = (!warned || !revoking).then_some((notice, what));
    Ok(Done { commit: Commit::new(), update: None, state: None, marks: DueMarks { about, told }, notice, then })
}
