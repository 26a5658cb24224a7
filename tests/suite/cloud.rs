//! A real deployment on a local AWS, each function under its own role, and faults between them.
//!
//! Ignored by `cargo test`, because they need what `.ci/cloud` sets up; it runs them one after another, since they share clock and faults.

use jiff::SignedDuration;
use serde_json::{Value, json};
use sportello_local::demo::{Account, NewHolder};
use sportello_rules::identity::{IdentityState, IdentityType};
use sportello_rules::service::CredentialKind;
use sportello_tests::{Answer, Request, World, at_once};

use crate::coverage::walk_everything;

const NEW: &str = "Verde-Foresta77!";

/// An error that DynamoDB answers with.
fn dynamodb(operation: &str, code: &str, status: u16, times: u32) -> Value {
    json!({ "service": "dynamodb", "operation": operation, "times": times, "error": { "code": code, "status": status } })
}

/// A holder with one factor, so that no code is needed, who is signed in.
async fn signed_in(world: &World) -> (Account, String) {
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    world.mails(&account).await;
    (account, token)
}

/// Asks for a password change once.
async fn change(world: &World, account: &Account, token: &str) -> Answer {
    let request = Request::new("PUT", "/v1/selfcare/password").token(token);
    world.send(request.json(World::change(&account.password, NEW, None))).await
}

/// Whether a password is the account's.
async fn opens(world: &World, account: &Account, password: &str) -> bool {
    world.start_with(&account.username, password).await.status == 201
}

async fn told_of_change(world: &World, account: &Account) -> usize {
    world.subjects(account).await.iter().filter(|subject| subject.contains("modificata")).count()
}

/// The change happened: once, told once, and the session is over.
async fn changed_once(world: &World, account: &Account, token: &str) {
    world.get("/v1/selfcare/identity", token).await.refused(401, "unauthenticated");
    assert!(opens(world, account, NEW).await && !opens(world, account, &account.password).await);
    assert_eq!(told_of_change(world, account).await, 1);
}

/// Nothing happened: the session goes on, and the same request succeeds now.
async fn nothing_happened(world: &World, account: &Account, token: &str) {
    assert_eq!(told_of_change(world, account).await, 0);
    world.get("/v1/selfcare/identity", token).await.expect(200);
    change(world, account, token).await.expect(204);
    changed_once(world, account, token).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn every_happy_path_under_its_own_role() {
    walk_everything(&World::deployed().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn what_passes_within_the_budget_is_not_noticed() {
    let world = World::deployed().await;
    for fault in [
        dynamodb("Query", "ProvisionedThroughputExceededException", 400, 1),
        dynamodb("Query", "InternalServerError", 500, 2),
        dynamodb("TransactWriteItems", "ThrottlingException", 400, 1),
        dynamodb("TransactWriteItems", "InternalServerError", 500, 2),
        json!({ "service": "dynamodb", "operation": "TransactWriteItems", "times": 1, "reset": true }),
        json!({ "service": "dynamodb", "operation": "Query", "times": 1, "reset": true }),
        json!({ "service": "dynamodb", "operation": "Query", "times": 1, "timeout_ms": 3000 }),
        json!({ "service": "dynamodb", "operation": "TransactWriteItems", "times": 1, "timeout_ms": 3000 }),
    ] {
        let (account, token) = signed_in(&world).await;
        world.faults().set(std::slice::from_ref(&fault)).await;
        change(&world, &account, &token).await.expect(204);
        let fired = world.faults().clear().await;
        assert!(fired > 0, "{fault} never fired");
        changed_once(&world, &account, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn a_database_that_is_away_is_503_in_time_and_changes_nothing() {
    let world = World::deployed().await;
    for fault in [
        json!({ "service": "dynamodb", "error": { "code": "ThrottlingException", "status": 400 } }),
        json!({ "service": "dynamodb", "error": { "code": "InternalServerError", "status": 500 } }),
        json!({ "service": "dynamodb", "reset": true }),
        json!({ "service": "dynamodb", "timeout_ms": 10_000 }),
        dynamodb("TransactWriteItems", "InternalServerError", 500, 99),
        json!({ "service": "dynamodb", "operation": "TransactWriteItems", "timeout_ms": 10_000 }),
    ] {
        let (account, token) = signed_in(&world).await;
        world.faults().set(std::slice::from_ref(&fault)).await;
        let began = std::time::Instant::now();
        let answer = change(&world, &account, &token).await.refused(503, "unavailable");
        let took = began.elapsed();
        assert_eq!(answer.header("retry-after"), Some("1"), "{fault}");
        // A change of a password charges a try, reads and commits: none of these is given more than two seconds.
        assert!(took < std::time::Duration::from_secs(7), "{fault}: {took:?}");
        assert!(world.faults().clear().await > 0, "{fault} never fired");
        nothing_happened(&world, &account, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn a_commit_whose_answer_is_lost_is_done_once() {
    let world = World::deployed().await;
    // The connection breaks after the commit, or the answer comes too slowly for one attempt: the SDK asks again with the same token.
    for response in [json!({ "abort_bytes": 0 }), json!({ "bandwidth_kbps": 0.0005 })] {
        let (account, token) = signed_in(&world).await;
        world.faults().set(&[json!({ "service": "dynamodb", "operation": "TransactWriteItems", "times": 1, "response": response })]).await;
        change(&world, &account, &token).await.expect(204);
        assert_eq!(world.faults().clear().await, 1);
        changed_once(&world, &account, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn a_commit_whose_every_answer_is_lost_is_told_by_the_same_key() {
    let world = World::deployed().await;
    let (carla, owner) = world.customer().await;
    let (service, _) = world.service(owner, IdentityType::Personal, IdentityState::default(), world.now()).await;
    let token = world.sign_in_customer(&carla).await;
    let cancel = || Request::new("POST", format!("/v1/customer/services/{service}/cancellation")).token(&token).json(json!({}));
    world.faults().set(&[json!({ "service": "dynamodb", "operation": "TransactWriteItems", "response": { "abort_bytes": 0 } })]).await;
    world.send(cancel().header("idempotency-key", "\"lost\"")).await.refused(503, "unavailable");
    assert!(world.faults().clear().await > 1);
    let replayed = world.send(cancel().header("idempotency-key", "\"lost\"")).await.expect(200);
    assert_eq!(replayed.text_at("/outcome"), "cancelled");
    world.send(cancel().header("idempotency-key", "\"other\"")).await.refused(409, "already-cancelled");
    assert_eq!(world.subjects(&carla).await.len(), 1, "cancelled once, told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn a_transaction_that_meets_another_one_is_tried_again_or_told() {
    let world = World::deployed().await;
    let reasons = json!([{ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" }, { "Code": "None" }]);
    let conflict = |times: u32| {
        let error = json!({ "code": "TransactionCanceledException", "status": 400, "fields": { "CancellationReasons": reasons } });
        json!({ "service": "dynamodb", "operation": "TransactWriteItems", "times": times, "error": error })
    };
    let (account, token) = signed_in(&world).await;
    world.faults().set(&[conflict(2)]).await;
    change(&world, &account, &token).await.expect(204);
    assert_eq!(world.faults().clear().await, 2);
    changed_once(&world, &account, &token).await;
    let (account, token) = signed_in(&world).await;
    world.faults().set(&[conflict(99)]).await;
    change(&world, &account, &token).await.refused(409, "changed-meanwhile");
    world.faults().clear().await;
    nothing_happened(&world, &account, &token).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn guesses_are_counted_although_the_database_falters() {
    let world = World::deployed().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    // A charge whose answer is lost is never repeated by the SDK: what the database may have counted is not evaluated.
    world.faults().set(&[json!({ "service": "dynamodb", "operation": "UpdateItem", "resource": "identities", "response": { "abort_bytes": 0 } })]).await;
    for _ in 0..5 {
        world.start_with(&account.username, "Sbagliata-42!").await.refused(503, "unavailable");
    }
    assert_eq!(world.faults().clear().await, 5);
    world.start_with(&account.username, &account.password).await.refused(401, "sign-in-refused");
    world.pass(1800).await;
    assert!(opens(&world, &account, &account.password).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn the_rules_hold_in_a_race_over_real_processes() {
    let world = World::deployed().await;
    let account = world.active().await;
    let start = world.start(&account).await.expect(201).text_at("/signInId");
    let code = world.fresh_code(&account).await;
    let answers = at_once(10, |_| world.otp(&start, &code)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "one code, one session");
    let guessed = world.make(NewHolder { totp: false, ..world.holder() }).await;
    at_once(12, |_| world.start_with(&guessed.username, "Sbagliata-42!")).await;
    assert!(!opens(&world, &guessed, &guessed.password).await, "locked");
    assert_eq!(world.subjects(&guessed).await.len(), 1, "told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn mail_that_does_not_leave_at_once_leaves_later_and_never_holds_up_the_caller() {
    let world = World::deployed().await;
    for (code, status) in [("Throttling", 400), ("InternalFailure", 500), ("AccountSendingPausedException", 400)] {
        let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
        world.faults().set(&[json!({ "service": "ses", "times": 1, "error": { "code": code, "status": status } })]).await;
        world.sign_in(&account).await;
        let mut mails = world.mails(&account).await.len();
        assert_eq!(world.faults().clear().await, 1, "{code}");
        // By the stream's next try, or by the next hour's job.
        if mails == 0 {
            world.pass(3600).await;
            mails = world.mails(&account).await.len();
        }
        assert_eq!(mails, 1, "{code}: exactly once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn mail_that_is_refused_is_a_dead_letter_and_one_whose_answer_is_lost_goes_twice_rather_than_never() {
    let world = World::deployed().await;
    let refused = world.make(NewHolder { totp: false, ..world.holder() }).await;
    world.faults().set(&[json!({ "service": "ses", "times": 1, "error": { "code": "MessageRejected", "status": 400 } })]).await;
    world.sign_in(&refused).await;
    world.mails(&refused).await;
    assert_eq!(world.faults().clear().await, 1);
    world.pass(2 * 3600).await;
    assert!(world.mails(&refused).await.is_empty());

    let lost = world.make(NewHolder { totp: false, ..world.holder() }).await;
    world.faults().set(&[json!({ "service": "ses", "times": 1, "response": { "abort_bytes": 0 } })]).await;
    world.sign_in(&lost).await;
    world.mails(&lost).await;
    world.faults().clear().await;
    world.pass(2 * 3600).await;
    let mails = world.mails(&lost).await;
    assert_eq!(mails.len(), 2, "a security notice is sent at least once");
    let link = |mail| World::link_token(mail, "blocks").unwrap();
    world.post(format!("/v1/selfcare/blocks/{}", link(&mails[0])), json!({})).await.expect(200);
    world.post(format!("/v1/selfcare/blocks/{}", link(&mails[1])), json!({})).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn a_code_whose_message_does_not_leave_is_asked_for_again() {
    let world = World::deployed().await;
    let account = world.make(NewHolder { totp: false, credentials: vec![(CredentialKind::OtpSms, None)], ..world.holder() }).await;
    for (code, status) in [("InternalError", 500), ("Throttled", 429), ("AuthorizationError", 403)] {
        let before = world.messages().await.len();
        world.faults().set(&[json!({ "service": "sns", "error": { "code": code, "status": status } })]).await;
        let id = world.start(&account).await.expect(201).text_at("/signInId");
        assert_eq!(world.messages().await.len(), before, "{code}");
        assert!(world.faults().clear().await > 0, "{code}");
        world.pass(3600).await;
        assert_eq!(world.messages().await.len(), before, "{code}: never late");
        world.post(format!("/v1/selfcare/sign-ins/{id}/otp/sends"), json!({})).await.refused(401, "sign-in-refused");
        let id = world.start(&account).await.expect(201).text_at("/signInId");
        let right = world.sms_code().await;
        world.otp(&id, &right).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn a_job_that_falters_half_way_is_finished_by_the_next_run() {
    let world = World::deployed().await;
    let changed_at = world.now() - SignedDuration::from_hours(24 * 174);
    let mut warned = Vec::new();
    for _ in 0..6 {
        warned.push(world.make(NewHolder { password_changed_at: changed_at, totp: false, ..world.holder() }).await);
    }
    world.faults().set(&[json!({ "service": "dynamodb", "operation": "TransactWriteItems", "sequence": { "fail": 4, "pass": 2 }, "error": { "code": "InternalServerError", "status": 500 } })]).await;
    world.pass(3600).await;
    world.faults().clear().await;
    world.pass(3600).await;
    for account in &warned {
        assert_eq!(world.mails(account).await.len(), 1, "warned exactly once");
    }
}

/// A change of a function's configuration ends its processes: the next call starts a new one, which has to get its key ring.
async fn restart(world: &World, binary: &str, marker: &str) {
    world.deployment().set_environment(binary, "SPORTELLO_RESTARTED", marker).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a deployment: .ci/cloud"]
async fn a_function_that_cannot_have_its_key_ring_says_so_and_recovers_by_itself() {
    let world = World::deployed().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    for (number, (code, status)) in [("InternalServerError", 500), ("ThrottlingException", 400), ("InvalidKeyId", 400)].into_iter().enumerate() {
        restart(&world, "selfcare-sign-in-start", &number.to_string()).await;
        // KMS is called by Systems Manager: this is what a function sees of a KMS that is away.
        world.faults().set(&[json!({ "service": "ssm", "error": { "code": code, "status": status } })]).await;
        for _ in 0..2 {
            let answer = world.start(&account).await.refused(503, "unavailable");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        assert!(world.faults().clear().await >= 2, "{code}");
        world.start(&account).await.expect(201);
    }
    assert_eq!(world.subjects(&account).await.len(), 3, "each sign-in came from a device of its own: nothing lost, nothing doubled");
}
