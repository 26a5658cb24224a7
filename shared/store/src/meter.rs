//! What an invocation did to the tables: the tests compare it with what its operation declares.

use std::sync::{Mutex, PoisonError};

use sportello_contract::spec::Grant;

/// What a round trip is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Reads records.
    Read,
    /// Charges a try before a secret is looked at.
    Charge,
    /// Commits a change.
    Commit,
}

/// One round trip.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundTrip {
    /// What it is for.
    pub kind: Kind,
    /// What it did to which tables.
    pub grants: Vec<Grant>,
    /// Capacity units that it consumed.
    pub capacity: f64,
}

/// Round trips in their order.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Vec<RoundTrip>>);

impl Meter {
    /// Notes one round trip.
    pub fn note(&self, kind: Kind, grants: Vec<Grant>, capacity: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(RoundTrip { kind, grants, capacity });
    }

    /// Everything noted so far, taken out.
    #[must_use]
    pub fn take(&self) -> Vec<RoundTrip> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
