use std::hash::{DefaultHasher, Hasher as _};

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

/// A hash that is good enough to tell small histories apart.
struct Keyed(u64);

impl Hash for Keyed {
    fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish().to_be_bytes().to_vec()
    }
}

const KEY: Keyed = Keyed(7);
const OWNER: &str = "H#00";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy() -> AccessPolicy {
    AccessPolicy::default()
}

#[derive(Debug, Clone, PartialEq)]
struct Record {
    id: String,
    at: Timestamp,
    outcome: Outcome,
    sealed: Vec<u8>,
    link: Option<Link>,
}

impl Record {
    fn content(&self) -> Content<'_> {
        Content { owner: OWNER, request_id: &self.id, at: self.at, outcome: self.outcome, sealed: &self.sealed }
    }

    fn link(&mut self) -> &mut Link {
        self.link.as_mut().unwrap()
    }
}

/// A history whose records came at these minutes, each telling of an access some minutes before or after.
fn history(came: &[(i64, i64)]) -> (Vec<Record>, Option<Head>) {
    let (mut records, mut head) = (Vec::new(), None);
    let begin = at("2026-01-01T00:00:00Z");
    for (index, (minute, offset)) in came.iter().enumerate() {
        let now = begin + SignedDuration::from_mins(*minute);
        let outcome = if index % 3 == 2 { Outcome::Failure } else { Outcome::Success };
        let mut record = Record { id: format!("r{index}"), at: now + SignedDuration::from_mins(*offset), outcome, sealed: vec![1, 2], link: None };
        let (link, next) = append(head.as_ref(), &record.content(), now, &KEY);
        record.link = Some(link);
        records.push(record);
        head = Some(next);
    }
    (records, head)
}

fn hours(count: i64) -> (Vec<Record>, Option<Head>) {
    history(&(0..count).map(|hour| (hour * 60, 0)).collect::<Vec<_>>())
}

fn verdict_from(records: &[Record], head: Option<&Head>, kept_from: Timestamp) -> Verdict {
    let mut verification = Verification::new(kept_from);
    for record in records {
        verification.look(record.link.clone().unwrap(), &record.content(), &KEY);
    }
    verification.verdict(head, OWNER, &KEY)
}

fn broken_at(records: &[Record], head: Option<&Head>) -> Option<Timestamp> {
    verdict_from(records, head, Timestamp::MIN).broken_at
}

#[test]
fn records_are_taken_up_to_the_tolerance_and_back_to_what_is_kept() {
    let now = at("2026-11-22T13:05:00Z");
    assert_eq!(taken(at("2026-11-22T13:10:00Z"), now, &policy()), Ok(()));
    assert_eq!(taken(at("2026-11-22T13:10:00.001Z"), now, &policy()), Err(InstantRefusal::Ahead));
    assert_eq!(taken(at("2024-11-21T23:00:00Z"), now, &policy()), Ok(()), "midnight in Rome");
    assert_eq!(taken(at("2024-11-21T22:59:59.999Z"), now, &policy()), Err(InstantRefusal::TooOld));
}

#[test]
fn a_day_of_february_that_the_later_year_does_not_have_is_kept_no_shorter() {
    let last = at("2024-02-29T22:59:59Z");
    assert!(last >= kept_from(at("2026-02-28T22:59:59Z"), &policy()));
    assert!(last < kept_from(at("2026-02-28T23:00:00Z"), &policy()));
    let before = at("2026-02-28T12:00:00Z");
    assert!(before >= kept_from(at("2028-02-29T22:59:59Z"), &policy()));
    assert!(before < kept_from(at("2028-02-29T23:00:00Z"), &policy()));
}

#[test]
fn a_period_has_both_its_days_whole_with_23_and_25_hours() {
    let now = at("2026-11-22T13:05:00Z");
    let day = |day| period(Some(day), Some(day), now, &policy()).unwrap();
    assert_eq!(day(date(2026, 3, 29)), (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")), "23 hours");
    assert_eq!(day(date(2026, 10, 25)), (at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")), "25 hours");
    assert_eq!(period(Some(date(2026, 3, 30)), Some(date(2026, 3, 29)), now, &policy()), Err(EmptyPeriod));
    assert_eq!(period(None, None, now, &policy()), Ok((kept_from(now, &policy()), Timestamp::MAX)));
    assert_eq!(period(Some(date(2000, 1, 1)), None, now, &policy()).unwrap().0, kept_from(now, &policy()), "never older than what is kept");
}

#[test]
fn a_history_as_it_was_recorded_is_whole() {
    for (records, head) in [hours(0), hours(1), hours(9), history(&[(0, 0), (10, -300), (9, 4), (400, -1)])] {
        let checked = u64::try_from(records.len()).unwrap();
        let mut turned = records.clone();
        turned.reverse();
        for records in [records, turned] {
            assert_eq!(verdict_from(&records, head.as_ref(), Timestamp::MIN), Verdict { checked, broken_at: None });
        }
    }
    let (_, head) = hours(9);
    let head = head.unwrap();
    assert_eq!((head.total(), head.successes, head.failures), (9, 6, 3));
}

#[test]
fn links_never_go_back_in_time_and_never_before_their_access() {
    let (records, _) = history(&[(100, 4), (100, -50), (99, 0), (300, 0)]);
    let minutes: Vec<_> = records.iter().map(|record| record.link.as_ref().unwrap().linked_at.as_second() / 60 - 29_453_760).collect();
    assert_eq!(minutes, [104, 104, 104, 300]);
}

#[test]
fn whatever_is_altered_is_noticed_where_it_stands() {
    let (records, head) = hours(5);
    let (alter, instant): (Vec<fn(&mut Record)>, _) = (
        vec![
            |r| r.outcome = Outcome::Failure,
            |r| r.sealed.push(0),
            |r| r.sealed[0] ^= 1,
            |r| r.id.push('x'),
            |r| r.link().linked_at += SignedDuration::from_millis(1),
            |r| r.link().hash[0] ^= 1,
            |r| r.link().previous = None,
            |r| r.link().previous.as_mut().unwrap().hash[0] ^= 1,
            |r| r.link().previous.as_mut().unwrap().linked_at -= SignedDuration::from_millis(1),
            |r| r.link().sequence = 9,
        ],
        records[1].at,
    );
    for (index, alter) in alter.iter().enumerate() {
        let mut altered = records.clone();
        alter(&mut altered[1]);
        // A record that claims another place leaves a gap where it was.
        let expected = if index == 9 { records[2].at } else { instant };
        assert_eq!(broken_at(&altered, head.as_ref()), Some(expected), "{index}");
    }
    let mut moved = records.clone();
    moved[1].at += SignedDuration::from_millis(1);
    assert_eq!(broken_at(&moved, head.as_ref()), Some(moved[1].at));
}

#[test]
fn a_record_that_misses_is_noticed_wherever_it_was() {
    let (records, head) = hours(5);
    let without = |index: usize| {
        let mut rest = records.clone();
        rest.remove(index);
        broken_at(&rest, head.as_ref())
    };
    assert_eq!(without(0), Some(records[1].at), "the oldest");
    assert_eq!(without(2), Some(records[3].at), "one in the middle");
    assert_eq!(without(4), Some(records[4].at), "the newest: the head says when it was added");
    assert_eq!(broken_at(&[], head.as_ref()), Some(records[4].at), "all of them");
    assert_eq!(broken_at(&records, None), Some(records[4].at), "the head");
    let mut exchanged = records.clone();
    let (one, two) = (records[1].link.clone(), records[2].link.clone());
    (exchanged[1].link, exchanged[2].link) = (two, one);
    assert!(broken_at(&exchanged, head.as_ref()).is_some(), "two in each other's place");
    let mut twice = records.clone();
    twice.push(records[2].clone());
    assert_eq!(broken_at(&twice, head.as_ref()), Some(records[2].at), "one twice");
}

#[test]
fn what_is_over_may_miss_and_nothing_younger() {
    let (records, head) = hours(5);
    let third = records[2].at;
    let after = third + SignedDuration::from_millis(1);
    for (kept_from, gone, whole) in [(after, 3, true), (third, 3, false), (after, 4, false), (third, 2, true)] {
        let verdict = verdict_from(&records[gone..], head.as_ref(), kept_from);
        assert_eq!(verdict.broken_at.is_none(), whole, "{gone} gone, kept from {kept_from}");
    }
    let holed = [records[1].clone(), records[3].clone(), records[4].clone()];
    assert_eq!(verdict_from(&holed, head.as_ref(), after).broken_at, None, "the database tidies in any order");
    let everything = records[4].at + SignedDuration::from_millis(1);
    assert_eq!(verdict_from(&[], head.as_ref(), everything), Verdict { checked: 0, broken_at: None });
    assert!(verdict_from(&[], head.as_ref(), records[4].at).broken_at.is_some());
}

#[test]
fn a_head_that_was_changed_is_noticed() {
    let (records, head) = hours(3);
    let head = head.unwrap();
    let (_, earlier) = hours(2);
    let shortened = Head { newest: records[2].link.clone().unwrap().previous.unwrap(), failures: head.failures - 1, ..head.clone() };
    assert!(broken_at(&records[..2], Some(&shortened)).is_some(), "set back with what stands in the records, without the key");
    assert!(broken_at(&records, Some(&Head { successes: head.successes - 1, failures: head.failures + 1, ..head.clone() })).is_some());
    assert_eq!(broken_at(&records, earlier.as_ref()), None, "one came while the chain was looked at");
    let (_, first) = hours(1);
    let one_seen = [records[0].clone(), records[2].clone()];
    assert_eq!(broken_at(&one_seen, first.as_ref()), None, "two came, of which one was seen");
    let mut forged = one_seen.clone();
    forged[1].sealed.push(0);
    assert!(broken_at(&forged, first.as_ref()).is_some());
    let stranger = append(None, &records[0].content(), records[0].at, &Keyed(8)).1;
    assert!(broken_at(&records[..1], Some(&stranger)).is_some(), "made with another key");
}

#[test]
fn a_record_of_another_history_does_not_pass() {
    let (mut records, _) = hours(1);
    let content = Content { owner: "H#01", ..records[0].content() };
    let (link, head) = append(None, &content, records[0].at, &KEY);
    records[0].link = Some(link);
    assert!(broken_at(&records, Some(&head)).is_some());
}

fn arrivals() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((0_i64..5000, -4000_i64..5), 1..20)
}

proptest! {
    #[test]
    fn any_history_is_whole_and_no_record_of_it_may_change_or_miss(came in arrivals(), pick in any::<prop::sample::Index>(), what in 0..4) {
        let (records, head) = history(&came);
        prop_assert_eq!(broken_at(&records, head.as_ref()), None);
        let mut changed = records.clone();
        let index = pick.index(records.len());
        match what {
            0 => drop(changed.remove(index)),
            1 => changed[index].at += SignedDuration::from_millis(1),
            2 => changed[index].sealed[1] ^= 4,
            _ => changed[index].link().sequence += 1,
        }
        prop_assert!(broken_at(&changed, head.as_ref()).is_some());
    }

    #[test]
    fn tidying_in_any_order_what_is_over_is_never_noticed(came in arrivals(), cut in 0_i64..6000, gone in any::<u32>()) {
        let (records, head) = history(&came);
        let kept_from = at("2026-01-01T00:00:00Z") + SignedDuration::from_mins(cut);
        let left: Vec<_> = records
            .iter()
            .enumerate()
            .filter(|(index, record)| record.link.as_ref().unwrap().linked_at >= kept_from || gone >> index & 1 == 0)
            .map(|(_, record)| record.clone())
            .collect();
        prop_assert_eq!(verdict_from(&left, head.as_ref(), kept_from).broken_at, None);
    }

    #[test]
    fn nothing_is_tidied_before_it_is_shown_no_more(second in 1_700_000_000_i64..2_000_000_000, months in 24_u32..60) {
        let (linked_at, policy) = (Timestamp::from_second(second).unwrap(), AccessPolicy { retention_months: months, ..policy() });
        prop_assert!(kept_from(tidied_at(linked_at, &policy), &policy) > linked_at);
    }
}
