//! The customer area: services and their cancellation (rules 59-63, 66).

use serde_json::json;
use sportello_local::demo::{NewHolder, active};
use sportello_rules::identity::{IdentityState, IdentityType, Status, SuspensionReason};
use sportello_tests::{Answer, Request, World};

fn state_of(status: Status, now: jiff::Timestamp) -> IdentityState {
    let mut state = active(now);
    match status {
        Status::ToActivate => state = IdentityState::default(),
        Status::Active => {}
        Status::Suspended => {
            state.suspend(SuspensionReason::Fraud, now).unwrap();
        }
        Status::Revoked => state.revoke(now),
    }
    state
}

async fn cancel(world: &World, id: &str, token: &str) -> Answer {
    world.send(Request::new("POST", format!("/v1/customer/services/{id}/cancellation")).token(token).json(json!({}))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_table_of_rule_62() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let token = world.sign_in_customer(&carla).await;
    for kind in IdentityType::ALL {
        for status in Status::ALL {
            let (id, holder) = world.service(owner, kind, state_of(status, world.now()), world.now()).await;
            let paid = matches!(kind, IdentityType::Professional | IdentityType::Business);
            let answer = cancel(&world, &id, &token).await;
            match status {
                Status::Active | Status::Suspended => {
                    answer.refused(409, "revoke-first");
                }
                Status::ToActivate if paid => {
                    assert_eq!(answer.expect(200).text_at("/form"), "within-14-days", "{kind:?}");
                    assert_eq!(world.get(&format!("/v1/customer/services/{id}"), &token).await.body["cancelledAt"], json!(null), "nothing changed");
                }
                Status::ToActivate | Status::Revoked => {
                    assert_eq!(answer.expect(200).text_at("/outcome"), "cancelled");
                    cancel(&world, &id, &token).await.refused(409, "already-cancelled");
                    let service = world.get(&format!("/v1/customer/services/{id}"), &token).await.expect(200);
                    assert_eq!(service.text_at("/status"), "revoked");
                    assert!(service.body["actions"].as_array().unwrap().iter().all(|action| action["reason"] == "already-cancelled"));
                    world.start(&holder).await.refused(401, "sign-in-refused");
                }
            }
        }
    }
    let mails = world.mails(&carla).await;
    assert_eq!(mails.len(), 2 + 4, "two of Personal and Minor to activate, four revoked");
    assert!(mails.iter().all(|mail| mail.subject.contains("annullato")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fourteen_days_end_with_the_last_second_in_rome() {
    // A Thursday; D+14 is Thursday 3 December 2026.
    let world = World::at("2026-12-01T12:00:00Z").await;
    let (carla, owner) = world.customer().await;
    let contract = "2026-11-19T22:30:00Z".parse().unwrap();
    let (id, _) = world.service(owner, IdentityType::Professional, IdentityState::default(), contract).await;
    for (instant, form) in [("2026-12-03T22:59:50Z", "within-14-days"), ("2026-12-03T23:00:00Z", "beyond-14-days")] {
        world.move_to(instant.parse().unwrap()).await;
        let token = world.sign_in_customer(&carla).await;
        let answer = cancel(&world, &id, &token).await.expect(200);
        assert_eq!(
            (answer.text_at("/form"), answer.text_at("/lastDay"), answer.text_at("/until")),
            (form.into(), "2026-12-03".into(), "2026-12-03T23:00:00Z".into())
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_shows_its_expiry_renewal_credentials_and_actions() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let (id, _) = world.service(owner, IdentityType::Professional, active(world.now()), world.now()).await;
    let token = world.sign_in_customer(&carla).await;
    let service = world.get(&format!("/v1/customer/services/{id}"), &token).await.expect(200);
    assert_eq!(service.text_at("/renewal"), "automatic-off");
    assert_eq!(service.text_at("/expiry/flag"), "none");
    assert!(service.text_at("/selfcareUrl").contains("/_local/selfcare"));
    let actions: Vec<_> = service.body["actions"].as_array().unwrap().iter().map(|a| (a["action"].as_str().unwrap(), a["reason"].as_str())).collect();
    assert_eq!(
        actions,
        [("renew", Some("not-yet-due")), ("add-credential", None), ("change-auto-renewal", None), ("cancel", Some("revoke-first")), ("open-selfcare", None)]
    );
    world.pass(280 * 86_400).await;
    let token = world.sign_in_customer(&carla).await;
    let service = world.get(&format!("/v1/customer/services/{id}"), &token).await.expect(200);
    assert_eq!((service.text_at("/expiry/flag"), service.body["actions"][0]["possible"].as_bool()), ("expiring".into(), Some(true)));
    world.pass(100 * 86_400).await;
    let token = world.sign_in_customer(&carla).await;
    let service = world.get(&format!("/v1/customer/services/{id}"), &token).await.expect(200);
    assert_eq!(service.text_at("/expiry/flag"), "expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_come_by_type_and_in_pages() {
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    for kind in [IdentityType::Business, IdentityType::Personal, IdentityType::Professional, IdentityType::Minor, IdentityType::Personal] {
        world.service(owner, kind, active(world.now()), world.now()).await;
    }
    let token = world.sign_in_customer(&carla).await;
    let (mut types, mut path) = (Vec::new(), "/v1/customer/services?limit=2".to_owned());
    loop {
        let page = world.get(&path, &token).await.expect(200);
        types.extend(page.body["items"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/customer/services?limit=2&cursor={next}");
    }
    assert_eq!(types, ["personal", "personal", "minor", "professional", "business"]);
    let (other, _) = world.customer().await;
    let other = world.sign_in_customer(&other).await;
    world.get(&path, &other).await.refused(400, "cursor-invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_customers_service_is_as_missing_as_none() {
    let world = World::new().await;
    let ((carla, _), (_, other)) = (world.customer().await, world.customer().await);
    let (foreign, holder) = world.service(other, IdentityType::Personal, IdentityState::default(), world.now()).await;
    let token = world.sign_in_customer(&carla).await;
    let same = |a: Answer, b: Answer| {
        let (mut a, mut b) = (a.refused(404, "not-found"), b.refused(404, "not-found"));
        a.body["requestId"] = json!("");
        b.body["requestId"] = json!("");
        assert_eq!((a.body, a.headers), (b.body, b.headers));
    };
    let path = |id: &str| format!("/v1/customer/services/{id}");
    same(world.get(&path(&foreign), &token).await, world.get(&path("servizio-999"), &token).await);
    same(cancel(&world, &foreign, &token).await, cancel(&world, "servizio-999", &token).await);
    world.start(&holder).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_ends_the_session() {
    let world = World::new().await;
    let (carla, _) = world.customer().await;
    let token = world.sign_in_customer(&carla).await;
    world.send(Request::new("DELETE", "/v1/customer/sessions/current").token(&token)).await.expect(204);
    world.get("/v1/customer/services", &token).await.refused(401, "unauthenticated");
    let holder = world.make(NewHolder { totp: false, ..world.holder() }).await;
    let token = world.sign_in(&holder).await;
    world.get("/v1/customer/services", &token).await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_flagged_and_renewed_one_by_one() {
    use sportello_rules::service::CredentialKind;
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let today = sportello_rules::calendar::date_of(world.now());
    let day = |months| Some(sportello_rules::calendar::add_months(today, months));
    let service = sportello_local::demo::NewService {
        id: "con-credenziali".into(),
        customer: owner,
        holder: NewHolder { kind: IdentityType::Professional, ..world.holder() },
        contract_at: world.now(),
        auto_renewal: false,
        credentials: vec![(CredentialKind::OtpToken, day(6)), (CredentialKind::SmartCard, day(2)), (CredentialKind::RemoteSignature, day(-1))],
    };
    service.create(&world.stack.shared.app).await.unwrap();
    let token = world.sign_in_customer(&carla).await;
    let service = world.get("/v1/customer/services/con-credenziali", &token).await.expect(200);
    let seen: Vec<_> = service.body["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["level"].as_str().unwrap(), c["kind"].as_str().unwrap(), c["expiry"]["flag"].as_str().unwrap(), c["renew"]["possible"].as_bool().unwrap()))
        .collect();
    assert_eq!(seen, [("l2", "otp-token", "none", false), ("l3", "smart-card", "expiring", true), ("l3", "remote-signature", "expired", true)]);
    assert_eq!(service.body["credentials"][0]["renew"]["reason"], "not-yet-due");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_its_holder_revokes_is_shown_no_more_and_can_be_bought_again() {
    use sportello_rules::service::{CredentialKind, Level};
    let world = World::new().await;
    let (carla, owner) = world.customer().await;
    let today = sportello_rules::calendar::date_of(world.now());
    let day = |months| Some(sportello_rules::calendar::add_months(today, months));
    // Of the token there is one that is over and one that lasts.
    let credentials = vec![(CredentialKind::OtpToken, day(-1)), (CredentialKind::OtpToken, day(6)), (CredentialKind::SmartCard, day(5))];
    let holder = NewHolder { credentials, bought: vec![CredentialKind::RemoteSignature], ..world.holder() };
    let (id, account) = world.sold(owner, holder).await;
    let customer = world.sign_in_customer(&carla).await;
    let service = async || world.get(format!("/v1/customer/services/{id}"), &customer).await.expect(200);
    let adding = |service: &Answer| service.body["actions"].as_array().unwrap().iter().find(|a| a["action"] == "add-credential").unwrap().clone();
    assert_eq!(adding(&service().await)["reason"], "nothing-to-add");
    let change = async |credential: &str, what: &str| {
        let token = world.forge_session(&account, Some(Level::L3)).await;
        let code = world.fresh_code(&account).await;
        world.act(&token, "POST", format!("/v1/selfcare/credentials/{credential}/{what}"), json!({ "code": code })).await.expect(204);
    };
    // What is suspended only is still held.
    change("remote-signature", "revocation").await;
    change("smart-card", "suspension").await;
    let shown = service().await;
    let seen: Vec<_> =
        shown.body["credentials"].as_array().unwrap().iter().map(|c| (c["kind"].as_str().unwrap(), c["expiry"]["on"].as_str().unwrap())).collect();
    let (token, card) = (day(6).unwrap().to_string(), day(5).unwrap().to_string());
    assert_eq!(seen, [("otp-token", token.as_str()), ("smart-card", card.as_str())]);
    assert_eq!(adding(&shown)["possible"], true);
}
