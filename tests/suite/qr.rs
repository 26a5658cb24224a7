//! Signing in by QR code: approved by the enrolled app, once, for the page that asked (rule 20), and the second factor by QR code for services (rule 45).

use serde_json::{Value, json};
use sportello_local::demo::{Account, NewHolder};
use sportello_tests::{Answer, PhoneKey, World, at_once};

/// An app with a key of its own.
struct App {
    key: PhoneKey,
    id: String,
    account: Account,
}

impl App {
    /// Enrols on a holder who has no app yet.
    async fn enrol(world: &World) -> Self {
        let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
        Self::enrol_on(world, account).await
    }

    async fn enrol_on(world: &World, account: Account) -> Self {
        let key = PhoneKey::generate();
        let token = world.sign_in(&account).await;
        let proof = match account.totp_secret {
            Some(_) => json!({ "code": world.fresh_code(&account).await }),
            None => json!({ "password": account.password }),
        };
        let enrolment = world.act(&token, "POST", "/v1/selfcare/credentials/otp-app", proof).await.expect(201);
        let account = Account { totp_secret: Some(enrolment.text_at("/secret")), ..account };
        let body = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&account), "deviceKey": key.public() });
        let id = world.post("/v1/selfcare/credentials/otp-app/confirmation", body).await.expect(200).text_at("/appId");
        Self { key, id, account }
    }

    async fn approve(&self, world: &World, scanned: &str) -> Answer {
        self.approve_with(world, scanned, &format!("sportello/qr-sign-in/{scanned}")).await
    }

    async fn approve_with(&self, world: &World, scanned: &str, signed: &str) -> Answer {
        let body = json!({ "appId": self.id, "signature": self.key.sign(signed) });
        world.post(format!("/v1/selfcare/qr-sign-ins/{scanned}/approval"), body).await
    }
}

async fn page(world: &World, device: Option<&str>) -> (String, String) {
    let body = device.map_or_else(|| json!({}), |token| json!({ "deviceToken": token }));
    let page = world.post("/v1/selfcare/qr-sign-ins", body).await.expect(201);
    let uri = page.text_at("/uri");
    assert!(page.text_at("/qrSvg").starts_with("<svg "));
    (page.text_at("/qrSignInId"), uri.rsplit('/').next().unwrap().to_owned())
}

async fn read(world: &World, page: &str) -> Answer {
    world.send(sportello_tests::Request::new("GET", format!("/v1/selfcare/qr-sign-ins/{page}"))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_signs_in_the_page_that_asked() {
    let world = World::new().await;
    let app = App::enrol(&world).await;
    let (asked, scanned) = page(&world, None).await;
    let (other, _) = page(&world, None).await;
    assert_ne!(asked, scanned);
    assert_eq!(read(&world, &asked).await.expect(200).text_at("/state"), "waiting");
    app.approve(&world, &scanned).await.expect(204);
    let approved = read(&world, &asked).await.expect(200);
    assert_eq!(approved.text_at("/state"), "approved");
    let token = approved.text_at("/token");
    let identity = world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert_eq!(identity.text_at("/highestLevel"), "l2");
    // Neither what was scanned nor another page leads to the session.
    read(&world, &scanned).await.refused(410, "link-not-valid");
    assert_eq!(read(&world, &other).await.expect(200).text_at("/state"), "waiting");
    app.approve(&world, &scanned).await.refused(410, "link-not-valid");
    assert!(world.subjects(&app.account).await.iter().any(|subject| subject.contains("dispositivo")));
    // The device that is named is known from now on.
    let mails = world.mails(&app.account).await.len();
    let (asked, scanned) = page(&world, Some(&approved.text_at("/deviceToken"))).await;
    app.approve(&world, &scanned).await.expect(204);
    assert_eq!(read(&world, &asked).await.expect(200).body.get("deviceToken"), None, "it keeps its own");
    assert_eq!(world.mails(&app.account).await.len(), mails);
    // One that is forgotten meanwhile is told its new name.
    let session = read(&world, &asked).await.expect(200).text_at("/token");
    for device in world.get("/v1/selfcare/devices", &session).await.expect(200).body["items"].as_array().unwrap() {
        let path = format!("/v1/selfcare/devices/{}", device["deviceId"].as_str().unwrap());
        world.send(sportello_tests::Request::new("DELETE", &path).token(&session)).await.expect(204);
    }
    let (asked, scanned) = page(&world, Some(&approved.text_at("/deviceToken"))).await;
    app.approve(&world, &scanned).await.expect(204);
    let fresh = read(&world, &asked).await.expect(200).text_at("/deviceToken");
    assert_ne!(fresh, approved.text_at("/deviceToken"));
    let mails = world.mails(&app.account).await.len();
    let (_, scanned) = page(&world, Some(&fresh)).await;
    app.approve(&world, &scanned).await.expect(204);
    assert_eq!(world.mails(&app.account).await.len(), mails, "and is known by it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_over_after_two_minutes() {
    let world = World::new().await;
    let app = App::enrol(&world).await;
    let (asked, scanned) = page(&world, None).await;
    world.pass(110).await;
    assert_eq!(read(&world, &asked).await.expect(200).text_at("/state"), "waiting");
    world.pass(10).await;
    read(&world, &asked).await.refused(410, "link-not-valid");
    app.approve(&world, &scanned).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_approvals_opens_one_session() {
    let world = World::new().await;
    let (mine, yours) = (App::enrol(&world).await, App::enrol(&world).await);
    let (asked, scanned) = page(&world, None).await;
    let answers = at_once(10, |i| {
        let (world, mine, yours, scanned) = (&world, &mine, &yours, &scanned);
        async move { if i % 2 == 0 { mine.approve(world, scanned).await } else { yours.approve(world, scanned).await } }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    assert_eq!(read(&world, &asked).await.expect(200).text_at("/state"), "approved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_device_s_own_signature_of_this_sign_in_approves() {
    let world = World::new().await;
    let (app, thief) = (App::enrol(&world).await, App::enrol(&world).await);
    let (_, scanned) = page(&world, None).await;
    let (_, other) = page(&world, None).await;
    app.approve_with(&world, &scanned, &format!("sportello/qr-sign-in/{other}")).await.refused(401, "sign-in-refused");
    app.approve_with(&world, &scanned, &scanned).await.refused(401, "sign-in-refused");
    let stolen = App { id: app.id.clone(), ..thief };
    stolen.approve(&world, &scanned).await.refused(401, "sign-in-refused");
    for body in [json!({ "appId": "AAAA", "signature": "AAAA" }), json!({ "appId": app.id, "signature": "no base64" })] {
        world.post(format!("/v1/selfcare/qr-sign-ins/{scanned}/approval"), body).await.refused(401, "sign-in-refused");
    }
    app.approve(&world, &scanned).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_suspended_moved_or_of_a_revoked_holder_approves_nothing() {
    let world = World::new().await;
    let app = App::enrol(&world).await;
    let token = world.sign_in(&app.account).await;
    let code = json!({ "code": world.fresh_code(&app.account).await });
    world.act(&token, "POST", "/v1/selfcare/credentials/otp-app/suspension", code).await.expect(204);
    let (_, scanned) = page(&world, None).await;
    app.approve(&world, &scanned).await.refused(401, "sign-in-refused");
    let moved = App::enrol(&world).await;
    let again = App::enrol_on(&world, moved.account.clone()).await;
    moved.approve(&world, &scanned).await.refused(401, "sign-in-refused");
    again.approve(&world, &scanned).await.expect(204);
    let token = world.sign_in(&again.account).await;
    let body = json!({ "confirmation": "REVOKE", "code": world.fresh_code(&again.account).await });
    world.act(&token, "POST", "/v1/selfcare/identity/revocation", body).await.expect(200);
    let (_, scanned) = page(&world, None).await;
    again.approve(&world, &scanned).await.refused(401, "sign-in-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_level_three_signs_in_with_that() {
    let world = World::new().await;
    let app = App::enrol(&world).await;
    let key = json!({ "pk": { "S": world.owner(&app.account).pk() }, "sk": { "S": "AUTH" } });
    let card: Value = json!([{ "M": { "kind": { "S": "smart-card" }, "activated_at": { "S": "2026-01-01T00:00:00Z" } } }]);
    let table = world.stack.shared.app.store.table(sportello_contract::spec::Table::Identities);
    let request = json!({
        "TableName": table, "Key": key, "UpdateExpression": "SET credentials = :c", "ExpressionAttributeValues": { ":c": { "L": card } }
    });
    world.behind("UpdateItem", request).await;
    let (_, scanned) = page(&world, None).await;
    app.approve(&world, &scanned).await.refused(403, "level-too-low");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_none_is_named() {
    let world = World::new().await;
    for key in ["", "AAAA", "not base64 at all"] {
        let body = json!({ "enrolmentId": "x", "code": "000000", "deviceKey": key });
        let answer = world.post("/v1/selfcare/credentials/otp-app/confirmation", body).await.refused(400, "invalid-field");
        assert_eq!(answer.text_at("/field"), "deviceKey");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_08_an_app_approves_nothing_while_its_holder_is_locked_out() {
    let world = World::new().await;
    let app = App::enrol(&world).await;
    let (asked, scanned) = page(&world, None).await;
    for _ in 0..5 {
        world.start_with(&app.account.username, "Sbagliata-42!").await.refused(401, "sign-in-refused");
    }
    app.approve(&world, &scanned).await.refused(401, "sign-in-refused");
    assert_eq!(read(&world, &asked).await.expect(200).text_at("/state"), "waiting");
    let unlock = format!("/v1/selfcare/unlocks/{}", world.link(&app.account, sportello_runtime::token::Purpose::Unlock, "n1"));
    world.post(&unlock, json!({})).await.expect(204);
    app.approve(&world, &scanned).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_was_enrolled_without_a_key_approves_nothing() {
    let world = World::new().await;
    let before = App::enrol(&world).await;
    let token = world.sign_in(&before.account).await;
    let proof = json!({ "code": world.fresh_code(&before.account).await });
    let enrolment = world.act(&token, "POST", "/v1/selfcare/credentials/otp-app", proof).await.expect(201);
    let account = Account { totp_secret: Some(enrolment.text_at("/secret")), ..before.account.clone() };
    let body = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&account) });
    let confirmed = world.post("/v1/selfcare/credentials/otp-app/confirmation", body).await.expect(200);
    assert_eq!(confirmed.body, json!({}), "it has no name by which it could approve");
    // Nor has the one that it replaced any more; its codes sign in.
    let (_, scanned) = page(&world, None).await;
    before.approve(&world, &scanned).await.refused(401, "sign-in-refused");
    world.sign_in(&account).await;
}

/// The code that a signed-in holder is shown; answers what it names.
async fn switch(world: &World, session: &str) -> String {
    let shown = world.act(session, "POST", "/v1/selfcare/sso-qr", json!({})).await.expect(201);
    assert!(shown.text_at("/qrSvg").starts_with("<svg "));
    let id = shown.text_at("/uri").rsplit('/').next().unwrap().to_owned();
    assert_eq!(shown.text_at("/toSign"), format!("sportello/sso-qr/{id}"));
    id
}

async fn scan(world: &World, app: &App, id: &str, signed: &str) -> Answer {
    let body = json!({ "appId": app.id, "signature": app.key.sign(signed) });
    world.post(format!("/v1/selfcare/sso-qr/{id}/confirmation"), body).await
}

async fn is_on(world: &World, session: &str) -> bool {
    world.get("/v1/selfcare/credentials", session).await.expect(200).body["ssoQr"].as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_factor_by_qr_code_is_switched_on_by_a_scan_of_the_enrolled_app_and_off_by_a_code() {
    let world = World::new().await;
    let (app, thief) = (App::enrol(&world).await, App::enrol(&world).await);
    let session = world.sign_in(&app.account).await;
    let off = async |code: String| world.act(&session, "POST", "/v1/selfcare/sso-qr/removal", json!({ "code": code })).await;
    off("000000".to_owned()).await.refused(409, "credential-state");
    let id = switch(&world, &session).await;
    let signed = format!("sportello/sso-qr/{id}");
    // Neither another holder's app, nor another's name with this key, nor a signature for something else.
    scan(&world, &thief, &id, &signed).await.refused(401, "proof-refused");
    scan(&world, &App { key: PhoneKey::generate(), id: app.id.clone(), account: app.account.clone() }, &id, &signed).await.refused(401, "proof-refused");
    scan(&world, &app, &id, &format!("sportello/qr-sign-in/{id}")).await.refused(401, "proof-refused");
    scan(&world, &app, "AAAA", "sportello/sso-qr/AAAA").await.refused(410, "link-not-valid");
    assert!(!is_on(&world, &session).await);
    scan(&world, &app, &id, &signed).await.expect(204);
    scan(&world, &app, &id, &signed).await.refused(410, "link-not-valid");
    assert!(is_on(&world, &session).await && world.auth(&app.account).await.totp.unwrap().sso_qr);
    world.act(&session, "POST", "/v1/selfcare/sso-qr", json!({})).await.refused(409, "credential-state");
    off("000000".to_owned()).await.refused(401, "proof-refused");
    off(world.fresh_code(&app.account).await).await.expect(204);
    assert!(!is_on(&world, &session).await);
    let subjects = world.subjects(&app.account).await;
    for word in ["QR attivato", "QR disattivato"] {
        assert_eq!(subjects.iter().filter(|subject| subject.contains(word)).count(), 1, "{subjects:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_factor_by_qr_code_lives_with_its_app_and_its_code_for_two_minutes() {
    let world = World::new().await;
    // Without an app, or with one that has no key, there is nothing to scan with.
    for account in [world.active().await, world.make(NewHolder { totp: false, ..world.holder() }).await] {
        let session = world.sign_in(&account).await;
        world.act(&session, "POST", "/v1/selfcare/sso-qr", json!({})).await.refused(409, "credential-state");
    }
    let app = App::enrol(&world).await;
    let session = world.sign_in(&app.account).await;
    let id = switch(&world, &session).await;
    world.pass(120).await;
    scan(&world, &app, &id, &format!("sportello/sso-qr/{id}")).await.refused(410, "link-not-valid");
    // One that was shown before whatever ends the sessions is over with them.
    let id = switch(&world, &session).await;
    world.send(sportello_tests::Request::new("DELETE", "/v1/selfcare/sessions/all").token(&session)).await.expect(204);
    scan(&world, &app, &id, &format!("sportello/sso-qr/{id}")).await.refused(410, "link-not-valid");
    let session = world.sign_in(&app.account).await;
    let id = switch(&world, &session).await;
    scan(&world, &app, &id, &format!("sportello/sso-qr/{id}")).await.expect(204);
    // Another app begins without it.
    let other = App::enrol_on(&world, app.account.clone()).await;
    let session = world.sign_in(&other.account).await;
    assert!(!is_on(&world, &session).await);
}
