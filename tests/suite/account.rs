//! The customer's account: opened, recovered, changed, protected by an app (rule 59).

use serde_json::{Value, json};
use sportello_local::catcher::CaughtMail;
use sportello_local::demo::Account;
use sportello_local::journey::unbase32;
use sportello_rules::otp::totp_code;
use sportello_runtime::token::Purpose;
use sportello_store::key::OwnerKind;
use sportello_tests::{Answer, Request, World, at_once};

const ACCOUNT: &str = "/v1/customer/account";
const NEW: &str = "gatti rossi sul tetto 7";
const OTHER: &str = "nuvole basse a Trieste";

/// Mails to an address, newest first.
async fn mails(world: &World, address: &str) -> Vec<CaughtMail> {
    world.stack.shared.stream.drained().await;
    world.stack.shared.inbox.mails(Some(address))
}

/// The token of the newest mail to an address.
async fn token(world: &World, address: &str, part: &str) -> String {
    World::link_token(&mails(world, address).await[0], part).unwrap()
}

async fn register(world: &World, address: &str) -> Answer {
    world.post(ACCOUNT, json!({ "email": address })).await
}

fn opening(password: &str) -> Value {
    json!({ "new": password, "confirmation": password, "givenName": "Carla", "familyName": "Neri" })
}

/// An account that was opened by the link of its mail.
async fn opened(world: &World) -> Account {
    let address = world.username();
    register(world, &address).await.expect(204);
    let token = token(world, &address, "confirmations").await;
    let answer = world.post(format!("{ACCOUNT}/confirmations/{token}"), opening(NEW)).await.expect(201);
    Account {
        kind: OwnerKind::Customer,
        username: answer.text_at("/username"),
        password: NEW.into(),
        totp_secret: None,
        emergency_code: None,
        r#type: None,
        email: address,
        what: String::new(),
    }
}

async fn sign_in(world: &World, account: &Account, code: Option<&str>) -> Answer {
    let mut body = json!({ "username": account.username, "password": account.password });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    world.post("/v1/customer/sessions", body).await
}

fn code(world: &World, secret: &str) -> String {
    totp_code(&unbase32(secret).unwrap(), world.now(), &world.policy().totp).unwrap()
}

/// Protects an account by an app, and answers its secret and the recovery codes.
async fn protect(world: &World, account: &Account) -> (String, Vec<String>) {
    let session = sign_in(world, account, None).await.expect(201).text_at("/token");
    let begun = world.act(&session, "POST", format!("{ACCOUNT}/otp-app"), json!({ "password": account.password })).await.expect(201);
    let secret = begun.text_at("/secret");
    let body = json!({ "enrolmentId": begun.text_at("/enrolmentId"), "code": code(world, &secret) });
    let done = world.act(&session, "POST", format!("{ACCOUNT}/otp-app/confirmation"), body).await.expect(200);
    world.get(ACCOUNT, &session).await.refused(401, "unauthenticated");
    let codes = done.body["recoveryCodes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    (secret, codes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_opened_by_the_link_of_its_mail_and_by_nothing_else() {
    let world = World::new().await;
    let address = world.username();
    register(&world, &address).await.expect(204);
    let mail = &mails(&world, &address).await[0];
    assert!(mail.subject.ends_with("Conferma il tuo indirizzo") && mail.text.starts_with("Ciao,\n\n"), "{}", mail.text);
    // Until then there is no account, whatever is tried.
    world.post("/v1/customer/sessions", json!({ "username": address, "password": NEW })).await.refused(401, "sign-in-refused");
    let path = format!("{ACCOUNT}/confirmations/{}", World::link_token(mail, "confirmations").unwrap());
    let read = world.send(Request::new("GET", &path)).await.expect(200);
    assert_eq!((read.text_at("/action"), read.text_at("/email")), ("open-account".into(), address.clone()));
    assert_eq!(world.post("/v1/customer/sessions", json!({ "username": address, "password": NEW })).await.status, 401, "reading opens nothing");
    let answer = world.post(&path, opening(NEW)).await.expect(201);
    assert_eq!(answer.text_at("/username"), address);
    assert!(mails(&world, &address).await[0].subject.ends_with("Il tuo account è aperto"));
    let session = world.post("/v1/customer/sessions", json!({ "username": address.to_uppercase(), "password": NEW })).await.expect(201).text_at("/token");
    let account = world.get(ACCOUNT, &session).await.expect(200);
    assert_eq!((account.text_at("/email"), account.text_at("/givenName"), account.body["otpActive"].as_bool()), (address.clone(), "Carla".into(), Some(false)));
    assert_eq!(world.get("/v1/customer/services", &session).await.expect(200).body["items"], json!([]));
    // The link is used up.
    world.post(&path, opening(OTHER)).await.refused(410, "link-not-valid");
    world.send(Request::new("GET", &path)).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_of_a_registration_is_over_after_its_hours_and_one_of_many_opens_the_account() {
    let world = World::new().await;
    let address = world.username();
    register(&world, &address).await.expect(204);
    let first = format!("{ACCOUNT}/confirmations/{}", token(&world, &address, "confirmations").await);
    world.pass(24 * 3600 - 10).await;
    world.send(Request::new("GET", &first)).await.expect(200);
    world.pass(10).await;
    world.send(Request::new("GET", &first)).await.refused(410, "link-not-valid");
    world.post(&first, opening(NEW)).await.refused(410, "link-not-valid");
    let mut links = Vec::new();
    for _ in 0..2 {
        register(&world, &address).await.expect(204);
        links.push(format!("{ACCOUNT}/confirmations/{}", token(&world, &address, "confirmations").await));
    }
    let answers = at_once(10, |index| world.post(&links[index % 2], opening(NEW))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409 | 410)), "{answers:?}");
}

/// Row 23: a stranger asks for an account with another's address, and waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_23_who_registers_another_s_address_beforehand_has_nothing_of_the_account() {
    let world = World::new().await;
    let address = world.username();
    let stranger = Request::new("POST", ACCOUNT).json(json!({ "email": address })).header("accept-language", "en");
    world.send(stranger).await.expect(204);
    // What was asked holds no password, no name and no session: the body takes none.
    for field in ["password", "givenName", "username", "new"] {
        let mut body = json!({ "email": address });
        body[field] = json!("stranger of the night");
        world.post(ACCOUNT, body).await.refused(400, "unknown-field");
    }
    let mail = &mails(&world, &address).await[0];
    assert!(!mail.text.contains("stranger"));
    let path = format!("{ACCOUNT}/confirmations/{}", World::link_token(mail, "confirmations").unwrap());
    world.post(&path, opening(NEW)).await.expect(201);
    assert_eq!(world.post("/v1/customer/sessions", json!({ "username": address, "password": OTHER })).await.status, 401);
    world.post("/v1/customer/sessions", json!({ "username": address, "password": NEW })).await.expect(201);
}

/// Row 26: neither registering nor recovering tells whether an address has an account; nor do trips to the tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_26_registering_and_recovering_never_tell_whether_there_is_an_account() {
    let world = World::new().await;
    let account = opened(&world).await;
    let known = mails(&world, &account.email).await.len();
    for path in [ACCOUNT.to_owned(), format!("{ACCOUNT}/recoveries")] {
        let there = world.post(&path, json!({ "email": account.email })).await.expect(204);
        let gone = world.post(&path, json!({ "email": "nessuno@example.it" })).await.expect(204);
        assert_eq!((there.body, there.headers), (gone.body, gone.headers));
        let id = if path == ACCOUNT { "customer.account.register" } else { "customer.account.recover" };
        let trips: Vec<Vec<_>> = world
            .stack
            .shared
            .observed
            .all()
            .into_iter()
            .filter(|invocation| invocation.id == id)
            .map(|invocation| invocation.trips.iter().map(|trip| (trip.kind, trip.grants.clone())).collect())
            .collect();
        assert_eq!(trips[trips.len() - 2], trips[trips.len() - 1], "{path}");
    }
    let told: Vec<String> = mails(&world, &account.email).await.into_iter().map(|mail| mail.subject).take(2).collect();
    assert_eq!(mails(&world, &account.email).await.len(), known + 2);
    assert!(told[1].ends_with("Hai già un account") && told[0].ends_with("Scegli una nuova password"), "{told:?}");
    // An address without an account hears of a registration only.
    let unknown = mails(&world, "nessuno@example.it").await;
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].subject.ends_with("Conferma il tuo indirizzo"));
    for bad in ["nessuno", "a@b", "a b@example.it", "a@example.it\r\nBcc: x@example.it", "è@example.it"] {
        register(&world, bad).await.refused(422, "email-refused");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_sent_so_many_mails() {
    let world = World::new().await;
    let address = world.username();
    for _ in 0..5 {
        register(&world, &address).await.expect(204);
    }
    assert_eq!(mails(&world, &address).await.len(), 3);
    let account = opened(&world).await;
    let before = mails(&world, &account.email).await.len();
    // A stranger asks as often as he likes: the customer has a link that is good all the time.
    for hour in 1..=4 {
        for _ in 0..5 {
            world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": account.email.to_uppercase().replace("EXAMPLE.IT", "example.it") })).await.expect(204);
        }
        let mails = mails(&world, &account.email).await;
        assert_eq!(mails.len(), before + 2 * hour, "in whatever case");
        let link = World::link_token(&mails[0], "recoveries").unwrap();
        world.send(Request::new("GET", format!("{ACCOUNT}/recoveries/{link}"))).await.expect(200);
        world.pass(3600).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_long_and_nothing_that_is_expected() {
    let world = World::new().await;
    let address = "carla.neri.1985@example.it";
    register(&world, address).await.expect(204);
    let path = format!("{ACCOUNT}/confirmations/{}", token(&world, address, "confirmations").await);
    for (bad, reason) in [
        ("gatti rossi 14", "password-too-short"),
        (&"gatti e volpi ".repeat(10)[..129], "password-too-long"),
        ("passwordpassword", "password-expected"),
        ("Carla-Neri-1985!", "password-expected"),
        ("sportello id carla", "password-expected"),
        ("gatti rossi\tsul tetto", "password-control"),
    ] {
        let refused = world.post(&path, opening(bad)).await.refused(422, "password-refused");
        assert_eq!((refused.text_at("/field"), refused.text_at("/violations/0/code")), ("new".into(), reason.into()), "{bad}");
    }
    let differs = json!({ "new": NEW, "confirmation": OTHER, "givenName": "Carla", "familyName": "Neri" });
    world.post(&path, differs).await.refused(422, "confirmation-mismatch");
    let nameless = json!({ "new": NEW, "confirmation": NEW, "givenName": "", "familyName": "Neri" });
    world.post(format!("{ACCOUNT}/confirmations/AAAA"), nameless).await.refused(400, "invalid-field");
    for (field, bad) in [("givenName", "<b>Carla</b>"), ("givenName", "\u{202e}alraC"), ("familyName", "---"), ("familyName", "Neri\r\nBcc: x")] {
        let mut body = opening(NEW);
        body[field] = json!(bad);
        let refused = world.post(&path, body).await;
        if bad.contains('\r') {
            // White space is tidied: it is one line, and no address.
            assert_eq!(refused.status, 201);
            return;
        }
        assert_eq!(refused.refused(422, "account-refused").text_at("/field"), field, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_by_a_link_once_within_its_hour() {
    let world = World::new().await;
    let account = opened(&world).await;
    let ask = async || {
        world.pass(86_400).await;
        world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": account.email })).await.expect(204);
        format!("{ACCOUNT}/recoveries/{}", token(&world, &account.email, "recoveries").await)
    };
    let setting = |new: &str| json!({ "new": new, "confirmation": new });
    let late = ask().await;
    world.pass(3590).await;
    world.send(Request::new("GET", &late)).await.expect(200);
    world.pass(10).await;
    world.send(Request::new("GET", &late)).await.refused(410, "link-not-valid");
    world.post(&late, setting(OTHER)).await.refused(410, "link-not-valid");
    // Of two links the one that was used ends the other.
    let first = ask().await;
    world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": account.email })).await.expect(204);
    let second = format!("{ACCOUNT}/recoveries/{}", token(&world, &account.email, "recoveries").await);
    assert_eq!(world.send(Request::new("GET", &first)).await.expect(200).body["codeNeeded"], false);
    world.post(&first, setting("passwordpassword")).await.refused(422, "password-refused");
    world.pass(1).await;
    let answers = at_once(10, |_| world.post(&first, setting(OTHER))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    for path in [&first, &second] {
        world.post(path, setting(NEW)).await.refused(410, "link-not-valid");
    }
    world.pass(3600).await;
    let account = Account { password: OTHER.into(), ..account };
    sign_in(&world, &Account { password: NEW.into(), ..account.clone() }, None).await.refused(401, "sign-in-refused");
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let link = ask_again(&world, &account).await;
    world.get(ACCOUNT, &session).await.expect(200);
    world.post(&link, setting(NEW)).await.expect(204);
    world.get(ACCOUNT, &session).await.refused(401, "unauthenticated");
    assert!(mails(&world, &account.email).await[0].text.contains("con il collegamento ricevuto via e-mail"));
}

async fn ask_again(world: &World, account: &Account) -> String {
    world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": account.email })).await.expect(204);
    let link = format!("{ACCOUNT}/recoveries/{}", token(world, &account.email, "recoveries").await);
    world.pass(1).await;
    link
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_account_is_opened_again_by_recovery() {
    let world = World::new().await;
    let account = opened(&world).await;
    for _ in 0..6 {
        world.post("/v1/customer/sessions", json!({ "username": account.username, "password": "x", "code": "000000" })).await.expect(401);
    }
    sign_in(&world, &account, None).await.refused(401, "sign-in-refused");
    world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": account.email })).await.expect(204);
    let path = format!("{ACCOUNT}/recoveries/{}", token(&world, &account.email, "recoveries").await);
    world.pass(1).await;
    world.post(&path, json!({ "new": OTHER, "confirmation": OTHER })).await.expect(204);
    sign_in(&world, &Account { password: OTHER.into(), ..account }, None).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_changed_by_the_present_one_and_ends_every_session() {
    let world = World::new().await;
    let account = opened(&world).await;
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let changing = |current: &str, new: &str| json!({ "current": current, "new": new, "confirmation": new });
    let path = format!("{ACCOUNT}/password");
    world.act(&session, "PUT", &path, changing("sbagliata del tutto", OTHER)).await.refused(401, "proof-refused");
    world.act(&session, "PUT", &path, changing(NEW, "corta")).await.refused(422, "password-refused");
    world.act(&session, "PUT", &path, changing(NEW, OTHER)).await.expect(204);
    world.get(ACCOUNT, &session).await.refused(401, "unauthenticated");
    let account = Account { password: OTHER.into(), ..account };
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    assert!(mails(&world, &account.email).await[0].subject.ends_with("Password dell'area clienti modificata"));
    // Guesses are counted with those of signing in.
    for _ in 0..5 {
        world.act(&session, "PUT", &path, changing("sbagliata del tutto", NEW)).await.refused(401, "proof-refused");
    }
    sign_in(&world, &account, None).await.refused(401, "sign-in-refused");
    world.act(&session, "PUT", &path, changing(OTHER, NEW)).await.refused(401, "proof-refused");
}

/// Row 22: a changed address serves nothing before it is confirmed, and only the address that the link went to is confirmed by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_22_an_address_counts_when_its_own_link_is_confirmed() {
    let world = World::new().await;
    let account = opened(&world).await;
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let (first, second) = (world.username(), world.username());
    let change = async |session: &str, email: &str| world.act(session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": email, "password": NEW })).await;
    world.act(&session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": first, "password": "sbagliata del tutto" })).await.refused(401, "proof-refused");
    change(&session, &first).await.expect(204);
    assert!(mails(&world, &account.email).await[0].subject.ends_with("Richiesta di cambiare indirizzo e-mail"));
    let to_first = format!("{ACCOUNT}/emails/{}", token(&world, &first, "emails").await);
    // Recovery goes to the address on file, and the new one leads nowhere.
    world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": first })).await.expect(204);
    assert_eq!(mails(&world, &first).await.len(), 1);
    assert_eq!(world.get(ACCOUNT, &session).await.body["email"], json!(account.email));
    // Another request takes its place: the link of the one before confirms nothing, least of all the other address.
    change(&session, &second).await.expect(204);
    world.send(Request::new("GET", &to_first)).await.refused(410, "link-not-valid");
    world.post(&to_first, json!({})).await.refused(410, "link-not-valid");
    let to_second = format!("{ACCOUNT}/emails/{}", token(&world, &second, "emails").await);
    assert!(!world.send(Request::new("GET", &to_second)).await.expect(200).text.contains(&second), "masked");
    assert_eq!(world.get(ACCOUNT, &session).await.body["email"], json!(account.email), "reading changes nothing");
    world.post(&to_second, json!({})).await.expect(204);
    world.post(&to_second, json!({})).await.refused(410, "link-not-valid");
    let now = world.get(ACCOUNT, &session).await.expect(200);
    assert_eq!(
        (now.text_at("/email"), now.text_at("/username"), now.body["emailChangePending"].as_bool()),
        (second.clone(), account.username.clone(), Some(false))
    );
    for address in [&account.email, &second] {
        assert!(mails(&world, address).await[0].subject.ends_with("Indirizzo e-mail cambiato"), "{address}");
    }
    // Both addresses lead to the account, and the mail goes to the one on file.
    for address in [&account.email, &second] {
        let before = mails(&world, &second).await.len();
        world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": address })).await.expect(204);
        assert_eq!(mails(&world, &second).await.len(), before + 1, "{address}");
    }
    // A link of recovery that the mailbox before was sent is over with it, and another address than the first one is free again.
    let newest = mails(&world, &second).await;
    let old = format!("{ACCOUNT}/recoveries/{}", World::link_token(&newest[0], "recoveries").unwrap());
    world.send(Request::new("GET", &old)).await.expect(200);
    world.pass(1).await;
    change(&session, &first).await.expect(204);
    let to_first = format!("{ACCOUNT}/emails/{}", token(&world, &first, "emails").await);
    world.post(&to_first, json!({})).await.expect(204);
    world.send(Request::new("GET", &old)).await.refused(410, "link-not-valid");
    world.post(&old, json!({ "new": OTHER, "confirmation": OTHER })).await.refused(410, "link-not-valid");
    world.pass(3600).await;
    for (address, told) in [(&account.email, 1), (&first, 1), (&second, 0)] {
        let before = mails(&world, &first).await.len();
        world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": address })).await.expect(204);
        assert_eq!(mails(&world, &first).await.len(), before + told, "{address}");
    }
    register(&world, &second).await.expect(204);
    assert!(mails(&world, &second).await[0].subject.ends_with("Conferma il tuo indirizzo"));
    // So many requests a day.
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let refused = change(&session, &first).await.refused(429, "too-many-requests");
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_leads_to_one_account_and_a_request_ends_with_the_password() {
    let world = World::new().await;
    let (account, other) = (opened(&world).await, opened(&world).await);
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    world.act(&session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": other.email, "password": NEW })).await.expect(204);
    let link = format!("{ACCOUNT}/emails/{}", token(&world, &other.email, "emails").await);
    world.post(&link, json!({})).await.refused(409, "email-taken");
    let mine = world.username();
    world.act(&session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": mine, "password": NEW })).await.expect(204);
    let link = format!("{ACCOUNT}/emails/{}", token(&world, &mine, "emails").await);
    world.act(&session, "PUT", format!("{ACCOUNT}/password"), json!({ "current": NEW, "new": OTHER, "confirmation": OTHER })).await.expect(204);
    world.post(&link, json!({})).await.refused(410, "link-not-valid");
    // A link of another purpose or of somebody else is none.
    let account = Account { password: OTHER.into(), ..account };
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let mine = world.username();
    world.act(&session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": mine, "password": OTHER })).await.expect(204);
    let address = token(&world, &mine, "emails").await;
    let recovery = ask_again(&world, &account).await.rsplit('/').next().unwrap().to_owned();
    let fresh = world.username();
    register(&world, &fresh).await.expect(204);
    let registration = token(&world, &fresh, "confirmations").await;
    let unlock = world.link(&account, Purpose::Unlock, "n");
    let links = [("emails", &address), ("recoveries", &recovery), ("confirmations", &registration), ("unlocks", &unlock)];
    for (part, _) in links.iter().filter(|(part, _)| *part != "unlocks") {
        for (of, link) in links {
            let read = world.send(Request::new("GET", format!("{ACCOUNT}/{part}/{link}"))).await;
            if *part == of {
                read.expect(200)
            } else {
                read.refused(410, "link-not-valid")
            };
        }
    }
    let holder = world.active().await;
    for foreign in [&address, &recovery, &registration, &world.link(&holder, Purpose::Unlock, "n")] {
        world.send(Request::new("GET", format!("/v1/customer/unlocks/{foreign}"))).await.refused(410, "link-not-valid");
    }
    // Each has its end.
    world.pass(3600 - 60).await;
    world.send(Request::new("GET", format!("{ACCOUNT}/recoveries/{recovery}"))).await.expect(200);
    world.pass(86_400 - 3600).await;
    world.send(Request::new("GET", format!("{ACCOUNT}/emails/{address}"))).await.expect(200);
    world.pass(60).await;
    world.post(format!("{ACCOUNT}/emails/{address}"), json!({})).await.refused(410, "link-not-valid");
}

/// Row 19: a session and an enrolment of an account end to the second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_19_a_session_and_an_enrolment_of_an_account_are_over_to_the_second() {
    let world = World::new().await;
    let account = opened(&world).await;
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let begun = world.act(&session, "POST", format!("{ACCOUNT}/otp-app"), json!({ "password": NEW })).await.expect(201);
    let confirming = || json!({ "enrolmentId": begun.text_at("/enrolmentId"), "code": code(&world, &begun.text_at("/secret")) });
    world.pass(i64::from(world.policy().session.enrolment_minutes) * 60).await;
    world.act(&session, "POST", format!("{ACCOUNT}/otp-app/confirmation"), confirming()).await.refused(401, "proof-refused");
    let session = sign_in(&world, &account, None).await.expect(201);
    let until: jiff::Timestamp = session.text_at("/expiresAt").parse().unwrap();
    let token = session.text_at("/token");
    world.move_to(until - jiff::SignedDuration::from_secs(10)).await;
    world.get(ACCOUNT, &token).await.expect(200);
    world.move_to(until).await;
    world.get(ACCOUNT, &token).await.refused(401, "unauthenticated");
}

/// Rows 20 and 23: whatever ends the sessions ends a change of address that somebody else may have begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_23_an_address_that_waits_ends_when_an_app_is_switched_on_or_off() {
    let world = World::new().await;
    let account = opened(&world).await;
    let theirs = world.username();
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    world.act(&session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": theirs, "password": NEW })).await.expect(204);
    let (secret, _) = protect(&world, &account).await;
    let link = format!("{ACCOUNT}/emails/{}", token(&world, &theirs, "emails").await);
    world.post(&link, json!({})).await.refused(410, "link-not-valid");
    let fresh = async || {
        world.pass(30).await;
        code(&world, &secret)
    };
    let session = sign_in(&world, &account, Some(&fresh().await)).await.expect(201).text_at("/token");
    let body = json!({ "email": theirs, "password": NEW, "code": fresh().await });
    world.act(&session, "POST", format!("{ACCOUNT}/emails"), body).await.expect(204);
    let link = format!("{ACCOUNT}/emails/{}", token(&world, &theirs, "emails").await);
    world.send(Request::new("GET", &link)).await.expect(200);
    let body = json!({ "password": NEW, "code": fresh().await });
    world.act(&session, "POST", format!("{ACCOUNT}/otp-app/removal"), body).await.expect(204);
    world.get(ACCOUNT, &session).await.refused(401, "unauthenticated");
    world.post(&link, json!({})).await.refused(410, "link-not-valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_protects_the_account_and_each_code_is_good_once() {
    let world = World::new().await;
    let account = opened(&world).await;
    let (secret, recovery) = protect(&world, &account).await;
    assert_eq!(recovery.len(), 8);
    assert!(mails(&world, &account.email).await[0].subject.ends_with("App OTP attivata"));
    // The enrolment's code does not sign in too.
    let first = code(&world, &secret);
    sign_in(&world, &account, None).await.refused(401, "code-required");
    sign_in(&world, &account, Some(&first)).await.refused(401, "sign-in-refused");
    world.pass(30).await;
    let next = code(&world, &secret);
    let answers = at_once(10, |_| sign_in(&world, &account, Some(&next))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    // Wrong password and right code, right password and wrong code: the same answer.
    world.pass(1800).await;
    let wrong = Account { password: OTHER.into(), ..account.clone() };
    let (a, b) = (sign_in(&world, &wrong, Some(&code(&world, &secret))).await, sign_in(&world, &account, Some("000000")).await);
    let same = |mut answer: Answer| {
        answer.body["requestId"] = json!("");
        (answer.status, answer.body)
    };
    assert_eq!(same(a), same(b));
    // Beginning with the password alone locks nobody out.
    for _ in 0..12 {
        sign_in(&world, &account, None).await.refused(401, "code-required");
    }
    world.pass(30).await;
    let session = sign_in(&world, &account, Some(&code(&world, &secret))).await.expect(201).text_at("/token");
    assert_eq!(world.get(ACCOUNT, &session).await.body["recoveryCodesLeft"], 8);
    // Every sensitive change asks for a code.
    let changing = json!({ "current": NEW, "new": OTHER, "confirmation": OTHER });
    world.act(&session, "PUT", format!("{ACCOUNT}/password"), changing).await.refused(401, "code-required");
    world.act(&session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": world.username(), "password": NEW })).await.refused(401, "code-required");
    world.act(&session, "POST", format!("{ACCOUNT}/otp-app"), json!({ "password": NEW })).await.refused(401, "code-required");
    world.pass(30).await;
    let body = json!({ "password": NEW, "code": code(&world, &secret) });
    world.act(&session, "POST", format!("{ACCOUNT}/otp-app/removal"), body).await.expect(204);
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let gone = json!({ "password": NEW, "code": "000000" });
    world.act(&session, "POST", format!("{ACCOUNT}/otp-app/removal"), gone).await.refused(409, "credential-state");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_code_stands_once_for_a_lost_app_also_in_parallel() {
    let world = World::new().await;
    let account = opened(&world).await;
    let (_, recovery) = protect(&world, &account).await;
    let typed = recovery[0].to_lowercase().chars().collect::<Vec<_>>().chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-");
    let answers = at_once(8, |_| sign_in(&world, &account, Some(&typed))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    assert!(mails(&world, &account.email).await.iter().any(|mail| mail.subject.ends_with("Codice di recupero usato")));
    world.pass(1800).await;
    // A forgotten password and a lost phone: the link and a recovery code.
    world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": account.email })).await.expect(204);
    let mail = mails(&world, &account.email).await.into_iter().find(|mail| mail.text.contains("/recoveries/")).unwrap();
    let path = format!("{ACCOUNT}/recoveries/{}", World::link_token(&mail, "recoveries").unwrap());
    assert_eq!(world.send(Request::new("GET", &path)).await.expect(200).body["codeNeeded"], true);
    let setting = |code: Option<&str>| json!({ "new": OTHER, "confirmation": OTHER, "code": code });
    world.post(&path, json!({ "new": OTHER, "confirmation": OTHER })).await.refused(400, "missing-field");
    world.post(&path, setting(Some(&recovery[0]))).await.refused(401, "proof-refused");
    world.pass(1).await;
    world.post(&path, setting(Some(&recovery[1]))).await.expect(204);
    let account = Account { password: OTHER.into(), ..account };
    let session = sign_in(&world, &account, Some(&recovery[2])).await.expect(201).text_at("/token");
    assert_eq!(world.get(ACCOUNT, &session).await.body["recoveryCodesLeft"], 5);
    // Nothing of them stands in the tables as it is.
    let kept = world.stack.shared.app.store.customer(&world.owner(&account)).await.unwrap().unwrap();
    let kept = format!("{:?}", kept.account);
    assert!(recovery.iter().all(|code| !kept.contains(code.as_str())));
}

/// Rows 1 and 2: guesses at a code are counted over every route that takes one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_guesses_at_the_account_s_code_share_one_counter_over_every_route() {
    let world = World::new().await;
    for route in ["session", "password", "emails", "enrol", "remove"] {
        let account = opened(&world).await;
        let (secret, _) = protect(&world, &account).await;
        world.pass(30).await;
        let session = sign_in(&world, &account, Some(&code(&world, &secret))).await.expect(201).text_at("/token");
        let guesses = at_once(20, |_| guess(&world, route, &account, &session)).await;
        assert!(guesses.iter().all(|answer| answer.status == 401), "{route}: {guesses:?}");
        let kept = world.stack.shared.app.store.customer(&world.owner(&account)).await.unwrap().unwrap().account;
        assert_eq!((kept.otp_tries, kept.password_tries), (5, 5), "{route}");
        world.pass(30).await;
        sign_in(&world, &account, Some(&code(&world, &secret))).await.refused(401, "sign-in-refused");
        // The mail's link opens it again, both counters at once.
        let unlock = world.link(&account, Purpose::Unlock, route);
        world.post(format!("/v1/customer/unlocks/{unlock}"), json!({})).await.expect(204);
        sign_in(&world, &account, Some(&code(&world, &secret))).await.expect(201);
    }
}

/// Row 2: over every route together, with what clears a counter in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_neither_the_password_alone_nor_another_route_forgives_guesses_at_a_code() {
    let world = World::new().await;
    let account = opened(&world).await;
    let (secret, _) = protect(&world, &account).await;
    world.pass(30).await;
    let session = sign_in(&world, &account, Some(&code(&world, &secret))).await.expect(201).text_at("/token");
    for (tries, route) in ["session", "password", "emails", "enrol"].into_iter().enumerate() {
        guess(&world, route, &account, &session).await.refused(401, if route == "session" { "sign-in-refused" } else { "proof-refused" });
        sign_in(&world, &account, None).await.refused(401, "code-required");
        let kept = world.stack.shared.app.store.customer(&world.owner(&account)).await.unwrap().unwrap().account;
        assert_eq!(usize::try_from(kept.otp_tries).unwrap(), tries + 1, "{route}");
    }
    // An app's confirmation is one of them.
    let other = opened(&world).await;
    let session = sign_in(&world, &other, None).await.expect(201).text_at("/token");
    let begun = world.act(&session, "POST", format!("{ACCOUNT}/otp-app"), json!({ "password": NEW })).await.expect(201);
    let confirming = |code: String| json!({ "enrolmentId": begun.text_at("/enrolmentId"), "code": code });
    for _ in 0..5 {
        world.act(&session, "POST", format!("{ACCOUNT}/otp-app/confirmation"), confirming("000000".into())).await.refused(401, "proof-refused");
    }
    let right = confirming(code(&world, &begun.text_at("/secret")));
    world.act(&session, "POST", format!("{ACCOUNT}/otp-app/confirmation"), right).await.refused(401, "proof-refused");
}

/// Row 2: the link of a pause is for who is kept out by others, not for who guesses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_so_many_unlocking_links_are_good_in_a_day() {
    let world = World::at("2026-12-01T00:00:00Z").await;
    let (account, holder) = (opened(&world).await, world.active().await);
    for (account, area) in [(&account, "customer"), (&holder, "selfcare")] {
        let unlock = |nonce: &str| format!("/v1/{area}/unlocks/{}", world.link(account, Purpose::Unlock, nonce));
        for number in 0..world.policy().throttle.unlocks_per_day {
            world.post(unlock(&format!("n{number}")), json!({})).await.expect(204);
        }
        let last = unlock("last");
        let refused = world.post(&last, json!({})).await.refused(429, "too-many-requests");
        let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((86_300..=86_400).contains(&wait), "{area}: {wait}");
    }
    // It is not used up.
    let last = format!("/v1/customer/unlocks/{}", world.link(&account, Purpose::Unlock, "last"));
    world.pass(86_200).await;
    world.post(&last, json!({})).await.refused(429, "too-many-requests");
    world.pass(200).await;
    world.post(&last, json!({})).await.expect(204);
}

/// Row 2: guesses at the code of a recovery are counted apart: no link of a mail lets the mailbox guess on, and nobody without it shuts that way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_who_reads_the_mails_cannot_guess_the_code_of_a_recovery() {
    let world = World::at("2026-12-01T00:00:00Z").await;
    let account = opened(&world).await;
    let (secret, recovery) = protect(&world, &account).await;
    let ask = async || {
        world.pass(3600).await;
        world.post(format!("{ACCOUNT}/recoveries"), json!({ "email": account.email })).await.expect(204);
        format!("{ACCOUNT}/recoveries/{}", token(&world, &account.email, "recoveries").await)
    };
    // A stranger locks the sign-in: the recovery is open all the same.
    for _ in 0..12 {
        sign_in(&world, &account, Some("000000")).await.refused(401, "sign-in-refused");
        world.pass(1801).await;
    }
    let setting = |new: &str, code: &str| json!({ "new": new, "confirmation": new, "code": code });
    world.post(ask().await, setting(OTHER, &recovery[0])).await.expect(204);
    let account = Account { password: OTHER.into(), ..account.clone() };
    world.move_to("2026-12-02T00:00:00Z".parse().unwrap()).await;
    // Whoever has the mailbox guesses, over as many links as there are, and with every link that opens a sign-in again.
    let mut guesses = 0;
    for round in 0..8 {
        let link = ask().await;
        for _ in 0..4 {
            world.post(&link, setting(NEW, "000000")).await.refused(401, "proof-refused");
            guesses += 1;
        }
        let unlock = world.link(&account, Purpose::Unlock, &format!("r{round}"));
        world.post(format!("/v1/customer/unlocks/{unlock}"), json!({})).await.expect(204);
    }
    let kept = world.stack.shared.app.store.customer(&world.owner(&account)).await.unwrap().unwrap().account;
    assert!(guesses > 20 && kept.otp_tries == 0, "{guesses}");
    let shut: Vec<CaughtMail> = mails(&world, &account.email).await.into_iter().filter(|mail| mail.subject.ends_with("Codici di recupero errati")).collect();
    assert_eq!(shut.len(), 1, "once a day");
    // Even the right code is refused there; the customer signs in as ever, and it opens again with the next day.
    world.post(ask().await, setting(NEW, &recovery[1])).await.refused(401, "proof-refused");
    sign_in(&world, &account, Some(&code(&world, &secret))).await.expect(201);
    world.move_to("2026-12-03T00:00:00Z".parse().unwrap()).await;
    world.post(ask().await, setting(NEW, &recovery[1])).await.expect(204);
}

async fn guess(world: &World, route: &str, account: &Account, session: &str) -> Answer {
    let wrong = "000000";
    match route {
        "session" => sign_in(world, account, Some(wrong)).await,
        "password" => {
            let body = json!({ "current": NEW, "new": OTHER, "confirmation": OTHER, "code": wrong });
            world.act(session, "PUT", format!("{ACCOUNT}/password"), body).await
        }
        "emails" => world.act(session, "POST", format!("{ACCOUNT}/emails"), json!({ "email": "x@example.it", "password": NEW, "code": wrong })).await,
        "enrol" => world.act(session, "POST", format!("{ACCOUNT}/otp-app"), json!({ "password": NEW, "code": wrong })).await,
        _ => world.act(session, "POST", format!("{ACCOUNT}/otp-app/removal"), json!({ "password": NEW, "code": wrong })).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrolment_ends_with_the_sessions_and_serves_its_owner_only() {
    let world = World::new().await;
    let (account, other) = (opened(&world).await, opened(&world).await);
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let begun = world.act(&session, "POST", format!("{ACCOUNT}/otp-app"), json!({ "password": NEW })).await.expect(201);
    assert!(begun.text_at("/uri").starts_with("otpauth://totp/") && begun.text_at("/qrSvg").starts_with("<svg"));
    let confirming = || json!({ "enrolmentId": begun.text_at("/enrolmentId"), "code": code(&world, &begun.text_at("/secret")) });
    let theirs = sign_in(&world, &other, None).await.expect(201).text_at("/token");
    world.act(&theirs, "POST", format!("{ACCOUNT}/otp-app/confirmation"), confirming()).await.refused(401, "proof-refused");
    world.act(&session, "PUT", format!("{ACCOUNT}/password"), json!({ "current": NEW, "new": OTHER, "confirmation": OTHER })).await.expect(204);
    let account = Account { password: OTHER.into(), ..account };
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    world.act(&session, "POST", format!("{ACCOUNT}/otp-app/confirmation"), confirming()).await.refused(401, "proof-refused");
    assert_eq!(world.get(ACCOUNT, &session).await.body["otpActive"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_of_invoices_are_changed_and_what_makes_no_sense_is_named() {
    let world = World::new().await;
    let account = opened(&world).await;
    let session = sign_in(&world, &account, None).await.expect(201).text_at("/token");
    let address = json!({ "address": "Via Roma 1", "city": "Arezzo", "province": "AR", "postalCode": "52100", "country": "IT" });
    let mut body = json!({
        "givenName": " Carla  Maria ", "familyName": "D'Angelo", "language": "en", "companyName": "Neri S.r.l.",
        "fiscalCode": "RSSMRA85C57H501Z", "vatNumber": "00743110157", "address": address,
    });
    world.act(&session, "PUT", ACCOUNT, body.clone()).await.expect(204);
    let now = world.get(ACCOUNT, &session).await.expect(200);
    assert_eq!((now.text_at("/givenName"), now.text_at("/language"), now.text_at("/companyName")), ("Carla Maria".into(), "en".into(), "Neri S.r.l.".into()));
    assert_eq!(now.body["address"], address);
    assert!(mails(&world, &account.email).await[0].subject.ends_with("Data of the account changed"));
    for (field, bad, code) in [
        ("fiscalCode", json!("RSSMRA85C57H501A"), "account-refused"),
        ("vatNumber", json!("00743110158"), "account-refused"),
        ("companyName", json!("<script>"), "account-refused"),
        ("address", json!({ "address": "Via Roma 1", "city": "Arezzo", "postalCode": "52100", "country": "IT" }), "residence-refused"),
    ] {
        let before = std::mem::replace(&mut body[field], bad);
        let refused = world.act(&session, "PUT", ACCOUNT, body.clone()).await.refused(422, code);
        assert!(refused.text_at("/field").starts_with(field), "{refused:?}");
        body[field] = before;
    }
}

/// Every operation of the account, its happy path and every refusal that writes, for the coverage tests.
pub(crate) async fn walk(world: &World) {
    let keyed = async |token: Option<&str>, path: &str, body: Value| {
        let request = Request::new("POST", path).json(body).header("idempotency-key", &format!("\"{}\"", world.username()));
        world.send(if let Some(token) = token { request.token(token) } else { request }).await
    };
    let unlock = async |account: &Account| {
        let path = format!("/v1/customer/unlocks/{}", world.link(account, Purpose::Unlock, &world.username()));
        world.post(&path, json!({})).await.expect(204);
    };
    let address = world.username();
    keyed(None, ACCOUNT, json!({ "email": address })).await.expect(204);
    let path = format!("{ACCOUNT}/confirmations/{}", token(world, &address, "confirmations").await);
    world.send(Request::new("GET", &path)).await.expect(200);
    keyed(None, &path, opening(NEW)).await.expect(201);
    let account = Account {
        kind: OwnerKind::Customer,
        username: address.clone(),
        password: NEW.into(),
        totp_secret: None,
        emergency_code: None,
        r#type: None,
        email: address.clone(),
        what: String::new(),
    };
    let session = sign_in(world, &account, None).await.expect(201).text_at("/token");
    world.get(ACCOUNT, &session).await.expect(200);
    let data = json!({ "givenName": "Carla", "familyName": "Neri", "language": "it" });
    world.act(&session, "PUT", ACCOUNT, data).await.expect(204);
    let other = world.username();
    let emails = format!("{ACCOUNT}/emails");
    for _ in 0..5 {
        world.act(&session, "POST", &emails, json!({ "email": other, "password": "sbagliata" })).await.expect(401);
    }
    unlock(&account).await;
    keyed(Some(&session), &emails, json!({ "email": other, "password": NEW })).await.expect(204);
    let link = format!("{emails}/{}", token(world, &other, "emails").await);
    world.send(Request::new("GET", &link)).await.expect(200);
    keyed(None, &link, json!({})).await.expect(204);
    let (second, other) = (other, world.username());
    keyed(Some(&session), &emails, json!({ "email": other, "password": NEW })).await.expect(204);
    keyed(None, &format!("{emails}/{}", token(world, &other, "emails").await), json!({})).await.expect(204);
    keyed(None, &format!("{ACCOUNT}/recoveries"), json!({ "email": second })).await.expect(204);
    // An app, after guesses at each step.
    let otp = format!("{ACCOUNT}/otp-app");
    for _ in 0..5 {
        world.act(&session, "POST", &otp, json!({ "password": "sbagliata" })).await.expect(401);
    }
    unlock(&account).await;
    let begun = world.act(&session, "POST", &otp, json!({ "password": NEW })).await.expect(201);
    let confirmation = format!("{otp}/confirmation");
    for _ in 0..5 {
        world.act(&session, "POST", &confirmation, json!({ "enrolmentId": begun.text_at("/enrolmentId"), "code": "000000" })).await.expect(401);
    }
    unlock(&account).await;
    let secret = begun.text_at("/secret");
    let body = json!({ "enrolmentId": begun.text_at("/enrolmentId"), "code": code(world, &secret) });
    let codes = world.act(&session, "POST", &confirmation, body).await.expect(200);
    world.pass(30).await;
    let session = sign_in(world, &account, Some(&code(world, &secret))).await.expect(201).text_at("/token");
    let password = format!("{ACCOUNT}/password");
    let changing = |current: &str, code: &str| json!({ "current": current, "new": OTHER, "confirmation": OTHER, "code": code });
    for _ in 0..5 {
        world.act(&session, "PUT", &password, changing("sbagliata", "000000")).await.expect(401);
    }
    unlock(&account).await;
    world.act(&session, "PUT", &password, changing(NEW, &codes.text_at("/recoveryCodes/0"))).await.expect(204);
    let account = Account { password: OTHER.into(), ..account };
    world.pass(86_400).await;
    let recoveries = format!("{ACCOUNT}/recoveries");
    keyed(None, &recoveries, json!({ "email": address })).await.expect(204);
    let link = format!("{recoveries}/{}", token(world, &other, "recoveries").await);
    world.send(Request::new("GET", &link)).await.expect(200);
    let setting = |code: &str| json!({ "new": NEW, "confirmation": NEW, "code": code });
    for _ in 0..5 {
        world.post(&link, setting("000000")).await.expect(401);
    }
    world.pass(1801).await;
    keyed(None, &link, setting(&codes.text_at("/recoveryCodes/1"))).await.expect(204);
    let account = Account { password: NEW.into(), ..account };
    let session = sign_in(world, &account, Some(&codes.text_at("/recoveryCodes/2"))).await.expect(201).text_at("/token");
    let removal = format!("{otp}/removal");
    for _ in 0..5 {
        world.act(&session, "POST", &removal, json!({ "password": "sbagliata", "code": "000000" })).await.expect(401);
    }
    unlock(&account).await;
    keyed(Some(&session), &removal, json!({ "password": NEW, "code": codes.text_at("/recoveryCodes/3") })).await.expect(204);
}
