//! What the jobs on identities share: they read what is due, decide by the list that the holder sees too, and write once for each identity (rule 39).

use jiff::Timestamp;
use jiff::civil::Date;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Grant, Table, grant};
use sportello_notify::Notice;
use sportello_rules::deadline::{Deadline, Records, next};
use sportello_rules::identity::{IdentityState, IdentityType};
use sportello_runtime::due::{first_due, kinds_of, work_view};
use sportello_runtime::job::{Report, describe};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure};
use sportello_store::StoreError;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::{DUE, Owner, OwnerKind};
use sportello_store::record::{DueMarks, HolderRecords};
use tracing::error;

use crate::sweep::Sweep;

/// What each of these jobs does to the tables.
pub(crate) const GRANTS: &[Grant] = &[
    grant(Table::Identities, Action::QueryDue),
    grant(Table::Identities, Action::Query),
    grant(Table::Identities, Action::PutItem),
    grant(Table::Identities, Action::UpdateItem),
    grant(Table::Identities, Action::DeleteItem),
    grant(Table::Outbox, Action::PutItem),
];

/// The same, for a job that changes what the customer area shows.
pub(crate) const GRANTS_SHOWN: &[Grant] = &[
    grant(Table::Identities, Action::QueryDue),
    grant(Table::Identities, Action::Query),
    grant(Table::Identities, Action::PutItem),
    grant(Table::Identities, Action::UpdateItem),
    grant(Table::Identities, Action::DeleteItem),
    grant(Table::Orders, Action::UpdateItem),
    grant(Table::Outbox, Action::PutItem),
];

/// Most things done for one identity in one run: each of them takes the next one nearer or away.
const MOST: u32 = 8;

/// One thing that is due of one identity.
pub(crate) struct Found<'a> {
    /// Whose.
    pub owner: &'a Owner,
    /// Everything that is kept of the holder.
    pub records: &'a HolderRecords,
    /// The rules' view of it.
    pub view: &'a Records,
    /// What is due.
    pub deadline: Deadline,
}

/// What is to be done about it.
pub(crate) struct Done {
    /// Everything but the marks, the notice and the version on which it rests.
    pub commit: Commit,
    /// The change of the `AUTH` item but for the state; none where nothing else of it changes.
    pub update: Option<AuthUpdate>,
    /// The state from now on; none where it stays, or where an end of everything is written with `update`.
    pub state: Option<IdentityState>,
    /// What was told or done, from now on.
    pub marks: DueMarks,
    /// What the holder is told, with what tells this notice from another of its kind.
    pub notice: Option<(Notice, String)>,
    /// When there is more of this kind.
    pub then: Then,
}

/// When there is more of one kind of work.
pub(crate) enum Then {
    /// When the list says.
    AsListed,
    /// Not before an instant, whatever the list says.
    At(Timestamp),
    /// Not at all, whatever the list says: only somebody's act brings it back.
    Nothing,
}

/// Does what is due of one kind of work, identity by identity.
pub(crate) async fn each(cx: &Cx, work: &'static str, decide: fn(&Cx, &Found<'_>) -> Result<Done, Failure>) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut sweep = Sweep::of(cx, Table::Identities, work);
    while let Some(item) = sweep.next().await? {
        for _ in 0..MOST {
            match one(cx, work, &item.pk, decide).await {
                Ok(Step::More) => report.done += 1,
                Ok(Step::Last) => {
                    report.done += 1;
                    break;
                }
                Ok(Step::Nothing) => {
                    report.skipped += 1;
                    break;
                }
                // One record that cannot be read holds up nobody else's.
                Err(failure) => {
                    error!(request_id = cx.request_id, work, error = describe(&failure), "what is due could not be done");
                    report.failed.push(item.pk);
                    break;
                }
            }
        }
    }
    Ok(report)
}

/// What came of looking at one identity.
enum Step {
    /// Nothing was to be done, or somebody else did it.
    Nothing,
    /// Something was done, and more of this kind is due already.
    More,
    /// Something was done, and no more of this kind is due yet.
    Last,
}

/// Does the first thing that is due of one identity.
async fn one(cx: &Cx, work: &'static str, pk: &str, decide: fn(&Cx, &Found<'_>) -> Result<Done, Failure>) -> Result<Step, Failure> {
    let owner = Owner::from_pk(pk).filter(|owner| owner.kind == OwnerKind::Holder);
    let owner = owner.ok_or_else(|| Failure::fault("an item of the index has no owner"))?;
    let mut commit = Commit::new();
    let Some(mut records) = cx.store.holder(&owner).await? else {
        commit.remove_due(pk, &format!("{DUE}{work}"));
        cx.store.commit(commit).await?;
        return Ok(Step::Nothing);
    };
    let birth_date = birth_date(cx, &owner, &records)?;
    let version = records.auth.version;
    let view = work_view(&records, birth_date);
    let Some(deadline) = first_due(&view, work, cx.policy(), cx.now) else {
        // What was due has been overtaken: the index is told when there is more.
        let marks = records.due.get(work).cloned().unwrap_or_default();
        commit.put_due(&owner, work, &marks, upcoming(cx, &view, work));
        commit.update_auth(Commit::auth(&owner).version(version), Code::ChangedMeanwhile);
        cx.store.commit(commit).await.or_else(passed)?;
        return Ok(Step::Nothing);
    };
    let done = decide(cx, &Found { owner: &owner, records: &records, view: &view, deadline })?;
    // Another run has just done it, and the index did not know yet: that it is put off again is nothing to be counted.
    let put_off = done.notice.is_none() && done.update.is_none() && done.state.is_none();
    let update = done.update.unwrap_or_else(|| Commit::auth(&owner)).version(version);
    let update = if let Some(state) = &done.state { update.state(state) } else { update };
    // First, so that of several conditions that do not hold this one is told: it is the only one that another run explains.
    commit.update_auth(update, Code::ChangedMeanwhile);
    commit.extend(done.commit);
    if let Some((notice, what)) = &done.notice {
        let id = format!("{}#{pk}#{what}", notice.kind());
        commit.notice(&id, &owner, notice.to_json()?, cx.now, Code::Internal);
    }
    // What is due next is asked of the records as they will be.
    records.due.insert(work.to_owned(), done.marks.clone());
    records.auth.state = done.state.unwrap_or(records.auth.state);
    let following = match done.then {
        Then::Nothing => None,
        Then::At(at) => Some(at),
        Then::AsListed => upcoming(cx, &work_view(&records, birth_date), work),
    };
    commit.put_due(&owner, work, &done.marks, following);
    match cx.store.commit(commit).await {
        Ok(()) if put_off => Ok(Step::Nothing),
        Ok(()) if following.is_some_and(|at| at <= cx.now) => Ok(Step::More),
        Ok(()) => Ok(Step::Last),
        Err(error) => {
            passed(error)?;
            Ok(Step::Nothing)
        }
    }
}

/// Another run came first, or the holder did: whoever it was has set what is due next.
fn passed(error: StoreError) -> Result<(), StoreError> {
    match error {
        StoreError::Refused(Code::ChangedMeanwhile) => Ok(()),
        error => Err(error),
    }
}

/// Personal data is opened only where a birthday matters.
fn birth_date(cx: &Cx, owner: &Owner, records: &HolderRecords) -> Result<Option<Date>, Failure> {
    match records.auth.kind {
        IdentityType::Minor => Ok(Profile::open(cx, owner, &records.profile)?.birth_date),
        IdentityType::Personal | IdentityType::Professional | IdentityType::Business => Ok(None),
    }
}

fn upcoming(cx: &Cx, view: &Records, work: &str) -> Option<Timestamp> {
    next(view, cx.policy(), cx.now, kinds_of(work))
}
