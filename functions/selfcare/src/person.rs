//! Whose identity is meant, by somebody who names no username: the type (rules 25, 28).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_rules::identity::IdentityType;

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
