//! The provider, asked by the product's own client and heard by its own verification.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sportello_payments::{Charge, Client, Event, EventKind, MethodKind, Payment, PaymentError, PaymentStatus, Secret, Settings, verify};
use sportello_runtime::clock::Clock as _;
use tokio::net::TcpListener;

use super::interface::once;
use super::{EVENTS, Fault, KEY, Manner, Payments, WEBHOOK_SECRET, lock, router};
use crate::clock::LocalClock;

struct Provider {
    payments: Arc<Payments>,
    client: Client,
    customer: String,
    heard: Arc<Mutex<Vec<Event>>>,
    /// What its next messages are answered.
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

async fn provider() -> Provider {
    let clock = Arc::new(LocalClock::new(None, None));
    let (heard, answers) = (Arc::<Mutex<Vec<Event>>>::default(), Arc::<Mutex<VecDeque<StatusCode>>>::default());
    let hear = {
        let (clock, heard, answers) = (Arc::clone(&clock), Arc::clone(&heard), Arc::clone(&answers));
        async move |headers: HeaderMap, body: Bytes| {
            let header = headers["stripe-signature"].to_str().unwrap().to_owned();
            let event = verify(&header, &body, &[Secret::new(WEBHOOK_SECRET)], clock.now(), SignedDuration::from_secs(300)).unwrap();
            lock(&heard).push(event);
            lock(&answers).pop_front().unwrap_or(StatusCode::OK)
        }
    };
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = format!("http://{}{EVENTS}", hook.local_addr().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let payments = Arc::new(Payments::new(None, clock, address, webhook));
    let routes = router(Arc::clone(&payments));
    tokio::spawn(async move { axum::serve(hook, Router::new().route(EVENTS, post(hear))).await });
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let client = client(&payments, KEY);
    let customer = client.create_customer("customer", &[("owner", "c#1")]).await.unwrap();
    Provider { payments, client, customer, heard, answers }
}

fn client(payments: &Payments, key: &str) -> Client {
    Client::new(Settings { base_url: format!("http://{}", payments.address), key: Secret::new(key), timeout: Duration::from_secs(60) })
}

impl Provider {
    fn method(&self, manner: Manner) -> String {
        self.payments.add(&self.customer, manner, false, &BTreeMap::new())
    }

    fn charge<'a>(&'a self, method: &'a str, key: &'a str) -> Charge<'a> {
        Charge {
            customer: &self.customer,
            method,
            amount: 4270,
            currency: "eur",
            off_session: true,
            description: "Identità",
            metadata: &[("order", "o-1")],
            key,
            return_url: None,
        }
    }

    /// A charge that pays; its id.
    async fn paid(&self, method: &str, key: &str) -> String {
        let payment = self.client.charge(&self.charge(method, key)).await.unwrap();
        assert_eq!(payment.status, PaymentStatus::Succeeded);
        payment.id
    }

    /// What it told of payments, once everything was heard: each message's id, the payment's, and whether it took the money.
    async fn told(&self) -> Vec<(String, String, bool)> {
        self.payments.heard().await;
        let of = |event: &Event| match &event.kind {
            EventKind::PaymentSucceeded(payment) => Some((event.id.clone(), payment.id.clone(), true)),
            EventKind::PaymentFailed(payment) => Some((event.id.clone(), payment.id.clone(), false)),
            EventKind::SetupSucceeded { .. } | EventKind::Refunded { .. } | EventKind::RefundFailed { .. } | EventKind::Other => None,
        };
        lock(&self.heard).iter().filter_map(of).collect()
    }
}

fn long_ago() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(48)
}

fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The status of a page's answer to a choice, and where it leads.
async fn choose(url: &str, choice: &str) -> (u16, Option<String>) {
    let answer = browser().post(url).body(format!("choice={choice}")).send().await.unwrap();
    (answer.status().as_u16(), answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()))
}

async fn looked_at(url: &str) -> (u16, String) {
    let answer = browser().get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_charges_once_also_when_many_ask_at_once() {
    let provider = Arc::new(provider().await);
    let method = provider.method(Manner::Accepted);
    let asks: Vec<_> = (0..20)
        .map(|_| {
            let (provider, method) = (Arc::clone(&provider), method.clone());
            tokio::spawn(async move { provider.client.charge(&provider.charge(&method, "o-1-1")).await })
        })
        .collect();
    let mut all: Vec<Result<Payment, PaymentError>> = Vec::new();
    for ask in asks {
        all.push(ask.await.unwrap());
    }
    let first = all[0].clone().unwrap();
    assert!(all.iter().all(|payment| payment.as_ref() == Ok(&first)), "{all:?}");
    assert_eq!((provider.payments.payments().len(), provider.payments.taken("o-1")), (1, 4270));
    let told = provider.told().await;
    assert!(told.len() == 1 && told[0].1 == first.id && told[0].2, "{told:?}");
    assert_eq!(provider.client.payment(&first.id).await, Ok(first.clone()));
    assert_eq!(provider.client.payments(&provider.customer, long_ago()).await, Ok(vec![first]));
    assert_eq!(provider.client.payments("cus_other", long_ago()).await, Ok(Vec::new()));
    // Another request under the key is refused, and takes nothing.
    let other = provider.client.charge(&Charge { amount: 1, ..provider.charge(&method, "o-1-1") }).await;
    assert_eq!(other, Err(PaymentError::Rejected { status: 400, code: "idempotency_error".into() }));
    assert_eq!(provider.payments.payments().len(), 1);
}

/// As above, with a first request that takes its time.
#[tokio::test]
async fn who_asks_under_a_key_waits_for_the_first_answer() {
    let provider = provider().await;
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {KEY}").parse().unwrap());
    headers.insert("idempotency-key", "1".parse().unwrap());
    let served = AtomicU32::new(0);
    let slow = || {
        std::thread::sleep(Duration::from_millis(100));
        (200, json!({ "number": served.fetch_add(1, Ordering::SeqCst) }))
    };
    let ask = || once(&provider.payments, "/v1/any", &headers, &BTreeMap::new(), slow);
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let asks: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asks.into_iter().map(|ask| ask.join().unwrap()).collect()
    });
    assert_eq!(answers, vec![(200, json!({ "number": 0 })); 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_method_behaves_as_it_was_chosen() {
    let provider = provider().await;
    for (manner, there, later) in [
        (Manner::Accepted, Ok(true), Ok(true)),
        (Manner::Declined, Err("card_declined"), Err("card_declined")),
        (Manner::DeclinedLater, Ok(true), Err("card_declined")),
        (Manner::Confirmed, Ok(false), Err("authentication_required")),
    ] {
        let method = provider.method(manner);
        for (off_session, expected) in [(false, there), (true, later)] {
            let key = format!("{method} {off_session}");
            let charge = Charge { off_session, ..provider.charge(&method, &key) };
            let found = provider.client.charge(&charge).await;
            match (expected, &found) {
                (Ok(true), Ok(payment)) => assert_eq!(payment.status, PaymentStatus::Succeeded),
                (Ok(false), Ok(payment)) => assert!(matches!(payment.status, PaymentStatus::RequiresAction { url: Some(_) })),
                (Err(expected), Err(PaymentError::Declined { code, payment: Some(payment) })) => {
                    assert_eq!(code, expected);
                    let stands = provider.client.payment(payment).await.unwrap().status;
                    assert_eq!(stands, PaymentStatus::Failed { code: expected.into() }, "as it was answered");
                }
                _ => panic!("{manner:?} {off_session}: {found:?}"),
            }
            // The first answer is the last one, a no as well.
            assert_eq!(provider.client.charge(&charge).await, found);
        }
    }
    assert_eq!(provider.payments.taken("o-1"), 3 * 4270);
    assert_eq!(provider.told().await.len(), 7, "of all but the one that waits for its owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_again_under_its_key_was_charged_or_is() {
    for (fault, taken) in [(Fault::AnswerLost, 4270), (Fault::NotReached, 0), (Fault::Broken, 0)] {
        let provider = provider().await;
        let method = provider.method(Manner::Accepted);
        provider.payments.fail_next(&[fault]);
        let first = provider.client.charge(&provider.charge(&method, "o-1-1")).await;
        assert!(matches!(first, Err(PaymentError::Unknown(_))), "{fault:?}: {first:?}");
        assert_eq!(provider.payments.taken("o-1"), taken, "{fault:?}");
        let again = provider.paid(&method, "o-1-1").await;
        assert_eq!((provider.payments.payments().len(), provider.payments.taken("o-1")), (1, 4270), "{fault:?}");
        assert_eq!(provider.payments.let_go(), usize::from(fault == Fault::AnswerLost));
        let told = provider.told().await;
        assert!(told.len() == 1 && told[0].1 == again, "{fault:?}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_first_twice_or_when_they_are_let_go() {
    let provider = provider().await;
    let method = provider.method(Manner::Accepted);
    provider.payments.fail_next(&[Fault::MessageFirst, Fault::MessageTwice, Fault::MessageHeld]);
    let first = provider.paid(&method, "1").await;
    let is_first = |event: &Event| matches!(&event.kind, EventKind::PaymentSucceeded(payment) if payment.id == first);
    assert!(lock(&provider.heard).iter().any(is_first), "before the answer");
    let twice = provider.paid(&method, "2").await;
    let held = provider.paid(&method, "3").await;
    let told = provider.told().await;
    let payments: Vec<&str> = told.iter().map(|(_, payment, _)| payment.as_str()).collect();
    assert_eq!(payments, [&first, &twice, &twice]);
    assert_eq!(told[1].0, told[2].0, "a message that is repeated is the same one");
    assert_eq!((provider.payments.held(), provider.payments.let_go(), provider.payments.held()), (1, 1, 0));
    assert_eq!(provider.told().await[3].1, held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_repeated_until_it_is_heard_and_kept_where_it_is_not() {
    let provider = provider().await;
    let method = provider.method(Manner::Accepted);
    provider.payments.heard().await;
    lock(&provider.answers).extend([StatusCode::SERVICE_UNAVAILABLE, StatusCode::CONFLICT]);
    provider.paid(&method, "1").await;
    let told = provider.told().await;
    assert!(told.len() == 3 && told.iter().all(|one| *one == told[0]), "{told:?}");
    lock(&provider.answers).extend([StatusCode::CONFLICT; 4]);
    let unheard = provider.paid(&method, "2").await;
    assert_eq!(provider.told().await.len(), 3 + 4);
    assert_eq!((provider.payments.held(), provider.payments.let_go()), (1, 1));
    let told = provider.told().await;
    assert!(told.len() == 3 + 5 && told[7].1 == unheard, "{told:?}");
    assert_eq!(provider.payments.held(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_given_back_once() {
    let provider = provider().await;
    let method = provider.method(Manner::Accepted);
    let paid = provider.paid(&method, "1").await;
    for key in ["refund", "refund", "another"] {
        provider.client.refund(&paid, key, &[("order", "o-1")]).await.unwrap();
    }
    assert_eq!(provider.payments.taken("o-1"), 0);
    provider.payments.heard().await;
    let is_refund = |event: &Event| matches!(&event.kind, EventKind::Refunded { payment } if payment.id == paid && payment.metadata["order"] == "o-1");
    assert!(lock(&provider.heard).iter().any(is_refund));
    let missing = provider.client.refund("pi_none", "none", &[]).await;
    assert_eq!(missing, Err(PaymentError::Rejected { status: 404, code: "resource_missing".into() }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_method_is_added_at_the_page_once() {
    let provider = provider().await;
    let (ok, no) = ("https://a.example/ok", "https://a.example/no");
    let start = async |key: &str| provider.client.start_setup(&provider.customer, ok, no, &[("owner", "c#1")], key).await.unwrap();
    for (key, choice) in [("1", "accepted"), ("2", "paypal")] {
        let page = start(key).await;
        assert_eq!(start(key).await, page, "asked again it is the same page");
        let (status, text) = looked_at(&page.url).await;
        assert!(status == 200 && text.contains("lang=\"it\"") && text.contains("--accent"), "{text}");
        assert_eq!(choose(&page.url, "cancel").await, (303, Some(no.into())), "who goes back may come again");
        assert_eq!(choose(&page.url, choice).await, (303, Some(ok.into())));
        assert_eq!((choose(&page.url, choice).await.0, looked_at(&page.url).await.0), (410, 410));
        provider.payments.heard().await;
        let last = lock(&provider.heard).last().unwrap().kind.clone();
        let EventKind::SetupSucceeded { setup, method, customer, metadata } = last else { panic!("{last:?}") };
        assert_eq!((customer.as_ref(), metadata["owner"].as_str()), (Some(&provider.customer), "c#1"));
        let read = provider.client.setup_intent(&setup).await.unwrap();
        assert_eq!((read.succeeded, read.method.as_ref(), read.metadata), (true, Some(&method), metadata));
        let read = provider.client.method(&method).await.unwrap();
        assert_eq!((matches!(read.kind, MethodKind::Paypal), read.customer.as_ref()), (choice == "paypal", Some(&provider.customer)));
        provider.client.detach(&method, &method).await.unwrap();
        assert_eq!(provider.client.method(&method).await.unwrap().customer, None);
        let gone = provider.client.charge(&provider.charge(&method, &format!("gone {key}"))).await;
        assert_eq!(gone, Err(PaymentError::Rejected { status: 404, code: "resource_missing".into() }), "what is detached pays nothing");
    }
    assert!(looked_at(&format!("http://{}/", provider.payments.address)).await.1.contains("Ancora nessuno"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_is_answered_at_its_page_or_called_off() {
    let provider = provider().await;
    let method = provider.method(Manner::Confirmed);
    let asked = async |key: &str| {
        let charge = Charge { off_session: false, return_url: Some("https://a.example/back"), ..provider.charge(&method, key) };
        let payment = provider.client.charge(&charge).await.unwrap();
        let PaymentStatus::RequiresAction { url: Some(url) } = payment.status else { panic!("{payment:?}") };
        (payment.id, url)
    };
    for choice in ["accept", "refuse"] {
        let (id, url) = asked(choice).await;
        assert_eq!(looked_at(&url).await.0, 200);
        assert_eq!(choose(&url, choice).await, (303, Some("https://a.example/back".into())));
        assert_eq!(choose(&url, "accept").await.0, 410, "once");
        assert_eq!(provider.payments.taken("o-1"), 4270, "of the one that was accepted");
        let told = provider.told().await;
        assert!(told.last().is_some_and(|(_, payment, taken)| *payment == id && *taken == (choice == "accept")), "{told:?}");
    }
    let (id, url) = asked("nobody").await;
    assert_eq!(provider.client.cancel(&id).await.unwrap().status, PaymentStatus::Canceled);
    assert_eq!(choose(&url, "accept").await.0, 410, "who comes too late pays nothing");
    assert_eq!(provider.payments.taken("o-1"), 4270);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_the_key_learns_nothing() {
    let provider = provider().await;
    let method = provider.method(Manner::Accepted);
    let stranger = client(&provider.payments, "sk_other");
    let refused = PaymentError::Rejected { status: 401, code: "api_key_invalid".into() };
    assert_eq!(stranger.charge(&provider.charge(&method, "1")).await, Err(refused.clone()));
    assert_eq!(stranger.method(&method).await, Err(refused.clone()));
    assert_eq!(stranger.payments(&provider.customer, long_ago()).await, Err(refused));
    assert!(provider.payments.payments().is_empty());
    // The refusal is not what the key's owner is answered.
    provider.paid(&method, "1").await;
}
