//! What renews by itself and when, and which notices of an expiry are due.

use jiff::SignedDuration;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::identity::IdentityType::{self, Business, Minor, Personal, Professional};
use crate::service::Credential;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn policy() -> ServicePolicy {
    ServicePolicy::default()
}

/// Active, renewing by itself where that is paid for, until 31/05/2026, with a password alone.
fn facts(kind: IdentityType) -> ServiceFacts {
    ServiceFacts {
        kind,
        status: Status::Active,
        cancelled: false,
        contract_at: at("2025-05-10T10:00:00Z"),
        expires_on: Some(date(2026, 5, 31)),
        anchor_day: 31,
        auto_renewal: true,
        credentials: vec![Credential::new(CredentialKind::Password, None)],
        charged: BTreeMap::new(),
    }
}

fn with_card(kind: IdentityType, expires_on: Date) -> ServiceFacts {
    let mut facts = facts(kind);
    facts.credentials.push(Credential::new(CredentialKind::SmartCard, Some(expires_on)));
    facts
}

fn listed(facts: &ServiceFacts, charged: &[(&str, &str)], now: &str) -> Vec<Renewing> {
    let charged = charged.iter().map(|(name, from)| ((*name).to_owned(), day(from))).collect();
    renewing(facts, &charged, at(now), &policy())
}

const NOW: &str = "2026-03-10T00:00:00Z";

#[test]
fn what_is_paid_for_is_charged_at_the_beginning_of_the_seventh_day_before() {
    for kind in [Professional, Business] {
        for (expires_on, charged_at) in [
            ("2026-05-31", "2026-05-23T22:00:00Z"),
            // Over both changes of the clocks, on the days of 23 and 25 hours, and over the year's end.
            ("2026-04-01", "2026-03-24T23:00:00Z"),
            ("2026-04-05", "2026-03-28T23:00:00Z"),
            ("2026-04-06", "2026-03-29T22:00:00Z"),
            ("2026-11-01", "2026-10-24T22:00:00Z"),
            ("2026-11-02", "2026-10-25T23:00:00Z"),
            ("2027-01-03", "2026-12-26T23:00:00Z"),
        ] {
            let facts = ServiceFacts { expires_on: Some(day(expires_on)), ..facts(kind) };
            let expected = Renewing { credential: None, from: day(expires_on), at: at(charged_at), free: false };
            assert_eq!(listed(&facts, &[], NOW), [expected], "{expires_on}");
        }
    }
}

#[test]
fn each_thing_is_charged_once_for_each_last_day() {
    let facts = with_card(Professional, day("2026-04-05"));
    let of = |credential, from: &str, at_: &str| Renewing { credential, from: day(from), at: at(at_), free: false };
    let identity = of(None, "2026-05-31", "2026-05-23T22:00:00Z");
    let card = of(Some(CredentialKind::SmartCard), "2026-04-05", "2026-03-28T23:00:00Z");
    assert_eq!(listed(&facts, &[], NOW), [identity, card]);
    assert_eq!(listed(&facts, &[("identity", "2026-05-31")], NOW), [card]);
    assert_eq!(listed(&facts, &[("smart-card", "2026-04-05")], NOW), [identity]);
    assert_eq!(listed(&facts, &[("identity", "2026-05-31"), ("smart-card", "2026-04-05")], NOW), []);
    // Another last day, or another thing, is another charge.
    assert_eq!(listed(&facts, &[("identity", "2025-05-31"), ("smart-card", "2026-05-31"), ("otp-token", "2026-04-05")], NOW), [identity, card]);
}

#[test]
fn the_free_identity_renews_on_its_last_day_and_its_credentials_do_not() {
    for kind in [Personal, Minor] {
        for auto_renewal in [false, true] {
            let facts = ServiceFacts { auto_renewal, ..with_card(kind, day("2026-04-05")) };
            let expected = Renewing { credential: None, from: day("2026-05-31"), at: at("2026-05-30T22:00:00Z"), free: true };
            assert_eq!(listed(&facts, &[], NOW), [expected], "{kind:?}");
            // Nothing is charged, so no charge stands in its way.
            assert_eq!(listed(&facts, &[("identity", "2026-05-31")], NOW), [expected], "{kind:?}");
        }
    }
}

#[test]
fn nothing_renews_that_is_off_cancelled_revoked_or_not_active_yet() {
    for kind in IdentityType::ALL {
        let whole = with_card(kind, day("2026-04-05"));
        for status in Status::ALL {
            let facts = ServiceFacts { status, ..whole.clone() };
            let renews = matches!(status, Status::Active | Status::Suspended);
            assert_eq!(!listed(&facts, &[], NOW).is_empty(), renews, "{kind:?} {status:?}");
            assert_eq!(listed(&ServiceFacts { cancelled: true, ..facts.clone() }, &[], NOW), [], "{kind:?} {status:?}");
        }
        let off = ServiceFacts { auto_renewal: false, ..whole.clone() };
        assert_eq!(listed(&off, &[], NOW).is_empty(), matches!(kind, Professional | Business), "{kind:?}");
        let endless = ServiceFacts { expires_on: None, credentials: Vec::new(), ..whole };
        assert_eq!(listed(&endless, &[], NOW), [], "{kind:?}");
    }
}

#[test]
fn what_a_renewal_would_not_bring_back_does_not_renew_by_itself() {
    for (kind, last) in [(Professional, "2027-05-31"), (Business, "2027-05-31"), (Personal, "2028-05-31"), (Minor, "2028-05-31")] {
        let end = crate::calendar::end_of_day(day(last));
        let nano = SignedDuration::from_nanos(1);
        let at_end = |now: Timestamp| renewing(&facts(kind), &BTreeMap::new(), now, &policy()).len();
        assert_eq!((at_end(end - nano), at_end(end)), (1, 0), "{kind:?}");
    }
    // A credential by its own term of 36 months.
    let card = ServiceFacts { expires_on: None, ..with_card(Professional, day("2026-02-28")) };
    assert_eq!(listed(&card, &[], "2029-02-28T22:59:59Z").len(), 1);
    assert_eq!(listed(&card, &[], "2029-02-28T23:00:00Z"), []);
}

#[test]
fn a_credentials_renewal_keeps_its_anchor_and_its_term() {
    for (old, anchor, expected) in
        [("2026-02-28", 31, "2029-02-28"), ("2025-02-28", 29, "2028-02-29"), ("2026-05-31", 31, "2029-05-31"), ("2026-05-31", 15, "2029-05-15")]
    {
        assert_eq!(renewed_credential(day(old), anchor, &policy()), day(expected), "{old}");
    }
}

fn told(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn marks(facts: &ServiceFacts, already: &[&str], now: Timestamp) -> (Vec<String>, Option<Timestamp>) {
    let (due, next) = expiry_notices(facts, &BTreeMap::new(), &told(already), now, &policy());
    (due.iter().map(ExpiryNotice::mark).collect(), next)
}

#[test]
fn an_expiry_is_announced_three_months_thirty_and_seven_days_before() {
    let facts = ServiceFacts { auto_renewal: false, ..facts(Professional) };
    let nano = SignedDuration::from_nanos(1);
    let (flag, thirty, seven, over) = (at("2026-02-27T23:00:00Z"), at("2026-04-30T22:00:00Z"), at("2026-05-23T22:00:00Z"), at("2026-05-31T22:00:00Z"));
    for (now, due, next) in [
        (flag - nano, None, Some(flag)),
        (flag, Some("identity 2026-05-31 92"), Some(thirty)),
        (thirty - nano, Some("identity 2026-05-31 92"), Some(thirty)),
        (thirty, Some("identity 2026-05-31 30"), Some(seven)),
        (seven - nano, Some("identity 2026-05-31 30"), Some(seven)),
        (seven, Some("identity 2026-05-31 7"), None),
        (over - nano, Some("identity 2026-05-31 7"), None),
        // What has expired is not announced any more.
        (over, None, None),
    ] {
        let due: Vec<_> = due.into_iter().map(ToOwned::to_owned).collect();
        assert_eq!(marks(&facts, &[], now), (due.clone(), next), "{now}");
        // Told, it is over; and what it overtook is not told afterwards.
        let already: Vec<_> = due.iter().map(String::as_str).collect();
        assert_eq!(marks(&facts, &already, now), (Vec::new(), next), "{now}");
    }
    // Another last day is announced anew.
    let moved = ServiceFacts { expires_on: Some(day("2026-06-30")), ..facts };
    assert_eq!(marks(&moved, &["identity 2026-05-31 7", "identity 2026-05-31 30"], at("2026-06-25T00:00:00Z")).0, ["identity 2026-06-30 7"]);
}

#[test]
fn what_renews_by_itself_is_announced_with_the_day_of_its_charge_and_again_once_that_failed() {
    let facts = facts(Business);
    let notices = |charged: &[(&str, &str)], now: &str| {
        let charged = charged.iter().map(|(name, from)| ((*name).to_owned(), day(from))).collect();
        let (due, _) = expiry_notices(&facts, &charged, &BTreeSet::new(), at(now), &policy());
        due.into_iter().map(|notice| (notice.days_left, notice.charge_on)).collect::<Vec<_>>()
    };
    let charge_on = Some(day("2026-05-24"));
    assert_eq!(notices(&[], "2026-02-27T23:00:00Z"), [(92, charge_on)]);
    assert_eq!(notices(&[], "2026-05-23T21:59:59Z"), [(30, charge_on)]);
    // The seventh day is the charge's own: what came of it is told by itself. After one that brought nothing the expiry is near.
    assert_eq!(notices(&[], "2026-05-23T22:00:00Z"), [(30, charge_on)]);
    assert_eq!(notices(&[("identity", "2026-05-31")], "2026-05-23T22:00:00Z"), [(7, None)]);
    assert_eq!(notices(&[("identity", "2025-05-31")], "2026-05-23T22:00:00Z"), [(30, charge_on)]);
}

#[test]
fn a_free_identity_is_not_announced_but_its_bought_credentials_are() {
    for kind in IdentityType::ALL {
        let facts = ServiceFacts { auto_renewal: false, ..with_card(kind, day("2026-05-31")) };
        let expected = match kind {
            Personal | Minor => vec!["smart-card 2026-05-31 30"],
            Professional | Business => vec!["identity 2026-05-31 30", "smart-card 2026-05-31 30"],
        };
        let now = at("2026-05-01T10:00:00Z");
        assert_eq!(marks(&facts, &[], now).0, expected, "{kind:?}");
        for status in [Status::ToActivate, Status::Revoked] {
            assert_eq!(marks(&ServiceFacts { status, ..facts.clone() }, &[], now), (Vec::new(), None), "{kind:?} {status:?}");
        }
        assert_eq!(marks(&ServiceFacts { cancelled: true, ..facts.clone() }, &[], now), (Vec::new(), None), "{kind:?}");
        assert_eq!(marks(&ServiceFacts { status: Status::Suspended, ..facts }, &[], now).0, expected, "{kind:?}");
    }
}

#[test]
fn names_are_stable_and_differ() {
    let names: BTreeSet<_> = CredentialKind::ALL.into_iter().map(Some).chain([None]).map(name).collect();
    assert_eq!(Vec::from_iter(names), ["identity", "otp-app", "otp-sms", "otp-token", "password", "remote-signature", "smart-card"]);
}

proptest! {
    #[test]
    fn a_job_that_comes_when_it_is_told_announces_everything_once(
        days in 0u32..1_500, card in 0u32..1_500, auto_renewal: bool, kind in prop::sample::select(IdentityType::ALL.to_vec()), late in prop::collection::vec(0i64..40, 1..12)
    ) {
        let after = |days| crate::calendar::days_after(date(2026, 1, 1), days);
        let facts = ServiceFacts { auto_renewal, expires_on: Some(after(days)), ..with_card(kind, after(card)) };
        let (mut now, mut seen) = (at("2025-06-01T00:00:00Z"), BTreeSet::new());
        for days_late in late.into_iter().cycle().take(40) {
            let (due, next) = expiry_notices(&facts, &BTreeMap::new(), &seen, now, &policy());
            for notice in due {
                prop_assert!(notice.at <= now && date_of(now) <= notice.expires_on);
                prop_assert!(seen.insert(notice.mark()), "{} twice", notice.mark());
            }
            let Some(next) = next else { break };
            prop_assert!(next > now, "a job that would come again at once");
            now = next + SignedDuration::from_hours(days_late);
        }
        // Nobody was as late as the next notice, so none is missing.
        let of_identity = match kind {
            Personal | Minor => 0,
            Professional | Business if auto_renewal => 2,
            Professional | Business => 3,
        };
        let of_card = if auto_renewal && matches!(kind, Professional | Business) { 2 } else { 3 };
        prop_assert_eq!(seen.len(), of_identity + of_card);
    }
}
