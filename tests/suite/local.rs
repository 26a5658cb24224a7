//! The local stack's own interface: demo, mails, messages, clock, jobs, pages.

use serde_json::{Value, json};
use sportello_local::demo::NewHolder;
use sportello_local::stack::{Options, Stack};
use sportello_tests::{Request, World};

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_moves_forward_to_an_instant_or_by_a_duration() {
    let world = World::new().await;
    let clock = |body: Value| world.send(Request::new("POST", "/_local/clock").json(body));
    let before = world.now();
    let moved = clock(json!({ "advance": "P1DT2H" })).await.expect(200).text_at("/now").parse::<jiff::Timestamp>().unwrap();
    let passed = moved.duration_since(before).as_secs();
    assert!((DAY + 7200..DAY + 7205).contains(&passed), "{passed}");
    let target = world.now() + jiff::SignedDuration::from_secs(3 * DAY);
    let moved = clock(json!({ "now": target.to_string() })).await.expect(200).text_at("/now").parse::<jiff::Timestamp>().unwrap();
    assert!(moved >= target);
    for body in [
        json!({}),
        json!({ "now": target.to_string(), "advance": "P1D" }),
        json!({ "advance": "soon" }),
        json!({ "then": 1 }),
        json!({ "now": "2026-01-01T00:00:00Z" }),
        json!({ "advance": "-P1D" }),
    ] {
        assert_eq!(clock(body.clone()).await.status, 400, "{body}");
    }
    assert!(world.now() >= target);
}

/// Outside of tests nobody has to move the clock: the jobs run with each full hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_run_by_themselves_with_the_full_hour() {
    let now = "2026-11-26T09:30:00Z".parse::<jiff::Timestamp>().unwrap();
    let stack = Stack::start(Options { starts_at: Some(now), ..Options::default() }).await.unwrap();
    let holder = NewHolder::new("ora@example.it", now);
    let changed = now - jiff::SignedDuration::from_secs(175 * DAY);
    let account = NewHolder { password_changed_at: changed, ..holder }.create(&stack.shared.app).await.unwrap();
    stack.shared.clock.move_to("2026-11-26T09:59:59Z".parse().unwrap()).unwrap();
    for _ in 0..600 {
        if !stack.shared.inbox.mails(Some(&account.email)).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no warning of the password's end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_fall_due_in_between_run_in_order_at_their_instants() {
    let world = World::new().await;
    let start = world.now();
    for days in [172, 170, 168] {
        world.make(NewHolder { password_changed_at: start - jiff::SignedDuration::from_secs(days * DAY), ..world.holder() }).await;
    }
    let moved = world.send(Request::new("POST", "/_local/clock").json(json!({ "advance": "P20D" }))).await.expect(200);
    let ran: Vec<_> = moved.body["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|ran| ran["done"] == 1)
        .map(|ran| ran["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap())
        .collect();
    assert_eq!(ran.len(), 6, "two warnings each");
    assert!(ran.is_sorted());
    let mut mails: Vec<_> = world.stack.shared.inbox.mails(None).iter().map(|mail| mail.at).collect();
    mails.reverse();
    assert!(mails.is_sorted());
    for (mail, ran) in mails.iter().zip(&ran) {
        assert!(mail.duration_since(*ran).as_secs() < 5, "sent at the instant of its run");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_runs_now_and_an_unknown_one_is_404() {
    let world = World::new().await;
    world.make(NewHolder { password_changed_at: world.now() - jiff::SignedDuration::from_secs(175 * DAY), ..world.holder() }).await;
    let run = |id: &str| world.send(Request::new("POST", format!("/_local/jobs/{id}")));
    assert_eq!(run("jobs.password.warn").await.expect(200).body["done"], 1);
    assert_eq!(run("jobs.password.warn").await.expect(200).body["done"], 0);
    assert_eq!(run("jobs.nothing").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_newest_first_and_by_recipient_and_the_catcher_takes_messages_too() {
    let world = World::new().await;
    let (one, two) = (world.make(NewHolder { totp: false, ..world.holder() }).await, world.make(NewHolder { totp: false, ..world.holder() }).await);
    world.sign_in(&one).await;
    world.sign_in(&two).await;
    let all = world.send(Request::new("GET", "/_local/mails")).await.expect(200);
    assert_eq!(all.body[0]["to"][0], two.email);
    let first = world.send(Request::new("GET", format!("/_local/mails?to={}", one.email))).await.expect(200);
    assert_eq!(first.body.as_array().map(Vec::len), Some(1));
    assert!(first.body[0]["html"].as_str().unwrap().contains("<html"));
    let stack = world.send(Request::new("GET", "/_local/stack")).await.expect(200);
    let form = "Action=Publish&PhoneNumber=%2B393331234567&Message=ciao";
    reqwest::Client::new().post(stack.text_at("/mail")).body(form).send().await.unwrap();
    let sms = world.send(Request::new("GET", "/_local/sms?to=%2B393331234567")).await.expect(200);
    assert_eq!(sms.body[0]["text"], "ciao");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_document_and_declarations_are_served() {
    let world = World::new().await;
    for (path, kind) in [
        ("/_local", "text/html; charset=utf-8"),
        ("/_local/inbox", "text/html; charset=utf-8"),
        ("/_local/time", "text/html; charset=utf-8"),
        ("/_local/selfcare/blocks/x", "text/html; charset=utf-8"),
        ("/_local/common.js", "text/javascript; charset=utf-8"),
        ("/_local/style.css", "text/css; charset=utf-8"),
        ("/_local/docs/", "text/html"),
        ("/openapi.json", "application/json"),
        ("/_local/operations", "application/json"),
        ("/_local/demo", "application/json"),
    ] {
        let answer = world.send(Request::new("GET", path)).await.expect(200);
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        assert!(!answer.text.contains("https://cdn") && !answer.text.is_empty());
    }
    assert_eq!(world.send(Request::new("GET", "/_local/nothing.html")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_demo_there_is_nobody_and_a_port_in_use_is_said() {
    let world = World::new().await;
    assert_eq!(world.send(Request::new("GET", "/_local/demo")).await.expect(200).body, json!({ "accounts": [] }));
    let taken = Stack::start(Options { port: world.stack.address.port(), ..Options::default() }).await.err().unwrap().to_string();
    assert!(taken.contains("--port"), "{taken}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_loaded_from_its_file_and_checked() {
    use sportello_runtime::Context;
    use sportello_runtime::config::{Config, Credential};
    let folder = tempfile::tempdir().unwrap();
    let load = |text: &str| {
        let file = folder.path().join("policy.json");
        std::fs::write(&file, text).unwrap();
        let entropy = sportello_runtime::entropy::SystemEntropy::default();
        let config = Config {
            table_prefix: "t-".into(),
            policy_file: Some(file),
            trust_folder: None,
            keys_file: None,
            keys_parameter: None,
            policy: None,
            keys: Some(sportello_runtime::keys::KeyRing::generate(&entropy).unwrap()),
            selfcare_url: "https://selfcare.example".into(),
            customer_area_url: "https://customers.example".into(),
            provider: "P".into(),
            support: "s@example.it".into(),
            support_mailbox: None,
            mail_from: "n@example.it".into(),
            mail_configuration_set: None,
            sms_sender: None,
            payments_url: "https://payments.example".into(),
            payments_key: None,
            payments_webhook_secrets: Vec::new(),
            seller: None,
            region: "eu-south-1".into(),
            dynamodb_endpoint: None,
            ses_endpoint: None,
            sns_endpoint: None,
            ssm_endpoint: None,
            patience: 1,
            access_key_id: "x".into(),
            secret_access_key: Credential("x".into()),
            session_token: None,
        };
        Context::new(&config, std::sync::Arc::new(sportello_runtime::clock::SystemClock), true).map(|context| context.policy).map_err(|error| error.to_string())
    };
    assert_eq!(load(r#"{"password":{"valid_days":90}}"#).unwrap().password.valid_days, 90);
    assert!(load(r#"{"password":{"warn_days":[2,7]}}"#).unwrap_err().contains("password.warn_days"));
    assert!(load(r#"{"password":{"valid_dayz":90}}"#).unwrap_err().contains("valid_dayz"));
    assert!(load("{").unwrap_err().starts_with("policy"));
}
