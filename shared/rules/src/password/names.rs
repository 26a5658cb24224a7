//! The holder's names in a password (rule 9).

use super::fold::Folded;
use crate::policy::PasswordPolicy;

/// Whether the password contains the name: whole, or one of its parts.
///
/// Of a whole name the parts may be joined or have separators between them (`DeRe`, `De-Re`). Up to `short_name_letters` letters count only
/// when no letter stands on either side.
pub(super) fn contains(password: &Folded, name: &str, policy: &PasswordPolicy) -> bool {
    let words = Folded::of(name).words();
    let hit = |parts: &[&[char]], letters: usize| {
        let short = u32::try_from(letters).is_ok_and(|letters| letters <= policy.short_name_letters);
        password.places(parts).any(|place| !short || !password.touches(&place, char::is_alphabetic))
    };
    let parts: Vec<&[char]> = words.iter().map(|word| word.values.as_slice()).collect();
    words.iter().any(|word| hit(&[&word.values], word.letters)) || (parts.len() > 1 && hit(&parts, words.iter().map(|word| word.letters).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hit(name: &str, password: &str) -> bool {
        contains(&Folded::of(password), name, &PasswordPolicy::default())
    }

    #[test]
    fn names_that_are_found() {
        let vectors = [
            ("Mario", "xMARIO1!"),
            ("Mario", "marioX1!"),
            ("D'Angelo", "Dangelo1!"),
            ("D'Angelo", "D'Angelo1!"),
            ("D’Angelo", "xangelo1!"),
            ("D\u{2BC}Angelo", "Xd-Angelo"),
            ("De Luca", "deLuca1!x"),
            ("De Luca", "xLUCA123!"),
            ("Anna Maria", "xAnnaMaria1"),
            ("Anna-Maria", "Anna-Maria1!"),
            ("Anna Maria", "1maria!X"),
            ("Łukasz", "LUKASZ1!"),
            ("Lukasz", "łukasz1!"),
            ("Groß", "xGROSS1!"),
            ("Gross", "xgroß1!"),
            ("Bjørn", "Bjorn123!"),
            ("Nguyễn", "NGUYEN1!x"),
            ("Nguyen", "xNguye\u{302}\u{303}n1!"),
            ("Ægir", "aegir123!"),
            ("Þórr", "Thorr12!"),
            ("Đặng", "xdang1!"),
            ("O'Brien-Smith", "Brien123!"),
            ("O'Brien-Smith", "xsmith1!"),
            ("O'Brien-Smith", "obrienSmith"),
            ("Re", "Re-42!Xkq"),
            ("Re", "42re"),
            ("Re", "Xkq_RÉ"),
            ("Re", "Re™kz42!"),
            ("Li", "9Li9kz!x"),
            ("Ng", "Kz!NG"),
            ("De Re", "xDeRex12!"),
            ("De Re", "xDe-Rex12!"),
            ("De Re", "xde'._rex!"),
            ("D'E", "12De34!x"),
            ("Æs", "1aes2kz!"),
            ("김", "1김2kz!"),
        ];
        for (name, password) in vectors {
            assert!(hit(name, password), "{name} in {password}");
        }
    }

    #[test]
    fn names_that_are_not_there() {
        let vectors = [
            ("Re", "Trekking1!"),
            ("Re", "xRe42!kq"),
            ("Re", "42!Rex"),
            ("Li", "Olio-12!"),
            ("Ng", "Kingdom1!"),
            ("O'Brien", "Orange1!"),
            ("De Luca", "Delta12!"),
            ("De Re", "xdexre12!"),
            ("De Re", "xde1rex2!"),
            ("Mario", "Mari0o1!"),
            ("Mario", "Mar-io12!"),
            ("Mario", "oiraM12!"),
            ("Æs", "Maestro1!"),
            ("Te", "℡kz42!"),
            ("김", "김밥1!"),
            ("", "Anything1!"),
            (" '- ", "Any'thing-1!"),
        ];
        for (name, password) in vectors {
            assert!(!hit(name, password), "{name} in {password}");
        }
        assert!(!hit("D'E", "Adele12!"));
    }

    proptest! {
        #[test]
        fn case_and_accents_change_nothing(
            letters in proptest::collection::vec(proptest::sample::select("aàáâäãåāąbcçćčdďeèéêëęěfgğhiìíîïjklĺľmnñńňoòóôöõōőpqrŕřsśšştťuùúûüůűvwxyýÿzźžżłøđßæœþð".chars().collect::<Vec<_>>()), 3..8),
            upper in any::<bool>(),
        ) {
            let name: String = letters.iter().collect();
            let bare: String = Folded::of(&name).values().iter().collect();
            let shown = if upper { name.to_uppercase() } else { name.clone() };
            for (name, password) in [(&name, format!("q7{shown}7q")), (&name, format!("qq{bare}qq")), (&bare.to_uppercase(), format!("x{name}x"))] {
                prop_assert!(hit(name, &password), "{} in {}", name, password);
            }
        }
    }
}
