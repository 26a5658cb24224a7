//! POST /v1/customer/orders/{orderId}/cancellation: cancels an order that is not paid (rules 61, 65).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_rules::order::{Event, Step, apply};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{order_due, refused};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::OrderRecord;

use crate::order_view::{Order, view};

/// Cancels an order.
pub struct OrderCancel;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The order.
    #[schemars(length(min = 1, max = 64))]
    order_id: String,
}

impl Operation for OrderCancel {
    const SPEC: Spec = Spec::post("customer.order.cancel", "/v1/customer/orders/{orderId}/cancellation")
        .summary("Cancel an order that is not paid")
        .limit(Limit::ORDINARY)
        .idempotent()
        .grants(&[grant(Table::Orders, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::NotFound, Code::AlreadyPaid, Code::OrderCancelled, Code::OrderExpired, Code::PaymentInProgress, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = Order;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Order>, Failure> {
        let order = customer.records.orders.into_iter().find(|order| order.order_id == input.order_id).ok_or(Code::NotFound)?;
        let Step::Changed { order: next, .. } = apply(&order.order, &Event::Cancel, cx.now).map_err(refused)? else {
            return Err(Code::OrderCancelled.into());
        };
        let next = OrderRecord { order: next, version: order.version + 1, ..order };
        let mut commit = Commit::new();
        commit.put_order(&customer.owner, &next, order_due(cx, &next));
        let notice = Notice::OrderClosed { at: cx.now, order_id: next.order_id.clone(), item: next.item, offer: next.offer.clone(), expired: false };
        commit.notice(&format!("{}#{}#", notice.kind(), next.order_id), &customer.owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, view(next, cx.now)))
    }
}
