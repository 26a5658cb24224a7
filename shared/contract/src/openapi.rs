//! The OpenAPI 3.1 document and the table of operations, made from the declarations.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::problem::{Code, Language, ProblemDocument};
use crate::spec::{Grant, JobSpec, Level, Method, OPERATION_TIMEOUT_SECONDS, Produces, Spec};

/// An operation as the documents see it.
#[derive(Clone, Copy)]
pub struct Described {
    /// The declaration.
    pub spec: Spec,
    /// Who may call it.
    pub level: Level,
    /// Schema of the input.
    pub input: fn(&mut SchemaGenerator) -> Schema,
    /// Schema of the output.
    pub output: fn(&mut SchemaGenerator) -> Schema,
}

/// The schema of a type as it stands where it is used, for [`Described`].
#[must_use]
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

/// The document of a list of operations.
#[must_use]
pub fn document(operations: &[Described]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into()).into_generator();
    let problem = schema_of::<ProblemDocument>(&mut generator).to_value();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations {
        let method = operation.spec.method.as_str().to_ascii_lowercase();
        paths.entry(operation.spec.path).or_default().insert(method, describe(operation, &mut generator));
    }
    let mut schemas: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    schemas.insert("Problem".to_owned(), problem);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sportello",
            "version": "1.0.0",
            "summary": "The counter of a digital-identity provider: customer area and selfcare.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "customer", "description": "The customer area: services, orders, renewals." },
            { "name": "selfcare", "description": "The holder's panel: sign-in, password, sessions, identity." },
            { "name": "internal", "description": "What the provider's own services call; requests are signed (SigV4)." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "customerSession": { "type": "http", "scheme": "bearer", "description": "Token of customer.session.open." },
                "paymentSignature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Stripe-Signature",
                    "description": "The payment provider's signature over the body, with its instant.",
                },
                "innerSignature": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                    "description": "AWS Signature Version 4 of a role that may call these routes; the gateway checks it.",
                },
                "holderSession": { "type": "http", "scheme": "bearer", "description": "Token of the selfcare's sign-in." },
            },
        },
    })
}

fn describe(operation: &Described, generator: &mut SchemaGenerator) -> Value {
    let spec = &operation.spec;
    let input = (operation.input)(generator).to_value();
    let (parameters, body) = split_input(spec, &input);
    let mut described = json!({
        "operationId": spec.id,
        "summary": spec.summary,
        "tags": [spec.id.split('.').next().unwrap_or_default()],
        "parameters": parameters,
        "responses": responses(operation, generator),
    });
    if let Some(object) = described.as_object_mut() {
        if let Some(body) = body {
            object.insert("requestBody".to_owned(), json!({ "required": true, "content": { "application/json": { "schema": body } } }));
        }
        let security = match operation.level {
            Level::Anyone => json!([]),
            Level::Customer => json!([{ "customerSession": [] }]),
            Level::Holder | Level::HolderHighest => json!([{ "holderSession": [] }]),
            Level::Internal => json!([{ "innerSignature": [] }]),
            Level::PaymentProvider => json!([{ "paymentSignature": [] }]),
        };
        object.insert("security".to_owned(), security);
    }
    described
}

fn split_input(spec: &Spec, input: &Value) -> (Vec<Value>, Option<Value>) {
    let empty = Map::new();
    let properties = input.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required: Vec<&str> = input.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut parameters = Vec::new();
    let mut rest = Map::new();
    for (name, schema) in properties {
        let in_path = spec.path.contains(&format!("{{{name}}}"));
        if in_path || !spec.method.has_body() {
            parameters.push(parameter(name, if in_path { "path" } else { "query" }, in_path || required.contains(&name.as_str()), schema));
        } else {
            rest.insert(name.clone(), schema.clone());
        }
    }
    if spec.idempotent {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-+\\-.-\\[\\]-~]+$" });
        parameters.push(parameter("Idempotency-Key", "header", false, &schema));
    }
    parameters.push(parameter("Accept-Language", "header", false, &json!({ "type": "string" })));
    let body = spec.method.has_body().then(|| {
        let required: Vec<&str> = required.into_iter().filter(|name| rest.contains_key(*name)).collect();
        json!({ "type": "object", "properties": rest, "required": required, "additionalProperties": false })
    });
    (parameters, body)
}

fn parameter(name: &str, place: &str, required: bool, schema: &Value) -> Value {
    let mut schema = schema.clone();
    let mut described = json!({ "name": name, "in": place, "required": required });
    if let (Some(object), Some(schema)) = (described.as_object_mut(), schema.as_object_mut()) {
        if let Some(description) = schema.remove("description") {
            object.insert("description".to_owned(), description);
        }
        schema.remove("default");
        // A query never carries null: it leaves the parameter out.
        if let Some(inner) = schema.get("anyOf").and_then(Value::as_array).and_then(|any| any.iter().find(|s| s.get("type") != Some(&json!("null")))) {
            *schema = inner.as_object().cloned().unwrap_or_default();
        }
        if let Some(first) = schema.get("type").and_then(Value::as_array).and_then(|types| types.first()).cloned() {
            schema.insert("type".to_owned(), first);
        }
    }
    if let Some(object) = described.as_object_mut() {
        object.insert("schema".to_owned(), schema);
    }
    described
}

fn responses(operation: &Described, generator: &mut SchemaGenerator) -> Value {
    let spec = &operation.spec;
    let mut responses = Map::new();
    let headers = json!({ "X-Request-Id": { "description": "The request's id, as in the logs.", "schema": { "type": "string" } } });
    let content = match spec.produces {
        Produces::Nothing => None,
        Produces::Pdf => Some(json!({ "application/pdf": { "schema": { "type": "string", "format": "binary" } } })),
        Produces::Json | Produces::JsonOrCalendar => {
            let schema = (operation.output)(generator).to_value();
            let mut content = json!({ "application/json": { "schema": schema } });
            if let (Produces::JsonOrCalendar, Some(object)) = (spec.produces, content.as_object_mut()) {
                object.insert("text/calendar".to_owned(), json!({ "schema": { "type": "string" } }));
            }
            Some(content)
        }
    };
    let mut success = json!({ "description": "Done.", "headers": headers });
    if let (Some(content), Some(object)) = (content, success.as_object_mut()) {
        object.insert("content".to_owned(), content);
    }
    responses.insert(spec.success.to_string(), success);
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in spec.all_problems(operation.level) {
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let texts: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.text(Language::En))).collect();
        let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, { "properties": { "code": { "enum": names } } }] });
        let answer = json!({ "description": texts.join("\n\n"), "headers": headers, "content": { "application/problem+json": { "schema": schema } } });
        responses.insert(status.to_string(), answer);
    }
    Value::Object(responses)
}

/// The table of operations and jobs that the infrastructure is made from. `keys` tells which partition keys a grant comes to, as patterns, given the kinds of
/// what is due that a job reads.
#[must_use]
pub fn table(operations: &[Described], jobs: &[JobSpec], keys: impl Fn(Grant, &[&str]) -> Vec<String>) -> Value {
    let grants = |grants: &[Grant], due: &[&str]| -> Vec<Value> {
        grants.iter().map(|grant| json!({ "table": grant.table, "action": grant.action, "keys": keys(*grant, due) })).collect()
    };
    let operations: Vec<Value> = operations
        .iter()
        .map(|operation| {
            let spec = &operation.spec;
            json!({
                "id": spec.id,
                "binary": binary(spec.id),
                "method": spec.method,
                "path": spec.path,
                "summary": spec.summary,
                "level": operation.level,
                "memoryMib": spec.memory.mib(),
                "timeoutSeconds": OPERATION_TIMEOUT_SECONDS,
                "limit": spec.limit,
                "grants": grants(&spec.all_grants(operation.level), &[]),
                "idempotent": spec.idempotent,
                "authorities": spec.authorities,
            })
        })
        .collect();
    let jobs: Vec<Value> = jobs
        .iter()
        .map(|job| {
            json!({
                "id": job.id,
                "binary": binary(job.id),
                "summary": job.summary,
                "trigger": job.trigger,
                "memoryMib": job.memory.mib(),
                "timeoutSeconds": job.trigger.timeout_seconds(),
                "grants": grants(job.grants, job.due),
                "sendsMail": job.sends_mail,
            })
        })
        .collect();
    json!({ "operations": operations, "jobs": jobs })
}

/// The name of a function's binary: its id with dashes.
#[must_use]
pub fn binary(id: &str) -> String {
    id.replace('.', "-")
}

/// The table of operations of the README, in Markdown.
#[must_use]
pub fn markdown(operations: &[Described], jobs: &[JobSpec]) -> String {
    let mut text = String::from("| id | route | who | what |\n| --- | --- | --- | --- |\n");
    for operation in operations {
        let spec = &operation.spec;
        let who = match operation.level {
            Level::Anyone => "anyone",
            Level::Customer => "customer",
            Level::Holder => "holder",
            Level::HolderHighest => "holder, highest active level",
            Level::Internal => "inner service",
            Level::PaymentProvider => "payment provider",
        };
        text.push_str(&format!("| `{}` | `{} {}` | {who} | {} |\n", spec.id, spec.method.as_str(), spec.path, spec.summary));
    }
    for job in jobs {
        let (trigger, who) = match job.trigger {
            crate::spec::Trigger::Hourly => ("every hour".to_owned(), "scheduler"),
            crate::spec::Trigger::Stream { table, .. } => (format!("new items of {}", table.name()), "stream"),
            crate::spec::Trigger::Queue { queue, .. } => (format!("messages of {queue}"), "queue"),
        };
        text.push_str(&format!("| `{}` | {trigger} | {who} | {} |\n", job.id, job.summary));
    }
    text
}

/// Whether a method is one that a document's path may hold; the table of the gateway's 405.
#[must_use]
pub fn allow(methods: &[Method]) -> String {
    methods.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", ")
}
