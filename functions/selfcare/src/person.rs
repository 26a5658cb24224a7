//! Whose identity is meant, by somebody who names no username: the texts of these fields and the type (rules 25, 28).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_rules::identity::IdentityType;

/// A fiscal code as text; what it says is looked at later.
#[derive(Deserialize, JsonSchema)]
pub struct FiscalCodeText(#[schemars(length(min = 11, max = 16))] pub String);

/// A VAT number: eleven digits.
#[derive(Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct VatNumber(#[schemars(regex(pattern = r"^[0-9]{11}$"))] pub String);

impl TryFrom<String> for VatNumber {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit()) { Ok(Self(text)) } else { Err("expected eleven digits") }
    }
}

/// Type of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// Of a natural person, for private use.
    Personal,
    /// Of a natural person under age.
    Minor,
    /// Of a natural person, for professional use.
    Professional,
    /// Of a company's person.
    Business,
}

impl From<Type> for IdentityType {
    fn from(kind: Type) -> Self {
        match kind {
            Type::Personal => Self::Personal,
            Type::Minor => Self::Minor,
            Type::Professional => Self::Professional,
            Type::Business => Self::Business,
        }
    }
}
