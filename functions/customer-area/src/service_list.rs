//! GET /v1/customer/services: the customer's services (rule 59).

use sportello_contract::page::{Page, PageQuery};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::service_view::{Service, view};

/// Lists the services.
pub struct ServiceList;

impl Operation for ServiceList {
    const SPEC: Spec = Spec::get("customer.service.list", "/v1/customer/services")
        .summary("List the services, by type, with status, expiry, renewal and the actions possible now")
        .limit(Limit::ORDINARY)
        .problems(&[Code::CursorInvalid]);
    type Auth = Customer;
    type Input = PageQuery;
    type Output = Page<Service>;

    async fn handle(cx: &Cx, customer: CustomerActor, query: PageQuery) -> Result<Reply<Page<Service>>, Failure> {
        let mut services = customer.records.services;
        let place = |service: &sportello_store::record::ServiceRecord| format!("{:?}/{}", service.kind as u8, service.service_id);
        services.sort_by_key(place);
        let scope = format!("{}/{}", cx.id, customer.owner.pk());
        let page = cx.cursors(&scope)?.cut(services, place, &query, &cx.policy().http)?;
        Ok(Reply::of(Page { items: page.items.into_iter().map(|service| view(cx, service)).collect(), next: page.next }))
    }
}
