//! Warnings and their delivery (rule 16; the outbox).

use jiff::SignedDuration;
use serde_json::json;
use sportello_local::catcher::Fault;
use sportello_local::demo::{NewHolder, active};
use sportello_local::scheduler;
use sportello_tests::World;

const DAY: i64 = 86_400;

async fn warnings(world: &World, account: &sportello_local::demo::Account) -> Vec<String> {
    world.subjects(account).await.into_iter().filter(|subject| subject.contains("scade tra")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_warning_at_seven_days_and_one_at_two() {
    let world = World::new().await;
    let changed = world.now();
    let account = world.make(NewHolder { password_changed_at: changed, ..world.holder() }).await;
    world.move_to(changed + SignedDuration::from_secs(173 * DAY - 10)).await;
    assert!(warnings(&world, &account).await.is_empty());
    world.move_to(changed + SignedDuration::from_secs(173 * DAY)).await;
    assert_eq!(warnings(&world, &account).await.len(), 1);
    assert!(warnings(&world, &account).await[0].contains("7 giorni"));
    // What was sent is not due any more: the next thing is.
    let (table, kind) = (sportello_contract::spec::Table::Identities, sportello_store::schema::DUE_PASSWORD_WARNING);
    let next = world.stack.shared.app.store.next_due(table, kind).await.unwrap().unwrap();
    assert_eq!(next.as_second(), (changed + SignedDuration::from_secs(178 * DAY)).as_second());
    world.move_to(changed + SignedDuration::from_secs(178 * DAY - 10)).await;
    assert_eq!(warnings(&world, &account).await.len(), 1);
    world.move_to(changed + SignedDuration::from_secs(178 * DAY)).await;
    assert_eq!(warnings(&world, &account).await.len(), 2);
    assert!(warnings(&world, &account).await[0].contains("2 giorni"));
    world.pass(30 * DAY).await;
    assert_eq!(warnings(&world, &account).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_seven_day_warning_is_sent_while_more_than_two_days_remain() {
    let world = World::new().await;
    let three_left = world.make(NewHolder { password_changed_at: world.now() - SignedDuration::from_secs(177 * DAY), ..world.holder() }).await;
    let one_left = world.make(NewHolder { password_changed_at: world.now() - SignedDuration::from_secs(179 * DAY), ..world.holder() }).await;
    let none_left = world.make(NewHolder { password_changed_at: world.now() - SignedDuration::from_secs(181 * DAY), ..world.holder() }).await;
    world.pass(3600).await;
    assert!(warnings(&world, &three_left).await[0].contains("3 giorni"), "as many as there are");
    let late = warnings(&world, &one_left).await;
    assert_eq!(late.len(), 1);
    assert!(late[0].contains("1 giorno"));
    assert!(warnings(&world, &none_left).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_cancels_both_and_starts_anew() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, password_changed_at: world.now() - SignedDuration::from_secs(170 * DAY), ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    world.change_password(&account, &token, "Verde-Foresta77!").await.expect(204);
    let changed = world.now();
    world.pass(20 * DAY).await;
    assert!(warnings(&world, &account).await.is_empty());
    world.move_to(changed + SignedDuration::from_secs(173 * DAY + 3600)).await;
    assert_eq!(warnings(&world, &account).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_identity_is_not_warned() {
    let world = World::new().await;
    let account = world.make(NewHolder { password_changed_at: world.now() - SignedDuration::from_secs(172 * DAY), ..world.holder() }).await;
    let (owner, app) = (world.owner(&account), &world.stack.shared.app);
    let mut state = active(world.now());
    state.revoke(world.now());
    let mut commit = sportello_store::commit::Commit::new();
    let update = sportello_store::commit::Commit::auth(&owner).version(1).state(&state);
    commit.update_auth(update, sportello_contract::problem::Code::ChangedMeanwhile);
    app.store.commit(commit).await.unwrap();
    world.pass(10 * DAY).await;
    assert!(warnings(&world, &account).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_may_run_twice_and_in_parallel_and_warns_once() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for _ in 0..12 {
        accounts.push(world.make(NewHolder { password_changed_at: world.now() - SignedDuration::from_secs(175 * DAY), ..world.holder() }).await);
    }
    let shared = &world.stack.shared;
    let job = shared.jobs.iter().find(|job| job.spec.id == "jobs.password.warn").unwrap();
    let run = || scheduler::run_job(shared, job);
    let (a, b, c) = tokio::join!(run(), run(), run());
    let done = a.unwrap().done + b.unwrap().done + c.unwrap().done + run().await.unwrap().done;
    assert_eq!(done, 12);
    for account in &accounts {
        assert_eq!(warnings(&world, account).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_service_that_throttles_or_fails_is_asked_again() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    world.stack.shared.inbox.fail_next(&[Fault::Throttled, Fault::Broken, Fault::Throttled]);
    world.sign_in(&account).await;
    assert_eq!(world.mails(&account).await.len(), 1);
    assert!(world.stack.shared.stream.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_sends_a_security_notice_again_rather_than_never() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    world.stack.shared.inbox.fail_next(&[Fault::Ambiguous]);
    world.sign_in(&account).await;
    let mails = world.mails(&account).await;
    assert_eq!(mails.len(), 2);
    assert_ne!(World::link_token(&mails[0], "blocks"), World::link_token(&mails[1], "blocks"), "sealed anew");
    // Two copies, one link: using either uses both.
    let use_it = |mail| world.post(format!("/v1/selfcare/blocks/{}", World::link_token(mail, "blocks").unwrap()), serde_json::json!({}));
    use_it(&mails[0]).await.expect(200);
    use_it(&mails[1]).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_mail_is_a_dead_letter_and_holds_nobody_up() {
    let world = World::new().await;
    let (refused, fine) = (world.make(NewHolder { totp: false, ..world.holder() }).await, world.make(NewHolder { totp: false, ..world.holder() }).await);
    world.stack.shared.inbox.fail_next(&[Fault::Rejected]);
    world.sign_in(&refused).await;
    assert!(world.mails(&refused).await.is_empty());
    world.sign_in(&fine).await;
    assert_eq!(world.mails(&fine).await.len(), 1);
    world.pass(DAY).await;
    assert!(world.mails(&refused).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_service_that_is_away_for_hours_loses_nothing_and_for_days_is_given_up() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    // One try of the stream, five retries, and the first hour's job.
    world.stack.shared.inbox.fail_next(&[Fault::Broken; 7]);
    world.sign_in(&account).await;
    assert!(world.mails(&account).await.is_empty());
    assert_eq!(world.stack.shared.stream.dead_letters().len(), 1);
    world.pass(3600).await;
    assert!(world.mails(&account).await.is_empty());
    world.pass(3 * 3600).await;
    assert_eq!(world.mails(&account).await.len(), 1);
    let late = world.make(NewHolder { totp: false, ..world.holder() }).await;
    world.stack.shared.inbox.fail_next(&[Fault::Throttled; 200]);
    world.sign_in(&late).await;
    world.pass(80 * 3600).await;
    world.stack.shared.inbox.forgive();
    world.pass(10 * DAY).await;
    assert!(world.mails(&late).await.is_empty(), "given up after three days");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_batch_only_the_failed_record_is_reported() {
    let world = World::new().await;
    let shared = &world.stack.shared;
    let write = |id: &'static str| {
        let (world, shared) = (&world, shared);
        async move {
            let account = world.active().await;
            let notice = sportello_notify::Notice::SignInUnlocked { at: world.now() }.to_json().unwrap();
            let mut commit = sportello_store::commit::Commit::new();
            commit.notice(id, &world.owner(&account), notice, world.now(), sportello_contract::problem::Code::ChangedMeanwhile);
            shared.app.store.commit(commit).await.unwrap();
            shared.stream.drained().await;
        }
    };
    write("a").await;
    world.stack.shared.inbox.fail_next(&[Fault::Broken; 6]);
    write("b").await;
    write("c").await;
    // Another consumer holds the middle one.
    shared.app.store.lease_notice("b", &world.policy().notice, world.now()).await.unwrap();
    let job = shared.jobs.iter().find(|job| job.spec.id == "jobs.notice.deliver").unwrap();
    let records: Vec<_> = ["a", "b", "c"].iter().map(|id| sportello_local::stream::record(&format!("at-{id}"), id)).collect();
    let answer = job.run(std::sync::Arc::clone(&shared.app), serde_json::json!({ "Records": records }), "test".into()).await.unwrap();
    assert_eq!(answer["batchItemFailures"], serde_json::json!([{ "itemIdentifier": "at-b" }]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_that_another_consumer_holds_is_left_alone_until_its_lease_is_over() {
    use sportello_store::outbox::{Lease, Outcome};
    let world = World::new().await;
    let account = world.active().await;
    let store = &world.stack.shared.app.store;
    // A notice of an owner without a mail in the stream's way: it is written as already tried by somebody.
    world.stack.shared.inbox.fail_next(&[Fault::Broken; 6]);
    let notice = sportello_notify::Notice::SignInUnlocked { at: world.now() }.to_json().unwrap();
    let mut commit = sportello_store::commit::Commit::new();
    commit.notice("held", &world.owner(&account), notice, world.now(), sportello_contract::problem::Code::ChangedMeanwhile);
    store.commit(commit).await.unwrap();
    world.stack.shared.stream.drained().await;
    let (policy, now) = (&world.policy().notice, world.now());
    let Lease::Taken(mine) = store.lease_notice("held", policy, now).await.unwrap() else { panic!("free") };
    assert_eq!(store.lease_notice("held", policy, now).await.unwrap(), Lease::Held);
    let over = now + SignedDuration::from_secs(60);
    assert_eq!(store.lease_notice("held", policy, over - SignedDuration::from_millis(1)).await.unwrap(), Lease::Held);
    let Lease::Taken(theirs) = store.lease_notice("held", policy, over).await.unwrap() else { panic!("over") };
    // Whoever was too late settles nothing any more.
    store.settle_notice(&mine, Outcome::Dead, policy, over).await.unwrap();
    assert_eq!(store.lease_notice("held", policy, over).await.unwrap(), Lease::Held);
    store.settle_notice(&theirs, Outcome::Sent, policy, over).await.unwrap();
    assert_eq!(store.lease_notice("held", policy, over).await.unwrap(), Lease::Settled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_comes_back_stays_until_somebody_has_looked() {
    let world = World::new().await;
    for (address, what) in [("bounce@simulator.amazonses.com", "bounce Permanent General"), ("complaint@simulator.amazonses.com", "complaint abuse")] {
        let account = world.customer_at(address).await;
        for _ in 0..5 {
            world.post("/v1/customer/sessions", json!({ "username": account.username, "password": "Sbagliata-42!" })).await.expect(401);
        }
        assert_eq!(world.mails(&account).await.len(), 1);
        let items = world.behind("Scan", json!({ "TableName": "sportello-outbox" })).await;
        let returned: Vec<_> = items["Items"].as_array().unwrap().iter().filter(|item| item["owner"]["S"] == world.owner(&account).pk()).collect();
        assert_eq!(returned.len(), 1);
        assert_eq!((&returned[0]["state"]["S"], &returned[0]["returned"]["S"]), (&json!("returned"), &json!(what)));
        assert!(returned[0].get("ttl").is_none() && returned[0].get("due_at").is_none(), "neither tidied away nor sent again: {returned:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_mail_service_says_twice_or_nobody_can_read_changes_nothing() {
    let world = World::new().await;
    let account = world.customer_at("bounce@simulator.amazonses.com").await;
    for _ in 0..5 {
        world.post("/v1/customer/sessions", json!({ "username": account.username, "password": "Sbagliata-42!" })).await.expect(401);
    }
    world.mails(&account).await;
    let items = world.behind("Scan", json!({ "TableName": "sportello-outbox" })).await;
    let notice = items["Items"][0]["pk"]["S"].as_str().unwrap();
    let tag = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, notice);
    let event = |tag: &str| json!({ "eventType": "Bounce", "bounce": { "bounceType": "Transient" }, "mail": { "tags": { "notice": [tag] } } }).to_string();
    let message = |id: &str, body: String| json!({ "messageId": id, "body": body });
    let messages = [
        message("again", event(&tag)),
        message("unknown", event("bm8tc3VjaC1ub3RpY2U")),
        message("no-tag-of-ours", event("#")),
        message("delivered", json!({ "eventType": "Delivery", "mail": {} }).to_string()),
        message("greeting", "Successfully validated SNS topic for Amazon SES event publishing.".to_owned()),
        message("nonsense", "{".to_owned()),
    ];
    let job = world.stack.shared.jobs.iter().find(|job| job.spec.id == "jobs.mail.feedback").unwrap();
    let answer = job.run(world.stack.shared.app.clone(), json!({ "Records": messages }), "r".to_owned()).await.unwrap();
    assert_eq!(answer, json!({ "done": 0, "skipped": 5, "batchItemFailures": [{ "itemIdentifier": "nonsense" }] }));
    let after = world.behind("Scan", json!({ "TableName": "sportello-outbox" })).await;
    assert_eq!(after["Items"], items["Items"], "nothing changed, and no notice was made");
}
