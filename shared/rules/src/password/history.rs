//! Passwords that may not come back (rule 12).

use std::collections::BTreeSet;
use std::hint::black_box;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calendar::add_months_to;
use crate::policy::PasswordPolicy;

/// A password that was current once (rule 12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its digest under the holder's history salt: the same password has the same digest in every entry.
    pub digest: Vec<u8>,
    /// Its number: a later password has a higher one.
    pub version: u32,
    /// When it stopped being current.
    pub retired_at: Timestamp,
}

/// The entries that a new password may not equal at `now`: the last `history_count` that were retired, and those retired less than
/// `history_months` calendar months of Rome ago; at exactly so many months an entry no longer blocks by age (rule 12).
///
/// The last five are those before the current one, which blocks besides: a password used in any of the last five changes never passes.
#[must_use]
pub fn blocking<'a>(entries: &'a [Entry], now: Timestamp, policy: &PasswordPolicy) -> Vec<&'a Entry> {
    let oldest = oldest_of_the_last(entries, policy);
    entries.iter().filter(|entry| blocks(entry, oldest, now, policy)).collect()
}

/// Whether a new password may not be used at `now`: it equals the current one, whatever its age, or a blocking entry (rule 12).
///
/// All digests are under the holder's one history salt, so the candidate is hashed once. Every entry is compared to its end, so that the time
/// taken does not tell which one was met.
#[must_use]
pub fn reused(candidate_digest: &[u8], current_digest: Option<&[u8]>, entries: &[Entry], now: Timestamp, policy: &PasswordPolicy) -> bool {
    let oldest = oldest_of_the_last(entries, policy);
    let current = current_digest.is_some_and(|digest| same(candidate_digest, digest));
    entries.iter().fold(current, |met, entry| met | (same(candidate_digest, &entry.digest) & blocks(entry, oldest, now, policy)))
}

/// The entries to keep at `now`: those among the last `history_count`, and those younger than `history_months` months (rule 12). What is left
/// out cannot block at any later time.
#[must_use]
pub fn retain(entries: Vec<Entry>, now: Timestamp, policy: &PasswordPolicy) -> Vec<Entry> {
    let oldest = oldest_of_the_last(&entries, policy);
    entries.into_iter().filter(|entry| blocks(entry, oldest, now, policy)).collect()
}

/// The lowest version among the last ones. Versions count once: an entry that was stored twice must not push another out.
fn oldest_of_the_last(entries: &[Entry], policy: &PasswordPolicy) -> Option<u32> {
    let versions: BTreeSet<u32> = entries.iter().map(|entry| entry.version).collect();
    versions.into_iter().rev().take(usize::try_from(policy.history_count).unwrap_or(usize::MAX)).min()
}

fn blocks(entry: &Entry, oldest: Option<u32>, now: Timestamp, policy: &PasswordPolicy) -> bool {
    let months = i32::try_from(policy.history_months).unwrap_or(i32::MAX);
    oldest.is_some_and(|oldest| entry.version >= oldest) || now < add_months_to(entry.retired_at, months)
}

fn same(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (x, y)| black_box(sum | (x ^ y)));
    (a.len() == b.len()) & (difference == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(version: u32, retired_at: Timestamp) -> Entry {
        Entry { digest: vec![u8::try_from(version % 256).unwrap(); 32], version, retired_at }
    }

    /// One old entry, and five later ones so that only its age can make it block.
    fn aged(retired_at: &str) -> Vec<Entry> {
        (2..7).map(|version| entry(version, at("2040-01-01T00:00:00Z"))).chain([entry(1, at(retired_at))]).collect()
    }

    fn first_blocks(entries: &[Entry], now: &str) -> bool {
        let policy = PasswordPolicy::default();
        let blocks = reused(&[1; 32], None, entries, at(now), &policy);
        assert_eq!(blocks, blocking(entries, at(now), &policy).iter().any(|entry| entry.version == 1));
        assert_eq!(blocks, retain(entries.to_vec(), at(now), &policy).iter().any(|entry| entry.version == 1));
        blocks
    }

    #[test]
    fn fifteen_months_to_the_second() {
        // 10:00 in Rome on 15/01/2025 and on 15/04/2026, under winter and summer time.
        let entries = aged("2025-01-15T09:00:00Z");
        assert!(first_blocks(&entries, "2026-04-15T07:59:59.999999999Z"));
        assert!(!first_blocks(&entries, "2026-04-15T08:00:00Z"));
        assert!(!first_blocks(&entries, "2026-04-15T08:00:01Z"));
    }

    #[test]
    fn months_are_clamped() {
        let entries = aged("2024-08-31T10:00:00Z");
        assert!(first_blocks(&entries, "2025-11-30T10:59:59Z"));
        assert!(!first_blocks(&entries, "2025-11-30T11:00:00Z"));
        let entries = aged("2024-11-30T11:00:00Z");
        assert!(first_blocks(&entries, "2026-02-28T10:59:59Z"));
        assert!(!first_blocks(&entries, "2026-02-28T11:00:00Z"));
    }

    #[test]
    fn the_fifth_last_blocks_at_any_age_and_the_sixth_does_not() {
        let old = |count: u32| (1..=count).rev().map(|version| entry(version, at("2010-01-01T00:00:00Z"))).collect::<Vec<_>>();
        assert!(first_blocks(&old(5), "2026-01-01T00:00:00Z"));
        assert!(!first_blocks(&old(6), "2026-01-01T00:00:00Z"));
        let twice: Vec<Entry> = old(5).into_iter().chain(old(5)).collect();
        assert!(first_blocks(&twice, "2026-01-01T00:00:00Z"));
    }

    #[test]
    fn the_current_one_always_counts() {
        let (policy, now) = (PasswordPolicy::default(), at("2026-01-01T00:00:00Z"));
        assert!(reused(&[9; 32], Some(&[9; 32]), &[], now, &policy));
        assert!(!reused(&[9; 32], Some(&[8; 32]), &[], now, &policy));
        assert!(!reused(&[9; 32], None, &[], now, &policy));
        // A digest that is the beginning of another one is another one.
        assert!(!reused(&[9; 31], Some(&[9; 32]), &[], now, &policy));
        // One password that was used twice: its later use blocks after its earlier one no longer does.
        let mut entries = aged("2010-01-01T00:00:00Z");
        entries.push(Entry { version: 9, ..entry(1, now) });
        assert!(reused(&[1; 32], None, &entries, now, &policy));
    }

    proptest! {
        #[test]
        fn retain_keeps_what_blocking_needs(
            days in proptest::collection::vec((0u32..12, 0i64..2000), 0..14), cut in 0i64..2500, later in 0i64..2500, new in 0u32..4, probe in 0u32..16,
        ) {
            let policy = PasswordPolicy::default();
            let day = |day: i64| Timestamp::from_second(1_700_000_000 + day * 86_400).unwrap();
            let mut all: Vec<Entry> = days.into_iter().map(|(version, retired)| entry(version, day(retired))).collect();
            let mut kept = retain(all.clone(), day(cut), &policy);
            prop_assert_eq!(kept.iter().collect::<Vec<_>>(), blocking(&all, day(cut), &policy));
            for version in 0..new {
                all.push(entry(12 + version, day(cut)));
                kept.push(entry(12 + version, day(cut)));
            }
            let now = day(cut + later);
            prop_assert_eq!(blocking(&kept, now, &policy), blocking(&all, now, &policy));
            let digest = entry(probe, now).digest;
            prop_assert_eq!(reused(&digest, None, &kept, now, &policy), reused(&digest, None, &all, now, &policy));
        }
    }
}
