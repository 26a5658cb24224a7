//! What the provider's objects say.

use serde_json::json;

use crate::{Method, MethodKind, SetupIntent};

#[test]
fn a_card_is_known_by_its_last_four_digits() {
    let card = json!({ "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2031, "fingerprint": "f" });
    let method = Method::read(&json!({ "id": "pm_1", "type": "card", "customer": "cus_1", "card": card })).unwrap();
    let kind = MethodKind::Card { brand: "visa".into(), last4: "4242".into(), exp_month: 12, exp_year: 2031 };
    assert_eq!(method, Method { id: "pm_1".into(), kind, customer: Some("cus_1".into()) });
    // More digits than we may ever see are none of ours.
    for (field, value) in
        [("last4", json!("4242424242424242")), ("last4", json!("42")), ("exp_month", json!(300)), ("exp_year", json!(-1)), ("brand", json!(null))]
    {
        let mut wrong = card.clone();
        wrong[field] = value;
        assert_eq!(Method::read(&json!({ "id": "pm_1", "type": "card", "card": wrong })), None, "{field}");
    }
}

#[test]
fn whose_account_at_paypal_it_is_does_not_come_here() {
    let method = Method::read(&json!({ "id": "pm_1", "type": "paypal", "customer": { "id": "cus_1" }, "paypal": { "payer_email": "carla.neri@example.it" } }));
    assert_eq!(method, Some(Method { id: "pm_1".into(), kind: MethodKind::Paypal, customer: Some("cus_1".into()) }));
    assert!(!format!("{method:?}").contains("carla"));
}

#[test]
fn other_methods_are_not_taken() {
    for method in [json!({ "id": "pm_1", "type": "sepa_debit" }), json!({ "id": "pm_1" }), json!({ "type": "paypal" }), json!([])] {
        assert_eq!(Method::read(&method), None, "{method}");
    }
    let detached = Method::read(&json!({ "id": "pm_1", "type": "paypal", "customer": null })).unwrap();
    assert_eq!(detached.customer, None);
}

#[test]
fn a_setup_says_what_it_added() {
    let done = json!({ "id": "seti_1", "status": "succeeded", "payment_method": "pm_1", "customer": "cus_1", "metadata": { "owner": "c#1" } });
    let read = SetupIntent::read(&done).unwrap();
    assert_eq!((read.succeeded, read.method.as_deref(), read.customer.as_deref(), read.metadata["owner"].as_str()), (true, Some("pm_1"), Some("cus_1"), "c#1"));
    let open = SetupIntent::read(&json!({ "id": "seti_1", "status": "requires_payment_method", "payment_method": null })).unwrap();
    assert_eq!((open.succeeded, open.method, open.metadata.len()), (false, None, 0));
    assert_eq!(SetupIntent::read(&json!({ "id": "seti_1" })), None);
}
