//! GET /v1/customer/orders: the customer's orders, newest first, of all services or of one (rule 65).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::page::{Page, PageLimit, PageQuery};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::record::OrderRecord;

use crate::order_view::{Order, view_among};

/// Lists the orders.
pub struct OrderList;

/// A service's id: never empty, for nothing is of no service.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct ServiceId(pub(crate) String);

impl TryFrom<String> for ServiceId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        if (1..=64).contains(&id.chars().count()) { Ok(Self(id)) } else { Err("empty or too long") }
    }
}

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Only those of one service; none are of a service that is not the customer's (rule 66).
    #[serde(default)]
    #[schemars(with = "Option<String>", length(min = 1, max = 64))]
    service: Option<ServiceId>,
    /// Most items to answer.
    #[serde(default)]
    limit: Option<PageLimit>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(length(min = 1, max = 512))]
    cursor: Option<String>,
}

impl Operation for OrderList {
    const SPEC: Spec = Spec::get("customer.order.list", "/v1/customer/orders")
        .summary("List the orders, newest first, of all services or of one")
        .limit(Limit::ORDINARY)
        .problems(&[Code::CursorInvalid]);
    type Auth = Customer;
    type Input = Input;
    type Output = Page<Order>;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Page<Order>>, Failure> {
        let mut orders = customer.records.orders.clone();
        orders.retain(|order| input.service.as_ref().is_none_or(|service| order.service_id == service.0));
        // Counted down from the end of time, so that the newest comes first.
        let place = |order: &OrderRecord| format!("{:016}/{}", i64::MAX / 1000 - order.placed_at.as_millisecond(), order.order_id);
        orders.sort_by_key(place);
        let scope = format!("{}/{}/{}", cx.id, customer.owner.pk(), input.service.map(|service| service.0).unwrap_or_default());
        let query = PageQuery { limit: input.limit, cursor: input.cursor };
        let page = cx.cursors(&scope)?.cut(orders, place, &query, &cx.policy().http)?;
        Ok(Reply::of(Page { items: page.items.into_iter().map(|order| view_among(&customer.records, order, cx.now)).collect(), next: page.next }))
    }
}
