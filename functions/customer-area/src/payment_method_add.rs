//! POST /v1/customer/payment-methods: leads to the payment provider's own page, where a card or PayPal is added; no card data ever comes here (rule 61).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_payments::PaymentError;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{OWNER, provider};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use tracing::error;

/// Begins to add a payment method.
pub struct PaymentMethodAdd;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// Where the method is added.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The payment provider's page; the method is in the list soon after the customer has come back from it.
    url: String,
}

impl Operation for PaymentMethodAdd {
    const SPEC: Spec = Spec::create("customer.payment-method.add", "/v1/customer/payment-methods")
        .summary("Begin to add a card or PayPal, at the payment provider's own page")
        .limit(Limit::GUARDED)
        .idempotent()
        .grants(&[grant(Table::Orders, Action::PutItem)])
        .problems(&[Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, customer: CustomerActor, _: Input) -> Result<Reply<Output>, Failure> {
        let (provider, pk) = (provider(cx)?, customer.owner.pk());
        let mut commit = Commit::new();
        let payer = match &customer.records.payer {
            Some(payer) => payer.clone(),
            None => {
                // The same key for the same customer: two requests at once make one.
                let payer = provider.create_customer(&format!("payer-{pk}"), &[(OWNER, &pk)]).await.map_err(|error| unavailable(cx, &error))?;
                commit.put_payer(&customer.owner, &payer);
                payer
            }
        };
        let back = format!("{}/payment-methods", cx.app.addresses.customer_area);
        let key = format!("setup-{}", cx.request_id);
        let setup = provider.start_setup(&payer, &back, &back, &[(OWNER, &pk)], &key).await.map_err(|error| unavailable(cx, &error))?;
        Ok(Reply::after(commit, Output { url: setup.url }))
    }
}

/// The payment provider does not do what is asked: nothing was taken, the customer may try again.
pub fn unavailable(cx: &Cx, error: &PaymentError) -> Failure {
    error!(request_id = cx.request_id, %error, "the payment provider does not answer as expected");
    sportello_contract::problem::Problem::from(Code::Unavailable).retry_after(1).into()
}
