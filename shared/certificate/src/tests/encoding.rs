//! What was signed is verified as it was sent: an encoding made again could differ where the sender's is odd but readable.

use super::*;

use der::{Decode, Encode, Tag};
use x509_cert::TbsCertificate;

use crate::asn1::{Element, context};
use crate::signed::Signed;

/// A card's certificate whose extensions are what `rewrite` makes of them, signed by its issuer all the same.
fn reissued(world: &World, rewrite: impl Fn(&[Element<'_>]) -> Vec<u8>) -> (Vec<u8>, String) {
    let signed = Signed::parse(&world.card().der().unwrap()).unwrap();
    let fields = Element::only(&signed.content, Tag::Sequence).unwrap().children().unwrap().rest(10).unwrap();
    let rewritten = fields.iter().flat_map(|field| {
        if field.tag != context(3) {
            return field.raw.to_vec();
        }
        let extensions = Element::only(field.value, Tag::Sequence).unwrap().children().unwrap().rest(10).unwrap();
        wrap(0xa3, &wrap(0x30, &rewrite(&extensions)))
    });
    let content = wrap(0x30, &rewritten.collect::<Vec<u8>>());
    let signature = raw_signature(world.ca.own(), &content);
    let der = wrap(0x30, &[content.clone(), signed.algorithm.to_der().unwrap(), wrap(0x03, &[vec![0], signature].concat())].concat());
    (content, to_pem("CERTIFICATE", &der))
}

#[test]
fn an_odd_certificate_is_verified_over_its_own_bytes() {
    let world = World::new();
    let (content, pem) = reissued(&world, |extensions| {
        // "critical: false", which DER leaves away, written out.
        let written_out = extensions.iter().flat_map(|extension| match extension.children().unwrap().rest(3).unwrap().as_slice() {
            [name, value] => wrap(0x30, &[name.raw, &[1, 1, 0], value.raw].concat()),
            _ => extension.raw.to_vec(),
        });
        written_out.collect()
    });
    let read = TbsCertificate::from_der(&content).unwrap();
    assert_ne!(read.to_der().unwrap(), content, "else this test would tell nothing");
    assert_eq!(verify_client(&world.trust(), &pem, now()).unwrap().fiscal_code, CODE);
}

#[test]
fn an_extension_stands_once() {
    let world = World::new();
    let all = |extensions: &[Element<'_>]| extensions.iter().flat_map(|extension| extension.raw.to_vec()).collect::<Vec<u8>>();
    let (_, once) = reissued(&world, all);
    assert_eq!(refusal(verify_client(&world.trust(), &once, now())), None);
    let (_, twice) = reissued(&world, |extensions| [all(extensions), extensions[0].raw.to_vec()].concat());
    assert_eq!(refusal(verify_client(&world.trust(), &twice, now())), Some("malformed"));
}

#[test]
fn a_certificate_naming_two_algorithms_is_refused() {
    let world = World::new();
    let der = world.card().der().unwrap();
    let mut fields: Vec<_> = Element::only(&der, Tag::Sequence).unwrap().children().unwrap().rest(3).unwrap().iter().map(|field| field.raw.to_vec()).collect();
    // ecdsa-with-SHA384.
    *fields[1].last_mut().unwrap() = 3;
    let pem = to_pem("CERTIFICATE", &wrap(0x30, &fields.concat()));
    assert_eq!(refusal(verify_client(&world.trust(), &pem, now())), Some("malformed"));
}

/// The issuer's list in which another certificate has that entry extension, signed with what the list itself says and `algorithm` beside it.
fn list_with(world: &World, extension: &[u8], algorithm: Option<u8>) -> Vec<u8> {
    let signed = Signed::parse(&world.ca.crl().unwrap()).unwrap();
    let fields = Element::only(&signed.content, Tag::Sequence).unwrap().children().unwrap().rest(10).unwrap();
    let entry = wrap(0x30, &[&[2, 1, 5], b"\x17\x0d250101000000Z".as_slice(), &wrap(0x30, &wrap(0x30, extension))].concat());
    let content = fields.iter().flat_map(|field| if field.tag == context(0) { [wrap(0x30, &entry), field.raw.to_vec()].concat() } else { field.raw.to_vec() });
    let content = wrap(0x30, &content.collect::<Vec<u8>>());
    let signature = wrap(0x03, &[vec![0], raw_signature(world.ca.own(), &content)].concat());
    let mut beside = signed.algorithm.to_der().unwrap();
    if let Some(last) = algorithm {
        *beside.last_mut().unwrap() = last;
    }
    wrap(0x30, &[content, beside, signature].concat())
}

#[test]
fn a_list_whose_entries_bind_more_than_is_understood_is_none() {
    let world = World::new();
    let of = |extension: &[u8]| {
        let crls = [world.root.crl().unwrap(), list_with(&world, extension, None)];
        refusal(proved(&Trust::parse(&pem_of(&[&world.root, &world.ca]), &crls).unwrap(), &world.signer()))
    };
    // certificateIssuer, that of an indirect list, marked critical and not; then a reason.
    assert_eq!(of(&[6, 3, 0x55, 0x1d, 0x1d, 1, 1, 0xff, 4, 2, 0x30, 0]), Some("revocation-unknown"));
    assert_eq!(of(&[6, 3, 0x55, 0x1d, 0x1d, 4, 2, 0x30, 0]), None);
    assert_eq!(of(&[6, 3, 0x55, 0x1d, 0x15, 1, 1, 0xff, 4, 3, 0x0a, 1, 1]), None);
}

#[test]
fn a_list_naming_two_algorithms_is_refused() {
    let world = World::new();
    let reason = [6, 3, 0x55, 0x1d, 0x15, 4, 3, 0x0a, 1, 1];
    let of = |algorithm| Trust::parse(&pem_of(&[&world.root, &world.ca]), &[list_with(&world, &reason, algorithm)]).err();
    assert_eq!(of(None), None);
    assert_eq!(of(Some(3)), Some(crate::TrustError::Crl { position: 1 }), "ecdsa-with-SHA384");
}
