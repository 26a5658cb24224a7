//! POST /v1/customer/orders: orders a new identity; one that costs nothing is given at once (rules 59, 61).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_rules::identity::IdentityType;
use sportello_rules::order::{Event, Item, Step, apply};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{give, new_order, place, too_many_open, too_many_waiting};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::order_view::{Order, view};

/// Places an order.
pub struct OrderPlace;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Type of the identity.
    #[schemars(with = "String", extend("enum" = ["personal", "minor", "professional", "business"]))]
    r#type: IdentityType,
}

/// Stands for the payment of what costs nothing.
const FREE: &str = "free";

impl Operation for OrderPlace {
    const SPEC: Spec = Spec::create("customer.order.place", "/v1/customer/orders")
        .summary("Order a new identity; a free one is given at once, any other waits for its payment")
        .limit(Limit::ORDINARY)
        .idempotent()
        .grants(&[grant(Table::Orders, Action::PutItem), grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::NotForSale, Code::TooManyOrders, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = Order;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Order>, Failure> {
        if too_many_open(cx, &customer.records) {
            return Err(Code::TooManyOrders.into());
        }
        let mut order = new_order(cx, &customer.owner, Item::Identity(input.r#type), input.r#type, None)?;
        let mut commit = Commit::new();
        // Of many at once one counts those before it.
        commit.update_auth(Commit::auth(&customer.owner).version(customer.records.account.version), Code::ChangedMeanwhile);
        if order.gross_cents == 0 {
            if too_many_waiting(cx, &customer.records) {
                return Err(Code::TooManyOrders.into());
            }
            let paid = apply(&order.order, &Event::Succeeded { payment: FREE.to_owned() }, cx.now).map_err(|refusal| Failure::fault(refusal.to_string()))?;
            if let Step::Changed { order: paid, .. } = paid {
                // Nobody paid, and nobody gets anything back.
                order.order = sportello_rules::order::Order { payment: None, ..paid };
            }
            give(cx, &mut commit, &customer.owner, &customer.records, &order).await?;
            commit.put_order(&customer.owner, &order, None);
            let notice = Notice::OrderPaid {
                at: cx.now,
                order_id: order.order_id.clone(),
                item: order.item,
                offer: order.offer.clone(),
                gross_cents: 0,
                invoice: None,
                expires_on: None,
            };
            commit.notice(&format!("{}#{}#", notice.kind(), order.order_id), &customer.owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        } else {
            place(cx, &mut commit, &customer.owner, &order, None)?;
        }
        Ok(Reply::after(commit, view(order, cx.now)))
    }
}
