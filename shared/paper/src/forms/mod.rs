//! The papers, one file each.

mod invoice;
mod revocation;
mod withdrawal;
mod words;

pub use invoice::{Invoice, Party, invoice};
pub use revocation::{RevocationForm, revocation_form};
pub use withdrawal::{Withdrawal, WithdrawalForm, withdrawal_form};

use crate::language::Language;

/// Whose paper it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The name that is shown, such as "Sportello ID".
    pub name: String,
    /// Where help is found, as shown: a telephone number, an address or a page.
    pub support: String,
    /// Where a signed form is sent or brought, as shown: an e-mail address, a postal address, or both.
    pub forms_to: String,
}

/// Of which type an identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentityKind {
    /// A natural person, for private use.
    Personal,
    /// A natural person under age, for whom a parent signs.
    Minor,
    /// A natural person, for professional use.
    Professional,
    /// A company's person.
    Business,
}

impl IdentityKind {
    const fn name(self, language: Language) -> &'static str {
        match self {
            Self::Personal => language.pick("Personale", "Personal"),
            Self::Minor => language.pick("Minore", "Minor"),
            Self::Professional => language.pick("Professionale", "Professional"),
            Self::Business => language.pick("Aziendale", "Business"),
        }
    }
}
