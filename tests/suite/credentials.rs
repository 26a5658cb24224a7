//! Credentials: listed, suspended, reactivated, revoked, enrolled, moved, chosen, each by itself (rules 22, 41, 42, 44).

use serde_json::{Value, json};
use sportello_local::demo::{Account, NewHolder};
use sportello_local::journey::unbase32;
use sportello_rules::otp::totp_code;
use sportello_rules::service::CredentialKind;
use sportello_rules::token::{Counting, TokenModel};
use sportello_runtime::token::Purpose;
use sportello_tests::{Answer, World};

const HOUR: i64 = 3600;
const CREDENTIALS: &str = "/v1/selfcare/credentials";

async fn change(world: &World, token: &str, credential: &str, what: &str, body: Value) -> Answer {
    world.act(token, "POST", format!("{CREDENTIALS}/{credential}/{what}"), body).await
}

async fn states(world: &World, token: &str) -> Vec<(String, String)> {
    let list = world.get(CREDENTIALS, token).await.expect(200);
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    list.body["items"].as_array().unwrap().iter().map(|item| (text(item, "credential"), text(item, "state"))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(kind, state)| ((*kind).to_owned(), (*state).to_owned())).collect()
}

/// The account with the app that an enrolment has just begun.
fn with_app(account: &Account, enrolment: &Answer) -> Account {
    Account { totp_secret: Some(enrolment.text_at("/secret")), ..account.clone() }
}

async fn confirm(world: &World, enrolment: &Answer, code: &str) -> Answer {
    let body = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": code });
    world.post(format!("{CREDENTIALS}/otp-app/confirmation"), body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_credential_lives_by_itself_and_keeps_its_dates() {
    let world = World::new().await;
    let account = world.make(NewHolder { credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    assert_eq!(states(&world, &token).await, pairs(&[("password", "active"), ("otp-app", "active"), ("otp-sms", "active")]));
    change(&world, &token, "otp-app", "reactivation", json!({ "code": "000000" })).await.refused(409, "credential-state");
    change(&world, &token, "smart-card", "suspension", json!({ "code": "000000" })).await.refused(404, "not-found");
    change(&world, &token, "password", "suspension", json!({ "code": "000000" })).await.refused(400, "invalid-field");
    change(&world, &token, "otp-app", "suspension", json!({})).await.refused(400, "missing-field");
    change(&world, &token, "otp-app", "suspension", json!({ "code": "000000" })).await.refused(401, "proof-refused");
    let code = world.fresh_code(&account).await;
    change(&world, &token, "otp-app", "suspension", json!({ "code": code })).await.expect(204);
    world.get(CREDENTIALS, &token).await.refused(401, "unauthenticated");
    // The messages are what is left of level 2.
    let id = world.start(&account).await.expect(201);
    assert_eq!(id.text_at("/by"), "sms");
    let token = world.otp(&id.text_at("/signInId"), &world.sms_code().await).await.expect(201).text_at("/session/token");
    assert_eq!(states(&world, &token).await[1], ("otp-app".to_owned(), "suspended".to_owned()));
    // Only a code of the app itself shows that it is at hand again.
    let sms = world.code_for(&token, "selfcare.credential.reactivate", "otp-app").await;
    change(&world, &token, "otp-app", "reactivation", json!({ "code": sms })).await.refused(401, "proof-refused");
    let code = world.fresh_code(&account).await;
    change(&world, &token, "otp-app", "reactivation", json!({ "code": code })).await.expect(204);
    let token = world.sign_in(&account).await;
    let code = world.fresh_code(&account).await;
    change(&world, &token, "otp-sms", "revocation", json!({ "code": code })).await.expect(204);
    let token = world.sign_in(&account).await;
    assert_eq!(states(&world, &token).await, pairs(&[("password", "active"), ("otp-app", "active"), ("otp-sms", "revoked")]));
    let list = world.get(CREDENTIALS, &token).await;
    assert!(list.body["items"][1]["reactivatedAt"].is_string() && list.body["items"][2]["revokedAt"].is_string());
    assert!(list.body["guardedUntil"].is_null(), "another credential of the level is active");
    let subjects = world.subjects(&account).await;
    for word in ["sospesa", "riattivata", "revocata"] {
        assert!(subjects.iter().any(|subject| subject.contains(word)), "{word}: {subjects:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_lost_a_level_gets_in_but_waits_with_what_is_sensitive() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    let code = world.fresh_code(&account).await;
    change(&world, &token, "otp-app", "revocation", json!({ "code": code })).await.expect(204);
    let token = world.sign_in(&account).await;
    let until: jiff::Timestamp = world.get(CREDENTIALS, &token).await.text_at("/guardedUntil").parse().unwrap();
    let proof = json!({ "password": account.password });
    let waits = world.act(&token, "POST", format!("{CREDENTIALS}/otp-app"), proof.clone()).await.refused(409, "downgrade-guard");
    let seconds: i64 = waits.header("retry-after").unwrap().parse().unwrap();
    assert!((72 * HOUR - 60..=72 * HOUR).contains(&seconds), "{seconds}");
    let code = json!({ "operation": "selfcare.otp-sms.activate" });
    world.act(&token, "POST", "/v1/selfcare/codes", code).await.refused(409, "downgrade-guard");
    let body = json!({ "username": account.username, "password": account.password });
    world.post("/v1/selfcare/emergency-codes", body).await.refused(409, "downgrade-guard");
    // What undoes the holder's defence waits too; what protects never does.
    world.act(&token, "PUT", "/v1/selfcare/password", World::change(&account.password, "Verde-Foresta77!", None)).await.refused(409, "downgrade-guard");
    world.act(&token, "POST", "/v1/selfcare/identity/suspension", proof.clone()).await.expect(200);
    world.move_to(until - jiff::SignedDuration::from_secs(30)).await;
    let token = world.sign_in(&account).await;
    world.act(&token, "POST", "/v1/selfcare/identity/reactivation", proof.clone()).await.refused(409, "downgrade-guard");
    world.move_to(until).await;
    // Whoever is suspended lifts that first.
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-app"), proof.clone()).await.refused(403, "status-not-allowed");
    world.act(&token, "POST", "/v1/selfcare/identity/reactivation", proof.clone()).await.expect(200);
    let enrolment = world.act(&token, "POST", format!("{CREDENTIALS}/otp-app"), proof).await.expect(201);
    let moved = with_app(&account, &enrolment);
    confirm(&world, &enrolment, &world.code(&moved)).await.expect(200);
    world.sign_in(&moved).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_is_enrolled_by_its_address_and_confirmed_by_its_first_code() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-app"), json!({ "password": "Sbagliata-42!" })).await.refused(401, "proof-refused");
    let begin = async || world.act(&token, "POST", format!("{CREDENTIALS}/otp-app"), json!({ "password": account.password })).await.expect(201);
    let first = begin().await;
    let enrolment = begin().await;
    let uri = enrolment.text_at("/uri");
    assert!(uri.starts_with("otpauth://totp/Sportello%20ID:") && uri.contains("issuer=Sportello%20ID") && uri.contains(&enrolment.text_at("/secret")), "{uri}");
    assert!(enrolment.text_at("/qrSvg").starts_with("<svg ") && enrolment.text_at("/qrPng").starts_with("iVBORw0KGgo"));
    let (earlier, account) = (with_app(&account, &first), with_app(&account, &enrolment));
    // One that was begun before is over, and nothing is active before the first code.
    confirm(&world, &first, &world.code(&earlier)).await.refused(401, "proof-refused");
    confirm(&world, &enrolment, "000000").await.refused(401, "proof-refused");
    assert_eq!(world.start(&account).await.expect(201).text_at("/next"), "done");
    let code = world.code(&account);
    confirm(&world, &enrolment, &code).await.expect(200);
    confirm(&world, &enrolment, &code).await.refused(401, "proof-refused");
    world.get(CREDENTIALS, &token).await.refused(401, "unauthenticated");
    // The code of the enrolment is used up: it does not sign in too (row 10 of the attacks).
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    world.otp(&id, &code).await.refused(401, "sign-in-refused");
    let token = world.sign_in(&account).await;
    assert_eq!(states(&world, &token).await, pairs(&[("password", "active"), ("otp-app", "active")]));
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("attivata")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrolment_is_over_after_its_minutes_and_with_a_new_password() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let begin =
        async |token: &str, password: &str| world.act(token, "POST", format!("{CREDENTIALS}/otp-app"), json!({ "password": password })).await.expect(201);
    let late = begin(&token, &account.password).await;
    world.pass(10 * 60).await;
    confirm(&world, &late, &world.code(&with_app(&account, &late))).await.refused(401, "proof-refused");
    let before = begin(&token, &account.password).await;
    world.change_password(&account, &token, "Verde-Foresta77!").await.expect(204);
    confirm(&world, &before, &world.code(&with_app(&account, &before))).await.refused(401, "proof-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_ends_an_enrolment_that_a_thief_has_begun() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let enrolment = world.act(&token, "POST", format!("{CREDENTIALS}/otp-app"), json!({ "password": account.password })).await.expect(201);
    let block = format!("/v1/selfcare/blocks/{}", world.link(&account, Purpose::Block, "n1"));
    world.post(&block, json!({})).await.expect(200);
    let thief = with_app(&account, &enrolment);
    confirm(&world, &enrolment, &world.code(&thief)).await.refused(401, "proof-refused");
    assert_eq!(world.start(&account).await.expect(201).text_at("/next"), "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_only_for_who_cannot_use_the_app() {
    let world = World::new().await;
    let with_app = world.active().await;
    let token = world.sign_in(&with_app).await;
    let ask = json!({ "operation": "selfcare.otp-sms.activate" });
    world.act(&token, "POST", "/v1/selfcare/codes", ask.clone()).await.refused(409, "app-usable");
    let body = |code: &str| json!({ "code": code, "withoutApp": "no-smartphone" });
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-sms"), body("000000")).await.refused(409, "app-usable");
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let code = world.code_for(&token, "selfcare.otp-sms.activate", "").await;
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-sms"), body("000000")).await.refused(401, "proof-refused");
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-sms"), body(&code)).await.expect(204);
    let start = world.start(&account).await.expect(201);
    assert_eq!(start.text_at("/by"), "sms");
    // A parent's number is no second factor of the minor; no number and a foreign one are none of anybody.
    let parent = Some("+393331234567".to_owned());
    let refused = [
        NewHolder { totp: false, parent_mobile: parent, ..world.holder() },
        NewHolder { totp: false, mobile: None, ..world.holder() },
        NewHolder { totp: false, mobile: Some("+447911123456".to_owned()), ..world.holder() },
    ];
    for holder in refused {
        let account = world.make(holder).await;
        let token = world.sign_in(&account).await;
        world.act(&token, "POST", "/v1/selfcare/codes", ask.clone()).await.refused(409, "no-mobile");
        world.act(&token, "POST", format!("{CREDENTIALS}/otp-sms"), body("000000")).await.refused(409, "no-mobile");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_bought_is_activated_by_two_codes_and_followed() {
    let world = World::new().await;
    for (number, model) in
        [TokenModel { counting: Counting::Press, digits: 6 }, TokenModel { counting: Counting::Clock { step_seconds: 30 }, digits: 8 }].into_iter().enumerate()
    {
        let serial = format!("TK{number:08}");
        let secret = world.stock(&serial, model).await;
        let shown = |world: &World, presses: u64| {
            let step = match model.counting {
                Counting::Press => 40 + presses,
                // Its clock is a minute and a half ahead.
                Counting::Clock { .. } => u64::try_from(world.now().as_second() / 30).unwrap() + 3,
            };
            (model.code(&secret, step).unwrap(), model.code(&secret, step + 1).unwrap())
        };
        let without = world.active().await;
        let other = world.sign_in(&without).await;
        let body =
            |serial: &str, codes: &(String, String)| json!({ "serial": serial, "firstCode": codes.0, "secondCode": codes.1, "password": without.password });
        let path = format!("{CREDENTIALS}/otp-token");
        world.act(&other, "POST", &path, body(&serial, &shown(&world, 0))).await.refused(409, "not-bought");
        let account = world.make(NewHolder { totp: false, bought: vec![CredentialKind::OtpToken], ..world.holder() }).await;
        let token = world.sign_in(&account).await;
        assert_eq!(states(&world, &token).await[1], ("otp-token".to_owned(), "waiting".to_owned()));
        let codes = shown(&world, 0);
        world.act(&token, "POST", &path, body("TK99999999", &codes)).await.refused(422, "token-refused");
        let backwards = (codes.1.clone(), codes.0.clone());
        world.act(&token, "POST", &path, body(&serial, &backwards)).await.refused(422, "token-refused");
        let unproved = json!({ "serial": serial, "firstCode": codes.0, "secondCode": codes.1 });
        world.act(&token, "POST", &path, unproved).await.refused(400, "missing-field");
        world.act(&token, "POST", &path, body(&serial.to_lowercase(), &codes)).await.expect(204);
        // Its codes are used up, and it serves nobody else.
        let start = world.start(&account).await.expect(201);
        assert_eq!(start.text_at("/by"), "token");
        let id = start.text_at("/signInId");
        world.otp(&id, &codes.1).await.refused(401, "sign-in-refused");
        world.pass(60).await;
        let next = shown(&world, 5).0;
        let session = world.otp(&id, &next).await.expect(201);
        assert_eq!(session.text_at("/session/level"), "l2");
        let id = world.start(&account).await.expect(201).text_at("/signInId");
        world.otp(&id, &next).await.refused(401, "sign-in-refused");
        let second = world.make(NewHolder { totp: false, bought: vec![CredentialKind::OtpToken], ..world.holder() }).await;
        let token = world.sign_in(&second).await;
        world.act(&token, "POST", &path, body(&serial, &shown(&world, 9))).await.refused(422, "token-refused");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_activated_by_a_message_where_messages_are_the_factor() {
    let world = World::new().await;
    let model = TokenModel { counting: Counting::Press, digits: 6 };
    let secret = world.stock("TK00000077", model).await;
    let holder = NewHolder { totp: false, credentials: vec![(CredentialKind::OtpSms, None)], bought: vec![CredentialKind::OtpToken], ..world.holder() };
    let account = world.make(holder).await;
    let start = world.start(&account).await.expect(201).text_at("/signInId");
    let code = world.sms_code().await;
    let token = world.otp(&start, &code).await.expect(201).text_at("/session/token");
    let code = world.code_for(&token, "selfcare.otp-token.activate", "").await;
    let shown = |press: u64| model.code(&secret, press).unwrap();
    let body = |code: &str| json!({ "serial": "TK00000077", "firstCode": shown(1), "secondCode": shown(2), "code": code });
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-token"), body("000000")).await.refused(401, "proof-refused");
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-token"), body(&code)).await.expect(204);
}

#[test]
fn every_operation_that_a_code_confirms_can_be_sent_one() {
    let document = sportello_local::documents::openapi();
    let schema = |id: &str| {
        let operation =
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values()).find(|o| o["operationId"] == id).unwrap();
        operation["requestBody"]["content"]["application/json"]["schema"].clone()
    };
    let sendable = schema("selfcare.code.send").to_string() + &document["components"].to_string();
    let mut confirmed = 0;
    for entry in sportello_local::operations() {
        let spec = &entry.described.spec;
        let signed_in = entry.described.level == sportello_contract::spec::Level::HolderHighest;
        if signed_in && spec.method.has_body() && schema(spec.id)["properties"]["code"].is_object() {
            confirmed += 1;
            assert!(sendable.contains(&format!("\"{}\"", spec.id)), "{}", spec.id);
        }
    }
    assert!(confirmed >= 12, "{confirmed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_revoked_by_its_own_code() {
    let world = World::new().await;
    let model = TokenModel { counting: Counting::Press, digits: 6 };
    let secret = world.stock("TK77", model).await;
    let code = |press: u64| model.code(&secret, press).unwrap();
    let account = world.make(NewHolder { totp: false, bought: vec![CredentialKind::OtpToken], ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let body = json!({ "serial": "TK77", "firstCode": code(0), "secondCode": code(1), "password": account.password });
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-token"), body).await.expect(204);
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    let token = world.otp(&id, &code(2)).await.expect(201).text_at("/session/token");
    change(&world, &token, "otp-token", "revocation", json!({ "code": code(3) })).await.expect(204);
    assert!(world.auth(&account).await.token.is_none());
    assert_eq!(world.start(&account).await.expect(201).text_at("/next"), "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_bought_anew_is_activated_beside_one_that_is_over() {
    let world = World::new().await;
    let model = TokenModel { counting: Counting::Press, digits: 6 };
    let secret = world.stock("TK78", model).await;
    let yesterday = sportello_rules::calendar::date_of(world.now()).yesterday().unwrap();
    let over = vec![(CredentialKind::OtpToken, Some(yesterday))];
    let account = world.make(NewHolder { totp: false, credentials: over, bought: vec![CredentialKind::OtpToken], ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let body = json!({
        "serial": "TK78", "firstCode": model.code(&secret, 0).unwrap(), "secondCode": model.code(&secret, 1).unwrap(), "password": account.password
    });
    // The level that was lost with the old one delays the new one as well.
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-token"), body.clone()).await.refused(409, "downgrade-guard");
    world.pass(72 * HOUR).await;
    let token = world.sign_in(&account).await;
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-token"), body).await.expect(204);
    assert_eq!(world.start(&account).await.expect(201).text_at("/by"), "token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_for_one_credential_confirms_no_other() {
    let world = World::new().await;
    let credentials = vec![(CredentialKind::OtpSms, None), (CredentialKind::OtpToken, None)];
    let account = world.make(NewHolder { totp: false, credentials, ..world.holder() }).await;
    let token = world.forge_session(&account, Some(sportello_rules::service::Level::L2)).await;
    let key = json!({ "pk": { "S": world.owner(&account).pk() }, "sk": { "S": "AUTH" } });
    let table = world.stack.shared.app.store.table(sportello_contract::spec::Table::Identities);
    let mode = json!({
        "TableName": table, "Key": key, "UpdateExpression": "SET otp_mode = :m", "ExpressionAttributeValues": { ":m": { "S": "otp-sms" } }
    });
    world.behind("UpdateItem", mode).await;
    let code = world.code_for(&token, "selfcare.credential.suspend", "otp-token").await;
    change(&world, &token, "otp-sms", "suspension", json!({ "code": code })).await.refused(401, "proof-refused");
    change(&world, &token, "otp-token", "suspension", json!({ "code": code })).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mode_is_changed_with_proof_of_the_present_one() {
    let world = World::new().await;
    let account = world.make(NewHolder { credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let put = async |token: &str, mode: &str, code: &str| world.act(token, "PUT", "/v1/selfcare/otp-mode", json!({ "mode": mode, "code": code })).await;
    put(&token, "token", "000000").await.refused(409, "credential-state");
    put(&token, "sms", "000000").await.refused(401, "proof-refused");
    let code = world.fresh_code(&account).await;
    put(&token, "sms", &code).await.expect(204);
    assert_eq!(world.get(CREDENTIALS, &token).await.text_at("/otpMode"), "otp-sms");
    let start = world.start(&account).await.expect(201);
    assert_eq!(start.text_at("/by"), "sms");
    // Back again: the app's code is no proof any more, the message's is.
    let code = world.fresh_code(&account).await;
    put(&token, "app", &code).await.refused(401, "proof-refused");
    world.pass(31).await;
    let code = world.code_for(&token, "selfcare.otp-mode.change", "app").await;
    put(&token, "app", &code).await.expect(204);
    assert_eq!(world.start(&account).await.expect(201).text_at("/by"), "app");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_an_enrolled_app_are_those_of_its_secret() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let enrolment = world.act(&token, "POST", format!("{CREDENTIALS}/otp-app"), json!({ "password": account.password })).await.expect(201);
    let secret = unbase32(&enrolment.text_at("/secret")).unwrap();
    let code = totp_code(&secret, world.now(), &world.policy().totp).unwrap();
    confirm(&world, &enrolment, &code).await.expect(200);
}

/// A holder whose only second factor is a token, which was activated by its presses 0 and 1; answers what it shows at a press.
async fn with_token(world: &World, serial: &str, holder: NewHolder) -> (Account, impl Fn(u64) -> String + use<>) {
    let model = TokenModel { counting: Counting::Press, digits: 6 };
    let secret = world.stock(serial, model).await;
    let shown = move |press: u64| model.code(&secret, press).unwrap();
    let account = world.make(NewHolder { totp: false, bought: vec![CredentialKind::OtpToken], ..holder }).await;
    let token = world.sign_in(&account).await;
    let body = json!({ "serial": serial, "firstCode": shown(0), "secondCode": shown(1), "password": account.password });
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-token"), body).await.expect(204);
    (account, shown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_pressed_too_often_signs_in_by_two_codes_in_a_row() {
    let world = World::new().await;
    let (account, shown) = with_token(&world, "TK80", world.holder()).await;
    let by = async |code: &str, next: Option<&str>| {
        let id = world.start(&account).await.expect(201).text_at("/signInId");
        world.post(format!("/v1/selfcare/sign-ins/{id}/otp"), json!({ "code": code, "nextCode": next })).await
    };
    let ahead = u64::from(world.policy().token.look_ahead);
    by(&shown(2 + ahead), None).await.expect(201);
    let lost = 3 + ahead + ahead + 1;
    by(&shown(lost), None).await.refused(401, "sign-in-refused");
    by(&shown(lost + 1), Some(&shown(lost))).await.refused(401, "sign-in-refused");
    by(&shown(lost), Some(&shown(lost + 2))).await.refused(401, "sign-in-refused");
    by(&shown(1), Some(&shown(2))).await.refused(401, "sign-in-refused");
    by(&shown(lost), Some(&shown(lost + 1))).await.expect(201);
    // Both are used up, together and alone.
    by(&shown(lost), Some(&shown(lost + 1))).await.refused(401, "sign-in-refused");
    by(&shown(lost + 1), None).await.refused(401, "sign-in-refused");
    by(&shown(lost + 2), None).await.expect(201);
    // Pairs are guesses like codes.
    let far = lost + 200;
    for _ in 0..5 {
        by("000000", Some("000001")).await.refused(401, "sign-in-refused");
    }
    by(&shown(far), Some(&shown(far + 1))).await.refused(401, "sign-in-refused");
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("pausa")));
    world.pass(30 * 60).await;
    by(&shown(far), Some(&shown(far + 1))).await.expect(201);
    // What an app shows is no token's.
    let other = world.active().await;
    let id = world.start(&other).await.expect(201).text_at("/signInId");
    let code = world.fresh_code(&other).await;
    let answer = world.post(format!("/v1/selfcare/sign-ins/{id}/otp"), json!({ "code": code, "nextCode": code })).await;
    answer.refused(401, "sign-in-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_pressed_too_often_replaces_an_expired_password_and_comes_back_from_a_suspension() {
    let world = World::new().await;
    let password_changed_at = world.now() - jiff::SignedDuration::from_hours(24 * 179);
    let (account, shown) = with_token(&world, "TK81", NewHolder { password_changed_at, ..world.holder() }).await;
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    let token = world.otp(&id, &shown(2)).await.expect(201).text_at("/session/token");
    change(&world, &token, "otp-token", "suspension", json!({ "code": shown(3) })).await.expect(204);
    let token = world.sign_in(&account).await;
    change(&world, &token, "otp-token", "reactivation", json!({ "code": shown(50) })).await.refused(401, "proof-refused");
    change(&world, &token, "otp-token", "reactivation", json!({ "code": shown(50), "nextCode": shown(51) })).await.expect(204);
    world.pass(2 * 86_400).await;
    let begin = async |code: &str, next: Option<&str>| {
        let body = json!({ "username": account.username, "password": account.password, "code": code, "nextCode": next });
        world.post("/v1/selfcare/expired-password", body).await
    };
    begin(&shown(90), None).await.refused(401, "sign-in-refused");
    let reset = begin(&shown(90), Some(&shown(91))).await.expect(201).text_at("/resetId");
    begin(&shown(91), None).await.refused(401, "sign-in-refused");
    let new = json!({ "new": "Verde-Foresta77!", "confirmation": "Verde-Foresta77!" });
    world.post(format!("/v1/selfcare/expired-password/{reset}"), new).await.expect(204);
    let id = world.start_with(&account.username, "Verde-Foresta77!").await.expect(201).text_at("/signInId");
    world.otp(&id, &shown(92)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_chosen_confirms_and_gives_way_again() {
    let world = World::new().await;
    let model = TokenModel { counting: Counting::Press, digits: 6 };
    let secret = world.stock("TK82", model).await;
    let shown = |press: u64| model.code(&secret, press).unwrap();
    let account = world.make(NewHolder { bought: vec![CredentialKind::OtpToken], ..world.holder() }).await;
    let put = async |token: &str, mode: &str, code: &str| world.act(token, "PUT", "/v1/selfcare/otp-mode", json!({ "mode": mode, "code": code })).await;
    let token = world.sign_in(&account).await;
    put(&token, "token", "000000").await.refused(409, "credential-state");
    let code = world.fresh_code(&account).await;
    let body = json!({ "serial": "TK82", "firstCode": shown(0), "secondCode": shown(1), "code": code });
    world.act(&token, "POST", format!("{CREDENTIALS}/otp-token"), body).await.expect(204);
    // The app goes on giving the codes until its holder chooses otherwise, with proof of it.
    assert_eq!(world.start(&account).await.expect(201).text_at("/by"), "app");
    let token = world.sign_in(&account).await;
    put(&token, "token", &shown(2)).await.refused(401, "proof-refused");
    let code = world.fresh_code(&account).await;
    put(&token, "token", &code).await.expect(204);
    let start = world.start(&account).await.expect(201);
    assert_eq!(start.text_at("/by"), "token");
    let token = world.otp(&start.text_at("/signInId"), &shown(2)).await.expect(201).text_at("/session/token");
    let code = world.fresh_code(&account).await;
    put(&token, "app", &code).await.refused(401, "proof-refused");
    // A password is changed by its code as well, which is used up.
    let change = async |token: &str, code: &str| {
        world.act(token, "PUT", "/v1/selfcare/password", World::change(&account.password, "Verde-Foresta77!", Some(code))).await
    };
    change(&token, &shown(2)).await.refused(401, "proof-refused");
    change(&token, &shown(3)).await.expect(204);
    let id = world.start_with(&account.username, "Verde-Foresta77!").await.expect(201).text_at("/signInId");
    world.otp(&id, &shown(3)).await.refused(401, "sign-in-refused");
    let token = world.otp(&id, &shown(4)).await.expect(201).text_at("/session/token");
    put(&token, "app", &shown(5)).await.expect(204);
    assert_eq!(world.start_with(&account.username, "Verde-Foresta77!").await.expect(201).text_at("/by"), "app");
}
