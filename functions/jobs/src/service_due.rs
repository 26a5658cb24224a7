//! What the jobs on services and orders share: an item of the index leads to a customer and to what of theirs is due.

use std::future::Future;
use std::pin::Pin;

use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Grant, Table, grant};
use sportello_runtime::job::{Report, describe};
use sportello_runtime::{Cx, Failure};
use sportello_store::StoreError;
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

/// What a job that settles orders does to the tables: [`sportello_runtime::ordering::GRANTS`] and the index.
pub(crate) const GRANTS: &[Grant] = &[
    grant(Table::Orders, Action::QueryDue),
    grant(Table::Orders, Action::Query),
    grant(Table::Orders, Action::PutItem),
    grant(Table::Orders, Action::UpdateItem),
    grant(Table::Identities, Action::Query),
    grant(Table::Identities, Action::PutItem),
    grant(Table::Identities, Action::UpdateItem),
    grant(Table::Invoices, Action::GetItem),
    grant(Table::Invoices, Action::PutItem),
    grant(Table::Invoices, Action::UpdateItem),
    grant(Table::Outbox, Action::PutItem),
];

/// What a job does about one thing that is due.
pub(crate) type Work = for<'a> fn(&'a Cx, &'a Found) -> Pin<Box<dyn Future<Output = Result<Done, Failure>> + Send + 'a>>;

/// Does what is due of one kind of work, thing by thing. One that cannot be read or done is reported, and holds up no other.
pub(crate) async fn each(cx: &Cx, kind: &'static str, work: Work) -> Result<Report, Failure> {
    let (mut report, mut sweep) = (Report::default(), Sweep::of(cx, Table::Orders, kind));
    while let Some(due) = sweep.next().await? {
        let Some((owner, id)) = about(kind, &due) else {
            report.failed.push(due.pk);
            continue;
        };
        let done = match cx.store.customer(&owner).await {
            Ok(Some(records)) => work(cx, &Found { owner, records, id: id.clone() }).await,
            Ok(None) => Ok(Done::Skipped),
            Err(error) => Err(error.into()),
        };
        match done {
            Ok(Done::Done) => report.done += 1,
            Ok(Done::Skipped) => report.skipped += 1,
            Err(failure) => {
                error!(request_id = cx.request_id, work = kind, id, error = describe(&failure), "what is due could not be done");
                report.failed.push(id);
            }
        }
    }
    Ok(report)
}

/// Whether a commit was made. Where not, another run came first, or the customer did: whoever it was has set what is due next.
pub(crate) fn made(result: Result<(), StoreError>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(StoreError::Refused(Code::ChangedMeanwhile)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
