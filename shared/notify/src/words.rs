//! Instants, spans, amounts, purchases and borrowed text as words that a mail may hold.

use jiff::Timestamp;
use jiff::civil::Date;
use sportello_rules::calendar::rome;
use sportello_rules::identity::IdentityType;
use sportello_rules::order::Item;
use sportello_rules::service::CredentialKind;

use crate::notice::TicketTopic;
use crate::render::Language;

const MONTHS_IT: [&str; 12] =
    ["gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"];
const MONTHS_EN: [&str; 12] = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// How many digits of a payment method are shown, as receipts show them.
const SHOWN_DIGITS: usize = 4;

/// An instant in Rome (rule 1): "22 novembre 2026, ore 14:05", "22 November 2026, 14:05". In the hour that happens twice (rule 3) it says which one.
pub(crate) fn instant(at: Timestamp, language: Language) -> String {
    let local = rome().to_datetime(at);
    let (year, day, hour, minute) = (local.year(), local.day(), local.hour(), local.minute());
    let months = match language {
        Language::It => &MONTHS_IT,
        Language::En => &MONTHS_EN,
    };
    let month = usize::try_from(local.month()).ok().and_then(|number| months.get(number.checked_sub(1)?)).copied().unwrap_or_default();
    // An instant is never in a gap, so ambiguous means "happens twice".
    let twice = rome().to_ambiguous_timestamp(local).is_ambiguous();
    let summer = rome().to_offset_info(at).dst().is_dst();
    let which = match (twice, summer, language) {
        (false, _, _) => "",
        (true, true, Language::It) => " (ora legale)",
        (true, false, Language::It) => " (ora solare)",
        (true, true, Language::En) => " (summer time)",
        (true, false, Language::En) => " (standard time)",
    };
    match language {
        Language::It if day == 1 => format!("1º {month} {year}, ore {hour:02}:{minute:02}{which}"),
        Language::It => format!("{day} {month} {year}, ore {hour:02}:{minute:02}{which}"),
        Language::En => format!("{day} {month} {year}, {hour:02}:{minute:02}{which}"),
    }
}

/// The same within a sentence: "il 22 novembre 2026, ore 14:05" (and "l'8", "l'11"), "on 22 November 2026, 14:05".
pub(crate) fn on(at: Timestamp, language: Language) -> String {
    let article = match (language, rome().to_datetime(at).day()) {
        (Language::It, 8 | 11) => "l'",
        (Language::It, _) => "il ",
        (Language::En, _) => "on ",
    };
    format!("{article}{}", instant(at, language))
}

/// A day within a sentence: "il 28 febbraio 2027", "on 28 February 2027".
pub(crate) fn on_day(day: Date, language: Language) -> String {
    let months = match language {
        Language::It => &MONTHS_IT,
        Language::En => &MONTHS_EN,
    };
    let month = usize::try_from(day.month()).ok().and_then(|number| months.get(number.checked_sub(1)?)).copied().unwrap_or_default();
    match (language, day.day()) {
        (Language::It, 1) => format!("il 1º {month} {}", day.year()),
        (Language::It, number @ (8 | 11)) => format!("l'{number} {month} {}", day.year()),
        (Language::It, number) => format!("il {number} {month} {}", day.year()),
        (Language::En, number) => format!("on {number} {month} {}", day.year()),
    }
}

/// The end of a span within a sentence: "entro il 6 dicembre 2026, ore 14:05" (and "entro l'8"), "by 6 December 2026, 14:05".
pub(crate) fn by(at: Timestamp, language: Language) -> String {
    match language {
        Language::It => format!("entro {}", on(at, language)),
        Language::En => format!("by {}", instant(at, language)),
    }
}

/// An amount of euro cents: "1.036,60 €", "€1,036.60".
pub(crate) fn euro(cents: u64, language: Language) -> String {
    let (whole, rest) = ((cents / 100).to_string(), cents % 100);
    let separator = match language {
        Language::It => '.',
        Language::En => ',',
    };
    let mut grouped = String::with_capacity(whole.len().saturating_mul(2));
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len().saturating_sub(place) % 3 == 0 {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    match language {
        Language::It => format!("{grouped},{rest:02} €"),
        Language::En => format!("€{grouped}.{rest:02}"),
    }
}

/// How a payment method is shown, with no more than its last four digits: whatever the label holds, a card's number does not go by mail.
pub(crate) fn payment_method(label: &str, longest: usize) -> String {
    let mut hidden = label.chars().filter(|c| c.is_numeric()).count().saturating_sub(SHOWN_DIGITS);
    let hide = |c: char| {
        if c.is_numeric() && hidden > 0 {
            hidden = hidden.saturating_sub(1);
            return '•';
        }
        c
    };
    foreign(&label.chars().map(hide).collect::<String>(), longest)
}

/// A credential that is sold, with its article.
pub(crate) const fn credential_words(kind: CredentialKind, language: Language) -> &'static str {
    match (kind, language) {
        (CredentialKind::SmartCard, Language::It) => "la smart card di livello 3",
        (CredentialKind::SmartCard, Language::En) => "the level 3 smart card",
        (CredentialKind::RemoteSignature, Language::It) => "la firma remota di livello 3",
        (CredentialKind::RemoteSignature, Language::En) => "the level 3 remote signature",
        (CredentialKind::OtpToken, Language::It) => "il dispositivo OTP di livello 2",
        (CredentialKind::OtpToken, Language::En) => "the level 2 OTP device",
        (CredentialKind::Password | CredentialKind::OtpApp | CredentialKind::OtpSms, Language::It) => "una credenziale",
        (CredentialKind::Password | CredentialKind::OtpApp | CredentialKind::OtpSms, Language::En) => "a credential",
    }
}

/// What an order is for, with what the service is called, which [`foreign`] has been through: "Rinnovo di SPID Professionale".
pub(crate) fn item_words(item: Item, offer: &str, language: Language) -> String {
    match (item, language) {
        (Item::Identity(kind), Language::It) => format!("Nuova identità SPID {}: {offer}", identity_words(kind, language)),
        (Item::Identity(kind), Language::En) => format!("New SPID identity {}: {offer}", identity_words(kind, language)),
        (Item::IdentityRenewal, Language::It) => format!("Rinnovo di {offer}"),
        (Item::IdentityRenewal, Language::En) => format!("Renewal of {offer}"),
        (Item::Credential(kind), _) => format!("{} ({offer})", further_words(kind, language)),
        (Item::CredentialRenewal(kind), _) => format!("{} ({offer})", renewal_words(kind, language)),
    }
}

const fn identity_words(kind: IdentityType, language: Language) -> &'static str {
    match (kind, language) {
        (IdentityType::Personal, Language::It) => "a uso personale",
        (IdentityType::Personal, Language::En) => "for personal use",
        (IdentityType::Minor, Language::It) => "per un minore",
        (IdentityType::Minor, Language::En) => "for a minor",
        (IdentityType::Professional, Language::It) => "a uso professionale",
        (IdentityType::Professional, Language::En) => "for professional use",
        (IdentityType::Business, Language::It) => "a uso aziendale",
        (IdentityType::Business, Language::En) => "for business use",
    }
}

const fn further_words(kind: CredentialKind, language: Language) -> &'static str {
    match (kind, language) {
        (CredentialKind::SmartCard, Language::It) => "Smart card aggiuntiva",
        (CredentialKind::SmartCard, Language::En) => "Additional smart card",
        (CredentialKind::RemoteSignature, Language::It) => "Firma remota aggiuntiva",
        (CredentialKind::RemoteSignature, Language::En) => "Additional remote signature",
        (CredentialKind::OtpToken, Language::It) => "Dispositivo OTP aggiuntivo",
        (CredentialKind::OtpToken, Language::En) => "Additional OTP device",
        (CredentialKind::Password | CredentialKind::OtpApp | CredentialKind::OtpSms, Language::It) => "Credenziale aggiuntiva",
        (CredentialKind::Password | CredentialKind::OtpApp | CredentialKind::OtpSms, Language::En) => "Additional credential",
    }
}

const fn renewal_words(kind: CredentialKind, language: Language) -> &'static str {
    match (kind, language) {
        (CredentialKind::SmartCard, Language::It) => "Rinnovo della smart card",
        (CredentialKind::SmartCard, Language::En) => "Renewal of the smart card",
        (CredentialKind::RemoteSignature, Language::It) => "Rinnovo della firma remota",
        (CredentialKind::RemoteSignature, Language::En) => "Renewal of the remote signature",
        (CredentialKind::OtpToken, Language::It) => "Rinnovo del dispositivo OTP",
        (CredentialKind::OtpToken, Language::En) => "Renewal of the OTP device",
        (CredentialKind::Password | CredentialKind::OtpApp | CredentialKind::OtpSms, Language::It) => "Rinnovo di una credenziale",
        (CredentialKind::Password | CredentialKind::OtpApp | CredentialKind::OtpSms, Language::En) => "Renewal of a credential",
    }
}

/// What a request for help is about.
pub(crate) const fn topic_words(topic: TicketTopic, language: Language) -> &'static str {
    match (topic, language) {
        (TicketTopic::Activation, Language::It) => "Attivazione dell'identità",
        (TicketTopic::Activation, Language::En) => "Activation of the identity",
        (TicketTopic::SignIn, Language::It) => "Accesso",
        (TicketTopic::SignIn, Language::En) => "Signing in",
        (TicketTopic::Credential, Language::It) => "Credenziali",
        (TicketTopic::Credential, Language::En) => "Credentials",
        (TicketTopic::Payment, Language::It) => "Ordini e pagamenti",
        (TicketTopic::Payment, Language::En) => "Orders and payments",
        (TicketTopic::Renewal, Language::It) => "Rinnovo",
        (TicketTopic::Renewal, Language::En) => "Renewal",
        (TicketTopic::Cancellation, Language::It) => "Annullamento, recesso e revoca",
        (TicketTopic::Cancellation, Language::En) => "Cancellation, withdrawal and revocation",
        (TicketTopic::Other, Language::It) => "Altro",
        (TicketTopic::Other, Language::En) => "Something else",
    }
}

/// Some days in words: "7 giorni", "1 day", "meno di un giorno" for none.
pub(crate) fn days(count: u32, language: Language) -> String {
    match (count, language) {
        (0, Language::It) => "meno di un giorno".to_owned(),
        (0, Language::En) => "less than a day".to_owned(),
        (1, Language::It) => "1 giorno".to_owned(),
        (1, Language::En) => "1 day".to_owned(),
        (_, Language::It) => format!("{count} giorni"),
        (_, Language::En) => format!("{count} days"),
    }
}

/// Text on one line: line breaks, control characters and runs of white space become one space, invisible and direction-changing characters go.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if !(c.is_control() || c.is_whitespace()) {
            line.push(c);
        } else if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Text that someone else chose (a name, a device, an offer): on one line, at most `longest` characters, and written so that no mail program turns it
/// into a link: `evil.example` becomes `evil. example`. Otherwise whoever registers with another's address could send them an advertisement from us.
pub(crate) fn foreign(text: &str, longest: usize) -> String {
    let line = one_line(text);
    let mut written = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut taken = 0_usize;
    while let Some(c) = chars.next() {
        taken = taken.saturating_add(1);
        if taken >= longest && chars.peek().is_some() {
            written.push('…');
            break;
        }
        written.push(c);
        let splits = match c {
            '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => chars.peek().is_some_and(|next| next.is_alphabetic()),
            ':' => chars.peek() == Some(&'/'),
            _ => false,
        };
        if splits {
            written.push(' ');
        }
    }
    written
}

const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> (String, String) {
        let at = text.parse().unwrap();
        (instant(at, Language::It), instant(at, Language::En))
    }

    #[test]
    fn instants_are_those_of_rome() {
        assert_eq!(both("2026-11-22T13:05:00Z"), ("22 novembre 2026, ore 14:05".to_owned(), "22 November 2026, 14:05".to_owned()));
        assert_eq!(both("2026-06-30T22:00:59Z"), ("1º luglio 2026, ore 00:00".to_owned(), "1 July 2026, 00:00".to_owned()));
        assert_eq!(both("2026-12-31T23:00:00Z"), ("1º gennaio 2027, ore 00:00".to_owned(), "1 January 2027, 00:00".to_owned()));
    }

    #[test]
    fn the_night_of_23_hours_has_no_half_past_two_and_the_one_of_25_has_two() {
        assert_eq!(both("2026-03-29T00:59:59Z").0, "29 marzo 2026, ore 01:59");
        assert_eq!(both("2026-03-29T01:00:00Z").0, "29 marzo 2026, ore 03:00");
        assert_eq!(both("2026-10-25T00:30:00Z"), ("25 ottobre 2026, ore 02:30 (ora legale)".to_owned(), "25 October 2026, 02:30 (summer time)".to_owned()));
        assert_eq!(both("2026-10-25T01:30:00Z"), ("25 ottobre 2026, ore 02:30 (ora solare)".to_owned(), "25 October 2026, 02:30 (standard time)".to_owned()));
        assert_eq!(both("2026-10-25T02:00:00Z").0, "25 ottobre 2026, ore 03:00");
    }

    #[test]
    fn articles_agree_with_the_day_as_it_is_spoken() {
        let it = |text: &str| on(text.parse().unwrap(), Language::It);
        assert_eq!(it("2026-11-08T13:05:00Z"), "l'8 novembre 2026, ore 14:05");
        assert_eq!(it("2026-11-10T23:00:00Z"), "l'11 novembre 2026, ore 00:00");
        assert_eq!(it("2026-11-01T13:05:00Z"), "il 1º novembre 2026, ore 14:05");
        assert_eq!(it("2026-11-18T13:05:00Z"), "il 18 novembre 2026, ore 14:05");
        assert_eq!(on("2026-11-08T13:05:00Z".parse().unwrap(), Language::En), "on 8 November 2026, 14:05");
    }

    #[test]
    fn days_agree_in_number() {
        assert_eq!([0, 1, 2].map(|count| days(count, Language::It)), ["meno di un giorno", "1 giorno", "2 giorni"]);
        assert_eq!([0, 1, 2].map(|count| days(count, Language::En)), ["less than a day", "1 day", "2 days"]);
    }

    #[test]
    fn amounts_are_written_as_each_language_does() {
        let both = |cents| Language::ALL.map(|language| euro(cents, language));
        assert_eq!(both(3660), ["36,60 €", "€36.60"]);
        assert_eq!(both(0), ["0,00 €", "€0.00"]);
        assert_eq!(both(5), ["0,05 €", "€0.05"]);
        assert_eq!(both(99_999), ["999,99 €", "€999.99"]);
        assert_eq!(both(100_000), ["1.000,00 €", "€1,000.00"]);
        assert_eq!(both(123_456_789), ["1.234.567,89 €", "€1,234,567.89"]);
        assert_eq!(both(u64::MAX), ["184.467.440.737.095.516,15 €", "€184,467,440,737,095,516.15"]);
    }

    #[test]
    fn the_end_of_a_span_reads_in_a_sentence() {
        let both = |text: &str| Language::ALL.map(|language| by(text.parse().unwrap(), language));
        assert_eq!(both("2026-12-06T13:05:00Z"), ["entro il 6 dicembre 2026, ore 14:05", "by 6 December 2026, 14:05"]);
        assert_eq!(both("2026-12-08T13:05:00Z"), ["entro l'8 dicembre 2026, ore 14:05", "by 8 December 2026, 14:05"]);
    }

    #[test]
    fn every_purchase_has_words_of_its_own() {
        let offer = "SPID Professionale";
        let kinds = CredentialKind::FOR_SALE;
        let mut items = vec![Item::IdentityRenewal];
        items.extend(IdentityType::ALL.map(Item::Identity));
        items.extend(kinds.map(Item::Credential));
        items.extend(kinds.map(Item::CredentialRenewal));
        let words: std::collections::BTreeSet<String> =
            Language::ALL.iter().flat_map(|language| items.iter().map(|item| item_words(*item, offer, *language))).collect();
        assert_eq!(words.len(), 2 * items.len());
        assert!(words.iter().all(|words| words.contains(offer)));
        assert!(words.contains("Rinnovo di SPID Professionale") && words.contains("Smart card aggiuntiva (SPID Professionale)"));
        assert!(words.contains("Renewal of the OTP device (SPID Professionale)"));
        assert!(words.contains("New SPID identity for a minor: SPID Professionale"));
    }

    #[test]
    fn of_a_payment_method_four_digits_are_shown_at_most() {
        assert_eq!(payment_method("Visa •••• 4242", 60), "Visa •••• 4242");
        assert_eq!(payment_method("PayPal", 60), "PayPal");
        assert_eq!(payment_method("4242424242424242", 60), "••••••••••••4242");
        assert_eq!(payment_method("Visa 4000 0566 5566 5556", 60), "Visa •••• •••• •••• 5556");
        // Digits of other scripts are digits, and a cut comes after what is hidden.
        assert_eq!(payment_method("٤٢٤٢٤٢٤٢ www.evil.example", 60), "••••٤٢٤٢ www. evil. example");
        assert_eq!(payment_method("4242424242424242", 6), "•••••…");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(one_line("  Maria\r\nBcc: x\t\u{85}y\u{2028}z\u{0} "), "Maria Bcc: x y z");
        assert_eq!(one_line("a\u{202e}b\u{200b}c\u{feff}"), "abc");
        assert_eq!(one_line("\r\n"), "");
        assert_eq!(one_line("Nicolò D'Angelo"), "Nicolò D'Angelo");
    }

    #[test]
    fn foreign_text_is_short_and_no_link() {
        assert_eq!(foreign("http://evil/x www.evil.example", 80), "http: //evil/x www. evil. example");
        assert_eq!(foreign("Firefox 128.0 (X11; Linux)", 80), "Firefox 128.0 (X11; Linux)");
        assert_eq!(foreign("M.Grazia", 80), "M. Grazia");
        assert_eq!(foreign("abcdef", 6), "abcdef");
        assert_eq!(foreign("abcdefg", 6), "abcde…");
    }
}
