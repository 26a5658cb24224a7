//! A request as an operation's entry sees it: taken from the gateway's event, never from headers that a client may write.

use std::collections::BTreeMap;

use lambda_http::http::HeaderMap;
use lambda_http::http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use serde_json::{Map, Value};
use sportello_contract::input;
use sportello_contract::problem::{Code, Language, Problem};
use sportello_contract::spec::{Method, Produces, Spec};
use sportello_rules::policy::HttpPolicy;

use crate::context::Webhook;
use crate::device;

/// What the entry needs of a request.
pub struct Incoming {
    /// The gateway's id of it.
    pub request_id: String,
    /// Source of the connection, as the gateway saw it.
    pub address: String,
    /// Short description of the device.
    pub device: String,
    /// The certificate of the connection, in PEM.
    pub client_certificate: Option<String>,
    /// Language of texts.
    pub language: Language,
    /// The role whose signature the gateway has checked; only its own context tells.
    pub signer: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// Parameters of the path.
    pub path: BTreeMap<String, String>,
    /// Raw path, which together with the body tells requests apart.
    pub raw_path: String,
    query: String,
    headers: HeaderMap,
    /// The body, decoded.
    pub body: Vec<u8>,
}

impl Incoming {
    /// Takes apart a request.
    #[must_use]
    pub fn new(request: Request) -> Self {
        let (request_id, address, signer) = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                let iam = context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
                let signer = iam.and_then(|iam| iam.user_arn.clone()).filter(|arn| !arn.is_empty());
                (context.request_id.clone().unwrap_or_default(), context.http.source_ip.clone().unwrap_or_default(), signer)
            }
            _ => (String::new(), String::new(), None),
        };
        let client_certificate = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.authentication.as_ref().and_then(|authentication| authentication.client_cert.as_ref()).and_then(|cert| cert.client_cert_pem.clone())
            }
            _ => None,
        };
        let path = request.path_parameters_ref().map(|parameters| parameters.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()).unwrap_or_default();
        let raw_path = request.raw_http_path().to_owned();
        let (parts, body) = request.into_parts();
        let header = |name| parts.headers.get(name).and_then(|value: &lambda_http::http::HeaderValue| value.to_str().ok()).unwrap_or_default();
        let token = header(AUTHORIZATION).split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        Self {
            request_id,
            address: device::source(&address),
            device: device::describe(header(USER_AGENT)).to_owned(),
            client_certificate,
            language: Language::from_header(header(ACCEPT_LANGUAGE)).unwrap_or_default(),
            signer,
            token: token.map(|(_, token)| token.trim().to_owned()),
            path,
            raw_path,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body: match body {
                Body::Text(text) => text.into_bytes(),
                Body::Binary(bytes) => bytes,
                _ => Vec::new(),
            },
            headers: parts.headers,
        }
    }

    /// The key of an idempotent request.
    ///
    /// # Errors
    /// [`Code::IdempotencyKeyInvalid`] for one that is no visible ASCII.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<Result<&str, Code>> {
        self.headers.get("idempotency-key").map(|value| value.to_str().map_err(|_| Code::IdempotencyKeyInvalid))
    }

    /// The body with its signature, where there is one.
    #[must_use]
    pub fn webhook(&self) -> Option<Webhook> {
        let signature = self.headers.get("stripe-signature").and_then(|value| value.to_str().ok())?;
        Some(Webhook { signature: signature.to_owned(), body: self.body.clone() })
    }

    /// Refuses a body that is too large before anything else is done with it.
    ///
    /// # Errors
    /// The problem.
    pub fn check_size(&self, policy: &HttpPolicy) -> Result<(), Problem> {
        if u32::try_from(self.body.len()).map_or(true, |length| length > policy.max_body_bytes) {
            return Err(Code::BodyTooLarge.into());
        }
        Ok(())
    }

    /// The fields of the query or of the body.
    ///
    /// # Errors
    /// The problem, naming the field at fault.
    pub fn fields(&self, method: Method, policy: &HttpPolicy) -> Result<Value, Problem> {
        if method.has_body() {
            if !is_json(self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()) {
                return Err(Code::UnsupportedMediaType.into());
            }
            if let Some((name, _)) = form_urlencoded::parse(self.query.as_bytes()).next() {
                return Err(unknown_query_field(&name));
            }
            return input::parse(&self.body, policy.max_json_depth);
        }
        if !self.body.is_empty() {
            return Err(Code::BodyNotAllowed.into());
        }
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            if self.path.contains_key(&*name) {
                return Err(unknown_query_field(&name));
            }
            if fields.insert(name.to_string(), Value::String(value.into_owned())).is_some() {
                return Err(Problem::from(Code::DuplicateField).field(name.chars().filter(|c| !c.is_control()).take(80).collect::<String>()));
            }
        }
        Ok(Value::Object(fields))
    }

    /// Whether an answer that comes as JSON or as iCalendar should come as iCalendar.
    ///
    /// # Errors
    /// [`Code::NotAcceptable`] where the client takes neither.
    pub fn wants_calendar(&self, spec: &Spec) -> Result<bool, Problem> {
        let accept = self.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
        if spec.produces != Produces::JsonOrCalendar {
            return Ok(false);
        }
        for range in accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim()) {
            match range.to_ascii_lowercase().as_str() {
                "text/calendar" => return Ok(true),
                "application/json" | "application/*" | "*/*" | "" => return Ok(false),
                _ => {}
            }
        }
        Err(Code::NotAcceptable.into())
    }
}

fn unknown_query_field(name: &str) -> Problem {
    Problem::from(Code::UnknownField).field(name.chars().filter(|c| !c.is_control()).take(80).collect::<String>())
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    json && parts.all(|parameter| parameter.is_empty() || parameter.to_ascii_lowercase().replace('"', "") == "charset=utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_json() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            assert_eq!(is_json(kind), expected, "{kind}");
        }
    }
}
