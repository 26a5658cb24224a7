//! The password of level 1: what it must be and may not contain (rules 5-11, 13).
//!
//! History (12), generation (14) and validity (15, 16) have modules of their own.

mod birth;
mod chars;
mod dates;
mod fold;
pub mod generate;
pub mod history;
mod identifiers;
mod names;
mod tokens;
pub mod validity;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::policy::PasswordPolicy;
use fold::Folded;

/// What the holder's password may not contain (rules 9-11). Texts are taken as they are on file; an empty one forbids nothing.
///
/// There is no `Debug`: these facts do not belong in a log.
#[derive(Clone, Default)]
pub struct HolderFacts<'a> {
    /// The username; of an e-mail address the part before the at-sign counts by itself too (10).
    pub username: &'a str,
    /// Every given name (9).
    pub given_name: &'a str,
    /// Every family name (9).
    pub family_name: &'a str,
    /// The birth date, which counts in every form (11).
    pub birth_date: Option<Date>,
    /// The fiscal code, of 16 characters or a provisional one (10).
    pub fiscal_code: Option<&'a str>,
    /// The VAT number, with or without its country code (10).
    pub vat_number: Option<&'a str>,
    /// The numbers of the identity documents (10).
    pub document_numbers: Vec<&'a str>,
}

/// A rule that a password breaks (rules 5-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Violation {
    /// Under `min_length` Unicode scalars after NFC (5).
    TooShort,
    /// Over `max_length` Unicode scalars after NFC (5).
    TooLong,
    /// No upper-case letter (6).
    NoUpper,
    /// No lower-case letter (6).
    NoLower,
    /// No decimal digit (6).
    NoDigit,
    /// No special character: neither letter nor number nor blank nor a bare accent (6).
    NoSpecial,
    /// More than `max_identical_run` identical characters in a row (7).
    Repeated,
    /// A white-space character (8).
    WhiteSpace,
    /// A character that cannot be seen (8).
    Invisible,
    /// A name or surname of the holder, or a part of one (9).
    ContainsName,
    /// The holder's fiscal code (10).
    ContainsFiscalCode,
    /// The holder's VAT number (10).
    ContainsVatNumber,
    /// The holder's username (10).
    ContainsUsername,
    /// The number of a document of the holder's (10).
    ContainsDocumentNumber,
    /// A calendar date (11).
    ContainsDate,
    /// The holder's birth date (11).
    ContainsBirthDate,
    /// Used recently (12): decided by [`history::reused`], which needs a digest.
    UsedRecently,
}

impl Violation {
    /// Every violation, in the order of the answer (13).
    pub const ALL: [Self; 17] = [
        Self::TooShort,
        Self::TooLong,
        Self::NoUpper,
        Self::NoLower,
        Self::NoDigit,
        Self::NoSpecial,
        Self::Repeated,
        Self::WhiteSpace,
        Self::Invisible,
        Self::ContainsName,
        Self::ContainsFiscalCode,
        Self::ContainsVatNumber,
        Self::ContainsUsername,
        Self::ContainsDocumentNumber,
        Self::ContainsDate,
        Self::ContainsBirthDate,
        Self::UsedRecently,
    ];

    /// The stable code (13).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "password-too-short",
            Self::TooLong => "password-too-long",
            Self::NoUpper => "password-no-upper",
            Self::NoLower => "password-no-lower",
            Self::NoDigit => "password-no-digit",
            Self::NoSpecial => "password-no-special",
            Self::Repeated => "password-repeated",
            Self::WhiteSpace => "password-white-space",
            Self::Invisible => "password-invisible",
            Self::ContainsName => "password-contains-name",
            Self::ContainsFiscalCode => "password-contains-fiscal-code",
            Self::ContainsVatNumber => "password-contains-vat-number",
            Self::ContainsUsername => "password-contains-username",
            Self::ContainsDocumentNumber => "password-contains-document-number",
            Self::ContainsDate => "password-contains-date",
            Self::ContainsBirthDate => "password-contains-birth-date",
            Self::UsedRecently => "password-used-recently",
        }
    }
}

/// The password in NFC: the form that is counted and hashed, so that the same password typed on another keyboard is the same (rule 5).
#[must_use]
pub fn normalize(password: &str) -> String {
    password.nfc().collect()
}

/// Every rule of 5-11 that the password breaks, each once, in the order of [`Violation::ALL`] (rule 13). It is normalised first.
#[must_use]
pub fn violations(password: &str, holder: &HolderFacts<'_>, policy: &PasswordPolicy) -> Vec<Violation> {
    let scalars: Vec<char> = password.nfc().collect();
    let folded = Folded::of(password);
    let length = u32::try_from(scalars.len()).unwrap_or(u32::MAX);
    let longest_run = scalars.chunk_by(|a, b| a == b).map(<[char]>::len).max().unwrap_or(0);
    let lacks = |kind: fn(char) -> bool| !scalars.iter().any(|c| kind(*c));
    let breaks = |violation: Violation| match violation {
        Violation::TooShort => length < policy.min_length,
        Violation::TooLong => length > policy.max_length,
        Violation::NoUpper => lacks(chars::is_upper),
        Violation::NoLower => lacks(chars::is_lower),
        Violation::NoDigit => lacks(|c| chars::decimal_digit(c).is_some()),
        Violation::NoSpecial => lacks(chars::is_special),
        Violation::Repeated => u32::try_from(longest_run).is_ok_and(|run| run > policy.max_identical_run),
        Violation::WhiteSpace => !lacks(char::is_whitespace),
        Violation::Invisible => !lacks(chars::is_invisible),
        Violation::ContainsName => [holder.given_name, holder.family_name].into_iter().any(|name| names::contains(&folded, name, policy)),
        Violation::ContainsFiscalCode => holder.fiscal_code.is_some_and(|code| identifiers::contains_fiscal_code(&folded, code, policy)),
        Violation::ContainsVatNumber => holder.vat_number.is_some_and(|number| identifiers::contains_vat_number(&folded, number, policy)),
        Violation::ContainsUsername => identifiers::contains_username(&folded, holder.username, policy),
        Violation::ContainsDocumentNumber => holder.document_numbers.iter().any(|number| identifiers::contains(&folded, number, policy)),
        Violation::ContainsDate => dates::contains(folded.values(), policy),
        Violation::ContainsBirthDate => holder.birth_date.is_some_and(|birth| birth::contains(folded.values(), birth)),
        Violation::UsedRecently => false,
    };
    Violation::ALL.into_iter().filter(|violation| breaks(*violation)).collect()
}

#[cfg(test)]
mod tests;
