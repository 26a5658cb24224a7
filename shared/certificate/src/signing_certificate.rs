//! The attribute in which a signer names the certificate (RFC 5035). Without it the signature would be that of any certificate of the same key.

use const_oid::db::rfc5911::{ID_AA_SIGNING_CERTIFICATE, ID_AA_SIGNING_CERTIFICATE_V_2};
use der::Tag;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;

use crate::asn1::{Element, Malformed, context};
use crate::certificate::Certificate;
use crate::cms::Attributes;
use crate::crypto::{Hash, sha1};
use crate::refusal::Refusal;

const NAMES: usize = 8;

/// Whether the attributes name `certificate`: version 2 must, as CAdES-BES demands, and version 1 must too where it stands.
pub(crate) fn check(attributes: &Attributes<'_>, certificate: &Certificate) -> Result<(), Refusal> {
    let newer = attributes.value(ID_AA_SIGNING_CERTIFICATE_V_2)?.ok_or(Refusal::Malformed)?;
    names(newer, certificate, true)?;
    attributes.value(ID_AA_SIGNING_CERTIFICATE)?.map_or(Ok(()), |older| names(older, certificate, false))
}

fn names(attribute: Element<'_>, certificate: &Certificate, newer: bool) -> Result<(), Refusal> {
    let list = Element::only(attribute.raw, Tag::Sequence)?.children()?.required(Tag::Sequence)?;
    // The first is the signer's, the others are authorities that the chain tells anyway.
    let mut first = list.children()?.required(Tag::Sequence)?.children()?;
    let digest = match (newer, if newer { first.optional(Tag::Sequence)? } else { None }) {
        (true, Some(algorithm)) => Hash::of(&algorithm.decode()?)?.digest(certificate.der()),
        (true, None) => Hash::Sha256.digest(certificate.der()),
        (false, _) => sha1(certificate.der()),
    };
    let same = first.required(Tag::OctetString)?.value == digest.as_ref();
    let issuer = first.optional(Tag::Sequence)?;
    first.finish()?;
    let same_issuer = issuer.map_or(Ok(true), |issuer| is_of(issuer, certificate))?;
    if same && same_issuer { Ok(()) } else { Err(Refusal::SignatureWrong) }
}

fn is_of(issuer_serial: Element<'_>, certificate: &Certificate) -> Result<bool, Malformed> {
    let mut fields = issuer_serial.children()?;
    let names = fields.required(Tag::Sequence)?.children()?.rest(NAMES)?;
    let serial: SerialNumber = fields.required(Tag::Integer)?.decode()?;
    fields.finish()?;
    // `directoryName` of GeneralName.
    let named = |name: &Element<'_>| {
        name.tag == context(4) && Element::only(name.value, Tag::Sequence).and_then(Element::decode::<Name>).as_ref() == Ok(certificate.issuer())
    };
    Ok(serial.as_bytes() == certificate.serial() && names.iter().any(named))
}
