//! The customer's account, a login of its own apart from SPID (rule 59): what its password must be, after NIST SP 800-63B-4, 3.1.1.
//!
//! Length and a blocklist, nothing else: no kinds of characters, no expiry, no history. The whole password is compared, never a part of it: a phrase that
//! holds an expected word is good as long as it is not made of expected words alone.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::policy::AccountPolicy;
use crate::recovery::same_answer;

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Violation {
    /// Fewer characters than the policy asks for.
    PasswordTooShort,
    /// More characters than the policy allows.
    PasswordTooLong,
    /// It holds a control character, which no keyboard types twice alike.
    PasswordControl,
    /// It is what others expect: commonly used words and runs, who the customer is, what the service is called, or a short piece again and again.
    PasswordExpected,
}

impl Violation {
    /// Every violation.
    pub const ALL: [Self; 4] = [Self::PasswordTooShort, Self::PasswordTooLong, Self::PasswordControl, Self::PasswordExpected];

    /// The stable code of the reason; it never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PasswordTooShort => "password-too-short",
            Self::PasswordTooLong => "password-too-long",
            Self::PasswordControl => "password-control",
            Self::PasswordExpected => "password-expected",
        }
    }
}

/// Words that passwords are commonly made of, one a line; folded.
const WORDS: &str = include_str!("account/words.txt");
/// Whole phrases that are commonly used, one a line; folded, without blanks.
const PHRASES: &str = include_str!("account/phrases.txt");
/// Keys that lie side by side, and the alphabet.
const ROWS: [&str; 6] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "0123456789", "abcdefghijklmnopqrstuvwxyz"];
/// Shortest piece of a row, and shortest word of who the customer is, that counts as one.
const SHORTEST: usize = 3;
/// Different words of which a password may not be made alone, with runs and digits between them.
const FEW: usize = 2;
/// Digits in a row that count as nothing of their own, such as a year.
const DIGITS: usize = 4;
/// Words of who the customer is and what the service is called that are looked for, the longest first.
const OWN: usize = 12;
/// Longest piece that repeated is still nothing but itself.
const PIECE: usize = 7;

/// Every rule that a password breaks; `about` is who the customer is and what the service is called: names, addresses, the provider's name.
#[must_use]
pub fn violations(password: &str, about: &[&str], policy: &AccountPolicy) -> Vec<Violation> {
    let characters: Vec<char> = password.nfc().collect();
    let length = u32::try_from(characters.len()).unwrap_or(u32::MAX);
    let mut broken = Vec::new();
    if length < policy.password_min_length {
        broken.push(Violation::PasswordTooShort);
    }
    if length > policy.password_max_length {
        broken.push(Violation::PasswordTooLong);
    }
    if characters.iter().any(|c| c.is_control()) {
        broken.push(Violation::PasswordControl);
    }
    // What is too long anyway is not looked at: its cost has no bound.
    if length <= policy.password_max_length && is_expected(password, about) {
        broken.push(Violation::PasswordExpected);
    }
    broken
}

/// Digits of a VAT number.
const VAT_DIGITS: usize = 11;

/// Whether a text is a VAT number: eleven digits, of which the last checks the others (Luhn), and not all of them nought.
#[must_use]
pub fn is_vat_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits.iter().enumerate().map(|(place, digit)| if place % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 }).sum();
    text.len() == VAT_DIGITS && digits.len() == VAT_DIGITS && digits.iter().any(|digit| *digit > 0) && sum.is_multiple_of(10)
}

/// The letters and digits of a text, without case and accents.
fn folded(text: &str) -> Vec<char> {
    same_answer(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The same with the letters that digits and signs are written for.
fn unmasked(text: &str) -> Vec<char> {
    let letter = |c: char| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    };
    same_answer(text).chars().map(letter).filter(|c| c.is_alphanumeric()).collect()
}

fn is_expected(password: &str, about: &[&str]) -> bool {
    let own: BTreeSet<Vec<char>> =
        about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).chain([*text])).map(folded).filter(|word| word.len() >= SHORTEST).collect();
    [folded(password), unmasked(password)].iter().any(|text| {
        let whole: String = text.iter().collect();
        text.is_empty() || is_repeated(text) || PHRASES.lines().any(|phrase| phrase == whole) || is_made_of_few(text, &own)
    })
}

/// Whether a text is one short piece again and again.
fn is_repeated(text: &[char]) -> bool {
    let again = |length: usize| text.chunks(length).all(|chunk| text.starts_with(chunk));
    (1..=PIECE.min(text.len() / 2)).any(again)
}

/// Whether a text can be taken apart into expected words, runs and a few digits, so that no more than a few different words are among them.
fn is_made_of_few(text: &[char], own: &BTreeSet<Vec<char>>) -> bool {
    let words = looked_for(text, own);
    // At each place: the sets of words, by their numbers, by which one comes there; each holds at most `FEW`.
    let mut ways: Vec<BTreeSet<Vec<usize>>> = vec![BTreeSet::new(); text.len() + 1];
    if let Some(first) = ways.first_mut() {
        first.insert(Vec::new());
    }
    for place in 0..text.len() {
        let here = ways.get(place).cloned().unwrap_or_default();
        let Some(rest) = text.get(place..).filter(|_| !here.is_empty()) else { continue };
        for (length, word) in pieces(rest, &words) {
            let Some(there) = ways.get_mut(place + length) else { continue };
            for used in &here {
                let mut used = used.clone();
                used.extend(word.filter(|word| !used.contains(word)));
                used.sort_unstable();
                if used.len() <= FEW {
                    there.insert(used);
                }
            }
        }
    }
    ways.last().is_some_and(|end| !end.is_empty())
}

/// The expected words that occur in a text: what takes it apart works on no others, and on so many at most.
fn looked_for(text: &[char], own: &BTreeSet<Vec<char>>) -> Vec<Vec<char>> {
    let mut own: Vec<&Vec<char>> = own.iter().collect();
    own.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let common = WORDS.lines().map(|word| word.chars().collect::<Vec<_>>());
    let occurs = |word: &Vec<char>| !word.is_empty() && text.windows(word.len()).any(|part| part == word);
    common.filter(occurs).chain(own.into_iter().filter(|word| occurs(word)).take(OWN).cloned()).collect()
}

/// The expected pieces with which a text begins: their lengths, and the number of the word where they are one.
fn pieces(rest: &[char], words: &[Vec<char>]) -> Vec<(usize, Option<usize>)> {
    let begins = words.iter().enumerate().filter(|(_, word)| rest.starts_with(word));
    let mut pieces: Vec<_> = begins.map(|(number, word)| (word.len(), Some(number))).collect();
    let same = rest.iter().take_while(|c| Some(*c) == rest.first()).count();
    let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    // Longer runs are made of these.
    let run = |longest: usize| (SHORTEST..=longest.min(2 * SHORTEST - 1)).map(|length| (length, None));
    pieces.extend(run(same));
    pieces.extend((1..=digits.min(DIGITS)).map(|length| (length, None)));
    for row in ROWS {
        let row: Vec<char> = row.chars().collect();
        let backward: Vec<char> = row.iter().rev().copied().collect();
        for row in [row, backward] {
            let longest = (0..row.len()).map(|start| row.iter().skip(start).zip(rest).take_while(|(a, b)| a == b).count()).max().unwrap_or_default();
            pieces.extend(run(longest));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ABOUT: [&str; 4] = ["carla.neri@example.it", "Carla", "Neri", "Sportello ID"];

    fn broken(password: &str) -> Vec<Violation> {
        violations(password, &ABOUT, &AccountPolicy::default())
    }

    #[test]
    fn length_is_counted_in_scalars_after_nfc() {
        assert_eq!(broken("gelato-in-luna"), [Violation::PasswordTooShort], "14");
        assert_eq!(broken("gelato-in-lunae"), [], "15");
        assert_eq!(broken("gelato-in-luna\u{301}"), [Violation::PasswordTooShort], "an accent that is a scalar of its own only before NFC");
        let long: String = "volpe gatto pietra nuvola ".chars().cycle().take(129).collect();
        assert_eq!(broken(&long), [Violation::PasswordTooLong]);
        assert_eq!(broken(&long[..128]), []);
    }

    #[test]
    fn every_printing_character_and_the_blank_are_good() {
        for good in ["quattro gatti rossi sul tetto", "Ωmega τρένο βουνό 駅", "%%%-lampada-&&&-violetta", "ppassero bianco lentiggine"] {
            assert_eq!(broken(good), [], "{good}");
        }
        assert_eq!(broken("lampada\tvioletta 9"), [Violation::PasswordControl]);
        assert_eq!(broken("lampada\u{0}violetta 9"), [Violation::PasswordControl]);
    }

    #[test]
    fn what_others_expect_is_refused_in_every_disguise() {
        for expected in [
            "passwordpassword",
            "Password 12345678",
            "P@ssw0rd-P@ssw0rd!",
            "passwordpassword2026",
            "123456789012345",
            "qwertyuiopasdfghjkl",
            "aaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "x7k!x7k!x7k!x7k!",
            "carlaneri.carlaneri",
            "Carla.Neri@Example.it",
            "CÀRLA-neri-1985-1986",
            "sportello-password-1",
            "SportelloID-Carla-99",
            "forzajuventus1897!!",
            "correct horse battery staple",
            "correcthorsebatterystaple",
            "Nel mezzo del cammin di nostra vita",
            "---------------",
        ] {
            assert_eq!(broken(expected), [Violation::PasswordExpected], "{expected}");
        }
    }

    #[test]
    fn what_holds_an_expected_word_among_others_is_good() {
        for good in ["carla vende lampade viola", "password del faro di Ustica", "Bianco-Cavallo42!", "sportello giallo in collina"] {
            assert_eq!(broken(good), [], "{good}");
        }
    }

    #[test]
    fn a_vat_number_checks_itself() {
        for good in ["00743110157", "07643520567", "12345678903"] {
            assert!(is_vat_number(good), "{good}");
        }
        for bad in ["00743110158", "0743110157", "007431101570", "00000000000", "0074311015O", "", "００７４３１１０１５７"] {
            assert!(!is_vat_number(bad), "{bad}");
        }
    }

    #[test]
    fn every_rule_that_is_broken_is_named() {
        assert_eq!(broken("pass\tword"), [Violation::PasswordTooShort, Violation::PasswordControl, Violation::PasswordExpected]);
        let mut codes: Vec<_> = Violation::ALL.iter().map(|violation| violation.code()).collect();
        codes.dedup();
        assert_eq!(codes.len(), Violation::ALL.len());
    }

    #[test]
    fn the_lists_are_folded_sorted_and_without_repeats() {
        for (name, list) in [("words", WORDS), ("phrases", PHRASES)] {
            let lines: Vec<&str> = list.lines().collect();
            assert!(lines.iter().all(|line| line.chars().eq(folded(line)) && line.len() >= SHORTEST), "{name}");
            assert!(lines.is_sorted() && lines.windows(2).all(|pair| pair[0] != pair[1]), "{name}");
        }
    }

    #[test]
    fn names_made_to_be_slow_are_not() {
        let text: Vec<char> = format!("{}b", "a".repeat(127)).chars().collect();
        let own: BTreeSet<Vec<char>> = (3..60).map(|length| vec!['a'; length]).collect();
        let words = looked_for(&text, &own);
        assert_eq!(words.len(), OWN);
        assert!(words.iter().all(|word| word.len() >= 60 - OWN), "the longest");
        for place in 0..text.len() {
            let pieces = pieces(text.get(place..).unwrap_or_default(), &words);
            assert!(pieces.len() <= OWN + SHORTEST + DIGITS, "{pieces:?}");
        }
        assert!(!is_made_of_few(&text, &own), "of two words and runs, but for the last letter");
    }

    proptest! {
        #[test]
        fn one_or_two_expected_words_are_never_enough(first in 0usize..100, second in 0usize..100, year in 0u32..10_000, times in 1usize..5) {
            let words: Vec<&str> = WORDS.lines().collect();
            let (first, second) = (words[first % words.len()], words[second % words.len()]);
            let password = format!("{}{year}", format!("{first}-{second}!").repeat(times));
            prop_assert!(broken(&password).contains(&Violation::PasswordExpected), "{password}");
        }

        #[test]
        fn random_letters_are_good(letters in "[b-df-hj-np-tv-z]{20,60}") {
            prop_assert!(!broken(&letters).contains(&Violation::PasswordExpected), "{letters}");
        }

        #[test]
        fn no_text_makes_it_fail_or_take_long(text in "\\PC{0,200}") {
            let _ = broken(&text);
        }
    }
}
