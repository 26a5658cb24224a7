//! Links of mails: "it wasn't me" and unlocking (rules 21, 32, 40).

use serde_json::json;
use sportello_local::demo::{NewHolder, active};
use sportello_rules::identity::SuspensionReason;
use sportello_runtime::token::Purpose;
use sportello_tests::{Request, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_was_not_me_suspends_ends_every_session_and_works_once() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    let mail = &world.mails(&account).await[0];
    let path = format!("/v1/selfcare/blocks/{}", World::link_token(mail, "blocks").unwrap());
    let read = world.send(Request::new("GET", &path)).await.expect(200);
    assert_eq!(read.text_at("/action"), "suspend-identity");
    world.get("/v1/selfcare/identity", &token).await.expect(200);
    let done = world.post(&path, json!({})).await.expect(200);
    assert_eq!(done.text_at("/status"), "suspended");
    world.get("/v1/selfcare/identity", &token).await.refused(401, "unauthenticated");
    world.post(&path, json!({})).await.refused(410, "link-not-valid");
    world.send(Request::new("GET", &path)).await.refused(410, "link-not-valid");
    assert!(world.mails(&account).await[0].text.contains("sospesa"));
    let token = world.sign_in(&account).await;
    let identity = world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert_eq!(identity.body["reasons"][0]["reason"], "holder");
    assert_eq!(identity.body["reasons"][0]["endsAt"], done.body["endsAt"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_again_never_extends_the_suspension() {
    let world = World::new().await;
    let mut state = active(world.now());
    state.suspend(SuspensionReason::Holder, world.now() - jiff::SignedDuration::from_hours(24 * 20)).unwrap();
    let account = world.make(NewHolder { state, ..world.holder() }).await;
    let path = format!("/v1/selfcare/blocks/{}", world.link(&account, Purpose::Block, "n1"));
    let ends_at = world.post(&path, json!({})).await.expect(200).text_at("/endsAt");
    let days = ends_at.parse::<jiff::Timestamp>().unwrap().duration_since(world.now()).as_hours() / 24;
    assert!((9..=10).contains(&days), "{ends_at}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_customer_area_shows_the_suspension_at_once() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let kind = sportello_rules::identity::IdentityType::Personal;
    let (id, holder) = world.service(owner, kind, active(world.now()), world.now()).await;
    let customer = world.sign_in_customer(&carla).await;
    let read = || world.get(format!("/v1/customer/services/{id}"), &customer);
    assert_eq!(read().await.expect(200).text_at("/status"), "active");
    world.post(&format!("/v1/selfcare/blocks/{}", world.link(&holder, Purpose::Block, "n1")), json!({})).await.expect(200);
    assert_eq!(read().await.expect(200).text_at("/status"), "suspended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_link_is_good_for_seven_days_and_an_unlock_link_for_three() {
    let world = World::new().await;
    let account = world.active().await;
    for (purpose, part, days) in [(Purpose::Unlock, "unlocks", 3), (Purpose::Block, "blocks", 7)] {
        let made = world.now();
        let path = format!("/v1/selfcare/{part}/{}", world.link(&account, purpose, "n1"));
        let end = made + jiff::SignedDuration::from_hours(24 * days);
        world.move_to(end - jiff::SignedDuration::from_secs(5)).await;
        world.send(Request::new("GET", &path)).await.expect(200);
        world.move_to(end).await;
        world.send(Request::new("GET", &path)).await.refused(410, "link-not-valid");
        world.post(&path, json!({})).await.refused(410, "link-not-valid");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_failures_pause_ten_lock_and_the_mails_link_opens_again() {
    let world = World::new().await;
    let account = world.active().await;
    let wrong = || world.start_with(&account.username, "Sbagliata-42!");
    for _ in 0..5 {
        wrong().await.refused(401, "sign-in-refused");
    }
    world.start(&account).await.refused(401, "sign-in-refused");
    assert_eq!(world.mails(&account).await.len(), 1, "one mail for the pause");
    world.pass(30 * 60 - 5).await;
    world.start(&account).await.refused(401, "sign-in-refused");
    world.pass(10).await;
    for _ in 0..5 {
        wrong().await.refused(401, "sign-in-refused");
    }
    world.pass(86_400).await;
    world.start(&account).await.refused(401, "sign-in-refused");
    let mails = world.mails(&account).await;
    assert_eq!(mails.len(), 2, "one more for the lock");
    let path = format!("/v1/selfcare/unlocks/{}", World::link_token(&mails[0], "unlocks").unwrap());
    assert_eq!(world.send(Request::new("GET", &path)).await.expect(200).text_at("/action"), "unlock-sign-in");
    world.start(&account).await.refused(401, "sign-in-refused");
    world.post(&path, json!({})).await.expect(204);
    world.post(&path, json!({})).await.refused(410, "link-not-valid");
    let token = world.sign_in(&account).await;
    world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("riaperto") || subject.contains("sbloccat") || subject.contains("di nuovo")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_a_reason_of_suspension_for_whoever_is_still_signed_in() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    for round in 0..2 {
        for _ in 0..5 {
            world.start_with(&account.username, "Sbagliata-42!").await.refused(401, "sign-in-refused");
        }
        if round == 0 {
            // Longer than the pause: the session forged below is for the time after.
            world.pass(31 * 60).await;
        }
    }
    world.get("/v1/selfcare/identity", &token).await.refused(401, "unauthenticated");
    let token = world.forge_session(&account, Some(sportello_rules::service::Level::L2)).await;
    let identity = world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert_eq!((identity.text_at("/status"), identity.text_at("/reasons/0/reason")), ("suspended".into(), "lockout".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_paused_locked_and_unlocked_alike() {
    let world = World::new().await;
    let (carla, _) = world.customer().await;
    let open = |password: &str| world.post("/v1/customer/sessions", json!({ "username": carla.username, "password": password }));
    for _ in 0..2 {
        for _ in 0..5 {
            open("Sbagliata-42!").await.refused(401, "sign-in-refused");
        }
        world.pass(31 * 60).await;
    }
    open(&carla.password).await.refused(401, "sign-in-refused");
    let mail = &world.mails(&carla).await[0];
    assert!(World::link_token(mail, "blocks").is_none(), "a customer's account is no identity");
    let path = format!("/v1/customer/unlocks/{}", World::link_token(mail, "unlocks").unwrap());
    world.send(Request::new("GET", &path)).await.expect(200);
    world.post(&path.replace("customer", "selfcare"), json!({})).await.refused(410, "link-not-valid");
    world.post(&path, json!({})).await.expect(204);
    open(&carla.password).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_whose_link_is_over_is_told_of_again_at_the_next_try() {
    let world = World::new().await;
    let account = world.make(NewHolder { tries: 10, ..world.holder() }).await;
    assert_eq!(world.mails(&account).await.len(), 1);
    world.start(&account).await.refused(401, "sign-in-refused");
    assert_eq!(world.mails(&account).await.len(), 1, "the same lock");
    world.pass(3 * 86_400 + 60).await;
    for _ in 0..3 {
        world.start(&account).await.refused(401, "sign-in-refused");
    }
    let mails = world.mails(&account).await;
    assert_eq!(mails.len(), 2);
    let path = format!("/v1/selfcare/unlocks/{}", World::link_token(&mails[0], "unlocks").unwrap());
    world.post(&path, json!({})).await.expect(204);
    world.start(&account).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_thirty_days_the_suspension_is_over_and_a_new_link_begins_its_own() {
    let world = World::new().await;
    let account = world.active().await;
    let block = |notice: &'static str| format!("/v1/selfcare/blocks/{}", world.link(&account, Purpose::Block, notice));
    world.post(block("n1"), json!({})).await.expect(200);
    world.pass(30 * 86_400).await;
    let token = world.sign_in(&account).await;
    assert_eq!(world.get("/v1/selfcare/identity", &token).await.expect(200).text_at("/status"), "active");
    let again = world.post(block("n2"), json!({})).await.expect(200);
    let days = again.text_at("/endsAt").parse::<jiff::Timestamp>().unwrap().duration_since(world.now()).as_hours() / 24;
    assert!((29..=30).contains(&days));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_codes_pause_and_lock_as_wrong_passwords_do() {
    let world = World::new().await;
    let account = world.active().await;
    let wrong = || async {
        let start = world.start(&account).await.expect(201).text_at("/signInId");
        world.otp(&start, "000000").await.refused(401, "sign-in-refused");
    };
    for _ in 0..5 {
        wrong().await;
    }
    assert_eq!(world.mails(&account).await.len(), 1, "one mail for the pause");
    world.pass(31 * 60).await;
    for _ in 0..5 {
        wrong().await;
    }
    let mails = world.mails(&account).await;
    assert_eq!(mails.len(), 2, "one more for the lock");
    world.start(&account).await.refused(401, "sign-in-refused");
    let token = world.forge_session(&account, Some(sportello_rules::service::Level::L2)).await;
    let identity = world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert_eq!((identity.text_at("/status"), identity.text_at("/reasons/0/reason")), ("suspended".into(), "lockout".into()));
    // The link is over after three days: the next try tells of the lock again, the password being right or not.
    world.pass(3 * 86_400 + 60).await;
    world.start(&account).await.refused(401, "sign-in-refused");
    let mails = world.mails(&account).await;
    assert_eq!(mails.len(), 3);
    let path = format!("/v1/selfcare/unlocks/{}", World::link_token(&mails[0], "unlocks").unwrap());
    world.post(&path, json!({})).await.expect(204);
    let token = world.sign_in(&account).await;
    world.get("/v1/selfcare/identity", &token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_try_pauses_the_password_and_locks_the_code_the_mail_tells_of_the_lock() {
    let world = World::new().await;
    let account = world.active().await;
    let session = world.forge_session(&account, Some(sportello_rules::service::Level::L2)).await;
    let guess =
        || world.send(Request::new("PUT", "/v1/selfcare/password").token(&session).json(World::change("Sbagliata-42!", "Verde-Foresta77!", Some("000000"))));
    for _ in 0..5 {
        guess().await.refused(401, "proof-refused");
    }
    world.pass(31 * 60).await;
    world.start(&account).await.expect(201);
    let session = world.forge_session(&account, Some(sportello_rules::service::Level::L2)).await;
    let guess =
        || world.send(Request::new("PUT", "/v1/selfcare/password").token(&session).json(World::change("Sbagliata-42!", "Verde-Foresta77!", Some("000000"))));
    for _ in 0..5 {
        guess().await.refused(401, "proof-refused");
    }
    assert!(world.subjects(&account).await[0].contains("bloccato"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_document_is_a_reason_from_the_end_of_its_last_day() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let records = world.stack.shared.app.store.holder(&world.owner(&account)).await.unwrap().unwrap();
    let last = records.auth.document_expires_on.unwrap();
    let end = sportello_rules::calendar::end_of_day(last);
    world.move_to(end - jiff::SignedDuration::from_secs(10)).await;
    let token = world.forge_session(&account, Some(sportello_rules::service::Level::L1)).await;
    assert!(!world.get("/v1/selfcare/identity", &token).await.expect(200).text.contains("document-expired"));
    world.move_to(end).await;
    let identity = world.get("/v1/selfcare/identity", &token).await.expect(200);
    assert_eq!((identity.text_at("/status"), identity.text_at("/reasons/0/reason")), ("suspended".into(), "document-expired".into()));
}
