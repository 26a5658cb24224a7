//! Passwords made for the holder (rule 14).

use super::{HolderFacts, violations};
use crate::policy::PasswordPolicy;

/// Without characters that are taken for one another: `0 O`, `1 l I |`.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!#$%&*+-=?@_";

/// Candidates drawn from the caller's words; with a sound source about one in four is refused, so that all of them are is out of the question.
const DRAWN: usize = 64;

/// Words that one number may take; at worst every second one is refused to keep the numbers uniform.
const WORDS: usize = 64;

/// Candidates spread from the words drawn, when those alone give no password.
const SPREAD: usize = 4096;

/// A password of `generated_length` characters that passes [`violations`] (rule 14).
///
/// `next` gives uniform random words. Every password that passes and has no look-alike characters is equally likely. It ends with any source:
/// when a broken one (always the same word, say) gives no password, a fixed sequence that starts from the words drawn does. Only a holder whose
/// facts forbid all 4,160 candidates would be given one that does not pass.
#[must_use]
pub fn generate(holder: &HolderFacts<'_>, policy: &PasswordPolicy, next: &mut dyn FnMut() -> u64) -> String {
    let mut drawn: u64 = 0;
    let mut word = || {
        let word = next();
        drawn = spread(drawn ^ word);
        word
    };
    for _ in 0..DRAWN {
        // A source whose words are all refused is broken.
        let Some(password) = candidate(policy, &mut word) else { break };
        if violations(&password, holder, policy).is_empty() {
            return password;
        }
    }
    let mut word = || {
        drawn = drawn.wrapping_add(GOLDEN);
        spread(drawn)
    };
    let mut last = String::new();
    for password in (0..SPREAD).filter_map(|_| candidate(policy, &mut word)) {
        last = password;
        if violations(&last, holder, policy).is_empty() {
            break;
        }
    }
    last
}

fn candidate(policy: &PasswordPolicy, word: &mut dyn FnMut() -> u64) -> Option<String> {
    (0..policy.generated_length).map(|_| ALPHABET.get(below(ALPHABET.len(), word)?).copied().map(char::from)).collect()
}

/// A uniform number under `count`: words of the last, incomplete stretch would favour the low numbers and are refused.
fn below(count: usize, word: &mut dyn FnMut() -> u64) -> Option<usize> {
    let count = u64::try_from(count).ok()?;
    let excess = (u64::MAX % count + 1) % count;
    let drawn = (0..WORDS).map(|_| word()).find(|drawn| *drawn <= u64::MAX - excess)?;
    usize::try_from(drawn % count).ok()
}

/// The constants of SplitMix64, whose every start gives a full period.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

fn spread(seed: u64) -> u64 {
    let once = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let twice = (once ^ (once >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    twice ^ (twice >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn passes(holder: &HolderFacts<'_>, policy: &PasswordPolicy, next: &mut dyn FnMut() -> u64) -> String {
        let password = generate(holder, policy, next);
        assert_eq!(violations(&password, holder, policy), [], "{password}");
        assert_eq!(password.chars().count(), policy.generated_length as usize);
        assert!(!password.contains(['0', 'O', '1', 'l', 'I', '|']));
        password
    }

    fn counter(mut state: u64) -> impl FnMut() -> u64 {
        move || {
            state = state.wrapping_add(GOLDEN);
            spread(state)
        }
    }

    #[test]
    fn the_alphabet_has_each_character_once() {
        let mut sorted = ALPHABET.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), ALPHABET.len());
    }

    #[test]
    fn broken_sources_still_give_a_password() {
        let (holder, policy) = (HolderFacts::default(), PasswordPolicy::default());
        for constant in [0, 1, 7, u64::MAX, u64::MAX - 1, 1 << 63] {
            passes(&holder, &policy, &mut || constant);
        }
        let mut flip = false;
        passes(&holder, &policy, &mut || {
            flip = !flip;
            u64::from(flip)
        });
        // What little a bad source has is not thrown away.
        assert_ne!(generate(&holder, &policy, &mut || 3), generate(&holder, &policy, &mut || 4));
    }

    #[test]
    fn every_character_is_as_likely() {
        let mut word = counter(1);
        let mut seen = vec![0u32; ALPHABET.len()];
        (0..69_000).for_each(|_| seen[below(ALPHABET.len(), &mut word).unwrap()] += 1);
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
        let mut words = [u64::MAX, u64::MAX - 1, 5].into_iter();
        assert_eq!(below(3 << 62, &mut || words.next().unwrap()), Some(5));
    }

    #[test]
    fn names_of_every_letter_and_pair_are_avoided() {
        let letters: Vec<char> = ('a'..='z').collect();
        let singles: String = letters.iter().map(|a| format!("{a} ")).collect();
        let pairs: String = letters.iter().flat_map(|a| letters.iter().map(move |b| format!("{a}{b} "))).collect();
        let numbers: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let holder = HolderFacts {
            username: "a2",
            given_name: &singles,
            family_name: &pairs,
            birth_date: Some(date(1922, 2, 22)),
            fiscal_code: Some("2"),
            vat_number: Some("33"),
            document_numbers: numbers.iter().map(String::as_str).collect(),
        };
        for seed in 0..20 {
            passes(&holder, &PasswordPolicy::default(), &mut counter(seed));
        }
        passes(&holder, &PasswordPolicy::default(), &mut || 0);
        passes(&holder, &PasswordPolicy::default(), &mut || u64::MAX);
    }

    proptest! {
        #[test]
        fn always_passes(
            seed: u64, constant in proptest::option::of(any::<u64>()), length in 8u32..=20,
            username in "\\PC{0,12}", given in "\\PC{0,20}", family in "[a-z ']{0,40}", documents in proptest::collection::vec("[a-z0-9]{0,4}", 0..20), day in 0i64..73_000,
        ) {
            let policy = PasswordPolicy { generated_length: length, ..PasswordPolicy::default() };
            let birth = date(1900, 1, 1).checked_add(jiff::SignedDuration::from_hours(24 * day)).unwrap();
            let holder = HolderFacts {
                username: &username, given_name: &given, family_name: &family, birth_date: Some(birth),
                fiscal_code: Some("RSSMRA80A01H501U"), vat_number: Some("12345678903"), document_numbers: documents.iter().map(String::as_str).collect(),
            };
            let mut random = counter(seed);
            passes(&holder, &policy, &mut || constant.unwrap_or_else(&mut random));
        }

    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn facts_chosen_after_the_answer_change_the_answer(seed: u64, constant in proptest::option::of(any::<u64>()), place in 0usize..14) {
            let policy = PasswordPolicy::default();
            let mut forbidden: Vec<String> = Vec::new();
            for _ in 0..20 {
                let holder = HolderFacts { document_numbers: forbidden.iter().map(String::as_str).collect(), ..HolderFacts::default() };
                let mut random = counter(seed);
                let password = passes(&holder, &policy, &mut || constant.unwrap_or_else(&mut random));
                forbidden.push(password.chars().skip(place).take(3).collect());
                forbidden.push(password.chars().take(3).collect());
            }
        }
    }
}
