//! Level 3: signing in and activating by real signatures and certificates, made with openssl (rules 18, 38, 43, 44).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sportello_certificate::testing::{Authority, Issued, Request as Certificate, Signing};
use sportello_local::demo::{Account, NewHolder};
use sportello_local::stack::{Options, local_policy};
use sportello_rules::identity::IdentityType;
use sportello_rules::service::CredentialKind;
use sportello_runtime::token::Purpose;
use sportello_tests::{Answer, CERTIFICATE, Request, World};

/// A world that trusts one authority, and that authority.
pub(crate) struct Trusting {
    pub(crate) world: World,
    authority: Authority,
    folder: tempfile::TempDir,
}

impl Trusting {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::root(folder.path(), "Radice").unwrap();
        let trust = folder.path().join("trust");
        std::fs::create_dir(&trust).unwrap();
        publish(&trust, &authority);
        let world = World::on(Options { policy: Some(local_policy()), trust: Some(trust), ..Options::default() }).await;
        Self { world, authority, folder }
    }

    /// Walks the operations of level 3, with their refusals.
    pub(crate) async fn walk(&self) {
        let (world, authority) = (&self.world, &self.authority);
        for (kind, last) in [(CredentialKind::RemoteSignature, "signature"), (CredentialKind::SmartCard, "smart-card")] {
            let (account, code) = strong(world, kind).await;
            let (id, _) = begin(world, &account).await;
            let path = format!("/v1/selfcare/sign-ins/{id}/{last}");
            let wrong = if last == "signature" { json!({ "signature": "MAA=" }) } else { json!({}) };
            for _ in 0..5 {
                world.post(&path, wrong.clone()).await.expect(401);
            }
            unlock(world, &account).await;
            let (id, challenge) = begin(world, &account).await;
            let path = format!("/v1/selfcare/sign-ins/{id}/{last}");
            let request = self.step(&path, &code, &challenge).header("idempotency-key", "\"last\"");
            world.send(request).await.expect(201);
        }
        for (kind, last) in [(CredentialKind::RemoteSignature, "signature"), (CredentialKind::SmartCard, "smart-card")] {
            let (account, code) = expired(world, kind, false).await;
            let begun = replace(world, &account, None).await.expect(201);
            let path = format!("/v1/selfcare/expired-password/{}/{last}", begun.text_at("/resetId"));
            let wrong = if last == "signature" { json!({ "signature": "MAA=" }) } else { json!({}) };
            for _ in 0..5 {
                world.post(&path, wrong.clone()).await.expect(401);
            }
            unlock(world, &account).await;
            let request = self.step(&path, &code, &begun.text_at("/challenge"));
            world.send(request.header("idempotency-key", "\"expired\"")).await.expect(201);
        }
        let holder = NewHolder { bought: vec![CredentialKind::RemoteSignature], ..world.holder() };
        let mine = authority.issue(&Certificate::signature(&holder.fiscal_code)).unwrap();
        let (_, account) = world.sold(world.customer().await.1, holder).await;
        let token = world.sign_in(&account).await;
        let signature = async || sign(&mine, &world.get("/v1/selfcare/credentials", &token).await.text_at("/l3Challenge"));
        let body = |signature: String, code: &str| json!({ "credential": "remote-signature", "signature": signature, "code": code });
        for _ in 0..5 {
            world.act(&token, "POST", "/v1/selfcare/credentials/l3", body(signature().await, "000000")).await.expect(401);
        }
        assert_eq!(world.auth(&account).await.otp_tries, 5, "row 2: counted here as everywhere");
        unlock(world, &account).await;
        let code = world.fresh_code(&account).await;
        let request = Request::new("POST", "/v1/selfcare/credentials/l3").token(&token).json(body(signature().await, &code));
        world.send(request.header("idempotency-key", "\"l3\"")).await.expect(204);
    }

    /// A step of level 3, by the way that its path names, with a new certificate of a person.
    fn step(&self, path: &str, code: &str, challenge: &str) -> Request {
        let request = Request::new("POST", path);
        if path.ends_with("/signature") {
            return request.json(json!({ "signature": sign(&self.authority.issue(&Certificate::signature(code)).unwrap(), challenge) }));
        }
        let pem = self.authority.issue(&Certificate::card(code)).unwrap().pem().unwrap();
        request.json(json!({})).header(CERTIFICATE, &pem.replace('\n', "%0A"))
    }

    fn publish(&self) {
        publish(&self.folder.path().join("trust"), &self.authority);
    }
}

fn publish(trust: &Path, authority: &Authority) {
    std::fs::write(trust.join("authorities.pem"), authority.pem().unwrap()).unwrap();
    std::fs::write(trust.join("radice.crl"), authority.crl().unwrap()).unwrap();
}

fn sign(issued: &Issued, challenge: &str) -> String {
    STANDARD.encode(issued.sign(challenge.as_bytes(), &Signing::default()).unwrap())
}

/// The first two steps of a sign-in; answers what the last one names and asks to sign.
async fn begin(world: &World, account: &Account) -> (String, String) {
    let start = world.start(account).await.expect(201);
    let last = if start.text_at("/next") == "otp" {
        let code = world.fresh_code(account).await;
        world.otp(&start.text_at("/signInId"), &code).await.expect(201)
    } else {
        start
    };
    assert_eq!(last.text_at("/next"), "signature");
    (last.text_at("/signInId"), last.text_at("/challenge"))
}

async fn by_signature(world: &World, id: &str, signature: &str) -> Answer {
    world.post(format!("/v1/selfcare/sign-ins/{id}/signature"), json!({ "signature": signature })).await
}

async fn by_card(world: &World, id: &str, pem: Option<&str>) -> Answer {
    let request = Request::new("POST", format!("/v1/selfcare/sign-ins/{id}/smart-card")).json(json!({}));
    let request = match pem {
        Some(pem) => request.header(CERTIFICATE, &pem.replace('\n', "%0A")),
        None => request,
    };
    world.send(request).await
}

/// Lifts every pause of a holder.
async fn unlock(world: &World, account: &Account) {
    let path = format!("/v1/selfcare/unlocks/{}", world.link(account, Purpose::Unlock, &world.username()));
    world.post(path, json!({})).await.expect(204);
}

fn reason(answer: &Answer) -> String {
    answer.text_at("/violations/0/code")
}

/// A holder of level 3 whose password has expired, and the fiscal code.
async fn expired(world: &World, kind: CredentialKind, totp: bool) -> (Account, String) {
    let password_changed_at = world.now() - jiff::SignedDuration::from_hours(24 * 200);
    let holder = NewHolder { totp, password_changed_at, credentials: vec![(kind, None)], ..world.holder() };
    let code = holder.fiscal_code.clone();
    (world.make(holder).await, code)
}

/// Begins to replace an expired password.
async fn replace(world: &World, account: &Account, code: Option<&str>) -> Answer {
    world.post("/v1/selfcare/expired-password", json!({ "username": account.username, "password": account.password, "code": code })).await
}

async fn strong(world: &World, kind: CredentialKind) -> (Account, String) {
    let holder = NewHolder { credentials: vec![(kind, None)], ..world.holder() };
    let code = holder.fiscal_code.clone();
    (world.make(holder).await, code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_over_the_challenge_signs_in_once() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let (account, code) = strong(&world, CredentialKind::RemoteSignature).await;
    let mine = authority.issue(&Certificate::signature(&code)).unwrap();
    let (id, challenge) = begin(&world, &account).await;
    let elsewhere = by_signature(&world, &id, &sign(&mine, "sportello/sign-in/another")).await.refused(401, "certificate-refused");
    assert_eq!(reason(&elsewhere), "content-differs");
    for junk in ["MAA=", "no base64 at all"] {
        assert_eq!(reason(&by_signature(&world, &id, junk).await.refused(401, "certificate-refused")), "malformed");
    }
    let signature = sign(&mine, &challenge);
    let done = by_signature(&world, &id, &signature).await.expect(201);
    assert_eq!(done.text_at("/session/level"), "l3");
    let token = done.text_at("/session/token");
    world.get("/v1/selfcare/profile", &token).await.expect(200);
    by_signature(&world, &id, &signature).await.refused(401, "sign-in-refused");
    let (next, _) = begin(&world, &account).await;
    assert_eq!(reason(&by_signature(&world, &next, &signature).await.refused(401, "certificate-refused")), "content-differs");
    // In a session of level 3 a code confirms.
    let code = world.fresh_code(&account).await;
    world.act(&token, "POST", "/v1/selfcare/identity/suspension", json!({ "code": code })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_holder_s_own_valid_certificate_of_a_trusted_authority_counts() {
    let trusting = Trusting::new().await;
    let (world, authority) = (&trusting.world, &trusting.authority);
    let (account, code) = strong(world, CredentialKind::RemoteSignature).await;
    let foreign = Authority::root(trusting.folder.path(), "Altra").unwrap();
    let over = Certificate { until: "20210101000000Z".to_owned(), ..Certificate::signature(&code) };
    let refusals = [
        (authority.issue(&Certificate::signature("VRDLCU80A01F205X")).unwrap(), "another-person"),
        (foreign.issue(&Certificate::signature(&code)).unwrap(), "untrusted"),
        (authority.issue(&over).unwrap(), "expired"),
        (authority.issue(&Certificate::card(&code)).unwrap(), "wrong-usage"),
    ];
    for (certificate, expected) in &refusals {
        let (id, challenge) = begin(world, &account).await;
        let answer = by_signature(world, &id, &sign(certificate, &challenge)).await.refused(401, "certificate-refused");
        assert_eq!(reason(&answer), *expected);
        unlock(world, &account).await;
    }
    // One that is revoked is refused from the moment on in which its authority's list says so.
    let mine = authority.issue(&Certificate::signature(&code)).unwrap();
    let (id, challenge) = begin(world, &account).await;
    by_signature(world, &id, &sign(&mine, &challenge)).await.expect(201);
    authority.revoke(&mine, "keyCompromise").unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    trusting.publish();
    let (id, challenge) = begin(world, &account).await;
    assert_eq!(reason(&by_signature(world, &id, &sign(&mine, &challenge)).await.refused(401, "certificate-refused")), "revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_signs_in_by_its_connection() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let (account, code) = strong(&world, CredentialKind::SmartCard).await;
    let (card, pen) = (authority.issue(&Certificate::card(&code)).unwrap(), authority.issue(&Certificate::signature(&code)).unwrap());
    let (id, _) = begin(&world, &account).await;
    assert_eq!(reason(&by_card(&world, &id, None).await.refused(401, "certificate-refused")), "no-certificate");
    // A CNS certificate is no signature certificate, nor the other way round.
    assert_eq!(reason(&by_card(&world, &id, Some(&pen.pem().unwrap())).await.refused(401, "certificate-refused")), "wrong-usage");
    assert_eq!(by_card(&world, &id, Some(&card.pem().unwrap())).await.expect(201).text_at("/session/level"), "l3");
    // Whoever has a remote signature only does not sign in by a card.
    let (remote, code) = strong(&world, CredentialKind::RemoteSignature).await;
    let card = authority.issue(&Certificate::card(&code)).unwrap();
    let (id, _) = begin(&world, &remote).await;
    assert_eq!(reason(&by_card(&world, &id, Some(&card.pem().unwrap())).await.refused(401, "certificate-refused")), "not-activated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_bought_is_activated_by_its_certificate_and_no_other_signs_in() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let holder = NewHolder { bought: vec![CredentialKind::RemoteSignature], ..world.holder() };
    let code = holder.fiscal_code.clone();
    let (carla, owner) = world.customer().await;
    let (service, account) = world.sold(owner, holder).await;
    let token = world.sign_in(&account).await;
    let path = "/v1/selfcare/credentials/l3";
    let challenge = world.get("/v1/selfcare/credentials", &token).await.expect(200).text_at("/l3Challenge");
    let mine = authority.issue(&Certificate::signature(&code)).unwrap();
    let body = |signature: &str, code: &str| json!({ "credential": "remote-signature", "signature": signature, "code": code });
    let signature = sign(&mine, &challenge);
    world.act(&token, "POST", path, body(&signature, "000000")).await.refused(401, "proof-refused");
    let card = json!({ "credential": "smart-card", "signature": signature, "code": "000000" });
    world.act(&token, "POST", path, card).await.refused(409, "not-bought");
    let other = authority.issue(&Certificate::signature("VRDLCU80A01F205X")).unwrap();
    let answer = world.act(&token, "POST", path, body(&sign(&other, &challenge), "000000")).await.refused(401, "certificate-refused");
    assert_eq!(reason(&answer), "another-person");
    let fresh = world.fresh_code(&account).await;
    let challenge = world.get("/v1/selfcare/credentials", &token).await.expect(200).text_at("/l3Challenge");
    world.act(&token, "POST", path, body(&sign(&mine, &challenge), &fresh)).await.expect(204);
    world.get("/v1/selfcare/profile", &token).await.refused(401, "unauthenticated");
    // A second certificate of the same person was not activated.
    let second = authority.issue(&Certificate::signature(&code)).unwrap();
    let (id, challenge) = begin(&world, &account).await;
    assert_eq!(reason(&by_signature(&world, &id, &sign(&second, &challenge)).await.refused(401, "certificate-refused")), "not-activated");
    let done = by_signature(&world, &id, &sign(&mine, &challenge)).await.expect(201);
    let list = world.get("/v1/selfcare/credentials", &done.text_at("/session/token")).await.expect(200);
    let item = list.body["items"].as_array().unwrap().iter().find(|item| item["credential"] == "remote-signature").unwrap().clone();
    assert_eq!((item["state"].as_str(), item["expiresOn"].as_str()), (Some("active"), Some("2049-01-01")), "it ends with its certificate");
    // The customer area shows what was bought, which lasts longer.
    let shown = world.get(format!("/v1/customer/services/{service}"), &world.sign_in_customer(&carla).await).await.expect(200);
    assert_eq!((shown.text_at("/credentials/0/kind"), shown.body["credentials"][0]["expiry"].clone()), ("remote-signature".into(), json!(null)));
}

/// What was bought lasts longer than a certificate: the next one activates it anew, and meanwhile nobody is shut out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_over_shuts_nobody_out_and_another_takes_its_place() {
    let trusting = Trusting::new().await;
    let (world, authority) = (&trusting.world, &trusting.authority);
    let holder = NewHolder { bought: vec![CredentialKind::RemoteSignature], ..world.holder() };
    let code = holder.fiscal_code.clone();
    let account = world.make(holder).await;
    let until = world.now() + jiff::SignedDuration::from_hours(24 * 10);
    let short = Certificate { until: until.strftime("%Y%m%d%H%M%SZ").to_string(), ..Certificate::signature(&code) };
    let (first, second) = (authority.issue(&short).unwrap(), authority.issue(&Certificate::signature(&code)).unwrap());
    let path = "/v1/selfcare/credentials/l3";
    let activate = async |token: &str, with: &Issued| {
        let challenge = world.get("/v1/selfcare/credentials", token).await.expect(200).text_at("/l3Challenge");
        let fresh = world.fresh_code(&account).await;
        world.act(token, "POST", path, json!({ "credential": "remote-signature", "signature": sign(with, &challenge), "code": fresh })).await
    };
    let token = world.sign_in(&account).await;
    activate(&token, &first).await.expect(204);
    let state = async |token: &str| {
        let list = world.get("/v1/selfcare/credentials", token).await.expect(200);
        list.body["items"].as_array().unwrap().iter().find(|item| item["credential"] == "remote-signature").unwrap()["state"].clone()
    };
    // A minute before, level 3 is asked for; from the certificate's own last instant on it is not, in the middle of the day.
    world.move_to(until - jiff::SignedDuration::from_mins(1)).await;
    begin(world, &account).await;
    world.move_to(until).await;
    let token = world.sign_in(&account).await;
    assert_eq!(state(&token).await, "waiting");
    // Whoever loses a level waits with what is sensitive (rule 44).
    activate(&token, &second).await.refused(409, "downgrade-guard");
    world.pass(72 * 3600).await;
    trusting.publish();
    let token = world.sign_in(&account).await;
    activate(&token, &second).await.expect(204);
    let (id, challenge) = begin(world, &account).await;
    let done = by_signature(world, &id, &sign(&second, &challenge)).await.expect(201);
    assert_eq!(state(&done.text_at("/session/token")).await, "active");
}

/// Omocodia: two persons whose codes differ in nothing but letters that stand for digits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_person_of_the_same_code_but_for_omocodia_is_another_person() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let parsed = sportello_rules::fiscal_code::FiscalCode::parse("RSSMRA85C57H501Z").unwrap();
    let theirs = sportello_rules::fiscal_code::omocodia_forms(&parsed).nth(64).unwrap();
    let holder = NewHolder { fiscal_code: "RSSMRA85C57H501Z".to_owned(), bought: vec![CredentialKind::RemoteSignature], ..world.holder() };
    let account = world.make(holder).await;
    let other = world.make(NewHolder { fiscal_code: theirs.clone(), ..world.holder() }).await;
    let token = world.sign_in(&account).await;
    let challenge = world.get("/v1/selfcare/credentials", &token).await.expect(200).text_at("/l3Challenge");
    let certificate = authority.issue(&Certificate::signature(&theirs)).unwrap();
    let body = json!({ "credential": "remote-signature", "signature": sign(&certificate, &challenge), "code": "000000" });
    assert_eq!(reason(&world.act(&token, "POST", "/v1/selfcare/credentials/l3", body).await.refused(401, "certificate-refused")), "another-person");
    // Each is found by the own code, and blocks the own identity.
    let body = json!({ "fiscalCode": theirs, "type": "personal", "emergencyCode": other.emergency_code });
    world.post("/v1/selfcare/blocks", body).await.expect(200);
    assert_eq!(world.get("/v1/selfcare/identity", &token).await.expect(200).text_at("/status"), "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minor_has_no_level_three() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let holder = NewHolder { kind: IdentityType::Minor, birth_date: jiff::civil::date(2014, 5, 6), bought: vec![CredentialKind::SmartCard], ..world.holder() };
    let code = holder.fiscal_code.clone();
    let account = world.make(holder).await;
    let token = world.sign_in(&account).await;
    let challenge = world.get("/v1/selfcare/credentials", &token).await.expect(200).text_at("/l3Challenge");
    let mine = authority.issue(&Certificate::signature(&code)).unwrap();
    let fresh = world.fresh_code(&account).await;
    let body = json!({ "credential": "smart-card", "signature": sign(&mine, &challenge), "code": fresh });
    world.act(&token, "POST", "/v1/selfcare/credentials/l3", body).await.refused(409, "not-bought");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_level_three_are_counted_like_codes() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let (account, code) = strong(&world, CredentialKind::RemoteSignature).await;
    let mine = authority.issue(&Certificate::signature(&code)).unwrap();
    let (id, challenge) = begin(&world, &account).await;
    for _ in 0..5 {
        by_signature(&world, &id, "MAA=").await.refused(401, "certificate-refused");
    }
    by_signature(&world, &id, &sign(&mine, &challenge)).await.refused(401, "sign-in-refused");
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("pausa")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_comes_from_the_gateway_never_from_a_client_s_header() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let (account, code) = strong(&world, CredentialKind::SmartCard).await;
    let pem = authority.issue(&Certificate::card(&code)).unwrap().pem().unwrap().replace('\n', "%0A");
    for header in ["x-amzn-mtls-clientcert", "x-amzn-mtls-clientcert-leaf", "x-client-certificate", "x-forwarded-client-cert", "ssl-client-cert"] {
        let (id, _) = begin(&world, &account).await;
        let request = Request::new("POST", format!("/v1/selfcare/sign-ins/{id}/smart-card")).json(json!({})).header(header, &pem);
        assert_eq!(reason(&world.send(request).await.refused(401, "certificate-refused")), "no-certificate");
        unlock(&world, &account).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_password_is_replaced_by_every_factor_that_a_sign_in_asks_for() {
    let trusting = Trusting::new().await;
    let world = &trusting.world;
    let flow = "/v1/selfcare/expired-password";
    let new = json!({ "new": "Verde-Foresta77!", "confirmation": "Verde-Foresta77!" });
    for (kind, last) in [(CredentialKind::RemoteSignature, "signature"), (CredentialKind::SmartCard, "smart-card")] {
        for totp in [false, true] {
            let (account, code) = expired(world, kind, totp).await;
            let begun = if totp {
                // The signature comes after the code, never instead of it.
                replace(world, &account, None).await.refused(401, "sign-in-refused");
                replace(world, &account, Some("000000")).await.refused(401, "sign-in-refused");
                let shown = world.fresh_code(&account).await;
                replace(world, &account, Some(&shown)).await.expect(201)
            } else {
                replace(world, &account, None).await.expect(201)
            };
            assert_eq!(begun.text_at("/next"), "signature");
            let (id, challenge) = (begun.text_at("/resetId"), begun.text_at("/challenge"));
            // What names this step sets no password and signs nobody in.
            world.post(format!("{flow}/{id}"), new.clone()).await.refused(410, "link-not-valid");
            world.send(trusting.step(&format!("/v1/selfcare/sign-ins/{id}/{last}"), &code, &challenge)).await.refused(401, "sign-in-refused");
            let path = format!("{flow}/{id}/{last}");
            let another = world.send(trusting.step(&path, "VRDLCU80A01F205X", &challenge)).await.refused(401, "certificate-refused");
            assert_eq!(reason(&another), "another-person");
            if last == "signature" {
                let elsewhere = challenge.replace("expired-password", "sign-in");
                let answer = world.send(trusting.step(&path, &code, &elsewhere)).await.refused(401, "certificate-refused");
                assert_eq!(reason(&answer), "content-differs");
            } else {
                let remote = format!("{flow}/{id}/signature");
                world.send(trusting.step(&remote, &code, "sportello/sign-in/another")).await.refused(401, "certificate-refused");
            }
            let proved = world.send(trusting.step(&path, &code, &challenge)).await.expect(201);
            assert_eq!(proved.text_at("/next"), "new-password");
            world.send(trusting.step(&path, &code, &challenge)).await.refused(401, "sign-in-refused");
            world.post(format!("{flow}/{}", proved.text_at("/resetId")), new.clone()).await.expect(204);
            assert_eq!(world.start_with(&account.username, "Verde-Foresta77!").await.expect(201).text_at("/next"), if totp { "otp" } else { "signature" });
        }
    }
    // Who has a remote signature only does not take the card's way.
    let (account, code) = expired(world, CredentialKind::RemoteSignature, false).await;
    let id = replace(world, &account, None).await.expect(201).text_at("/resetId");
    let answer = world.send(trusting.step(&format!("{flow}/{id}/smart-card"), &code, "")).await.refused(401, "certificate-refused");
    assert_eq!(reason(&answer), "not-activated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_signature_for_an_expired_password_is_over_in_time_with_a_block_and_after_guesses() {
    let trusting = Trusting::new().await;
    let world = &trusting.world;
    let begin = async || {
        let (account, code) = expired(world, CredentialKind::RemoteSignature, false).await;
        let begun = replace(world, &account, None).await.expect(201);
        let path = format!("/v1/selfcare/expired-password/{}/signature", begun.text_at("/resetId"));
        (account, trusting.step(&path, &code, &begun.text_at("/challenge")), path)
    };
    let (_, step, _) = begin().await;
    world.pass(5 * 60 - 30).await;
    world.send(step).await.expect(201);
    let (_, step, _) = begin().await;
    world.pass(5 * 60).await;
    world.send(step).await.refused(401, "sign-in-refused");
    let (account, step, _) = begin().await;
    let block = format!("/v1/selfcare/blocks/{}", world.link(&account, Purpose::Block, "n1"));
    world.post(&block, json!({})).await.expect(200);
    world.send(step).await.refused(401, "sign-in-refused");
    let (account, step, path) = begin().await;
    for _ in 0..5 {
        world.post(&path, json!({ "signature": "MAA=" })).await.refused(401, "certificate-refused");
        // Beginning again buys no more guesses.
        if world.auth(&account).await.otp_tries < 5 {
            replace(world, &account, None).await.expect(201);
        }
    }
    world.send(step).await.refused(401, "sign-in-refused");
    replace(world, &account, None).await.refused(401, "sign-in-refused");
    assert!(world.subjects(&account).await.iter().any(|subject| subject.contains("pausa")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_lost_level_three_waits_with_each_thing_that_is_sensitive() {
    let Trusting { world, authority, folder: _folder } = Trusting::new().await;
    let yesterday = sportello_rules::calendar::date_of(world.now()).yesterday().unwrap();
    let holder = NewHolder {
        credentials: vec![(CredentialKind::SmartCard, Some(yesterday)), (CredentialKind::OtpSms, None)],
        bought: vec![CredentialKind::RemoteSignature],
        ..world.holder()
    };
    let mine = authority.issue(&Certificate::signature(&holder.fiscal_code)).unwrap();
    let account = world.make(holder).await;
    let credentials = "/v1/selfcare/credentials";
    let sensitive = async |token: &str, code: &str| {
        let challenge = world.get(credentials, token).await.expect(200).text_at("/l3Challenge");
        [
            ("PUT", "/v1/selfcare/otp-mode".to_owned(), json!({ "mode": "sms", "code": code })),
            ("POST", format!("{credentials}/otp-sms/revocation"), json!({ "code": code })),
            ("POST", format!("{credentials}/otp-app"), json!({ "code": code })),
            ("POST", format!("{credentials}/l3"), json!({ "credential": "remote-signature", "signature": sign(&mine, &challenge), "code": code })),
        ]
    };
    let token = world.sign_in(&account).await;
    for (method, path, body) in sensitive(&token, "000000").await {
        let waits = world.act(&token, method, &path, body).await.refused(409, "downgrade-guard");
        assert!(waits.header("retry-after").is_some(), "{path}");
    }
    assert_eq!(world.auth(&account).await.otp_tries, 0, "no try is charged for what waits");
    // What protects never waits.
    let code = world.fresh_code(&account).await;
    world.act(&token, "POST", format!("{credentials}/otp-sms/suspension"), json!({ "code": code })).await.expect(204);
    world.pass(72 * 3600).await;
    for index in 0..4 {
        let token = world.sign_in(&account).await;
        let code = world.fresh_code(&account).await;
        let (method, path, body) = sensitive(&token, &code).await[index].clone();
        let answer = world.act(&token, method, &path, body).await;
        // Messages are suspended by now, and are chosen no more.
        assert!(answer.status < 300 || answer.code() == "credential-state", "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_was_bought_is_activated_by_its_connection_and_no_other_signs_in() {
    let trusting = Trusting::new().await;
    let (world, authority) = (&trusting.world, &trusting.authority);
    let holder = NewHolder { bought: vec![CredentialKind::SmartCard], ..world.holder() };
    let code = holder.fiscal_code.clone();
    let account = world.make(holder).await;
    let token = world.sign_in(&account).await;
    let mine = authority.issue(&Certificate::card(&code)).unwrap().pem().unwrap();
    let activate = async |pem: Option<&str>, code: &str| {
        let request = Request::new("POST", "/v1/selfcare/credentials/l3").token(&token).json(json!({ "credential": "smart-card", "code": code }));
        world
            .send(match pem {
                Some(pem) => request.header(CERTIFICATE, &pem.replace('\n', "%0A")),
                None => request,
            })
            .await
    };
    assert_eq!(reason(&activate(None, "000000").await.refused(401, "certificate-refused")), "no-certificate");
    let other = authority.issue(&Certificate::card("VRDLCU80A01F205X")).unwrap().pem().unwrap();
    assert_eq!(reason(&activate(Some(&other), "000000").await.refused(401, "certificate-refused")), "another-person");
    activate(Some(&mine), "000000").await.refused(401, "proof-refused");
    let fresh = world.fresh_code(&account).await;
    activate(Some(&mine), &fresh).await.expect(204);
    let (id, _) = begin(world, &account).await;
    let second = authority.issue(&Certificate::card(&code)).unwrap().pem().unwrap();
    assert_eq!(reason(&by_card(world, &id, Some(&second)).await.refused(401, "certificate-refused")), "not-activated");
    assert_eq!(by_card(world, &id, Some(&mine)).await.expect(201).text_at("/session/level"), "l3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn level_three_is_suspended_taken_back_and_revoked_like_every_credential() {
    let trusting = Trusting::new().await;
    let world = &trusting.world;
    let (account, code) = strong(world, CredentialKind::RemoteSignature).await;
    let change = async |token: &str, what: &str| {
        let code = world.fresh_code(&account).await;
        world.act(token, "POST", format!("/v1/selfcare/credentials/remote-signature/{what}"), json!({ "code": code })).await
    };
    let state = async |token: &str| {
        let list = world.get("/v1/selfcare/credentials", token).await.expect(200);
        let item = list.body["items"].as_array().unwrap().iter().find(|item| item["credential"] == "remote-signature").unwrap().clone();
        (item["state"].as_str().unwrap().to_owned(), list.body["guardedUntil"].is_string())
    };
    let sign_in = async || {
        let (id, challenge) = begin(world, &account).await;
        let step = trusting.step(&format!("/v1/selfcare/sign-ins/{id}/signature"), &code, &challenge);
        world.send(step).await.expect(201).text_at("/session/token")
    };
    let token = sign_in().await;
    change(&token, "reactivation").await.refused(409, "credential-state");
    change(&token, "suspension").await.expect(204);
    world.get("/v1/selfcare/credentials", &token).await.refused(401, "unauthenticated");
    // What is left of level 2 gets the holder in, and takes it back: that never waits.
    let token = world.sign_in(&account).await;
    assert_eq!(state(&token).await, ("suspended".into(), true));
    change(&token, "suspension").await.refused(409, "credential-state");
    change(&token, "revocation").await.refused(409, "downgrade-guard");
    change(&token, "reactivation").await.expect(204);
    let token = sign_in().await;
    assert_eq!(state(&token).await, ("active".into(), false));
    change(&token, "revocation").await.expect(204);
    let token = world.sign_in(&account).await;
    assert_eq!(state(&token).await, ("revoked".into(), true));
    let subjects = world.subjects(&account).await;
    for word in ["sospesa", "riattivata", "revocata"] {
        assert!(subjects.iter().any(|subject| subject.contains(word)), "{word}: {subjects:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_08_level_three_signs_nobody_in_who_was_locked_out_meanwhile() {
    let trusting = Trusting::new().await;
    let world = &trusting.world;
    for (kind, last) in [(CredentialKind::RemoteSignature, "signature"), (CredentialKind::SmartCard, "smart-card")] {
        let (account, code) = strong(world, kind).await;
        let (id, challenge) = begin(world, &account).await;
        for _ in 0..5 {
            world.start_with(&account.username, "Sbagliata-42!").await.refused(401, "sign-in-refused");
        }
        let step = || trusting.step(&format!("/v1/selfcare/sign-ins/{id}/{last}"), &code, &challenge);
        world.send(step()).await.refused(401, "sign-in-refused");
        unlock(world, &account).await;
        world.send(step()).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_changed_in_a_session_of_level_three_by_a_code() {
    let trusting = Trusting::new().await;
    let world = &trusting.world;
    let (account, code) = strong(world, CredentialKind::RemoteSignature).await;
    let (id, challenge) = begin(world, &account).await;
    let step = trusting.step(&format!("/v1/selfcare/sign-ins/{id}/signature"), &code, &challenge);
    let token = world.send(step).await.expect(201).text_at("/session/token");
    let body = World::change(&account.password, "Verde-Foresta77!", None);
    world.act(&token, "PUT", "/v1/selfcare/password", body).await.refused(400, "missing-field");
    world.change_password(&account, &token, "Verde-Foresta77!").await.expect(204);
    world.get("/v1/selfcare/identity", &token).await.refused(401, "unauthenticated");
}
