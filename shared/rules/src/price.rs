//! The price list: data with effective dates (rule 61).

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use crate::identity::IdentityType;
use crate::service::CredentialKind;

/// What has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "product", content = "of", rename_all = "kebab-case")]
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

/// What a product costs on a day in Rome: by the latest entry that is effective; none where the list does not name it yet.
#[must_use]
pub fn price_at(list: &PriceList, product: Product, day: Date) -> Option<Price> {
    let entry = list.0.iter().filter(|entry| entry.product == product && entry.from <= day).max_by_key(|entry| entry.from)?;
    let vat_cents = (entry.net_cents.checked_mul(u64::from(entry.vat_basis_points))?.checked_add(WHOLE / 2)?) / WHOLE;
    let gross_cents = entry.net_cents.checked_add(vat_cents)?;
    Some(Price { net_cents: entry.net_cents, vat_cents, vat_basis_points: entry.vat_basis_points, gross_cents })
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
