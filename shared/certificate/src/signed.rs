//! What certificates and lists of revoked certificates have in common: something signed, how, and the signature.

use der::Tag;
use der::asn1::BitString;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::asn1::{Element, Malformed};
use crate::crypto::Scheme;
use crate::refusal::Refusal;

/// The signed bytes as they were sent, with the signature.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) content: Vec<u8>,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
}

impl Signed {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Element::only(der, Tag::Sequence)?.children()?;
        let content = fields.required(Tag::Sequence)?.raw.to_vec();
        let algorithm = fields.required(Tag::Sequence)?.decode()?;
        let signature: BitString = fields.required(Tag::BitString)?.decode()?;
        fields.finish()?;
        Ok(Self { content, algorithm, signature: signature.as_bytes().ok_or(Malformed)?.to_vec() })
    }

    pub(crate) fn verify(&self, key: &SubjectPublicKeyInfoOwned) -> Result<(), Refusal> {
        Scheme::of(&self.algorithm)?.verify(key, &self.content, &self.signature)
    }
}
