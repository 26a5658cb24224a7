//! A payment provider on this machine: Stripe-shaped for exactly the calls that we make, with a page on which a payment method is added.
//!
//! It keeps its word as the real one does: a key charges once, messages are signed and repeated until they are heard. How it fails is for tests to say.

mod interface;
mod page;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sportello_payments::{Secret, sign};
use sportello_runtime::clock::Clock as _;
use tracing::warn;

use crate::clock::LocalClock;

pub use interface::router;

/// The secret key of this provider, which everybody may know.
pub const KEY: &str = "sk_local";
/// The secret of its messages, which everybody may know.
pub const WEBHOOK_SECRET: &str = "whsec_local";
/// Where the product hears this provider, as `internal.payment.event` declares it.
pub const EVENTS: &str = "/v1/payments/events";
/// Tries at a message that is not heard, before it is held back.
const TRIES: u32 = 4;

/// How the provider fails next; for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It takes the money, and its answer is lost.
    AnswerLost,
    /// It takes no money, and no answer comes.
    NotReached,
    /// Its message comes before its answer.
    MessageFirst,
    /// Its message comes twice.
    MessageTwice,
    /// Its message is held back until it is let go.
    MessageHeld,
    /// It fails with 500 before it takes money.
    Broken,
}

/// How a payment method behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// Every charge succeeds.
    Accepted,
    /// Every charge is declined.
    Declined,
    /// A charge succeeds while its owner is there, and is declined otherwise.
    DeclinedLater,
    /// The owner confirms each charge at a page, and is asked in vain where not there.
    Confirmed,
}

/// A payment method.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Method {
    /// Id.
    pub id: String,
    /// Whether it is PayPal, otherwise a card.
    pub paypal: bool,
    /// How it behaves.
    pub manner: Manner,
    /// Whose it is; none once it is detached.
    pub customer: Option<String>,
}

/// A payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payment {
    /// Id.
    pub id: String,
    /// Status, in the provider's words.
    pub status: String,
    /// Euro cents.
    pub amount: u64,
    /// Whose.
    pub customer: String,
    /// By which method.
    pub method: String,
    /// What we said of it.
    pub metadata: BTreeMap<String, String>,
    /// When it was begun, in seconds.
    pub created: i64,
    /// Why nothing was taken.
    pub error: Option<String>,
    /// Whether it was given back.
    pub refunded: bool,
    /// Where the owner comes back to after confirming it.
    pub return_url: Option<String>,
}

/// A page on which a payment method is added.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub customer: String,
    /// What we said of it.
    pub metadata: BTreeMap<String, String>,
    /// Where the owner comes back to.
    pub success_url: String,
    /// Where the owner comes back to who has not added one.
    pub cancel_url: String,
    /// Whether it was used.
    pub done: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    count: u64,
    customers: BTreeMap<String, BTreeMap<String, String>>,
    methods: BTreeMap<String, Method>,
    payments: BTreeMap<String, Payment>,
    sessions: BTreeMap<String, Session>,
    /// Setup intents, as they are answered.
    setups: BTreeMap<String, Value>,
    /// First answers by key: what was asked, the status and the body.
    answers: BTreeMap<String, (String, u16, Value)>,
    /// When each key was first used, in seconds.
    keys: BTreeMap<String, i64>,
    /// Refunds, as they are answered, by their ids.
    refunds: BTreeMap<String, Value>,
}

/// The provider.
pub struct Payments {
    kept: Mutex<Kept>,
    /// Held while a request under an idempotency key is served: two of them at once are one.
    keyed: Mutex<()>,
    faults: Mutex<VecDeque<Fault>>,
    refunds: Mutex<VecDeque<&'static str>>,
    held: Mutex<Vec<Value>>,
    under_way: tokio::sync::watch::Sender<u32>,
    file: Option<PathBuf>,
    clock: Arc<LocalClock>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its messages go.
    webhook: String,
    client: reqwest::Client,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Payments {
    /// The provider of a data directory, or of memory only.
    #[must_use]
    pub fn new(file: Option<PathBuf>, clock: Arc<LocalClock>, address: SocketAddr, webhook: String) -> Self {
        let kept = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self {
            kept: Mutex::new(kept),
            keyed: Mutex::default(),
            faults: Mutex::default(),
            refunds: Mutex::default(),
            held: Mutex::default(),
            under_way: tokio::sync::watch::Sender::new(0),
            file,
            clock,
            address,
            webhook,
            client: reqwest::Client::new(),
        }
    }

    /// Makes the next charges fail, one by one.
    pub fn fail_next(&self, faults: &[Fault]) {
        lock(&self.faults).extend(faults);
    }

    /// Answers the next refunds with these statuses, one by one; the others succeed.
    pub fn refund_next(&self, statuses: &[&'static str]) {
        lock(&self.refunds).extend(statuses);
    }

    /// Every payment, the oldest first.
    #[must_use]
    pub fn payments(&self) -> Vec<Payment> {
        let mut all: Vec<Payment> = lock(&self.kept).payments.values().cloned().collect();
        all.sort_by_key(|payment| payment.id.clone());
        all
    }

    /// What was taken for an order and not given back, in euro cents.
    #[must_use]
    pub fn taken(&self, order: &str) -> u64 {
        let is_of = |payment: &&Payment| payment.metadata.get("order").map(String::as_str) == Some(order);
        self.payments().iter().filter(is_of).filter(|payment| payment.status == "succeeded" && !payment.refunded).map(|payment| payment.amount).sum()
    }

    /// Adds a payment method for a customer as if at the page; the message goes out.
    pub fn add(self: &Arc<Self>, customer: &str, manner: Manner, paypal: bool, metadata: &BTreeMap<String, String>) -> String {
        let id = self.next("pm");
        let method = Method { id: id.clone(), paypal, manner, customer: Some(customer.to_owned()) };
        self.change(|kept| kept.methods.insert(id.clone(), method));
        let setup_id = self.next("seti");
        let setup =
            json!({ "id": setup_id, "object": "setup_intent", "status": "succeeded", "customer": customer, "payment_method": id, "metadata": metadata });
        self.change(|kept| kept.setups.insert(setup_id, setup.clone()));
        self.tell("setup_intent.succeeded", &setup, 1);
        id
    }

    /// Lets the messages go that were held back, or not heard; answers how many.
    pub fn let_go(self: &Arc<Self>) -> usize {
        let held = std::mem::take(&mut *lock(&self.held));
        for message in &held {
            self.send(message, 1);
        }
        held.len()
    }

    /// How many messages are held back, or were not heard.
    #[must_use]
    pub fn held(&self) -> usize {
        lock(&self.held).len()
    }

    /// Waits until every message that is not held back was heard, or given up.
    pub async fn heard(&self) {
        let mut under_way = self.under_way.subscribe();
        let waited = under_way.wait_for(|count| *count == 0);
        drop(tokio::time::timeout(Duration::from_secs(20), waited).await);
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn next(&self, kind: &str) -> String {
        self.change(|kept| {
            kept.count += 1;
            format!("{kind}_{:08}", kept.count)
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = lock(&self.kept);
        let result = change(&mut kept);
        if let Some(file) = &self.file {
            let text = serde_json::to_string(&*kept).unwrap_or_default();
            let draft = file.with_extension("new");
            if let Err(error) = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, file)) {
                warn!(%error, "the payment provider's books cannot be written");
            }
        }
        result
    }

    fn fault(&self) -> Option<Fault> {
        lock(&self.faults).pop_front()
    }

    /// A message, as often as said; held back where that was ordered.
    fn tell(self: &Arc<Self>, kind: &str, object: &Value, times: u32) {
        let message = self.message(kind, object);
        self.send(&message, times);
    }

    fn message(&self, kind: &str, object: &Value) -> Value {
        json!({ "id": self.next("evt"), "object": "event", "type": kind, "created": self.now().as_second(), "data": { "object": object } })
    }

    fn hold(&self, kind: &str, object: &Value) {
        let message = self.message(kind, object);
        lock(&self.held).push(message);
    }

    fn send(self: &Arc<Self>, message: &Value, times: u32) {
        for _ in 0..times {
            self.under_way.send_modify(|count| *count += 1);
            let this = Arc::clone(self);
            let message = message.clone();
            tokio::spawn(async move {
                if !this.deliver(&message).await {
                    // The real one tries for three days.
                    lock(&this.held).push(message);
                }
                this.under_way.send_modify(|count| *count -= 1);
            });
        }
    }

    /// Repeats a message until it is heard.
    async fn deliver(&self, message: &Value) -> bool {
        let body = message.to_string();
        for tried in 0..TRIES {
            let signature = sign(body.as_bytes(), &Secret::new(WEBHOOK_SECRET), self.now());
            let request = self.client.post(&self.webhook).header("content-type", "application/json").header("stripe-signature", signature);
            match request.body(body.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return true,
                Ok(answer) => warn!(status = answer.status().as_u16(), "a message of the payment provider was not heard"),
                Err(error) => warn!(%error, "a message of the payment provider was not heard"),
            }
            tokio::time::sleep(Duration::from_millis(50 << tried)).await;
        }
        false
    }
}
