//! POST /v1/customer/services/{serviceId}/renewals: orders the renewal of the identity or of one credential (rules 60, 61).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::service::{Credential, CredentialKind, credential_renewal, renewal};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{facts, renewal_of};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::credential_add::Sold;
use crate::order_view::{Order, forbidden};
use crate::service_order::order;

/// Orders a renewal.
pub struct ServiceRenew;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service.
    #[schemars(length(min = 1, max = 64))]
    service_id: String,
    /// The credential; the identity itself where none is named.
    #[serde(default)]
    credential: Option<Sold>,
}

impl Operation for ServiceRenew {
    const SPEC: Spec = Spec::create("customer.service.renew", "/v1/customer/services/{serviceId}/renewals")
        .summary("Order the renewal of the identity or of one credential; an order for it that is still open is answered again")
        .limit(Limit::ORDINARY)
        .idempotent()
        .grants(&[grant(Table::Orders, Action::PutItem), grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[
            Code::NotFound,
            Code::AlreadyCancelled,
            Code::IdentityRevoked,
            Code::NotActive,
            Code::RenewalIsFree,
            Code::RenewalIsAutomatic,
            Code::NotYetDue,
            Code::DoesNotExpire,
            Code::NotForSale,
            Code::TooManyOrders,
            Code::ChangedMeanwhile,
        ]);
    type Auth = Customer;
    type Input = Input;
    type Output = Order;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Order>, Failure> {
        let service = customer.records.services.iter().find(|service| service.service_id == input.service_id).ok_or(Code::NotFound)?;
        let (facts, policy) = (facts(service), &cx.policy().service);
        let credential = input.credential.map(CredentialKind::from);
        let period = match credential {
            None => {
                renewal(&facts, cx.now, policy).map_err(forbidden)?;
                service.expires_on
            }
            Some(kind) => {
                let held = service.credentials.iter().find(|held| held.kind == kind).ok_or(Code::NotFound)?;
                credential_renewal(&facts, &Credential::new(kind, held.expires_on), cx.now, policy).map_err(forbidden)?;
                held.expires_on
            }
        };
        order(cx, &customer, service, renewal_of(credential), period)
    }
}
