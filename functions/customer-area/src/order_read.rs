//! GET /v1/customer/orders/{orderId}: one order (rule 65).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::order_view::{Order, view_among};

/// Reads an order.
pub struct OrderRead;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The order.
    #[schemars(length(min = 1, max = 64))]
    order_id: String,
}

impl Operation for OrderRead {
    const SPEC: Spec = Spec::get("customer.order.read", "/v1/customer/orders/{orderId}")
        .summary("Read one order")
        .limit(Limit::ORDINARY)
        .problems(&[Code::NotFound]);
    type Auth = Customer;
    type Input = Input;
    type Output = Order;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Order>, Failure> {
        let order = customer.records.orders.iter().find(|order| order.order_id == input.order_id).ok_or(Code::NotFound)?;
        Ok(Reply::of(view_among(&customer.records, order.clone(), cx.now)))
    }
}
