use super::*;
use jiff::civil::date;
use proptest::prelude::*;

fn holder() -> HolderFacts<'static> {
    HolderFacts {
        username: "m.rossi",
        given_name: "Mario",
        family_name: "D'Angelo",
        birth_date: Some(date(1980, 1, 2)),
        fiscal_code: Some("RSSMRA80A01H501U"),
        vat_number: Some("IT12345678903"),
        document_numbers: vec!["CA12345AA"],
    }
}

fn broken(password: &str) -> Vec<Violation> {
    violations(password, &holder(), &PasswordPolicy::default())
}

#[test]
fn length_is_counted_in_scalars_after_nfc() {
    use Violation::{TooLong, TooShort};
    assert_eq!(broken("Xk7!qZw"), [TooShort]);
    assert_eq!(broken("Xk7!qZwv"), []);
    assert_eq!(broken("Xk7!qZwvXk7!qZwvXk7!"), []);
    assert_eq!(broken("Xk7!qZwvXk7!qZwvXk7!q"), [TooLong]);
    // A letter and its accent are one scalar once composed, also at both ends of the range.
    assert_eq!(broken("Xk7!qZe\u{301}"), [TooShort]);
    assert_eq!(broken("Xk7!qZwe\u{301}"), []);
    assert_eq!(broken("Xk7!qZwvXk7!qZwvXk7e\u{301}"), []);
    assert_eq!(broken("Xk7!qZwvXk7!qZwvXk7!e\u{301}"), [TooLong]);
    // An accent that composes with nothing counts by itself.
    assert_eq!(broken("Xk7!wZq\u{301}"), []);
    // Scalars are not bytes nor UTF-16 units.
    assert_eq!(broken("Xk7!qZ🙂"), [TooShort]);
    assert_eq!(broken("Xk7!qZ🙂è"), []);
}

#[test]
fn one_of_each_kind() {
    use Violation::{NoDigit, NoLower, NoSpecial, NoUpper, TooShort};
    assert_eq!(broken(""), [TooShort, NoUpper, NoLower, NoDigit, NoSpecial]);
    assert_eq!(broken("xk7!qzwv"), [NoUpper]);
    assert_eq!(broken("XK7!QZWV"), [NoLower]);
    assert_eq!(broken("Xkt!qZwv"), [NoDigit]);
    assert_eq!(broken("Xk7tqZwv"), [NoSpecial]);
    assert_eq!(broken("Èk7!qzwv"), []);
    assert_eq!(broken("XK7!QZWè"), []);
    assert_eq!(broken("Xk٧!qZwv"), []);
    assert_eq!(broken("Xk7€qZwv"), []);
    assert_eq!(broken("Xk7q\u{301}qZwv"), [NoSpecial]);
    assert_eq!(broken("Xk½!qZwv"), [NoDigit]);
    assert_eq!(broken("Xk7²qZwv"), [NoSpecial]);
}

#[test]
fn at_most_two_identical_in_a_row() {
    use Violation::Repeated;
    assert_eq!(broken("Xk7!qaaw"), []);
    assert_eq!(broken("Xk7!qaaaw"), [Repeated]);
    assert_eq!(broken("Xk7!qaAaw"), []);
    assert_eq!(broken("Xk77!!aabb"), []);
    assert_eq!(broken("Xk7!!!qw"), [Repeated]);
    assert_eq!(broken("Xk7!qaawa"), []);
    assert_eq!(broken("Xk7!qèèe\u{300}w"), [Repeated]);
    assert_eq!(broken("Xk7!qèeèe"), []);
    assert_eq!(broken("aaaaaaaaX7!"), [Repeated]);
}

#[test]
fn nothing_blank() {
    use Violation::{Invisible, WhiteSpace};
    assert_eq!(broken("Xk7!q Zwv"), [WhiteSpace]);
    assert_eq!(broken("Xk7!q\tZwv"), [WhiteSpace]);
    assert_eq!(broken(" Xk7!qZwv"), [WhiteSpace]);
    assert_eq!(broken("Xk7!q\u{A0}Zwv"), [WhiteSpace]);
    assert_eq!(broken("Xk7!qZwv\u{200B}"), [Invisible]);
    assert_eq!(broken("Xk7!q\u{FE0F}Z\u{3000}wv"), [WhiteSpace, Invisible]);
}

#[test]
fn nothing_of_the_holder() {
    use Violation::*;
    assert_eq!(broken("xMàrio-7k"), [ContainsName]);
    assert_eq!(broken("xAngelo-7k"), [ContainsName]);
    assert_eq!(broken("Xk-D-7qwz"), [ContainsName]);
    assert_eq!(broken("RSSMRA8LA01H501x!"), [ContainsFiscalCode]);
    assert_eq!(broken("Xk!12345678903"), [ContainsVatNumber]);
    assert_eq!(broken("7M-Rossi!"), [ContainsUsername]);
    assert_eq!(broken("ca12345AA!"), [ContainsDocumentNumber]);
    assert_eq!(broken("Xk!03/01/1980"), [ContainsDate]);
    assert_eq!(broken("Xk!02/01/1980"), [ContainsDate, ContainsBirthDate]);
    assert_eq!(broken("Xk!2:1:1980"), [ContainsBirthDate]);
    assert_eq!(broken("Xk!31/02/1980"), []);
    assert_eq!(violations("RSSMRA80A01H501u!", &HolderFacts::default(), &PasswordPolicy::default()), []);
}

#[test]
fn every_broken_rule_is_named_once_in_order() {
    use Violation::*;
    assert_eq!(
        broken("mario mario aaa 020180 02/01/1980\u{200B}"),
        [TooLong, NoUpper, Repeated, WhiteSpace, Invisible, ContainsName, ContainsDate, ContainsBirthDate]
    );
    assert!(Violation::ALL.is_sorted());
    let codes: std::collections::BTreeSet<_> = Violation::ALL.into_iter().map(Violation::code).collect();
    assert_eq!(codes.len(), Violation::ALL.len());
}

#[test]
fn normalising_composes() {
    assert_eq!(normalize("e\u{301}A\u{30A}"), "éÅ");
    assert_eq!(normalize("ﬁ²"), "ﬁ²");
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(password in any::<String>(), username in any::<String>(), given in any::<String>(), family in any::<String>(), code in any::<String>()) {
        let holder = HolderFacts {
            username: &username, given_name: &given, family_name: &family, birth_date: Some(date(-9999, 1, 1)),
            fiscal_code: Some(&code), vat_number: Some(&code), document_numbers: vec![&username, &code],
        };
        for policy in [PasswordPolicy::default(), PasswordPolicy { first_year: 1, last_year: 9999, short_name_letters: 0, max_identical_run: 1, ..PasswordPolicy::default() }] {
            let found = violations(&password, &holder, &policy);
            prop_assert!(found.is_sorted() && !found.contains(&Violation::UsedRecently));
            prop_assert_eq!(&found, &violations(&normalize(&password), &holder, &policy));
        }
    }

    #[test]
    fn digits_and_separators_get_an_answer(password in "[0-9a-f/._-]{0,60}", month in "(jan|gen|feb|sett?|dic)") {
        let _ = violations(&format!("{password}{month}{password}"), &holder(), &PasswordPolicy::default());
    }

    #[test]
    fn a_very_long_text_gets_an_answer(unit in "[0-9/a-c]{1,4}|1/|12gen|a\u{301}") {
        let found = broken(&unit.repeat(64));
        prop_assert!(found.contains(&Violation::TooLong));
    }
}
