//! jobs.password.warn: every hour, warns of passwords that expire in 7 and in 2 days (rule 16).

use std::collections::BTreeSet;

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_notify::Notice;
use sportello_rules::calendar::days_until;
use sportello_rules::deadline::{Kind, PasswordRecord, Records, deadlines};
use sportello_rules::password::validity::expires_at;
use sportello_runtime::job::{Event, Report, describe};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::StoreError;
use sportello_store::commit::Commit;
use sportello_store::key::{DUE_PASSWORD, Owner, OwnerKind};
use sportello_store::read::Due;
use sportello_store::record::{HolderRecords, PasswordDue};
use sportello_store::schema::DUE_PASSWORD_WARNING;
use tracing::error;

use crate::sweep::Sweep;

/// Warns of passwords about to expire.
pub struct PasswordWarn;

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
            grant(Table::Identities, Action::DeleteItem),
            grant(Table::Outbox, Action::PutItem),
        ],
        due: &[DUE_PASSWORD_WARNING],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        let mut report = Report::default();
        let mut sweep = Sweep::of(cx, Table::Identities, DUE_PASSWORD_WARNING);
        while let Some(item) = sweep.next().await? {
            match warn(cx, &item).await {
                Ok(true) => report.done += 1,
                Ok(false) => report.skipped += 1,
                // One record that cannot be read holds up nobody else's warning.
                Err(failure) => {
                    error!(request_id = cx.request_id, error = describe(&failure), "a warning could not be written");
                    report.failed.push(item.pk);
                }
            }
        }
        Ok(report)
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Identities, DUE_PASSWORD_WARNING).await?)
    }
}

/// Sends the warning that is due to one holder, if it still is, and sets when the next one will be.
async fn warn(cx: &Cx, due: &Due) -> Result<bool, Failure> {
    let owner = Owner::from_pk(&due.pk).filter(|owner| owner.kind == OwnerKind::Holder);
    let owner = owner.ok_or_else(|| Failure::fault("an item of the index has no owner"))?;
    let mut commit = Commit::new();
    let Some(records) = cx.store.holder(&owner).await? else {
        commit.remove_due(&due.pk, DUE_PASSWORD);
        cx.store.commit(commit).await?;
        return Ok(false);
    };
    let auth = &records.auth;
    let version = auth.password.version;
    let kept = records.password_due.as_ref().filter(|kept| kept.password_version == version);
    let mut warned = kept.map(|kept| kept.warned.clone()).unwrap_or_default();
    let now_due = upcoming(cx, &records, &warned).into_iter().find(|(at, _)| *at <= cx.now);
    if let Some((_, threshold)) = now_due {
        warned.insert(threshold);
        let expires_at = expires_at(auth.password.changed_at, &cx.policy().password);
        // A late warning says how many days there really are.
        let notice = Notice::PasswordWarning { days_left: days_until(expires_at, cx.now), expires_at };
        let id = format!("{}#{}#{version}#{threshold}", notice.kind(), due.pk);
        commit.notice(&id, &owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    }
    let next = upcoming(cx, &records, &warned).first().map(|(at, _)| *at);
    commit.put_password_due(&owner, &PasswordDue { password_version: version, warned }, next);
    // A password changed meanwhile cancels what was due, and has set what is due next.
    commit.update_auth(Commit::auth(&owner).version(auth.version).same_password(version), Code::ChangedMeanwhile);
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
