//! jobs.notice.redrive: every hour, delivers what the stream could not: nothing that was committed is lost because the mail service was away.

use jiff::Timestamp;
use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::schema::{DUE_NOTICE, DUE_SHARDS};
use tracing::{info, warn};

use crate::notice_deliver::{settle, shown};

/// Delivers notices that are late.
pub struct NoticeRedrive;

/// Due notices read at a time.
const PAGE: i32 = 100;

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
        for shard in 0..DUE_SHARDS {
            let mut page = None;
            loop {
                let (late, next) = cx.store.due(Table::Outbox, DUE_NOTICE, shard, Some(cx.now), PAGE, page).await?;
                for notice in late {
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
                page = next;
                if page.is_none() {
                    break;
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
