//! The way from a gateway's event to an operation and back; the one place where failures become answers.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{Response, StatusCode};
use lambda_http::{Body, Request, service_fn, tracing};
use serde::{Deserialize, Serialize};
use sportello_contract::hex::hex;
use sportello_contract::idempotency::Key;
use sportello_contract::input;
use sportello_contract::openapi::{Described, allow, schema_of};
use sportello_contract::problem::{Code, Language, Problem};
use sportello_contract::router::{self, Found};
use sportello_contract::spec::{Method, Produces};
use sportello_store::commit::Commit;
use sportello_store::meter::Meter;
use sportello_store::request::FirstAnswer;
use sportello_store::{Store, StoreError};

use crate::access::Access;
use crate::request::Incoming;
use crate::start::{Deployed, serve, start};
use crate::{Context, Cx, Failure, Operation};

/// A future that is owned and may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Run = for<'a> fn(&'a Cx, &'a Incoming, Option<&'a str>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// An operation with its type erased, so that a function's binary is one line that is not generic.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The declaration, for routes and documents.
    pub described: Described,
    run: Run,
    caller: fn(Option<&str>, &str) -> String,
}

/// What became of a request before anything is committed.
enum Outcome {
    /// The operation has decided.
    Decided(Result<Answer, Failure>, Commit, Option<FirstAnswer>),
    /// The first answer of the same request.
    Replayed(FirstAnswer),
    /// It never came to the operation.
    Stopped(Failure),
}

/// A successful answer.
#[derive(Clone, Serialize, Deserialize)]
struct Answer {
    kind: String,
    body: String,
    /// Language of a problem's text.
    #[serde(default)]
    language: Option<String>,
    /// Whether the body is a file's bytes, in base64.
    #[serde(default)]
    is_file: bool,
}

impl Answer {
    fn text(kind: &str, body: String) -> Self {
        Self { kind: kind.to_owned(), body, language: None, is_file: false }
    }
}

impl Entry {
    /// The entry of an operation.
    #[must_use]
    pub const fn of<O: Operation>() -> Self {
        O::SPEC.check();
        let described = Described { spec: O::SPEC, level: <O::Auth as Access>::LEVEL, input: schema_of::<O::Input>, output: schema_of::<O::Output> };
        Self { described, run: |cx, incoming, place| Box::pin(run::<O>(cx, incoming, place)), caller: <O::Auth as Access>::caller }
    }

    /// Answers one request. A panic is answered with 500 like every other fault of ours.
    pub fn answer(self, app: Arc<Context>, request: Request) -> BoxFuture<Response<Body>> {
        Box::pin(async move {
            let incoming = Incoming::new(request);
            let (id, language) = (incoming.request_id.clone(), incoming.language);
            tokio::spawn(dispatch(self, app, incoming)).await.unwrap_or_else(|error| {
                tracing::error!(request_id = id, operation = self.described.spec.id, %error, "the operation panicked");
                refusal(&Code::Internal.into(), language, &id, None)
            })
        })
    }
}

impl Entry {
    /// Answers one request of a function whose context may yet have to be made.
    async fn answer_deployed(self, deployed: &Deployed, request: Request) -> Response<Body> {
        match deployed.context().await {
            Ok(app) => self.answer(app, request).await,
            Err(error) => {
                let incoming = Incoming::new(request);
                tracing::error!(request_id = incoming.request_id, operation = self.described.spec.id, error = chain(&error), "the function cannot start");
                refusal(&Problem::from(Code::Unavailable).retry_after(1), incoming.language, &incoming.request_id, None)
            }
        }
    }
}

async fn run<O: Operation>(cx: &Cx, incoming: &Incoming, place: Option<&str>) -> Outcome {
    let first = async {
        match place {
            Some(place) => cx.store.first_answer(place).await,
            None => Ok(None),
        }
    };
    let (actor, first) = tokio::join!(O::Auth::authenticate(cx, &O::SPEC, incoming.token.as_deref()), first);
    let before = |problem: Problem| Outcome::Stopped(problem.into());
    let actor = match actor {
        Ok(actor) => actor,
        Err(failure) => return Outcome::Stopped(failure),
    };
    let calendar = match incoming.wants_calendar(&O::SPEC) {
        Ok(calendar) => calendar,
        Err(problem) => return before(problem),
    };
    let fields = match incoming.fields(O::SPEC.method, &cx.policy().http) {
        Ok(fields) => fields,
        Err(problem) => return before(problem),
    };
    let first = match first {
        Ok(first) => first,
        Err(error) => return Outcome::Stopped(error.into()),
    };
    if let Some(first) = first.as_ref().filter(|first| cx.now < first.until) {
        // A replay is an answer to a secret too: who guesses bodies under somebody's key is counted.
        if O::SPEC.charges
            && let Err(failure) = crate::throttle::charge_address(cx).await
        {
            return Outcome::Stopped(failure);
        }
        let same = first.fingerprint == fingerprint(cx, incoming);
        return if same { Outcome::Replayed(first.clone()) } else { before(Code::IdempotencyMismatch.into()) };
    }
    let input = match input::read::<O::Input>(&incoming.path, fields) {
        Ok(input) => input,
        Err(problem) => return before(problem),
    };
    let decided = match O::handle(cx, actor, input).await {
        Ok(reply) => {
            let answer = match (calendar, reply.calendar, reply.file) {
                (_, _, Some(file)) => Ok(Answer { is_file: true, ..Answer::text("application/pdf", STANDARD.encode(file)) }),
                (true, Some(file), None) => Ok(Answer::text("text/calendar; charset=utf-8", file)),
                _ => serde_json::to_string(&reply.body).map(|body| Answer::text("application/json", body)).map_err(Failure::from),
            };
            (answer, reply.commit)
        }
        Err(Failure::Refused { problem, commit }) => (Err(problem.into()), commit),
        Err(other) => (Err(other), Commit::new()),
    };
    Outcome::Decided(decided.0, decided.1, first)
}

async fn dispatch(entry: Entry, app: Arc<Context>, incoming: Incoming) -> Response<Body> {
    let (spec, started) = (&entry.described.spec, Instant::now());
    let meter = app.observer.as_ref().map(|_| Arc::new(Meter::default()));
    let store: Store = match &meter {
        Some(meter) => app.store.metered(Arc::clone(meter)),
        None => app.store.clone(),
    };
    let cx = Cx {
        store,
        now: to_the_millisecond(app.clock.now()),
        request_id: incoming.request_id.clone(),
        id: spec.id,
        address: incoming.address.clone(),
        device: incoming.device.clone(),
        signer: incoming.signer.clone(),
        webhook: incoming.webhook(),
        client_certificate: incoming.client_certificate.clone(),
        language: incoming.language,
        app,
    };
    let result = decide(entry, &cx, &incoming).await;
    if let (Some(observer), Some(meter)) = (&cx.app.observer, meter) {
        observer(spec.id, meter.take());
    }
    let (response, code) = match result {
        Ok((status, answer)) => (success(status, spec.produces, answer, &cx.request_id), None),
        Err(failure) => {
            let problem = problem_of(failure, &cx);
            (refusal(&problem, cx.language, &cx.request_id, None), Some(problem.code.as_str()))
        }
    };
    tracing::info!(
        request_id = cx.request_id,
        operation = spec.id,
        status = response.status().as_u16(),
        code,
        duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

async fn decide(entry: Entry, cx: &Cx, incoming: &Incoming) -> Result<(u16, Answer), Failure> {
    let spec = &entry.described.spec;
    if spec.method.has_body() {
        incoming.check_size(&cx.policy().http)?;
    }
    let place = match incoming.idempotency_key().filter(|_| spec.idempotent).transpose()? {
        Some(header) => Some(Key::from_header(header)?.place(spec.id, &(entry.caller)(incoming.token.as_deref(), &incoming.address))),
        None => None,
    };
    let (decided, mut commit, old) = match (entry.run)(cx, incoming, place.as_deref()).await {
        Outcome::Decided(decided, commit, old) => (decided, commit, old),
        Outcome::Replayed(first) => return replay(cx, place.as_deref().unwrap_or_default(), &first),
        Outcome::Stopped(failure) => return Err(failure),
    };
    let (status, answer) = match &decided {
        Ok(answer) => (spec.success, answer.clone()),
        Err(Failure::Refused { problem, .. }) => {
            let body = problem.body(cx.language, &cx.request_id).to_string();
            (problem.code.status(), Answer { language: Some(cx.language.tag().to_owned()), ..Answer::text(PROBLEM, body) })
        }
        Err(_) => return decided.map(|answer| (spec.success, answer)),
    };
    // What may come out otherwise next time is not kept: no tries left, a proof to be repeated, somebody else's change.
    let passing = |code| {
        matches!(
            code,
            Code::TooManyRequests
                | Code::CodeTooSoon
                | Code::CodesExhausted
                | Code::ChangedMeanwhile
                | Code::CodeSent
                | Code::SignInRefused
                | Code::ProofRefused
                | Code::RecoveryRefused
                | Code::CertificateRefused
                | Code::PaymentInProgress
        )
    };
    let lasting = status < 500 && !matches!(&decided, Err(Failure::Refused { problem, .. }) if passing(problem.code));
    if let Some(place) = place.as_deref().filter(|_| lasting) {
        let sealed = cx.keys().seal(cx.entropy(), purpose(place).as_bytes(), &serde_json::to_vec(&answer)?)?;
        let fingerprint = fingerprint(cx, incoming);
        let first = FirstAnswer::new(place, fingerprint, status, sportello_store::record::Bytes(sealed), &cx.policy().http, cx.now);
        commit.first_answer(&first, old.as_ref());
    }
    cx.store.commit(commit).await?;
    decided.map(|answer| (spec.success, answer))
}

/// Instants are kept and shown in milliseconds: what is written and what is read back are the same.
pub(crate) fn to_the_millisecond(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// What tells one request from another under the same key: keyed, because a body may hold a password.
fn fingerprint(cx: &Cx, incoming: &Incoming) -> String {
    hex(cx.keys().keyed_hash(&[b"fingerprint", incoming.raw_path.as_bytes(), &incoming.body]))
}

const PROBLEM: &str = "application/problem+json";

fn purpose(place: &str) -> String {
    format!("answer/{place}")
}

fn replay(cx: &Cx, place: &str, first: &FirstAnswer) -> Result<(u16, Answer), Failure> {
    let answer = cx.keys().open(purpose(place).as_bytes(), &first.sealed.0)?;
    Ok((first.status, serde_json::from_slice(&answer)?))
}

fn problem_of(failure: Failure, cx: &Cx) -> Problem {
    match failure {
        Failure::Refused { problem, .. } => problem,
        Failure::Store(StoreError::Unavailable(error)) => {
            tracing::error!(request_id = cx.request_id, operation = cx.id, error = chain(&*error), "the store is unavailable");
            Problem::from(Code::Unavailable).retry_after(1)
        }
        Failure::Store(error) => {
            tracing::error!(request_id = cx.request_id, operation = cx.id, error = chain(&error), "the store failed");
            Code::Internal.into()
        }
        Failure::Fault(error) => {
            tracing::error!(request_id = cx.request_id, operation = cx.id, error = chain(&*error), "fault");
            Code::Internal.into()
        }
    }
}

/// An error and its causes, in one line.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn success(status: u16, produces: Produces, answer: Answer, request_id: &str) -> Response<Body> {
    let replayed_problem = answer.kind == PROBLEM;
    if produces == Produces::Nothing && !replayed_problem {
        return response(status, None, String::new(), request_id);
    }
    if answer.is_file {
        let mut response = response(status, Some(&answer.kind), String::new(), request_id);
        *response.body_mut() = Body::Binary(STANDARD.decode(&answer.body).unwrap_or_default());
        return response;
    }
    let mut response = response(status, Some(&answer.kind), answer.body, request_id);
    if let Some(language) = answer.language.as_deref().and_then(|language| language.parse().ok()) {
        response.headers_mut().insert("content-language", language);
    }
    response
}

/// The answer of a refusal, as every operation and the gateway itself give it.
#[must_use]
pub fn refusal(problem: &Problem, language: Language, request_id: &str, methods: Option<&[Method]>) -> Response<Body> {
    let body = problem.body(language, request_id).to_string();
    let mut answer = response(problem.code.status(), Some(PROBLEM), body, request_id);
    let headers = answer.headers_mut();
    headers.insert("content-language", lambda_http::http::HeaderValue::from_static(language.tag()));
    if let Some(seconds) = problem.retry_after {
        headers.insert("retry-after", seconds.into());
    }
    if problem.code == Code::Unauthenticated {
        headers.insert("www-authenticate", lambda_http::http::HeaderValue::from_static("Bearer"));
    }
    if let Some(value) = methods.and_then(|methods| allow(methods).parse().ok()) {
        headers.insert("allow", value);
    }
    answer
}

fn response(status: u16, kind: Option<&str>, body: String, request_id: &str) -> Response<Body> {
    let mut builder = Response::builder().status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    builder = builder.header("cache-control", "no-store").header("x-content-type-options", "nosniff").header("x-request-id", request_id);
    if let Some(kind) = kind {
        builder = builder.header("content-type", kind);
    }
    let body = if body.is_empty() { Body::Empty } else { Body::Text(body) };
    builder.body(body).unwrap_or_else(|_| Response::new(Body::Empty))
}

/// Runs one operation as a Lambda function.
#[must_use]
pub fn lambda(entry: Entry) -> ExitCode {
    start(false, move |deployed| async move {
        let handler = service_fn(move |request: Request| {
            let deployed = Arc::clone(&deployed);
            async move { Ok::<_, std::convert::Infallible>(entry.answer_deployed(&deployed, request).await) }
        });
        lambda_http::run(handler).await
    })
}

/// Answers what leads to no operation: there is no such path, or it has other methods.
#[must_use]
pub fn unrouted<T>(found: &Found<'_, T>, language: Language, request_id: &str) -> Response<Body> {
    match found {
        Found::OtherMethods(methods) => refusal(&Code::MethodNotAllowed.into(), language, request_id, Some(methods)),
        Found::Route(..) | Found::Nothing => refusal(&Code::NotFound.into(), language, request_id, None),
    }
}

/// Answers, as a Lambda function, every request that the gateway finds no operation for; it has no tables and no secrets.
#[must_use]
pub fn fallback(routes: &'static [(Method, &'static str)]) -> ExitCode {
    serve(async move {
        let handler = service_fn(move |request: Request| {
            let method = request.method().as_str().to_owned();
            let incoming = Incoming::new(request);
            let found = router::find(routes, |route| *route, &method, &incoming.raw_path);
            let answer = unrouted(&found, incoming.language, &incoming.request_id);
            tracing::info!(request_id = incoming.request_id, operation = "gateway.fallback", status = answer.status().as_u16(), "answered");
            async move { Ok::<_, std::convert::Infallible>(answer) }
        });
        lambda_http::run(handler).await
    })
}

/// The body of a response as bytes and whether it is text; for a gateway that hands it on.
#[must_use]
pub fn decoded(body: &str, base64: bool) -> Vec<u8> {
    if base64 { STANDARD.decode(body).unwrap_or_default() } else { body.as_bytes().to_vec() }
}
