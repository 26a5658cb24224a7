//! What holds of every operation because it is declared: walked over the declarations, so that no later one is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::json;
use sportello_contract::spec::{Grant, Level as Access, Method, Table, Trips};
use sportello_local::demo::{NewHolder, NewService, active};
use sportello_local::documents::sample_body;
use sportello_rules::calendar::date_of;
use sportello_rules::identity::{IdentityState, IdentityType, SuspensionReason};
use sportello_rules::service::{CredentialKind, Level};
use sportello_runtime::token::Purpose;
use sportello_store::meter::Kind;
use sportello_tests::{Request, World};

fn request(entry: &sportello_runtime::Entry) -> Request {
    let spec = &entry.described.spec;
    let path = spec.path.replace('{', "x-").replace('}', "");
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
        walked += 1;
        for token in ["", "x", "sph_AAAA", "spc_AAAA"] {
            let asked = request(entry);
            let asked = if token.is_empty() { asked } else { asked.token(token) };
            world.send(asked).await.refused(401, "unauthenticated");
        }
        let spec = &entry.described.spec;
        let bare = Request::new(spec.method.as_str(), spec.path.replace('{', "x-").replace('}', ""));
        world.send(bare).await.refused(401, "unauthenticated");
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
        if !spec.method.has_body() {
            continue;
        }
        let known = |request: Request| match entry.described.level {
            Access::Internal => request.signed(),
            Access::Customer => request.token(&customer),
            Access::Anyone | Access::Holder | Access::HolderHighest => request.token(&token),
        };
        for field in ["verified", "status", "identityId", "price", "serviceId", "signInId", "resetId", "token", "__proto__"] {
            let mut body = sample_body(spec.id);
            body[field] = json!("x");
            let path = spec.path.replace('{', "x-").replace('}', "");
            let answer = world.send(known(Request::new(spec.method.as_str(), path)).json(body)).await.refused(400, "unknown-field");
            assert_eq!(answer.text_at("/field"), field, "{}", spec.id);
        }
        let path = spec.path.replace('{', "x-").replace('}', "");
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
    let expected = ["selfcare.password.check", "selfcare.password.generate", "internal.access.record"];
    assert_eq!(without, expected, "only what changes nothing, and what has ids of its own for each thing that it records");
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
    for path in ["/v1/selfcare/sessions", "/v1/selfcare/identity", "/v1/selfcare/deadlines", "/v1/selfcare/profile"] {
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
    // Everything that falls due of an identity, of one that is there and of one that is gone.
    let born = date_of(world.now()).year() - 18;
    let soon = date_of(world.now() + SignedDuration::from_hours(24 * 20));
    let mut state = active(world.now());
    state.suspensions.insert(SuspensionReason::Holder, world.now());
    let lived = NewHolder {
        state,
        document_expires_on: Some(date_of(world.now() + SignedDuration::from_hours(24 * 40))),
        credentials: vec![(CredentialKind::OtpToken, Some(date_of(world.now() + SignedDuration::from_hours(24 * 60))))],
        birth_date: soon.with().year(born).day(soon.day().min(28)).build().unwrap(),
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
    let code = async || {
        let text = world.messages().await.first().unwrap().text.clone();
        text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap().to_owned()
    };
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    world.pass(31).await;
    let again = Request::new("POST", format!("/v1/selfcare/sign-ins/{id}/otp/sends")).json(json!({}));
    world.send(again.header("idempotency-key", "\"again\"")).await.expect(204);
    let token = world.otp(&id, &code().await).await.expect(201).text_at("/session/token");
    let ask = Request::new("POST", "/v1/selfcare/codes").token(&token).json(json!({ "operation": "selfcare.identity.suspend" }));
    world.send(ask.header("idempotency-key", "\"ask\"")).await.expect(201);
    let suspend = Request::new("POST", "/v1/selfcare/identity/suspension").token(&token);
    world.send(suspend.json(json!({ "code": code().await }))).await.expect(200);
}

/// Grants that only a fault in the middle would use would stand here, each with its reason. It may only shrink.
const NOT_WALKED: &[(&str, Grant)] = &[];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declared_is_what_is_done_and_nothing_more() {
    let world = World::new().await;
    walk_everything(&world).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_read_and_one_write_and_a_charge_only_where_declared() {
    let world = World::new().await;
    walk_everything(&world).await;
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
        let (most_reads, most_commits) = match spec.trips {
            Trips::Once => (1, 1),
            Trips::Pages => (1 + others, 0),
            // Here one identity is named, and nobody else records.
            Trips::Each => (1 + others, 1),
        };
        assert!(reads <= most_reads, "{} reads {reads} times: {:?}", spec.id, invocation.trips);
        assert!(invocation.count(Kind::Commit) <= most_commits, "{} commits more than declared: {:?}", spec.id, invocation.trips);
        let most = if spec.charges { 2 } else { 0 };
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
