//! The holder's data and devices (rules 23, 51).

use serde_json::{Value, json};
use sportello_local::demo::NewHolder;
use sportello_tests::{Answer, Request, World, at_once};

async fn change(world: &World, token: &str, residence: &Value) -> Answer {
    world.send(Request::new("PUT", "/v1/selfcare/profile/residence").token(token).json(residence.clone())).await
}

fn florence() -> Value {
    json!({ "address": "Via  Garibaldi 1 ", "city": "Firenze", "province": "FI", "postalCode": "50123", "country": "IT" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_profile_shows_what_is_kept_and_only_the_residence_changes() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, fiscal_code: "RSSMRA85C57H501Z".to_owned(), ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let profile = world.get("/v1/selfcare/profile", &token).await.expect(200);
    assert_eq!(profile.text_at("/username"), account.username);
    assert_eq!((profile.text_at("/givenName"), profile.text_at("/fiscalCode")), ("Maria".to_owned(), "RSSMRA85C57H501Z".to_owned()));
    let kept = world.auth(&account).await;
    let day = |day: Option<jiff::civil::Date>| day.unwrap().to_string();
    assert_eq!((profile.text_at("/issuedOn"), profile.text_at("/expiresOn")), (day(kept.issued_on), day(kept.expires_on)));
    assert_eq!(profile.text_at("/documentExpiresOn"), day(kept.document_expires_on));
    assert_eq!((profile.text_at("/birthDate"), profile.text_at("/birthPlace")), ("1985-03-17".to_owned(), "Roma".to_owned()));
    let code = profile.text_at("/spidCode");
    assert!(code.len() == 14 && code[..4].bytes().all(|b| b.is_ascii_uppercase()) && code.bytes().all(|b| b.is_ascii_alphanumeric()), "{code}");
    change(&world, &token, &florence()).await.expect(204);
    let changed = world.get("/v1/selfcare/profile", &token).await.expect(200);
    assert_eq!(changed.body["residence"], json!({ "address": "Via Garibaldi 1", "city": "Firenze", "province": "FI", "postalCode": "50123", "country": "IT" }));
    let (mut before, mut after) = (profile.body, changed.body);
    before["residence"] = Value::Null;
    after["residence"] = Value::Null;
    assert_eq!(before, after, "nothing else changed");
    assert!(world.subjects(&account).await[0].contains("Residenza modificata"));
    let told = world.subjects(&account).await.len();
    change(&world, &token, &florence()).await.expect(204);
    assert_eq!(world.subjects(&account).await.len(), told, "the same again is no change");
    let abroad = json!({ "address": "10 Downing Street", "city": "London", "postalCode": "SW1A 2AA", "country": "GB" });
    change(&world, &token, &abroad).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_residence_that_makes_no_sense_names_its_field() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    for (status, code, field, value) in [
        (422, "residence-refused", "address", json!(" ")),
        (400, "invalid-field", "address", json!("x".repeat(101))),
        (422, "residence-refused", "address", json!("Via\u{7}Roma")),
        (400, "invalid-field", "city", json!("")),
        (400, "invalid-field", "province", json!("fi")),
        (400, "invalid-field", "province", json!("FIR")),
        (422, "residence-refused", "province", Value::Null),
        (422, "residence-refused", "postalCode", json!("5012")),
        (422, "residence-refused", "postalCode", json!("5012A")),
        (400, "invalid-field", "country", json!("ITA")),
        (400, "invalid-field", "country", json!("it")),
    ] {
        let mut residence = florence();
        residence[field] = value.clone();
        let refused = change(&world, &token, &residence).await.refused(status, code);
        assert_eq!(refused.text_at("/field"), field, "{value}");
    }
    let mut abroad = florence();
    abroad["country"] = json!("FR");
    assert_eq!(change(&world, &token, &abroad).await.refused(422, "residence-refused").text_at("/field"), "province");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_changes_are_told_as_often_as_they_happened() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let answers = at_once(5, |number| {
        let mut residence = florence();
        residence["address"] = json!(format!("Via Garibaldi {number}"));
        let (world, token) = (&world, &token);
        async move { change(world, token, &residence).await }
    })
    .await;
    let done = answers.iter().filter(|answer| answer.status == 204).count();
    assert!(done >= 1 && answers.iter().all(|answer| matches!(answer.status, 204 | 409)));
    assert_eq!(world.subjects(&account).await.iter().filter(|subject| subject.contains("Residenza")).count(), done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_device_is_announced_again() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let start = world.start(&account).await.expect(201);
    let (token, device) = (start.text_at("/session/token"), start.text_at("/session/deviceToken"));
    let again = || world.post("/v1/selfcare/sign-ins", json!({ "username": account.username, "password": account.password, "deviceToken": device }));
    again().await.expect(201);
    assert_eq!(world.subjects(&account).await.len(), 1);
    let devices = world.get("/v1/selfcare/devices", &token).await.expect(200);
    assert_eq!(devices.body["items"].as_array().unwrap().len(), 1);
    let id = devices.text_at("/items/0/deviceId");
    let forget = |token: String| world.send(Request::new("DELETE", format!("/v1/selfcare/devices/{id}")).token(&token));
    let other = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let stranger = world.sign_in(&other).await;
    forget(stranger).await.refused(404, "not-found");
    forget(token.clone()).await.expect(204);
    forget(token.clone()).await.refused(404, "not-found");
    again().await.expect(201);
    assert_eq!(world.subjects(&account).await.len(), 2, "announced again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_activation_there_is_neither_a_spid_code_nor_a_day_of_issue() {
    let world = World::new().await;
    let state = sportello_rules::identity::IdentityState::default();
    let account = world.make(NewHolder { totp: false, state, expires_on: None, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let profile = world.get("/v1/selfcare/profile", &token).await.expect(200);
    assert_eq!((&profile.body["spidCode"], &profile.body["issuedOn"], &profile.body["expiresOn"]), (&Value::Null, &Value::Null, &Value::Null));
}
