//! The access history (rules 55-58): records by identity, outcome and instant; the counters with the chain's head; what keeps a request from being recorded twice.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Table, grant};
use sportello_rules::access::{Content, Head, Link, Outcome, Previous};

use crate::commit::{Commit, Over};
use crate::key::{self, Owner};
use crate::meter::Kind;
use crate::read::parse;
use crate::record::Bytes;
use crate::value::{Item, s};
use crate::{Store, StoreError, unavailable};

/// Where an access stands among those of its outcome: by instant, then by the request's id.
#[must_use]
pub fn position(at: Timestamp, request_id: &str) -> String {
    format!("{:015}#{request_id}", at.as_millisecond().max(0))
}

const fn family(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => key::ACCESS_SUCCESS,
        Outcome::Failure => key::ACCESS_FAILURE,
    }
}

/// One access, as it is kept. Instant, outcome and the request's id are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRecord {
    /// Whose: the partition key.
    pub owner: String,
    /// Id of the request.
    pub request_id: String,
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Everything else, sealed for the owner.
    pub sealed: Bytes,
    /// What ties it to the one before it.
    pub link: Link,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    pk: String,
    sk: String,
    sealed: Bytes,
    sequence: u64,
    linked_at: Timestamp,
    previous_hash: Option<Bytes>,
    previous_linked_at: Option<Timestamp>,
    hash: Bytes,
    ttl: i64,
}

impl AccessRecord {
    /// What its link is about.
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        Content { owner: &self.owner, request_id: &self.request_id, at: self.at, outcome: self.outcome, sealed: &self.sealed.0 }
    }

    /// Where it stands among those of its outcome.
    #[must_use]
    pub fn position(&self) -> String {
        position(self.at, &self.request_id)
    }

    fn read(item: Item) -> Result<Self, StoreError> {
        let kept: Kept = parse(item)?;
        let of = |outcome| kept.sk.strip_prefix(family(outcome)).map(|place| (outcome, place));
        let found = Outcome::ALL.into_iter().find_map(of).and_then(|(outcome, place)| {
            let (ms, request_id) = place.split_once('#')?;
            Some((outcome, Timestamp::from_millisecond(ms.parse().ok()?).ok()?, request_id.to_owned()))
        });
        let (outcome, at, request_id) = found.ok_or_else(|| StoreError::Corrupt(format!("{}: no key of an access", kept.sk)))?;
        let previous = kept.previous_hash.zip(kept.previous_linked_at).map(|(hash, linked_at)| Previous { hash: hash.0, linked_at });
        let link = Link { sequence: kept.sequence, linked_at: kept.linked_at, previous, hash: kept.hash.0 };
        Ok(Self { owner: kept.pk, request_id, at, outcome, sealed: kept.sealed, link })
    }
}

/// An access as the counters remember it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAccess {
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Everything else, sealed for the owner.
    pub sealed: Bytes,
}

/// Where an access history stands (`ACCESSES`), so that its numbers come with the holder's records and cost no look at the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessCounters {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// Successes since the beginning.
    pub successes: u64,
    /// Failures since the beginning.
    pub failures: u64,
    /// Hash of the newest link; also tells these counters from later ones.
    pub newest: Bytes,
    /// When the newest link was added.
    pub linked_at: Timestamp,
    /// The hash over all of this.
    pub hash: Bytes,
    /// The access of the latest instant.
    pub last: Option<LastAccess>,
    /// The success of the latest instant.
    pub last_success: Option<LastAccess>,
}

impl AccessCounters {
    /// The counters of a history that stands here.
    #[must_use]
    pub fn new(owner: &Owner, head: Head) -> Self {
        let Head { successes, failures, newest, hash } = head;
        let (newest, linked_at) = (Bytes(newest.hash), newest.linked_at);
        Self { pk: owner.pk(), sk: key::ACCESSES.to_owned(), successes, failures, newest, linked_at, hash: Bytes(hash), last: None, last_success: None }
    }

    /// Where the history stands.
    #[must_use]
    pub fn head(&self) -> Head {
        let newest = Previous { hash: self.newest.0.clone(), linked_at: self.linked_at };
        Head { successes: self.successes, failures: self.failures, newest, hash: self.hash.0.clone() }
    }
}

/// What keeps a request from being recorded twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessGuard {
    pk: String,
    sk: String,
    /// Keyed hash of what was recorded.
    pub fingerprint: Bytes,
    /// When the access was, in milliseconds: the guard is over with it.
    pub at: i64,
    ttl: i64,
}

fn guard_pk(request_id: &str) -> String {
    format!("{}{request_id}", key::ACCESS_GUARD)
}

impl Commit {
    /// Adds a record to a history, which the counters must follow. Where its request is known already, [`Code::IdempotencyInFlight`] is the refusal.
    pub fn record_access(&mut self, record: &AccessRecord, fingerprint: Bytes, kept_from: Timestamp, tidied_at: Timestamp) {
        let ttl = tidied_at.as_second();
        let (pk, sk) = (guard_pk(&record.request_id), key::ACCESS_GUARD.to_owned());
        let guard = AccessGuard { pk, sk, fingerprint, at: record.at.as_millisecond(), ttl };
        self.put(Table::Accesses, &guard, Over::Under("at", kept_from.as_millisecond()), Code::IdempotencyInFlight);
        let link = record.link.clone();
        let (previous_hash, previous_linked_at) = link.previous.map(|previous| (Bytes(previous.hash), previous.linked_at)).unzip();
        let kept = Kept {
            pk: record.owner.clone(),
            sk: format!("{}{}", family(record.outcome), record.position()),
            sealed: record.sealed.clone(),
            sequence: link.sequence,
            linked_at: link.linked_at,
            previous_hash,
            previous_linked_at,
            hash: Bytes(link.hash),
            ttl,
        };
        self.put(Table::Accesses, &kept, Over::Nothing, Code::ChangedMeanwhile);
    }

    /// Puts where a history stands; refused where it stands elsewhere than it did.
    pub fn put_access_counters(&mut self, counters: &AccessCounters, before: Option<&AccessCounters>) {
        let newest = |counters: &AccessCounters| match serde_dynamo::to_attribute_value(&counters.newest) {
            Ok(AttributeValue::S(text)) => text,
            _ => String::new(),
        };
        let over = before.map_or(Over::Nothing, |before| Over::Same("newest", newest(before)));
        self.put(Table::Identities, counters, over, Code::ChangedMeanwhile);
    }
}

/// Which accesses of one owner are asked for.
#[derive(Debug, Clone, Copy)]
pub struct AccessQuery<'a> {
    /// Whose.
    pub owner: &'a Owner,
    /// Of which outcome.
    pub outcome: Outcome,
    /// From this position on.
    pub from: &'a str,
    /// Up to this position.
    pub to: &'a str,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// Most of them; as many as an answer holds where none is given.
    pub limit: Option<i32>,
}

/// Where the next page of accesses begins.
#[derive(Debug, Clone)]
pub struct AccessPage(Item);

impl Store {
    /// Accesses of one owner and outcome, a page at a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accesses(&self, ask: &AccessQuery<'_>, page: Option<AccessPage>) -> Result<(Vec<AccessRecord>, Option<AccessPage>), StoreError> {
        let prefix = family(ask.outcome);
        let answer = self
            .client
            .query()
            .table_name(self.table(Table::Accesses))
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(ask.owner.pk()))
            .expression_attribute_values(":from", s(format!("{prefix}{}", ask.from)))
            .expression_attribute_values(":to", s(format!("{prefix}{}", ask.to)))
            .scan_index_forward(!ask.newest_first)
            .set_limit(ask.limit)
            .consistent_read(true)
            .set_exclusive_start_key(page.map(|page| page.0))
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await
            .map_err(unavailable)?;
        self.note(Kind::Read, vec![grant(Table::Accesses, Action::Query)], answer.consumed_capacity().and_then(|c| c.capacity_units()));
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(AccessPage);
        let records = answer.items.unwrap_or_default().into_iter().map(AccessRecord::read).collect::<Result<_, _>>()?;
        Ok((records, next))
    }

    /// What keeps a request from being recorded twice, over ones too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn access_guard(&self, request_id: &str) -> Result<Option<AccessGuard>, StoreError> {
        self.item(Table::Accesses, &guard_pk(request_id), key::ACCESS_GUARD).await?.map(parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn positions_are_ordered_as_their_instants_and_then_their_requests() {
        let ordered = [
            position(at(5), "a"),
            position(at(5), "ab"),
            position(at(5), "b"),
            position(at(1_800_000_000_000), ""),
            position(at(1_800_000_000_000), "_"),
            position(Timestamp::MAX, ""),
        ];
        assert!(ordered.windows(2).all(|pair| pair[0] < pair[1]), "{ordered:?}");
    }

    #[test]
    fn a_record_comes_back_from_its_key() {
        let previous = Some(Previous { hash: vec![1], linked_at: at(4) });
        let record = AccessRecord {
            owner: "H#00".into(),
            request_id: "_a~1".into(),
            at: at(1_800_000_000_001),
            outcome: Outcome::Failure,
            sealed: Bytes(vec![9]),
            link: Link { sequence: 2, linked_at: at(7), previous, hash: vec![2] },
        };
        let item = serde_dynamo::to_item(Kept {
            pk: record.owner.clone(),
            sk: format!("F#{}", record.position()),
            sealed: record.sealed.clone(),
            sequence: 2,
            linked_at: at(7),
            previous_hash: Some(Bytes(vec![1])),
            previous_linked_at: Some(at(4)),
            hash: Bytes(vec![2]),
            ttl: 1,
        });
        assert_eq!(AccessRecord::read(item.unwrap()).unwrap(), record);
        assert!(AccessRecord::read(crate::value::key("H#00", "F#x")).is_err());
    }
}
