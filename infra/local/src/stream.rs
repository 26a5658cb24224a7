//! The outbox's stream: new records start the job that consumes it, with Lambda's retries and a dead letter list.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::{describe_stream, get_records, get_shard_iterator, list_streams};
use serde_json::{Value, json};
use sportello_contract::spec::{Table, Trigger};
use tokio::sync::{Notify, watch};

use crate::stack::Shared;

/// How often the stream is read when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);
/// Retries of a failed record, as the event source mapping has; what is left then, the hourly job delivers.
const RETRIES: u32 = 5;
/// Pause before the first retry; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Wakes the reader, and tells when it has caught up.
pub struct StreamHandle {
    wake: Notify,
    rounds: watch::Sender<u64>,
    dead: Mutex<Vec<Value>>,
}

impl Default for StreamHandle {
    fn default() -> Self {
        Self { wake: Notify::new(), rounds: watch::Sender::new(0), dead: Mutex::default() }
    }
}

impl StreamHandle {
    /// Something may have been written.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Everything written before this round began has been consumed.
    pub fn caught_up(&self) {
        self.rounds.send_modify(|rounds| *rounds += 1);
    }

    /// Waits until everything written so far has been consumed.
    pub async fn drained(&self) {
        let mut rounds = self.rounds.subscribe();
        // The round under way may have read before the last write; the one after it has not.
        let wanted = *rounds.borrow() + 2;
        while *rounds.borrow_and_update() < wanted {
            self.wake();
            if rounds.changed().await.is_err() {
                return;
            }
        }
    }

    /// Records that were given up, as a dead letter queue gets them.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Value> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A record as Lambda hands it over, with keys only.
#[must_use]
pub fn record(sequence: &str, pk: &str) -> Value {
    json!({
        "eventID": sequence,
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-south-1",
        "dynamodb": { "Keys": { "pk": { "S": pk } }, "SequenceNumber": sequence, "SizeBytes": 64, "StreamViewType": "KEYS_ONLY" },
        "eventSourceARN": "arn:aws:dynamodb:eu-south-1:000000000000:table/outbox/stream/local",
    })
}

/// Reads the stream for as long as the stack runs.
pub async fn run(shared: Arc<Shared>, database: Database) {
    let mut position = Position::default();
    loop {
        let records = tokio::task::block_in_place(|| position.read(&database, &shared.app.store.table(Table::Outbox)));
        let quiet = records.is_empty();
        for batch in records.chunks(10) {
            consume(&shared, batch).await;
        }
        told(&shared).await;
        if quiet {
            shared.stream.caught_up();
            drop(tokio::time::timeout(POLL, shared.stream.wake.notified()).await);
        }
    }
}

async fn consume(shared: &Shared, batch: &[Value]) {
    let Some(job) = shared.jobs.iter().find(|job| matches!(job.spec.trigger, Trigger::Stream { table: Table::Outbox, .. })) else { return };
    let mut left: Vec<Value> = batch.to_vec();
    for attempt in 0..=RETRIES {
        // A job that panics fails its batch, as in Lambda; it does not end the stream.
        let run = tokio::spawn(job.run(Arc::clone(&shared.app), json!({ "Records": left }), shared.request_id()));
        let answer = run.await.unwrap_or_else(|error| Err(error.to_string()));
        let failed: Vec<String> = match &answer {
            Ok(answer) => answer
                .get("batchItemFailures")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|item| item.get("itemIdentifier").and_then(Value::as_str).map(ToOwned::to_owned))
                .collect(),
            Err(_) => left.iter().map(sequence).collect(),
        };
        left.retain(|record| failed.contains(&sequence(record)));
        if left.is_empty() {
            return;
        }
        tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
    }
    shared.stream.dead.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
}

/// Hands what the mail service tells to the job of that queue.
async fn told(shared: &Shared) {
    let events = shared.inbox.take_events();
    let Some(job) = shared.jobs.iter().find(|job| matches!(job.spec.trigger, Trigger::Queue { queue: "mail-feedback", .. })) else { return };
    for batch in events.chunks(10) {
        // A failure is in the log; in the cloud the queue would give the messages again.
        drop(tokio::spawn(job.run(Arc::clone(&shared.app), json!({ "Records": batch }), shared.request_id())).await);
    }
}

fn sequence(record: &Value) -> String {
    record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[derive(Default)]
struct Position {
    iterator: Option<String>,
}

impl Position {
    fn read(&mut self, database: &Database, table: &str) -> Vec<Value> {
        if self.iterator.is_none() {
            self.iterator = begin(database, table);
        }
        let Some(iterator) = self.iterator.take() else { return Vec::new() };
        let request = get_records::GetRecordsRequest { shard_iterator: iterator, limit: Some(100) };
        // An iterator that has become invalid is asked for anew: notices that are settled are not sent twice.
        let Ok(answer) = database.get_records(request) else { return Vec::new() };
        self.iterator = answer.next_shard_iterator;
        answer.records.iter().filter_map(|record| serde_json::to_value(record).ok()).collect()
    }
}

fn begin(database: &Database, table: &str) -> Option<String> {
    let streams = database.list_streams(list_streams::ListStreamsRequest { table_name: Some(table.to_owned()), ..Default::default() }).ok()?;
    let stream_arn = streams.streams.first()?.stream_arn.clone();
    let described = database.describe_stream(describe_stream::DescribeStreamRequest { stream_arn: stream_arn.clone(), ..Default::default() }).ok()?;
    let shard_id = described.stream_description.shards.first()?.shard_id.clone();
    let request = get_shard_iterator::GetShardIteratorRequest { stream_arn, shard_id, shard_iterator_type: "TRIM_HORIZON".to_owned(), sequence_number: None };
    database.get_shard_iterator(request).ok()?.shard_iterator
}
