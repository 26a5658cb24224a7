//! PUT /v1/customer/services/{serviceId}/auto-renewal: switches the automatic renewal on or off (rule 61).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_rules::service::changing_auto_renewal;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{facts, service_due};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::order::ServiceUpdate;

use crate::order_view::forbidden;

/// Switches the automatic renewal.
pub struct AutoRenewalChange;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service.
    #[schemars(length(min = 1, max = 64))]
    service_id: String,
    /// Whether it renews by itself from now on. Off, what was charged before stays charged.
    active: bool,
    /// The payment method that is charged seven days before expiry; needed to switch it on.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    payment_method_id: Option<String>,
}

impl Operation for AutoRenewalChange {
    const SPEC: Spec = Spec::put("customer.auto-renewal.change", "/v1/customer/services/{serviceId}/auto-renewal")
        .summary("Switch the automatic renewal of a Professional or Business identity on or off")
        .limit(Limit::ORDINARY)
        .grants(&[
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Orders, Action::PutItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[
            Code::NotFound,
            Code::AlreadyCancelled,
            Code::IdentityRevoked,
            Code::RenewalIsFree,
            Code::PaymentMethodMissing,
            Code::ChangedMeanwhile,
        ]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        let records = &customer.records;
        let service = records.services.iter().find(|service| service.service_id == input.service_id).ok_or(Code::NotFound)?;
        changing_auto_renewal(&facts(service)).map_err(forbidden)?;
        let missing = || Failure::from(Problem::from(Code::PaymentMethodMissing).field("paymentMethodId"));
        let method = match (input.active, &input.payment_method_id) {
            (false, _) => None,
            (true, None) => return Err(missing()),
            (true, Some(id)) => Some(records.methods.iter().find(|method| method.method_id == *id).ok_or_else(missing)?),
        };
        let used = method;
        let method = method.map(|method| method.method_id.clone());
        if (service.auto_renewal, &service.renewal_method) == (input.active, &method) {
            return Ok(Reply::of(()));
        }
        let mut changed = service.clone();
        changed.auto_renewal = input.active;
        changed.renewal_method.clone_from(&method);
        let mut commit = Commit::new();
        if let Some(used) = used {
            commit.use_method(used);
        }
        commit.update_service(ServiceUpdate::of(service).auto_renewal(input.active, method.as_deref()));
        service_due(cx, &mut commit, &customer.owner, records, &changed);
        if let Some(identity) = service.identity.as_deref().and_then(Owner::from_pk) {
            commit.update_auth(Commit::auth(&identity).auto_renewal(input.active).next_version(), Code::Internal);
        }
        let notice =
            Notice::AutoRenewalChanged { at: cx.now, service_id: service.service_id.clone(), offer: service.offer.clone(), active: input.active };
        let id = format!("{}#{}#{}#{}", notice.kind(), customer.owner.pk(), service.service_id, service.version);
        commit.notice(&id, &customer.owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}
