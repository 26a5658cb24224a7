//! The customer's own data as they come in: names, tax codes, where invoices go (rules 59, 65).

use sportello_contract::problem::{Code, Problem};
use sportello_rules::account::is_vat_number;
use sportello_rules::fiscal_code::FiscalCode;

/// Longest name, in characters.
pub const LONGEST: usize = 60;
/// Longest name of a company, in characters.
pub const LONGEST_COMPANY: usize = 100;

fn refused(field: &'static str) -> Problem {
    Problem::from(Code::AccountRefused).field(field)
}

fn tidy(text: &str, field: &'static str, longest: usize) -> Result<String, Problem> {
    if text.is_empty() || text.chars().count() > longest {
        return Err(Problem::from(Code::InvalidField).field(field));
    }
    let tidied = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = tidied.chars().any(char::is_alphabetic) && !tidied.chars().any(|c| c.is_control() || is_hidden(c) || matches!(c, '<' | '>' | '@' | '/' | '\\'));
    if plain { Ok(tidied) } else { Err(refused(field)) }
}

/// Characters that are not seen, or that turn the direction of what is read: a name needs none.
const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A person's name, its white space tidied.
///
/// # Errors
/// `invalid-field` for its length, `account-refused` for what is no name.
pub fn name(text: &str, field: &'static str) -> Result<String, Problem> {
    tidy(text, field, LONGEST)
}

/// A company's name: digits and signs may be all of it.
///
/// # Errors
/// As [`name`].
pub fn company(text: &str) -> Result<String, Problem> {
    tidy(text, "companyName", LONGEST_COMPANY)
}

/// A fiscal code: of a person, or the eleven digits of a company (rule 71).
///
/// # Errors
/// `account-refused`.
pub fn fiscal_code(text: &str) -> Result<String, Problem> {
    FiscalCode::parse(text).map(|code| code.as_str().to_owned()).map_err(|_| refused("fiscalCode"))
}

/// A VAT number: eleven digits, the last of which checks the others.
///
/// # Errors
/// `account-refused`.
pub fn vat_number(text: &str) -> Result<String, Problem> {
    if is_vat_number(text) { Ok(text.to_owned()) } else { Err(refused("vatNumber")) }
}
