//! What gets a holder back in: the emergency code and the security answer (rules 26-28, 30).

use unicode_normalization::UnicodeNormalization;

use crate::policy::RecoveryPolicy;

/// Letters and digits of an emergency code: none that a reader takes for another (RFC 4648's base 32).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// An emergency code from random bytes, one for each character. Five bits of each are used, so that no character is favoured.
#[must_use]
pub fn emergency_code(random: &[u8], policy: &RecoveryPolicy) -> String {
    let length = usize::try_from(policy.emergency_code_length).unwrap_or_default();
    code(random.get(..length).unwrap_or(random))
}

/// A code from random bytes, one for each character, in the letters and digits of an emergency code.
#[must_use]
pub fn code(random: &[u8]) -> String {
    random.iter().map(|byte| char::from(ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'A'))).collect()
}

/// The two halves of an emergency code, which go by two ways (rule 27).
#[must_use]
pub fn halves(code: &str) -> (&str, &str) {
    code.split_at_checked(code.len() / 2).unwrap_or((code, ""))
}

/// An emergency code as it was typed or read out, in the form that is compared: without blanks and hyphens, in upper case.
#[must_use]
pub fn same_emergency_code(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_uppercase).collect()
}

/// A security answer in the form that is compared: trimmed, case and accents folded, white space made one (rule 30).
#[must_use]
pub fn same_answer(typed: &str) -> String {
    let folded: String = typed.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_emergency_code_has_its_length_and_two_halves() {
        let policy = RecoveryPolicy::default();
        let code = emergency_code(&[255; 64], &policy);
        assert_eq!(code, "7".repeat(16));
        assert_eq!(halves(&code), ("77777777", "77777777"));
        assert_eq!(halves(""), ("", ""));
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        for typed in ["ABCD2345", "abcd-2345", " ab cd 23 45\n", "ABCD\u{a0}2345"] {
            assert_eq!(same_emergency_code(typed), "ABCD2345");
        }
        assert_ne!(same_emergency_code("ABCD2346"), "ABCD2345");
    }

    #[test]
    fn an_answer_is_the_same_in_every_case_and_with_every_accent() {
        for typed in ["Città di Castello", "  CITTA' DI CASTELLO".trim_end_matches('\''), "citta\u{300}  di\tcastello "] {
            assert_eq!(same_answer(typed).replace('\'', ""), "citta di castello", "{typed}");
        }
        assert_ne!(same_answer("Roma"), same_answer("Romagna"));
        assert_eq!(same_answer(" \u{a0} "), "");
    }

    proptest! {
        #[test]
        fn every_code_comes_back_as_itself(random in proptest::collection::vec(any::<u8>(), 16..40)) {
            let code = emergency_code(&random, &RecoveryPolicy::default());
            prop_assert_eq!(code.len(), 16);
            prop_assert_eq!(&same_emergency_code(&code), &code);
            let (first, second) = halves(&code);
            prop_assert_eq!(format!("{first}{second}"), code);
        }
    }
}
