//! GET /v1/customer/services/{serviceId}: one service (rules 59, 60, 66).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::service_view::{Service, view};

/// Reads a service.
pub struct ServiceRead;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service.
    #[schemars(length(min = 1, max = 64))]
    service_id: String,
}

impl Operation for ServiceRead {
    const SPEC: Spec = Spec::get("customer.service.read", "/v1/customer/services/{serviceId}")
        .summary("Read a service: status, credentials, expiry, renewal and the actions possible now")
        .limit(Limit::ORDINARY)
        .problems(&[Code::NotFound]);
    type Auth = Customer;
    type Input = Input;
    type Output = Service;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Service>, Failure> {
        // Only the customer's own collection is looked at: another's service is as missing as one that never was (rule 66).
        let service = customer.records.services.into_iter().find(|service| service.service_id == input.service_id);
        Ok(Reply::of(view(cx, service.ok_or(Code::NotFound)?)))
    }
}
