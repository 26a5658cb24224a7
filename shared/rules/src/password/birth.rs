//! The holder's birth date in a password (rule 11).

use jiff::civil::Date;

use super::tokens::{Field, Token, read};

const ORDERS: [[Field; 3]; 4] = [
    [Field::Day, Field::Month, Field::Year],
    [Field::Month, Field::Day, Field::Year],
    [Field::Year, Field::Month, Field::Day],
    [Field::Year, Field::Day, Field::Month],
];

/// Whether a folded text contains this date in any form.
///
/// Wider than for other dates: any order, any year, anything but letters and numbers between day, month and year, and one-digit days and months
/// without separators where the year has four digits.
pub(super) fn contains(text: &[char], birth: Date) -> bool {
    let read_own = |start: usize, field: Field| {
        let own = move |token: &Token| match field {
            Field::Day => token.value == i16::from(birth.day()),
            Field::Month => token.value == i16::from(birth.month()),
            Field::Year => token.value == if token.is_full_year() { birth.year() } else { birth.year().rem_euclid(100) },
        };
        read(text, start, field).into_iter().filter(own)
    };
    let after = |end: usize| end + text.iter().skip(end).take_while(|c| !c.is_alphanumeric()).count();
    ORDERS.into_iter().any(|[one, two, three]| {
        (0..text.len()).flat_map(|start| read_own(start, one)).any(|first| {
            read_own(after(first.end), two).any(|second| read_own(after(second.end), three).any(|third| is_well_formed(text, [first, second, third])))
        })
    })
}

fn is_well_formed(text: &[char], [first, second, third]: [Token; 3]) -> bool {
    let is_digit = |place: Option<usize>| place.and_then(|place| text.get(place)).is_some_and(char::is_ascii_digit);
    let cut = (first.is_single() && is_digit(first.start.checked_sub(1))) || (third.is_single() && is_digit(Some(third.end)));
    let full_year = first.is_full_year() || third.is_full_year();
    let set_off = |a: Token, b: Token| a.end < b.start || a.named || b.named || full_year || !(a.is_single() || b.is_single());
    !cut && set_off(first, second) && set_off(second, third)
}

#[cfg(test)]
mod tests {
    use super::super::fold::Folded;
    use super::*;
    use jiff::civil::date;

    fn hit(birth: Date, text: &str) -> bool {
        contains(Folded::of(text).values(), birth)
    }

    #[test]
    fn every_form_counts() {
        let birth = date(1980, 1, 2);
        for text in [
            "02011980",
            "19800102",
            "01021980",
            "19800201",
            "020180",
            "800102",
            "010280",
            "x02/01/1980",
            "2/1/1980",
            "2-1.80",
            "80_1_2",
            "02 01 1980",
            "2, 1, 1980",
            "211980",
            "198012",
            "x2gennaio1980",
            "2-GEN-80",
            "Jan2,1980",
            "80jan2",
            "jan021980",
            "1980_Jan_02",
            "02:01:80",
            "９02０11980",
            "2gen'80",
            "602/01/19807",
        ] {
            assert!(hit(birth, text), "{text}");
        }
        for text in ["0201", "1980", "gennaio1980", "2gen", "03011980", "02021980", "02011981", "22/1/1980", "2/1/1990", "2180", "2/11/1980", ""] {
            assert!(!hit(birth, text), "{text}");
        }
    }

    #[test]
    fn years_outside_the_policy_count() {
        for text in ["31121899", "311299", "1899-12-31", "18991231", "991231", "31dic1899", "dec31-99"] {
            assert!(hit(date(1899, 12, 31), text), "{text}");
        }
        assert!(hit(date(2100, 3, 1), "01032100") && hit(date(2100, 3, 1), "1.3.00"));
    }
}
