//! A residence as it comes in and goes out.

use crate::profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};

/// Where a holder lives, or a customer's invoices go.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Residence {
    /// Street and number.
    #[schemars(length(min = 1, max = 100))]
    address: String,
    /// Town.
    #[schemars(length(min = 1, max = 60))]
    city: String,
    /// Province, by its two letters; needed in Italy, not given abroad.
    #[serde(default)]
    #[schemars(extend("pattern" = "^[A-Z]{2}$"))]
    province: Option<String>,
    /// Postal code; five digits in Italy.
    #[schemars(length(min = 1, max = 12))]
    postal_code: String,
    /// Country, ISO 3166-1 alpha-2.
    #[schemars(extend("pattern" = "^[A-Z]{2}$"))]
    country: String,
}

/// Longest address, town and postal code, in characters.
const LENGTHS: [usize; 3] = [100, 60, 12];

impl Residence {
    /// The residence as it is kept, its white space tidied.
    ///
    /// # Errors
    /// The first field that makes no sense.
    pub fn checked(self) -> Result<profile::Residence, Problem> {
        // What the document can say of a field is a matter of form; what only the country or the words decide is not.
        let malformed = |field: &'static str| Problem::from(Code::InvalidField).field(field);
        let wrong = |field: &'static str| Problem::from(Code::ResidenceRefused).field(field);
        let tidy = |text: &str, field: &'static str, longest: usize| {
            if text.is_empty() || text.chars().count() > longest {
                return Err(malformed(field));
            }
            let tidied = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let plain = !tidied.is_empty() && !tidied.chars().any(char::is_control);
            if plain { Ok(tidied) } else { Err(wrong(field)) }
        };
        let letters = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        let [address, city, postal_code] = LENGTHS;
        let address = tidy(&self.address, "address", address)?;
        let city = tidy(&self.city, "city", city)?;
        let postal_code = tidy(&self.postal_code, "postalCode", postal_code)?;
        if !letters(&self.country) {
            return Err(malformed("country"));
        }
        if self.province.as_deref().is_some_and(|province| !letters(province)) {
            return Err(malformed("province"));
        }
        let in_italy = self.country == "IT";
        if in_italy && (postal_code.len() != 5 || !postal_code.bytes().all(|b| b.is_ascii_digit())) {
            return Err(wrong("postalCode"));
        }
        match &self.province {
            Some(_) if !in_italy => return Err(wrong("province")),
            None if in_italy => return Err(wrong("province")),
            _ => {}
        }
        Ok(profile::Residence { address, city, province: self.province, postal_code, country: self.country })
    }
}

impl From<profile::Residence> for Residence {
    fn from(kept: profile::Residence) -> Self {
        Self { address: kept.address, city: kept.city, province: kept.province, postal_code: kept.postal_code, country: kept.country }
    }
}
