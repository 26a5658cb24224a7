//! GET /v1/customer/payment-methods: the customer's payment methods (rule 61).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Lists the payment methods.
pub struct PaymentMethodList;

/// The payment methods.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Every one, the newest first.
    items: Vec<Method>,
}

/// A payment method.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// Names it.
    payment_method_id: String,
    /// `card` or `paypal`.
    kind: String,
    /// How it is shown.
    label: String,
    /// The last month in which a card can be charged, as `2027-03`.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// When it was added.
    #[schemars(with = "String", extend("format" = "date-time"))]
    added_at: Timestamp,
    /// The services whose automatic renewal charges it.
    renews: Vec<String>,
}

impl Operation for PaymentMethodList {
    const SPEC: Spec = Spec::get("customer.payment-method.list", "/v1/customer/payment-methods")
        .summary("List the payment methods and what they renew")
        .limit(Limit::ORDINARY);
    type Auth = Customer;
    type Input = ();
    type Output = Output;

    async fn handle(_: &Cx, customer: CustomerActor, (): ()) -> Result<Reply<Output>, Failure> {
        let services = &customer.records.services;
        let mut methods = customer.records.methods;
        methods.sort_by_key(|method| std::cmp::Reverse((method.added_at, method.method_id.clone())));
        let items = methods.into_iter().map(|method| {
            let charged = services.iter().filter(|service| service.auto_renewal && service.renewal_method.as_ref() == Some(&method.method_id));
            Method {
                renews: charged.map(|service| service.service_id.clone()).collect(),
                payment_method_id: method.method_id,
                kind: method.kind,
                label: method.label,
                expires: method.expires,
                added_at: method.added_at,
            }
        });
        Ok(Reply::of(Output { items: items.collect() }))
    }
}
