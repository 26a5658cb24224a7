//! jobs.order.expire: every hour, ends orders that were not paid in time, looks up charges of which nothing was heard, and gives back what was paid too much
//! (rules 61, 65).

use jiff::Timestamp;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_rules::order::{Event, State};
use sportello_runtime::job::{Event as Tick, Report};
use sportello_runtime::ordering::{Charged, Heard, give_back, order_due, resolve, settle};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::schema::DUE_ORDER;

use crate::service_due::{Done, Found, GRANTS, each};

/// Ends what waits.
pub struct OrderExpire;

impl Job for OrderExpire {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.order.expire",
        summary: "End orders that were not paid in time, look up charges of which nothing was heard, give money back",
        trigger: Trigger::Hourly,
        grants: GRANTS,
        due: &[DUE_ORDER],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Tick) -> Result<Report, Failure> {
        each(cx, DUE_ORDER, |cx, found| Box::pin(one(cx, found))).await
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
            settle(cx, &found.owner, &order.order_id, &Event::Expire, Heard::default()).await?;
            Ok(Done::Done)
        }
        State::Charging => Ok(match resolve(cx, &found.owner, &found.records, order).await? {
            Charged::Paid(_) | Charged::Declined(..) => Done::Done,
            Charged::Pending(..) => Done::Skipped,
        }),
        State::Paid | State::Cancelled | State::Expired => Ok(Done::Skipped),
    }
}
