//! `/_local`: pages and a machine-readable interface that exist in the local stack only.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use sportello_runtime::clock::Clock as _;

use crate::documents;
use crate::scheduler::{self, ScheduleError};
use crate::stack::Shared;

type Stack = State<Arc<Shared>>;

/// The routes.
pub fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/_local") }))
        .route("/openapi.json", get(|| async { Json(documents::openapi()) }))
        .route("/_local", get(|| page("index.html")))
        .route("/_local/inbox", get(|| page("inbox.html")))
        .route("/_local/time", get(|| page("time.html")))
        .route("/_local/selfcare/{kind}/{token}", get(|| page("link.html")))
        .route("/_local/customer-area/{kind}/{token}", get(|| page("link.html")))
        .route("/_local/customer-area/guides/{language}/{guide}", get(|| async { Redirect::temporary("/_local") }))
        .route("/_local/selfcare", get(|| async { Redirect::temporary("/_local") }))
        .route("/_local/customer-area", get(|| async { Redirect::temporary("/_local") }))
        .route("/_local/docs", get(|| async { Redirect::permanent("/_local/docs/") }))
        .route("/_local/docs/", get(|| swagger("index.html".to_owned())))
        .route("/_local/docs/{*file}", get(|Path(file): Path<String>| swagger(file)))
        .route("/_local/demo", get(accounts))
        .route("/_local/mails", get(mails))
        .route("/_local/sms", get(sms))
        .route("/_local/dead-letters", get(dead_letters))
        .route("/_local/payments", get(payments))
        .route("/_local/payments/faults", post(payment_faults))
        .route("/_local/payments/messages", post(payment_messages))
        .route("/_local/customer-area/payment-methods", get(|| async { Redirect::temporary("/_local") }))
        .route("/_local/clock", get(clock).post(move_clock))
        .route("/_local/jobs/{id}", post(run_job))
        .route("/_local/stack", get(addresses))
        .route("/_local/operations", get(|| async { Json(documents::table()) }))
        .route("/_local/{file}", get(|Path(file): Path<String>| async move { page_of(&file) }))
}

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../pages/", $name)))),*]
    };
}

const PAGES: &[(&str, &str)] =
    pages!["index.html", "index.js", "inbox.html", "inbox.js", "time.html", "time.js", "link.html", "link.js", "style.css", "common.js"];

async fn page(name: &'static str) -> Response {
    page_of(name)
}

fn page_of(name: &str) -> Response {
    let Some((_, text)) = PAGES.iter().find(|(file, _)| *file == name) else { return problem(StatusCode::NOT_FOUND, "There is no such page.") };
    let kind = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], *text).into_response()
}

async fn swagger(file: String) -> Response {
    let config = Arc::new(utoipa_swagger_ui::Config::new(["/openapi.json"]));
    match utoipa_swagger_ui::serve(&file, config) {
        Ok(Some(file)) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response(),
        Ok(None) => problem(StatusCode::NOT_FOUND, "There is no such file."),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn problem(status: StatusCode, title: &str) -> Response {
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

#[derive(Deserialize)]
struct To {
    to: Option<String>,
}

async fn accounts(State(shared): Stack) -> Json<Value> {
    Json(json!({ "accounts": shared.accounts }))
}

async fn mails(State(shared): Stack, Query(query): Query<To>) -> Json<Value> {
    // What was answered before is in the inbox: whoever asks now sees its mails.
    shared.stream.drained().await;
    Json(json!(shared.inbox.mails(query.to.as_deref())))
}

async fn sms(State(shared): Stack, Query(query): Query<To>) -> Json<Value> {
    shared.stream.drained().await;
    Json(json!(shared.inbox.sms(query.to.as_deref())))
}

async fn dead_letters(State(shared): Stack) -> Json<Value> {
    Json(json!(shared.stream.dead_letters()))
}

/// What the payment provider took, and gave back; what it keeps of each order, in euro cents; how many messages it has still to tell.
async fn payments(State(shared): Stack) -> Json<Value> {
    shared.payments.heard().await;
    let payments = shared.payments.payments();
    let orders: std::collections::BTreeSet<&String> = payments.iter().filter_map(|payment| payment.metadata.get("order")).collect();
    let taken: std::collections::BTreeMap<&String, u64> = orders.into_iter().map(|order| (order, shared.payments.taken(order))).collect();
    Json(json!({ "taken": taken, "held": shared.payments.held(), "payments": payments }))
}

/// Lets the payment provider's messages go that were held back, or not heard.
async fn payment_messages(State(shared): Stack) -> Json<Value> {
    let released = shared.payments.let_go();
    shared.payments.heard().await;
    Json(json!({ "released": released }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    faults: Vec<crate::payments::Fault>,
}

/// Makes the payment provider's next charges fail.
async fn payment_faults(State(shared): Stack, body: axum::body::Bytes) -> Response {
    match serde_json::from_slice::<Faults>(&body) {
        Ok(Faults { faults }) => {
            shared.payments.fail_next(&faults);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, &format!("Give \"faults\": {error}")),
    }
}

/// Where the emulators are, for functions that run outside this process.
async fn addresses(State(shared): Stack) -> Json<Value> {
    Json(json!({ "dynamodb": shared.dynamodb, "mail": shared.mail, "payments": shared.config.payments_url }))
}

async fn clock(State(shared): Stack) -> Json<Value> {
    Json(json!({ "now": shared.clock.now() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    now: Option<Timestamp>,
    advance: Option<Span>,
}

async fn move_clock(State(shared): Stack, body: axum::body::Bytes) -> Response {
    let wanted: Move = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &format!("Give \"now\" (an instant) or \"advance\" (an ISO 8601 duration): {error}")),
    };
    let target = match (wanted.now, wanted.advance) {
        (Some(now), None) => Some(now),
        // In UTC a day has 24 hours: "P180D" is as long as a password lives, whatever Rome's clocks do meanwhile.
        (None, Some(advance)) => shared.clock.now().to_zoned(jiff::tz::TimeZone::UTC).checked_add(advance).ok().map(|at| at.timestamp()),
        _ => None,
    };
    let Some(target) = target else { return problem(StatusCode::BAD_REQUEST, "Give either \"now\" or \"advance\".") };
    match scheduler::move_to(&shared, target).await {
        Ok(jobs) => Json(json!({ "now": shared.clock.now(), "jobs": jobs })).into_response(),
        Err(ScheduleError::Backward(error)) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(ScheduleError::Job(error)) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

async fn run_job(State(shared): Stack, Path(id): Path<String>) -> Response {
    let Some(job) = shared.jobs.iter().find(|job| job.spec.id == id) else { return problem(StatusCode::NOT_FOUND, "There is no such job.") };
    match scheduler::run_job(&shared, job).await {
        Ok(ran) => Json(json!(ran)).into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
