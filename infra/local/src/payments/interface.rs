//! The interface, as Stripe's documentation describes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{Fault, KEY, Manner, Method, Payment, Payments, Session, lock, page};

type Provider = State<Arc<Payments>>;
type Form = BTreeMap<String, String>;

/// For how long a key is known, as at Stripe.
const KEY_SECONDS: i64 = 86_400;
/// Most things that are listed at once.
const MOST: usize = 100;

/// The routes.
pub fn router(payments: Arc<Payments>) -> Router {
    Router::new()
        .route("/v1/customers", post(create_customer))
        .route("/v1/setup_intents/{id}", get(read_setup))
        .route("/v1/payment_methods/{id}", get(read_method))
        .route("/v1/payment_methods/{id}/detach", post(detach))
        .route("/v1/payment_intents", post(charge).get(list))
        .route("/v1/payment_intents/{id}", get(read_payment))
        .route("/v1/payment_intents/{id}/cancel", post(cancel))
        .route("/v1/refunds", post(refund).get(list_refunds))
        .route("/v1/checkout/sessions", post(open_session))
        .route("/", get(page::home))
        .route("/checkout/{id}", get(page::checkout).post(page::checked_out))
        .route("/confirm/{id}", get(page::confirm).post(page::confirmed))
        .with_state(payments)
}

fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn error(status: u16, kind: &str, code: &str) -> (u16, Value) {
    (status, json!({ "error": { "type": kind, "code": code, "message": code } }))
}

fn missing() -> (u16, Value) {
    error(404, "invalid_request_error", "resource_missing")
}

fn refused() -> (u16, Value) {
    error(401, "invalid_request_error", "api_key_invalid")
}

fn allowed(headers: &HeaderMap) -> bool {
    headers.get("authorization").and_then(|value| value.to_str().ok()) == Some(&format!("Bearer {KEY}"))
}

fn form(body: &Bytes) -> Form {
    form_urlencoded::parse(body).into_owned().collect()
}

fn metadata(form: &Form, name: &str) -> BTreeMap<String, String> {
    let prefix = format!("{name}[");
    form.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.strip_suffix(']')?.to_owned(), value.clone()))).collect()
}

/// Answers a key's first answer again; another request under the same key is an error.
pub(super) fn once(payments: &Payments, path: &str, headers: &HeaderMap, form: &Form, act: impl FnOnce() -> (u16, Value)) -> (u16, Value) {
    if !allowed(headers) {
        return refused();
    }
    let Some(key) = headers.get("idempotency-key").and_then(|value| value.to_str().ok()) else { return act() };
    let asked = format!("{path} {form:?}");
    let _one_at_a_time = lock(&payments.keyed);
    let now = payments.now().as_second();
    if lock(&payments.kept).keys.get(key).is_some_and(|first| now - first >= KEY_SECONDS) {
        payments.change(|kept| kept.answers.remove(key));
    }
    if let Some((before, status, body)) = lock(&payments.kept).answers.get(key).cloned() {
        return if before == asked { (status, body) } else { error(400, "idempotency_error", "idempotency_error") };
    }
    let (status, body) = act();
    // As at Stripe, a refusal before anything began is not kept.
    if status < 500 && status != 401 {
        payments.change(|kept| {
            kept.answers.insert(key.to_owned(), (asked, status, body.clone()));
            kept.keys.insert(key.to_owned(), now);
        });
    }
    (status, body)
}

async fn create_customer(State(payments): Provider, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let (status, body) = once(&payments, "/v1/customers", &headers, &form, || {
        let id = payments.next("cus");
        payments.change(|kept| kept.customers.insert(id.clone(), metadata(&form, "metadata")));
        (200, json!({ "id": id, "object": "customer" }))
    });
    answer(status, &body)
}

pub(super) fn method_json(method: &Method) -> Value {
    let details = json!({ "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2031 });
    let kind = if method.paypal { "paypal" } else { "card" };
    let mut json = json!({ "id": method.id, "object": "payment_method", "type": kind, "customer": method.customer });
    if let Some(object) = json.as_object_mut() {
        object.insert(kind.to_owned(), if method.paypal { json!({ "payer_email": "cliente@example.it" }) } else { details });
    }
    json
}

pub(super) fn payment_json(payments: &Payments, payment: &Payment) -> Value {
    let next = (payment.status == "requires_action")
        .then(|| json!({ "type": "redirect_to_url", "redirect_to_url": { "url": format!("http://{}/confirm/{}", payments.address, payment.id) } }));
    json!({
        "id": payment.id,
        "object": "payment_intent",
        "status": payment.status,
        "amount": payment.amount,
        "currency": "eur",
        "customer": payment.customer,
        "payment_method": payment.method,
        "metadata": payment.metadata,
        "created": payment.created,
        "next_action": next,
        "last_payment_error": payment.error.as_ref().map(|code| json!({ "type": "card_error", "code": code })),
    })
}

/// What is read, for whoever has the key.
fn read(headers: &HeaderMap, find: impl FnOnce() -> Option<Value>) -> Response {
    let (status, body) = if allowed(headers) { find().map_or_else(missing, |body| (200, body)) } else { refused() };
    answer(status, &body)
}

async fn read_setup(State(payments): Provider, headers: HeaderMap, Path(id): Path<String>) -> Response {
    read(&headers, || lock(&payments.kept).setups.get(&id).cloned())
}

async fn read_method(State(payments): Provider, headers: HeaderMap, Path(id): Path<String>) -> Response {
    read(&headers, || lock(&payments.kept).methods.get(&id).map(method_json))
}

async fn detach(State(payments): Provider, headers: HeaderMap, Path(id): Path<String>, body: Bytes) -> Response {
    let (status, body) = once(&payments, &format!("detach {id}"), &headers, &form(&body), || {
        let found = payments.change(|kept| {
            let method = kept.methods.get_mut(&id)?;
            method.customer.take()?;
            Some(method_json(method))
        });
        found.map_or_else(missing, |body| (200, body))
    });
    answer(status, &body)
}

/// Takes the money, or not, as the method behaves.
fn take(payments: &Payments, form: &Form) -> (u16, Value, Option<Payment>) {
    let refused = |(status, body): (u16, Value)| (status, body, None);
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let Some(amount) = get("amount").parse::<u64>().ok().filter(|amount| *amount > 0) else {
        return refused(error(400, "invalid_request_error", "parameter_invalid_integer"));
    };
    let method = lock(&payments.kept).methods.get(get("payment_method")).cloned();
    let Some(method) = method.filter(|method| method.customer.as_deref() == Some(get("customer"))) else { return refused(missing()) };
    let off_session = get("off_session") == "true";
    let (status, declined) = match (method.manner, off_session) {
        (Manner::Accepted, _) | (Manner::DeclinedLater, false) => ("succeeded", None),
        (Manner::Declined, _) | (Manner::DeclinedLater, true) => ("requires_payment_method", Some("card_declined")),
        (Manner::Confirmed, false) => ("requires_action", None),
        (Manner::Confirmed, true) => ("requires_payment_method", Some("authentication_required")),
    };
    let payment = Payment {
        id: payments.next("pi"),
        status: status.to_owned(),
        amount,
        customer: get("customer").to_owned(),
        method: method.id,
        metadata: metadata(form, "metadata"),
        created: payments.now().as_second(),
        error: declined.map(ToOwned::to_owned),
        refunded: false,
        return_url: form.get("return_url").cloned(),
    };
    payments.change(|kept| kept.payments.insert(payment.id.clone(), payment.clone()));
    let json = payment_json(payments, &payment);
    match declined {
        None => (200, json, Some(payment)),
        Some(code) => (402, json!({ "error": { "type": "card_error", "code": code, "payment_intent": json } }), Some(payment)),
    }
}

async fn charge(State(payments): Provider, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let fault = payments.fault();
    match fault {
        Some(Fault::NotReached) => return lost(),
        Some(Fault::Broken) => return answer(500, &json!({ "error": { "type": "api_error" } })),
        _ => {}
    }
    let mut made = None;
    let (status, body) = once(&payments, "/v1/payment_intents", &headers, &form, || {
        let (status, body, payment) = take(&payments, &form);
        made = payment;
        (status, body)
    });
    if let Some(payment) = made {
        let kind = match payment.status.as_str() {
            "succeeded" => Some("payment_intent.succeeded"),
            "requires_action" => None,
            _ => Some("payment_intent.payment_failed"),
        };
        if let Some(kind) = kind {
            let object = payment_json(&payments, &payment);
            match fault {
                Some(Fault::MessageFirst) => {
                    let message = payments.message(kind, &object);
                    payments.deliver(&message).await;
                }
                Some(Fault::MessageHeld) => payments.hold(kind, &object),
                Some(Fault::MessageTwice) => payments.tell(kind, &object, 2),
                // Nothing is heard of a lost answer for now: that is what looking it up is for.
                Some(Fault::AnswerLost) => payments.hold(kind, &object),
                _ => payments.tell(kind, &object, 1),
            }
        }
    }
    if fault == Some(Fault::AnswerLost) { lost() } else { answer(status, &body) }
}

/// An answer that breaks off.
fn lost() -> Response {
    let mut response = Response::new(Body::from("{"));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

async fn list(State(payments): Provider, headers: HeaderMap, Query(query): Query<Form>) -> Response {
    read(&headers, || {
        let since: i64 = query.get("created[gte]").and_then(|since| since.parse().ok()).unwrap_or_default();
        let mut all = payments.payments();
        all.retain(|payment| query.get("customer").is_none_or(|customer| payment.customer == *customer) && payment.created >= since);
        all.reverse();
        if let Some(after) = query.get("starting_after") {
            let seen = all.iter().position(|payment| payment.id == *after).map_or(all.len(), |place| place + 1);
            all.drain(..seen);
        }
        let most = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10).min(MOST);
        let data: Vec<Value> = all.iter().take(most).map(|payment| payment_json(&payments, payment)).collect();
        Some(json!({ "object": "list", "data": data, "has_more": all.len() > most }))
    })
}

async fn read_payment(State(payments): Provider, headers: HeaderMap, Path(id): Path<String>) -> Response {
    read(&headers, || {
        let found = lock(&payments.kept).payments.get(&id).cloned();
        found.map(|payment| payment_json(&payments, &payment))
    })
}

async fn cancel(State(payments): Provider, headers: HeaderMap, Path(id): Path<String>, body: Bytes) -> Response {
    let (status, body) = once(&payments, &format!("cancel {id}"), &headers, &form(&body), || {
        let found = payments.change(|kept| {
            let payment = kept.payments.get_mut(&id)?;
            let open = matches!(payment.status.as_str(), "requires_action" | "requires_payment_method");
            if open {
                "canceled".clone_into(&mut payment.status);
            }
            Some((open, payment.clone()))
        });
        match found {
            Some((true, payment)) => (200, payment_json(&payments, &payment)),
            Some((false, _)) => error(400, "invalid_request_error", "payment_intent_unexpected_state"),
            None => missing(),
        }
    });
    answer(status, &body)
}

async fn refund(State(payments): Provider, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let (status, body) = once(&payments, "/v1/refunds", &headers, &form, || {
        let id = form.get("payment_intent").cloned().unwrap_or_default();
        let found = payments.change(|kept| {
            let payment = kept.payments.get_mut(&id).filter(|payment| payment.status == "succeeded")?;
            let before = payment.refunded;
            let status = if before { None } else { lock(&payments.refunds).pop_front() }.unwrap_or("succeeded");
            payment.refunded = before || status != "failed";
            Some((before, payment.amount, status))
        });
        match found {
            Some((false, amount, status)) => {
                let refund = payments.next("re");
                let metadata = metadata(&form, "metadata");
                let body = json!({ "id": refund, "object": "refund", "status": status, "payment_intent": id, "amount": amount, "metadata": metadata });
                payments.change(|kept| kept.refunds.insert(refund, body.clone()));
                (200, body)
            }
            Some((true, ..)) => error(400, "invalid_request_error", "charge_already_refunded"),
            None => missing(),
        }
    });
    if status == 200 {
        payments.tell("refund.created", &body, 1);
    }
    answer(status, &body)
}

async fn list_refunds(State(payments): Provider, headers: HeaderMap, Query(query): Query<Form>) -> Response {
    read(&headers, || {
        let of_payment = |refund: &&Value| query.get("payment_intent").is_none_or(|id| refund["payment_intent"] == id.as_str());
        let data: Vec<Value> = lock(&payments.kept).refunds.values().rev().filter(of_payment).take(MOST).cloned().collect();
        Some(json!({ "object": "list", "data": data, "has_more": false }))
    })
}

async fn open_session(State(payments): Provider, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let (status, body) = once(&payments, "/v1/checkout/sessions", &headers, &form, || {
        let get = |name: &str| form.get(name).cloned().unwrap_or_default();
        if !lock(&payments.kept).customers.contains_key(&get("customer")) {
            return missing();
        }
        let id = payments.next("cs");
        let session = Session {
            customer: get("customer"),
            metadata: metadata(&form, "setup_intent_data[metadata]"),
            success_url: get("success_url"),
            cancel_url: get("cancel_url"),
            done: false,
        };
        payments.change(|kept| kept.sessions.insert(id.clone(), session));
        (200, json!({ "id": id, "object": "checkout.session", "mode": "setup", "url": format!("http://{}/checkout/{id}", payments.address) }))
    });
    answer(status, &body)
}
