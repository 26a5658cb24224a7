//! Ordering something of a service: one open order for each thing at a time (rules 60, 64).

use jiff::civil::Date;
use sportello_contract::problem::Code;
use sportello_rules::order::Item;
use sportello_runtime::access::CustomerActor;
use sportello_runtime::ordering::{find_open, new_order, place, too_many_open};
use sportello_runtime::{Cx, Failure, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::ServiceRecord;

use crate::order_view::{Order, view};

/// Answers the open order of a service for `item` from its last day `period`, or places one.
///
/// # Errors
/// `too-many-orders`, `not-for-sale`; a fault where no order can be made.
pub fn order(cx: &Cx, customer: &CustomerActor, service: &ServiceRecord, item: Item, period: Option<Date>) -> Result<Reply<Order>, Failure> {
    let records = &customer.records;
    if let Some(open) = find_open(cx, records, &service.service_id, item, period) {
        return Ok(Reply::of(view(open.clone(), cx.now)));
    }
    if too_many_open(cx, records) {
        return Err(Code::TooManyOrders.into());
    }
    let order = new_order(cx, &customer.owner, item, service.kind, Some(service))?;
    let mut commit = Commit::new();
    place(cx, &mut commit, &customer.owner, &order, Some(service))?;
    Ok(Reply::after(commit, view(order, cx.now)))
}
