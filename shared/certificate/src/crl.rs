//! A list of revoked certificates.

use std::collections::BTreeSet;

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS, ID_CE_DELTA_CRL_INDICATOR, ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use der::Decode;
use jiff::Timestamp;
use x509_cert::crl::{RevokedCert, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::asn1::Malformed;
use crate::certificate::{Certificate, instant};
use crate::refusal::Refusal;
use crate::signed::Signed;

/// A list that could be read, and whose signature is looked at next.
#[derive(Debug)]
pub(crate) struct UnverifiedCrl {
    signed: Signed,
    fields: TbsCertList,
}

impl UnverifiedCrl {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let signed = Signed::parse(der)?;
        let fields = TbsCertList::from_der(&signed.content)?;
        if fields.signature == signed.algorithm { Ok(Self { signed, fields }) } else { Err(Malformed) }
    }

    pub(crate) fn issuer(&self) -> &Name {
        &self.fields.issuer
    }

    /// The list, once the key of `issuer` is found to have signed it.
    pub(crate) fn verify(&self, issuer: &Certificate) -> Result<(), Refusal> {
        if !issuer.extensions().may_sign_crls() {
            return Err(Refusal::SignatureWrong);
        }
        self.signed.verify(issuer.key())
    }

    pub(crate) fn verified(self, issuer: &Certificate) -> Result<Crl, Malformed> {
        let extensions = self.fields.crl_extensions.unwrap_or_default();
        let mut crl = Crl {
            issuer: self.fields.issuer,
            key: issuer.key().clone(),
            this_update: instant(self.fields.this_update),
            next_update: self.fields.next_update.map(instant),
            complete: extensions.iter().all(leaves_complete),
            revoked: BTreeSet::new(),
        };
        for entry in self.fields.revoked_certificates.unwrap_or_default() {
            crl.complete &= entry.crl_entry_extensions.iter().flatten().all(|extension| !extension.critical || extension.extn_id == ID_CE_CRL_REASONS);
            if !is_removed(&entry)? {
                crl.revoked.insert(entry.serial_number.as_bytes().to_vec());
            }
        }
        Ok(crl)
    }
}

/// A list that its issuer signed.
#[derive(Debug)]
pub(crate) struct Crl {
    issuer: Name,
    /// The key that signed: authorities of one name may have several.
    key: SubjectPublicKeyInfoOwned,
    pub(crate) this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// Whether it speaks of all certificates of its issuer, and of nobody else's.
    complete: bool,
    revoked: BTreeSet<Vec<u8>>,
}

impl Crl {
    pub(crate) fn is_complete_for(&self, issuer: &Certificate) -> bool {
        self.complete && self.issuer == *issuer.subject() && self.key == *issuer.key()
    }

    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        self.this_update <= now && self.next_update.is_some_and(|next| now <= next)
    }

    pub(crate) fn revokes(&self, certificate: &Certificate) -> bool {
        self.revoked.contains(certificate.serial())
    }
}

fn leaves_complete(extension: &Extension) -> bool {
    match extension.extn_id {
        ID_CE_CRL_NUMBER | ID_CE_AUTHORITY_KEY_IDENTIFIER => true,
        // They make a part of the list even where the authority forgot to mark them.
        ID_CE_DELTA_CRL_INDICATOR | ID_CE_ISSUING_DISTRIBUTION_POINT => false,
        _ => !extension.critical,
    }
}

fn is_removed(entry: &RevokedCert) -> Result<bool, Malformed> {
    let reason = entry.crl_entry_extensions.iter().flatten().find(|extension| extension.extn_id == ID_CE_CRL_REASONS);
    let Some(reason) = reason else { return Ok(false) };
    Ok(CrlReason::from_der(reason.extn_value.as_bytes())? == CrlReason::RemoveFromCRL)
}
