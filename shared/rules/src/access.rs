//! The access history: which instants are taken and shown, what is counted, and the chain by which a changed or missing record is noticed (rules 55-57).

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::{add_months, date_of, end_of_day, start_of_day, sub_months};
use crate::policy::AccessPolicy;

#[cfg(test)]
mod tests;

/// How an access ended (rule 55).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The service provider was told who it is.
    Success,
    /// It was not.
    Failure,
}

impl Outcome {
    /// Both outcomes.
    pub const ALL: [Self; 2] = [Self::Success, Self::Failure];
}

/// Why an access failed, after the anomalies of SPID's technical rules (19 to 25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureReason {
    /// Wrong credentials, repeatedly.
    WrongCredentials,
    /// No credential of the level that the service wants.
    LevelMissing,
    /// The holder took too long.
    TimedOut,
    /// The holder did not consent to hand over the data.
    ConsentDenied,
    /// Identity or credential suspended, revoked or expired.
    Blocked,
    /// The holder gave up.
    Cancelled,
}

/// Why a record is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstantRefusal {
    /// Its instant is further ahead than two clocks may differ.
    Ahead,
    /// It would not be kept any more.
    TooOld,
}

/// Whether a record of an access at an instant is taken now.
///
/// # Errors
/// [`InstantRefusal`].
pub fn taken(at: Timestamp, now: Timestamp, policy: &AccessPolicy) -> Result<(), InstantRefusal> {
    let tolerance = SignedDuration::from_secs(i64::from(policy.ahead_seconds));
    if at > now.saturating_add(tolerance).unwrap_or(Timestamp::MAX) {
        return Err(InstantRefusal::Ahead);
    }
    if at < kept_from(now, policy) { Err(InstantRefusal::TooOld) } else { Ok(()) }
}

/// From which instant on accesses are kept (rule 56): whole days of Rome, so that none is kept for less than the months.
#[must_use]
pub fn kept_from(now: Timestamp, policy: &AccessPolicy) -> Timestamp {
    start_of_day(sub_months(date_of(now), policy.retention_months))
}

/// When the database may tidy a record away: a month after it is shown no more, because months end differently (rule 4).
#[must_use]
pub fn tidied_at(linked_at: Timestamp, policy: &AccessPolicy) -> Timestamp {
    let months = i32::try_from(policy.retention_months.saturating_add(1)).unwrap_or(i32::MAX);
    start_of_day(add_months(date_of(linked_at), months))
}

/// The first day of a period is behind its last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptyPeriod;

/// The instants of a period of whole days in Rome, both days included, as far as accesses are kept: from the first, up to but without the second (rule 55).
///
/// # Errors
/// [`EmptyPeriod`].
pub fn period(from: Option<Date>, to: Option<Date>, now: Timestamp, policy: &AccessPolicy) -> Result<(Timestamp, Timestamp), EmptyPeriod> {
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(EmptyPeriod);
    }
    let kept = kept_from(now, policy);
    Ok((from.map_or(kept, |from| start_of_day(from).max(kept)), to.map_or(Timestamp::MAX, end_of_day)))
}

/// A keyed hash over parts that are kept apart: who has no key cannot make a chain anew.
pub trait Hash {
    /// The hash.
    fn hash(&self, parts: &[&[u8]]) -> Vec<u8>;
}

/// The link before a record's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its hash.
    pub hash: Vec<u8>,
    /// When it was added.
    pub linked_at: Timestamp,
}

/// What ties a record to the one before it (rule 57).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its place in the chain, from 1 on: the order in which records came, which need not be that of their instants.
    pub sequence: u64,
    /// When it was added: never before its access, nor before the link before it. So what is over is always the chain's beginning.
    pub linked_at: Timestamp,
    /// The link before; none at the very first.
    pub previous: Option<Previous>,
    /// The hash over all of it and the record.
    pub hash: Vec<u8>,
}

/// The record that a link is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content<'a> {
    /// Whose history it is in.
    pub owner: &'a str,
    /// Id of the request.
    pub request_id: &'a str,
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Everything else, as it is kept.
    pub sealed: &'a [u8],
}

impl Link {
    fn hash_of(&self, content: &Content<'_>, hash: &impl Hash) -> Vec<u8> {
        let instant = |at: Timestamp| at.as_millisecond().to_be_bytes();
        let previous = self.previous.as_ref();
        hash.hash(&[
            b"access",
            content.owner.as_bytes(),
            &self.sequence.to_be_bytes(),
            &instant(self.linked_at),
            previous.map_or(&[], |previous| previous.hash.as_slice()),
            &previous.map_or([0; 8], |previous| instant(previous.linked_at)),
            content.request_id.as_bytes(),
            &instant(content.at),
            &[outcome_byte(content.outcome)],
            content.sealed,
        ])
    }
}

const fn outcome_byte(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Success => 1,
        Outcome::Failure => 0,
    }
}

/// Where a history stands: its counters and the newest link, sealed against changes by a hash of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Successes since the beginning.
    pub successes: u64,
    /// Failures since the beginning.
    pub failures: u64,
    /// The newest link.
    pub newest: Previous,
    /// The hash over all of it.
    pub hash: Vec<u8>,
}

impl Head {
    /// Accesses since the beginning, which is also the place of the newest link.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.successes.saturating_add(self.failures)
    }

    fn hash_of(&self, owner: &str, hash: &impl Hash) -> Vec<u8> {
        let instant = self.newest.linked_at.as_millisecond().to_be_bytes();
        hash.hash(&[b"accesses", owner.as_bytes(), &self.successes.to_be_bytes(), &self.failures.to_be_bytes(), &self.newest.hash, &instant])
    }
}

/// Adds a record to a history: its link, and where the history stands then.
#[must_use]
pub fn append(head: Option<&Head>, content: &Content<'_>, now: Timestamp, hash: &impl Hash) -> (Link, Head) {
    let previous = head.map(|head| head.newest.clone());
    let linked_at = previous.iter().map(|previous| previous.linked_at).chain([now, content.at]).max().unwrap_or(now);
    let sequence = head.map_or(0, Head::total).saturating_add(1);
    let mut link = Link { sequence, linked_at, previous, hash: Vec::new() };
    link.hash = link.hash_of(content, hash);
    let (mut successes, mut failures) = head.map_or((0, 0), |head| (head.successes, head.failures));
    match content.outcome {
        Outcome::Success => successes += 1,
        Outcome::Failure => failures += 1,
    }
    let mut head = Head { successes, failures, newest: Previous { hash: link.hash.clone(), linked_at }, hash: Vec::new() };
    head.hash = head.hash_of(content.owner, hash);
    (link, head)
}

/// What a look at a whole chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Records looked at.
    pub checked: u64,
    /// Where the chain is broken first: the instant of the first access that is not as it was recorded or does not follow from the one before;
    /// where the newest miss, when the newest was added.
    pub broken_at: Option<Timestamp>,
}

/// A link that was looked at; what it is about is not needed any more.
#[derive(Debug)]
struct Seen {
    link: Link,
    at: Timestamp,
    genuine: bool,
}

/// Looks at a chain record by record, in any order, so that a history need not be held at once.
#[derive(Debug)]
pub struct Verification {
    seen: Vec<Seen>,
    kept_from: Timestamp,
}

impl Verification {
    /// Begins; what is older than `kept_from` may be gone.
    #[must_use]
    pub const fn new(kept_from: Timestamp) -> Self {
        Self { seen: Vec::new(), kept_from }
    }

    /// Looks at one record.
    pub fn look(&mut self, link: Link, content: &Content<'_>, hash: &impl Hash) {
        let genuine = link.hash == link.hash_of(content, hash);
        self.seen.push(Seen { link, at: content.at, genuine });
    }

    /// What all of them together say, given where the history stood before the first was looked at. Records that came meanwhile only have to follow.
    #[must_use]
    pub fn verdict(mut self, head: Option<&Head>, owner: &str, hash: &impl Hash) -> Verdict {
        self.seen.sort_by_key(|seen| seen.link.sequence);
        let checked = u64::try_from(self.seen.len()).unwrap_or(u64::MAX);
        let mut before: Option<&Seen> = None;
        for seen in &self.seen {
            if !(seen.genuine && self.follows(before, seen, head) && at_the_head(seen, head)) {
                return Verdict { checked, broken_at: Some(seen.at) };
            }
            before = Some(seen);
        }
        let last = before.map_or(0, |seen| seen.link.sequence);
        let broken_at = match head {
            // Records without a head: it was taken away, or the history began while it was looked at. Who asks again knows.
            None => before.map(|seen| seen.at),
            Some(head) => {
                let whole = last >= head.total() || head.newest.linked_at < self.kept_from;
                Some(head.newest.linked_at).filter(|_| !whole || head.hash != head.hash_of(owner, hash))
            }
        };
        Verdict { checked, broken_at }
    }

    fn follows(&self, before: Option<&Seen>, seen: &Seen, head: Option<&Head>) -> bool {
        let (link, previous) = (&seen.link, seen.link.previous.as_ref());
        match before {
            Some(before) if before.link.sequence >= link.sequence => false,
            Some(before) if before.link.sequence + 1 == link.sequence => {
                previous.is_some_and(|previous| previous.hash == before.link.hash && previous.linked_at == before.link.linked_at)
            }
            // What came behind the head may have come where it was not looked any more.
            Some(before) if head.is_some_and(|head| before.link.sequence >= head.total()) => true,
            // What misses in front of it may miss if it is over: the last of it is the youngest.
            _ if link.sequence > 1 => previous.is_some_and(|previous| previous.linked_at < self.kept_from),
            _ => previous.is_none(),
        }
    }
}

/// The record in the head's place is the head's.
fn at_the_head(seen: &Seen, head: Option<&Head>) -> bool {
    head.filter(|head| head.total() == seen.link.sequence).is_none_or(|head| head.newest.hash == seen.link.hash)
}
