//! A certificate as it was sent, and what is read from it.

use der::Decode;
use jiff::Timestamp;
use x509_cert::TbsCertificate;
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Time;

use crate::asn1::Malformed;
use crate::crypto::Hash;
use crate::extensions::Extensions;
use crate::limits;
use crate::refusal::Refusal;
use crate::signed::Signed;

/// A certificate that could be read. Nothing is said of who vouches for it.
#[derive(Debug)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    signed: Signed,
    fields: TbsCertificate,
    extensions: Extensions,
}

impl Certificate {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        if der.len() > limits::CERTIFICATE_BYTES {
            return Err(Malformed);
        }
        let signed = Signed::parse(der)?;
        let fields = TbsCertificate::from_der(&signed.content)?;
        if *fields.signature() != signed.algorithm {
            return Err(Malformed);
        }
        let extensions = Extensions::parse(fields.extensions().map_or(&[], Vec::as_slice))?;
        Ok(Self { der: der.to_vec(), signed, fields, extensions })
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        Hash::Sha256.digest(&self.der).as_ref().try_into().unwrap_or_default()
    }

    pub(crate) fn subject(&self) -> &Name {
        self.fields.subject()
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.fields.issuer()
    }

    pub(crate) fn serial(&self) -> &[u8] {
        self.fields.serial_number().as_bytes()
    }

    pub(crate) fn serial_hex(&self) -> String {
        self.serial().iter().skip_while(|byte| **byte == 0).map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn key(&self) -> &SubjectPublicKeyInfoOwned {
        self.fields.subject_public_key_info()
    }

    pub(crate) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    pub(crate) fn not_after(&self) -> Timestamp {
        instant(self.fields.validity().not_after)
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject() == self.issuer()
    }

    pub(crate) fn valid_at(&self, now: Timestamp) -> Result<(), Refusal> {
        if now < instant(self.fields.validity().not_before) {
            return Err(Refusal::NotYetValid);
        }
        if now > self.not_after() { Err(Refusal::Expired) } else { Ok(()) }
    }

    /// Whether the key of `issuer` signed it.
    pub(crate) fn signed_by(&self, issuer: &Self) -> Result<(), Refusal> {
        self.signed.verify(issuer.key())
    }
}

/// The instant, where one fits: "never" is written 99991231235959Z, a day later than an instant can be.
pub(crate) fn instant(time: Time) -> Timestamp {
    let second = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
