//! E-mail addresses: what may be written to, compared folded (rule 50) and shown masked.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// Longest address in bytes (RFC 5321, 4.5.3.1.3 less the angle brackets).
const LONGEST: usize = 254;
/// Longest part before the at sign, in bytes (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// Longest label of a domain, in bytes (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// An e-mail address that mail can be sent to. Two that differ in case only are equal (rule 50).
///
/// ASCII only: SES takes no other local part, and Unicode case folding would let `ı` or the Kelvin sign pass for a letter. International domains are
/// written in punycode. It has no `Display`, and `Debug` shows it masked; serialised it is the whole address, for encrypted fields only.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    /// As given, but for the domain, which is in lower case.
    address: String,
    /// Where the at sign is, in bytes.
    at: usize,
}

/// Why a text is no address that mail can be sent to. None carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than 254 bytes, or 64 before the at sign.
    #[error("the address is too long")]
    TooLong,
    /// Not one at sign with something on both sides.
    #[error("the address needs exactly one at sign between two parts")]
    AtSign,
    /// White space, a control character, one that is not ASCII, or one that an unquoted local part may not hold.
    #[error("the address holds a character that is not allowed")]
    Character,
    /// A dot at the start or the end of a part, or two in a row.
    #[error("the address has a dot where none may be")]
    Dot,
    /// The domain has one label only, a label that is too long or has a hyphen at its edge, or a last label that is no top-level domain.
    #[error("the domain of the address is not valid")]
    Domain,
}

impl EmailAddress {
    /// Takes a text as an address. Nothing is trimmed: who calls decides whether white space around it is to be forgiven.
    ///
    /// # Errors
    /// The first [`AddressError`] that applies.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > LONGEST {
            return Err(AddressError::TooLong);
        }
        // Before all else: what is not visible ASCII must not reach a comparison or a header.
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(AddressError::Character);
        }
        let (local, domain) = text.split_once('@').ok_or(AddressError::AtSign)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return Err(AddressError::AtSign);
        }
        check_local(local)?;
        check_domain(domain)?;
        Ok(Self { address: format!("{local}@{}", domain.to_ascii_lowercase()), at: local.len() })
    }

    /// The form by which addresses are compared and looked up (rule 50): all in lower case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.address.to_ascii_lowercase()
    }

    /// The address itself, for sending and for encrypted fields; never for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.address
    }

    /// What may be shown to someone who has not proved who they are: "m•••@e•••.it". The dots are always three, so that lengths stay hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.address.split_at_checked(self.at).unwrap_or_default();
        let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
        let domain = domain.trim_start_matches('@');
        let top = domain.rsplit_once('.').map_or(domain, |(_, top)| top);
        format!("{}•••@{}•••.{top}", first(local), first(domain))
    }
}

fn check_local(local: &str) -> Result<(), AddressError> {
    if local.len() > LONGEST_LOCAL {
        return Err(AddressError::TooLong);
    }
    // RFC 5322 `atext` and the dot; quoted local parts are legal, unused, and a way round every check that splits at a character.
    if !local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)) {
        return Err(AddressError::Character);
    }
    check_dots(local)
}

fn check_domain(domain: &str) -> Result<(), AddressError> {
    // Address literals such as [192.0.2.1] fall here too.
    if !domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) {
        return Err(AddressError::Character);
    }
    check_dots(domain)?;
    if domain.split('.').any(|label| label.len() > LONGEST_LABEL || label.starts_with('-') || label.ends_with('-')) {
        return Err(AddressError::Domain);
    }
    let (_, top) = domain.rsplit_once('.').ok_or(AddressError::Domain)?;
    // No top-level domain begins with a digit; a bare IPv4 address ends in one that does.
    if top.len() < 2 || top.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(AddressError::Domain);
    }
    Ok(())
}

fn check_dots(part: &str) -> Result<(), AddressError> {
    if part.split('.').any(str::is_empty) { Err(AddressError::Dot) } else { Ok(()) }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.address.eq_ignore_ascii_case(&other.address)
    }
}

impl Eq for EmailAddress {}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> AddressError {
        EmailAddress::parse(text).expect_err(text)
    }

    #[test]
    fn ordinary_addresses_pass_as_they_are() {
        for text in [
            "maria.rossi@example.it",
            "m@e.it",
            "o'brien+spid@mail.example.co.uk",
            "a!#$%&'*+-/=?^_`{|}~b@example.it",
            "-f@example.it",
            "1@1.example",
            "x@xn--caff-8oa.it",
            "x@example.xn--p1ai",
        ] {
            assert_eq!(EmailAddress::parse(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn case_makes_no_other_address_but_the_local_part_is_sent_as_given() {
        let address = EmailAddress::parse("Maria.Rossi@Example.IT").unwrap();
        assert_eq!(address.expose(), "Maria.Rossi@example.it");
        assert_eq!(address.folded(), "maria.rossi@example.it");
        let same = EmailAddress::parse("MARIA.ROSSI@example.it").unwrap();
        assert_eq!(address, same);
        assert_eq!(std::collections::HashSet::from([address, same]).len(), 1);
    }

    #[test]
    fn line_breaks_white_space_and_controls_are_refused_everywhere() {
        for hidden in ["\r\nBcc: x@y.it", "\n", "\r", "\0", "\t", " ", "\u{7f}", "\u{85}", "\u{a0}", "\u{200b}", "\u{202e}", "\u{2028}", "\u{feff}"] {
            for text in [format!("{hidden}m@e.it"), format!("m{hidden}x@e.it"), format!("m@e{hidden}.it"), format!("m@e.it{hidden}")] {
                assert_eq!(refused(&text), AddressError::Character, "{text:?}");
            }
        }
    }

    #[test]
    fn look_alikes_never_fold_into_ascii() {
        for text in
            ["m\u{131}ke@e.it", "mi\u{212a}e@e.it", "\u{ff4d}@e.it", "nicolò@e.it", "m@\u{435}xample.it", "m@caffè.it", "m@e。it", "m＠e.it", "m@e.it\u{301}"]
        {
            assert_eq!(refused(text), AddressError::Character, "{text:?}");
        }
    }

    #[test]
    fn there_is_one_at_sign() {
        for text in ["", "m", "m.e.it", "@", "@e.it", "m@", "m@x@e.it", "m@@e.it", "m@e.it@"] {
            assert_eq!(refused(text), AddressError::AtSign, "{text:?}");
        }
    }

    #[test]
    fn quotes_comments_lists_and_display_names_are_refused() {
        for text in ["\"m\"@e.it", "\"m@x\"@e.it", "m(x)@e.it", "Maria<m@e.it>", "<m@e.it>", "m,x@e.it", "m;x@e.it", "mailto:m@e.it", "m\\x@e.it", "m[x]@e.it"]
        {
            assert!(matches!(refused(text), AddressError::Character | AddressError::AtSign), "{text:?}");
        }
    }

    #[test]
    fn dots_stand_between_letters_only() {
        for text in [".m@e.it", "m.@e.it", "m..x@e.it", ".@e.it", "m@.e.it", "m@e.it.", "m@e..it"] {
            assert_eq!(refused(text), AddressError::Dot, "{text:?}");
        }
    }

    #[test]
    fn lengths_hold_to_the_byte() {
        let local = "l".repeat(64);
        assert!(EmailAddress::parse(&format!("{local}@e.it")).is_ok());
        assert_eq!(refused(&format!("{local}l@e.it")), AddressError::TooLong);
        let label = "d".repeat(63);
        let domain = format!("{label}.{label}.{}.it", "d".repeat(58));
        let text = format!("{local}@{domain}");
        assert_eq!(text.len(), 254);
        assert!(EmailAddress::parse(&text).is_ok());
        assert_eq!(refused(&format!("{local}@d{domain}")), AddressError::TooLong);
        assert_eq!(refused(&format!("m@d{label}.it")), AddressError::Domain);
    }

    #[test]
    fn domains_are_names_of_the_network() {
        for text in ["m@localhost", "m@e.i", "m@-e.it", "m@e-.it", "m@e.-it", "m@192.0.2.1", "m@e.1t"] {
            assert_eq!(refused(text), AddressError::Domain, "{text:?}");
        }
        for text in ["m@[192.0.2.1]", "m@[IPv6:::1]", "m@e_x.it", "m@e.it/", "m@e.it:25", "m@e%00.it"] {
            assert_eq!(refused(text), AddressError::Character, "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_is_masked() {
        let masked = |text: &str| EmailAddress::parse(text).unwrap().masked();
        assert_eq!(masked("maria.rossi@example.it"), "m•••@e•••.it");
        assert_eq!(masked("m@e.it"), "m•••@e•••.it");
        assert_eq!(masked("maria@mail.example.co.uk"), "m•••@m•••.uk");
        assert_eq!(format!("{:?}", EmailAddress::parse("maria@example.it").unwrap()), "EmailAddress(m•••@e•••.it)");
    }

    #[test]
    fn stored_addresses_are_checked_again_and_errors_do_not_repeat_them() {
        let address: EmailAddress = serde_json::from_str("\"Maria@Example.it\"").unwrap();
        assert_eq!(serde_json::to_string(&address).unwrap(), "\"Maria@example.it\"");
        let error = serde_json::from_str::<EmailAddress>("\"maria secret@example.it\"").unwrap_err().to_string();
        assert!(!error.contains("maria") && !error.contains("example.it"), "{error}");
    }
}
