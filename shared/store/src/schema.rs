//! The tables as they are created: keys, the index of what is due, streams, tidying.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType, StreamSpecification,
    StreamViewType, TimeToLiveSpecification,
};
use serde_json::{Value, json};
use sportello_contract::spec::{Action, Grant, Table};

use crate::key::{ACCESS_GUARD, ADDRESS, FIRST_ANSWER, MAILBOX, OwnerKind, PERSON, QR_SIGN_IN, TOKEN};
use crate::{Store, StoreError, unavailable};

/// Name of the sparse index of what is due.
pub const DUE_INDEX: &str = "due";
/// Shards of each kind in that index.
pub const DUE_SHARDS: u32 = 4;
/// Kind of the notices that are not delivered yet.
pub const DUE_NOTICE: &str = "notice";
/// Kind of the password's warnings.
pub const DUE_PASSWORD_WARNING: &str = "password-warning";

/// Kind of the suspensions that end by themselves.
pub const DUE_SUSPENSION: &str = "suspension";
/// Kind of the identity documents that expire.
pub const DUE_DOCUMENT: &str = "document";
/// Kind of the identities that are not used.
pub const DUE_INACTIVITY: &str = "inactivity";
/// Kind of the minors who come of age.
pub const DUE_AGE: &str = "age";
/// Kind of the credentials that expire.
pub const DUE_CREDENTIAL: &str = "credential";

/// Kind of the orders that wait for something.
pub const DUE_ORDER: &str = "order";
/// Kind of the services that renew by themselves.
pub const DUE_RENEWAL: &str = "renewal";
/// Kind of the services whose expiry is to be told.
pub const DUE_SERVICE: &str = "service";

/// Whether a table has a sort key.
#[must_use]
pub const fn has_sort_key(table: Table) -> bool {
    matches!(table, Table::Identities | Table::Orders | Table::Accesses | Table::Invoices)
}

/// Whether a table has the sparse index of what is due.
#[must_use]
pub const fn has_due_index(table: Table) -> bool {
    matches!(table, Table::Identities | Table::Orders | Table::Outbox)
}

/// Whether a table's stream is consumed.
#[must_use]
pub const fn has_stream(table: Table) -> bool {
    matches!(table, Table::Outbox)
}

/// A table as the infrastructure creates it.
#[must_use]
pub fn described(table: Table) -> Value {
    json!({ "name": table, "sortKey": has_sort_key(table), "dueIndex": has_due_index(table), "stream": has_stream(table) })
}

/// Patterns of the partition keys that a grant comes to, for the condition of a role; none where keys say nothing of who may come to them.
#[must_use]
pub fn partition_keys(grant: Grant, due: &[&str]) -> Vec<String> {
    match (grant.table, grant.action) {
        (_, Action::QueryDue) => due.iter().map(|kind| format!("{kind}#*")).collect(),
        (Table::Identities, _) => vec![format!("{}#*", OwnerKind::Holder.letter())],
        (Table::Orders, _) => vec![format!("{}#*", OwnerKind::Customer.letter())],
        (Table::Requests, Action::UpdateItem) => vec![format!("{ADDRESS}*"), format!("{QR_SIGN_IN}*")],
        (Table::Requests, _) => vec![format!("{FIRST_ANSWER}*"), format!("{QR_SIGN_IN}*")],
        (Table::Lookups, Action::UpdateItem) => vec![format!("{TOKEN}*")],
        (Table::Lookups, _) => vec![format!("{PERSON}*"), format!("{TOKEN}*"), format!("{MAILBOX}*")],
        (Table::Outbox | Table::Invoices, _) => Vec::new(),
        (Table::Accesses, Action::Query) => vec![format!("{}#*", OwnerKind::Holder.letter())],
        (Table::Accesses, Action::GetItem) => vec![format!("{ACCESS_GUARD}*")],
        (Table::Accesses, _) => vec![format!("{}#*", OwnerKind::Holder.letter()), format!("{ACCESS_GUARD}*")],
    }
}

impl Store {
    /// Creates the tables that do not exist yet; for the local stack. In the cloud Terraform does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        let existing = self.client.list_tables().send().await.map_err(unavailable)?;
        for table in Table::ALL {
            let name = self.table(table);
            if !existing.table_names().contains(&name) {
                self.create_table(table, &name).await?;
            }
        }
        Ok(())
    }

    async fn create_table(&self, table: Table, name: &str) -> Result<(), StoreError> {
        let attribute = |name: &str, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().map_err(unavailable);
        let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(unavailable);
        let mut create = self
            .client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", ScalarAttributeType::S)?)
            .key_schema(element("pk", KeyType::Hash)?);
        if has_sort_key(table) {
            create = create.attribute_definitions(attribute("sk", ScalarAttributeType::S)?).key_schema(element("sk", KeyType::Range)?);
        }
        if has_due_index(table) {
            let index = GlobalSecondaryIndex::builder()
                .index_name(DUE_INDEX)
                .key_schema(element("due_kind", KeyType::Hash)?)
                .key_schema(element("due_at", KeyType::Range)?)
                .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
                .build()
                .map_err(unavailable)?;
            create = create
                .attribute_definitions(attribute("due_kind", ScalarAttributeType::S)?)
                .attribute_definitions(attribute("due_at", ScalarAttributeType::N)?)
                .global_secondary_indexes(index);
        }
        if has_stream(table) {
            let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::KeysOnly).build().map_err(unavailable)?;
            create = create.stream_specification(stream);
        }
        create.send().await.map_err(unavailable)?;
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("ttl").build().map_err(unavailable)?;
        self.client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await.map_err(unavailable)?;
        Ok(())
    }
}
