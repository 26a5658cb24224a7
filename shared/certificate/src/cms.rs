//! A CMS signature (RFC 5652) of one signer with signed attributes, which is what CAdES-BES builds on.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNED_DATA};
use der::{Tag, TagNumber};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::asn1::{Element, Elements, Malformed, context};
use crate::certificate::Certificate;
use crate::crypto::{Hash, Scheme};
use crate::limits;
use crate::refusal::Refusal;

const DIGEST_ALGORITHMS: usize = 8;
const SIGNERS: usize = 16;
/// The tag of a SET: signed attributes are sent as `[0]` and signed as a set.
const SET: u8 = 0x31;

/// A signature that could be read.
pub(crate) struct SignedData<'a> {
    /// What was signed, when it came along.
    pub(crate) content: Option<&'a [u8]>,
    /// What came along and is a certificate.
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) signer: Signer<'a>,
}

impl<'a> SignedData<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Refusal> {
        if der.len() > limits::CMS_BYTES {
            return Err(Refusal::Malformed);
        }
        let mut outer = Element::only(der, Tag::Sequence)?.children()?;
        is(outer.required(Tag::ObjectIdentifier)?, ID_SIGNED_DATA)?;
        let data = outer.required(context(0))?;
        outer.finish()?;
        let mut fields = Element::only(data.value, Tag::Sequence)?.children()?;
        let version: u8 = fields.required(Tag::Integer)?.decode()?;
        let digests = fields.required(Tag::Set)?.children()?.rest(DIGEST_ALGORITHMS)?;
        let content = content(fields.required(Tag::Sequence)?)?;
        let certificates = fields.optional(context(0))?;
        // Lists sent along are not looked at: those of the configuration are fresher than what a stranger picks.
        fields.optional(context(1))?;
        let signers = fields.required(Tag::Set)?.children()?.rest(SIGNERS)?;
        fields.finish()?;
        let signer = match signers.as_slice() {
            [signer] => Signer::parse(*signer)?,
            [] => return Err(Refusal::Malformed),
            _ => return Err(Refusal::MoreThanOneSigner),
        };
        let announced = digests.iter().any(|digest| digest.decode::<AlgorithmIdentifierOwned>().is_ok_and(|of| of.oid == signer.digest_algorithm.oid));
        if !announced || !matches!(version, 1 | 3..=5) {
            return Err(Refusal::Malformed);
        }
        Ok(Self { content, certificates: read_certificates(certificates)?, signer })
    }
}

/// The one who signed.
pub(crate) struct Signer<'a> {
    identifier: Identifier<'a>,
    digest_algorithm: AlgorithmIdentifierOwned,
    pub(crate) attributes: Attributes<'a>,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: &'a [u8],
}

enum Identifier<'a> {
    IssuerAndSerial(Name, SerialNumber),
    SubjectKey(&'a [u8]),
}

impl<'a> Signer<'a> {
    fn parse(signer: Element<'a>) -> Result<Self, Malformed> {
        let mut fields = Element::only(signer.raw, Tag::Sequence)?.children()?;
        let version: u8 = fields.required(Tag::Integer)?.decode()?;
        let identifier = identifier(version, fields.next()?.ok_or(Malformed)?)?;
        let digest_algorithm = fields.required(Tag::Sequence)?.decode()?;
        let attributes = Attributes::parse(fields.required(context(0))?)?;
        let signature_algorithm = fields.required(Tag::Sequence)?.decode()?;
        let signature = fields.required(Tag::OctetString)?.value;
        // What nobody signed proves nothing, so it is not looked at.
        fields.optional(context(1))?;
        fields.finish()?;
        Ok(Self { identifier, digest_algorithm, attributes, signature_algorithm, signature })
    }

    pub(crate) fn is(&self, certificate: &Certificate) -> bool {
        match &self.identifier {
            Identifier::IssuerAndSerial(issuer, serial) => certificate.issuer() == issuer && certificate.serial() == serial.as_bytes(),
            Identifier::SubjectKey(key) => certificate.extensions().subject_key.as_deref() == Some(*key),
        }
    }

    /// Whether the attributes are about `content`.
    pub(crate) fn is_about(&self, content: &[u8]) -> Result<(), Refusal> {
        is(self.attributes.value(ID_CONTENT_TYPE)?.ok_or(Refusal::Malformed)?, ID_DATA)?;
        let digest = self.attributes.value(ID_MESSAGE_DIGEST)?.filter(|value| value.tag == Tag::OctetString).ok_or(Refusal::Malformed)?;
        let same = Hash::of(&self.digest_algorithm)?.digest(content).as_ref() == digest.value;
        if same { Ok(()) } else { Err(Refusal::ContentDiffers) }
    }

    /// Whether the certificate's key signed the attributes.
    pub(crate) fn signed_with(&self, certificate: &Certificate) -> Result<(), Refusal> {
        let scheme = Scheme::of_signer(&self.signature_algorithm, Hash::of(&self.digest_algorithm)?)?;
        scheme.verify(certificate.key(), &self.attributes.as_signed(), self.signature)
    }
}

/// The attributes that the signature covers.
pub(crate) struct Attributes<'a> {
    raw: &'a [u8],
    all: Vec<(ObjectIdentifier, Element<'a>)>,
}

impl<'a> Attributes<'a> {
    fn parse(attributes: Element<'a>) -> Result<Self, Malformed> {
        let mut all: Vec<(ObjectIdentifier, Element<'a>)> = Vec::new();
        for attribute in attributes.children()?.rest(limits::SIGNED_ATTRIBUTES)? {
            let mut fields = Element::only(attribute.raw, Tag::Sequence)?.children()?;
            let name = fields.required(Tag::ObjectIdentifier)?.decode()?;
            let values = fields.required(Tag::Set)?;
            fields.finish()?;
            if all.iter().any(|(earlier, _)| *earlier == name) {
                return Err(Malformed);
            }
            all.push((name, values));
        }
        Ok(Self { raw: attributes.raw, all })
    }

    /// The value of an attribute, none when it is missing. More than one value is refused.
    pub(crate) fn value(&self, name: ObjectIdentifier) -> Result<Option<Element<'a>>, Malformed> {
        let Some((_, values)) = self.all.iter().find(|(of, _)| *of == name) else { return Ok(None) };
        let mut values = values.children()?;
        let value = values.next()?.ok_or(Malformed)?;
        values.finish()?;
        Ok(Some(value))
    }

    fn as_signed(&self) -> Vec<u8> {
        std::iter::once(SET).chain(self.raw.iter().skip(1).copied()).collect()
    }
}

fn is(element: Element<'_>, name: ObjectIdentifier) -> Result<(), Malformed> {
    if element.decode::<ObjectIdentifier>()? == name { Ok(()) } else { Err(Malformed) }
}

fn content(encapsulated: Element<'_>) -> Result<Option<&[u8]>, Malformed> {
    let mut fields = encapsulated.children()?;
    // A time stamp or another thing with a meaning of its own must not pass for the text that was to be signed.
    is(fields.required(Tag::ObjectIdentifier)?, ID_DATA)?;
    let content = fields.optional(context(0))?;
    fields.finish()?;
    content.map(|content| Ok(Element::only(content.value, Tag::OctetString)?.value)).transpose()
}

/// Whatever else may stand among the certificates is left aside: it cannot be part of a chain.
fn read_certificates(sent: Option<Element<'_>>) -> Result<Vec<Certificate>, Malformed> {
    let sent = sent.map_or_else(|| Ok(Vec::new()), |sent| Elements::of(sent.value)?.rest(limits::SENT_CERTIFICATES))?;
    Ok(sent.iter().filter_map(|element| Certificate::parse(element.raw).ok()).collect())
}

fn identifier(version: u8, element: Element<'_>) -> Result<Identifier<'_>, Malformed> {
    const SUBJECT_KEY: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };
    match (version, element.tag) {
        (1, Tag::Sequence) => {
            let mut fields = element.children()?;
            let (issuer, serial) = (fields.required(Tag::Sequence)?.decode()?, fields.required(Tag::Integer)?.decode()?);
            fields.finish()?;
            Ok(Identifier::IssuerAndSerial(issuer, serial))
        }
        (3, SUBJECT_KEY) => Ok(Identifier::SubjectKey(element.value)),
        _ => Err(Malformed),
    }
}
