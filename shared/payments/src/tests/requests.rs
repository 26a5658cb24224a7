//! What is asked, word for word.

use super::provider::Provider;
use crate::{Charge, Client, PaymentError, Secret, Settings};

pub(super) fn charge() -> Charge<'static> {
    Charge {
        customer: "cus_1",
        method: "pm_1",
        amount: 4270,
        currency: "eur",
        off_session: true,
        description: "Identità & altro",
        metadata: &[("order", "o-1")],
        key: "order-o-1-1",
        return_url: None,
    }
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const PAYMENT: &str = r#"{"id":"pi_1","status":"succeeded","amount":4270}"#;

#[tokio::test]
async fn a_charge_is_asked_for_once_under_its_key() {
    let provider = Provider::answering(200, PAYMENT).await;
    provider.client.charge(&charge()).await.unwrap();
    let asked = provider.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line, "POST /v1/payment_intents HTTP/1.1");
    for (name, value) in [
        ("authorization", "Bearer sk_of_the_tests"),
        ("idempotency-key", "order-o-1-1"),
        ("stripe-version", "2024-06-20"),
        ("content-type", "application/x-www-form-urlencoded"),
    ] {
        assert_eq!(asked[0].header(name), Some(value));
    }
    let form = [
        ("amount", "4270"),
        ("currency", "eur"),
        ("customer", "cus_1"),
        ("payment_method", "pm_1"),
        ("payment_method_types[0]", "card"),
        ("payment_method_types[1]", "paypal"),
        ("confirm", "true"),
        ("description", "Identità & altro"),
        ("off_session", "true"),
        ("metadata[order]", "o-1"),
    ];
    assert_eq!(asked[0].form(), pairs(&form));
}

#[tokio::test]
async fn who_is_there_comes_back_from_the_bank() {
    let provider = Provider::answering(200, PAYMENT).await;
    provider.client.charge(&Charge { off_session: false, return_url: Some("https://shop.example/orders/o-1"), ..charge() }).await.unwrap();
    let form = provider.asked()[0].form();
    assert!(form.contains(&("return_url".into(), "https://shop.example/orders/o-1".into())));
    assert!(form.iter().all(|(name, _)| name != "off_session"));
}

#[tokio::test]
async fn the_other_calls_are_the_provider_s() {
    let provider = Provider::answering(200, r#"{"id":"x_1","url":"https://pay.example/x_1","status":"succeeded"}"#).await;
    let client = &provider.client;
    assert_eq!(client.create_customer("k1", &[("owner", "c#1")]).await.unwrap(), "x_1");
    let setup = client.start_setup("cus_1", "https://a.example/ok", "https://a.example/no", &[("owner", "c#1")], "k2").await.unwrap();
    assert_eq!((setup.id.as_str(), setup.url.as_str()), ("x_1", "https://pay.example/x_1"));
    client.refund("pi_1", "k3", &[("order", "o-1")]).await.unwrap();
    client.detach("pm_1", "k4").await.unwrap();
    assert!(client.setup_intent("seti_1").await.unwrap().succeeded);
    let asked = provider.asked();
    let heads: Vec<_> = asked.iter().map(|asked| (asked.line.as_str(), asked.header("idempotency-key"))).collect();
    assert_eq!(
        heads,
        [
            ("POST /v1/customers HTTP/1.1", Some("k1")),
            ("POST /v1/checkout/sessions HTTP/1.1", Some("k2")),
            ("POST /v1/refunds HTTP/1.1", Some("k3")),
            ("POST /v1/payment_methods/pm_1/detach HTTP/1.1", Some("k4")),
            ("GET /v1/setup_intents/seti_1 HTTP/1.1", None),
        ]
    );
    assert_eq!(asked[0].form(), pairs(&[("metadata[owner]", "c#1")]));
    let form = [
        ("mode", "setup"),
        ("customer", "cus_1"),
        ("success_url", "https://a.example/ok"),
        ("cancel_url", "https://a.example/no"),
        ("payment_method_types[0]", "card"),
        ("payment_method_types[1]", "paypal"),
        ("metadata[owner]", "c#1"),
        // What comes back with the message about the payment method.
        ("setup_intent_data[metadata][owner]", "c#1"),
    ];
    assert_eq!(asked[1].form(), pairs(&form));
    assert_eq!(asked[2].form(), pairs(&[("payment_intent", "pi_1"), ("metadata[order]", "o-1")]));
    assert!(asked[3].form().is_empty());
}

#[tokio::test]
async fn payments_are_listed_from_the_day_before() {
    let provider = Provider::answering(200, r#"{"data":[],"has_more":false}"#).await;
    provider.client.payments("cus_1&limit=1", "2026-05-02T00:00:00Z".parse().unwrap()).await.unwrap();
    let day_before = "2026-05-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    let line = format!("GET /v1/payment_intents?customer=cus_1%26limit%3D1&created%5Bgte%5D={day_before}&limit=100 HTTP/1.1");
    assert_eq!(provider.asked()[0].line, line);
}

#[tokio::test]
async fn no_id_leads_elsewhere() {
    let provider = Provider::answering(200, PAYMENT).await;
    let client = &provider.client;
    let missing = PaymentError::Rejected { status: 404, code: "resource_missing".into() };
    for id in ["", "pi/1", "../customers", "pi_1?expand", "pi_1#", "pi%2F1", "pi 1", "pi-1", "pi.1", "pì_1", "pi_1\r\nx: y", &"p".repeat(256)] {
        assert_eq!(client.payment(id).await, Err(missing.clone()), "{id}");
        assert_eq!(client.cancel(id).await, Err(missing.clone()), "{id}");
        assert_eq!(client.method(id).await, Err(missing.clone()), "{id}");
        assert_eq!(client.detach(id, "k").await, Err(missing.clone()), "{id}");
        assert_eq!(client.setup_intent(id).await, Err(missing.clone()), "{id}");
    }
    assert!(provider.asked().is_empty());
    for id in ["pi_1", "pi_3MtwBwLkdIwHu7ix28a3tqPa", &"p".repeat(255)] {
        client.payment(id).await.unwrap();
    }
    assert_eq!(provider.asked().len(), 3);
}

#[tokio::test]
async fn a_header_is_not_broken_open() {
    let provider = Provider::answering(200, PAYMENT).await;
    let unsent = PaymentError::Rejected { status: 0, code: "request".into() };
    assert_eq!(provider.client.charge(&Charge { key: "a\r\nx: y", ..charge() }).await, Err(unsent.clone()));
    let client = Client::new(Settings { base_url: "no address".into(), key: Secret::new("sk"), timeout: super::provider::TIMEOUT });
    assert_eq!(client.charge(&charge()).await, Err(unsent.clone()));
    let client = Client::new(Settings { base_url: "http://127.0.0.1:1".into(), key: Secret::new("sk\n"), timeout: super::provider::TIMEOUT });
    assert_eq!(client.charge(&charge()).await, Err(unsent));
    assert!(provider.asked().is_empty());
}

#[tokio::test]
async fn a_connection_is_not_kept_for_later() {
    let provider = Provider::answering(200, PAYMENT).await;
    for _ in 0..2 {
        provider.client.payment("pi_1").await.unwrap();
    }
    assert_eq!((provider.asked().len(), provider.connections()), (2, 2));
}

#[test]
fn the_key_is_never_shown() {
    let settings = Settings { base_url: "https://api.stripe.com".into(), key: Secret::new("sk_live_hidden"), timeout: super::provider::TIMEOUT };
    let shown = format!("{settings:?} {:?} {:?}", Client::new(settings.clone()), settings.key);
    assert!(!shown.contains("hidden"), "{shown}");
}
