//! First answers of idempotent requests.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::Table;
use sportello_rules::policy::HttpPolicy;

use crate::commit::{Commit, Over};
use crate::read::parse;
use crate::record::Bytes;
use crate::{Store, StoreError};

/// The first answer under an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstAnswer {
    /// Partition key.
    pub pk: String,
    /// What tells the request from another one.
    pub fingerprint: String,
    /// Status of the answer.
    pub status: u16,
    /// The answer, sealed: it may hold a token.
    pub sealed: Bytes,
    /// Until when it is replayed, from this instant on it is not.
    pub until: Timestamp,
    /// Tidies it away.
    pub ttl: i64,
}

fn pk(place: &str) -> String {
    format!("{}{place}", crate::key::FIRST_ANSWER)
}

impl FirstAnswer {
    /// An answer given at `now`.
    #[must_use]
    pub fn new(place: &str, fingerprint: String, status: u16, sealed: Bytes, policy: &HttpPolicy, now: Timestamp) -> Self {
        let until = now.saturating_add(SignedDuration::from_hours(i64::from(policy.idempotency_hours))).unwrap_or(Timestamp::MAX);
        Self { pk: pk(place), fingerprint, status, sealed, until, ttl: until.as_second() }
    }
}

impl Commit {
    /// Keeps the first answer with the change that it tells of. A parallel request with the same key is refused; an answer that is over gives way.
    pub fn first_answer(&mut self, answer: &FirstAnswer, old: Option<&FirstAnswer>) {
        if let Ok(item) = serde_dynamo::to_item(answer) {
            let over = old.map_or(Over::Nothing, |old| Over::Until(old.until.to_string()));
            self.put_item(Table::Requests, item, over, Code::IdempotencyInFlight);
        }
    }
}

impl Store {
    /// The first answer at a place, over ones too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn first_answer(&self, place: &str) -> Result<Option<FirstAnswer>, StoreError> {
        self.plain(Table::Requests, &pk(place)).await?.map(parse).transpose()
    }
}
