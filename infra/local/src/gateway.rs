//! The gateway: every request becomes a real API Gateway v2 event, goes through the same adapter as in Lambda, and its answer comes back from Lambda's answer.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context as LambdaContext, LambdaEvent, Service as _};
use serde_json::{Map, Value, json};
use sportello_contract::problem::{Code, Language};
use sportello_contract::router::{self, Found};
use sportello_contract::spec::Level;
use sportello_runtime::clock::Clock as _;
use sportello_runtime::entry::{Entry, decoded, refusal, unrouted};

use crate::stack::Shared;

/// Largest body that the gateway takes at all, as API Gateway does; operations have their own, smaller limit.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// What an event is made of.
pub struct EventParts<'a> {
    /// Method.
    pub method: &'a str,
    /// Template of the path.
    pub route: &'a str,
    /// Path as it came.
    pub path: &'a str,
    /// Query as it came.
    pub query: &'a str,
    /// Headers, names in lower case, values joined by commas.
    pub headers: Value,
    /// Parameters of the path.
    pub parameters: Map<String, Value>,
    /// Source of the connection.
    pub source_ip: &'a str,
    /// Certificate of the connection, in PEM.
    pub client_certificate: Option<&'a str>,
    /// Id of the request.
    pub request_id: &'a str,
    /// When, in milliseconds.
    pub time_ms: i64,
    /// Body.
    pub body: Option<String>,
    /// Whether the body is base64.
    pub base64: bool,
    /// The role whose signature was checked, on a route that IAM authorises.
    pub signer: Option<&'a str>,
}

/// An API Gateway v2 event (payload format 2.0).
#[must_use]
pub fn event(parts: &EventParts<'_>) -> Value {
    let mut query = Map::new();
    for (name, value) in form_urlencoded::parse(parts.query.as_bytes()) {
        let joined = match query.get(&*name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        query.insert(name.into_owned(), joined.into());
    }
    let route_key = format!("{} {}", parts.method, parts.route);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": parts.headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "local",
            "http": {
                "method": parts.method,
                "path": parts.path,
                "protocol": "HTTP/1.1",
                "sourceIp": parts.source_ip,
                "userAgent": parts.headers.get("user-agent").and_then(Value::as_str).unwrap_or_default(),
            },
            "requestId": parts.request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": parts.time_ms,
        },
        "isBase64Encoded": parts.base64,
    });
    if let (Some(pem), Some(context)) = (parts.client_certificate, event.get_mut("requestContext").and_then(Value::as_object_mut)) {
        context.insert(
            "authentication".to_owned(),
            json!({ "clientCert": {
            "clientCertPem": pem,
            "subjectDN": "",
            "issuerDN": "",
            "serialNumber": "",
            "validity": { "notBefore": "", "notAfter": "" },
        } }),
        );
    }
    if let Some(object) = event.as_object_mut() {
        if !query.is_empty() {
            object.insert("queryStringParameters".to_owned(), query.into());
        }
        if !parts.parameters.is_empty() {
            object.insert("pathParameters".to_owned(), parts.parameters.clone().into());
        }
        if let (Some(signer), Some(context)) = (parts.signer, object.get_mut("requestContext").and_then(Value::as_object_mut)) {
            let iam = json!({ "accessKey": "local", "accountId": "000000000000", "callerId": "local", "userArn": signer, "userId": "local" });
            context.insert("authorizer".to_owned(), json!({ "iam": iam }));
        }
        if let Some(body) = &parts.body {
            object.insert("body".to_owned(), body.clone().into());
        }
    }
    event
}

/// Answers every path that is not the local stack's own.
pub async fn handle(State(shared): State<Arc<Shared>>, ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = shared.request_id();
    let language = parts.headers.get("accept-language").and_then(|v| v.to_str().ok()).and_then(Language::from_header).unwrap_or_default();
    let refuse = |code: Code| plain(refusal(&code.into(), language, &request_id, None));
    let path = parts.uri.path();
    if let Some(deployment) = &shared.deployment {
        return Redirect::temporary(&format!("{}{}", deployment.api, parts.uri)).into_response();
    }
    let (entry, parameters) =
        match router::find(&shared.operations, |entry| (entry.described.spec.method, entry.described.spec.path), parts.method.as_str(), path) {
            Found::Route(entry, parameters) => (**entry, parameters),
            Found::OtherMethods(methods) if parts.method == Method::OPTIONS && parts.headers.contains_key("access-control-request-method") => {
                return preflight(&sportello_contract::openapi::allow(&methods));
            }
            nothing @ (Found::OtherMethods(_) | Found::Nothing) => return plain(unrouted(&nothing, language, &request_id)),
        };
    let Ok(bytes) = to_bytes(body, MAX_BODY).await else { return refuse(Code::BodyTooLarge) };
    let source_ip = shared.source_ip(&parts.headers, peer);
    let certificate = shared.client_certificate(&parts.headers);
    let text = String::from_utf8(bytes.to_vec());
    let base64 = text.is_err();
    let event = event(&EventParts {
        method: parts.method.as_str(),
        route: entry.described.spec.path,
        path,
        query: parts.uri.query().unwrap_or_default(),
        headers: joined(&parts.headers, &source_ip),
        parameters: parameters.into_iter().map(|(name, value)| (name, Value::String(value))).collect(),
        source_ip: &source_ip,
        client_certificate: certificate.as_deref(),
        request_id: &request_id,
        time_ms: shared.clock.now().as_millisecond(),
        body: Some(text.unwrap_or_else(|error| STANDARD.encode(error.into_bytes()))).filter(|body| !body.is_empty()),
        base64,
        signer: signer(&entry, &parts.headers),
    });
    // What panics before the operation begins is a fault of ours as well.
    let answer = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move { invoke(entry, &shared, &event).await }
    });
    let answer = answer.await.ok().flatten();
    shared.stream.wake();
    match answer {
        Some(answer) => from_lambda(&answer),
        None => refuse(Code::Internal),
    }
}

/// Runs an operation on an event exactly as Lambda's runtime does.
pub async fn invoke(entry: Entry, shared: &Shared, event: &Value) -> Option<Value> {
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).ok()?;
    let app = Arc::clone(&shared.app);
    let handler = lambda_http::service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, std::convert::Infallible>(entry.answer(app, request).await) }
    });
    let mut adapter = lambda_http::Adapter::from(handler);
    let response = adapter.call(LambdaEvent::new(request, LambdaContext::default())).await.ok()?;
    serde_json::to_value(response).ok()
}

/// Who signed a request, as IAM would tell on the routes that it authorises. Here any signature is good, and without one the function itself refuses.
fn signer(entry: &Entry, headers: &HeaderMap) -> Option<&'static str> {
    let signed = headers.get("authorization").is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256 "));
    (entry.described.level == Level::Internal && signed).then_some("arn:aws:iam::000000000000:role/local")
}

fn joined(headers: &HeaderMap, source_ip: &str) -> Value {
    let mut all = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        all.insert(name.as_str().to_owned(), values.join(",").into());
    }
    // The real gateway writes these itself, whatever the client says.
    all.retain(|name, _| !name.starts_with("x-forwarded-"));
    all.insert("x-forwarded-for".to_owned(), source_ip.into());
    all.insert("x-forwarded-proto".to_owned(), "http".into());
    let host = all.get("host").and_then(Value::as_str).unwrap_or_default();
    if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']')) {
        all.insert("host".to_owned(), "localhost".into());
    }
    all.into()
}

fn from_lambda(answer: &Value) -> Response {
    let status = answer.get("statusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let bytes = decoded(body, answer.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default());
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let (name, value) = (name.parse::<HeaderName>().ok(), value.as_str().and_then(|value| value.parse::<HeaderValue>().ok()));
        if let (Some(name), Some(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("access-control-allow-origin", HeaderValue::from_static("*"));
    response
}

fn plain(answer: lambda_http::Response<lambda_http::Body>) -> Response {
    let (parts, body) = answer.into_parts();
    let mut response = Response::new(Body::from(body.as_ref().to_vec()));
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    response.headers_mut().insert("access-control-allow-origin", HeaderValue::from_static("*"));
    response
}

/// Front-ends in development are served from another port.
fn preflight(methods: &str) -> Response {
    let headers = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", methods),
        ("access-control-allow-headers", "authorization, content-type, idempotency-key, accept-language"),
        ("access-control-max-age", "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
