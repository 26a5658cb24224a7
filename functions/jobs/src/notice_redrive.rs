//! jobs.notice.redrive: every hour, delivers what the stream could not: nothing that was committed is lost because the mail service was away.

use jiff::Timestamp;
use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::schema::DUE_NOTICE;
use tracing::{info, warn};

use crate::notice_deliver::{settle, shown};
use crate::sweep::Sweep;

/// Delivers notices that are late.
pub struct NoticeRedrive;

impl Job for NoticeRedrive {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.notice.redrive",
        summary: "Deliver the notices that the stream could not deliver",
        trigger: Trigger::Hourly,
        grants: &[
            grant(Table::Outbox, Action::QueryDue),
            grant(Table::Outbox, Action::UpdateItem),
            grant(Table::Identities, Action::GetItem),
            grant(Table::Orders, Action::GetItem),
        ],
        due: &[DUE_NOTICE],
        memory: Memory::Small,
        sends_mail: true,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        let mut report = Report::default();
        let mut oldest = cx.now;
        let mut sweep = Sweep::of(cx, Table::Outbox, DUE_NOTICE);
        while let Some(notice) = sweep.next().await? {
            match settle(cx, &notice.pk).await {
                Ok(true) => report.done += 1,
                Ok(false) => report.skipped += 1,
                Err(still) => {
                    warn!(request_id = cx.request_id, notice = shown(&notice.pk), problem = still.problem, "a notice is still late");
                    oldest = still.since.map_or(oldest, |since| oldest.min(since));
                    report.failed.push(notice.pk);
                }
            }
        }
        // The alarm on the age of the outbox reads this line.
        info!(request_id = cx.request_id, oldest_seconds = cx.now.duration_since(oldest).as_secs(), "the outbox was looked through");
        Ok(report)
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Outbox, DUE_NOTICE).await?)
    }
}
