//! Signing in, sessions, the identity and its deadlines (rules 18-24, 39).

use icalendar::Component as _;
use serde_json::json;
use sportello_contract::problem::Language;
use sportello_local::demo::{NewHolder, active};
use sportello_rules::identity::{ActivationStep, IdentityState, SuspensionReason};
use sportello_rules::service::{CredentialKind, Level};
use sportello_tests::{Request, START, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn password_and_code_open_a_session_of_level_two() {
    let world = World::new().await;
    let account = world.active().await;
    let start = world.start(&account).await.expect(201);
    assert_eq!(start.text_at("/next"), "otp");
    assert!(start.body.get("session").is_none());
    let code = world.fresh_code(&account).await;
    let done = world.otp(&start.text_at("/signInId"), &code).await.expect(201);
    assert_eq!((done.text_at("/next"), done.text_at("/session/level")), ("done".into(), "l2".into()));
    let identity = world.get("/v1/selfcare/identity", &done.text_at("/session/token")).await.expect(200);
    assert_eq!((identity.text_at("/status"), identity.text_at("/highestLevel")), ("active".into(), "l2".into()));
    assert_eq!(identity.body["missing"], json!([]));
    assert_eq!(identity.body["levels"][1], json!({ "level": "l2", "active": true, "credentials": ["otp-app"] }));
    assert_eq!(identity.body["levels"][2]["active"], json!(false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_level_three_is_active_password_and_code_are_not_enough() {
    let world = World::new().await;
    let account = world.make(NewHolder { credentials: vec![(CredentialKind::SmartCard, None)], ..world.holder() }).await;
    let start = world.start(&account).await.expect(201);
    let code = world.fresh_code(&account).await;
    let next = world.otp(&start.text_at("/signInId"), &code).await.expect(201);
    assert_eq!(next.text_at("/next"), "signature");
    assert!(next.body.get("session").is_none());
    let code = world.fresh_code(&account).await;
    world.otp(&next.text_at("/signInId"), &code).await.refused(401, "sign-in-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_activate_signs_in_and_sees_what_misses() {
    let world = World::new().await;
    let state = IdentityState { steps_done: [ActivationStep::IdentityDocument].into(), ..IdentityState::default() };
    let account = world.make(NewHolder { state, totp: false, expires_on: None, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let identity = world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert_eq!(identity.text_at("/status"), "to-activate");
    assert_eq!(identity.body["missing"], json!(["health-card", "security-question", "recognition", "contract", "approval"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspended_signs_in_and_reads_its_reasons_and_their_ends() {
    let world = World::at(START).await;
    let mut state = active(world.now());
    state.suspend(SuspensionReason::Holder, "2026-11-01T10:00:00Z".parse().unwrap()).unwrap();
    state.suspend(SuspensionReason::ProviderSuspicion, "2026-11-02T10:00:00Z".parse().unwrap()).unwrap();
    let account = world.make(NewHolder { state, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let identity = world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert_eq!(identity.text_at("/status"), "suspended");
    assert_eq!(
        identity.body["reasons"],
        json!([
            { "reason": "holder", "since": "2026-11-01T10:00:00Z", "endsAt": "2026-12-01T10:00:00Z" },
            { "reason": "provider-suspicion", "since": "2026-11-02T10:00:00Z", "endsAt": null },
        ])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_device_is_announced_once_and_known_afterwards() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, language: Language::En, ..world.holder() }).await;
    let first = world.start(&account).await.expect(201);
    let device = first.text_at("/session/deviceToken");
    assert_eq!(world.mails(&account).await.len(), 1);
    let body = json!({ "username": account.username, "password": account.password, "deviceToken": device });
    let known = world.post("/v1/selfcare/sign-ins", body.clone()).await.expect(201);
    assert!(known.body.pointer("/session/deviceToken").is_none());
    assert_eq!(world.mails(&account).await.len(), 1);
    let foreign = json!({ "username": account.username, "password": account.password, "deviceToken": "AAAAAAAAAAAAAAAAAAAAAA" });
    let fresh = world.post("/v1/selfcare/sign-ins", foreign).await.expect(201);
    assert_ne!(fresh.text_at("/session/deviceToken"), device);
    assert_eq!(world.mails(&account).await.len(), 2);
    world.pass(29 * 86_400).await;
    let known = world.post("/v1/selfcare/sign-ins", body.clone()).await.expect(201);
    assert!(known.body.pointer("/session/deviceToken").is_none(), "still known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_forgotten_after_its_days_and_when_others_crowd_it_out() {
    let mut policy = sportello_local::stack::local_policy();
    policy.session.device_days = 2;
    policy.session.max_devices = 2;
    let world = World::with(policy).await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let sign_in = |device: Option<String>| {
        world.post("/v1/selfcare/sign-ins", json!({ "username": account.username, "password": account.password, "deviceToken": device }))
    };
    let device = sign_in(None).await.expect(201).text_at("/session/deviceToken");
    world.pass(2 * 86_400 - 60).await;
    assert!(sign_in(Some(device.clone())).await.expect(201).body.pointer("/session/deviceToken").is_none());
    world.pass(2 * 86_400 + 1).await;
    let device = sign_in(Some(device)).await.expect(201).text_at("/session/deviceToken");
    for _ in 0..2 {
        world.pass(1).await;
        sign_in(None).await.expect(201);
    }
    assert!(sign_in(Some(device)).await.expect(201).body.pointer("/session/deviceToken").is_some(), "crowded out");
    let records = world.stack.shared.app.store.holder(&world.owner(&account)).await.unwrap().unwrap();
    assert_eq!(records.auth.devices.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(world.sign_in(&account).await);
    }
    let list = world.get("/v1/selfcare/sessions?limit=3", &tokens[0]).await.expect(200);
    assert_eq!(list.body["items"].as_array().map(Vec::len), Some(3));
    let rest = world.get(&format!("/v1/selfcare/sessions?limit=3&cursor={}", list.text_at("/next")), &tokens[0]).await.expect(200);
    assert_eq!(rest.body["items"].as_array().map(Vec::len), Some(1));
    let items: Vec<_> = [&list, &rest].iter().flat_map(|page| page.body["items"].as_array().unwrap().clone()).collect();
    assert_eq!(items.iter().filter(|item| item["current"] == json!(true)).count(), 1);
    let other = items.iter().find(|item| item["current"] == json!(false)).unwrap()["sessionId"].as_str().unwrap().to_owned();
    let end = |id: String, token: String| world.send(Request::new("DELETE", format!("/v1/selfcare/sessions/{id}")).token(&token));
    end(other.clone(), tokens[0].clone()).await.expect(204);
    end(other, tokens[0].clone()).await.refused(404, "not-found");
    end("current".into(), tokens[0].clone()).await.expect(204);
    world.get("/v1/selfcare/identity", &tokens[0]).await.refused(401, "unauthenticated");
    let mut alive = Vec::new();
    for token in &tokens {
        if world.get("/v1/selfcare/sessions", token).await.status == 200 {
            alive.push(token.clone());
        }
    }
    assert_eq!(alive.len(), 2);
    end("all".into(), alive[0].clone()).await.expect(204);
    for token in &alive {
        world.get("/v1/selfcare/sessions", token).await.refused(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_over_after_its_minutes_whatever_the_database_still_holds() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    world.pass(30 * 60 - 30).await;
    world.get("/v1/selfcare/identity", &token).await.expect(200);
    world.pass(31).await;
    world.get("/v1/selfcare/identity", &token).await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_waits_five_minutes_for_its_code() {
    let world = World::new().await;
    let account = world.active().await;
    let start = world.start(&account).await.expect(201).text_at("/signInId");
    world.pass(5 * 60 + 1).await;
    world.otp(&start, &world.code(&account)).await.refused(401, "sign-in-refused");
    let start = world.start(&account).await.expect(201).text_at("/signInId");
    world.pass(5 * 60 - 20).await;
    world.otp(&start, &world.code(&account)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlines_come_as_json_and_as_a_calendar() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    let list = world.get("/v1/selfcare/deadlines", &token).await.expect(200);
    let kinds: Vec<_> = list.body["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect();
    for kind in ["password-warning", "password-expiry", "identity-expiry-flag", "renewal", "document-expiry", "inactivity-revocation"] {
        assert!(kinds.contains(&kind.to_owned()), "{kind} misses in {kinds:?}");
    }
    let at: Vec<_> = list.body["items"].as_array().unwrap().iter().map(|item| item["at"].as_str().unwrap().to_owned()).collect();
    assert!(at.is_sorted());
    let request = || Request::new("GET", "/v1/selfcare/deadlines").token(&token);
    let file = world.send(request().header("accept", "text/calendar")).await.expect(200);
    assert_eq!(file.header("content-type"), Some("text/calendar; charset=utf-8"));
    let calendar: icalendar::Calendar = file.text.parse().unwrap();
    assert_eq!(calendar.events().count(), kinds.len());
    assert!(calendar.events().all(|event| event.get_uid().is_some() && event.get_summary().is_some() && event.property_value("DTSTAMP").is_some()));
    assert!(file.text.lines().all(|line| line.len() <= 75));
    world.send(request().header("accept", "image/png")).await.refused(406, "not-acceptable");
    let english = world.send(request().header("accept-language", "en")).await.expect(200);
    assert!(english.text.contains("The password expires"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_one_level_is_too_weak_once_a_higher_one_is_active() {
    let world = World::new().await;
    let account = world.active().await;
    let weak = world.forge_session(&account, Some(Level::L1)).await;
    world.get("/v1/selfcare/identity", &weak).await.refused(403, "level-too-low");
    world.send(Request::new("DELETE", "/v1/selfcare/sessions/current").token(&weak)).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_begins_the_row_of_failures_anew() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    for _ in 0..3 {
        for _ in 0..4 {
            world.start_with(&account.username, "Sbagliata-42!").await.refused(401, "sign-in-refused");
        }
        world.start(&account).await.expect(201);
    }
    let (customer, _) = world.customer().await;
    for _ in 0..3 {
        for _ in 0..4 {
            let body = json!({ "username": customer.username, "password": "Sbagliata-42!" });
            world.post("/v1/customer/sessions", body).await.refused(401, "sign-in-refused");
        }
        world.sign_in_customer(&customer).await;
    }
}
