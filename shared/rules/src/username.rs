//! Usernames: every spelling of one name is one name.

use unicode_normalization::UnicodeNormalization as _;

/// The form in which usernames are compared and found: compatibility forms, case and surrounding white space do not count.
#[must_use]
pub fn fold(username: &str) -> String {
    let lower: String = username.trim().nfkc().flat_map(char::to_lowercase).collect();
    // Lower-casing can leave a form that is not composed.
    lower.nfkc().collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_fold_together() {
        for spelling in ["Mario.Rossi@Example.IT", "\tmario.rossi@example.it\u{a0}", "ＭＡＲＩＯ.rossi@example.it"] {
            assert_eq!(fold(spelling), "mario.rossi@example.it", "{spelling}");
        }
        assert_ne!(fold("mario.rossi"), fold("mariorossi"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(name in "\\PC{0,30}") {
            prop_assert_eq!(fold(&fold(&name)), fold(&name));
        }
    }
}
