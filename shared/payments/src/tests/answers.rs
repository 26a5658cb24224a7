//! What an answer says of the money: declined, rejected, or nobody knows.

use serde_json::{Value, json};

use super::provider::{Provider, TIMEOUT, Then};
use super::requests::charge;
use crate::{Client, Payment, PaymentError, PaymentStatus, Secret, Settings};

async fn charged(status: u16, body: &Value) -> Result<Payment, PaymentError> {
    Provider::answering(status, &body.to_string()).await.client.charge(&charge()).await
}

fn error(fields: &Value) -> Value {
    json!({ "error": fields })
}

#[tokio::test]
async fn a_card_s_no_is_a_no() {
    let intent = json!({ "id": "pi_1", "object": "payment_intent", "status": "requires_payment_method", "amount": 4270 });
    let refused = error(&json!({ "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "payment_intent": intent }));
    let expected = PaymentError::Declined { code: "insufficient_funds".into(), payment: Some("pi_1".into()) };
    assert_eq!(charged(402, &refused).await, Err(expected));
    let asks = error(&json!({ "type": "card_error", "code": "authentication_required" }));
    assert_eq!(charged(402, &asks).await, Err(PaymentError::Declined { code: "authentication_required".into(), payment: None }));
    // PayPal's are not called errors of a card.
    let paypal = error(&json!({ "type": "invalid_request_error", "code": "payment_method_provider_decline" }));
    assert_eq!(charged(402, &paypal).await, Err(PaymentError::Declined { code: "payment_method_provider_decline".into(), payment: None }));
}

#[tokio::test]
async fn what_may_still_take_the_money_is_not_declined() {
    for status in ["succeeded", "processing", "requires_capture", "requires_action"] {
        let refused = error(&json!({ "type": "card_error", "code": "card_declined", "payment_intent": { "id": "pi_1", "status": status } }));
        assert!(matches!(charged(402, &refused).await, Err(PaymentError::Unknown(_))), "{status}");
    }
}

#[tokio::test]
async fn nobody_knows_what_a_conflict_a_limit_or_a_fault_did() {
    for status in [408, 409, 424, 425, 429, 500, 502, 503, 504, 529, 302] {
        let body = error(&json!({ "type": "api_error", "code": "lock_timeout" }));
        assert_eq!(charged(status, &body).await, Err(PaymentError::Unknown(format!("{status} lock_timeout"))));
    }
    let in_use = error(&json!({ "type": "idempotency_error", "code": "idempotency_key_in_use" }));
    assert_eq!(charged(409, &in_use).await, Err(PaymentError::Unknown("409 idempotency_key_in_use".into())));
    // Answers of which the provider knows nothing: whether the request came to it they do not say.
    for status in [400, 402, 403, 404] {
        assert!(matches!(charged(status, &json!({ "message": "Forbidden" })).await, Err(PaymentError::Unknown(_))), "{status}");
    }
}

#[tokio::test]
async fn a_wrong_request_and_a_refused_key_are_faults() {
    for (status, kind, code, expected) in [
        (400, "invalid_request_error", Some("parameter_missing"), "parameter_missing"),
        (401, "invalid_request_error", None, "invalid_request_error"),
        (403, "invalid_request_error", None, "invalid_request_error"),
        (404, "invalid_request_error", Some("resource_missing"), "resource_missing"),
        (400, "idempotency_error", None, "idempotency_error"),
        (400, "idempotency_error", Some("another"), "idempotency_error"),
    ] {
        let mut fields = json!({ "type": kind });
        if let Some(code) = code {
            fields["code"] = code.into();
        }
        assert_eq!(charged(status, &error(&fields)).await, Err(PaymentError::Rejected { status, code: expected.into() }));
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_nothing() {
    for body in ["", "{", "<html>", "[]", "null", "{}", "{\"id\":\"pi_1\"}", "{\"id\":\"pi_1\",\"status\":\"succeeded\",\"amount\":-1}"] {
        for status in [200, 402, 400] {
            let found = Provider::answering(status, body).await.client.charge(&charge()).await;
            assert!(matches!(found, Err(PaymentError::Unknown(_))), "{status} {body}: {found:?}");
        }
    }
    // A status of tomorrow: whether the money is on its way nobody knows.
    let found = charged(200, &json!({ "id": "pi_1", "status": "requires_something_else", "amount": 1 })).await;
    assert!(matches!(found, Err(PaymentError::Unknown(_))), "{found:?}");
}

#[tokio::test]
async fn no_answer_is_no_no_and_nothing_is_asked_twice() {
    for then in [Then::Nothing, Then::Half, Then::Silence] {
        let provider = Provider::that(then.clone()).await;
        // The client waits for an answer as long as it was told to, and no longer.
        let found = tokio::time::timeout(TIMEOUT / 2, provider.client.charge(&charge())).await.unwrap();
        assert!(matches!(found, Err(PaymentError::Unknown(_))), "{then:?}: {found:?}");
        // The time may be over before the request came to be read, on a machine with much to do.
        let asked = provider.asked().len();
        assert!(asked == 1 || matches!(then, Then::Silence) && asked == 0, "{then:?}: what happened is not known, so nothing is sent again: {asked}");
    }
    // Nobody listens.
    let client = Client::new(Settings { base_url: "http://127.0.0.1:1".into(), key: Secret::new("sk"), timeout: TIMEOUT });
    assert!(matches!(client.charge(&charge()).await, Err(PaymentError::Unknown(_))));
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    assert!(matches!(Provider::answering(200, &long).await.client.charge(&charge()).await, Err(PaymentError::Unknown(_))));
}

#[tokio::test]
async fn a_payment_says_where_it_stands() {
    let stands = async |fields: Value| {
        let mut body = json!({ "id": "pi_1", "object": "payment_intent", "amount": 4270, "metadata": { "order": "o-1" } });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let payment = charged(200, &body).await.unwrap();
        assert_eq!((payment.id.as_str(), payment.amount, payment.metadata["order"].as_str()), ("pi_1", 4270, "o-1"));
        payment.status
    };
    assert_eq!(stands(json!({ "status": "succeeded" })).await, PaymentStatus::Succeeded);
    assert_eq!(stands(json!({ "status": "processing" })).await, PaymentStatus::Processing);
    assert_eq!(stands(json!({ "status": "requires_capture" })).await, PaymentStatus::Processing);
    assert_eq!(stands(json!({ "status": "canceled" })).await, PaymentStatus::Canceled);
    let next = json!({ "type": "redirect_to_url", "redirect_to_url": { "url": "https://bank.example/1" } });
    assert_eq!(
        stands(json!({ "status": "requires_action", "next_action": next })).await,
        PaymentStatus::RequiresAction { url: Some("https://bank.example/1".into()) }
    );
    assert_eq!(stands(json!({ "status": "requires_action", "next_action": null })).await, PaymentStatus::RequiresAction { url: None });
    let why = json!({ "status": "requires_payment_method", "last_payment_error": { "type": "card_error", "code": "card_declined" } });
    assert_eq!(stands(why).await, PaymentStatus::Failed { code: "card_declined".into() });
    assert_eq!(stands(json!({ "status": "requires_payment_method", "last_payment_error": null })).await, PaymentStatus::Failed { code: "declined".into() });
}

#[tokio::test]
async fn payments_that_are_not_all_there_are_not_looked_through() {
    let listed = async |body: Value| Provider::answering(200, &body.to_string()).await.client.payments("cus_1", jiff::Timestamp::UNIX_EPOCH).await;
    let one = json!({ "id": "pi_1", "status": "succeeded", "amount": 1, "metadata": {} });
    assert_eq!(listed(json!({ "data": [one], "has_more": false })).await.map(|all| all.len()), Ok(1));
    assert_eq!(listed(json!({ "data": [], "has_more": false })).await, Ok(Vec::new()));
    for doubtful in [
        json!({ "data": [one], "has_more": true }),
        json!({ "data": [one] }),
        json!({ "has_more": false }),
        json!({ "data": [one, { "id": "pi_2", "status": "of tomorrow", "amount": 1 }], "has_more": false }),
    ] {
        let found = listed(doubtful.clone()).await;
        assert!(matches!(found, Err(PaymentError::Unknown(_))), "{doubtful}: {found:?}");
    }
}

#[tokio::test]
async fn payments_are_looked_through_page_by_page() {
    let one = |id: &str| json!({ "id": id, "status": "succeeded", "amount": 1, "metadata": {} });
    let pages = [(200, json!({ "data": [one("pi_3"), one("pi_2")], "has_more": true })), (200, json!({ "data": [one("pi_1")], "has_more": false }))];
    let provider = Provider::answering_each(&pages).await;
    let found = provider.client.payments("cus_1", jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(found.iter().map(|payment| payment.id.as_str()).collect::<Vec<_>>(), ["pi_3", "pi_2", "pi_1"]);
    assert!(provider.asked()[1].line.contains("&starting_after=pi_2 "), "{:?}", provider.asked());
}

#[tokio::test]
async fn a_refund_is_done_under_way_known_or_refused() {
    let refunded = async |status: u16, body: Value| Provider::answering(status, &body.to_string()).await.client.refund("pi_1", "key", &[]).await;
    for (status, done) in [("succeeded", true), ("pending", false)] {
        assert_eq!(refunded(200, json!({ "id": "re_1", "status": status })).await, Ok(done));
    }
    // The key is forgotten: that there was a refund does not say what became of it.
    let known = (400, error(&json!({ "type": "invalid_request_error", "code": "charge_already_refunded" })));
    for (listed, answer) in [
        (json!({ "data": [{ "id": "re_1", "status": "succeeded" }] }), Ok(true)),
        (json!({ "data": [{ "id": "re_1", "status": "pending" }] }), Ok(false)),
        (json!({ "data": [] }), Ok(true)),
    ] {
        let provider = Provider::answering_each(&[known.clone(), (200, listed)]).await;
        assert_eq!(provider.client.refund("pi_1", "key", &[]).await, answer);
        assert_eq!(provider.asked()[1].line, "GET /v1/refunds?payment_intent=pi_1&limit=1 HTTP/1.1");
    }
    let failed = json!({ "id": "re_1", "status": "failed", "failure_reason": "lost_or_stolen_card", "payment_intent": "pi_1" });
    assert_eq!(refunded(200, failed).await, Err(PaymentError::Declined { code: "lost_or_stolen_card".into(), payment: Some("pi_1".into()) }));
    for unclear in [json!({ "id": "re_1" }), json!({ "id": "re_1", "status": "requires_action" })] {
        assert!(matches!(refunded(200, unclear).await, Err(PaymentError::Unknown(_))));
    }
    assert!(matches!(refunded(500, json!({})).await, Err(PaymentError::Unknown(_))));
}

#[tokio::test]
async fn who_is_too_late_to_call_it_off_hears_how_it_stands() {
    let off = json!({ "id": "pi_1", "status": "canceled", "amount": 1 });
    let provider = Provider::answering(200, &off.to_string()).await;
    assert_eq!(provider.client.cancel("pi_1").await.unwrap().status, PaymentStatus::Canceled);
    assert_eq!(provider.asked().len(), 1);
    let late = error(&json!({ "type": "invalid_request_error", "code": "payment_intent_unexpected_state" }));
    let provider = Provider::answering(400, &late.to_string()).await;
    assert!(matches!(provider.client.cancel("pi_1").await, Err(PaymentError::Rejected { status: 400, .. })));
    let lines: Vec<String> = provider.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines, ["POST /v1/payment_intents/pi_1/cancel HTTP/1.1", "GET /v1/payment_intents/pi_1 HTTP/1.1"]);
}
