//! The local stack: the whole of Sportello in one process, without an AWS account.
//!
//! A gateway runs every operation through real API Gateway v2 events over an embedded DynamoDB; mails and messages are caught; time can be moved.

pub mod catcher;
pub mod clock;
pub mod database;
pub mod demo;
pub mod deployment;
pub mod documents;
pub mod gateway;
pub mod journey;
pub mod local_api;
pub mod payments;
pub mod scheduler;
pub mod stack;
pub mod stream;

use sportello_runtime::{Entry, JobEntry};

/// Every operation, in the order of the documents.
#[must_use]
pub fn operations() -> Vec<&'static Entry> {
    sportello_customer_area::ALL.iter().chain(sportello_selfcare::ALL).chain(sportello_internal::ALL).copied().collect()
}

/// Every job.
#[must_use]
pub fn jobs() -> Vec<&'static JobEntry> {
    sportello_jobs::ALL.to_vec()
}
