//! The holder's fiscal code, VAT number, username and documents in a password (rule 10).

use super::fold::Folded;
use crate::policy::PasswordPolicy;

/// From so many letters and numbers an identifier is found through separators too (`RSSMRA-80A01H501U`); a shorter one would meet by chance.
const SEPARABLE: usize = 6;

/// Characters of a fiscal code before its check letter (rule 71).
const PERSON: usize = 15;

/// Where a fiscal code of 16 characters may have letters for digits, from 0 (rule 71).
const OMOCODIA: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];

/// The letters for the digits 0 to 9, folded (rule 71).
const OMOCODIA_LETTERS: &str = "lmnpqrstuv";

/// Whether the password contains the identifier, folded.
///
/// Up to `short_name_letters` letters and numbers count only when none stands on either side; an identifier without any is never found.
pub(super) fn contains(password: &Folded, identifier: &str, policy: &PasswordPolicy) -> bool {
    let folded = Folded::of(identifier.trim());
    let bare = folded.alphanumerics();
    if bare.is_empty() {
        return false;
    }
    if is_short(&bare, policy) {
        return password.places(&[folded.values()]).any(|place| !password.touches(&place, char::is_alphanumeric));
    }
    if bare.len() < SEPARABLE {
        return password.places(&[folded.values()]).next().is_some();
    }
    password.alphanumerics().windows(bare.len()).any(|window| window == bare)
}

/// Whether the password contains the username, or the part before the at-sign of one that is an e-mail address.
pub(super) fn contains_username(password: &Folded, username: &str, policy: &PasswordPolicy) -> bool {
    let local = username.rsplit_once('@').map(|(local, _)| local).filter(|local| !is_short(&Folded::of(local).alphanumerics(), policy));
    contains(password, username, policy) || local.is_some_and(|local| contains(password, local, policy))
}

/// Whether the password contains the VAT number; the country code of an Italian one may miss.
pub(super) fn contains_vat_number(password: &Folded, number: &str, policy: &PasswordPolicy) -> bool {
    let bare: String = Folded::of(number).alphanumerics().into_iter().collect();
    let digits = bare.strip_prefix("it").filter(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()));
    contains(password, digits.unwrap_or(&bare), policy)
}

/// Whether the password contains the fiscal code in any form of omocodia; a provisional one has digits only and is looked for as it is.
///
/// The check letter is another one in each form, so any letter counts in its place.
pub(super) fn contains_fiscal_code(password: &Folded, code: &str, policy: &PasswordPolicy) -> bool {
    let own = Folded::of(code).alphanumerics();
    let Some((_, person)) = own.split_last().filter(|(check, person)| check.is_alphabetic() && person.len() == PERSON) else {
        return contains(password, code, policy);
    };
    let person = without_omocodia(person);
    password
        .alphanumerics()
        .windows(own.len())
        .any(|window| window.split_last().is_some_and(|(last, shown)| last.is_alphabetic() && without_omocodia(shown) == person))
}

fn is_short(bare: &[char], policy: &PasswordPolicy) -> bool {
    u32::try_from(bare.len()).is_ok_and(|length| length <= policy.short_name_letters)
}

fn without_omocodia(code: &[char]) -> Vec<char> {
    let digit = |c: char| OMOCODIA_LETTERS.chars().zip('0'..='9').find(|(letter, _)| *letter == c).map_or(c, |(_, digit)| digit);
    code.iter().enumerate().map(|(place, c)| if OMOCODIA.contains(&place) { digit(*c) } else { *c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "RSSMRA80A01H501U";

    fn code_in(code: &str, password: &str) -> bool {
        contains_fiscal_code(&Folded::of(password), code, &PasswordPolicy::default())
    }

    fn any_in(identifier: &str, password: &str) -> bool {
        contains(&Folded::of(password), identifier, &PasswordPolicy::default())
    }

    fn username_in(username: &str, password: &str) -> bool {
        contains_username(&Folded::of(password), username, &PasswordPolicy::default())
    }

    fn vat_in(number: &str, password: &str) -> bool {
        contains_vat_number(&Folded::of(password), number, &PasswordPolicy::default())
    }

    #[test]
    fn fiscal_codes() {
        for password in [
            "RSSMRA80A01H501U",
            "x!rssmra80a01h501u9",
            "RSSMRAULALMHRLMU!",
            "RSSMRA8LA01H501X",
            "RSSMRA80A01H50MZ",
            "RSSMRA-80A01H501U",
            "RSS.MRA.80A01.H501U",
            "ＲSSMRA８０A01H501U",
        ] {
            assert!(code_in(CODE, password), "{password}");
        }
        for password in ["RSSMRA80A01H501", "RSSMRA80A01H5019", "RSSMRA81A01H501U", "RSSMRA80A41H501U", "RSSMR180A01H501U", "RSSMRA80AL2H501U", ""] {
            assert!(!code_in(CODE, password), "{password}");
        }
        assert!(code_in("rssmraulalmhrlmb", "RSSMRA80A01H501U"));
        assert!(code_in("RSSMRA80A01H501U ", "RSSMRA80A01H501U"));
    }

    #[test]
    fn every_omocodia_form_is_found() {
        for mask in 0u8..128 {
            let mut form: Vec<char> = CODE.chars().collect();
            for (bit, place) in OMOCODIA.into_iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1) {
                let digit = form[place].to_digit(10).unwrap_or_else(|| panic!("{bit}"));
                form[place] = OMOCODIA_LETTERS.to_uppercase().chars().nth(digit as usize).unwrap();
            }
            let form: String = form.into_iter().collect();
            assert!(code_in(CODE, &form) && code_in(&form, CODE), "{form}");
        }
    }

    #[test]
    fn provisional_codes_and_vat_numbers() {
        for password in ["12345678903", "Xk12345678903!", "123 456 78903", "12345-678903", "IT12345678903", "１2345678903"] {
            assert!(code_in("12345678903", password) && vat_in("12345678903", password) && vat_in("IT12345678903", password), "{password}");
            assert!(vat_in("it 123456-78903", password), "{password}");
        }
        for password in ["1234567890", "12345678913", "2345678903X"] {
            assert!(!code_in("12345678903", password) && !vat_in("IT12345678903", password), "{password}");
        }
        assert!(vat_in("DE123456789", "xDE123456789!") && !vat_in("DE123456789", "x123456789!"));
        assert!(!vat_in("IT", "Digital1!") && !vat_in("", "Digital1!"));
    }

    #[test]
    fn usernames() {
        for (username, password) in [
            ("m.rossi", "xM.ROSSI1!"),
            ("m.rossi", "mrossi12!"),
            ("rossì80", "Rossi-80!"),
            ("abc", "xABCx12!"),
            ("a.bc", "xA.BCx12!"),
            ("ab", "12-ab!Xk"),
            ("kzw@example.org", "KZW12345!"),
            ("m.rossi@example.org", "Xm-rossi1!"),
            ("li@ex.org", "li@ex.org1X"),
        ] {
            assert!(username_in(username, password), "{username} in {password}");
        }
        for (username, password) in [
            ("", "Anything1!"),
            ("!", "Anything1!"),
            (" ", "Anything1!"),
            ("ab", "xab1234!"),
            ("ab", "1ab-234!"),
            ("a", "Anything1!"),
            ("abc", "a-bc1234!"),
            ("a.bc", "xabc1234!"),
            ("li@ex.org", "-li-1234X"),
            ("@example.org", "Anything1!"),
            ("m.rossi", "m.rosti1!"),
        ] {
            assert!(!username_in(username, password), "{username} in {password}");
        }
    }

    #[test]
    fn documents() {
        assert!(any_in("CA12345AA", "ca12345aa!") && any_in("CA 12345 AA", "Xca-12345.aa") && any_in("ÀB12", "xab12!"));
        assert!(!any_in("CA12345AA", "ca12345ab!") && !any_in("7", "Xk777!aa7") && any_in("7", "Xk-7-aaa"));
    }
}
