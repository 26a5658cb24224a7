//! DynamoDB: what is kept, under which keys, and the one transaction that commits a change.
//!
//! [`Store`] is a concrete struct over the real SDK. A [`record`] is read whole, the rules decide, and a [`commit::Commit`] writes state and notices together.

pub mod access;
pub mod charge;
pub mod commit;
pub mod key;
pub mod lookup;
pub mod meter;
pub mod order;
pub mod outbox;
pub mod qr;
pub mod read;
pub mod record;
pub mod request;
pub mod schema;
pub mod ticket;
mod value;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use sportello_contract::problem::Code;
use sportello_contract::spec::Table;

use crate::meter::Meter;

/// The tables of one deployment.
#[derive(Clone)]
pub struct Store {
    client: Client,
    prefix: Arc<str>,
    patience: u32,
    meter: Option<Arc<Meter>>,
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition of the transaction did not hold; nothing was written. The code is the one that the write declared.
    #[error("a condition did not hold: {}", .0.as_str())]
    Refused(Code),
    /// The database did not answer, or not in time; whether a write happened is not known.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A record is not as this version writes it.
    #[error("a record cannot be read: {0}")]
    Corrupt(String),
}

impl Store {
    /// The tables whose names begin with `prefix`; a charge may take `patience` times as long as in the cloud.
    #[must_use]
    pub fn new(client: Client, prefix: &str, patience: u32) -> Self {
        Self { client, prefix: prefix.into(), patience, meter: None }
    }

    /// The same tables, with every round trip noted in `meter`.
    #[must_use]
    pub fn metered(&self, meter: Arc<Meter>) -> Self {
        Self { meter: Some(meter), ..self.clone() }
    }

    /// The full name of a table.
    #[must_use]
    pub fn table(&self, table: Table) -> String {
        format!("{}{}", self.prefix, table.name())
    }

    fn capacity(&self) -> Option<ReturnConsumedCapacity> {
        self.meter.as_ref().map(|_| ReturnConsumedCapacity::Total)
    }
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
