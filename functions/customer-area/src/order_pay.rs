//! POST /v1/customer/orders/{orderId}/payment: charges an order to a payment method (rules 61, 65).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::order::State;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{Charged, begin, can_be_given, charge};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::order::ServiceUpdate;
use sportello_store::record::OrderRecord;

use crate::order_view::{Order, view};

/// Pays an order.
pub struct OrderPay;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The order.
    #[schemars(length(min = 1, max = 64))]
    order_id: String,
    /// One of the customer's payment methods; while a payment is under way it is the one of that payment that counts.
    #[schemars(length(min = 1, max = 64))]
    payment_method_id: String,
}

/// What has come of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The order as it stands: `paid`, or `charging` where the payment provider has not said yet.
    order: Order,
    /// Where the customer confirms the payment, at the bank's or PayPal's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_at: Option<String>,
}

impl Operation for OrderPay {
    const SPEC: Spec = Spec::post("customer.order.pay", "/v1/customer/orders/{orderId}/payment")
        .summary("Pay an order by a payment method; asked again it never charges twice")
        .limit(Limit::ORDINARY)
        .pays()
        .grants(sportello_runtime::ordering::GRANTS)
        .problems(&[
            Code::NotFound,
            Code::AlreadyPaid,
            Code::OrderCancelled,
            Code::OrderExpired,
            Code::PaymentInProgress,
            Code::PaymentDeclined,
            Code::PaymentMethodMissing,
            Code::OrderObsolete,
            Code::ChangedMeanwhile,
        ]);
    type Auth = Customer;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Output>, Failure> {
        let records = &customer.records;
        let order = records.orders.iter().find(|order| order.order_id == input.order_id).ok_or(Code::NotFound)?;
        let missing = || Failure::from(Problem::from(Code::PaymentMethodMissing).field("paymentMethodId"));
        let method = records.methods.iter().find(|method| method.method_id == input.payment_method_id).ok_or_else(missing)?;
        let payer = records.payer.as_deref().ok_or_else(missing)?;
        let mut commit = Commit::new();
        // What a revocation has made pointless is not charged (rule 36). One that is being charged is asked for again: money may have been taken.
        if order.order.state == State::Unpaid {
            if !can_be_given(records, order) {
                return Err(Code::OrderObsolete.into());
            }
            if let Some(service) = records.services.iter().find(|service| service.service_id == order.service_id) {
                commit.update_service(ServiceUpdate::of(service));
            }
            commit.use_method(method);
        }
        // Whoever pays by hand is told at once what came of it, also of an order that the automatic renewal tried before.
        let by_hand = OrderRecord { automatic: order.automatic && order.order.state != State::Unpaid, ..order.clone() };
        let charging = begin(cx, &mut commit, &customer.owner, &by_hand, &method.method_id, None)?;
        // Before the provider is asked, so that whatever happens then it is known that money may have been taken.
        cx.store.commit(commit).await?;
        let return_url = format!("{}/orders/{}", cx.app.addresses.customer_area, order.order_id);
        match charge(cx, &customer.owner, payer, &charging, Some(&return_url)).await? {
            Charged::Paid(order) => Ok(Reply::of(Output { order: view(*order, cx.now), confirm_at: None })),
            Charged::Pending(order, confirm_at) => Ok(Reply::of(Output { order: view(*order, cx.now), confirm_at })),
            Charged::Declined(..) => Err(Problem::from(Code::PaymentDeclined).field("paymentMethodId").into()),
        }
    }
}
