//! Messages: who signed them, when, and what they tell.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use crate::{Event, EventKind, PaymentStatus, Secret, WebhookError, sign, verify};

const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);
const AT: &str = "2026-05-02T10:00:00Z";

fn at() -> Timestamp {
    AT.parse().unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn message(kind: &str, object: &Value) -> Vec<u8> {
    json!({ "id": "evt_1", "object": "event", "type": kind, "created": at().as_second(), "data": { "object": object } }).to_string().into_bytes()
}

fn paid() -> Vec<u8> {
    message("payment_intent.succeeded", &json!({ "id": "pi_1", "status": "succeeded", "amount": 4270, "metadata": { "order": "o-1" } }))
}

fn told(kind: &str, object: &Value) -> EventKind {
    let body = message(kind, object);
    verify(&sign(&body, &secret("whsec"), at()), &body, &[secret("whsec")], at(), TOLERANCE).unwrap().kind
}

/// The scheme as the provider documents it, apart from our own `sign`: HMAC-SHA256 over `t.body`, the secret as it is written, in hexadecimal digits.
#[test]
fn the_signature_is_the_documented_one() {
    let (body, now) = (br#"{"id":"evt_1"}"#, Timestamp::from_second(1_492_774_577).unwrap());
    // printf '1492774577.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
    let expected = "t=1492774577,v1=7656fc2882a7ca0a651666b36bf2f2f22ee204f54f608f227498a2419f2890b2";
    assert_eq!(sign(body, &secret("whsec_test"), now), expected);
    assert_eq!(verify(expected, body, &[secret("whsec_test")], now, TOLERANCE), Err(WebhookError::Body), "the signature is good, the message is none");
}

#[test]
fn a_good_message_is_heard() {
    let body = paid();
    let Event { id, created, kind } = verify(&sign(&body, &secret("whsec"), at()), &body, &[secret("whsec")], at(), TOLERANCE).unwrap();
    assert_eq!((id.as_str(), created), ("evt_1", at()));
    let EventKind::PaymentSucceeded(payment) = kind else { panic!("{kind:?}") };
    assert_eq!((payment.id.as_str(), payment.amount, payment.metadata["order"].as_str()), ("pi_1", 4270, "o-1"));
}

#[test]
fn too_old_and_too_new_to_the_nanosecond() {
    let body = paid();
    let header = sign(&body, &secret("whsec"), at());
    let heard = |now: Timestamp| verify(&header, &body, &[secret("whsec")], now, TOLERANCE).map(|event| event.id);
    let nano = SignedDuration::from_nanos(1);
    assert_eq!(heard(at() + TOLERANCE), Ok("evt_1".into()));
    assert_eq!(heard(at() + TOLERANCE + nano), Err(WebhookError::Age));
    assert_eq!(heard(at() - TOLERANCE), Ok("evt_1".into()));
    assert_eq!(heard(at() - TOLERANCE - nano), Err(WebhookError::Age));
    assert_eq!(heard(Timestamp::MIN), Err(WebhookError::Age));
    assert_eq!(heard(Timestamp::MAX), Err(WebhookError::Age));
}

#[test]
fn only_our_secrets_sign() {
    let body = paid();
    let heard = |signed_with: &str, ours: &[&str]| {
        let ours: Vec<Secret> = ours.iter().map(|text| secret(text)).collect();
        verify(&sign(&body, &secret(signed_with), at()), &body, &ours, at(), TOLERANCE).map(|event| event.id)
    };
    assert_eq!(heard("old", &["new", "old"]), Ok("evt_1".into()), "both are good while the secret changes");
    assert_eq!(heard("new", &["new", "old"]), Ok("evt_1".into()));
    assert_eq!(heard("other", &["new", "old"]), Err(WebhookError::Signature));
    assert_eq!(heard("new", &[]), Err(WebhookError::Signature));
    // A secret that a list with a comma too many has left empty is none.
    assert_eq!(heard("", &["new", ""]), Err(WebhookError::Signature));
}

#[test]
fn one_good_signature_of_several_is_enough() {
    let body = paid();
    let good = sign(&body, &secret("whsec"), at());
    let (t, v1) = good.split_once(',').unwrap();
    let bad = format!("v1={}", "0".repeat(64));
    let heard = |header: &str| verify(header, &body, &[secret("whsec")], at(), TOLERANCE).map(|event| event.id);
    for header in [
        format!("{t},{bad},{v1}"),
        format!("{t},{v1},{bad}"),
        format!("{v1},{t}"),
        format!("{t},v0={},{v1}", "1".repeat(64)),
        format!("{t}, {v1}"),
        format!("{t},v1=zz,v1=,v1=é,{v1}"),
        format!("{t},v1={}", v1.trim_start_matches("v1=").to_uppercase()),
    ] {
        assert_eq!(heard(&header), Ok("evt_1".into()), "{header}");
    }
    let v0 = v1.replace("v1=", "v0=");
    for header in
        [format!("{t},{bad}"), format!("{t},{bad},{bad}"), t.to_owned(), format!("{t},{v0}"), format!("{t},v1="), format!("{t},{}", &v1[..v1.len() - 2])]
    {
        assert_eq!(heard(&header), Err(WebhookError::Signature), "{header}");
    }
    for header in ["", ",", "t", "t=,v1=00", "t=x,v1=00", v1, "t=99999999999999999999,v1=00", "t=1.5,v1=00", &format!("t=-99999999999999999,{v1}")] {
        assert_eq!(heard(header), Err(WebhookError::Header), "{header}");
    }
}

#[test]
fn the_instant_is_signed_too() {
    let body = paid();
    let header = sign(&body, &secret("whsec"), at());
    let later = at() + SignedDuration::from_secs(1);
    let moved = header.replace(&at().as_second().to_string(), &later.as_second().to_string());
    assert_eq!(verify(&moved, &body, &[secret("whsec")], later, TOLERANCE), Err(WebhookError::Signature));
}

#[test]
fn what_is_no_message_is_not_heard() {
    let created = at().as_second();
    for body in [
        json!([]).to_string(),
        "{".to_owned(),
        String::new(),
        json!({ "id": "evt_1", "type": "payment_intent.succeeded", "created": created }).to_string(),
        json!({ "type": "ping", "created": created, "data": { "object": {} } }).to_string(),
        json!({ "id": "evt_1", "type": "ping", "data": { "object": {} } }).to_string(),
        json!({ "id": "evt_1", "created": created, "data": { "object": {} } }).to_string(),
        json!({ "id": "evt_1", "type": "payment_intent.succeeded", "created": created, "data": { "object": { "id": "pi_1" } } }).to_string(),
    ] {
        let body = body.into_bytes();
        assert_eq!(verify(&sign(&body, &secret("whsec"), at()), &body, &[secret("whsec")], at(), TOLERANCE), Err(WebhookError::Body));
    }
}

#[test]
fn messages_tell_what_happened() {
    let failed = json!({ "id": "pi_1", "status": "requires_payment_method", "amount": 4270, "last_payment_error": { "code": "card_declined" } });
    assert!(
        matches!(told("payment_intent.payment_failed", &failed), EventKind::PaymentFailed(payment) if payment.status == PaymentStatus::Failed { code: "card_declined".into() })
    );
    let canceled = json!({ "id": "pi_1", "status": "canceled", "amount": 4270 });
    assert!(matches!(told("payment_intent.canceled", &canceled), EventKind::PaymentFailed(payment) if payment.status == PaymentStatus::Canceled));
    let setup = json!({ "id": "seti_1", "status": "succeeded", "payment_method": "pm_1", "customer": "cus_1", "metadata": { "owner": "c#1" } });
    let EventKind::SetupSucceeded { setup, method, customer, metadata } = told("setup_intent.succeeded", &setup) else { panic!("no setup") };
    assert_eq!((setup.as_str(), method.as_str(), customer.as_deref(), metadata["owner"].as_str()), ("seti_1", "pm_1", Some("cus_1"), "c#1"));
    assert_eq!(told("setup_intent.succeeded", &json!({ "id": "seti_1", "status": "succeeded" })), EventKind::Other);
    for kind in ["customer.created", "payment_intent.created", "checkout.session.completed", "payment_method.detached", "charge.succeeded", ""] {
        assert_eq!(told(kind, &json!({ "id": "x_1" })), EventKind::Other, "{kind}");
    }
}

#[test]
fn a_refund_counts_once_the_money_is_on_its_way() {
    let refund = |status: &str| json!({ "id": "re_1", "status": status, "payment_intent": "pi_1", "amount": 4270, "metadata": { "order": "o-1" } });
    for kind in ["refund.created", "refund.updated"] {
        let EventKind::Refunded { payment } = told(kind, &refund("succeeded")) else { panic!("{kind}") };
        assert_eq!((payment.id.as_str(), payment.amount, payment.metadata["order"].as_str()), ("pi_1", 4270, "o-1"));
        for status in ["pending", "requires_action"] {
            assert_eq!(told(kind, &refund(status)), EventKind::Other, "{status}");
        }
    }
    // What could not be given back after all.
    for (kind, status) in [("refund.failed", "failed"), ("refund.updated", "failed"), ("refund.updated", "canceled")] {
        assert!(matches!(told(kind, &refund(status)), EventKind::RefundFailed { payment } if payment.id == "pi_1" && payment.metadata["order"] == "o-1"));
    }
    for kind in ["refund.failed", "refund.created"] {
        assert_eq!(told(kind, &refund("pending")), EventKind::Other, "{kind}");
    }
    let charge = |whole: bool| json!({ "id": "ch_1", "payment_intent": "pi_1", "amount": 4270, "amount_refunded": if whole { 4270 } else { 1 }, "refunded": whole, "metadata": { "order": "o-1" } });
    assert!(matches!(told("charge.refunded", &charge(true)), EventKind::Refunded { payment } if payment.id == "pi_1" && payment.amount == 4270));
    assert_eq!(told("charge.refunded", &charge(false)), EventKind::Other, "a part given back leaves what was bought");
    assert_eq!(told("charge.refunded", &json!({ "refunded": true })), EventKind::Other);
}

proptest! {
    #[test]
    fn a_changed_byte_is_noticed(index in any::<prop::sample::Index>(), change in 1..=255u8) {
        let mut body = paid();
        let header = sign(&body, &secret("whsec"), at());
        let place = index.index(body.len());
        body[place] ^= change;
        prop_assert_eq!(verify(&header, &body, &[secret("whsec")], at(), TOLERANCE), Err(WebhookError::Signature));
    }

    #[test]
    fn whatever_header_and_body_come_nothing_breaks(header in "\\PC{0,80}", signatures in "(t=[0-9]{1,12}|v1=[0-9a-f]{0,66}|v0=x|,){0,8}", body in any::<Vec<u8>>()) {
        prop_assert!(verify(&header, &body, &[secret("whsec")], at(), TOLERANCE).is_err());
        prop_assert!(verify(&signatures, &body, &[secret("whsec")], at(), TOLERANCE).is_err());
    }

    #[test]
    fn a_signed_body_is_read_or_refused(body in any::<Vec<u8>>()) {
        let header = sign(&body, &secret("whsec"), at());
        prop_assert_eq!(verify(&header, &body, &[secret("whsec")], at(), TOLERANCE).err(), Some(WebhookError::Body));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"whsec"), &[at().as_second().to_string().as_bytes(), b".", &body].concat());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert!(header.ends_with(&hex));
    }
}
