//! jobs.order.expire: every hour, ends orders that were not paid in time, looks up charges of which nothing was heard, and gives back what was paid too much
//! (rules 61, 65).

use jiff::Timestamp;
use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_rules::order::{Event, State};
use sportello_runtime::job::{Event as Tick, Report};
use sportello_runtime::ordering::{Charged, give_back, order_due, resolve, settle};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::schema::DUE_ORDER;

use crate::service_due::{Done, Found, count, next, sweep};

/// Ends what waits.
pub struct OrderExpire;

impl Job for OrderExpire {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.order.expire",
        summary: "End orders that were not paid in time, look up charges of which nothing was heard, give money back",
        trigger: Trigger::Hourly,
        grants: &[
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
        ],
        due: &[DUE_ORDER],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Tick) -> Result<Report, Failure> {
        let (mut report, mut sweep) = (Report::default(), sweep(cx, DUE_ORDER));
        while let Some(found) = next(cx, DUE_ORDER, &mut sweep, &mut report).await? {
            let result = one(cx, &found).await;
            count(cx, DUE_ORDER, &found.id, result, &mut report);
        }
        Ok(report)
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Orders, DUE_ORDER).await?)
    }
}

async fn one(cx: &Cx, found: &Found) -> Result<Done, Failure> {
    let Some(order) = found.records.orders.iter().find(|order| order.order_id == found.id) else { return Ok(Done::Skipped) };
    // The index follows the table after a moment: what it still shows may be done.
    if order_due(cx, order).is_none_or(|at| at > cx.now) {
        return Ok(Done::Skipped);
    }
    if give_back(cx, &found.owner, order).await? > 0 {
        return Ok(Done::Done);
    }
    match order.order.state {
        State::Unpaid => {
            settle(cx, &found.owner, &order.order_id, &Event::Expire, None, None).await?;
            Ok(Done::Done)
        }
        State::Charging => Ok(match resolve(cx, &found.owner, &found.records, order).await? {
            Charged::Paid(_) | Charged::Declined(..) => Done::Done,
            Charged::Pending(..) => Done::Skipped,
        }),
        State::Paid | State::Cancelled | State::Expired => Ok(Done::Skipped),
    }
}
