//! What holds of every operation because it is declared: walked over the declarations, so that no later one is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::json;
use sportello_contract::spec::{Grant, Level as Access, Method, Table, Trips};
use sportello_local::demo::{Account, NewHolder, NewService, active};
use sportello_local::documents::{sample_body, sample_path};
use sportello_rules::calendar::{date_of, sub_months};
use sportello_rules::identity::{IdentityState, IdentityType, SuspensionReason};
use sportello_rules::service::{CredentialKind, Level};
use sportello_rules::token::{Counting, TokenModel};
use sportello_runtime::token::Purpose;
use sportello_store::meter::Kind;
use sportello_tests::{Answer, PhoneKey, Request, World};

use crate::level_three::Trusting;

fn request(entry: &sportello_runtime::Entry) -> Request {
    let spec = &entry.described.spec;
    let path = sample_path(spec.path);
    let request = Request::new(spec.method.as_str(), path);
    if spec.method.has_body() { request.json(sample_body(spec.id)) } else { request }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_credentials_every_operation_that_needs_them_is_401() {
    let world = World::new().await;
    let mut walked = 0;
    for entry in sportello_local::operations() {
        if entry.described.level == Access::Anyone {
            continue;
        }
        let code = if entry.described.level == Access::PaymentProvider { "webhook-refused" } else { "unauthenticated" };
        walked += 1;
        for token in ["", "x", "sph_AAAA", "spc_AAAA"] {
            let asked = request(entry);
            let asked = if token.is_empty() { asked } else { asked.token(token) };
            world.send(asked).await.refused(401, code);
        }
        let spec = &entry.described.spec;
        let bare = Request::new(spec.method.as_str(), sample_path(spec.path));
        world.send(bare).await.refused(401, code);
    }
    assert!(walked >= 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_weaker_level_is_403_and_the_other_area_s_session_is_401() {
    let world = World::new().await;
    let holder = world.active().await;
    let (carla, _) = world.customer().await;
    let customer = world.sign_in_customer(&carla).await;
    let strong = world.sign_in(&holder).await;
    for entry in sportello_local::operations() {
        let weak = world.forge_session(&holder, Some(Level::L1)).await;
        let answer = world.send(request(entry).token(&weak)).await;
        match entry.described.level {
            Access::Anyone => {}
            Access::Customer => {
                answer.refused(401, "unauthenticated");
                world.send(request(entry).token(&strong)).await.refused(401, "unauthenticated");
            }
            Access::PaymentProvider => {
                answer.refused(401, "webhook-refused");
            }
            Access::Internal => {
                answer.refused(401, "unauthenticated");
                world.send(request(entry).token(&strong)).await.refused(401, "unauthenticated");
                world.send(request(entry).token(&customer)).await.refused(401, "unauthenticated");
            }
            Access::Holder => assert_ne!(answer.status, 403, "{}", entry.described.spec.id),
            Access::HolderHighest => {
                answer.refused(403, "level-too-low");
                world.send(request(entry).token(&customer)).await.refused(401, "unauthenticated");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_21_unknown_and_read_only_fields_are_refused_by_every_operation_with_a_body() {
    let world = World::new().await;
    let holder = world.active().await;
    let token = world.sign_in(&holder).await;
    let (carla, _) = world.customer().await;
    let customer = world.sign_in_customer(&carla).await;
    for entry in sportello_local::operations() {
        let spec = &entry.described.spec;
        // What the payment provider sends has fields that we do not know, and no client writes any of it: its signature is over every byte.
        if !spec.method.has_body() || entry.described.level == Access::PaymentProvider {
            continue;
        }
        let known = |request: Request| match entry.described.level {
            Access::Internal => request.signed(),
            Access::PaymentProvider => unreachable!("its message may say whatever it likes"),
            Access::Customer => request.token(&customer),
            Access::Anyone | Access::Holder | Access::HolderHighest => request.token(&token),
        };
        for field in ["verified", "status", "identityId", "price", "serviceId", "signInId", "resetId", "token", "__proto__"] {
            let mut body = sample_body(spec.id);
            body[field] = json!("x");
            let path = sample_path(spec.path);
            let answer = world.send(known(Request::new(spec.method.as_str(), path)).json(body)).await.refused(400, "unknown-field");
            assert_eq!(answer.text_at("/field"), field, "{}", spec.id);
        }
        let path = sample_path(spec.path);
        let request = Request::new(spec.method.as_str(), path).raw("a=b").header("content-type", "text/plain");
        world.send(known(request)).await.refused(415, "unsupported-media-type");
    }
}

#[test]
fn posts_that_create_charge_or_end_something_honour_a_key() {
    let without: Vec<_> = sportello_local::operations()
        .iter()
        .map(|entry| entry.described.spec)
        .filter(|spec| spec.method == Method::Post && !spec.idempotent)
        .map(|spec| spec.id)
        .collect();
    // What changes nothing; what shows a secret, which no first answer may keep; what has ids of its own for each thing that it records.
    // What charges asks for a charge by a key of its own: pressed twice it is the same charge.
    let expected = [
        "customer.account.otp.enrol",
        "customer.account.otp.confirm",
        "customer.order.pay",
        "selfcare.otp-app.enrol",
        "selfcare.otp-app.move",
        "selfcare.sso-qr.start",
        "selfcare.password.check",
        "selfcare.password.generate",
        "internal.access.record",
        "internal.payment.event",
    ];
    assert_eq!(without, expected);
}

/// Walks every operation through its happy path and its common refusals.
pub(crate) async fn walk_everything(world: &World) {
    let (carla, owner) = world.customer().await;
    let (service, _) = world.service(owner, IdentityType::Personal, IdentityState::default(), world.now()).await;
    let customer = world.sign_in_customer(&carla).await;
    world.get("/v1/customer/services", &customer).await.expect(200);
    world.get(format!("/v1/customer/services/{service}"), &customer).await.expect(200);
    let cancel = Request::new("POST", format!("/v1/customer/services/{service}/cancellation")).token(&customer).json(json!({}));
    world.send(cancel.header("idempotency-key", "\"c\"")).await.expect(200);
    for _ in 0..5 {
        world.post("/v1/customer/sessions", json!({ "username": carla.username, "password": "Sbagliata-42!" })).await.expect(401);
    }
    for (purpose, area, account) in [(Purpose::Unlock, "customer", &carla)] {
        let path = format!("/v1/{area}/unlocks/{}", world.link(account, purpose, "n1"));
        world.send(Request::new("GET", &path)).await.expect(200);
        world.send(Request::new("POST", &path).json(json!({})).header("idempotency-key", "\"u\"")).await.expect(204);
    }
    let body = json!({ "username": carla.username, "password": carla.password });
    let again = world.send(Request::new("POST", "/v1/customer/sessions").json(body).header("idempotency-key", "\"s\"")).await.expect(201);
    world.send(Request::new("DELETE", "/v1/customer/sessions/current").token(&again.text_at("/token"))).await.expect(204);

    crate::account::walk(world).await;
    crate::help::walk(world).await;
    crate::orders::walk(world).await;

    let mut holder = world.holder();
    holder.password_changed_at = world.now() - SignedDuration::from_hours(24 * 174);
    let (_, owner) = world.customer().await;
    let (_, holder) = world.service(owner, IdentityType::Personal, active(world.now()), world.now()).await;
    for _ in 0..5 {
        world.start_with(&holder.username, "Sbagliata-42!").await.expect(401);
    }
    let unlock = format!("/v1/selfcare/unlocks/{}", world.link(&holder, Purpose::Unlock, "n1"));
    world.send(Request::new("GET", &unlock)).await.expect(200);
    world.send(Request::new("POST", &unlock).json(json!({})).header("idempotency-key", "\"u\"")).await.expect(204);
    let body = json!({ "username": holder.username, "password": holder.password });
    let start = world.send(Request::new("POST", "/v1/selfcare/sign-ins").json(body).header("idempotency-key", "\"s\"")).await.expect(201);
    world.otp(&start.text_at("/signInId"), "000000").await.expect(401);
    let code = world.fresh_code(&holder).await;
    let path = format!("/v1/selfcare/sign-ins/{}/otp", start.text_at("/signInId"));
    let done = world.send(Request::new("POST", path).json(json!({ "code": code })).header("idempotency-key", "\"o\"")).await.expect(201);
    let token = done.text_at("/session/token");
    for path in ["/v1/selfcare/sessions", "/v1/selfcare/identity", "/v1/selfcare/deadlines", "/v1/selfcare/profile", "/v1/selfcare/identity/revocation-form"] {
        world.get(path, &token).await.expect(200);
    }
    let device = world.get("/v1/selfcare/devices", &token).await.expect(200).text_at("/items/0/deviceId");
    world.send(Request::new("DELETE", format!("/v1/selfcare/devices/{device}")).token(&token)).await.expect(204);
    let residence = Request::new("PUT", "/v1/selfcare/profile/residence").token(&token).json(sample_body("selfcare.residence.change"));
    world.send(residence).await.expect(204);
    let check = json!({ "password": "Verde-Foresta77!" });
    world.send(Request::new("POST", "/v1/selfcare/password/check").token(&token).json(check)).await.expect(200);
    world.send(Request::new("POST", "/v1/selfcare/password/generate").token(&token).json(json!({}))).await.expect(200);
    world.send(Request::new("DELETE", "/v1/selfcare/sessions/all").token(&token)).await.expect(204);
    let token = world.sign_in(&holder).await;
    world.send(Request::new("DELETE", "/v1/selfcare/sessions/current").token(&token)).await.expect(204);
    let token = world.sign_in(&holder).await;
    let wrong = World::change("Sbagliata-42!", "Verde-Foresta77!", Some("000000"));
    for _ in 0..5 {
        world.send(Request::new("PUT", "/v1/selfcare/password").token(&token).json(wrong.clone())).await.expect(401);
    }
    let unlock = format!("/v1/selfcare/unlocks/{}", world.link(&holder, Purpose::Unlock, "n2"));
    world.post(&unlock, json!({})).await.expect(204);
    world.change_password(&holder, &token, "Verde-Foresta77!").await.expect(204);
    let holder = sportello_local::demo::Account { password: "Verde-Foresta77!".into(), ..holder };

    world.pass(181 * 86_400).await;
    let begin = |password: String, code: String| json!({ "username": holder.username, "password": password, "code": code });
    for _ in 0..5 {
        world.post("/v1/selfcare/expired-password", begin("Sbagliata-42!".into(), "000000".into())).await.expect(401);
    }
    let unlock = format!("/v1/selfcare/unlocks/{}", world.link(&holder, Purpose::Unlock, "n3"));
    world.post(&unlock, json!({})).await.expect(204);
    let code = world.fresh_code(&holder).await;
    let request = Request::new("POST", "/v1/selfcare/expired-password").json(begin(holder.password.clone(), code));
    let reset = world.send(request.header("idempotency-key", "\"e\"")).await.expect(201).text_at("/resetId");
    let new = json!({ "new": "Rosso-Tramonto88!", "confirmation": "Rosso-Tramonto88!" });
    let request = Request::new("POST", format!("/v1/selfcare/expired-password/{reset}")).json(new);
    world.send(request.header("idempotency-key", "\"f\"")).await.expect(204);

    let block = format!("/v1/selfcare/blocks/{}", world.link(&holder, Purpose::Block, "n4"));
    world.send(Request::new("GET", &block)).await.expect(200);
    world.send(Request::new("POST", &block).json(json!({})).header("idempotency-key", "\"b\"")).await.expect(200);
    for _ in 0..6 {
        for path in ["/v1/selfcare/expired-password", "/v1/selfcare/sign-ins", "/v1/customer/sessions"] {
            world.post(path, json!({ "username": "nobody", "password": "Sbagliata-42!" })).await.expect(401);
        }
    }
    let simple = world.make(NewHolder { totp: false, ..world.holder() }).await;
    world.sign_in(&simple).await;
    let otp_locked = world.make(NewHolder { ..world.holder() }).await;
    let start = world.start(&otp_locked).await.expect(201).text_at("/signInId");
    for _ in 0..5 {
        world.otp(&start, "000000").await.expect(401);
    }
    // Mails that the service refuses for a while, of a customer and of a holder, and a due item whose holder is gone.
    world.stack.shared.stream.drained().await;
    world.break_mail().await;
    world.sign_in(&simple).await;
    world.stack.shared.stream.drained().await;
    world.mend_mail().await;
    let (dario, _) = world.customer().await;
    world.break_mail().await;
    for _ in 0..5 {
        world.post("/v1/customer/sessions", json!({ "username": dario.username, "password": "Sbagliata-42!" })).await.expect(401);
    }
    world.stack.shared.stream.drained().await;
    world.mend_mail().await;
    // A mail that comes back.
    let unreachable = world.customer_at("bounce@simulator.amazonses.com").await;
    for _ in 0..5 {
        world.post("/v1/customer/sessions", json!({ "username": unreachable.username, "password": "Sbagliata-42!" })).await.expect(401);
    }
    world.stack.shared.stream.drained().await;
    let gone = world.make(NewHolder { password_changed_at: world.now() - SignedDuration::from_hours(24 * 175), ..world.holder() }).await;
    let warned = world.make(NewHolder { password_changed_at: world.now() - SignedDuration::from_hours(24 * 175), ..world.holder() }).await;
    let key = json!({ "pk": { "S": world.owner(&gone).pk() }, "sk": { "S": "AUTH" } });
    let request = json!({ "TableName": world.stack.shared.app.store.table(Table::Identities), "Key": key });
    world.behind("DeleteItem", request).await;
    world.pass(2 * 3600).await;
    assert_eq!(world.mails(&warned).await.len(), 1);
    assert_eq!(world.mails(&dario).await.len(), 1);
    walk_identity(world).await;
}

/// Walks the identity's life, by its holder and by time.
async fn walk_identity(world: &World) {
    let (_, owner) = world.customer().await;
    let (_, holder) = world.service(owner, IdentityType::Personal, active(world.now()), world.now()).await;
    for what in ["suspension", "reactivation", "revocation"] {
        let token = world.sign_in(&holder).await;
        for _ in 0..5 {
            let body = if what == "revocation" { json!({ "confirmation": "REVOKE", "code": "000000" }) } else { json!({ "code": "000000" }) };
            world.send(Request::new("POST", format!("/v1/selfcare/identity/{what}")).token(&token).json(body)).await.expect(401);
        }
        world.pass(1800).await;
        let token = world.sign_in(&holder).await;
        let mut body = json!({ "code": world.fresh_code(&holder).await });
        if what == "revocation" {
            body["confirmation"] = json!("REVOKE");
        }
        let request = Request::new("POST", format!("/v1/selfcare/identity/{what}")).token(&token).json(body);
        world.send(request.header("idempotency-key", &format!("\"{what}\""))).await.expect(200);
    }
    walk_codes(world).await;
    walk_accesses(world).await;
    walk_recovery(world).await;
    walk_credentials(world).await;
    walk_choice(world).await;
    // Everything that falls due of an identity, of one that is there and of one that is gone.
    let soon = date_of(world.now() + SignedDuration::from_hours(24 * 20));
    let mut state = active(world.now());
    state.suspensions.insert(SuspensionReason::Holder, world.now());
    let lived = NewHolder {
        state,
        document_expires_on: Some(date_of(world.now() + SignedDuration::from_hours(24 * 40))),
        credentials: vec![(CredentialKind::OtpToken, Some(date_of(world.now() + SignedDuration::from_hours(24 * 60))))],
        birth_date: sub_months(soon, 18 * 12),
        kind: IdentityType::Minor,
        last_used_at: Some(world.now() - SignedDuration::from_hours(24 * 675)),
        ..world.holder()
    };
    let gone = world.make(lived.clone()).await;
    let key = json!({ "pk": { "S": world.owner(&gone).pk() }, "sk": { "S": "AUTH" } });
    world.behind("DeleteItem", json!({ "TableName": world.stack.shared.app.store.table(Table::Identities), "Key": key })).await;
    let (_, owner) = world.customer().await;
    let service = format!("vita-{}", world.now().as_second());
    let holder = NewHolder { username: world.username(), ..lived };
    let account = holder.username.clone();
    let there = NewService { id: service, customer: owner, holder, contract_at: world.now(), auto_renewal: false, credentials: Vec::new() };
    let there = there.create(&world.stack.shared.app).await.unwrap();
    world.pass(70 * 86_400).await;
    let subjects = world.subjects(&there).await;
    for word in ["terminata", "sospesa", "sta per scadere", "non è usata", "revocata"] {
        assert!(subjects.iter().any(|subject| subject.contains(word)), "{account} was not told of: {word}: {subjects:?}");
    }
}

/// Walks the access history.
async fn walk_accesses(world: &World) {
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let switch = Request::new("PUT", "/v1/selfcare/credentials/password/access-notice").token(&token);
    world.send(switch.json(json!({ "enabled": true }))).await.expect(204);
    let mut access = World::access(&format!("_{}", world.now().as_millisecond()), &account, world.now());
    access["credential"] = json!("password");
    for _ in 0..2 {
        world.record(std::slice::from_ref(&access)).await.expect(200);
    }
    world.get("/v1/selfcare/accesses", &token).await.expect(200);
    let statistics = world.get("/v1/selfcare/accesses/statistics?verify=true", &token).await.expect(200);
    assert_eq!((&statistics.body["total"], &statistics.body["chain"]["intact"]), (&json!(1), &json!(true)));
}

/// Walks what goes by text message.
async fn walk_codes(world: &World) {
    let account = world.make(NewHolder { totp: false, credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() }).await;
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    world.pass(31).await;
    let again = Request::new("POST", format!("/v1/selfcare/sign-ins/{id}/otp/sends")).json(json!({}));
    world.send(again.header("idempotency-key", "\"again\"")).await.expect(204);
    let token = world.otp(&id, &world.sms_code().await).await.expect(201).text_at("/session/token");
    let ask = Request::new("POST", "/v1/selfcare/codes").token(&token).json(json!({ "operation": "selfcare.identity.suspend" }));
    world.send(ask.header("idempotency-key", "\"ask\"")).await.expect(201);
    let suspend = Request::new("POST", "/v1/selfcare/identity/suspension").token(&token);
    world.send(suspend.json(json!({ "code": world.sms_code().await }))).await.expect(200);
}

/// A request with a key of its own.
async fn keyed(world: &World, method: &str, path: &str, token: Option<&str>, body: serde_json::Value) -> Answer {
    let key = format!("\"{}-{path}\"", world.username());
    let key: String = key.chars().take(200).collect::<String>().trim_end_matches('"').to_owned() + "\"";
    let request = Request::new(method, path).json(body).header("idempotency-key", &key);
    world
        .send(match token {
            Some(token) => request.token(token),
            None => request,
        })
        .await
}

/// Walks what gets a holder back in, and the emergency block.
async fn walk_recovery(world: &World) {
    let wrong = "AAAABBBBCCCCDDDD";
    let (_, owner) = world.customer().await;
    let (_, holder) = world.service(owner, IdentityType::Personal, active(world.now()), world.now()).await;
    let emergency = holder.emergency_code.clone().unwrap();
    let token = world.sign_in(&holder).await;
    let fiscal = world.get("/v1/selfcare/profile", &token).await.expect(200).text_at("/fiscalCode");
    let person = |code: &str| json!({ "fiscalCode": fiscal, "type": "personal", "emergencyCode": code });
    let mut reminder = json!({ "fiscalCode": fiscal, "type": "personal", "email": holder.email });
    keyed(world, "POST", "/v1/selfcare/username-recoveries", None, reminder.clone()).await.expect(204);
    reminder["fiscalCode"] = json!("RSSMRA85C57H501Z");
    keyed(world, "POST", "/v1/selfcare/username-recoveries", None, reminder).await.expect(204);
    // Guesses until the mail of the pause, by each way.
    let recover = "/v1/selfcare/password-recoveries";
    let emergency_codes = "/v1/selfcare/emergency-codes";
    let moving = "/v1/selfcare/credentials/otp-app/move";
    let sign_in = world.start(&holder).await.expect(201).text_at("/signInId");
    let lost = format!("/v1/selfcare/sign-ins/{sign_in}/lost");
    let with = |code: &str| json!({ "username": holder.username, "emergencyCode": code });
    let both = |password: &str, code: &str| json!({ "username": holder.username, "password": password, "emergencyCode": code });
    for (path, body) in [
        (recover, with(wrong)),
        ("/v1/selfcare/blocks", person(wrong)),
        (moving, both(&holder.password, wrong)),
        (lost.as_str(), json!({ "emergencyCode": wrong })),
    ] {
        for _ in 0..5 {
            world.post(path, body.clone()).await.expect(401);
        }
        unlock(world, &holder).await;
    }
    for path in [recover, "/v1/selfcare/blocks", moving] {
        let nobody = match path {
            "/v1/selfcare/blocks" => json!({ "fiscalCode": "RSSMRA85C57H501Z", "type": "minor", "emergencyCode": wrong }),
            path if path == moving => json!({ "username": "nobody", "password": "x", "emergencyCode": wrong }),
            _ => json!({ "username": "nobody", "emergencyCode": wrong }),
        };
        for _ in 0..6 {
            world.post(path, nobody.clone()).await.expect(401);
        }
    }
    for _ in 0..6 {
        world.post(emergency_codes, json!({ "username": "nobody-else", "password": "Sbagliata-42!" })).await.expect(401);
    }
    let id = keyed(world, "POST", recover, None, with(&emergency)).await.expect(201).text_at("/recoveryId");
    let right = world.sms_code().await;
    for _ in 0..5 {
        world.post(format!("{recover}/{id}/code"), json!({ "code": "000000" })).await.expect(401);
    }
    unlock(world, &holder).await;
    drop(right);
    world.pass(301).await;
    let id = world.post(recover, with(&emergency)).await.expect(201).text_at("/recoveryId");
    let code = json!({ "code": world.sms_code().await });
    let last = keyed(world, "POST", &format!("{recover}/{id}/code"), None, code).await.expect(201).text_at("/recoveryId");
    let new = "Giallo-Girasole55!";
    keyed(world, "POST", &format!("{recover}/{last}"), None, json!({ "new": new, "confirmation": new })).await.expect(204);
    world.pass(301).await;
    let password = |word: &str| json!({ "username": holder.username, "password": word });
    for _ in 0..5 {
        world.post(emergency_codes, password("Sbagliata-42!")).await.expect(401);
    }
    unlock(world, &holder).await;
    let id = keyed(world, "POST", emergency_codes, None, password(new)).await.expect(201).text_at("/recoveryId");
    let code = world.sms_code().await;
    keyed(world, "POST", &format!("{emergency_codes}/{id}"), None, json!({ "code": code })).await.expect(204);
    world.pass(301).await;
    let id = world.post(emergency_codes, password(new)).await.expect(201).text_at("/recoveryId");
    for _ in 0..5 {
        world.post(format!("{emergency_codes}/{id}"), json!({ "code": "000000" })).await.expect(401);
    }
    unlock(world, &holder).await;
    let emergency = {
        world.pass(301).await;
        let id = world.post(emergency_codes, password(new)).await.expect(201).text_at("/recoveryId");
        let code = world.sms_code().await;
        world.post(format!("{emergency_codes}/{id}"), json!({ "code": code })).await.expect(204);
        world.emergency_code(&holder).await
    };
    keyed(world, "POST", "/v1/selfcare/blocks", None, person(&emergency)).await.expect(200);
    // A factor that is lost at a sign-in.
    let account = world.active().await;
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    let body = json!({ "emergencyCode": account.emergency_code });
    keyed(world, "POST", &format!("/v1/selfcare/sign-ins/{id}/lost"), None, body).await.expect(200);
}

/// Lifts every pause of a holder.
async fn unlock(world: &World, account: &Account) {
    let path = format!("/v1/selfcare/unlocks/{}", world.link(account, Purpose::Unlock, &world.username()));
    world.post(&path, json!({})).await.expect(204);
}

/// Walks credentials: enrolled, moved, suspended, taken into use again, chosen, revoked; tokens; a sign-in by QR code.
async fn walk_credentials(world: &World) {
    let list = "/v1/selfcare/credentials";
    let (_, owner) = world.customer().await;
    let holder = NewHolder { totp: false, bought: vec![CredentialKind::OtpToken], ..world.holder() };
    let mut account = world.sold(owner, holder).await.1;
    let token = world.sign_in(&account).await;
    world.get(list, &token).await.expect(200);
    for _ in 0..5 {
        world.act(&token, "POST", format!("{list}/otp-app"), json!({ "password": "Sbagliata-42!" })).await.expect(401);
    }
    unlock(world, &account).await;
    let enrolment = keyed(world, "POST", &format!("{list}/otp-app"), Some(&token), json!({ "password": account.password })).await.expect(201);
    let wrong = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": "000000" });
    for _ in 0..5 {
        world.post(format!("{list}/otp-app/confirmation"), wrong.clone()).await.expect(401);
    }
    unlock(world, &account).await;
    account.totp_secret = Some(enrolment.text_at("/secret"));
    let first = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&account) });
    keyed(world, "POST", &format!("{list}/otp-app/confirmation"), None, first).await.expect(200);
    let body = json!({ "username": account.username, "password": account.password, "emergencyCode": account.emergency_code });
    let enrolment = keyed(world, "POST", &format!("{list}/otp-app/move"), None, body).await.expect(201);
    account.totp_secret = Some(enrolment.text_at("/secret"));
    let key = PhoneKey::generate();
    world.pass(30).await;
    let first = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&account), "deviceKey": key.public() });
    let app = world.post(format!("{list}/otp-app/confirmation"), first).await.expect(200).text_at("/appId");
    // A move delays what is sensitive.
    world.pass(72 * 3600).await;
    // A page that is signed in by the app.
    let page = keyed(world, "POST", "/v1/selfcare/qr-sign-ins", None, json!({})).await.expect(201);
    let scanned = page.text_at("/uri").rsplit('/').next().unwrap().to_owned();
    let approval = format!("/v1/selfcare/qr-sign-ins/{scanned}/approval");
    for _ in 0..5 {
        world.post(&approval, json!({ "appId": app, "signature": "AAAA" })).await.expect(401);
    }
    unlock(world, &account).await;
    let body = json!({ "appId": app, "signature": key.sign(&page.text_at("/toSign")) });
    keyed(world, "POST", &approval, None, body).await.expect(204);
    world.send(Request::new("GET", format!("/v1/selfcare/qr-sign-ins/{}", page.text_at("/qrSignInId")))).await.expect(200);
    // The token, then the mode, then each change of a credential with its refusals.
    let serial = world.username().to_uppercase();
    let model = TokenModel { counting: Counting::Press, digits: 6 };
    let secret = world.stock(&serial, model).await;
    let codes = |first: &str, second: &str, code: &str| json!({ "serial": serial, "firstCode": first, "secondCode": second, "code": code });
    let token = world.sign_in(&account).await;
    // Signing in to services by QR code as well, switched on by the app and off by a code.
    let shown = world.act(&token, "POST", "/v1/selfcare/sso-qr", json!({})).await.expect(201);
    let confirmation = format!("/v1/selfcare/sso-qr/{}/confirmation", shown.text_at("/uri").rsplit('/').next().unwrap());
    let body = json!({ "appId": app, "signature": key.sign(&shown.text_at("/toSign")) });
    keyed(world, "POST", &confirmation, None, body).await.expect(204);
    for _ in 0..5 {
        world.act(&token, "POST", "/v1/selfcare/sso-qr/removal", json!({ "code": "000000" })).await.expect(401);
    }
    unlock(world, &account).await;
    let code = world.fresh_code(&account).await;
    keyed(world, "POST", "/v1/selfcare/sso-qr/removal", Some(&token), json!({ "code": code })).await.expect(204);
    for _ in 0..5 {
        world.act(&token, "POST", format!("{list}/otp-token"), codes("000000", "000000", "000000")).await.expect(401);
    }
    unlock(world, &account).await;
    let code = world.fresh_code(&account).await;
    let right = codes(&model.code(&secret, 0).unwrap(), &model.code(&secret, 1).unwrap(), &code);
    keyed(world, "POST", &format!("{list}/otp-token"), Some(&token), right).await.expect(204);
    let token = world.sign_in(&account).await;
    for _ in 0..5 {
        world.act(&token, "PUT", "/v1/selfcare/otp-mode", json!({ "mode": "token", "code": "000000" })).await.expect(401);
    }
    unlock(world, &account).await;
    let code = world.fresh_code(&account).await;
    world.act(&token, "PUT", "/v1/selfcare/otp-mode", json!({ "mode": "token", "code": code })).await.expect(204);
    let token = {
        let id = world.start(&account).await.expect(201).text_at("/signInId");
        world.otp(&id, &model.code(&secret, 2).unwrap()).await.expect(201).text_at("/session/token")
    };
    let body = json!({ "mode": "app", "code": model.code(&secret, 3).unwrap() });
    world.act(&token, "PUT", "/v1/selfcare/otp-mode", body).await.expect(204);
    for (what, code) in [("suspension", None), ("reactivation", Some(4)), ("revocation", None)] {
        let token = world.sign_in(&account).await;
        let path = format!("{list}/otp-token/{what}");
        for _ in 0..5 {
            world.act(&token, "POST", &path, json!({ "code": "000000" })).await.expect(401);
        }
        unlock(world, &account).await;
        let token = world.sign_in(&account).await;
        let code = match code {
            Some(press) => model.code(&secret, press).unwrap(),
            None => world.fresh_code(&account).await,
        };
        keyed(world, "POST", &path, Some(&token), json!({ "code": code })).await.expect(204);
    }
    let plain = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&plain).await;
    let code = world.code_for(&token, "selfcare.otp-sms.activate", "").await;
    let body = |code: &str| json!({ "code": code, "withoutApp": "accessibility" });
    keyed(world, "POST", &format!("{list}/otp-sms"), Some(&token), body(&code)).await.expect(204);
    let other = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&other).await;
    world.code_for(&token, "selfcare.otp-sms.activate", "").await;
    for _ in 0..5 {
        world.act(&token, "POST", format!("{list}/otp-sms"), body("000000")).await.expect(401);
    }
}

/// Walks the choice of who has come of age.
async fn walk_choice(world: &World) {
    let path = "/v1/selfcare/identity/adult-choice";
    for choice in ["keep", "close"] {
        let (_, owner) = world.customer().await;
        let mut state = active(world.now());
        state.suspensions.insert(SuspensionReason::Turned18, world.now());
        let (_, account) = world.service(owner, IdentityType::Minor, state, world.now()).await;
        let token = world.sign_in(&account).await;
        for _ in 0..5 {
            world.act(&token, "POST", path, json!({ "choice": choice, "code": "000000" })).await.expect(401);
        }
        unlock(world, &account).await;
        let token = world.sign_in(&account).await;
        let code = world.fresh_code(&account).await;
        keyed(world, "POST", path, Some(&token), json!({ "choice": choice, "code": code })).await.expect(200);
    }
}

/// Grants that only a fault in the middle would use would stand here, each with its reason. It may only shrink.
const NOT_WALKED: &[(&str, Grant)] = &[];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declared_is_what_is_done_and_nothing_more() {
    let trusting = Trusting::new().await;
    let world = &trusting.world;
    walk_everything(world).await;
    trusting.walk().await;
    let mut done: BTreeMap<&str, BTreeSet<Grant>> = BTreeMap::new();
    for invocation in world.stack.shared.observed.all() {
        done.entry(invocation.id).or_default().extend(invocation.grants());
    }
    let operations = sportello_local::operations();
    let declared = operations.iter().map(|entry| (entry.described.spec.id, entry.described.spec.all_grants(entry.described.level)));
    let jobs = sportello_local::jobs();
    let declared = declared.chain(jobs.iter().map(|job| (job.spec.id, job.spec.grants.to_vec())));
    for (id, grants) in declared {
        let declared: BTreeSet<Grant> = grants.into_iter().collect();
        let mut done = done.get(id).cloned().unwrap_or_default();
        done.extend(NOT_WALKED.iter().filter(|(not_walked, _)| *not_walked == id).map(|(_, grant)| *grant));
        assert_eq!(declared, done, "{id}: declared on the left, done on the right");
    }
}

/// What is looked up before or beside the caller's records: whose identity it is where no username is named, a token by its serial number, a sign-in
/// that waits for an app, requests for help, who has a Personal identity already.
const LOOKED_UP: [&str; 5] =
    ["selfcare.block.emergency", "selfcare.otp-token.activate", "selfcare.sign-in.qr.approve", "customer.ticket.list", "selfcare.adult-choice.make"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_read_and_one_write_and_a_charge_only_where_declared() {
    let trusting = Trusting::new().await;
    let world = &trusting.world;
    walk_everything(world).await;
    trusting.walk().await;
    let operations = sportello_local::operations();
    let mut seen = BTreeSet::new();
    for invocation in world.stack.shared.observed.all() {
        let Some(entry) = operations.iter().find(|entry| entry.described.spec.id == invocation.id) else { continue };
        let spec = &entry.described.spec;
        seen.insert(spec.id);
        // The first answer of a key is asked for at once with the caller's records; only what anyone may call reads its records after it.
        let keys = |trip: &&sportello_store::meter::RoundTrip| trip.kind == Kind::Read && trip.grants.iter().all(|grant| grant.table == Table::Requests);
        let reads = invocation.count(Kind::Read) - invocation.trips.iter().filter(keys).count();
        // The caller's own records are read once; what else is read is declared.
        let others = |trip: &&sportello_store::meter::RoundTrip| trip.kind == Kind::Read && trip.grants.iter().all(|grant| grant.table == Table::Accesses);
        let others = invocation.trips.iter().filter(others).count();
        let (most, most_commits) = match spec.trips {
            Trips::Once if LOOKED_UP.contains(&spec.id) => (2, 1),
            Trips::Once => (1, 1),
            Trips::Pages => (1 + others, 0),
            // Here one identity is named, and nobody else records.
            Trips::Each => (1 + others, 1),
            // What is about to be asked of the payment provider is written first; settling reads the customer, the holder and the register, and writes once.
            Trips::Pays => (5, 2),
        };
        assert!(reads <= most, "{} reads {reads} times: {:?}", spec.id, invocation.trips);
        assert!(invocation.count(Kind::Commit) <= most_commits, "{} commits more than declared: {:?}", spec.id, invocation.trips);
        // The second factor is charged apart from the password where only who knows that may come to it.
        let most = u32::from(spec.charges) * if spec.id == "selfcare.expired-password.start" { 3 } else { 2 };
        let most = usize::try_from(most).unwrap();
        assert!(invocation.count(Kind::Charge) <= most, "{} charges: {:?}", spec.id, invocation.trips);
        let capacity: f64 = invocation.trips.iter().map(|trip| trip.capacity).sum();
        assert!(capacity <= 60.0, "{} consumes {capacity} units: {:?}", spec.id, invocation.trips);
    }
    assert_eq!(seen.len(), operations.len(), "every operation was walked");
}

#[test]
fn every_code_is_declared_by_an_operation_or_is_the_gateway_s() {
    use sportello_contract::problem::Code;
    let declared: BTreeSet<Code> = sportello_local::operations().iter().flat_map(|entry| entry.described.spec.all_problems(entry.described.level)).collect();
    let unused: Vec<_> = Code::ALL.iter().filter(|code| !declared.contains(code)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
