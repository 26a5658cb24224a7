//! Who stands on an invoice: sealed with the order when its number is taken, so that no later change of theirs changes it (rule 65).

use serde::{Deserialize, Serialize};
use sportello_paper::Party;
use sportello_store::key::Owner;
use sportello_store::record::{Bytes, CustomerRecords, OrderRecord};

use crate::profile::Profile;
use crate::{Cx, Failure};

/// Name of the sealed field, part of what its seal is bound to.
const FIELD: &str = "invoice-parties";

/// Seller and buyer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Parties {
    seller: Kept,
    buyer: Kept,
}

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    name: String,
    address: Vec<String>,
    fiscal_code: Option<String>,
    vat_number: Option<String>,
}

impl From<Party> for Kept {
    fn from(party: Party) -> Self {
        Self { name: party.name, address: party.address, fiscal_code: party.fiscal_code, vat_number: party.vat_number }
    }
}

impl From<Kept> for Party {
    fn from(kept: Kept) -> Self {
        Self { name: kept.name, address: kept.address, fiscal_code: kept.fiscal_code, vat_number: kept.vat_number }
    }
}

impl Parties {
    /// Those of today.
    ///
    /// # Errors
    /// A fault where the customer's data do not open.
    pub fn of(cx: &Cx, owner: &Owner, records: &CustomerRecords) -> Result<Self, Failure> {
        let profile = Profile::open(cx, owner, &records.profile)?;
        let person = [profile.given_name.as_str(), profile.family_name.as_str()].join(" ").trim().to_owned();
        let person = if person.is_empty() { profile.email.expose().to_owned() } else { person };
        let province = |home: &crate::profile::Residence| home.province.as_ref().map(|province| format!(" ({province})")).unwrap_or_default();
        let address = |home: &crate::profile::Residence| format!("{}, {} {}{}, {}", home.address, home.postal_code, home.city, province(home), home.country);
        let buyer = Kept {
            name: profile.company_name.clone().unwrap_or(person),
            address: profile.residence.iter().map(address).collect(),
            fiscal_code: profile.fiscal_code,
            vat_number: profile.vat_number,
        };
        let unnamed = || Party { name: cx.app.provider.name.clone(), address: Vec::new(), fiscal_code: None, vat_number: None };
        Ok(Self { seller: cx.app.seller.clone().unwrap_or_else(unnamed).into(), buyer })
    }

    /// Those of an invoice: as they were when it was issued.
    ///
    /// # Errors
    /// A fault where they do not open.
    pub fn of_invoice(cx: &Cx, owner: &Owner, records: &CustomerRecords, order: &OrderRecord) -> Result<Self, Failure> {
        let Some(sealed) = order.invoice.as_ref().and_then(|invoice| invoice.parties.as_ref()) else { return Self::of(cx, owner, records) };
        let key = cx.keys().data_key(owner, &records.account.data_key)?;
        Ok(serde_json::from_slice(&key.open(owner, FIELD, sealed)?)?)
    }

    /// Seals them for their order.
    ///
    /// # Errors
    /// A fault where they cannot be sealed.
    pub fn seal(&self, cx: &Cx, owner: &Owner, records: &CustomerRecords) -> Result<Bytes, Failure> {
        Ok(cx.keys().data_key(owner, &records.account.data_key)?.seal(cx.entropy(), owner, FIELD, &serde_json::to_vec(self)?)?)
    }

    /// Seller and buyer, as they are printed.
    #[must_use]
    pub fn printed(self) -> (Party, Party) {
        (self.seller.into(), self.buyer.into())
    }
}
