//! DELETE /v1/customer/payment-methods/{paymentMethodId}: forgets a payment method, here and at the payment provider (rule 61).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_rules::order::State;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::provider;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use tracing::error;


/// Removes a payment method.
pub struct PaymentMethodRemove;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The payment method.
    #[schemars(length(min = 1, max = 64))]
    payment_method_id: String,
}

impl Operation for PaymentMethodRemove {
    const SPEC: Spec = Spec::delete("customer.payment-method.remove", "/v1/customer/payment-methods/{paymentMethodId}")
        .summary("Forget a payment method, here and at the payment provider")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Orders, Action::DeleteItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::NotFound, Code::PaymentMethodInUse, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        let records = &customer.records;
        let method = records.methods.iter().find(|method| method.method_id == input.payment_method_id).ok_or(Code::NotFound)?;
        let renews = |service: &sportello_store::record::ServiceRecord| service.auto_renewal && service.renewal_method.as_ref() == Some(&method.method_id);
        let pays = |order: &sportello_store::record::OrderRecord| order.order.state == State::Charging && order.method.as_ref() == Some(&method.method_id);
        if records.services.iter().any(renews) || records.orders.iter().any(pays) {
            return Err(Code::PaymentMethodInUse.into());
        }
        let provider = provider(cx)?;
        let mut commit = Commit::new();
        commit.remove_method(method);
        let notice = Notice::PaymentMethodChanged { at: cx.now, label: method.label.clone(), added: false };
        let id = format!("{}#{}#{}#removed", notice.kind(), customer.owner.pk(), method.method_id);
        commit.notice(&id, &customer.owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        // Forgotten here first: what began to use it meanwhile keeps it, and nothing is charged to what the provider has lost.
        cx.store.commit(commit).await?;
        if let Err(error) = provider.detach(&method.method_id, &format!("detach-{}", method.method_id)).await {
            // Nobody here knows its id any more, so nobody charges it; the provider may have forgotten it already.
            error!(request_id = cx.request_id, %error, "the payment provider does not forget a payment method");
        }
        Ok(Reply::of(()))
    }
}
