//! Getting back in, and blocking, without being signed in (rules 25-28, 30, 41, 44).

use serde_json::{Value, json};
use sportello_local::demo::{Account, NewHolder, active};
use sportello_rules::fiscal_code::check_letter;
use sportello_rules::identity::IdentityType;
use sportello_rules::service::CredentialKind;
use sportello_runtime::token::Purpose;
use sportello_tests::{Answer, World, at_once};

const NEW: &str = "Verde-Foresta77!";

async fn fiscal_code(world: &World, account: &Account) -> String {
    let token = world.sign_in(account).await;
    world.get("/v1/selfcare/profile", &token).await.expect(200).text_at("/fiscalCode")
}

fn emergency(account: &Account) -> String {
    account.emergency_code.clone().unwrap()
}

async fn start(world: &World, account: &Account, code: &str) -> Answer {
    world.post("/v1/selfcare/password-recoveries", json!({ "username": account.username, "emergencyCode": code })).await
}

async fn prove(world: &World, id: &str, code: &str) -> Answer {
    world.post(format!("/v1/selfcare/password-recoveries/{id}/code"), json!({ "code": code })).await
}

async fn finish(world: &World, id: &str, new: &str) -> Answer {
    world.post(format!("/v1/selfcare/password-recoveries/{id}"), json!({ "new": new, "confirmation": new })).await
}

/// Recovers a password as a holder does, and answers the account with the new one.
async fn recover(world: &World, account: &Account) -> Account {
    let id = start(world, account, &emergency(account)).await.expect(201).text_at("/recoveryId");
    let last = prove(world, &id, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    finish(world, &last, NEW).await.expect(204);
    Account { password: NEW.to_owned(), ..account.clone() }
}

async fn block(world: &World, fiscal_code: &str, kind: &str, code: &str) -> Answer {
    world.post("/v1/selfcare/blocks", json!({ "fiscalCode": fiscal_code, "type": kind, "emergencyCode": code })).await
}

/// A new emergency code, asked for as a holder does.
async fn renewed(world: &World, account: &Account) -> Account {
    let body = json!({ "username": account.username, "password": account.password });
    let id = world.post("/v1/selfcare/emergency-codes", body).await.expect(201).text_at("/recoveryId");
    let code = world.sms_code().await;
    world.post(format!("/v1/selfcare/emergency-codes/{id}"), json!({ "code": code })).await.expect(204);
    Account { emergency_code: Some(world.emergency_code(account).await), ..account.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_anew_by_emergency_code_and_message() {
    let world = World::new().await;
    let account = world.active().await;
    let session = world.sign_in(&account).await;
    let typed = emergency(&account).to_lowercase();
    let typed = format!(" {}-{} ", &typed[..8], &typed[8..]);
    let id = start(&world, &account, &typed).await.expect(201).text_at("/recoveryId");
    prove(&world, &id, "000000").await.refused(401, "recovery-refused");
    let code = world.sms_code().await;
    let last = prove(&world, &id, &code).await.expect(201).text_at("/recoveryId");
    prove(&world, &id, &code).await.refused(401, "recovery-refused");
    let weak = finish(&world, &last, "Rossi-1985!").await.refused(422, "password-refused");
    assert!(weak.body["violations"].to_string().contains("name"), "{weak:?}");
    finish(&world, &last, &account.password).await.refused(422, "password-refused");
    // Who gives up here has not lost the emergency code.
    assert!(world.auth(&account).await.emergency_code.is_some());
    finish(&world, &last, NEW).await.expect(204);
    finish(&world, &last, "Rosso-Tramonto88!").await.refused(410, "link-not-valid");
    world.get("/v1/selfcare/identity", &session).await.refused(401, "unauthenticated");
    world.start(&account).await.refused(401, "sign-in-refused");
    let account = Account { password: NEW.to_owned(), ..account };
    world.sign_in(&account).await;
    let subjects = world.subjects(&account).await;
    for word in ["Password recuperata", "Codice di emergenza usato"] {
        assert!(subjects.iter().any(|subject| subject.contains(word)), "{subjects:?}");
    }
    assert!(world.messages().await[0].text.contains("recuperata"), "every contact is told");
    // The emergency code is good once.
    world.pass(301).await;
    start(&world, &account, &emergency(&account)).await.refused(401, "recovery-refused");
}

/// Whether a password was used before is told, and so it is not asked without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_recovery_tries_so_many_new_passwords() {
    let world = World::new().await;
    let account = world.active().await;
    let id = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    let last = prove(&world, &id, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    for _ in 0..world.policy().recovery.new_passwords {
        finish(&world, &last, &account.password).await.refused(422, "password-refused");
    }
    finish(&world, &last, NEW).await.refused(410, "link-not-valid");
    // The proof is there for another one.
    world.pass(301).await;
    recover(&world, &account).await;
}

/// Row 2: a message's code takes so many guesses, whatever else is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_a_code_of_a_message_takes_so_many_guesses_where_somebody_recovers() {
    let world = World::new().await;
    let (account, other) = (world.active().await, world.active().await);
    let id = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    let right = world.sms_code().await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..world.policy().code.max_tries {
        prove(&world, &id, wrong).await.refused(401, "recovery-refused");
    }
    prove(&world, &id, &right).await.refused(401, "recovery-refused");
    // No further message: its code would have no tries left.
    world.pass(31).await;
    let messages = world.messages().await.len();
    start(&world, &account, &emergency(&account)).await.refused(429, "codes-exhausted");
    assert_eq!(world.messages().await.len(), messages);
    let body = json!({ "username": other.username, "password": other.password });
    let id = world.post("/v1/selfcare/emergency-codes", body).await.expect(201).text_at("/recoveryId");
    let right = world.sms_code().await;
    let finish = async |code: &str| world.post(format!("/v1/selfcare/emergency-codes/{id}"), json!({ "code": code })).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..world.policy().code.max_tries {
        finish(wrong).await.refused(401, "recovery-refused");
    }
    finish(&right).await.refused(401, "recovery-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_security_answer_is_folded_and_leaves_the_emergency_code() {
    let world = World::new().await;
    let account = world.make(NewHolder { security_answer: Some("Città di Castello".to_owned()), ..world.holder() }).await;
    let answer = |text: &str| json!({ "username": account.username, "securityAnswer": text });
    world.post("/v1/selfcare/password-recoveries", answer("Perugia")).await.refused(401, "recovery-refused");
    let both = json!({ "username": account.username, "securityAnswer": "x", "emergencyCode": "y" });
    for unclear in [both, json!({ "username": account.username })] {
        world.post("/v1/selfcare/password-recoveries", unclear).await.refused(422, "proof-unclear");
    }
    let id = world.post("/v1/selfcare/password-recoveries", answer("  CITTA di  castello ")).await.expect(201).text_at("/recoveryId");
    let last = prove(&world, &id, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    finish(&world, &last, NEW).await.expect(204);
    assert!(world.auth(&account).await.emergency_code.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_15_steps_are_not_skipped_reordered_or_taken_for_another() {
    let world = World::new().await;
    let account = world.active().await;
    let first = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    finish(&world, &first, NEW).await.refused(410, "link-not-valid");
    let sign_in = world.start(&account).await.expect(201).text_at("/signInId");
    for foreign in [sign_in.as_str(), "", "AAAA"] {
        if !foreign.is_empty() {
            prove(&world, foreign, "000000").await.refused(401, "recovery-refused");
            finish(&world, foreign, NEW).await.refused(410, "link-not-valid");
        }
    }
    world.otp(&first, &world.code(&account)).await.refused(401, "sign-in-refused");
    let body = json!({ "code": world.sms_code().await });
    world.post(format!("/v1/selfcare/emergency-codes/{first}"), body).await.refused(401, "recovery-refused");
    let last = prove(&world, &first, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    prove(&world, &last, "000000").await.refused(401, "recovery-refused");
    world.post(format!("/v1/selfcare/expired-password/{last}"), json!({ "new": NEW, "confirmation": NEW })).await.refused(410, "link-not-valid");
    finish(&world, &last, NEW).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_17_a_recovery_serves_only_whose_it_is() {
    let world = World::new().await;
    let (mine, yours) = (world.active().await, world.active().await);
    let id = start(&world, &mine, &emergency(&mine)).await.expect(201).text_at("/recoveryId");
    let of_mine = world.sms_code().await;
    start(&world, &yours, &emergency(&mine)).await.refused(401, "recovery-refused");
    let theirs = start(&world, &yours, &emergency(&yours)).await.expect(201).text_at("/recoveryId");
    prove(&world, &theirs, &of_mine).await.refused(401, "recovery-refused");
    let body = json!({ "username": yours.username, "new": NEW, "confirmation": NEW });
    world.post(format!("/v1/selfcare/password-recoveries/{id}"), body).await.refused(400, "unknown-field");
    let last = prove(&world, &id, &of_mine).await.expect(201).text_at("/recoveryId");
    finish(&world, &last, NEW).await.expect(204);
    world.sign_in(&yours).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_ends_after_its_minutes() {
    let world = World::new().await;
    let account = world.active().await;
    let id = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    world.pass(300).await;
    prove(&world, &id, &world.sms_code().await).await.refused(401, "recovery-refused");
    let id = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    let last = prove(&world, &id, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    world.pass(600).await;
    finish(&world, &last, NEW).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_13_one_of_many_new_passwords_wins() {
    let world = World::new().await;
    let account = world.active().await;
    let id = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    let last = prove(&world, &id, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    let answers = at_once(10, |i| {
        let (world, last) = (&world, &last);
        async move { finish(world, last, &format!("Verde-Foresta7{i}!")).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_12_one_emergency_code_serves_once_in_parallel_and_in_series() {
    let world = World::new().await;
    let account = world.active().await;
    let code = fiscal_code(&world, &account).await;
    let answers = at_once(4, |_| {
        let (world, account, code) = (&world, &account, &code);
        async move { block(world, code, "personal", &emergency(account)).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    block(&world, &code, "personal", &emergency(&account)).await.refused(401, "recovery-refused");
    start(&world, &account, &emergency(&account)).await.refused(401, "recovery-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_in_an_emergency_ends_a_recovery_under_way() {
    let world = World::new().await;
    let account = world.active().await;
    let fiscal_code = fiscal_code(&world, &account).await;
    let id = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    let last = prove(&world, &id, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    block(&world, &fiscal_code, "personal", &emergency(&account)).await.expect(200);
    finish(&world, &last, NEW).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_code_blocks_at_once_without_username_and_password() {
    let world = World::new().await;
    let personal = world.active().await;
    let code = fiscal_code(&world, &personal).await;
    // One person with two identities: the type tells which.
    let both = NewHolder { kind: IdentityType::Professional, fiscal_code: code.clone(), ..world.holder() };
    let professional = world.make(both).await;
    let session = world.sign_in(&professional).await;
    block(&world, &code, "personal", &emergency(&professional)).await.refused(401, "recovery-refused");
    block(&world, &code, "minor", &emergency(&professional)).await.refused(401, "recovery-refused");
    block(&world, "RSSMRA85C57H501X", "professional", &emergency(&professional)).await.refused(422, "person-refused");
    let blocked = block(&world, &code.to_lowercase(), "professional", &emergency(&professional)).await.expect(200);
    assert_eq!(blocked.text_at("/status"), "suspended");
    world.get("/v1/selfcare/identity", &session).await.refused(401, "unauthenticated");
    let token = world.sign_in(&professional).await;
    assert_eq!(world.get("/v1/selfcare/identity", &token).await.text_at("/status"), "suspended");
    let token = world.sign_in(&personal).await;
    assert_eq!(world.get("/v1/selfcare/identity", &token).await.text_at("/status"), "active");
    let subjects = world.subjects(&professional).await;
    assert!(subjects.iter().any(|subject| subject.contains("sospesa")) && subjects.iter().any(|subject| subject.contains("emergenza usato")), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_emergency_code_are_told_and_shut_nobody_s_last_way() {
    let world = World::new().await;
    let account = world.active().await;
    let code = fiscal_code(&world, &account).await;
    let sign_in = world.start(&account).await.expect(201).text_at("/signInId");
    let wrong = "AAAABBBBCCCCDDDD";
    for _ in 0..4 {
        start(&world, &account, wrong).await.refused(401, "recovery-refused");
        block(&world, &code, "personal", wrong).await.refused(401, "recovery-refused");
        world.post(format!("/v1/selfcare/sign-ins/{sign_in}/lost"), json!({ "emergencyCode": wrong })).await.refused(401, "recovery-refused");
    }
    assert_eq!(world.auth(&account).await.recovery_tries, 12);
    // A stranger who knows a fiscal code neither signs the holder out nor takes the emergency block away (row 9 of the attacks).
    world.sign_in(&account).await;
    assert_eq!(
        world.subjects(&account).await.iter().filter(|subject| subject.contains("recupero non riusciti")).count(),
        2,
        "after five and after ten, once a day"
    );
    // Nor does it shut the other way in, or tell of a lock that there is not.
    assert!(world.mails(&account).await.iter().all(|mail| World::link_token(mail, "unlocks").is_none()));
    block(&world, &code, "personal", &emergency(&account)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_security_answer_shut_that_way_and_no_other() {
    let world = World::new().await;
    let account = world.make(NewHolder { security_answer: Some("Perugia".to_owned()), ..world.holder() }).await;
    let answer = async |text: &str| world.post("/v1/selfcare/password-recoveries", json!({ "username": account.username, "securityAnswer": text })).await;
    for _ in 0..5 {
        answer("Terni").await.refused(401, "recovery-refused");
    }
    answer("Perugia").await.refused(401, "recovery-refused");
    world.pass(1800).await;
    for _ in 0..5 {
        answer("Terni").await.refused(401, "recovery-refused");
    }
    world.pass(86_400).await;
    answer("Perugia").await.refused(401, "recovery-refused");
    world.sign_in(&account).await;
    let mails = world.mails(&account).await;
    let links: Vec<_> = mails.iter().filter(|mail| mail.subject.contains("recupero non riusciti")).map(|mail| World::link_token(mail, "unlocks")).collect();
    let token = links.iter().flatten().next().expect("the mail of the lock carries a link");
    assert!(links.iter().any(Option::is_none), "the one of the pause carries none");
    // It opens this way, and hands a guesser of the password nothing.
    world.start_with(&account.username, "Sbagliata-42!").await.refused(401, "sign-in-refused");
    let read = world.send(sportello_tests::Request::new("GET", format!("/v1/selfcare/unlocks/{token}"))).await.expect(200);
    assert_eq!(read.text_at("/action"), "unlock-recovery");
    world.post(format!("/v1/selfcare/unlocks/{token}"), json!({})).await.expect(204);
    assert_eq!((world.auth(&account).await.password_tries, world.auth(&account).await.answer_tries), (1, 0));
    answer("perugia ").await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_emergency_code_leave_the_security_answer_alone_and_a_lock_s_link_is_sent_anew() {
    let world = World::new().await;
    let account = world.make(NewHolder { security_answer: Some("Perugia".to_owned()), ..world.holder() }).await;
    let answer = async |text: &str| world.post("/v1/selfcare/password-recoveries", json!({ "username": account.username, "securityAnswer": text })).await;
    for _ in 0..12 {
        start(&world, &account, "AAAABBBBCCCCDDDD").await.refused(401, "recovery-refused");
    }
    answer("Perugia").await.expect(201);
    for minutes in [0, 31] {
        world.pass(minutes * 60).await;
        for _ in 0..5 {
            answer("Terni").await.refused(401, "recovery-refused");
        }
    }
    let links = async || {
        let mails = world.mails(&account).await;
        mails.iter().filter_map(|mail| World::link_token(mail, "unlocks")).collect::<Vec<_>>()
    };
    assert_eq!(links().await.len(), 1);
    // Three days later the link is over: whoever tries again is sent another one.
    world.pass(3 * 86_400).await;
    answer("Perugia").await.refused(401, "recovery-refused");
    answer("Perugia").await.refused(401, "recovery-refused");
    let all = links().await;
    assert_eq!(all.len(), 2);
    world.post(format!("/v1/selfcare/unlocks/{}", all[1]), json!({})).await.refused(410, "link-not-valid");
    world.post(format!("/v1/selfcare/unlocks/{}", all[0]), json!({})).await.expect(204);
    answer("Perugia").await.expect(201);
}

/// A recovery by answer and message proves nothing of the app: guesses at its codes are not forgiven (row 2 of the attacks).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_a_recovered_password_forgives_no_guess_at_the_second_factor() {
    let world = World::new().await;
    let account = world.active().await;
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    for _ in 0..4 {
        world.otp(&id, "000000").await.refused(401, "sign-in-refused");
    }
    let account = recover(&world, &account).await;
    assert_eq!(world.auth(&account).await.otp_tries, 4);
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    world.otp(&id, "000000").await.refused(401, "sign-in-refused");
    let right = world.fresh_code(&account).await;
    world.otp(&id, &right).await.refused(401, "sign-in-refused");
}

/// Who has lost the phone moves the app, also when somebody has guessed at its codes until they were locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_the_second_factor_closes_no_way_out_of_it() {
    let world = World::new().await;
    let account = world.active().await;
    for minutes in [0, 31] {
        world.pass(minutes * 60).await;
        let id = world.start(&account).await.expect(201).text_at("/signInId");
        for _ in 0..5 {
            world.otp(&id, "000000").await.refused(401, "sign-in-refused");
        }
    }
    let body = json!({ "username": account.username, "password": account.password, "emergencyCode": emergency(&account) });
    let enrolment = world.post("/v1/selfcare/credentials/otp-app/move", body).await.expect(201);
    assert_eq!(world.auth(&account).await.otp_tries, 10, "beginning to move forgives no guess at the app before");
    let moved = Account { totp_secret: Some(enrolment.text_at("/secret")), ..account.clone() };
    let confirm = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&moved) });
    world.post("/v1/selfcare/credentials/otp-app/confirmation", confirm).await.expect(200);
    world.sign_in(&moved).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_the_sessions_ends_what_was_begun_before() {
    let world = World::new().await;
    let account = world.active().await;
    let id = start(&world, &account, &emergency(&account)).await.expect(201).text_at("/recoveryId");
    let last = prove(&world, &id, &world.sms_code().await).await.expect(201).text_at("/recoveryId");
    let body = json!({ "username": account.username, "password": account.password });
    let renewal = world.post("/v1/selfcare/emergency-codes", body).await.expect(201).text_at("/recoveryId");
    let code = world.sms_code().await;
    // The holder reads a mail and says that it was not them: nothing that a thief has under way goes on.
    world.post(format!("/v1/selfcare/blocks/{}", world.link(&account, Purpose::Block, "n1")), json!({})).await.expect(200);
    finish(&world, &last, NEW).await.refused(410, "link-not-valid");
    world.post(format!("/v1/selfcare/emergency-codes/{renewal}"), json!({ "code": code })).await.refused(401, "recovery-refused");
    let moving = json!({ "username": account.username, "password": account.password, "emergencyCode": emergency(&account) });
    world.post("/v1/selfcare/credentials/otp-app/move", moving).await.refused(401, "recovery-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_emergency_code_ends_what_the_old_one_has_begun() {
    let world = World::new().await;
    let account = world.active().await;
    let moving = json!({ "username": account.username, "password": account.password, "emergencyCode": emergency(&account) });
    let enrolment = world.post("/v1/selfcare/credentials/otp-app/move", moving).await.expect(201);
    let thief = Account { totp_secret: Some(enrolment.text_at("/secret")), ..account.clone() };
    let account = renewed(&world, &account).await;
    let confirm = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&thief) });
    world.post("/v1/selfcare/credentials/otp-app/confirmation", confirm).await.refused(401, "proof-refused");
    assert!(world.auth(&account).await.emergency_code.is_some());
    world.sign_in(&account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_username_is_told_only_to_the_contact_on_file() {
    let world = World::new().await;
    let account = world.active().await;
    let code = fiscal_code(&world, &account).await;
    let before = world.mails(&account).await.len();
    let ask = async |code: &str, email: &str, kind: &str| {
        world.post("/v1/selfcare/username-recoveries", json!({ "fiscalCode": code, "email": email, "type": kind })).await
    };
    let somebody = format!("BNCGLI80A41H501{}", check_letter("BNCGLI80A41H501").unwrap());
    let unknown = ask(&somebody, &account.email, "personal").await.expect(204);
    let foreign = ask(&code, "thief@example.it", "personal").await.expect(204);
    let other = ask(&code, &account.email, "business").await.expect(204);
    assert_eq!(world.mails(&account).await.len(), before);
    let right = ask(&code.to_lowercase(), &account.email.to_uppercase(), "personal").await.expect(204);
    for answer in [&foreign, &other, &right] {
        assert_eq!((answer.status, &answer.headers, &answer.text), (unknown.status, &unknown.headers, &unknown.text));
    }
    let mails = world.mails(&account).await;
    assert!(mails.len() == before + 1 && mails[0].text.contains(&account.username), "{:?}", mails[0].text);
    for _ in 0..4 {
        ask(&code, &account.email, "personal").await.expect(204);
    }
    // Three in a day; who asked with another address has used up none.
    assert_eq!(world.mails(&account).await.len(), before + 3);
    ask("RSSMRA85C57H501X", &account.email, "personal").await.refused(422, "person-refused");
    ask(&code, "no address", "personal").await.refused(422, "person-refused");
    world.post("/v1/selfcare/username-recoveries", json!({ "email": "a@example.it", "type": "personal" })).await.refused(422, "person-refused");
    assert_eq!(world.stack.shared.inbox.mails(Some("thief@example.it")).len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_emergency_code_comes_in_two_halves_by_two_ways() {
    let world = World::new().await;
    let account = world.active().await;
    let body = |password: &str| json!({ "username": account.username, "password": password });
    world.post("/v1/selfcare/emergency-codes", body("Sbagliata-42!")).await.refused(401, "recovery-refused");
    let id = world.post("/v1/selfcare/emergency-codes", body(&account.password)).await.expect(201).text_at("/recoveryId");
    let code = world.sms_code().await;
    let finish = async |code: &str| world.post(format!("/v1/selfcare/emergency-codes/{id}"), json!({ "code": code })).await;
    finish("000000").await.refused(401, "recovery-refused");
    finish(&code).await.expect(204);
    finish(&code).await.refused(401, "recovery-refused");
    let fresh = world.emergency_code(&account).await;
    assert_eq!(fresh.len(), 16);
    let (mail, message) = (world.mails(&account).await[0].text.clone(), world.messages().await[0].text.clone());
    assert!(mail.contains(&fresh[..8]) && !mail.contains(&fresh[8..]) && message.contains(&fresh[8..]) && !message.contains(&fresh[..8]));
    world.pass(301).await;
    start(&world, &account, &emergency(&account)).await.refused(401, "recovery-refused");
    start(&world, &account, &fresh).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_number_for_messages_recovery_says_so_to_who_proved_the_code() {
    let world = World::new().await;
    let account = world.make(NewHolder { mobile: None, ..world.holder() }).await;
    start(&world, &account, "AAAABBBBCCCCDDDD").await.refused(401, "recovery-refused");
    start(&world, &account, &emergency(&account)).await.refused(409, "no-mobile");
    let body = json!({ "username": account.username, "password": account.password });
    world.post("/v1/selfcare/emergency-codes", body).await.refused(409, "no-mobile");
    assert_eq!(world.auth(&account).await.recovery_tries, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_26_nobody_learns_who_is_a_holder() {
    let world = World::new().await;
    let account = world.active().await;
    let nobody = Account { username: "nobody@example.it".to_owned(), ..account.clone() };
    for round in 0..6 {
        let known = start(&world, &account, "AAAABBBBCCCCDDDD").await;
        let unknown = start(&world, &nobody, "AAAABBBBCCCCDDDD").await;
        let shown = |answer: &Answer| (answer.status, answer.code().to_owned(), answer.headers.clone());
        assert_eq!(shown(&known), shown(&unknown), "round {round}");
    }
    // The same trips to the database, a mail included: time tells nothing either.
    let trips: Vec<_> = world.stack.shared.observed.all().into_iter().filter(|i| i.id == "selfcare.password.recover.start").collect();
    for pair in trips.chunks(2) {
        let counts: Vec<_> = pair.iter().map(|invocation| invocation.trips.iter().map(|trip| trip.kind).collect::<Vec<_>>()).collect();
        assert_eq!(counts[0], counts[1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_25_who_is_revoked_recovers_and_blocks_nothing() {
    let world = World::new().await;
    let mut state = active(world.now());
    state.revoked_at = Some(world.now());
    let holder = NewHolder { state, ..world.holder() };
    let code = holder.fiscal_code.clone();
    let account = world.make(holder).await;
    start(&world, &account, &emergency(&account)).await.refused(401, "recovery-refused");
    block(&world, &code, "personal", &emergency(&account)).await.refused(401, "recovery-refused");
    let both = json!({ "username": account.username, "password": account.password, "emergencyCode": emergency(&account) });
    world.post("/v1/selfcare/credentials/otp-app/move", both).await.refused(401, "recovery-refused");
    let body = json!({ "username": account.username, "password": account.password });
    world.post("/v1/selfcare/emergency-codes", body).await.refused(401, "recovery-refused");
    assert!(world.messages().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_recovers_stands_in_the_tables_as_it_is() {
    let world = World::new().await;
    let account = world.make(NewHolder { security_answer: Some("Castelvecchio".to_owned()), ..world.holder() }).await;
    let account = renewed(&world, &account).await;
    let code = emergency(&account);
    world.stack.shared.stream.drained().await;
    for table in sportello_contract::spec::Table::ALL {
        let items = world.behind("Scan", json!({ "TableName": world.stack.shared.app.store.table(table) })).await.to_string();
        for secret in [&code, &code[..8], &code[8..], "Castelvecchio", "castelvecchio"] {
            assert!(!items.contains(secret), "{table:?} holds {secret}");
        }
    }
    // What was sealed for its delivery is forgotten after it.
    let outbox = world.behind("Scan", json!({ "TableName": world.stack.shared.app.store.table(sportello_contract::spec::Table::Outbox) })).await;
    assert!(!outbox.to_string().contains("sealed"), "{outbox}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journey_a_lost_phone() {
    let world = World::new().await;
    let account = world.active().await;
    let body = |password: &str, code: &str| json!({ "username": account.username, "password": password, "emergencyCode": code });
    let path = "/v1/selfcare/credentials/otp-app/move";
    world.post(path, body("Sbagliata-42!", &emergency(&account))).await.refused(401, "recovery-refused");
    world.post(path, body(&account.password, "AAAABBBBCCCCDDDD")).await.refused(401, "recovery-refused");
    let enrolment = world.post(path, body(&account.password, &emergency(&account))).await.expect(201);
    let new_phone = Account { totp_secret: Some(enrolment.text_at("/secret")), ..account.clone() };
    let confirm = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&new_phone) });
    world.post("/v1/selfcare/credentials/otp-app/confirmation", confirm).await.expect(200);
    let id = world.start(&account).await.expect(201).text_at("/signInId");
    let old = world.fresh_code(&account).await;
    world.otp(&id, &old).await.refused(401, "sign-in-refused");
    let token = world.sign_in(&new_phone).await;
    let list = world.get("/v1/selfcare/credentials", &token).await;
    let states: Vec<&Value> = list.body["items"].as_array().unwrap().iter().map(|item| &item["state"]).collect();
    assert_eq!(states, ["active", "revoked", "active"]);
    assert_eq!(list.body["emergencyCode"], false);
    let subjects = world.subjects(&account).await;
    assert!(subjects.iter().any(|subject| subject.contains("spostata")), "{subjects:?}");
    world.post(path, body(&account.password, &emergency(&account))).await.refused(401, "recovery-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journey_lost_password_and_phone() {
    let world = World::new().await;
    let account = world.active().await;
    // The number is on a new card already; the app is not.
    let account = recover(&world, &account).await;
    world.pass(301).await;
    let account = renewed(&world, &account).await;
    let body = json!({ "username": account.username, "password": account.password, "emergencyCode": emergency(&account) });
    let enrolment = world.post("/v1/selfcare/credentials/otp-app/move", body).await.expect(201);
    let account = Account { totp_secret: Some(enrolment.text_at("/secret")), ..account };
    let confirm = json!({ "enrolmentId": enrolment.text_at("/enrolmentId"), "code": world.code(&account) });
    world.post("/v1/selfcare/credentials/otp-app/confirmation", confirm).await.expect(200);
    world.sign_in(&account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journey_level_three_lost() {
    let world = World::new().await;
    let account = world.make(NewHolder { credentials: vec![(CredentialKind::SmartCard, None)], ..world.holder() }).await;
    let start = world.start(&account).await.expect(201).text_at("/signInId");
    let code = world.fresh_code(&account).await;
    let last = world.otp(&start, &code).await.expect(201);
    assert_eq!(last.text_at("/next"), "signature");
    let id = last.text_at("/signInId");
    let lost = async |code: &str| world.post(format!("/v1/selfcare/sign-ins/{id}/lost"), json!({ "emergencyCode": code })).await;
    lost("AAAABBBBCCCCDDDD").await.refused(401, "recovery-refused");
    assert_eq!(lost(&emergency(&account)).await.expect(200).body["suspended"], json!(["smart-card"]));
    lost(&emergency(&account)).await.refused(401, "recovery-refused");
    let token = world.sign_in(&account).await;
    assert_eq!(world.get("/v1/selfcare/identity", &token).await.expect(200).text_at("/highestLevel"), "l2");
    let code = world.fresh_code(&account).await;
    let revoke = json!({ "confirmation": "REVOKE", "code": code });
    world.act(&token, "POST", "/v1/selfcare/identity/revocation", revoke).await.refused(409, "downgrade-guard");
    let subjects = world.subjects(&account).await;
    assert!(subjects.iter().any(|subject| subject.contains("Credenziale sospesa")), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_locked_out_gets_back_in_by_recovery() {
    let world = World::new().await;
    let account = world.active().await;
    for round in 0..2 {
        for _ in 0..5 {
            world.start_with(&account.username, "Sbagliata-42!").await.refused(401, "sign-in-refused");
        }
        if round == 0 {
            world.pass(1800).await;
        }
    }
    world.start(&account).await.refused(401, "sign-in-refused");
    let account = recover(&world, &account).await;
    world.sign_in(&account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vat_number_leads_to_the_username_of_its_type() {
    let world = World::new().await;
    let number = "12345678903";
    let holder = NewHolder { kind: IdentityType::Professional, vat_number: Some(number.to_owned()), ..world.holder() };
    let account = world.make(holder).await;
    let ask = async |body: Value| world.post("/v1/selfcare/username-recoveries", body).await;
    let person = |number: &str, kind: &str| json!({ "vatNumber": number, "email": account.email, "type": kind });
    let mistyped = ask(person("12345678904", "professional")).await.refused(422, "person-refused");
    assert_eq!(mistyped.text_at("/field"), "vatNumber");
    ask(person(number, "business")).await.expect(204);
    ask(person("00743110157", "professional")).await.expect(204);
    assert!(world.mails(&account).await.is_empty());
    ask(person(number, "professional")).await.expect(204);
    let mails = world.mails(&account).await;
    assert!(mails.len() == 1 && mails[0].text.contains(&account.username), "{mails:?}");
    assert_eq!(ask(person("1234567890A", "professional")).await.refused(422, "person-refused").text_at("/field"), "vatNumber");
    let mut both = person(number, "professional");
    both["fiscalCode"] = json!("RSSMRA85C57H501Z");
    ask(both).await.refused(422, "person-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_26_blocks_new_codes_and_moves_take_the_same_trips_for_nobody() {
    let world = World::new().await;
    let somebody = format!("BNCGLI80A41H501{}", check_letter("BNCGLI80A41H501").unwrap());
    let wrong = "AAAABBBBCCCCDDDD";
    let ways = [
        ("selfcare.block.emergency", "/v1/selfcare/blocks"),
        ("selfcare.emergency-code.recover.start", "/v1/selfcare/emergency-codes"),
        ("selfcare.otp-app.move", "/v1/selfcare/credentials/otp-app/move"),
    ];
    for (id, path) in ways {
        // Who is met by one way only, as nobody is: tries of the emergency code are one count over all routes.
        let account = world.active().await;
        let code = fiscal_code(&world, &account).await;
        let ask = async |username: &str, fiscal_code: &str| {
            let body = match id {
                "selfcare.block.emergency" => json!({ "fiscalCode": fiscal_code, "type": "personal", "emergencyCode": wrong }),
                "selfcare.otp-app.move" => json!({ "username": username, "password": "Sbagliata-42!", "emergencyCode": wrong }),
                _ => json!({ "username": username, "password": "Sbagliata-42!" }),
            };
            world.post(path, body).await
        };
        let shown = |answer: &Answer| (answer.status, answer.code().to_owned(), answer.headers.clone());
        let nobody = format!("nobody-{id}");
        for round in 0..6 {
            let known = ask(&account.username, &code).await;
            let unknown = ask(&nobody, &somebody).await;
            assert_eq!(shown(&known), shown(&unknown), "{id}, round {round}");
        }
        let trips: Vec<_> = world.stack.shared.observed.all().into_iter().filter(|invocation| invocation.id == id).collect();
        assert_eq!(trips.len(), 12);
        for (round, pair) in trips.chunks(2).enumerate() {
            let kinds: Vec<_> = pair.iter().map(|invocation| invocation.trips.iter().map(|trip| trip.kind).collect::<Vec<_>>()).collect();
            assert_eq!(kinds[0], kinds[1], "{id}, round {round}");
        }
    }
}
