use super::*;
use crate::password::fold::Folded;
use proptest::prelude::*;

fn hit(text: &str) -> bool {
    contains(Folded::of(text).values(), &PasswordPolicy::default())
}

#[test]
fn dates_that_are_found() {
    let vectors = [
        // Digits alone, in each order, at any place.
        "01011980",
        "31121999",
        "19800101",
        "20991231",
        "12311980",
        "010180",
        "311299",
        "800101",
        "991231",
        "x31121999y",
        "931121999",
        "311219999",
        "29022000",
        "20000229",
        "02292000",
        "290200",
        "000229",
        "290204",
        "01011900",
        "31122099",
        // Every overlapping window of a longer run, also when the whole is not a date.
        "9901018055",
        "29021900",
        "31021980",
        "1201801",
        // Separators, the same or mixed, one or both, also look-alike ones.
        "01/01/1980",
        "1/1/1980",
        "1-1-80",
        "1.2.1980",
        "1_2_80",
        "80-2-1",
        "1980-2-1",
        "1980/12/31",
        "12/31/1980",
        "1/31/1980",
        "01-01.1980",
        "31/12-99",
        "29/02/2000",
        "29-2-00",
        "29/02/04",
        "2000_02_29",
        "1012-1980",
        "12/011980",
        "1980-0102",
        "31\u{2013}12\u{2013}1999",
        "31\u{2044}12\u{FF0F}1999",
        "30/11/2024",
        "31/02/20",
        // Digits around a separated date.
        "912/01/1980",
        "9912/01/1980",
        "12/01/19805",
        "9912/01/80",
        "80/12/3199",
        "12/01/8055",
        "1980-12-319",
        // Months by name.
        "12gennaio1980",
        "12gen1980",
        "12gen80",
        "Jan12-80",
        "12-gen-1980",
        "1GENNAIO1980",
        "01.feb.80",
        "Febbraio28-1999",
        "29feb2000",
        "29feb00",
        "marzo3-2001",
        "mar31980",
        "3/mar/80",
        "Apr.30.80",
        "30aprile80",
        "1may80",
        "31maggio1999",
        "June30_99",
        "30giu99",
        "luglio31,99x31lug99",
        "Aug311999",
        "31ago99",
        "30sett1980",
        "30set80",
        "Sept30-80",
        "sep3080",
        "ott311980",
        "31OCT80",
        "30nov80",
        "november30.1980",
        "25dic99",
        "dec2599",
        "1999dic25",
        "99dec25",
        "1980-Jan-1",
        "xx12gennaio1980yy",
        "gen41980",
        "01/01/1",
        "gen121980",
        "gen1280",
        "gen31980",
        "ott3180",
        "1/13/1980",
        "12gènnaio1980",
        // Digits of other scripts and forms.
        "０１０１１９８０",
        "٠١٠١١٩٨٠",
        "\u{1D7CF}2/0\u{1D7CF}/1980",
        "1\u{200B}2/01/1980",
        "①②/⑪/1980",
    ];
    assert!(vectors.len() >= 60);
    for text in vectors {
        assert!(hit(text), "{text}");
    }
}

#[test]
fn what_is_not_a_date() {
    let vectors = [
        // Days that the calendar does not have.
        "31/02",
        "31/02/1980",
        "29/02/1900",
        "1900/02/29",
        "1900-2-29",
        "02/29/1900",
        "30/02/2000",
        "31/04/2024",
        "31.6.1999",
        "31-9-99",
        "2/30/1980",
        "1980/02/31",
        "1985/02/30",
        "0/1/1980",
        "1/0/1980",
        "00/01/1980",
        "32/01/1980",
        "91/2/1980",
        "80/12/1999",
        "13/13/1980",
        "29/02/2100",
        "29/02/99",
        "29-02-30",
        "31feb1980",
        "29feb1900",
        "feb291900",
        "1900feb29",
        "31nov80",
        "32gen80",
        "0gen80",
        "00gen1980",
        "30-021998",
        "1985feb30",
        "feb301980",
        "31/02/80",
        "80-02-31",
        "29/2/1900",
        // Years out of the range, read whole.
        "01/01/1899",
        "31/12/1899",
        "1899/12/31",
        "01/01/2100",
        "2100-01-01",
        "1/1/1850",
        "12gennaio1899",
        "gen12-2100",
        "1850gen12",
        // No complete date.
        "0101",
        "01/01",
        "1/1",
        "12345",
        "1980",
        "01/1980",
        "1980-01",
        "12gennaio",
        "gennaio1980",
        "gen2010",
        "32gen1980",
        "gen80",
        "January",
        "12jan",
        "1/01/1",
        "1/1/1",
        "marzo",
        "Maggio!",
        "setter12",
        // Digits and orders that the rule does not list.
        "123199",
        "11980",
        "1180",
        "121980",
        "99999999",
        "555555",
        "333333",
        "013180",
        "33445566",
        "131399",
        "01/31/80",
        "1980/31/01",
        "gen480",
        // Something else between.
        "01 01 1980",
        "01:01:1980",
        "01//01//1980",
        "01a01a1980",
        "01,01,1980",
        "12xgen1980",
        "12ge1980",
        "12genxnaio1980",
        "1o/01/1980",
        "",
    ];
    assert!(vectors.len() >= 60);
    for text in vectors {
        assert!(!hit(text), "{text}");
    }
}

#[test]
fn every_month_name_of_both_languages() {
    for (number, names) in (1..).zip([
        ["gennaio", "gen", "january", "jan"],
        ["febbraio", "feb", "february", "feb"],
        ["marzo", "mar", "march", "mar"],
        ["aprile", "apr", "april", "apr"],
        ["maggio", "mag", "may", "may"],
        ["giugno", "giu", "june", "jun"],
        ["luglio", "lug", "july", "jul"],
        ["agosto", "ago", "august", "aug"],
        ["settembre", "sett", "september", "sept"],
        ["ottobre", "ott", "october", "oct"],
        ["novembre", "nov", "november", "nov"],
        ["dicembre", "dic", "december", "dec"],
    ]) {
        for name in names {
            let last = Date::new(2023, number, 1).unwrap().days_in_month();
            assert!(hit(&format!("{last}{name}2023")) && hit(&format!("{name}{last}2023")) && hit(&format!("2023{name}{last}")), "{name}");
            assert!(!hit(&format!("{}{name}2023", last + 1)), "{name}");
        }
    }
}

/// Every valid date as an own reading of the rule would write it: its text and whether digits may stand beside it.
fn written(date: Date, order: usize, joint: usize, padded: bool, short_year: bool, named: bool) -> (String, bool) {
    let joint = ["", "/", "-", ".", "_"][joint];
    let padded = padded || (joint.is_empty() && !named);
    let day = if padded { format!("{:02}", date.day()) } else { date.day().to_string() };
    let month = match (named, padded) {
        (true, true) => date.strftime("%B").to_string(),
        (true, false) => date.strftime("%b").to_string().to_uppercase(),
        (false, true) => format!("{:02}", date.month()),
        (false, false) => date.month().to_string(),
    };
    // Month first is listed for full years alone, and a one-digit day then runs into the year.
    let year = if short_year && order != 2 { format!("{:02}", date.year() % 100) } else { date.year().to_string() };
    let parts = [[&day, &month, &year], [&year, &month, &day], [&month, &day, &year]][order];
    (parts.map(String::as_str).join(joint), joint.is_empty() && !named)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn every_valid_date_in_every_form_is_found(
        day_number in 0i64..73_049, order in 0usize..3, joint in 0usize..5, padded: bool, short_year: bool, named: bool,
        before in "\\PC{0,6}", after in "\\PC{0,6}", digits in "[0-9]{0,6}", guard in proptest::sample::select(vec!['x', 'Z', '!', '#', '*', '\u{e0}']),
    ) {
        let date = Date::constant(1900, 1, 1).checked_add(jiff::SignedDuration::from_hours(24 * day_number)).unwrap();
        let (text, compact) = written(date, order, joint, padded, short_year, named);
        prop_assert!(hit(&format!("{before}{guard}{text}{guard}{after}")), "{text}");
        if compact {
            prop_assert!(hit(&format!("{before}{digits}{text}{digits}{after}")), "{text}");
        }
    }

    #[test]
    fn five_digits_in_a_row_without_a_name_are_no_date(text in "[x-zX-Z!?/._-]{0,8}[0-9]{0,5}[x-zX-Z!?/._-]{0,8}") {
        prop_assert!(!hit(&text), "{}", text);
    }
}
