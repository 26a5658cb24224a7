//! What the jobs on services and orders share: an item of the index leads to a customer and to what of theirs is due.

use sportello_contract::spec::Table;
use sportello_runtime::job::{Report, describe};
use sportello_runtime::{Cx, Failure};
use sportello_store::key::{DUE, ORDER, Owner, OwnerKind};
use sportello_store::read::Due;
use sportello_store::record::CustomerRecords;
use tracing::error;

use crate::sweep::Sweep;

/// Something that is due of one customer.
pub(crate) struct Found {
    /// Whose.
    pub owner: Owner,
    /// Everything that is kept of the customer.
    pub records: CustomerRecords,
    /// The service or the order.
    pub id: String,
}

/// What came of it.
pub(crate) enum Done {
    /// Something was done.
    Done,
    /// Nothing was to be done any more, or somebody else did it.
    Skipped,
}

/// What an item of the index is about.
pub(crate) fn about(kind: &str, due: &Due) -> Option<(Owner, String)> {
    let owner = Owner::from_pk(&due.pk).filter(|owner| owner.kind == OwnerKind::Customer)?;
    let id = due.sk.strip_prefix(ORDER).or_else(|| due.sk.strip_prefix(DUE)?.strip_prefix(kind)?.strip_prefix('#'))?;
    Some((owner, id.to_owned()))
}

/// The next thing of one kind that is due, read whole; none where there is no more. What cannot be read is reported and passed.
pub(crate) async fn next(cx: &Cx, kind: &'static str, sweep: &mut Sweep<'_>, report: &mut Report) -> Result<Option<Found>, Failure> {
    while let Some(due) = sweep.next().await? {
        let Some((owner, id)) = about(kind, &due) else {
            report.failed.push(due.pk);
            continue;
        };
        match cx.store.customer(&owner).await {
            Ok(Some(records)) => return Ok(Some(Found { owner, records, id })),
            Ok(None) => report.skipped += 1,
            Err(failure) => note(cx, kind, &id, &failure.into(), report),
        }
    }
    Ok(None)
}

/// A walk over what is due of one kind.
pub(crate) fn sweep<'a>(cx: &'a Cx, kind: &'static str) -> Sweep<'a> {
    Sweep::of(cx, Table::Orders, kind)
}

/// Counts what came of one thing; one that fails holds up no other.
pub(crate) fn count(cx: &Cx, kind: &'static str, id: &str, result: Result<Done, Failure>, report: &mut Report) {
    match result {
        Ok(Done::Done) => report.done += 1,
        Ok(Done::Skipped) => report.skipped += 1,
        Err(failure) => note(cx, kind, id, &failure, report),
    }
}

fn note(cx: &Cx, kind: &'static str, id: &str, failure: &Failure, report: &mut Report) {
    error!(request_id = cx.request_id, work = kind, id, error = describe(failure), "what is due could not be done");
    report.failed.push(id.to_owned());
}
