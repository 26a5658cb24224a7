//! Jobs: what the scheduler or a stream starts.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use lambda_http::tracing;
use serde::Deserialize;
use serde_json::{Value, json};
use sportello_contract::problem::Language;
use sportello_contract::spec::{JobSpec, Trigger};
use sportello_store::meter::Meter;

use crate::entry::{BoxFuture, chain};
use crate::start::start;
use crate::{Context, Cx, Failure};

/// One record of a stream, as far as a job of ours needs it: it reads the item itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Partition key of the item.
    pub pk: String,
    /// Position in the stream, by which a failure is reported.
    pub sequence: String,
}

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// Its id, by which a failure is reported.
    #[serde(rename = "messageId")]
    pub id: String,
    /// What it says.
    pub body: String,
}

/// What starts a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The scheduler.
    Tick,
    /// New records of a stream, in their order.
    Records(Vec<StreamRecord>),
    /// Messages of a queue.
    Messages(Vec<Message>),
}

/// What a job did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Things done.
    pub done: u32,
    /// Things found that needed nothing any more.
    pub skipped: u32,
    /// Positions of records, or ids of messages, to try again.
    pub failed: Vec<String>,
}

/// One job.
pub trait Job: Send + Sync + 'static {
    /// The declaration.
    const SPEC: JobSpec;

    /// Runs once. It may run twice, late, or stop half-way: what it writes has keys made from what it tells.
    fn run(cx: &Cx, event: Event) -> impl Future<Output = Result<Report, Failure>> + Send;

    /// When there will be something to do, if it can tell; the local clock moves there directly.
    fn next_due(cx: &Cx) -> impl Future<Output = Result<Option<Timestamp>, Failure>> + Send {
        std::future::ready(Ok(Some(cx.now)))
    }
}

type Borrowing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// A job with its type erased.
#[derive(Clone, Copy)]
pub struct JobEntry {
    /// The declaration.
    pub spec: JobSpec,
    run: for<'a> fn(&'a Cx, Event) -> Borrowing<'a, Report>,
    next_due: for<'a> fn(&'a Cx) -> Borrowing<'a, Option<Timestamp>>,
}

/// Lambda's event of a DynamoDB stream, as far as it is used.
#[derive(Deserialize)]
struct StreamEvent {
    #[serde(rename = "Records")]
    records: Vec<RawRecord>,
}

#[derive(Deserialize)]
struct RawRecord {
    #[serde(rename = "eventName")]
    event_name: String,
    dynamodb: RawChange,
}

#[derive(Deserialize)]
struct RawChange {
    #[serde(rename = "Keys")]
    keys: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(rename = "SequenceNumber")]
    sequence: String,
}

impl JobEntry {
    /// The entry of a job.
    #[must_use]
    pub const fn of<J: Job>() -> Self {
        Self { spec: J::SPEC, run: |cx, event| Box::pin(J::run(cx, event)), next_due: |cx| Box::pin(J::next_due(cx)) }
    }

    fn cx(&self, app: Arc<Context>, request_id: String) -> Cx {
        Cx {
            store: app.store.clone(),
            now: crate::entry::to_the_millisecond(app.clock.now()),
            request_id,
            id: self.spec.id,
            address: String::new(),
            device: String::new(),
            signer: None,
            webhook: None,
            client_certificate: None,
            language: Language::default(),
            app,
        }
    }

    /// Runs the job on one of Lambda's events, and answers as Lambda expects it.
    ///
    /// # Errors
    /// A text for the log, where the whole run has failed.
    pub fn run(self, app: Arc<Context>, event: Value, request_id: String) -> BoxFuture<Result<Value, String>> {
        Box::pin(async move {
            let event = match self.spec.trigger {
                Trigger::Hourly => Event::Tick,
                Trigger::Stream { .. } => Event::Records(new_records(event)?),
                Trigger::Queue { .. } => Event::Messages(messages(event)?),
            };
            let meter = Arc::new(Meter::default());
            let mut cx = self.cx(app, request_id);
            cx.store = cx.store.metered(Arc::clone(&meter));
            let result = (self.run)(&cx, event).await;
            if let Some(observer) = &cx.app.observer {
                observer(self.spec.id, meter.take());
            }
            match result {
                Ok(report) => {
                    tracing::info!(
                        request_id = cx.request_id,
                        job = self.spec.id,
                        done = report.done,
                        skipped = report.skipped,
                        failed = report.failed.len(),
                        "ran"
                    );
                    let failed: Vec<Value> = report.failed.iter().map(|sequence| json!({ "itemIdentifier": sequence })).collect();
                    Ok(json!({ "done": report.done, "skipped": report.skipped, "batchItemFailures": failed }))
                }
                Err(failure) => {
                    let text = describe(&failure);
                    tracing::error!(request_id = cx.request_id, job = self.spec.id, error = text, "the job failed");
                    Err(text)
                }
            }
        })
    }

    /// When there will be something to do.
    ///
    /// # Errors
    /// A text for the log.
    pub async fn next_due(self, app: Arc<Context>) -> Result<Option<Timestamp>, String> {
        let cx = self.cx(app, String::new());
        (self.next_due)(&cx).await.map_err(|failure| describe(&failure))
    }
}

/// A failure as text for the log.
#[must_use]
pub fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Refused { problem, .. } => problem.code.as_str().to_owned(),
        Failure::Store(error) => chain(error),
        Failure::Fault(error) => chain(&**error),
    }
}

/// Lambda's event of a queue.
#[derive(Deserialize)]
struct QueueEvent {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

fn messages(event: Value) -> Result<Vec<Message>, String> {
    serde_json::from_value::<QueueEvent>(event).map(|event| event.records).map_err(|error| error.to_string())
}

/// Records of new items: changes and removals of what we deliver are our own doing.
fn new_records(event: Value) -> Result<Vec<StreamRecord>, String> {
    let event: StreamEvent = serde_json::from_value(event).map_err(|error| error.to_string())?;
    let records = event.records.into_iter().filter(|record| record.event_name == "INSERT");
    let records = records.map(|record| {
        let pk = record.dynamodb.keys.get("pk").and_then(|key| key.get("S")).cloned();
        pk.map(|pk| StreamRecord { pk, sequence: record.dynamodb.sequence })
    });
    records.collect::<Option<_>>().ok_or_else(|| "a record without key".to_owned())
}

/// Runs one job as a Lambda function.
#[must_use]
pub fn lambda(entry: JobEntry) -> ExitCode {
    start(entry.spec.sends_mail, move |deployed| async move {
        let handler = service_fn(move |event: LambdaEvent<Value>| {
            let deployed = Arc::clone(&deployed);
            async move {
                let app = deployed.context().await?;
                entry.run(app, event.payload, event.context.request_id).await.map_err(lambda_runtime::Error::from)
            }
        });
        lambda_runtime::run(handler).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_items_of_a_stream_are_taken() {
        let record = |name: &str, pk: &str| json!({"eventName": name, "dynamodb": {"Keys": {"pk": {"S": pk}}, "SequenceNumber": pk}});
        let event = json!({"Records": [record("INSERT", "1"), record("MODIFY", "2"), record("REMOVE", "3"), record("INSERT", "4")]});
        let taken: Vec<String> = new_records(event).unwrap().into_iter().map(|record| record.pk).collect();
        assert_eq!(taken, ["1", "4"]);
        assert!(new_records(json!({})).is_err());
    }
}
