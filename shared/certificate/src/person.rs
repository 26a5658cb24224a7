//! Who is proved.

use std::fmt::{self, Write};

use jiff::Timestamp;
use x509_cert::name::Name;

use crate::certificate::Certificate;

/// The person that a certificate proves (rule 43). `Debug` masks the fiscal code, for it is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The fiscal code, 16 characters in upper case. Its shape is checked, its check letter is not.
    pub fiscal_code: String,
    /// The certificate's serial number in lower-case hexadecimal, without leading zero octets.
    pub serial: String,
    /// The issuer's name, as RFC 4514 writes it: with the serial number it names the certificate.
    pub issuer: String,
    /// The last instant of the certificate's validity.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate's DER.
    pub fingerprint: [u8; 32],
    /// Whether the certificate says of itself that it is qualified (esi4-qcStatement-1). That its issuer may say so stands in the trusted lists
    /// and is not looked up.
    pub qualified: bool,
}

impl fmt::Debug for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Person").field("serial", &self.serial).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Person {
    pub(crate) fn of(certificate: &Certificate, fiscal_code: String) -> Self {
        Self {
            fiscal_code,
            serial: certificate.serial_hex(),
            issuer: written(certificate.issuer()),
            not_after: certificate.not_after(),
            fingerprint: certificate.fingerprint(),
            qualified: certificate.extensions().qualified,
        }
    }
}

/// `to_string` would panic, should an odd name ever be one that cannot be written.
fn written(name: &Name) -> String {
    let mut text = String::new();
    if write!(text, "{name}").is_err() {
        text.clear();
    }
    text
}
