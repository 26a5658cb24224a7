//! POST /v1/customer/services/{serviceId}/credentials: orders a further credential; paid, it waits in the selfcare to be activated (rule 64).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::order::Item;
use sportello_rules::service::{CredentialKind, adding};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::facts;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::order_view::{Order, forbidden};
use crate::service_order::order;

/// Orders a credential.
pub struct CredentialAdd;

/// A credential that is sold.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sold {
    /// A physical device for one-time passwords, of level 2.
    OtpToken,
    /// A smart card, of level 3.
    SmartCard,
    /// A remote signature, of level 3.
    RemoteSignature,
}

impl From<Sold> for CredentialKind {
    fn from(sold: Sold) -> Self {
        match sold {
            Sold::OtpToken => Self::OtpToken,
            Sold::SmartCard => Self::SmartCard,
            Sold::RemoteSignature => Self::RemoteSignature,
        }
    }
}

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service.
    #[schemars(length(min = 1, max = 64))]
    service_id: String,
    /// Which one.
    credential: Sold,
}

impl Operation for CredentialAdd {
    const SPEC: Spec = Spec::create("customer.credential.add", "/v1/customer/services/{serviceId}/credentials")
        .summary("Order a further credential; an order for it that is still open is answered again")
        .limit(Limit::ORDINARY)
        .idempotent()
        .grants(&[grant(Table::Orders, Action::PutItem), grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[
            Code::NotFound,
            Code::AlreadyCancelled,
            Code::IdentityRevoked,
            Code::NotActive,
            Code::IdentitySuspended,
            Code::LevelNotForMinors,
            Code::NotForSale,
            Code::CredentialHeld,
            Code::TooManyOrders,
            Code::ChangedMeanwhile,
        ]);
    type Auth = Customer;
    type Input = Input;
    type Output = Order;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Order>, Failure> {
        let service = customer.records.services.iter().find(|service| service.service_id == input.service_id).ok_or(Code::NotFound)?;
        let kind = CredentialKind::from(input.credential);
        adding(&facts(service), kind).map_err(forbidden)?;
        order(cx, &customer, service, Item::Credential(kind), None)
    }
}
