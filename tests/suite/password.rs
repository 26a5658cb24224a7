//! Changing a password, and setting one after it has expired (rules 5-17).

use jiff::SignedDuration;
use serde_json::json;
use sportello_local::demo::{NewHolder, PASSWORD};
use sportello_tests::{Answer, Request, World};

fn codes(answer: &Answer) -> Vec<String> {
    answer.body["violations"].as_array().unwrap().iter().map(|v| v["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_ends_every_session_and_tells_by_mail() {
    let world = World::new().await;
    let account = world.active().await;
    let (first, second) = (world.sign_in(&account).await, world.sign_in(&account).await);
    world.change_password(&account, &first, "Verde-Foresta77!").await.expect(204);
    for token in [&first, &second] {
        world.get("/v1/selfcare/identity", token).await.refused(401, "unauthenticated");
    }
    assert!(world.subjects(&account).await[0].contains("Password di accesso modificata"));
    world.start(&account).await.refused(401, "sign-in-refused");
    world.start_with(&account.username, "Verde-Foresta77!").await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_broken_rule_is_named_by_check_and_by_change() {
    let world = World::new().await;
    let account = world.make(NewHolder { fiscal_code: "RSSMRA85C57H501Z".to_owned(), ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    for (password, expected) in [
        ("Abc-123", vec!["password-too-short"]),
        ("abcdefgh", vec!["password-no-upper", "password-no-digit", "password-no-special"]),
        ("Caaavallo-42", vec!["password-repeated"]),
        ("Cavallo -42x", vec!["password-white-space"]),
        ("Rossi-Cavallo42", vec!["password-contains-name"]),
        ("Cav-17031985-x", vec!["password-contains-date", "password-contains-birth-date"]),
        ("x-RSSMRA85C57H501Z", vec!["password-contains-fiscal-code"]),
        ("Cavallo-CA48213XY", vec!["password-contains-document-number"]),
    ] {
        let check = world.send(Request::new("POST", "/v1/selfcare/password/check").token(&token).json(json!({ "password": password })));
        let check = check.await.expect(200);
        assert_eq!((codes(&check), check.body["acceptable"].as_bool()), (expected.iter().map(|c| (*c).to_owned()).collect(), Some(false)), "{password}");
        let body = World::change(PASSWORD, password, Some("000000"));
        let change = world.send(Request::new("PUT", "/v1/selfcare/password").token(&token).json(body)).await.refused(422, "password-refused");
        assert_eq!((codes(&change), change.text_at("/field")), (expected.iter().map(|c| (*c).to_owned()).collect(), "new".into()), "{password}");
    }
    world.get("/v1/selfcare/identity", &token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_password_passes_and_can_be_set() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    let generate = || world.send(Request::new("POST", "/v1/selfcare/password/generate").token(&token).json(json!({})));
    let (one, two) = (generate().await.expect(200).text_at("/password"), generate().await.expect(200).text_at("/password"));
    assert_ne!(one, two);
    let check = world.send(Request::new("POST", "/v1/selfcare/password/check").token(&token).json(json!({ "password": one })));
    assert_eq!(check.await.expect(200).body, json!({ "acceptable": true, "violations": [] }));
    world.change_password(&account, &token, &one).await.expect(204);
    world.start_with(&account.username, &one).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_five_and_the_current_one_do_not_come_back() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let passwords: Vec<String> = (0..7).map(|i| format!("Torre-{}-Verde9{i}", char::from(b'a' + i))).collect();
    let mut current = PASSWORD.to_owned();
    let change = |from: String, to: String| {
        let world = &world;
        let account = sportello_local::demo::Account { password: from, ..account.clone() };
        async move {
            let token = world.sign_in(&account).await;
            world.change_password(&account, &token, &to).await
        }
    };
    assert_eq!(codes(&change(current.clone(), current.clone()).await.refused(422, "password-refused")), ["password-used-recently"]);
    for next in &passwords {
        change(current.clone(), next.clone()).await.expect(204);
        current.clone_from(next);
    }
    for old in [PASSWORD, &passwords[0], &passwords[1], &passwords[5]] {
        let refused = change(current.clone(), old.to_owned()).await.refused(422, "password-refused");
        assert_eq!(codes(&refused), ["password-used-recently"], "{old}: all within 15 months");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifteen_months_later_an_old_one_comes_back_unless_it_is_among_the_last_five() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let mut current = PASSWORD.to_owned();
    let set = |from: String, to: String| {
        let (world, account) = (&world, sportello_local::demo::Account { password: from, ..account.clone() });
        async move {
            let token = world.sign_in(&account).await;
            world.change_password(&account, &token, &to).await
        }
    };
    for index in 0..6 {
        let next = format!("Monte-Alto-7{index}");
        set(current.clone(), next.clone()).await.expect(204);
        current = next;
    }
    // The first password left at the first change; six have been current since. Every 170 days the current one is kept alive.
    for index in 0..3 {
        world.pass(170 * 86_400).await;
        let next = format!("Lago-Blu-8{index}");
        set(current.clone(), next.clone()).await.expect(204);
        current = next;
    }
    set(current.clone(), "Lago-Blu-81".into()).await.refused(422, "password-refused");
    set(current.clone(), PASSWORD.to_owned()).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proof_is_the_current_password_and_the_active_second_factor() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    let put = |body| world.send(Request::new("PUT", "/v1/selfcare/password").token(&token).json(body));
    let new = "Verde-Foresta77!";
    let missing = put(World::change(PASSWORD, new, None)).await.refused(400, "missing-field");
    assert_eq!(missing.text_at("/field"), "code");
    put(World::change(PASSWORD, new, Some("000000"))).await.refused(401, "proof-refused");
    let code = world.fresh_code(&account).await;
    put(World::change("Sbagliata-42!", new, Some(&code))).await.refused(401, "proof-refused");
    let mut mismatch = World::change(PASSWORD, new, Some(&code));
    mismatch["confirmation"] = json!("Verde-Foresta78!");
    assert_eq!(put(mismatch).await.refused(422, "confirmation-mismatch").text_at("/field"), "confirmation");
    world.start(&account).await.expect(201);
    let code = world.fresh_code(&account).await;
    put(World::change(PASSWORD, new, Some(&code))).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_exactly_180_days_the_password_is_expired() {
    let world = World::new().await;
    let changed_at = world.now();
    let account = world.make(NewHolder { totp: false, password_changed_at: changed_at, ..world.holder() }).await;
    let expiry = changed_at + SignedDuration::from_secs(180 * 86_400);
    world.move_to(expiry - SignedDuration::from_secs(20)).await;
    let token = world.sign_in(&account).await;
    world.move_to(expiry).await;
    let body = World::change(PASSWORD, "Verde-Foresta77!", None);
    world.send(Request::new("PUT", "/v1/selfcare/password").token(&token).json(body)).await.refused(409, "password-expired");
    assert_eq!(world.start(&account).await.expect(201).body, json!({ "next": "expired-password" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_password_and_the_second_factor_set_a_new_one_but_open_no_session() {
    let world = World::new().await;
    let days = SignedDuration::from_hours(24 * 200);
    let account = world.make(NewHolder { password_changed_at: world.now() - days, ..world.holder() }).await;
    assert_eq!(world.start(&account).await.expect(201).text_at("/next"), "expired-password");
    let begin =
        |code: Option<String>| world.post("/v1/selfcare/expired-password", json!({ "username": account.username, "password": account.password, "code": code }));
    begin(None).await.refused(401, "sign-in-refused");
    begin(Some("000000".into())).await.refused(401, "sign-in-refused");
    let code = world.fresh_code(&account).await;
    let reset = begin(Some(code)).await.expect(201);
    assert!(reset.body.get("session").is_none() && reset.body.get("token").is_none());
    let path = format!("/v1/selfcare/expired-password/{}", reset.text_at("/resetId"));
    let finish = |new: &str, confirmation: &str| world.post(&path, json!({ "new": new, "confirmation": confirmation }));
    finish("corta", "corta").await.refused(422, "password-refused");
    finish(PASSWORD, PASSWORD).await.refused(422, "password-refused");
    finish("Verde-Foresta77!", "Verde-Foresta78!").await.refused(422, "confirmation-mismatch");
    finish("Verde-Foresta77!", "Verde-Foresta77!").await.expect(204);
    finish("Rosso-Tramonto88!", "Rosso-Tramonto88!").await.refused(410, "link-not-valid");
    world.get("/v1/selfcare/identity", &reset.text_at("/resetId")).await.refused(401, "unauthenticated");
    assert!(world.subjects(&account).await[0].contains("modificata"));
    world.start(&account).await.refused(401, "sign-in-refused");
    assert_eq!(world.start_with(&account.username, "Verde-Foresta77!").await.expect(201).text_at("/next"), "otp");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_password_is_not_for_the_expired_flow_and_its_token_lives_ten_minutes() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let body = json!({ "username": account.username, "password": account.password });
    world.post("/v1/selfcare/expired-password", body.clone()).await.refused(409, "password-not-expired");
    world.pass(151 * 86_400).await;
    let reset = world.post("/v1/selfcare/expired-password", body).await.expect(201).text_at("/resetId");
    world.pass(10 * 60 + 1).await;
    let new = json!({ "new": "Verde-Foresta77!", "confirmation": "Verde-Foresta77!" });
    world.post(&format!("/v1/selfcare/expired-password/{reset}"), new).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_password_alone_is_never_enough_where_another_factor_is_active() {
    use sportello_rules::service::CredentialKind;
    let world = World::new().await;
    let old = world.now() - SignedDuration::from_hours(24 * 200);
    for credential in [CredentialKind::OtpSms, CredentialKind::OtpToken, CredentialKind::SmartCard, CredentialKind::RemoteSignature] {
        for totp in [false, true] {
            let account = world.make(NewHolder { password_changed_at: old, totp, credentials: vec![(credential, None)], ..world.holder() }).await;
            let code = if totp { Some(world.fresh_code(&account).await) } else { None };
            let body = json!({ "username": account.username, "password": account.password, "code": code });
            let answer = world.post("/v1/selfcare/expired-password", body).await;
            // Beside an SMS or a token the app's code is of the same level; a card or a signature is above it.
            let level_two = matches!(credential, CredentialKind::OtpSms | CredentialKind::OtpToken);
            if totp && level_two {
                assert_eq!(answer.expect(201).text_at("/next"), "new-password");
            } else if !level_two {
                // What the right password and code give is asked to sign; it sets no password.
                let begun = answer.expect(201);
                assert_eq!(begun.text_at("/next"), "signature");
                let new = json!({ "new": "Verde-Foresta77!", "confirmation": "Verde-Foresta77!" });
                world.post(format!("/v1/selfcare/expired-password/{}", begun.text_at("/resetId")), new).await.refused(410, "link-not-valid");
            } else if credential == CredentialKind::OtpSms {
                // A message is on its way; without its code there is nothing to be had.
                answer.refused(409, "code-sent");
            } else {
                answer.refused(401, "sign-in-refused");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_counts_through_its_last_day_only() {
    let world = World::new().await;
    let today = sportello_rules::calendar::date_of(world.now());
    let card = vec![(sportello_rules::service::CredentialKind::SmartCard, Some(today))];
    let account = world.make(NewHolder { totp: false, credentials: card, ..world.holder() }).await;
    assert_eq!(world.start(&account).await.expect(201).text_at("/next"), "signature");
    world.move_to(sportello_rules::calendar::end_of_day(today)).await;
    assert_eq!(world.start(&account).await.expect(201).text_at("/next"), "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_new_pepper_everybody_signs_in_and_no_old_password_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let options = || sportello_local::stack::Options { data: Some(folder.path().to_owned()), ..Default::default() };
    let first = World::on(options()).await;
    let account = first.make(NewHolder { totp: false, ..first.holder() }).await;
    let token = first.sign_in(&account).await;
    first.change_password(&account, &token, "Verde-Foresta77!").await.expect(204);
    drop(first);
    let file = folder.path().join("keys.json");
    let mut ring: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    ring["peppers"]["p2"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    ring["current_pepper"] = json!("p2");
    std::fs::write(&file, ring.to_string()).unwrap();
    let second = World::on(options()).await;
    let account = sportello_local::demo::Account { password: "Verde-Foresta77!".into(), ..account };
    let token = second.sign_in(&account).await;
    let scheme = || async { second.stack.shared.app.store.holder(&second.owner(&account)).await.unwrap().unwrap().auth.password.scheme.pepper };
    assert_eq!(scheme().await, "p2", "taken over at the sign-in");
    for old in [PASSWORD, "Verde-Foresta77!"] {
        assert_eq!(codes(&second.change_password(&account, &token, old).await.refused(422, "password-refused")), ["password-used-recently"], "{old}");
    }
    second.change_password(&account, &token, "Rosso-Tramonto88!").await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_messages_gives_no_more_guesses_at_their_codes() {
    use sportello_rules::service::CredentialKind;
    let world = World::new().await;
    let old = world.now() - SignedDuration::from_hours(24 * 200);
    let account = world.make(NewHolder { password_changed_at: old, totp: false, credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() }).await;
    let begin =
        |code: Option<&str>| world.post("/v1/selfcare/expired-password", json!({ "username": account.username, "password": account.password, "code": code }));
    begin(None).await.refused(409, "code-sent");
    let code = world.sms_code().await;
    for _ in 0..4 {
        begin(Some("000000")).await.refused(401, "sign-in-refused");
        assert_eq!(begin(None).await.code(), "code-too-soon");
    }
    begin(Some("000000")).await.refused(401, "sign-in-refused");
    begin(Some(&code)).await.refused(401, "sign-in-refused");
    begin(None).await.refused(401, "sign-in-refused");
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("pausa")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_history_costs_one_run_of_argon2() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let runs = || world.stack.shared.app.hasher.runs();
    let mut current = account.password.clone();
    for index in 0..8 {
        let token = world.forge_session(&account, Some(sportello_rules::service::Level::L1)).await;
        let next = format!("Monte-Alto-7{index}");
        let before = runs();
        world.act(&token, "PUT", "/v1/selfcare/password", World::change(&current, &next, None)).await.expect(204);
        // The present one is compared, and the new one is digested once for all that stand in the history.
        assert_eq!(runs() - before, 2, "with {index} in the history");
        current = next;
    }
    let token = world.forge_session(&account, Some(sportello_rules::service::Level::L1)).await;
    let before = runs();
    let refused = world.act(&token, "PUT", "/v1/selfcare/password", World::change(&current, PASSWORD, None)).await;
    assert_eq!(codes(&refused.refused(422, "password-refused")), ["password-used-recently"]);
    assert_eq!(runs() - before, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vat_number_and_a_username_are_found_in_a_password() {
    let world = World::new().await;
    let holder = NewHolder {
        kind: sportello_rules::identity::IdentityType::Professional,
        vat_number: Some("12345678903".to_owned()),
        totp: false,
        username: "quercia@x.it".to_owned(),
        ..world.holder()
    };
    let account = world.make(holder).await;
    let token = world.sign_in(&account).await;
    let check = async |password: &str| {
        let body = json!({ "password": password });
        world.send(Request::new("POST", "/v1/selfcare/password/check").token(&token).json(body)).await.expect(200).body.to_string()
    };
    assert!(check("Pino+12345678903").await.contains("password-contains-vat-number"));
    assert!(check("Pino1+Quercia@X.it").await.contains("password-contains-username"));
    assert!(!check("Pino+12345678914").await.contains("password-contains-vat-number"));
}

/// Rule 12: whether a password was used before is told in place of one that expired too, and not without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replacement_tries_so_many_new_passwords() {
    let world = World::new().await;
    let old = world.now() - jiff::SignedDuration::from_hours(24 * 200);
    let account = world.make(NewHolder { password_changed_at: old, ..world.holder() }).await;
    let body = json!({ "username": account.username, "password": account.password, "code": world.fresh_code(&account).await });
    let reset = world.post("/v1/selfcare/expired-password", body).await.expect(201).text_at("/resetId");
    let finish = async |new: &str| world.post(format!("/v1/selfcare/expired-password/{reset}"), json!({ "new": new, "confirmation": new })).await;
    for _ in 0..world.policy().recovery.new_passwords {
        finish(&account.password).await.refused(422, "password-refused");
    }
    finish("Verde-Foresta77!").await.refused(410, "link-not-valid");
}
