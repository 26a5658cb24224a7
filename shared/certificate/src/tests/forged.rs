//! Signatures that `openssl` would not make, by a signer who has the key and bends the form.

use super::*;
use der::{Decode, Encode, Tag};
use x509_cert::TbsCertificate;
use x509_cert::name::Name;

use crate::asn1::{Element, context};
use crate::signed::Signed;

const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TIME_STAMP: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_CERTIFICATE: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
const SHA_1: &[u8] = &[0x30, 0x07, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA_256: &[u8] = &[0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_384: &[u8] = &[0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];

struct Forger {
    world: World,
    trust: Trust,
    signer: Issued,
    der: Vec<u8>,
}

impl Forger {
    fn new() -> Self {
        let world = World::new();
        let (trust, signer) = (world.trust(), world.signer());
        let der = signer.der().unwrap();
        Self { world, trust, signer, der }
    }

    /// What becomes of a signature with these attributes.
    fn with(&self, attributes: &[Vec<u8>]) -> Option<&'static str> {
        self.with_digests(attributes, SHA_256, SHA_256)
    }

    fn with_digests(&self, attributes: &[Vec<u8>], announced: &[u8], used: &[u8]) -> Option<&'static str> {
        self.with_types(attributes, [announced, used], [SIGNED_DATA, DATA])
    }

    fn with_types(&self, attributes: &[Vec<u8>], [announced, used]: [&[u8]; 2], [outer, inner]: [&[u8]; 2]) -> Option<&'static str> {
        let attributes = attributes.concat();
        let signature = raw_signature(&self.signer, &wrap(0x31, &attributes));
        let fields = self.fields();
        let identifier = wrap(0x30, &[fields.issuer().to_der().unwrap(), fields.serial_number().to_der().unwrap()].concat());
        let ecdsa_with_sha256 = wrap(0x30, &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
        let signer = [&[2, 1, 1], identifier.as_slice(), used, &wrap(0xa0, &attributes), &ecdsa_with_sha256, &wrap(4, &signature)].concat();
        let content = wrap(0x30, &[inner, &wrap(0xa0, &wrap(4, CONTENT))].concat());
        let data = [&[2, 1, 1], wrap(0x31, announced).as_slice(), &content, &wrap(0xa0, &self.der), &wrap(0x31, &wrap(0x30, &signer))].concat();
        let cms = wrap(0x30, &[outer, &wrap(0xa0, &wrap(0x30, &data))].concat());
        refusal(verify_signature(&self.trust, &cms, CONTENT, now()))
    }

    fn fields(&self) -> TbsCertificate {
        TbsCertificate::from_der(&Signed::parse(&self.der).unwrap().content).unwrap()
    }

    fn certificate(&self, algorithm: &[u8], digest: &'static ring::digest::Algorithm, more: &[u8]) -> Vec<u8> {
        let hash = wrap(4, ring::digest::digest(digest, &self.der).as_ref());
        wrap(0x30, &wrap(0x30, &wrap(0x30, &[algorithm, &hash, more].concat())))
    }

    fn v2(&self, more: &[u8]) -> Vec<u8> {
        attribute(SIGNING_CERTIFICATE_V2, &self.certificate(&[], &ring::digest::SHA256, more))
    }

    fn issuer_serial(&self, issuer: &Name, serial: &[u8]) -> Vec<u8> {
        wrap(0x30, &[wrap(0x30, &wrap(0xa4, &issuer.to_der().unwrap())), wrap(2, serial)].concat())
    }
}

fn attribute(name: &[u8], value: &[u8]) -> Vec<u8> {
    wrap(0x30, &[name, &wrap(0x31, value)].concat())
}

fn content_type() -> Vec<u8> {
    attribute(CONTENT_TYPE, DATA)
}

fn message_digest() -> Vec<u8> {
    attribute(MESSAGE_DIGEST, &wrap(4, ring::digest::digest(&ring::digest::SHA256, CONTENT).as_ref()))
}

#[test]
fn each_attribute_is_there_once_with_one_value() {
    let forger = Forger::new();
    let (kind, digest, v2) = (content_type(), message_digest(), forger.v2(&[]));
    let with = |attributes: &[&Vec<u8>]| forger.with(&attributes.iter().map(|attribute| (*attribute).clone()).collect::<Vec<_>>());
    assert_eq!(with(&[&kind, &digest, &v2]), None);
    assert_eq!(with(&[&v2, &digest, &kind]), None, "in the order of the sender");
    assert_eq!(with(&[&digest, &v2]), Some("malformed"));
    assert_eq!(with(&[&kind, &v2]), Some("malformed"));
    assert_eq!(with(&[&kind, &digest]), Some("malformed"));
    assert_eq!(with(&[&kind, &digest, &v2, &kind]), Some("malformed"));
    assert_eq!(with(&[&kind, &digest, &v2, &digest]), Some("malformed"));
    assert_eq!(with(&[&kind, &digest, &v2, &v2]), Some("malformed"));
    let hash = wrap(4, ring::digest::digest(&ring::digest::SHA256, CONTENT).as_ref());
    assert_eq!(with(&[&kind, &attribute(MESSAGE_DIGEST, &[hash.clone(), hash].concat()), &v2]), Some("malformed"));
    assert_eq!(with(&[&kind, &attribute(MESSAGE_DIGEST, &[]), &v2]), Some("malformed"));
    let other = wrap(4, ring::digest::digest(&ring::digest::SHA256, b"other").as_ref());
    assert_eq!(with(&[&kind, &attribute(MESSAGE_DIGEST, &other), &v2]), Some("content-differs"));
    assert_eq!(with(&[&attribute(CONTENT_TYPE, TIME_STAMP), &digest, &v2]), Some("malformed"));
}

#[test]
fn the_content_is_data_and_nothing_else() {
    let forger = Forger::new();
    let attributes = [content_type(), message_digest(), forger.v2(&[])];
    let with = |types| forger.with_types(&attributes, [SHA_256, SHA_256], types);
    assert_eq!(with([SIGNED_DATA, DATA]), None);
    assert_eq!(with([SIGNED_DATA, TIME_STAMP]), Some("malformed"));
    assert_eq!(with([DATA, DATA]), Some("malformed"));
}

#[test]
fn the_digests_named_agree() {
    let forger = Forger::new();
    let attributes = [content_type(), message_digest(), forger.v2(&[])];
    assert_eq!(forger.with_digests(&attributes, &[SHA_384, SHA_256].concat(), SHA_256), None);
    assert_eq!(forger.with_digests(&attributes, SHA_384, SHA_256), Some("malformed"), "not announced");
    let long = attribute(MESSAGE_DIGEST, &wrap(4, ring::digest::digest(&ring::digest::SHA384, CONTENT).as_ref()));
    let attributes = [content_type(), long, forger.v2(&[])];
    assert_eq!(forger.with_digests(&attributes, SHA_384, SHA_384), Some("malformed"), "the signature is made with another");
}

#[test]
fn the_certificate_named_is_the_signers() {
    let forger = Forger::new();
    let with = |v2: Vec<u8>, more: &[Vec<u8>]| forger.with(&[&[content_type(), message_digest(), v2], more].concat());
    let v2 = |algorithm: &[u8], digest| attribute(SIGNING_CERTIFICATE_V2, &forger.certificate(algorithm, digest, &[]));
    assert_eq!(with(v2(SHA_256, &ring::digest::SHA256), &[]), None, "the default written out");
    assert_eq!(with(v2(SHA_384, &ring::digest::SHA384), &[]), None);
    assert_eq!(with(v2(SHA_384, &ring::digest::SHA256), &[]), Some("signature-wrong"));
    assert_eq!(with(v2(SHA_1, &ring::digest::SHA1_FOR_LEGACY_USE_ONLY), &[]), Some("weak-algorithm"));
    let foreign = wrap(0x30, &wrap(0x30, &wrap(0x30, &wrap(4, ring::digest::digest(&ring::digest::SHA256, b"another").as_ref()))));
    assert_eq!(with(attribute(SIGNING_CERTIFICATE_V2, &foreign), &[]), Some("signature-wrong"));
    assert_eq!(with(attribute(SIGNING_CERTIFICATE_V2, &wrap(0x30, &wrap(0x30, &[]))), &[]), Some("malformed"), "none named");
    // The older attribute beside it.
    let older = |certificate: Vec<u8>| [attribute(SIGNING_CERTIFICATE, &certificate)];
    assert_eq!(with(forger.v2(&[]), &older(forger.certificate(&[], &ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &[]))), None);
    assert_eq!(with(forger.v2(&[]), &older(foreign)), Some("signature-wrong"));
}

#[test]
fn the_issuer_and_number_named_are_the_signers() {
    let forger = Forger::new();
    let fields = forger.fields();
    let with = |issuer: &Name, serial: &[u8]| forger.with(&[content_type(), message_digest(), forger.v2(&forger.issuer_serial(issuer, serial))]);
    let (issuer, serial) = (fields.issuer(), fields.serial_number().as_bytes());
    assert_eq!(with(issuer, serial), None);
    assert_eq!(with(fields.subject(), serial), Some("signature-wrong"));
    assert_eq!(with(issuer, &[1]), Some("signature-wrong"));
}

#[test]
fn the_signer_is_who_the_identifier_names() {
    let forger = Forger::new();
    let attributes = [content_type(), message_digest(), forger.v2(&[])];
    assert_eq!(forger.with(&attributes), None);
    // The certificate of somebody else instead of the one that the identifier and the attribute name.
    let other = forger.world.signer().sign(CONTENT, &Signing { chain: &forger.signer.pem().unwrap(), ..Signing::default() }).unwrap();
    let person = verify_signature(&forger.trust, &other, CONTENT, now()).unwrap();
    assert_ne!(person.fingerprint.as_slice(), ring::digest::digest(&ring::digest::SHA256, &forger.der).as_ref());
    let data = Element::only(&other, Tag::Sequence).unwrap().children().unwrap().rest(2).unwrap()[1];
    let fields = Element::only(data.value, Tag::Sequence).unwrap().children().unwrap().rest(9).unwrap();
    assert!(fields.iter().any(|field| field.tag == context(0) && field.raw.len() > forger.der.len() * 3 / 2), "both came along");
}
