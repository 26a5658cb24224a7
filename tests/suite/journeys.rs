//! Journeys: several operations as people use them, over HTTP, and a process that is killed.

use serde_json::json;
use sportello_local::journey;
use sportello_local::stack::{Options, Stack};
use sportello_tests::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_journey_goes_as_it_should() {
    let stack = Stack::start(Options { demo: true, ..Options::default() }).await.unwrap();
    journey::walk(&stack.api(), &stack.api()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspicious_mail_leads_to_a_block_and_the_holder_still_gets_in() {
    let world = World::new().await;
    let account = world.active().await;
    let thief = world.sign_in(&account).await;
    let mail = &world.mails(&account).await[0];
    let path = format!("/v1/selfcare/blocks/{}", World::link_token(mail, "blocks").unwrap());
    world.post(&path, json!({})).await.expect(200);
    world.get("/v1/selfcare/identity", &thief).await.refused(401, "unauthenticated");
    let holder = world.sign_in(&account).await;
    assert_eq!(world.get("/v1/selfcare/identity", &holder).await.expect(200).text_at("/status"), "suspended");
    world.change_password(&account, &holder, "Verde-Foresta77!").await.expect(204);
    world.start(&account).await.refused(401, "sign-in-refused");
    let account = sportello_local::demo::Account { password: "Verde-Foresta77!".to_owned(), ..account };
    let holder = world.sign_in(&account).await;
    let code = world.fresh_code(&account).await;
    let lifted = world.act(&holder, "POST", "/v1/selfcare/identity/reactivation", json!({ "code": code })).await.expect(200);
    assert_eq!(lifted.text_at("/status"), "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_demo_account_is_as_it_says() {
    let stack = Stack::start(Options { demo: true, ..Options::default() }).await.unwrap();
    let client = reqwest::Client::new();
    for account in &stack.shared.accounts {
        let path = match account.kind {
            sportello_store::key::OwnerKind::Holder => "/v1/selfcare/sign-ins",
            sportello_store::key::OwnerKind::Customer => "/v1/customer/sessions",
        };
        let body = json!({ "username": account.username, "password": account.password });
        let answer = client.post(format!("http://{}{path}", stack.address)).json(&body).send().await.unwrap();
        let refused = account.what.contains("Revoked") || account.what.contains("revoked") || account.what.contains("Locked");
        assert_eq!(answer.status().as_u16(), if refused { 401 } else { 201 }, "{}: {}", account.username, account.what);
        assert_eq!(account.emergency_code.is_some(), account.r#type.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_finds_data_mails_and_clock() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), demo: true, ..Options::default() };
    let first = Stack::start(options()).await.unwrap();
    let accounts = first.shared.accounts.len();
    let giulia = first.shared.accounts.iter().find(|account| account.username.starts_with("giulia")).unwrap().clone();
    let body = json!({ "username": giulia.username, "password": giulia.password });
    let client = reqwest::Client::new();
    let url = format!("http://{}", first.address);
    let opened: serde_json::Value = client.post(format!("{url}/v1/selfcare/sign-ins")).json(&body).send().await.unwrap().json().await.unwrap();
    client.post(format!("{url}/_local/clock")).json(&json!({ "advance": "PT10M" })).send().await.unwrap();
    let mails: Vec<serde_json::Value> = client.get(format!("{url}/_local/mails")).send().await.unwrap().json().await.unwrap();
    assert!(!mails.is_empty());
    drop(first);
    let second = Stack::start(options()).await.unwrap();
    assert_eq!(second.shared.accounts.len(), accounts);
    let url = format!("http://{}", second.address);
    let token = opened["session"]["token"].as_str().unwrap();
    let identity = client.get(format!("{url}/v1/selfcare/identity")).bearer_auth(token).send().await.unwrap();
    assert_eq!(identity.status().as_u16(), 200);
    let again: Vec<serde_json::Value> = client.get(format!("{url}/_local/mails")).send().await.unwrap().json().await.unwrap();
    assert_eq!(again, mails, "nothing is sent twice");
}
