//! The client: form-encoded requests under idempotency keys, JSON answers.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::Value;

use crate::object::{Method, Payment, Setup, SetupIntent};

/// The version of the provider's interface that we speak.
const VERSION: &str = "2024-06-20";
/// Most bytes of an answer.
const ANSWER: usize = 4 * 1024 * 1024;
/// Payments of one page: the most that the provider lists at once.
const MOST: &str = "100";
/// Most pages that are looked through for one payment.
const PAGES: u32 = 50;
/// How far the provider's clock may be behind ours, in seconds: a payment that is listed too early is told apart by its metadata,
/// one that is not listed would be taken for one that there is not.
const SKEW: i64 = 86_400;

/// A secret that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What the client needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Beginning of every address, such as `https://api.stripe.com`.
    pub base_url: String,
    /// The provider's secret key.
    pub key: Secret,
    /// Longest that a call takes, from the connection to the last byte of the answer.
    pub timeout: Duration,
}

/// Why a call did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// The provider's definite no to this charge: no money was taken.
    #[error("declined: {code}")]
    Declined {
        /// Why, by the provider's code.
        code: String,
        /// The payment that was made for it, where there is one.
        payment: Option<String>,
    },
    /// Nobody knows whether it happened: it is asked again under the same key, or looked up.
    #[error("the provider did not say: {0}")]
    Unknown(String),
    /// Our request is wrong or our key is refused: this request took no money. What an earlier one under the same idempotency key did it does not say.
    #[error("rejected with {status}: {code}")]
    Rejected {
        /// Status of the answer; 0 where nothing was sent.
        status: u16,
        /// Why, by the provider's code or type.
        code: String,
    },
}

/// A charge.
#[derive(Debug, Clone, Copy)]
pub struct Charge<'a> {
    /// The provider's id of the customer.
    pub customer: &'a str,
    /// The provider's id of the payment method.
    pub method: &'a str,
    /// Euro cents.
    pub amount: u64,
    /// Always `eur`.
    pub currency: &'static str,
    /// Whether the customer is not there to confirm it.
    pub off_session: bool,
    /// What it is for, as the provider shows it; nothing where it is empty.
    pub description: &'a str,
    /// What we say of it, which comes back with every message.
    pub metadata: &'a [(&'a str, &'a str)],
    /// The same key never charges twice.
    pub key: &'a str,
    /// Where the customer comes back to after confirming it.
    pub return_url: Option<&'a str>,
}

/// The client of the payment provider.
#[derive(Clone)]
pub struct Client {
    settings: Settings,
    http: OnceLock<Http>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.settings.base_url).finish_non_exhaustive()
    }
}

type Http = Hyper<HttpsConnector<HttpConnector>, Full<Bytes>>;

enum Verb<'a> {
    Get,
    Post { key: &'a str, form: Vec<(String, String)> },
}

impl Client {
    /// A client; its connection is made with the first call.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, http: OnceLock::new() }
    }

    /// Makes a customer at the provider's; it knows nothing of ours but `metadata`.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub async fn create_customer(&self, key: &str, metadata: &[(&str, &str)]) -> Result<String, PaymentError> {
        let mut form = Vec::new();
        annotate(&mut form, "metadata", metadata);
        let answer = self.send("/v1/customers", Verb::Post { key, form }).await?;
        id(&answer)
    }

    /// Charges a payment method.
    ///
    /// # Errors
    /// [`PaymentError`]; after [`PaymentError::Unknown`] the money may have been taken.
    pub async fn charge(&self, charge: &Charge<'_>) -> Result<Payment, PaymentError> {
        let mut form = vec![
            field("amount", &charge.amount.to_string()),
            field("currency", charge.currency),
            field("customer", charge.customer),
            field("payment_method", charge.method),
            field("payment_method_types[0]", "card"),
            field("payment_method_types[1]", "paypal"),
            field("confirm", "true"),
        ];
        if !charge.description.is_empty() {
            form.push(field("description", charge.description));
        }
        if charge.off_session {
            form.push(field("off_session", "true"));
        }
        form.extend(charge.return_url.map(|url| field("return_url", url)));
        annotate(&mut form, "metadata", charge.metadata);
        let answer = self.send("/v1/payment_intents", Verb::Post { key: charge.key, form }).await?;
        payment(&answer)
    }

    /// Looks a payment up.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub async fn payment(&self, id: &str) -> Result<Payment, PaymentError> {
        payment(&self.send(&format!("/v1/payment_intents/{}", safe(id)?), Verb::Get).await?)
    }

    /// The payments of a customer that were begun at an instant or later, the newest first, with some of the day before: clocks differ.
    /// One that is not among them was not begun.
    ///
    /// # Errors
    /// [`PaymentError`]; where there are more than are looked through, or one cannot be read, it is [`PaymentError::Unknown`].
    pub async fn payments(&self, customer: &str, since: Timestamp) -> Result<Vec<Payment>, PaymentError> {
        let since = (since.as_second() - SKEW).to_string();
        let mut all: Vec<Payment> = Vec::new();
        for _ in 0..PAGES {
            let after = all.last().map(|payment| ("starting_after", payment.id.as_str()));
            let asked = [("customer", customer), ("created[gte]", &since), ("limit", MOST)].into_iter().chain(after);
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
            let answer = self.send(&format!("/v1/payment_intents?{query}"), Verb::Get).await?;
            let items = answer.get("data").and_then(Value::as_array).ok_or_else(unreadable)?;
            all.extend(items.iter().map(payment).collect::<Result<Vec<_>, _>>()?);
            match answer.get("has_more").and_then(Value::as_bool) {
                Some(false) => return Ok(all),
                Some(true) if !items.is_empty() => {}
                Some(true) | None => return Err(unreadable()),
            }
        }
        Err(PaymentError::Unknown("more payments than are looked through".to_owned()))
    }

    /// Calls a payment off that nobody has confirmed; one that was confirmed meanwhile is answered as it is.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub async fn cancel(&self, id: &str) -> Result<Payment, PaymentError> {
        let key = format!("cancel-{id}");
        match self.send(&format!("/v1/payment_intents/{}/cancel", safe(id)?), Verb::Post { key: &key, form: Vec::new() }).await {
            Err(PaymentError::Rejected { status: 400, .. }) => self.payment(id).await,
            answer => payment(&answer?),
        }
    }

    /// Gives a payment back, whole; what was given back already is no error. Answers whether it is done: otherwise a message of the provider tells how it ended.
    ///
    /// # Errors
    /// [`PaymentError`]; [`PaymentError::Declined`] where the provider could not give it back.
    pub async fn refund(&self, id: &str, key: &str, metadata: &[(&str, &str)]) -> Result<bool, PaymentError> {
        let mut form = vec![field("payment_intent", id)];
        annotate(&mut form, "metadata", metadata);
        match self.send("/v1/refunds", Verb::Post { key, form }).await {
            // A provider keeps a key for a day: after that it only says that there was a refund, not what became of it.
            Err(PaymentError::Rejected { code, .. }) if code == "charge_already_refunded" => self.refunded(id).await,
            answer => returned(&answer?),
        }
    }

    async fn refunded(&self, id: &str) -> Result<bool, PaymentError> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs([("payment_intent", id), ("limit", "1")]).finish();
        let answer = self.send(&format!("/v1/refunds?{query}"), Verb::Get).await?;
        let newest = answer.get("data").and_then(Value::as_array).ok_or_else(unreadable)?.first();
        newest.map_or(Ok(true), returned)
    }

    /// Opens the provider's own page, on which a customer adds a card or PayPal.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub async fn start_setup(&self, customer: &str, success: &str, cancel: &str, metadata: &[(&str, &str)], key: &str) -> Result<Setup, PaymentError> {
        let mut form = vec![
            field("mode", "setup"),
            field("customer", customer),
            field("success_url", success),
            field("cancel_url", cancel),
            field("payment_method_types[0]", "card"),
            field("payment_method_types[1]", "paypal"),
        ];
        annotate(&mut form, "metadata", metadata);
        annotate(&mut form, "setup_intent_data[metadata]", metadata);
        let answer = self.send("/v1/checkout/sessions", Verb::Post { key, form }).await?;
        let url = answer.get("url").and_then(Value::as_str).ok_or_else(unreadable)?;
        Ok(Setup { id: id(&answer)?, url: url.to_owned() })
    }

    /// Reads what came of a page on which a payment method was added.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub async fn setup_intent(&self, id: &str) -> Result<SetupIntent, PaymentError> {
        SetupIntent::read(&self.send(&format!("/v1/setup_intents/{}", safe(id)?), Verb::Get).await?).ok_or_else(unreadable)
    }

    /// Reads a payment method.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub async fn method(&self, id: &str) -> Result<Method, PaymentError> {
        let answer = self.send(&format!("/v1/payment_methods/{}", safe(id)?), Verb::Get).await?;
        Method::read(&answer).ok_or_else(unreadable)
    }

    /// Makes the provider forget a payment method.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub async fn detach(&self, id: &str, key: &str) -> Result<(), PaymentError> {
        self.send(&format!("/v1/payment_methods/{}/detach", safe(id)?), Verb::Post { key, form: Vec::new() }).await.map(drop)
    }

    fn http(&self) -> Result<&Http, PaymentError> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        // The provider's authorities are not ours to choose: those of the system, whose loader the AWS client brings along. Only who pays loads them.
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|_| PaymentError::Unknown("no authorities".to_owned()))?;
        // A function sleeps between its calls, and a connection may die meanwhile: a charge over one would be a charge of which nobody knows.
        // Nor is anything sent again behind the caller's back.
        let mut builder = Hyper::builder(TokioExecutor::new());
        let http = builder.pool_max_idle_per_host(0).retry_canceled_requests(false).build(connector.https_or_http().enable_http1().build());
        Ok(self.http.get_or_init(|| http))
    }

    async fn send(&self, path: &str, verb: Verb<'_>) -> Result<Value, PaymentError> {
        let unknown = |what: &str| PaymentError::Unknown(what.to_owned());
        // Nothing was sent: our configuration is wrong.
        let unsent = || PaymentError::Rejected { status: 0, code: "request".to_owned() };
        let mut key = HeaderValue::try_from(format!("Bearer {}", self.settings.key.expose())).map_err(|_| unsent())?;
        key.set_sensitive(true);
        let request = Request::builder().uri(format!("{}{path}", self.settings.base_url)).header("authorization", key).header("stripe-version", VERSION);
        let request = match verb {
            Verb::Get => request.method("GET").body(Full::default()),
            Verb::Post { key, form } => {
                let mut body = form_urlencoded::Serializer::new(String::new());
                let body = body.extend_pairs(form).finish();
                let request = request.method("POST").header("idempotency-key", key).header("content-type", "application/x-www-form-urlencoded");
                request.body(Full::from(body))
            }
        };
        let request = request.map_err(|_| unsent())?;
        let answered = async {
            let response = self.http()?.request(request).await.map_err(|_| unknown("no answer"))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), ANSWER).collect().await.map_err(|_| unknown("half an answer"))?;
            Ok::<_, PaymentError>((status, body.to_bytes()))
        };
        let (status, body) = tokio::time::timeout(self.settings.timeout, answered).await.map_err(|_| unknown("too late"))??;
        let value: Value = serde_json::from_slice(&body).map_err(|_| unknown("no JSON"))?;
        understood(status, value)
    }
}

/// An answer, or what a status and an error say: only what surely took no money is no [`PaymentError::Unknown`].
fn understood(status: u16, value: Value) -> Result<Value, PaymentError> {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).map(ToOwned::to_owned);
    let code = || text("/error/code").or_else(|| text("/error/type")).unwrap_or_else(|| "unknown".to_owned());
    let unknown = || Err(PaymentError::Unknown(format!("{status} {}", text("/error/code").unwrap_or_default()).trim_end().to_owned()));
    match status {
        200..=299 => Ok(value),
        // Somebody else's answer on the way: the provider always says what the error is.
        400..=499 if !value.get("error").is_some_and(Value::is_object) => unknown(),
        // What may still take the money, or has, is not declined, whatever the status.
        402 if matches!(text("/error/payment_intent/status").as_deref(), Some("succeeded" | "processing" | "requires_capture" | "requires_action")) => {
            unknown()
        }
        402 => Err(PaymentError::Declined { code: text("/error/decline_code").unwrap_or_else(code), payment: text("/error/payment_intent/id") }),
        // Our request came too late, met another one under its key, met too many, or the provider's own providers failed.
        408 | 409 | 424 | 425 | 429 => unknown(),
        // A key that was used for another request: what that one did is another question.
        400..=499 if text("/error/type").as_deref() == Some("idempotency_error") => {
            Err(PaymentError::Rejected { status, code: "idempotency_error".to_owned() })
        }
        400..=499 => Err(PaymentError::Rejected { status, code: code() }),
        _ => unknown(),
    }
}

/// What became of a refund: a provider may refuse one in an answer that is no error.
fn returned(value: &Value) -> Result<bool, PaymentError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match text("status").ok_or_else(unreadable)? {
        "succeeded" => Ok(true),
        "pending" => Ok(false),
        status @ ("failed" | "canceled") => {
            let code = text("failure_reason").unwrap_or(status).to_owned();
            Err(PaymentError::Declined { code, payment: text("payment_intent").map(ToOwned::to_owned) })
        }
        _ => Err(unreadable()),
    }
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn annotate(form: &mut Vec<(String, String)>, name: &str, metadata: &[(&str, &str)]) {
    form.extend(metadata.iter().map(|(key, value)| (format!("{name}[{key}]"), (*value).to_owned())));
}

fn unreadable() -> PaymentError {
    PaymentError::Unknown("an answer that cannot be read".to_owned())
}

fn id(value: &Value) -> Result<String, PaymentError> {
    value.get("id").and_then(Value::as_str).map(ToOwned::to_owned).ok_or_else(unreadable)
}

fn payment(value: &Value) -> Result<Payment, PaymentError> {
    Payment::read(value).ok_or_else(unreadable)
}

/// An id as it may stand in a path.
fn safe(id: &str) -> Result<&str, PaymentError> {
    let is_safe = !id.is_empty() && id.len() <= 255 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_safe { Ok(id) } else { Err(PaymentError::Rejected { status: 404, code: "resource_missing".to_owned() }) }
}
