//! What the gateway part refuses, and how every refusal looks.

use serde_json::json;
use sportello_tests::{Request, World};

const SIGN_INS: &str = "/v1/selfcare/sign-ins";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_not_as_they_should_be_are_named() {
    let world = World::new().await;
    let post = |body: &str| Request::new("POST", SIGN_INS).raw(body).header("content-type", "application/json");
    for (body, status, code, field) in [
        ("{", 400, "malformed-json", None),
        ("", 400, "malformed-json", None),
        ("[]", 400, "invalid-field", None),
        (r#"{"username":"a","username":"b","password":"x"}"#, 400, "duplicate-field", Some("username")),
        (r#"{"username":"a","password":"x","verified":true}"#, 400, "unknown-field", Some("verified")),
        (r#"{"username":"a"}"#, 400, "missing-field", Some("password")),
        (r#"{"username":7,"password":"x"}"#, 400, "invalid-field", Some("username")),
        (r#"{"username":"","password":"x"}"#, 400, "invalid-field", Some("username")),
    ] {
        let answer = world.send(post(body)).await.refused(status, code);
        assert_eq!(answer.body["field"].as_str(), field, "{body}");
    }
    let deep = format!(r#"{{"username":{}1{}}}"#, "[".repeat(16), "]".repeat(16));
    world.send(post(&deep)).await.refused(400, "json-too-deep");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_kibibytes_pass_and_one_byte_more_does_not() {
    let world = World::new().await;
    let body = |length: usize| {
        let frame = r#"{"username":"a","password":""}"#.len();
        let padding = " ".repeat(length - frame - 1);
        format!(r#"{{"username":"a","password":"x"{padding}}}"#)
    };
    let send = |length| world.send(Request::new("POST", SIGN_INS).raw(body(length)).header("content-type", "application/json"));
    send(16 * 1024).await.refused(401, "sign-in-refused");
    send(16 * 1024 + 1).await.refused(413, "body-too-large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_types_methods_and_paths_are_refused() {
    let world = World::new().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
        world.send(Request::new("POST", SIGN_INS).raw("{}").header("content-type", kind)).await.refused(415, "unsupported-media-type");
    }
    world.send(Request::new("POST", SIGN_INS).raw("{}")).await.refused(415, "unsupported-media-type");
    let answer = world.send(Request::new("PATCH", "/v1/selfcare/sessions")).await.refused(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("GET"));
    let answer = world.send(Request::new("GET", "/v1/selfcare/password")).await.refused(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("PUT"));
    for path in ["/v1/nothing", "/v2/selfcare/sessions", "/v1"] {
        world.send(Request::new("GET", path)).await.refused(404, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_are_read_as_strictly_as_bodies() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    for (query, code) in [
        ("?limit=0", "invalid-field"),
        ("?limit=101", "invalid-field"),
        ("?limit=x", "invalid-field"),
        ("?limit=1&limit=2", "duplicate-field"),
        ("?other=1", "unknown-field"),
        ("?cursor=AAAA", "cursor-invalid"),
    ] {
        world.get(&format!("/v1/selfcare/sessions{query}"), &token).await.refused(400, code);
    }
    world.get("/v1/selfcare/sessions?limit=100", &token).await.expect(200);
    world.send(Request::new("GET", "/v1/selfcare/identity").token(&token).json(json!({}))).await.refused(400, "body-not-allowed");
    world.send(Request::new("POST", "/v1/selfcare/password/generate?x=1").token(&token).json(json!({}))).await.refused(400, "unknown-field");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_problem_has_its_shape_in_the_language_asked_for() {
    let world = World::new().await;
    let send = |language: &'static str| world.send(Request::new("GET", "/v1/selfcare/identity").header("accept-language", language));
    let english = send("en-GB,it;q=0.8").await.refused(401, "unauthenticated");
    let italian = send("de,it;q=0.8").await.refused(401, "unauthenticated");
    assert!(english.text_at("/title").starts_with("Sign in first"));
    assert!(italian.text_at("/title").starts_with("Occorre accedere"));
    assert_eq!(english.text_at("/type"), "urn:sportello:problem:unauthenticated");
    assert_eq!(english.body["status"], 401);
    assert!(!english.text_at("/requestId").is_empty());
    assert_eq!(english.header("content-language"), Some("en"));
    assert_eq!(english.header("cache-control"), Some("no-store"));
    assert_eq!(english.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_answer_is_replayed_for_a_day_under_its_key() {
    let world = World::new().await;
    let account = world.make(sportello_local::demo::NewHolder { totp: false, ..world.holder() }).await;
    let body = json!({ "username": account.username, "password": account.password });
    let send = |key: &'static str, body: serde_json::Value| world.send(Request::new("POST", SIGN_INS).json(body).header("idempotency-key", key));
    let first = send("\"k-1\"", body.clone()).await.expect(201);
    let again = send("\"k-1\"", body.clone()).await.expect(201);
    assert_eq!(first.body, again.body, "the same session, token and all");
    let other = send("\"k-2\"", body.clone()).await.expect(201);
    assert_ne!(first.text_at("/session/token"), other.text_at("/session/token"));
    let another = json!({ "username": account.username, "password": "Another-42!x" });
    send("\"k-1\"", another).await.refused(422, "idempotency-mismatch");
    for key in ["\"\"", "a b", "\"open"] {
        send(key, body.clone()).await.refused(400, "idempotency-key-invalid");
    }
    let token = first.text_at("/session/token");
    assert_eq!(world.get("/v1/selfcare/sessions", &token).await.expect(200).body["items"].as_array().map(Vec::len), Some(2));
    world.pass(24 * 3600 - 5).await;
    assert_eq!(send("\"k-1\"", body.clone()).await.expect(201).body, first.body);
    world.pass(10).await;
    assert_ne!(send("\"k-1\"", body).await.expect(201).body, first.body, "a day later the key is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_belongs_to_its_caller_and_a_refusal_is_replayed_too() {
    let world = World::new().await;
    let ((carla, owner), (dario, other)) = (world.customer().await, world.customer().await);
    let active = sportello_local::demo::active(world.now());
    let (mine, _) = world.service(owner, sportello_rules::identity::IdentityType::Personal, active.clone(), world.now()).await;
    let (theirs, _) = world.service(other, sportello_rules::identity::IdentityType::Personal, active, world.now()).await;
    let cancel = |id: &str, token: &str| {
        let request = Request::new("POST", format!("/v1/customer/services/{id}/cancellation")).token(token);
        request.json(json!({})).header("idempotency-key", "\"shared\"")
    };
    let (carla, dario) = (world.sign_in_customer(&carla).await, world.sign_in_customer(&dario).await);
    let first = world.send(cancel(&mine, &carla)).await.refused(409, "revoke-first");
    let again = world.send(cancel(&mine, &carla)).await.refused(409, "revoke-first");
    assert_eq!(first.body["requestId"], again.body["requestId"], "the first answer, not a new one");
    let others = world.send(cancel(&theirs, &dario)).await.refused(409, "revoke-first");
    assert_ne!(first.body["requestId"], others.body["requestId"]);
    world.send(Request::new("DELETE", "/v1/customer/sessions/current").token(&carla)).await.expect(204);
    world.send(cancel(&mine, &carla)).await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_is_503_and_nobody_signs_in() {
    let world = World::new().await;
    let account = world.make(sportello_local::demo::NewHolder { totp: false, ..world.holder() }).await;
    let table = world.stack.shared.app.store.table(sportello_contract::spec::Table::Requests);
    let request = serde_json::from_value(json!({ "TableName": table })).unwrap();
    world.stack.database().unwrap().delete_table(request).unwrap();
    let answer = world.start(&account).await.refused(503, "unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.body.as_object().map(serde_json::Map::len), Some(5), "no detail");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_end_on_another_port_may_ask() {
    let world = World::new().await;
    let request = Request::new("OPTIONS", "/v1/selfcare/password").header("origin", "http://localhost:5173");
    let answer = world.send(request.header("access-control-request-method", "PUT")).await.expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_no_address_can_be_made_of_harm_nothing() {
    let world = World::new().await;
    for (name, value) in [("x-forwarded-proto", "1"), ("x-forwarded-proto", ""), ("x-forwarded-host", "a b"), ("x-forwarded-port", "x"), ("host", "a b")] {
        world.send(Request::new("GET", "/v1/selfcare/identity").header(name, value)).await.refused(401, "unauthenticated");
    }
    let request = Request::new("POST", SIGN_INS).json(json!({ "username": "a", "password": "b" })).header("idempotency-key", "chiave-\u{e8}");
    world.send(request).await.refused(400, "idempotency-key-invalid");
}
