//! Requests for help, apart from the customer's collection (rule 65).

use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Table, grant};

use crate::commit::{Commit, Over};
use crate::key::{Owner, TICKETS};
use crate::meter::Kind;
use crate::read::parse;
use crate::record::TicketRecord;
use crate::value::s;
use crate::{Store, StoreError, unavailable};

/// Partition key of a customer's tickets.
#[must_use]
pub fn tickets_pk(owner: &Owner) -> String {
    format!("{}{TICKETS}", owner.pk())
}

impl Commit {
    /// Opens a ticket.
    pub fn open_ticket(&mut self, ticket: &TicketRecord) {
        self.put(Table::Orders, ticket, Over::Nothing, Code::ChangedMeanwhile);
    }
}

impl Store {
    /// A customer's tickets before a place, newest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tickets(&self, owner: &Owner, before: Option<&str>, most: usize) -> Result<Vec<TicketRecord>, StoreError> {
        let condition = if before.is_some() { "pk = :pk AND sk < :before" } else { "pk = :pk" };
        let values = [(":pk", Some(tickets_pk(owner))), (":before", before.map(ToOwned::to_owned))].into_iter();
        let values = values.filter_map(|(name, value)| Some((name.to_owned(), s(value?))));
        let answer = self
            .client
            .query()
            .table_name(self.table(Table::Orders))
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values.collect()))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await
            .map_err(unavailable)?;
        self.note(Kind::Read, vec![grant(Table::Orders, Action::Query)], answer.consumed_capacity().and_then(|c| c.capacity_units()));
        answer.items.unwrap_or_default().into_iter().map(parse).collect()
    }
}
