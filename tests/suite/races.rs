//! Races: fifty at once, for each thing that is good once; fifty rounds, fewer where each round costs fifty password hashes.
//! Exactly one wins; the others are refused, none fails.

use serde_json::json;
use sportello_local::demo::{NewHolder, PASSWORD};
use sportello_rules::identity::{IdentityState, IdentityType};
use sportello_runtime::token::Purpose;
use sportello_tests::{Answer, Request, World, at_once};

const AT_ONCE: usize = 50;
const ROUNDS: usize = 50;

fn one_winner(answers: &[Answer], won: u16, lost: &[u16]) {
    assert_eq!(answers.len(), AT_ONCE);
    let winners = answers.iter().filter(|answer| answer.status == won).count();
    assert_eq!(winners, 1, "{:?}", answers.iter().map(|a| (a.status, a.code())).collect::<Vec<_>>());
    for answer in answers {
        assert!(answer.status == won || lost.contains(&answer.status), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_11_one_code_in_fifty_sign_ins_opens_one_session() {
    let world = World::new().await;
    let account = world.active().await;
    for _ in 0..ROUNDS {
        let start = world.start(&account).await.expect(201).text_at("/signInId");
        let code = world.fresh_code(&account).await;
        let answers = at_once(AT_ONCE, |_| world.otp(&start, &code)).await;
        one_winner(&answers, 201, &[401]);
        // The losers were failures of a second factor; the next round begins without them.
        world.forgive(&account).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_11_one_code_in_fifty_separate_sign_ins_opens_one_session() {
    let world = World::new().await;
    for _ in 0..10 {
        let account = world.active().await;
        let mut starts = Vec::new();
        for _ in 0..AT_ONCE {
            starts.push(world.start(&account).await.expect(201).text_at("/signInId"));
        }
        let code = world.fresh_code(&account).await;
        one_winner(&at_once(AT_ONCE, |i| world.otp(&starts[i], &code)).await, 201, &[401]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_13_one_reset_token_with_fifty_passwords_sets_one() {
    let world = World::new().await;
    for _ in 0..ROUNDS {
        let old = world.now() - jiff::SignedDuration::from_hours(24 * 200);
        let account = world.make(NewHolder { totp: false, password_changed_at: old, ..world.holder() }).await;
        let body = json!({ "username": account.username, "password": PASSWORD });
        let reset = world.post("/v1/selfcare/expired-password", body).await.expect(201).text_at("/resetId");
        let password = |i: usize| format!("Verde-Foresta{i}-x!");
        let path = format!("/v1/selfcare/expired-password/{reset}");
        let answers = at_once(AT_ONCE, |i| world.post(&path, json!({ "new": password(i), "confirmation": password(i) }))).await;
        one_winner(&answers, 204, &[409, 410]);
        let records = world.stack.shared.app.store.holder(&world.owner(&account)).await.unwrap().unwrap();
        assert_eq!((records.auth.password.version, records.history.entries.len()), (2, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_block_link_suspends_once() {
    let world = World::new().await;
    let account = world.active().await;
    for round in 0..ROUNDS {
        let path = format!("/v1/selfcare/blocks/{}", world.link(&account, Purpose::Block, &format!("n{round}")));
        one_winner(&at_once(AT_ONCE, |_| world.post(&path, json!({}))).await, 200, &[409, 410]);
    }
    assert_eq!(world.mails(&account).await.len(), 1, "suspended once, told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_unlock_link_unlocks_once() {
    let world = World::new().await;
    let mut account = world.make(NewHolder { tries: 10, ..world.holder() }).await;
    for round in 0..ROUNDS {
        // So many links are good in a day.
        if round % 10 == 9 {
            account = world.make(NewHolder { tries: 10, ..world.holder() }).await;
        }
        let path = format!("/v1/selfcare/unlocks/{}", world.link(&account, Purpose::Unlock, &format!("n{round}")));
        one_winner(&at_once(AT_ONCE, |_| world.post(&path, json!({}))).await, 204, &[409, 410]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_opens_one_session() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let body = json!({ "username": carla.username, "password": carla.password });
    let mut in_flight = 0;
    for round in 0..10 {
        let before = world.stack.shared.app.store.customer(&owner).await.unwrap().unwrap().sessions.len();
        let key = format!("\"round-{round}\"");
        let send = |_| world.send(Request::new("POST", "/v1/customer/sessions").json(body.clone()).header("idempotency-key", &key));
        let answers = at_once(AT_ONCE, send).await;
        let opened: Vec<_> = answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.text.clone()).collect();
        assert!(!opened.is_empty() && opened.iter().all(|text| *text == opened[0]), "one session, told as often as asked");
        assert!(answers.iter().all(|answer| matches!((answer.status, answer.code()), (201, _) | (401, "sign-in-refused") | (409, "idempotency-in-flight"))));
        in_flight += answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!(world.send(Request::new("POST", "/v1/customer/sessions").json(body.clone()).header("idempotency-key", &key)).await.text, opened[0]);
        let after = world.stack.shared.app.store.customer(&owner).await.unwrap().unwrap().sessions.len();
        assert_eq!(after, before + 1);
        world.pass(31 * 60).await;
    }
    assert!(in_flight > 0, "some came while the first was under way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_code_over_two_routes_is_good_once() {
    let world = World::new().await;
    for _ in 0..10 {
        let old = world.now() - jiff::SignedDuration::from_hours(24 * 179) - jiff::SignedDuration::from_mins(1439);
        let account = world.make(NewHolder { password_changed_at: old, ..world.holder() }).await;
        let start = world.start(&account).await.expect(201).text_at("/signInId");
        world.pass(40).await;
        let code = world.fresh_code(&account).await;
        let reset = json!({ "username": account.username, "password": PASSWORD, "code": code });
        let both = at_once(2, |i| {
            let (world, start, code, reset) = (&world, &start, &code, reset.clone());
            async move { if i == 0 { world.otp(start, code).await } else { world.post("/v1/selfcare/expired-password", reset).await } }
        });
        let answers = both.await;
        // The password has just expired: the sign-in is told so, which uses the code as well.
        let good = answers.iter().filter(|answer| matches!(answer.status, 201 | 409)).count();
        assert_eq!(good, 1, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_service_is_cancelled_once() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    for _ in 0..ROUNDS {
        let (id, _) = world.service(owner, IdentityType::Minor, IdentityState::default(), world.now()).await;
        let token = world.forge_session(&carla, None).await;
        let send = |_| world.send(Request::new("POST", format!("/v1/customer/services/{id}/cancellation")).token(&token).json(json!({})));
        one_winner(&at_once(AT_ONCE, send).await, 200, &[409]);
    }
    assert_eq!(world.mails(&carla).await.len(), ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_changes_of_one_password_make_one() {
    let world = World::new().await;
    for _ in 0..5 {
        let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
        let token = world.sign_in(&account).await;
        let change = |i: usize| {
            let body = World::change(PASSWORD, &format!("Verde-Foresta{i}-x!"), None);
            world.send(Request::new("PUT", "/v1/selfcare/password").token(&token).json(body))
        };
        one_winner(&at_once(AT_ONCE, change).await, 204, &[401, 409]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_emergency_code_over_three_routes_is_good_once() {
    let world = World::new().await;
    for _ in 0..5 {
        let account = world.active().await;
        let code = account.emergency_code.clone().unwrap();
        let token = world.sign_in(&account).await;
        let fiscal_code = world.get("/v1/selfcare/profile", &token).await.expect(200).text_at("/fiscalCode");
        // Everything stands before its last step, which alone uses the code up.
        let recover = "/v1/selfcare/password-recoveries";
        let id = world.post(recover, json!({ "username": account.username, "emergencyCode": code })).await.expect(201).text_at("/recoveryId");
        let sent = json!({ "code": world.sms_code().await });
        let last = world.post(format!("{recover}/{id}/code"), sent).await.expect(201).text_at("/recoveryId");
        let body = json!({ "username": account.username, "password": account.password, "emergencyCode": code });
        let enrolment = world.post("/v1/selfcare/credentials/otp-app/move", body).await.expect(201);
        let phone = sportello_local::demo::Account { totp_secret: Some(enrolment.text_at("/secret")), ..account.clone() };
        let first = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&phone) });
        let answers = at_once(3, |route| {
            let (path, body) = match route {
                0 => (format!("{recover}/{last}"), json!({ "new": "Verde-Foresta77!", "confirmation": "Verde-Foresta77!" })),
                1 => ("/v1/selfcare/credentials/otp-app/confirmation".to_owned(), first.clone()),
                _ => ("/v1/selfcare/blocks".to_owned(), json!({ "fiscalCode": fiscal_code, "type": "personal", "emergencyCode": code })),
            };
            let world = &world;
            async move { world.post(path, body).await }
        })
        .await;
        let won = answers.iter().filter(|answer| answer.status < 300).count();
        assert_eq!(won, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.status < 500), "{answers:?}");
        assert!(world.auth(&account).await.emergency_code.is_none());
    }
}
