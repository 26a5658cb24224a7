//! Days, amounts and rates as people of each language write them.

use jiff::civil::Date;

use crate::language::Language;

const MONTHS_EN: [&str; 12] = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// A day: 05/03/2026, or 5 March 2026 where 05/03 could be read as May.
pub(super) fn day(date: Date, language: Language) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match language {
        Language::It => format!("{day:02}/{month:02}/{year}"),
        Language::En => {
            let name = usize::try_from(month - 1).ok().and_then(|place| MONTHS_EN.get(place)).copied().unwrap_or_default();
            format!("{day} {name} {year}")
        }
    }
}

/// When a form was made.
pub(super) fn dated(date: Date, language: Language) -> String {
    format!("{} {}", language.pick("Modulo preparato il", "Form prepared on"), day(date, language))
}

/// An amount in euro: 1.234,50 € or €1,234.50.
pub(super) fn euros(cents: i64, language: Language) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    let (whole, part) = ((cents / 100).to_string(), cents % 100);
    let (thousands, decimals) = match language {
        Language::It => ('.', ','),
        Language::En => (',', '.'),
    };
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(thousands);
        }
        grouped.push(digit);
    }
    match language {
        Language::It => format!("{sign}{grouped}{decimals}{part:02}\u{a0}€"),
        Language::En => format!("{sign}€{grouped}{decimals}{part:02}"),
    }
}

/// A rate in hundredths of a percent: 22%, 4,5%.
pub(super) fn rate(basis_points: u32, language: Language) -> String {
    let exact = format!("{}{}{:02}", basis_points / 100, language.pick(",", "."), basis_points % 100);
    let short = exact.trim_end_matches('0').trim_end_matches([',', '.']);
    format!("{short}%")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_cannot_be_misread() {
        assert_eq!(day(date(2026, 3, 5), Language::It), "05/03/2026");
        assert_eq!(day(date(2026, 3, 5), Language::En), "5 March 2026");
        assert_eq!(day(date(2026, 12, 31), Language::En), "31 December 2026");
    }

    #[test]
    fn amounts() {
        for (cents, it, en) in [
            (0, "0,00\u{a0}€", "€0.00"),
            (5, "0,05\u{a0}€", "€0.05"),
            (-199, "-1,99\u{a0}€", "-€1.99"),
            (99_999, "999,99\u{a0}€", "€999.99"),
            (123_456_789, "1.234.567,89\u{a0}€", "€1,234,567.89"),
            (i64::MIN, "-92.233.720.368.547.758,08\u{a0}€", "-€92,233,720,368,547,758.08"),
        ] {
            assert_eq!((euros(cents, Language::It).as_str(), euros(cents, Language::En).as_str()), (it, en));
        }
    }

    #[test]
    fn rates() {
        for (basis_points, it, en) in
            [(0, "0%", "0%"), (2200, "22%", "22%"), (1000, "10%", "10%"), (450, "4,5%", "4.5%"), (5, "0,05%", "0.05%"), (20_000, "200%", "200%")]
        {
            assert_eq!((rate(basis_points, Language::It).as_str(), rate(basis_points, Language::En).as_str()), (it, en));
        }
    }
}
