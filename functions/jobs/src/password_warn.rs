//! jobs.password.warn: every hour, warns of passwords that expire in 7 and in 2 days (rule 16).

use std::collections::BTreeSet;

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_notify::Notice;
use sportello_rules::deadline::{Kind, PasswordRecord, Records, deadlines};
use sportello_rules::password::validity::expires_at;
use sportello_runtime::job::{Event, Report};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::StoreError;
use sportello_store::commit::Commit;
use sportello_store::read::Due;
use sportello_store::record::{HolderRecords, PasswordDue};
use sportello_store::schema::{DUE_PASSWORD_WARNING, DUE_SHARDS};

/// Warns of passwords about to expire.
pub struct PasswordWarn;

/// Due items read at a time.
const PAGE: i32 = 100;

impl Job for PasswordWarn {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.password.warn",
        summary: "Warn of passwords that expire in 7 and in 2 days",
        trigger: Trigger::Hourly,
        grants: &[
            grant(Table::Identities, Action::QueryDue),
            grant(Table::Identities, Action::Query),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Outbox, Action::PutItem),
        ],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        let mut report = Report::default();
        for shard in 0..DUE_SHARDS {
            let mut seen: BTreeSet<String> = BTreeSet::new();
            loop {
                let due = cx.store.due(DUE_PASSWORD_WARNING, shard, Some(cx.now), PAGE).await?;
                // The index follows its table a moment later: what was just done may come back once.
                let fresh: Vec<Due> = due.into_iter().filter(|due| seen.insert(due.owner.pk())).collect();
                if fresh.is_empty() {
                    break;
                }
                for due in fresh {
                    if warn(cx, &due).await? {
                        report.done += 1;
                    } else {
                        report.skipped += 1;
                    }
                }
            }
        }
        Ok(report)
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        let mut earliest = None;
        for shard in 0..DUE_SHARDS {
            let next = cx.store.due(DUE_PASSWORD_WARNING, shard, None, 1).await?;
            earliest = next.first().map(|due| due.at).into_iter().chain(earliest).min();
        }
        Ok(earliest.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }
}

/// Sends the warning that is due to one holder, if it still is, and sets when the next one will be.
async fn warn(cx: &Cx, due: &Due) -> Result<bool, Failure> {
    let Some(records) = cx.store.holder(&due.owner).await? else { return Ok(false) };
    let auth = &records.auth;
    let version = auth.password.version;
    let kept = records.password_due.as_ref().filter(|kept| kept.password_version == version);
    let mut warned = kept.map(|kept| kept.warned.clone()).unwrap_or_default();
    let mut commit = Commit::new();
    let now_due = upcoming(cx, &records, &warned).into_iter().find(|(at, _)| *at <= cx.now);
    if let Some((_, days_left)) = now_due {
        warned.insert(days_left);
        let notice = Notice::PasswordWarning { days_left, expires_at: expires_at(auth.password.changed_at, &cx.policy().password) };
        let id = format!("{}#{}#{version}#{days_left}", notice.kind(), due.owner.pk());
        commit.notice(&id, &due.owner, notice.to_json()?, cx.now, Code::AlreadyCancelled);
    }
    let next = upcoming(cx, &records, &warned).first().map(|(at, _)| *at);
    commit.put_password_due(&due.owner, &PasswordDue { password_version: version, warned }, next);
    // A password changed meanwhile cancels what was due, and has set what is due next.
    commit.update_auth(Commit::auth(&due.owner).version(auth.version).same_password(version), Code::ChangedMeanwhile);
    match cx.store.commit(commit).await {
        Ok(()) => Ok(now_due.is_some()),
        // Another run came first, or the holder did.
        Err(StoreError::Refused(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The warnings to come, late ones included, by the same function that tells the holder of them (rule 39).
fn upcoming(cx: &Cx, records: &HolderRecords, warned: &BTreeSet<u32>) -> Vec<(Timestamp, u32)> {
    let password = PasswordRecord { changed_at: records.auth.password.changed_at, warned: warned.clone() };
    let view = Records { password: Some(password), ..Records::new(records.auth.kind, records.auth.state.clone()) };
    let warnings = deadlines(&view, cx.policy(), cx.now).into_iter().filter(|deadline| deadline.kind == Kind::PasswordWarning);
    warnings.filter_map(|deadline| deadline.days_left.map(|days| (deadline.at, days))).collect()
}
