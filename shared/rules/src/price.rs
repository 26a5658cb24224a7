//! The price list: data with effective dates (rule 61). Amounts are whole euro cents, rates whole basis points: nothing here is a fraction.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use crate::identity::IdentityType;
use crate::service::{CredentialKind, RenewalTerms, renewal_terms};

/// What has a price; in a file `{"identity-renewal": "professional"}`. How long it lasts is the policy's, not the price's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// A new identity.
    Identity(IdentityType),
    /// The renewal of an identity.
    IdentityRenewal(IdentityType),
    /// A further credential.
    Credential(CredentialKind),
    /// The renewal of a credential.
    CredentialRenewal(CredentialKind),
}

impl Product {
    /// The renewal of what is sold; none for a renewal.
    fn renewed_by(self) -> Option<Self> {
        match self {
            Self::Identity(kind) => Some(Self::IdentityRenewal(kind)),
            Self::Credential(kind) => Some(Self::CredentialRenewal(kind)),
            Self::IdentityRenewal(_) | Self::CredentialRenewal(_) => None,
        }
    }

    /// Whether it is free by rule 61, or never is because it is charged for; none where the list decides.
    fn must_be_free(self) -> Option<bool> {
        match self {
            Self::Identity(_) => None,
            Self::IdentityRenewal(kind) => Some(renewal_terms(kind, false) == RenewalTerms::FreeAutomatic),
            Self::Credential(_) | Self::CredentialRenewal(_) => Some(false),
        }
    }

    fn is_sold(self) -> bool {
        match self {
            Self::Identity(_) | Self::IdentityRenewal(_) => true,
            Self::Credential(kind) | Self::CredentialRenewal(kind) => CredentialKind::FOR_SALE.contains(&kind),
        }
    }
}

/// One price from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Of what.
    pub product: Product,
    /// The first day in Rome.
    pub from: Date,
    /// Price without VAT, in euro cents.
    pub net_cents: u64,
    /// Rate of VAT in hundredths of a percent: 22% is 2200.
    pub vat_basis_points: u32,
}

/// Every price, past and future ones too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PriceList(pub Vec<Entry>);

/// What something costs on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Without VAT, in euro cents.
    pub net_cents: u64,
    /// VAT, in euro cents, rounded half up.
    pub vat_cents: u64,
    /// Rate of VAT in hundredths of a percent.
    pub vat_basis_points: u32,
    /// Both together, in euro cents.
    pub gross_cents: u64,
}

/// Basis points in a whole.
const WHOLE: u64 = 10_000;

/// What the payment provider charges at least and at most, in euro cents.
const CHARGED: std::ops::RangeInclusive<u64> = 50..=99_999_999;

impl Price {
    /// A net price in euro cents with its VAT, which is rounded half up to the cent; none where the amounts are beyond all reason.
    #[must_use]
    pub fn of(net_cents: u64, vat_basis_points: u32) -> Option<Self> {
        let vat_cents = net_cents.checked_mul(u64::from(vat_basis_points))?.checked_add(WHOLE / 2)? / WHOLE;
        Some(Self { net_cents, vat_cents, vat_basis_points, gross_cents: net_cents.checked_add(vat_cents)? })
    }
}

/// What a product costs on a day in Rome: by the latest entry that is effective; none where the list does not name it yet.
#[must_use]
pub fn price_at(list: &PriceList, product: Product, day: Date) -> Option<Price> {
    let entry = list.0.iter().filter(|entry| entry.product == product && entry.from <= day).max_by_key(|entry| entry.from)?;
    Price::of(entry.net_cents, entry.vat_basis_points)
}

impl PriceList {
    /// Checks that every entry can be charged and that every day has one price of a product.
    ///
    /// # Errors
    /// What is wrong with the first entry that makes no sense.
    pub fn validate(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for (index, entry) in self.0.iter().enumerate() {
            self.problem(entry, !seen.insert((entry.product, entry.from))).map_or(Ok(()), |problem| Err(format!("entry {}: {problem}", index + 1)))?;
        }
        Ok(())
    }

    fn problem(&self, entry: &Entry, repeated: bool) -> Option<&'static str> {
        let price = Price::of(entry.net_cents, entry.vat_basis_points).filter(|_| u64::from(entry.vat_basis_points) <= WHOLE);
        let Some(price) = price else { return Some("VAT must be at most 100%, and amounts within reason") };
        let free = price.gross_cents == 0;
        let renewal_from = |renewal| self.0.iter().filter(|other| other.product == renewal).map(|other| other.from).min();
        if repeated {
            Some("this product has a price from this day already")
        } else if !entry.product.is_sold() {
            Some("this credential is not for sale")
        } else if !free && !CHARGED.contains(&price.gross_cents) {
            Some("must be free, or what the payment provider charges: from 0.50 to 999,999.99 euro with VAT")
        } else if entry.product.must_be_free().is_some_and(|must| must != free) {
            Some("only the renewal of Personal and Minor is free, and it always is; a new identity may be")
        } else if entry.product.renewed_by().is_some_and(|renewal| renewal_from(renewal).is_none_or(|from| from > entry.from)) {
            Some("what is sold must have a price of renewal from the same day at the latest")
        } else {
            None
        }
    }
}

impl Default for PriceList {
    fn default() -> Self {
        use CredentialKind::{OtpToken, RemoteSignature, SmartCard};
        use IdentityType::{Business, Minor, Personal, Professional};
        let from = date(2026, 1, 1);
        let entry = |product, net_cents| Entry { product, from, net_cents, vat_basis_points: 2200 };
        let mut all = Vec::new();
        for (kind, net_cents) in [(Personal, 0), (Minor, 0), (Professional, 3500), (Business, 3500)] {
            all.push(entry(Product::Identity(kind), net_cents));
            all.push(entry(Product::IdentityRenewal(kind), net_cents));
        }
        for (kind, net_cents, renewal) in [(OtpToken, 1500, 1000), (SmartCard, 2900, 2500), (RemoteSignature, 3600, 3000)] {
            all.push(entry(Product::Credential(kind), net_cents));
            all.push(entry(Product::CredentialRenewal(kind), renewal));
        }
        Self(all)
    }
}

#[cfg(test)]
mod tests;
