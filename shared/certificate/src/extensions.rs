//! What a certificate's extensions say, as far as it is understood here; what is critical and not understood is told.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_CLIENT_AUTH,
};
use der::asn1::OctetString;
use der::{Decode, Tag};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use crate::asn1::{Element, Malformed};

/// `id-pe-qcStatements` of RFC 3739.
const QC_STATEMENTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.3");
/// `esi4-qcStatement-1` of ETSI EN 319 412-5.
const QC_COMPLIANCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.1862.1.1");
const QC_STATEMENTS_LIMIT: usize = 32;

/// The extensions that are understood.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    ca: bool,
    /// How many further authorities may stand below this one.
    pub(crate) path_length: Option<u8>,
    key_usage: Option<KeyUsage>,
    purposes: Option<Vec<ObjectIdentifier>>,
    pub(crate) subject_key: Option<Vec<u8>>,
    pub(crate) qualified: bool,
    /// Whether something binds that is not understood.
    pub(crate) not_understood: bool,
}

impl Extensions {
    pub(crate) fn parse(extensions: &[Extension]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        for (place, extension) in extensions.iter().enumerate() {
            if extensions.iter().take(place).any(|earlier| earlier.extn_id == extension.extn_id) {
                return Err(Malformed);
            }
            let value = extension.extn_value.as_bytes();
            match extension.extn_id {
                ID_CE_BASIC_CONSTRAINTS => {
                    let constraints = BasicConstraints::from_der(value)?;
                    (found.ca, found.path_length) = (constraints.ca, constraints.path_len_constraint);
                }
                ID_CE_KEY_USAGE => found.key_usage = Some(KeyUsage::from_der(value)?),
                ID_CE_EXT_KEY_USAGE => found.purposes = Some(ExtendedKeyUsage::from_der(value)?.0),
                ID_CE_SUBJECT_KEY_IDENTIFIER => found.subject_key = Some(OctetString::from_der(value)?.as_bytes().to_vec()),
                QC_STATEMENTS => found.qualified = says_qualified(value)?,
                // No policy is asked for and any is good, so these two restrict nothing.
                ID_CE_CERTIFICATE_POLICIES | ID_CE_AUTHORITY_KEY_IDENTIFIER => {}
                // It binds even where an authority forgot to mark it.
                ID_CE_NAME_CONSTRAINTS => found.not_understood = true,
                _ => found.not_understood |= extension.critical,
            }
        }
        Ok(found)
    }

    pub(crate) fn may_sign_certificates(&self) -> bool {
        self.ca && self.key_usage.is_some_and(|usage| usage.key_cert_sign())
    }

    pub(crate) fn may_sign_crls(&self) -> bool {
        self.key_usage.is_some_and(|usage| usage.crl_sign())
    }

    /// Whether it is a signature certificate. That of a CNS is not: it authenticates, and its holder does not see what the key signs.
    pub(crate) fn is_for_signature(&self) -> bool {
        !self.ca && self.key_usage.is_some_and(|usage| usage.non_repudiation())
    }

    /// Whether it is an authentication certificate, as that of a CNS is.
    pub(crate) fn is_for_authentication(&self) -> bool {
        !self.ca && self.key_usage.is_some_and(|usage| usage.digital_signature()) && self.purposes.as_ref().is_some_and(|of| of.contains(&ID_KP_CLIENT_AUTH))
    }

    /// Whether an authority's own purposes, where it names any, leave room for authentication.
    pub(crate) fn lets_authenticate(&self) -> bool {
        self.purposes.as_ref().is_none_or(|of| of.contains(&ID_KP_CLIENT_AUTH) || of.contains(&ANY_EXTENDED_KEY_USAGE))
    }
}

fn says_qualified(value: &[u8]) -> Result<bool, Malformed> {
    let statements = Element::only(value, Tag::Sequence)?.children()?.rest(QC_STATEMENTS_LIMIT)?;
    let mut qualified = false;
    for statement in statements {
        let name = statement.children()?.required(Tag::ObjectIdentifier)?;
        qualified |= name.decode::<ObjectIdentifier>()? == QC_COMPLIANCE;
    }
    Ok(qualified)
}
