//! The identity's life: suspended, lifted, kept, revoked, by its holder and by time (rules 32-38).

use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::{Value, json};
use sportello_local::demo::{Account, NewHolder, active};
use sportello_local::stack::{Options, local_policy};
use sportello_rules::calendar::{add_months_to, date_of, sub_months};
use sportello_rules::identity::{IdentityState, IdentityType, SuspensionReason};
use sportello_rules::policy::RevocationPolicy;
use sportello_rules::service::CredentialKind;
use sportello_tests::{Answer, Request, World, at_once};

const DAY: i64 = 86_400;

async fn act(world: &World, token: &str, what: &str, body: Value) -> Answer {
    world.send(Request::new("POST", format!("/v1/selfcare/identity/{what}")).token(token).json(body)).await
}

/// A holder with a customer's service, signed in.
async fn known(world: &World) -> (Account, String, String, String) {
    let (carla, owner) = world.customer().await;
    let (service, holder) = world.service(owner, IdentityType::Personal, active(world.now()), world.now()).await;
    let token = world.sign_in(&holder).await;
    let customer = world.sign_in_customer(&carla).await;
    (holder, token, service, customer)
}

async fn shown(world: &World, service: &str, customer: &str) -> String {
    world.get(format!("/v1/customer/services/{service}"), customer).await.expect(200).text_at("/status")
}

async fn code(world: &World, account: &Account) -> Value {
    json!({ "code": world.fresh_code(account).await })
}

async fn status(world: &World, account: &Account) -> Answer {
    let token = world.sign_in(account).await;
    world.get("/v1/selfcare/identity", &token).await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_holder_suspends_at_once_and_lifts_it_again() {
    let world = World::new().await;
    let (holder, token, service, customer) = known(&world).await;
    act(&world, &token, "suspension", json!({})).await.refused(400, "missing-field");
    act(&world, &token, "suspension", json!({ "code": "000000" })).await.refused(401, "proof-refused");
    act(&world, &token, "reactivation", code(&world, &holder).await).await.refused(409, "not-suspended");
    let suspended = act(&world, &token, "suspension", code(&world, &holder).await).await.expect(200);
    let ends: jiff::Timestamp = suspended.text_at("/endsAt").parse().unwrap();
    let left = ends.duration_since(world.now());
    assert!(left <= SignedDuration::from_hours(24 * 30) && left > SignedDuration::from_hours(24 * 30 - 1));
    world.get("/v1/selfcare/identity", &token).await.refused(401, "unauthenticated");
    assert_eq!(shown(&world, &service, &customer).await, "suspended");
    let token = world.sign_in(&holder).await;
    let lifted = act(&world, &token, "reactivation", code(&world, &holder).await).await.expect(200);
    assert_eq!((lifted.text_at("/status").as_str(), &lifted.body["reasons"]), ("active", &json!([])));
    assert_eq!(shown(&world, &service, &customer).await, "active");
    let subjects = world.subjects(&holder).await;
    assert!(subjects[0].contains("Sospensione terminata") && subjects[2].contains("sospesa"), "{subjects:?}");
    // Nothing more happens at the thirtieth day of what was lifted.
    let before = subjects.len();
    world.pass(31 * DAY).await;
    assert_eq!(world.subjects(&holder).await.len(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_again_extends_nothing_and_a_code_is_good_once() {
    let world = World::new().await;
    let (holder, token, ..) = known(&world).await;
    let first = act(&world, &token, "suspension", code(&world, &holder).await).await.expect(200).text_at("/endsAt");
    world.pass(10 * DAY).await;
    let token = world.sign_in(&holder).await;
    let used = code(&world, &holder).await;
    assert_eq!(act(&world, &token, "suspension", used.clone()).await.expect(200).text_at("/endsAt"), first);
    act(&world, &token, "reactivation", used).await.refused(401, "proof-refused");
    assert_eq!(world.subjects(&holder).await.iter().filter(|subject| subject.contains("sospesa")).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_second_factor_the_password_confirms() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    act(&world, &token, "suspension", json!({ "code": "123456" })).await.refused(400, "missing-field");
    act(&world, &token, "suspension", json!({ "password": "Sbagliata-42!" })).await.refused(401, "proof-refused");
    act(&world, &token, "suspension", json!({ "password": account.password })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_reason_lifted_leaves_the_others() {
    let world = World::new().await;
    let mut state = active(world.now());
    for reason in [SuspensionReason::Holder, SuspensionReason::SharedContact] {
        state.suspensions.insert(reason, world.now());
    }
    let account = world.make(NewHolder { state, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let lifted = act(&world, &token, "reactivation", code(&world, &account).await).await.expect(200);
    assert_eq!((lifted.text_at("/status").as_str(), &lifted.body["reasons"]), ("suspended", &json!(["shared-contact"])));
    act(&world, &token, "reactivation", code(&world, &account).await).await.refused(409, "not-suspended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_activated_neither_suspends_nor_revokes() {
    let world = World::new().await;
    let account = world.make(NewHolder { state: IdentityState::default(), ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    for (what, body) in [("suspension", json!({ "code": "1" })), ("reactivation", json!({ "code": "1" })), ("revocation", json!({ "confirmation": "REVOKE" }))]
    {
        act(&world, &token, what, body).await.refused(403, "status-not-allowed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_days_pass_with_a_valid_document() {
    let world = World::new().await;
    let (customer, owner) = world.customer().await;
    let (service, holder) = world.service(owner, IdentityType::Personal, active(world.now()), world.now()).await;
    let token = world.sign_in(&holder).await;
    act(&world, &token, "suspension", code(&world, &holder).await).await.expect(200);
    world.pass(30 * DAY - 3600).await;
    assert_eq!(status(&world, &holder).await.text_at("/status"), "suspended");
    assert!(!world.subjects(&holder).await.iter().any(|subject| subject.contains("terminata")));
    world.pass(2 * 3600).await;
    assert_eq!(status(&world, &holder).await.text_at("/status"), "active");
    assert!(world.subjects(&holder).await.iter().any(|subject| subject.contains("terminata")));
    let again = world.sign_in_customer(&customer).await;
    assert_eq!(shown(&world, &service, &again).await, "active", "written by the job, not only computed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_days_pass_with_an_expired_document() {
    let world = World::new().await;
    let expires = date_of(world.now() + SignedDuration::from_hours(24 * 20));
    let account = world.make(NewHolder { document_expires_on: Some(expires), ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    act(&world, &token, "suspension", code(&world, &account).await).await.expect(200);
    world.pass(32 * DAY).await;
    let now = status(&world, &account).await;
    assert_eq!(now.text_at("/status"), "suspended");
    let reasons: Vec<_> = now.body["reasons"].as_array().unwrap().iter().map(|reason| reason["reason"].as_str().unwrap().to_owned()).collect();
    assert_eq!(reasons, ["holder", "document-expired"]);
    let subjects = world.subjects(&account).await;
    assert_eq!(subjects.iter().filter(|subject| subject.contains("La sospensione continua")).count(), 1, "told why, once: {subjects:?}");
    assert_eq!(subjects.iter().filter(|subject| subject.contains("sospesa")).count(), 2, "by the holder, and for the document");
    let mail = world.mails(&account).await.into_iter().find(|mail| mail.subject.contains("continua")).unwrap();
    assert!(mail.text.contains("documento di identità che ci hai dato è scaduto") && !mail.text.contains("rinnovarla"));
    world.pass(3 * DAY).await;
    assert_eq!(world.subjects(&account).await.iter().filter(|subject| subject.contains("continua")).count(), 1);
}

/// Rule 33: what was kept at day 30 is kept; that a requirement is met later lifts nothing by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_that_was_kept_is_lifted_by_its_holder_only_although_the_contract_is_renewed() {
    let world = World::new().await;
    let (customer, owner) = world.customer().await;
    let expires_on = date_of(world.now() + SignedDuration::from_hours(24 * 20));
    let holder = NewHolder { kind: IdentityType::Professional, expires_on: Some(expires_on), document_expires_on: None, ..world.holder() };
    let (service, account) = world.sold(owner, holder).await;
    let token = world.sign_in(&account).await;
    act(&world, &token, "suspension", code(&world, &account).await).await.expect(200);
    world.pass(31 * DAY).await;
    let mut commit = sportello_store::commit::Commit::new();
    commit.update_auth(
        sportello_store::commit::Commit::auth(&world.owner(&account)).expires_on(sportello_rules::calendar::add_months(expires_on, 12)),
        sportello_contract::problem::Code::Internal,
    );
    world.cx().store.commit(commit).await.unwrap();
    assert_eq!(status(&world, &account).await.text_at("/status"), "suspended");
    let token = world.sign_in(&account).await;
    act(&world, &token, "reactivation", code(&world, &account).await).await.expect(200);
    assert_eq!(status(&world, &account).await.text_at("/status"), "active");
    let again = world.sign_in_customer(&customer).await;
    assert_eq!(shown(&world, &service, &again).await, "active");
}

/// Rules 4 and 38: the birthday counts from its first instant, whether or not a job has run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_came_of_age_is_suspended_and_chooses_before_any_job_has_run() {
    let world = World::new().await;
    let now = world.now();
    let born = sub_months(date_of(now + SignedDuration::from_hours(24 * 2)), 18 * 12);
    let minor = NewHolder { kind: IdentityType::Minor, birth_date: born, document_expires_on: None, expires_on: None, ..world.holder() };
    let account = world.make(minor).await;
    let birthday = sportello_rules::calendar::start_of_day(sportello_rules::calendar::birthday(born, 18));
    world.stack.shared.clock.move_to(birthday - SignedDuration::from_secs(60)).unwrap();
    let session = world.sign_in(&account).await;
    let read = world.get("/v1/selfcare/identity", &session).await.expect(200);
    assert_eq!(read.text_at("/status"), "active");
    world.stack.shared.clock.move_to(birthday + SignedDuration::from_secs(1)).unwrap();
    let read = world.get("/v1/selfcare/identity", &session).await.expect(200);
    assert_eq!((read.text_at("/status"), read.text_at("/reasons/0/reason")), ("suspended".into(), "turned-18".into()));
    world.stack.shared.clock.move_to(birthday + SignedDuration::from_secs(61)).unwrap();
    let body = json!({ "choice": "keep", "code": world.code(&account) });
    assert_eq!(act(&world, &session, "adult-choice", body).await.expect(200).text_at("/status"), "active");
    // The job finds nothing to do any more.
    world.pass(2 * 3600).await;
    assert_eq!(status(&world, &account).await.text_at("/status"), "active");
    assert!(!world.subjects(&account).await.iter().any(|subject| subject.contains("è sospesa")));
}

/// Rule 37: the last notice's days count from when it goes out, also where the job comes late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_notice_that_goes_out_late_puts_the_revocation_off() {
    let world = World::new().await;
    let limit = world.now() + SignedDuration::from_mins(30);
    let used = sportello_rules::calendar::add_months(date_of(limit), -24);
    let used = limit.to_zoned(sportello_rules::calendar::rome().clone()).with().date(used).build().unwrap().timestamp();
    let holder = NewHolder { last_used_at: Some(used), document_expires_on: None, expires_on: None, ..world.holder() };
    let account = world.make(holder).await;
    world.pass(3600).await;
    let warned = world.mails(&account).await.into_iter().find(|mail| mail.subject.contains("non è usata")).expect("the last notice");
    assert!(warned.text.contains("1 giorno"), "{}", warned.text);
    world.pass(20 * 3600).await;
    assert!(!world.subjects(&account).await.iter().any(|subject| subject.contains("revocata")));
    world.pass(5 * 3600).await;
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("revocata")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_for_fraud_ends_after_its_days() {
    let world = World::new().await;
    let mut state = active(world.now());
    state.suspensions.insert(SuspensionReason::Fraud, world.now());
    let account = world.make(NewHolder { state, ..world.holder() }).await;
    world.pass(29 * DAY).await;
    assert!(world.subjects(&account).await.is_empty());
    world.pass(DAY + 3600).await;
    assert_eq!(world.subjects(&account).await.len(), 1);
    assert_eq!(status(&world, &account).await.text_at("/status"), "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_is_final_and_takes_everything_along() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let (service, holder) = world.service(owner, IdentityType::Business, active(world.now()), world.now()).await;
    let (token, customer) = (world.sign_in(&holder).await, world.sign_in_customer(&carla).await);
    act(&world, &token, "revocation", json!({ "confirmation": "yes", "code": "000000" })).await.refused(400, "invalid-field");
    let body = json!({ "confirmation": "REVOKE", "code": world.fresh_code(&holder).await });
    act(&world, &token, "revocation", body).await.expect(200);
    world.get("/v1/selfcare/identity", &token).await.refused(401, "unauthenticated");
    world.start(&holder).await.refused(401, "sign-in-refused");
    let seen = world.get(format!("/v1/customer/services/{service}"), &customer).await.expect(200);
    assert_eq!(seen.text_at("/status"), "revoked");
    let cx = world.cx();
    let records = cx.store.holder(&world.owner(&holder)).await.unwrap().unwrap();
    assert!(records.auth.totp.is_none() && !records.auth.auto_renewal);
    assert!(records.auth.credentials.iter().all(|credential| credential.dates.revoked_at.is_some()) && !records.auth.credentials.is_empty());
    let told = world.subjects(&holder).await;
    assert!(told[0].contains("revocata"), "{told:?}");
    // No warning, no renewal, no second revocation, whatever time passes.
    world.pass(900 * DAY).await;
    assert_eq!(world.subjects(&holder).await.len(), told.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_provider_wants_a_form_nothing_is_revoked_online() {
    let mut policy = local_policy();
    policy.identity.revocation = RevocationPolicy::SignedForm;
    let world = World::on(Options { policy: Some(policy), ..Options::default() }).await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    let body = json!({ "confirmation": "REVOKE", "code": world.fresh_code(&account).await });
    act(&world, &token, "revocation", body).await.refused(409, "revocation-by-form");
    world.get("/v1/selfcare/identity", &token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_changes_of_one_identity_are_told_once() {
    let world = World::new().await;
    let account = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let before = world.subjects(&account).await.len();
    let answers = at_once(4, |_| act(&world, &token, "suspension", json!({ "password": account.password }))).await;
    assert!(answers.iter().any(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(world.subjects(&account).await.len(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unused_for_more_than_24_months_is_revoked_after_four_warnings() {
    let world = World::new().await;
    let used = world.now() - SignedDuration::from_hours(24 * 600);
    let account = world.make(NewHolder { last_used_at: Some(used), document_expires_on: None, expires_on: None, ..world.holder() }).await;
    let revoked = |subjects: &[String]| subjects.iter().filter(|subject| subject.contains("revocata")).count();
    let warned = |subjects: &[String]| subjects.iter().filter(|subject| subject.contains("non è usata")).count();
    let limit = add_months_to(used, 24);
    world.move_to(limit - SignedDuration::from_hours(48)).await;
    let subjects = world.subjects(&account).await;
    assert_eq!((warned(&subjects), revoked(&subjects)), (3, 0), "90, 30 and 10 days before: {subjects:?}");
    world.pass(4 * DAY).await;
    let subjects = world.subjects(&account).await;
    assert_eq!((warned(&subjects), revoked(&subjects)), (4, 1), "{subjects:?}");
    world.start(&account).await.refused(401, "sign-in-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_cancels_the_warnings_and_they_begin_anew() {
    let world = World::new().await;
    let used = world.now() - SignedDuration::from_hours(24 * 640);
    let account = world.make(NewHolder { last_used_at: Some(used), document_expires_on: None, expires_on: None, totp: false, ..world.holder() }).await;
    world.pass(10 * DAY).await;
    let warned = |subjects: Vec<String>| subjects.iter().filter(|subject| subject.contains("non è usata")).count();
    assert_eq!(warned(world.subjects(&account).await), 1);
    world.sign_in(&account).await;
    world.pass(120 * DAY).await;
    assert_eq!(warned(world.subjects(&account).await), 1, "nothing pending is sent after a use");
    // By then the password has expired, which changes nothing of this.
    world.pass(560 * DAY).await;
    assert!(warned(world.subjects(&account).await) >= 2, "the same days count anew");
}

/// Rule 38: the parent's number does not become the grown-up's own by the choice; and who has a Personal identity already keeps no second one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeping_the_identity_gives_no_second_factor_and_no_second_identity() {
    let world = World::new().await;
    let mobile = Some("+393331112223".to_owned());
    let born = sub_months(date_of(world.now()), 18 * 12);
    let minor = NewHolder { kind: IdentityType::Minor, birth_date: born, document_expires_on: None, expires_on: None, ..world.holder() };
    let account = world.make(NewHolder { mobile: mobile.clone(), parent_mobile: mobile, ..minor }).await;
    let keep = |code: String| json!({ "choice": "keep", "code": code });
    let session = world.sign_in(&account).await;
    act(&world, &session, "adult-choice", keep(world.fresh_code(&account).await)).await.expect(200);
    let body = json!({ "username": account.username, "emergencyCode": account.emergency_code });
    world.post("/v1/selfcare/password-recoveries", body).await.refused(409, "no-mobile");

    let minor = NewHolder { kind: IdentityType::Minor, birth_date: born, document_expires_on: None, expires_on: None, ..world.holder() };
    let personal = world.make(NewHolder { fiscal_code: minor.fiscal_code.clone(), ..world.holder() }).await;
    let account = world.make(minor).await;
    let session = world.sign_in(&account).await;
    let code = world.fresh_code(&account).await;
    act(&world, &session, "adult-choice", keep(code.clone())).await.refused(409, "already-held");
    assert_eq!(world.auth(&account).await.otp_tries, 0, "a right code is no failed try");
    let start = world.start(&account).await.expect(201).text_at("/signInId");
    world.otp(&start, &code).await.refused(401, "sign-in-refused");
    world.sign_in(&personal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minor_comes_of_age_and_is_suspended() {
    let world = World::new().await;
    let born = date_of(world.now()).year() - 18;
    // One whose birthday is in twenty days, and one born on 29 February, who comes of age on the day after 28 February.
    let soon = sub_months(date_of(world.now() + SignedDuration::from_hours(24 * 20)), 18 * 12);
    let leap = (born + 1..).find(|year| date(*year, 1, 1).in_leap_year()).unwrap();
    let minor = |birth_date| NewHolder { kind: IdentityType::Minor, birth_date, document_expires_on: None, expires_on: None, ..world.holder() };
    let first = world.make(minor(soon)).await;
    let session = world.sign_in(&first).await;
    world.pass(21 * DAY).await;
    world.get("/v1/selfcare/identity", &session).await.refused(401, "unauthenticated");
    let now = status(&world, &first).await;
    assert_eq!((now.text_at("/status").as_str(), now.text_at("/reasons/0/reason").as_str()), ("suspended", "turned-18"));
    let token = world.sign_in(&first).await;
    let body = json!({ "choice": "keep", "code": world.fresh_code(&first).await });
    assert_eq!(act(&world, &token, "adult-choice", body).await.expect(200).text_at("/status"), "active");
    let birthday = sportello_rules::calendar::birthday(date(leap, 2, 29), 18);
    let begins = sportello_rules::calendar::start_of_day(birthday);
    world.move_to(begins - SignedDuration::from_hours(24 * 10)).await;
    let second = world.make(NewHolder { last_used_at: Some(world.now()), ..minor(date(leap, 2, 29)) }).await;
    world.move_to(begins - SignedDuration::from_hours(1)).await;
    assert!(!world.subjects(&second).await.iter().any(|subject| subject.contains("sospesa")));
    world.pass(2 * 3600).await;
    assert_eq!(world.subjects(&second).await.iter().filter(|subject| subject.contains("sospesa")).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_about_to_expire_are_announced_three_times_each() {
    let world = World::new().await;
    let card = date_of(world.now() + SignedDuration::from_hours(24 * 120));
    let credentials = vec![(CredentialKind::SmartCard, Some(card)), (CredentialKind::RemoteSignature, Some(card))];
    let account = world.make(NewHolder { credentials, document_expires_on: None, ..world.holder() }).await;
    world.pass(150 * DAY).await;
    let told = world.mails(&account).await.into_iter().filter(|mail| mail.subject.contains("sta per scadere")).collect::<Vec<_>>();
    assert_eq!(told.len(), 6, "at three months, 30 and 7 days, for each");
    assert_eq!(told.iter().filter(|mail| mail.text.contains("smart card")).count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_revoked_unwarned_however_late_the_job_comes() {
    let world = World::new().await;
    // Unused for far longer than 24 months when the first job looks: as after a restored table.
    let used = world.now() - SignedDuration::from_hours(24 * 900);
    let account = world.make(NewHolder { last_used_at: Some(used), document_expires_on: None, expires_on: None, ..world.holder() }).await;
    world.pass(2 * 3600).await;
    let subjects = world.subjects(&account).await;
    assert!(subjects.len() == 1 && subjects[0].contains("non è usata"), "warned first: {subjects:?}");
    world.pass(20 * 3600).await;
    assert_eq!(world.subjects(&account).await.len(), 1, "and given its day");
    world.pass(6 * 3600).await;
    assert!(world.subjects(&account).await[0].contains("revocata"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_that_is_kept_holds_up_no_other_end() {
    let world = World::new().await;
    let mut state = active(world.now());
    state.suspensions.insert(SuspensionReason::Holder, world.now());
    state.suspensions.insert(SuspensionReason::Fraud, world.now() + SignedDuration::from_hours(24 * 5));
    let expires_on = date_of(world.now() + SignedDuration::from_hours(24 * 20));
    // The contract ends while both are in force.
    let account = world.make(NewHolder { state, expires_on: Some(expires_on), document_expires_on: None, ..world.holder() }).await;
    world.pass(31 * DAY).await;
    let kept = |subjects: &[String]| subjects.iter().filter(|subject| subject.contains("continua")).count();
    assert_eq!(kept(&world.subjects(&account).await), 1, "the holder's");
    world.pass(5 * DAY).await;
    assert_eq!(kept(&world.subjects(&account).await), 2, "and the other's, at its own end");
    world.pass(100 * DAY).await;
    assert_eq!(kept(&world.subjects(&account).await), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_cannot_be_done_is_told_and_not_forgotten() {
    let world = World::new().await;
    let (_, owner) = world.customer().await;
    let mut state = active(world.now());
    state.suspensions.insert(SuspensionReason::Holder, world.now() - SignedDuration::from_hours(24 * 31));
    let (_, account) = world.service(owner, IdentityType::Personal, state, world.now()).await;
    let services = world.behind("Scan", json!({ "TableName": "sportello-orders" })).await;
    let service = services["Items"].as_array().unwrap().iter().find(|item| item["sk"]["S"].as_str().unwrap().starts_with("SERVICE#")).unwrap();
    let key = json!({ "pk": service["pk"], "sk": service["sk"] });
    world.behind("DeleteItem", json!({ "TableName": "sportello-orders", "Key": key })).await;
    let job = world.stack.shared.jobs.iter().find(|job| job.spec.id == "jobs.suspension.end").unwrap();
    let run = || job.run(world.stack.shared.app.clone(), json!({}), "r".to_owned());
    assert_eq!(run().await.unwrap()["batchItemFailures"].as_array().unwrap().len(), 1, "an item without its service is a failure, not somebody else's work");
    world.behind("PutItem", json!({ "TableName": "sportello-orders", "Item": service })).await;
    let done = run().await.unwrap();
    assert_eq!((&done["done"], done["batchItemFailures"].as_array().unwrap().len()), (&json!(1), 0));
    assert!(world.subjects(&account).await[0].contains("terminata"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_request_to_revoke_is_a_pre_filled_file() {
    let world = World::new().await;
    let account = world.active().await;
    let token = world.sign_in(&account).await;
    let file = world.get("/v1/selfcare/identity/revocation-form", &token).await.expect(200);
    assert_eq!(file.header("content-type"), Some("application/pdf"));
    assert!(file.text.starts_with("%PDF-1.") && file.text.trim_end().ends_with("%%EOF"), "a whole file");
    // It is filled in with the data of who downloads it.
    let profile = world.get("/v1/selfcare/profile", &token).await.expect(200);
    let file = lopdf::Document::load_mem(&world.download("/v1/selfcare/identity/revocation-form", &token).await).unwrap();
    let pages: Vec<u32> = file.get_pages().into_keys().collect();
    let words = file.extract_text(&pages).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for field in ["givenName", "familyName", "fiscalCode", "spidCode", "email", "birthPlace", "residence/address"] {
        let value = profile.text_at(&format!("/{field}"));
        assert!(words.contains(&value), "{field}: {value} misses in {words}");
    }
    world.send(Request::new("GET", "/v1/selfcare/identity/revocation-form")).await.refused(401, "unauthenticated");
}

/// A minor who waits for the choice since a moment ago, with the customer's service, signed in.
async fn grown_up(world: &World) -> (Account, String, String, String) {
    let (carla, owner) = world.customer().await;
    let mut state = active(world.now());
    state.suspensions.insert(SuspensionReason::Turned18, world.now());
    let (service, account) = world.service(owner, IdentityType::Minor, state, world.now()).await;
    let token = world.sign_in(&account).await;
    let customer = world.sign_in_customer(&carla).await;
    (account, token, service, customer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_come_of_age_keeps_the_identity_as_a_personal_one() {
    let world = World::new().await;
    let (account, token, service, customer) = grown_up(&world).await;
    let fiscal_code = world.get("/v1/selfcare/profile", &token).await.expect(200).text_at("/fiscalCode");
    act(&world, &token, "adult-choice", json!({ "choice": "keep" })).await.refused(400, "missing-field");
    act(&world, &token, "adult-choice", json!({ "choice": "keep", "code": "000000" })).await.refused(401, "proof-refused");
    let code = world.fresh_code(&account).await;
    let kept = act(&world, &token, "adult-choice", json!({ "choice": "keep", "code": code })).await.expect(200);
    assert_eq!((kept.text_at("/status").as_str(), kept.text_at("/type").as_str()), ("active", "personal"));
    let now = status(&world, &account).await;
    assert_eq!((now.text_at("/status").as_str(), now.text_at("/type").as_str()), ("active", "personal"));
    let shown = world.get(format!("/v1/customer/services/{service}"), &customer).await.expect(200);
    assert_eq!((shown.text_at("/status").as_str(), shown.text_at("/type").as_str()), ("active", "personal"));
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("Sospensione terminata")));
    let token = world.sign_in(&account).await;
    let code = world.fresh_code(&account).await;
    act(&world, &token, "adult-choice", json!({ "choice": "keep", "code": code })).await.refused(409, "no-choice-due");
    // Who blocks in an emergency names the new type, and finds nobody by the old one.
    let block = |kind: &str| json!({ "fiscalCode": fiscal_code, "type": kind, "emergencyCode": account.emergency_code });
    world.post("/v1/selfcare/blocks", block("minor")).await.refused(401, "recovery-refused");
    world.post("/v1/selfcare/blocks", block("personal")).await.expect(200);
    // The birthday is over: no job suspends it anew.
    world.pass(40 * DAY).await;
    assert_eq!(status(&world, &account).await.text_at("/type"), "personal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_come_of_age_may_end_the_identity() {
    let world = World::new().await;
    let (account, token, service, customer) = grown_up(&world).await;
    let code = world.fresh_code(&account).await;
    let closed = act(&world, &token, "adult-choice", json!({ "choice": "close", "code": code })).await.expect(200);
    assert_eq!(closed.text_at("/status"), "revoked");
    assert_eq!(shown(&world, &service, &customer).await, "revoked");
    world.start(&account).await.refused(401, "sign-in-refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_choices_at_once_are_one() {
    let world = World::new().await;
    let (account, token, ..) = grown_up(&world).await;
    let code = world.fresh_code(&account).await;
    let answers = at_once(6, |i| {
        let body = json!({ "choice": if i % 2 == 0 { "keep" } else { "close" }, "code": code });
        act(&world, &token, "adult-choice", body)
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_lost_a_level_waits_with_the_choice_at_eighteen_too() {
    let world = World::new().await;
    let mut state = active(world.now());
    state.suspensions.insert(SuspensionReason::Turned18, world.now());
    let yesterday = date_of(world.now()).yesterday().unwrap();
    let credentials = vec![(CredentialKind::OtpToken, Some(yesterday))];
    let account = world.make(NewHolder { kind: IdentityType::Minor, state, totp: false, credentials, ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    for choice in ["keep", "close"] {
        act(&world, &token, "adult-choice", json!({ "choice": choice, "password": account.password })).await.refused(409, "downgrade-guard");
    }
    let close = json!({ "confirmation": "REVOKE", "password": account.password });
    act(&world, &token, "revocation", close).await.refused(409, "downgrade-guard");
    world.pass(3 * DAY).await;
    let token = world.sign_in(&account).await;
    act(&world, &token, "adult-choice", json!({ "choice": "keep", "password": account.password })).await.expect(200);
}
