//! The fiscal code of a certificate's holder, from the attribute where it belongs and from no other: whoever asks for a certificate chooses
//! freely what most of the others say.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{COMMON_NAME, SERIAL_NUMBER};
use der::{Tag, Tagged};
use x509_cert::name::Name;

use crate::chain::Purpose;
use crate::refusal::Refusal;

/// The place of each character: `A` for a letter, `#` for a digit or the letter that takes its place by omocodia, `M` for a month's letter.
const LAYOUT: &[u8; 16] = b"AAAAAA##M##A###A";
const OMOCODIA: &[u8] = b"LMNPQRSTUV";
const MONTHS: &[u8] = b"ABCDEHLMPRST";
/// ETSI EN 319 412-1: three letters for the kind of number (TIN: a tax number), the country, a hyphen.
const TAX_NUMBER_OF_ITALY: &str = "TINIT-";
/// The form before it, of the Italian rules of 2005 and 2009.
const OLDER: &str = "IT:";

/// The fiscal code that the subject names.
pub(crate) fn fiscal_code(subject: &Name, purpose: Purpose) -> Result<String, Refusal> {
    let number = only(subject, SERIAL_NUMBER)?;
    match purpose {
        Purpose::Signature => number.as_deref().and_then(prefixed).ok_or(Refusal::NoFiscalCode),
        Purpose::Authentication => of_card(number.as_deref(), only(subject, COMMON_NAME)?.as_deref()),
    }
}

/// A card's certificate names the code in the common name, `code/card.hash`, the newer ones in the serial number too; on some the latter is the
/// card's own number. Where both name one they must agree, for one of them would be somebody else's.
fn of_card(number: Option<&str>, common_name: Option<&str>) -> Result<String, Refusal> {
    let of_number = number.and_then(|number| prefixed(number).or_else(|| shaped(number)));
    if of_number.is_none() && number.is_some_and(names_other_identity) {
        return Err(Refusal::NoFiscalCode);
    }
    let of_name = common_name.and_then(|name| name.split_once('/')).filter(|(_, card)| !card.is_empty()).and_then(|(code, _)| shaped(code));
    match (of_number, of_name) {
        (Some(one), Some(other)) if one != other => Err(Refusal::NoFiscalCode),
        (Some(code), _) | (None, Some(code)) => Ok(code),
        (None, None) => Err(Refusal::NoFiscalCode),
    }
}

/// The text of the subject's attribute, none when there is none. More than one is refused, whatever they say.
fn only(subject: &Name, oid: ObjectIdentifier) -> Result<Option<String>, Refusal> {
    let mut attributes = subject.iter().filter(|attribute| attribute.oid == oid);
    let Some(attribute) = attributes.next() else { return Ok(None) };
    if attributes.next().is_some() {
        return Err(Refusal::NoFiscalCode);
    }
    let is_text = matches!(attribute.value.tag(), Tag::PrintableString | Tag::Utf8String | Tag::Ia5String | Tag::TeletexString);
    let text = str::from_utf8(attribute.value.value()).ok().filter(|text| is_text && text.is_ascii());
    text.map(|text| Some(text.to_owned())).ok_or(Refusal::NoFiscalCode)
}

fn prefixed(number: &str) -> Option<String> {
    number.strip_prefix(TAX_NUMBER_OF_ITALY).or_else(|| number.strip_prefix(OLDER)).and_then(shaped)
}

/// Whether the number says that it is a passport's, an identity card's or another country's.
fn names_other_identity(number: &str) -> bool {
    number.contains([':', '-'])
}

/// The code in upper case, when it has the shape of a person's.
fn shaped(text: &str) -> Option<String> {
    let code = text.to_ascii_uppercase();
    let fits = |(place, byte): (&u8, u8)| match place {
        b'#' => byte.is_ascii_digit() || OMOCODIA.contains(&byte),
        b'M' => MONTHS.contains(&byte),
        _ => byte.is_ascii_uppercase(),
    };
    (code.len() == LAYOUT.len() && LAYOUT.iter().zip(code.bytes()).all(fits)).then_some(code)
}
