//! GET /v1/customer/tickets: the customer's requests for help, newest first (rule 65).

use sportello_contract::page::{Page, PageQuery};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::account_proof::open;
use crate::ticket_open::{shown_since, topic_of};
use crate::ticket_view::{FIELD, Ticket};

/// Lists the tickets.
pub struct TicketList;

impl Operation for TicketList {
    const SPEC: Spec = Spec::get("customer.ticket.list", "/v1/customer/tickets")
        .summary("List the requests for help, newest first")
        .limit(Limit::ORDINARY)
        .problems(&[Code::CursorInvalid]);
    type Auth = Customer;
    type Input = PageQuery;
    type Output = Page<Ticket>;

    async fn handle(cx: &Cx, customer: CustomerActor, input: PageQuery) -> Result<Reply<Page<Ticket>>, Failure> {
        let (owner, policy) = (customer.owner, &cx.policy().http);
        let scope = format!("{}/{}", cx.id, owner.pk());
        let cursors = cx.cursors(&scope)?;
        let before = input.cursor.as_deref().map(|cursor| cursors.read(cursor, policy)).transpose()?;
        let limit = usize::try_from(input.limit.map_or(policy.page_size, |limit| limit.0.min(policy.max_page_size))).unwrap_or(1);
        // One more than is shown tells whether there is another page.
        let mut found = cx.store.tickets(&owner, before.as_deref(), limit + 1).await?;
        let since = shown_since(cx);
        found.retain(|ticket| ticket.opened_at >= since);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| cursors.make(&last.sk));
        let mut items = Vec::new();
        for ticket in found {
            let text = open(cx, &owner, &customer.records.account, FIELD, &ticket.sealed)?;
            items.push(Ticket::new(ticket.ticket_id, ticket.opened_at, topic_of(&ticket.topic), ticket.service_id, text));
        }
        Ok(Reply::of(Page { items, next }))
    }
}
