//! Codes by SMS: signing in and confirming where the messages are the second factor (rules 17, 18, 22, 31).

use serde_json::json;
use sportello_local::catcher::Fault;
use sportello_local::demo::{Account, NewHolder};
use sportello_local::stack::{Options, local_policy};
use sportello_rules::service::CredentialKind;
use sportello_tests::{Answer, Request, World, at_once};

/// A holder whose second factor is a message to the mobile on file.
async fn by_sms(world: &World) -> Account {
    world.make(NewHolder { totp: false, credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() }).await
}

async fn start(world: &World, account: &Account) -> String {
    let start = world.start(account).await.expect(201);
    assert_eq!((start.text_at("/next").as_str(), start.text_at("/by").as_str()), ("otp", "sms"));
    start.text_at("/signInId")
}

async fn sign_in(world: &World, account: &Account) -> String {
    let id = start(world, account).await;
    world.otp(&id, &world.sms_code().await).await.expect(201).text_at("/session/token")
}

async fn send_again(world: &World, id: &str) -> Answer {
    world.post(format!("/v1/selfcare/sign-ins/{id}/otp/sends"), json!({})).await
}

async fn ask(world: &World, token: &str, operation: &str) -> Answer {
    world.send(Request::new("POST", "/v1/selfcare/codes").token(token).json(json!({ "operation": operation }))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_by_sms_signs_in_once() {
    let world = World::new().await;
    let account = by_sms(&world).await;
    let id = start(&world, &account).await;
    let messages = world.messages().await;
    assert_eq!((messages.len(), messages[0].to.as_str()), (1, "+393331234567"));
    assert!(
        messages[0].text.starts_with("Sportello ID: ") && messages[0].text.contains("5 minuti") && messages[0].text.chars().count() <= 160,
        "{}",
        messages[0].text
    );
    world.otp(&id, "000000").await.refused(401, "sign-in-refused");
    let code = world.sms_code().await;
    let done = world.otp(&id, &code).await.expect(201);
    assert_eq!(done.text_at("/session/level"), "l2");
    world.otp(&id, &code).await.refused(401, "sign-in-refused");
    let other = start(&world, &account).await;
    world.otp(&other, &code).await.refused(401, "sign-in-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_bound_to_its_sign_in_and_its_holder() {
    let world = World::new().await;
    let (mine, yours) = (by_sms(&world).await, by_sms(&world).await);
    let first = start(&world, &mine).await;
    let of_first = world.sms_code().await;
    world.start(&mine).await.refused(429, "code-too-soon");
    world.pass(31).await;
    let second = start(&world, &mine).await;
    let of_second = world.sms_code().await;
    world.otp(&second, &of_first).await.refused(401, "sign-in-refused");
    world.otp(&first, &of_second).await.refused(401, "sign-in-refused");
    let theirs = start(&world, &yours).await;
    world.otp(&theirs, &of_second).await.refused(401, "sign-in-refused");
    world.otp(&second, &of_second).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_lives_five_minutes_and_five_tries() {
    let world = World::new().await;
    let account = by_sms(&world).await;
    let id = start(&world, &account).await;
    let late = world.sms_code().await;
    world.pass(299).await;
    world.pass(1).await;
    world.otp(&id, &late).await.refused(401, "sign-in-refused");
    let id = start(&world, &account).await;
    let right = world.sms_code().await;
    for _ in 0..5 {
        world.otp(&id, "000000").await.refused(401, "sign-in-refused");
    }
    world.otp(&id, &right).await.refused(401, "sign-in-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_sends_with_growing_pauses_and_a_cap_for_the_day() {
    let world = World::new().await;
    // A day of Rome that ends in the middle would begin its cap anew.
    let tomorrow = sportello_rules::calendar::date_of(world.now()).tomorrow().unwrap();
    world.move_to(sportello_rules::calendar::start_of_day(tomorrow)).await;
    let account = by_sms(&world).await;
    let id = start(&world, &account).await;
    let first = world.sms_code().await;
    let soon = send_again(&world, &id).await.refused(429, "code-too-soon");
    assert!(soon.header("retry-after").unwrap().parse::<u32>().unwrap() <= 30);
    world.pass(30).await;
    send_again(&world, &id).await.expect(204);
    world.pass(31).await;
    send_again(&world, &id).await.refused(429, "code-too-soon");
    world.pass(90).await;
    send_again(&world, &id).await.expect(204);
    let third = world.sms_code().await;
    world.otp(&id, &first).await.refused(401, "sign-in-refused");
    world.pass(125).await;
    send_again(&world, &id).await.refused(429, "codes-exhausted");
    world.otp(&id, &third).await.expect(201);
    assert_eq!(world.messages().await.len(), 3);
    for _ in 3..10 {
        world.pass(300).await;
        start(&world, &account).await;
    }
    world.pass(300).await;
    // The password was right each time: nobody is locked out for having asked too often.
    for _ in 0..12 {
        world.start(&account).await.refused(429, "codes-exhausted");
    }
    assert_eq!(world.messages().await.len(), 10);
    world.pass(86_400).await;
    start(&world, &account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_code_in_ten_parallel_sign_ins_opens_one_session() {
    let world = World::new().await;
    let account = by_sms(&world).await;
    let id = start(&world, &account).await;
    let code = world.sms_code().await;
    let answers = at_once(10, |_| world.otp(&id, &code)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_confirms_the_operation_that_it_was_asked_for_and_no_other() {
    let world = World::new().await;
    let account = by_sms(&world).await;
    let token = sign_in(&world, &account).await;
    let suspend = |code: String| {
        let request = Request::new("POST", "/v1/selfcare/identity/suspension").token(&token);
        world.send(request.json(json!({ "code": code })))
    };
    suspend("123456".into()).await.refused(401, "proof-refused");
    ask(&world, &token, "selfcare.identity.revoke").await.expect(201);
    suspend(world.sms_code().await).await.refused(401, "proof-refused");
    ask(&world, &token, "selfcare.identity.suspend").await.expect(201);
    suspend(world.sms_code().await).await.expect(200);
    let token = sign_in(&world, &account).await;
    ask(&world, &token, "selfcare.password.change").await.expect(201);
    let body = World::change(&account.password, "Verde-Foresta77!", Some(&world.sms_code().await));
    world.send(Request::new("PUT", "/v1/selfcare/password").token(&token).json(body)).await.expect(204);
    ask(&world, "sph_x", "selfcare.password.change").await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_the_app_gets_no_message() {
    let world = World::new().await;
    let account = world.make(NewHolder { credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() }).await;
    let start = world.start(&account).await.expect(201);
    assert_eq!(start.text_at("/by"), "app");
    send_again(&world, &start.text_at("/signInId")).await.refused(401, "sign-in-refused");
    let token = world.sign_in(&account).await;
    ask(&world, &token, "selfcare.identity.suspend").await.refused(409, "code-not-needed");
    ask(&world, &token, "selfcare.password.check").await.refused(400, "invalid-field");
    assert!(world.messages().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_sent_at_most_once_and_a_new_one_is_asked_for() {
    let world = World::new().await;
    let account = by_sms(&world).await;
    for fault in [Fault::Throttled, Fault::Broken] {
        let before = world.messages().await.len();
        world.stack.shared.inbox.fail_next(&[fault]);
        let id = start(&world, &account).await;
        assert_eq!(world.messages().await.len(), before, "{fault:?}: not tried again");
        world.pass(31).await;
        assert_eq!(world.messages().await.len(), before);
        send_again(&world, &id).await.expect(204);
        world.otp(&id, &world.sms_code().await).await.expect(201);
    }
    world.pass(3 * 3600).await;
    assert_eq!(world.messages().await.len(), 2, "what did not leave in time never leaves");
}

/// Row 29: messages cost money, and are an income for who owns the numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_29_messages_go_to_numbers_of_the_country_only() {
    let mut policy = local_policy();
    policy.code.sms_prefixes = vec!["+41".to_owned()];
    let world = World::on(Options { policy: Some(policy), ..Options::default() }).await;
    let account = by_sms(&world).await;
    start(&world, &account).await;
    assert!(world.messages().await.is_empty());
}

/// Rule 31: while codes are not looked at, none is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_is_sent_while_codes_are_paused() {
    let world = World::new().await;
    let account = by_sms(&world).await;
    let token = world.forge_session(&account, Some(sportello_rules::service::Level::L2)).await;
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    let wrong = if world.sms_code().await == "000000" { "000001" } else { "000000" };
    for _ in 0..world.policy().code.max_tries {
        world.otp(&id, wrong).await.refused(401, "sign-in-refused");
    }
    // The code in force is over, so that a next one would be a first one.
    world.pass(i64::from(world.policy().code.valid_minutes) * 60).await;
    let messages = world.messages().await.len();
    world.start(&account).await.refused(401, "sign-in-refused");
    world.act(&token, "POST", "/v1/selfcare/codes", json!({ "operation": "selfcare.identity.suspend" })).await.refused(401, "proof-refused");
    assert_eq!(world.messages().await.len(), messages);
    assert_eq!(world.auth(&account).await.password_tries, 0, "the password was right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_stands_anywhere_in_the_tables() {
    let world = World::new().await;
    let account = by_sms(&world).await;
    start(&world, &account).await;
    let code = world.sms_code().await;
    for table in ["identities", "outbox", "requests"] {
        let items = world.behind("Scan", json!({ "TableName": format!("sportello-{table}") })).await;
        assert!(!items.to_string().contains(&code), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_password_is_replaced_by_a_message_too() {
    let world = World::new().await;
    let holder = NewHolder { totp: false, credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() };
    let changed = world.now() - jiff::SignedDuration::from_hours(24 * 200);
    let account = world.make(NewHolder { password_changed_at: changed, ..holder }).await;
    let begin = async |password: &str, code: Option<&str>| {
        world.post("/v1/selfcare/expired-password", json!({ "username": account.username, "password": password, "code": code })).await
    };
    begin("Sbagliata-42!", None).await.refused(401, "sign-in-refused");
    assert!(world.messages().await.is_empty(), "only the right password asks for a message");
    begin(&account.password, None).await.refused(409, "code-sent");
    begin(&account.password, Some("000000")).await.refused(401, "sign-in-refused");
    begin(&account.password, None).await.refused(429, "code-too-soon");
    let code = world.sms_code().await;
    let reset = begin(&account.password, Some(&code)).await.expect(201).text_at("/resetId");
    begin(&account.password, Some(&code)).await.refused(401, "sign-in-refused");
    let new = json!({ "new": "Verde-Foresta77!", "confirmation": "Verde-Foresta77!" });
    world.post(format!("/v1/selfcare/expired-password/{reset}"), new).await.expect(204);
}
