//! Every state and event of an order, and the keys.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::date;
use proptest::prelude::*;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, MapDeserializer, StrDeserializer};

use super::*;

const DUE: &str = "due";
const DONE: &str = "done";
const KEPT: &str = "kept";
const NEW: &str = "new";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-06-01T10:00:00Z")
}

fn pay_by() -> Timestamp {
    at("2026-06-15T10:00:00Z")
}

/// At its third charge, with a payment to be given back and one that was.
fn order(state: State) -> Order {
    let paid = state == State::Paid;
    Order {
        state,
        attempt: 3,
        pay_by: Some(pay_by()),
        charging_since: (state == State::Charging).then(noon),
        payment: paid.then(|| KEPT.to_owned()),
        paid_at: paid.then(noon),
        refund_failures: BTreeMap::new(),
        refunds: BTreeMap::from([(DUE.to_owned(), Refund::Due), (DONE.to_owned(), Refund::Done)]),
    }
}

/// What an event makes of an order.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Same,
    No(Refusal),
    /// A charge is begun.
    Begins,
    /// The charge is over, and the next has the next number.
    Next,
    /// It is paid.
    Pays,
    /// The payment is given back.
    GivesBack,
    /// The payment that paid it is given back.
    Undoes,
    /// It is cancelled, and what paid it is given back.
    Annuls,
    /// The payment could not be given back, and will be tried again.
    Again,
    /// The payment was given back.
    Back,
    Cancels,
    Expires,
}

fn expected(answer: Answer, before: &Order, payment: &str, now: Timestamp) -> Result<Step, Refusal> {
    let mut order = before.clone();
    let (mut fulfil, mut refund) = (false, None);
    match answer {
        Answer::Same => return Ok(Step::Same),
        Answer::No(refusal) => return Err(refusal),
        Answer::Begins => (order.state, order.charging_since) = (State::Charging, Some(now)),
        Answer::Next => (order.state, order.attempt, order.charging_since) = (State::Unpaid, 4, None),
        Answer::Pays => {
            (order.state, order.charging_since) = (State::Paid, None);
            (order.payment, order.paid_at, fulfil) = (Some(payment.to_owned()), Some(now), true);
        }
        Answer::GivesBack => {
            order.refunds.insert(payment.to_owned(), Refund::Due);
            refund = Some(payment.to_owned());
        }
        Answer::Undoes => {
            order.refunds.insert(KEPT.to_owned(), Refund::Due);
            refund = Some(KEPT.to_owned());
        }
        Answer::Annuls => {
            order.state = State::Cancelled;
            order.refunds.insert(KEPT.to_owned(), Refund::Due);
            refund = Some(KEPT.to_owned());
        }
        Answer::Again => {
            order.refund_failures.insert(payment.to_owned(), 1);
            order.refunds.insert(payment.to_owned(), Refund::Due);
            refund = Some(payment.to_owned());
        }
        Answer::Back => drop(order.refunds.insert(payment.to_owned(), Refund::Done)),
        Answer::Cancels => order.state = State::Cancelled,
        Answer::Expires => order.state = State::Expired,
    }
    Ok(Step::Changed { order, fulfil, refund })
}

#[test]
fn each_payment_s_tries_at_giving_it_back_are_its_own() {
    let mut kept = order(State::Cancelled);
    kept.refunds = BTreeMap::from([(DUE.to_owned(), Refund::Done), (DONE.to_owned(), Refund::Done)]);
    for payment in [DUE, DONE] {
        let event = Event::RefundFailed { payment: payment.to_owned(), attempt: 0 };
        let Ok(Step::Changed { order, .. }) = apply(&kept, &event, noon()) else { panic!("{payment} is said to be given back, and is not") };
        kept = order;
        assert_eq!((kept.refunds.get(payment), kept.refund_attempt(payment)), (Some(&Refund::Due), 1));
    }
}

#[test]
fn what_was_free_of_charge_is_cancelled_without_giving_anything_back() {
    let free = Order { payment: None, refunds: BTreeMap::new(), ..order(State::Paid) };
    let cancelled = Order { state: State::Cancelled, ..free.clone() };
    assert_eq!(apply(&free, &Event::Annul, noon()), Ok(Step::Changed { order: cancelled, fulfil: false, refund: None }));
    assert_eq!(apply(&free, &Event::Withdraw, noon()), Ok(Step::Same));
}

#[test]
fn every_state_and_event() {
    use Answer::{Again, Annuls, Back, Begins, Cancels, Expires, GivesBack, Next, No, Pays, Same, Undoes};
    use Refusal::{AlreadyCancelled, AlreadyPaid, NotYetDue, OrderExpired, PaymentInProgress};
    let second = SignedDuration::from_secs(1);
    let (before, until, after) = (pay_by() - second, pay_by(), pay_by() + second);
    let succeeded = |payment: &str| Event::Succeeded { payment: payment.to_owned() };
    let refunded = |payment: &str| Event::Refunded { payment: payment.to_owned(), attempt: 0 };
    let failed = |attempt| Event::Failed { attempt };
    let not_refunded = |payment: &str| Event::RefundFailed { payment: payment.to_owned(), attempt: 0 };
    let earlier =
        |payment: &str| [Event::Refunded { payment: payment.to_owned(), attempt: 1 }, Event::RefundFailed { payment: payment.to_owned(), attempt: 1 }];
    let closed = |first, second| [first, second, No(AlreadyPaid), No(AlreadyCancelled), No(OrderExpired)];
    // Unpaid, Charging, Paid, Cancelled, Expired
    let table = [
        (Event::Charge, before, closed(Begins, Same)),
        (Event::Charge, until, closed(No(OrderExpired), Same)),
        (Event::Charge, after, closed(No(OrderExpired), Same)),
        (Event::Cancel, before, closed(Cancels, No(PaymentInProgress))),
        (Event::Cancel, until, closed(Cancels, No(PaymentInProgress))),
        (Event::Expire, before, [No(NotYetDue), No(PaymentInProgress), Same, Same, Same]),
        (Event::Expire, until, [Expires, No(PaymentInProgress), Same, Same, Same]),
        (Event::Expire, after, [Expires, No(PaymentInProgress), Same, Same, Same]),
        (Event::Withdraw, before, [Same, Same, Undoes, Same, Same]),
        (Event::Withdraw, after, [Same, Same, Undoes, Same, Same]),
        (Event::Annul, before, [Same, Same, Annuls, Same, Same]),
        (Event::Annul, after, [Same, Same, Annuls, Same, Same]),
        (succeeded(NEW), before, [Pays, Pays, GivesBack, GivesBack, GivesBack]),
        (succeeded(NEW), after, [Pays, Pays, GivesBack, GivesBack, GivesBack]),
        (succeeded(KEPT), after, [Pays, Pays, Same, GivesBack, GivesBack]),
        (succeeded(DUE), before, [Same; 5]),
        (succeeded(DONE), before, [Same; 5]),
        (failed(0), before, [Same; 5]),
        (failed(2), before, [Same; 5]),
        (failed(3), before, [Same, Next, Same, Same, Same]),
        (failed(3), after, [Same, Next, Same, Same, Same]),
        (failed(4), before, [Same; 5]),
        (failed(u32::MAX), before, [Same; 5]),
        (refunded(DUE), before, [Back; 5]),
        (refunded(DUE), after, [Back; 5]),
        (refunded(DONE), before, [Same; 5]),
        (refunded(NEW), before, [Same; 5]),
        (refunded(KEPT), before, [Same; 5]),
        (not_refunded(DUE), before, [Again; 5]),
        (not_refunded(DONE), after, [Again; 5]),
        (not_refunded(NEW), before, [Same; 5]),
        (not_refunded(KEPT), before, [Same; 5]),
    ];
    let of_another_try = [DUE, DONE].into_iter().flat_map(earlier).map(|event| (event, before, [Same; 5]));
    let table = table.into_iter().chain(of_another_try);
    for (event, now, answers) in table {
        for (state, answer) in State::ALL.into_iter().zip(answers) {
            let order = order(state);
            let payment = match &event {
                Event::Succeeded { payment } | Event::Refunded { payment, .. } | Event::RefundFailed { payment, .. } => payment.as_str(),
                Event::Charge | Event::Failed { .. } | Event::Cancel | Event::Withdraw | Event::Annul | Event::Expire => "",
            };
            assert_eq!(apply(&order, &event, now), expected(answer, &order, payment, now), "{event:?} in {state:?} at {now}");
        }
    }
}

#[test]
fn an_order_is_paid_within_its_days_of_86_400_seconds() {
    let policy = OrderPolicy { pay_within_days: 14, ..OrderPolicy::default() };
    // The clocks go back meanwhile.
    let placed = placed(at("2026-10-20T10:00:00Z"), &policy);
    assert_eq!(placed.pay_by, Some(at("2026-11-03T10:00:00Z")));
    assert_eq!((placed.state, placed.attempt, placed.charging_since), (State::Unpaid, 1, None));
    assert_eq!((placed.payment.clone(), placed.paid_at, placed.refunds.len()), (None, None, 0));
    assert_eq!(super::placed(Timestamp::MAX, &policy).pay_by, Some(Timestamp::MAX));
    let endless = Order { pay_by: None, ..placed };
    assert!(matches!(apply(&endless, &Event::Charge, Timestamp::MAX), Ok(Step::Changed { .. })));
    assert_eq!(apply(&endless, &Event::Expire, Timestamp::MAX), Err(Refusal::NotYetDue));
}

#[test]
fn an_order_whose_time_is_over_is_shown_as_expired() {
    for (now, unpaid) in [("2026-06-15T09:59:59Z", State::Unpaid), ("2026-06-15T10:00:00Z", State::Expired), ("2027-01-01T00:00:00Z", State::Expired)] {
        let shown = State::ALL.map(|state| order(state).state_at(at(now)));
        assert_eq!(shown, [unpaid, State::Charging, State::Paid, State::Cancelled, State::Expired], "{now}");
    }
    let endless = Order { pay_by: None, ..order(State::Unpaid) };
    assert_eq!(endless.state_at(Timestamp::MAX), State::Unpaid);
}

#[test]
fn a_key_holds_for_its_hours_and_only_while_its_charge_is_under_way() {
    let policy = OrderPolicy { key_hours: 23, ..OrderPolicy::default() };
    for (now, expected) in [("2026-06-01T10:00:00Z", true), ("2026-06-02T08:59:59Z", true), ("2026-06-02T09:00:00Z", false), ("2026-06-02T10:00:00Z", false)] {
        for state in State::ALL {
            assert_eq!(order(state).key_holds(at(now), &policy), expected && state == State::Charging, "{state:?} {now}");
        }
    }
    // Of a charge that nobody knows the beginning of, nobody knows whether the key holds.
    let undated = Order { charging_since: None, ..order(State::Charging) };
    assert!(!undated.key_holds(noon(), &policy));
}

#[test]
fn the_number_of_a_charge_never_begins_anew() {
    let last = Order { attempt: u32::MAX, ..order(State::Charging) };
    let Ok(Step::Changed { order, .. }) = apply(&last, &Event::Failed { attempt: u32::MAX }, noon()) else { panic!("it failed") };
    assert_eq!((order.state, order.attempt), (State::Unpaid, u32::MAX));
}

struct Name<T>(T);

impl<T: Serialize> fmt::Display for Name<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

fn assert_named<T: Serialize + for<'de> Deserialize<'de> + PartialEq + fmt::Debug + Copy>(pairs: &[(T, &'static str)]) {
    for (value, name) in pairs {
        assert_eq!(Name(*value).to_string(), *name);
        let source: StrDeserializer<'_, Error> = name.into_deserializer();
        assert_eq!(T::deserialize(source).as_ref(), Ok(value));
    }
}

#[test]
fn serialised_names_are_stable() {
    assert_named(&State::ALL.map(|state| (state, ["unpaid", "charging", "paid", "cancelled", "expired"][state as usize])));
    assert_named(&Refusal::ALL.map(|refusal| (refusal, refusal.code())));
    assert_named(&[(Refund::Due, "due"), (Refund::Done, "done")]);
    assert!(Refusal::ALL.is_sorted() && State::ALL.is_sorted());
    for (pairs, expected) in [
        (vec![("item", "identity"), ("of", "minor")], Item::Identity(IdentityType::Minor)),
        (vec![("item", "credential"), ("of", "otp-token")], Item::Credential(CredentialKind::OtpToken)),
        (vec![("item", "identity-renewal")], Item::IdentityRenewal),
        (vec![("item", "credential-renewal"), ("of", "smart-card")], Item::CredentialRenewal(CredentialKind::SmartCard)),
    ] {
        let source: MapDeserializer<'_, _, Error> = MapDeserializer::new(pairs.into_iter());
        assert_eq!(Item::deserialize(source), Ok(expected));
    }
}

fn items() -> Vec<Item> {
    let credentials = CredentialKind::ALL.into_iter().flat_map(|kind| [Item::Credential(kind), Item::CredentialRenewal(kind)]);
    IdentityType::ALL.into_iter().map(Item::Identity).chain([Item::IdentityRenewal]).chain(credentials).collect()
}

#[test]
fn keys_are_stable() {
    assert_eq!(charge_key("ord-1", 12), "order:5:ord-1:12");
    assert_eq!(renewal_key("srv-1", Item::IdentityRenewal, date(2027, 2, 28)), "renewal:5:srv-1:identity:2027-02-28");
    let card = Item::CredentialRenewal(CredentialKind::SmartCard);
    assert_eq!(renewal_key("srv-1", card, date(2027, 2, 28)), "renewal:5:srv-1:smart-card:2027-02-28");
    // The payment provider takes 255 characters, an id has at most 64.
    let longest = "x".repeat(64);
    assert!(items().into_iter().all(|item| renewal_key(&longest, item, date(-9999, 12, 31)).len() <= 255));
    assert!(charge_key(&longest, u32::MAX).len() <= 255);
}

#[test]
fn no_two_things_days_services_or_orders_share_a_key() {
    // Ids that read like the parts of other keys.
    let ids = ["", ":", "1", "1:1", "a", "a:1", "a:identity", "a:identity:2027-01-01", "5:a", "1:a", "à"];
    let days = [date(2027, 1, 1), date(2027, 1, 11), date(2027, 11, 1), date(-1, 1, 1)];
    let (mut keys, mut count) = (BTreeSet::new(), 0);
    let mut add = |key: String| {
        count += 1;
        assert!(keys.insert(key.clone()), "{key}");
    };
    for id in ids {
        for attempt in [0, 1, 2, 11, 12, 21, u32::MAX] {
            add(charge_key(id, attempt));
        }
        for item in items() {
            for day in days {
                add(renewal_key(id, item, day));
            }
        }
    }
    assert_eq!(count, ids.len() * (7 + 17 * days.len()));
}

proptest! {
    #[test]
    fn charge_keys_differ_where_anything_does(one in ".{0,12}", other in ".{0,12}", first: u32, second: u32) {
        prop_assert_eq!(charge_key(&one, first) == charge_key(&other, second), one == other && first == second);
        let day = date(2027, 1, 1);
        prop_assert_eq!(renewal_key(&one, Item::IdentityRenewal, day) == renewal_key(&other, Item::IdentityRenewal, day), one == other);
        prop_assert_ne!(charge_key(&one, first), renewal_key(&other, Item::IdentityRenewal, day));
    }
}
