//! Personal data: opened where it is needed, never in a log.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sportello_notify::EmailAddress;
use sportello_rules::password::HolderFacts;
use sportello_store::key::Owner;
use sportello_store::record::{SealedProfile, StoredToken};

use crate::entropy::Entropy;
use crate::keys::{DataKey, KeyError, KeyRing};
use crate::{Cx, Failure};

/// Name of the sealed field, part of what its seal is bound to.
const FIELD: &str = "profile";

/// What is known of a holder or a customer as a person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Username, as it was chosen.
    pub username: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Birth date.
    pub birth_date: Option<Date>,
    /// Fiscal code.
    pub fiscal_code: Option<String>,
    /// VAT number.
    pub vat_number: Option<String>,
    /// Identity documents.
    #[serde(default)]
    pub documents: Vec<Document>,
    /// The e-mail address that notices go to.
    pub email: EmailAddress,
    /// The mobile number, E.164.
    pub mobile: Option<String>,
    /// The mobile number of a minor's parent, which may not be the minor's second factor (rule 38).
    #[serde(default)]
    pub parent_mobile: Option<String>,
    /// Where the person was born.
    #[serde(default)]
    pub birth_place: Option<String>,
    /// Where the person lives (rule 51); of a customer, where invoices go.
    #[serde(default)]
    pub residence: Option<Residence>,
    /// Name of the company that buys, where it is not a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
}

/// Where a person lives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residence {
    /// Street and number.
    pub address: String,
    /// Town.
    pub city: String,
    /// Province, by its two letters; none abroad.
    pub province: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// Country, ISO 3166-1 alpha-2.
    pub country: String,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// An identity document.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its number.
    pub number: String,
}

impl Profile {
    /// The data of a customer as the account is opened: the first address is the username (rule 59).
    #[must_use]
    pub fn of_customer(email: EmailAddress, given_name: String, family_name: String) -> Self {
        Self {
            username: email.expose().to_owned(),
            given_name,
            family_name,
            birth_date: None,
            fiscal_code: None,
            vat_number: None,
            documents: Vec::new(),
            email,
            mobile: None,
            parent_mobile: None,
            birth_place: None,
            residence: None,
            company_name: None,
        }
    }

    /// Opens the sealed data of an owner.
    ///
    /// # Errors
    /// A fault where the data does not open.
    pub fn open(cx: &Cx, owner: &Owner, sealed: &SealedProfile) -> Result<Self, Failure> {
        let key = cx.keys().data_key(owner, &sealed.data_key)?;
        Ok(serde_json::from_slice(&key.open(owner, FIELD, &sealed.sealed)?)?)
    }

    /// Seals the data of an owner.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn seal(&self, key: &DataKey, owner: &Owner, entropy: &dyn Entropy) -> Result<sportello_store::record::Bytes, KeyError> {
        let json = serde_json::to_vec(self).map_err(|_| KeyError::Open)?;
        key.seal(entropy, owner, FIELD, &json)
    }

    /// What this person's password may not contain (rules 9-11).
    #[must_use]
    pub fn password_facts(&self) -> HolderFacts<'_> {
        HolderFacts {
            username: &self.username,
            given_name: &self.given_name,
            family_name: &self.family_name,
            birth_date: self.birth_date,
            fiscal_code: self.fiscal_code.as_deref(),
            vat_number: self.vat_number.as_deref(),
            document_numbers: self.documents.iter().map(|document| document.number.as_str()).collect(),
        }
    }
}

/// Name of the sealed field of the app's secret.
pub const TOTP_FIELD: &str = "totp";

/// Opens the TOTP secret of a holder.
///
/// # Errors
/// [`KeyError`].
pub fn open_totp(keys: &KeyRing, owner: &Owner, auth: &sportello_store::record::AuthRecord) -> Result<Option<Vec<u8>>, KeyError> {
    let Some(totp) = &auth.totp else { return Ok(None) };
    keys.data_key(owner, &auth.data_key)?.open(owner, TOTP_FIELD, &totp.secret).map(Some)
}

/// Opens the TOTP secret of a customer.
///
/// # Errors
/// [`KeyError`].
pub fn open_account_totp(keys: &KeyRing, owner: &Owner, account: &sportello_store::record::AccountRecord) -> Result<Option<Vec<u8>>, KeyError> {
    let Some(totp) = &account.totp else { return Ok(None) };
    keys.data_key(owner, &account.data_key)?.open(owner, TOTP_FIELD, &totp.secret).map(Some)
}

/// Name of the sealed field of a physical token's secret.
pub const TOKEN_FIELD: &str = "token";

/// The physical token of a holder, with its secret opened.
///
/// # Errors
/// [`KeyError`].
pub fn open_token<'a>(keys: &KeyRing, owner: &Owner, auth: &'a sportello_store::record::AuthRecord) -> Result<Option<(&'a StoredToken, Vec<u8>)>, KeyError> {
    let Some(token) = &auth.token else { return Ok(None) };
    keys.data_key(owner, &auth.data_key)?.open(owner, TOKEN_FIELD, &token.secret).map(|secret| Some((token, secret)))
}
