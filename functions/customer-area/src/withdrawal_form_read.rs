//! GET /v1/customer/services/{serviceId}/withdrawal-form: the form that a service is left by, pre-filled, as PDF: the right one of the two if it were sent
//! now; once it was sent, the one that was (rules 62, 63).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::withdrawal_form::{by_now, pdf};

/// Makes the form.
pub struct WithdrawalFormRead;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service.
    #[schemars(length(min = 1, max = 64))]
    service_id: String,
}

impl Operation for WithdrawalFormRead {
    const SPEC: Spec = Spec::get("customer.withdrawal-form.read", "/v1/customer/services/{serviceId}/withdrawal-form")
        .summary("Download the withdrawal form of a service, pre-filled, as PDF in the customer's language; once it was sent, the one that was")
        .pdf()
        .limit(Limit::GUARDED)
        .problems(&[Code::NotFound, Code::CancelDirectly, Code::RevokeFirst, Code::AlreadyCancelled]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        let service = customer.records.services.iter().find(|service| service.service_id == input.service_id).ok_or(Code::NotFound)?;
        let sent = match &service.withdrawal {
            Some(sent) => sent.clone(),
            None => by_now(cx, service)?,
        };
        Ok(Reply::file(pdf(cx, &customer, service, &sent)?))
    }
}
