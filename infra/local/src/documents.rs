//! The documents that are made from the declarations: committed, and checked fresh by a test.

use serde_json::{Value, json};
use sportello_contract::openapi::{self, Described};
use sportello_contract::spec::{JobSpec, Memory, OPERATION_TIMEOUT_SECONDS, Table, Trigger};
use sportello_store::schema;

use crate::{jobs, operations};

fn described() -> Vec<Described> {
    operations().iter().map(|entry| entry.described).collect()
}

fn job_specs() -> Vec<JobSpec> {
    jobs().iter().map(|entry| entry.spec).collect()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The OpenAPI document.
#[must_use]
pub fn openapi() -> Value {
    openapi::document(&described())
}

/// The table of operations and jobs.
#[must_use]
pub fn table() -> Value {
    let mut table = openapi::table(&described(), &job_specs(), schema::partition_keys);
    let tables: Vec<Value> = Table::ALL.into_iter().map(schema::described).collect();
    if let Some(object) = table.as_object_mut() {
        object.insert("tables".to_owned(), tables.into());
        object.insert("fallback".to_owned(), fallback());
    }
    table
}

/// The function that answers what no route does: it reads nothing, so it is granted nothing.
fn fallback() -> Value {
    json!({
        "id": sportello_gateway::ID,
        "binary": openapi::binary(sportello_gateway::ID),
        "summary": "Answer what is no operation: 404, or 405 with the methods that the path has",
        "memoryMib": Memory::Small.mib(),
        "timeoutSeconds": OPERATION_TIMEOUT_SECONDS,
    })
}

/// Marks around the generated table in the README.
const BEGIN: &str = "<!-- operations: generated -->\n";
const END: &str = "<!-- /operations -->";

/// The README with its table of operations made anew.
#[must_use]
pub fn readme(present: &str) -> String {
    let table = openapi::markdown(&described(), &job_specs());
    match (present.split_once(BEGIN), present.split_once(END)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{BEGIN}{table}{END}{after}"),
        _ => present.to_owned(),
    }
}

/// The route table of the fallback function.
fn routes() -> String {
    let mut lines = String::new();
    for entry in operations() {
        let spec = &entry.described.spec;
        lines.push_str(&format!("    (Method::{:?}, \"{}\"),\n", spec.method, spec.path));
    }
    let head = "//! Every route; generated.\n\nuse sportello_contract::spec::Method;\n\n/// Method and path of every operation.\n";
    format!("{head}pub const ROUTES: &[(Method, &str)] = &[\n{lines}];\n")
}

/// One line a binary: the crate's manifest section and its source file.
fn binary(id: &str, krate: &str, module: &str, kind: &str) -> (String, String, String) {
    let name = openapi::binary(id);
    let manifest = format!("[[bin]]\nname = \"{name}\"\npath = \"src/bin/{module}.rs\"\ntest = false\ndoc = false\n\n");
    let runner = if kind == "job" { "job" } else { "entry" };
    let source = format!(
        "//! The Lambda function of `{id}`; generated.\n\nfn main() -> std::process::ExitCode {{\n    sportello_runtime::{runner}::lambda(sportello_{}::entry::{module})\n}}\n",
        krate.replace('-', "_")
    );
    (name, manifest, source)
}

/// Every generated file by its path from the root of the repository, given the present text of those that are generated in part.
#[must_use]
pub fn files(read: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let mut files = vec![
        ("infra/openapi.json".to_owned(), pretty(&openapi())),
        ("infra/operations.json".to_owned(), pretty(&table())),
        ("README.md".to_owned(), readme(&read("README.md"))),
        ("functions/gateway/src/routes.rs".to_owned(), routes()),
        (format!("tests/fixtures/{}.json", openapi::binary(sportello_gateway::ID)), pretty(&unrouted())),
    ];
    let crates = [("customer", "customer-area"), ("selfcare", "selfcare"), ("internal", "internal"), ("jobs", "jobs")];
    for (area, krate) in crates {
        let ids: Vec<(&str, &str)> = operations()
            .iter()
            .map(|entry| (entry.described.spec.id, "operation"))
            .chain(jobs().iter().map(|entry| (entry.spec.id, "job")))
            .filter(|(id, _)| id.split('.').next() == Some(area))
            .collect();
        let mut manifests = String::new();
        for (id, kind) in ids {
            let module = id.split_once('.').map_or(id, |(_, rest)| rest).replace(['.', '-'], "_");
            let (name, manifest, source) = binary(id, krate, &module, kind);
            manifests.push_str(&manifest);
            files.push((format!("functions/{krate}/src/bin/{module}.rs"), source));
            files.push((format!("tests/fixtures/{name}.json"), pretty(&fixture(id))));
        }
        let path = format!("functions/{krate}/Cargo.toml");
        let present = read(&path);
        if let (Some((before, _)), Some((_, after))) = (present.split_once(BINARIES), present.split_once(DEPENDENCIES)) {
            files.push((path, format!("{before}{BINARIES}\n{manifests}{DEPENDENCIES}{after}")));
        }
    }
    files
}

const BINARIES: &str = "# Binaries: generated.\n";
const DEPENDENCIES: &str = "[dependencies]\n";

/// The event with which cargo-lambda invokes a function: a real one, without anybody signed in.
#[must_use]
pub fn fixture(id: &str) -> Value {
    if let Some(entry) = operations().iter().find(|entry| entry.described.spec.id == id) {
        let spec = &entry.described.spec;
        let path = sample_path(spec.path);
        let names = spec.path.split('/').filter_map(|part| part.strip_prefix('{')).filter_map(|part| part.strip_suffix('}'));
        let parameters: serde_json::Map<String, Value> = names.map(|name| (name.to_owned(), json!(sample_path(&format!("{{{name}}}"))))).collect();
        let body = spec.method.has_body().then(|| sample(id).to_string());
        return request(spec.method.as_str(), spec.path, &path, parameters, body);
    }
    match jobs().iter().find(|entry| entry.spec.id == id).map(|entry| entry.spec.trigger) {
        Some(Trigger::Queue { .. }) => json!({ "Records": [{ "messageId": "fixture", "body": json!({ "eventType": "Delivery", "mail": {} }).to_string() }] }),
        Some(Trigger::Stream { .. }) => json!({ "Records": [crate::stream::record("0", "no-such-notice")] }),
        _ => crate::scheduler::tick("2027-01-15T08:00:00Z"),
    }
}

/// The event with which cargo-lambda invokes the fallback function.
fn unrouted() -> Value {
    request("GET", "$default", "/v1/no-such-path", serde_json::Map::new(), None)
}

fn request(method: &str, route: &str, path: &str, parameters: serde_json::Map<String, Value>, body: Option<String>) -> Value {
    crate::gateway::event(&crate::gateway::EventParts {
        method,
        route,
        path,
        query: "",
        headers: json!({ "content-type": "application/json", "accept": "application/json" }),
        parameters,
        source_ip: "192.0.2.1",
        client_certificate: None,
        request_id: "fixture",
        time_ms: 1_800_000_000_000,
        body,
        base64: false,
        signer: None,
    })
}

/// A path with parameters that are right in form.
#[must_use]
pub fn sample_path(path: &str) -> String {
    path.replace("{credential}", "otp-app").replace('{', "x-").replace('}', "")
}

/// A body that is right in form, for each operation that takes one.
fn sample(id: &str) -> Value {
    match id {
        "customer.session.open" | "selfcare.sign-in.start" | "selfcare.expired-password.start" => json!({ "username": "nobody", "password": "Wrong-Horse42!" }),
        "selfcare.code.send" => json!({ "operation": "selfcare.identity.suspend" }),
        "selfcare.username.recover" => json!({ "fiscalCode": "RSSMRA85C57H501Z", "email": "nobody@example.it", "type": "personal" }),
        "selfcare.password.recover.start" => json!({ "username": "nobody", "emergencyCode": "AAAA-BBBB-CCCC-DDDD" }),
        "selfcare.emergency-code.recover.start" => json!({ "username": "nobody", "password": "Wrong-Horse42!" }),
        "selfcare.password.recover.code" | "selfcare.emergency-code.recover.finish" => json!({ "code": "000000" }),
        "selfcare.block.emergency" => json!({ "fiscalCode": "RSSMRA85C57H501Z", "type": "professional", "emergencyCode": "AAAA-BBBB-CCCC-DDDD" }),
        "selfcare.sign-in.lost" => json!({ "emergencyCode": "AAAA-BBBB-CCCC-DDDD" }),
        "selfcare.sign-in.qr.approve" | "selfcare.sso-qr.confirm" => json!({ "appId": "AAAA", "signature": "AAAA" }),
        "selfcare.otp-app.move" => json!({ "username": "nobody", "password": "Wrong-Horse42!", "emergencyCode": "AAAA-BBBB-CCCC-DDDD" }),
        "selfcare.sign-in.signature" | "selfcare.expired-password.signature" => json!({ "signature": "MAA=" }),
        "selfcare.l3.activate" => json!({ "credential": "remote-signature", "signature": "MAA=", "code": "000000" }),
        "selfcare.otp-app.confirm" => json!({ "enrolmentId": "AAAA", "code": "000000" }),
        "selfcare.otp-sms.activate" => json!({ "code": "000000", "withoutApp": "no-smartphone" }),
        "selfcare.otp-token.activate" => json!({ "serial": "ZZ00000000", "firstCode": "000000", "secondCode": "000001" }),
        "selfcare.otp-mode.change" => json!({ "mode": "app", "code": "000000" }),
        "selfcare.adult-choice.make" => json!({ "choice": "keep", "code": "000000" }),
        "selfcare.otp-app.enrol" | "selfcare.credential.suspend" | "selfcare.credential.reactivate" | "selfcare.credential.revoke" => {
            json!({ "code": "000000" })
        }
        "selfcare.sign-in.otp" => json!({ "code": "000000" }),
        "selfcare.identity.suspend" | "selfcare.identity.reactivate" | "selfcare.sso-qr.remove" => json!({ "code": "000000" }),
        "selfcare.identity.revoke" => json!({ "confirmation": "REVOKE", "code": "000000" }),
        "selfcare.residence.change" => json!({ "address": "Via Garibaldi 1", "city": "Firenze", "province": "FI", "postalCode": "50123", "country": "IT" }),
        "selfcare.password.check" => json!({ "password": "Wrong-Horse42!" }),
        "selfcare.password.change" => json!({ "current": "Wrong-Horse42!", "new": "Other-Horse43!", "confirmation": "Other-Horse43!", "code": "000000" }),
        "customer.account.register" | "customer.account.recover" => json!({ "email": "nobody@example.it" }),
        "customer.account.confirm" => {
            json!({ "new": "gatti-rossi-sul-tetto", "confirmation": "gatti-rossi-sul-tetto", "givenName": "Carla", "familyName": "Neri" })
        }
        "customer.account.change" => json!({ "givenName": "Carla", "familyName": "Neri", "language": "it" }),
        "customer.account.recover.finish" => json!({ "new": "gatti-rossi-sul-tetto", "confirmation": "gatti-rossi-sul-tetto" }),
        "customer.account.password.change" => {
            json!({ "current": "Wrong-Horse42!", "new": "gatti-rossi-sul-tetto", "confirmation": "gatti-rossi-sul-tetto" })
        }
        "customer.account.email.change" => json!({ "email": "nobody@example.it", "password": "Wrong-Horse42!" }),
        "customer.account.otp.enrol" => json!({ "password": "Wrong-Horse42!" }),
        "customer.account.otp.confirm" => json!({ "enrolmentId": "AAAA", "code": "000000" }),
        "customer.account.otp.remove" => json!({ "password": "Wrong-Horse42!", "code": "000000" }),
        "customer.withdrawal-form.send" => json!({ "confirmation": "WITHDRAW" }),
        "customer.ticket.open" => json!({ "topic": "other", "text": "Come si cambia l'offerta?" }),
        "customer.order.place" => json!({ "type": "professional" }),
        "customer.order.pay" => json!({ "paymentMethodId": "pm_none" }),
        "customer.credential.add" => json!({ "credential": "smart-card" }),
        "customer.auto-renewal.change" => json!({ "active": false }),
        "internal.payment.event" => json!({ "id": "evt_none", "type": "payment_intent.succeeded" }),
        "selfcare.access-notice.change" => json!({ "enabled": true }),
        "internal.access.record" => json!({ "accesses": [{
            "requestId": "_fixture",
            "username": "nobody",
            "at": "2027-01-15T08:00:00Z",
            "serviceProvider": { "entityId": "https://servizi.comune.example", "name": "Comune di Esempio" },
            "level": "l2",
            "credential": "otp-app",
            "outcome": "success",
        }] }),
        "selfcare.expired-password.finish" | "selfcare.password.recover.finish" => json!({ "new": "Other-Horse43!", "confirmation": "Other-Horse43!" }),
        _ => json!({}),
    }
}

/// The body that [`fixture`] gives an operation; the coverage tests use it too.
#[must_use]
pub fn sample_body(id: &str) -> Value {
    sample(id)
}
