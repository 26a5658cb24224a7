use super::*;
use std::ops::Range;

use crate::asn1::context;
use crate::limits;
use der::Tag;
use proptest::prelude::*;

use crate::asn1::Element;

/// A good signature, and which of its bytes somebody signed.
struct Good {
    trust: Trust,
    cms: Vec<u8>,
    person: Person,
    signed: Vec<Range<usize>>,
}

fn good(key: crate::testing::Key) -> Good {
    let world = World::new();
    let signer = world.ca.issue(&Request { key, ..Request::signature(CODE) }).unwrap();
    let cms = signer.sign(CONTENT, &Signing::default()).unwrap();
    let trust = world.trust();
    let person = verify_signature(&trust, &cms, CONTENT, now()).unwrap();
    let place = |part: &[u8]| {
        let start = cms.windows(part.len()).position(|window| window == part).unwrap();
        start..start + part.len()
    };
    let signed = vec![place(CONTENT), place(&signer.der().unwrap()), place(signer_field(&cms, context(0))), place(signer_field(&cms, Tag::OctetString))];
    Good { trust, cms, person, signed }
}

fn signer_field(cms: &[u8], tag: Tag) -> &[u8] {
    let outer = Element::only(cms, Tag::Sequence).unwrap();
    let data = outer.children().unwrap().rest(9).unwrap()[1];
    let signers = *Element::only(data.value, Tag::Sequence).unwrap().children().unwrap().rest(9).unwrap().last().unwrap();
    let signer = Element::only(signers.value, Tag::Sequence).unwrap();
    signer.children().unwrap().rest(9).unwrap().iter().find(|field| field.tag == tag).unwrap().raw
}

impl Good {
    fn check(&self, altered: &[u8], place: usize) {
        match verify_signature(&self.trust, altered, CONTENT, now()) {
            Err(_) => {}
            Ok(person) => {
                assert!(!self.signed.iter().any(|range| range.contains(&place)), "byte {place} is signed");
                assert_eq!(person, self.person, "byte {place}");
            }
        }
    }
}

#[test]
fn no_altered_byte_of_what_is_signed_passes() {
    for key in [crate::testing::Key::P256, crate::testing::Key::Rsa(2048)] {
        let good = good(key);
        assert!(good.signed.iter().map(Range::len).sum::<usize>() * 10 > good.cms.len() * 8, "most bytes are signed");
        for place in 0..good.cms.len() {
            for mask in [0x01, 0x80] {
                let mut altered = good.cms.clone();
                altered[place] ^= mask;
                good.check(&altered, place);
            }
        }
    }
}

#[test]
fn no_beginning_passes_and_nothing_may_follow() {
    let good = good(crate::testing::Key::P256);
    for length in 0..good.cms.len() {
        assert!(verify_signature(&good.trust, &good.cms[..length], CONTENT, now()).is_err(), "{length}");
    }
    let longer = [good.cms.as_slice(), &[0]].concat();
    assert_eq!(refusal(verify_signature(&good.trust, &longer, CONTENT, now())), Some("malformed"));
}

#[test]
fn any_bytes_are_read_without_a_fall() {
    let good = good(crate::testing::Key::P256);
    let world = World::new();
    let (crl, pem) = (world.root.crl().unwrap(), world.root.pem().unwrap());
    let card = world.card().der().unwrap();
    let length = good.cms.len();
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let cut = (any::<prop::sample::Index>(), 0usize..40, proptest::collection::vec(any::<u8>(), 0..40));
    proptest!(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() }, |(edits in edits, cut in cut, junk in proptest::collection::vec(any::<u8>(), 0..200))| {
        let mut altered = good.cms.clone();
        for (place, byte) in &edits {
            altered[place.index(length)] = *byte;
        }
        let signed = |place: usize| good.signed.iter().any(|range| range.contains(&place));
        let changed = (0..length).any(|place| altered[place] != good.cms[place] && signed(place));
        match verify_signature(&good.trust, &altered, CONTENT, now()) {
            Ok(person) => {
                prop_assert!(!changed);
                prop_assert_eq!(&person, &good.person);
            }
            Err(_) => prop_assert!(altered != good.cms),
        }
        // Bytes cut out, and others put in.
        let start = cut.0.index(length);
        let end = (start + cut.1).min(length);
        let spliced = [&good.cms[..start], &cut.2, &good.cms[end..]].concat();
        if let Ok(person) = verify_signature(&good.trust, &spliced, CONTENT, now()) {
            prop_assert_eq!(&person, &good.person);
        }
        prop_assert!(verify_signature(&good.trust, &junk, CONTENT, now()).is_err());
        let mut list = crl.clone();
        let mut certificate = card.clone();
        for (place, byte) in &edits {
            list[place.index(crl.len())] = *byte;
            certificate[place.index(card.len())] = *byte;
        }
        prop_assert_eq!(Trust::parse(&pem, std::slice::from_ref(&list)).is_ok(), list == crl);
        let text = to_pem("CERTIFICATE", &certificate);
        let _ = Trust::parse(&text, &[]);
        prop_assert!(verify_client(&good.trust, &text, now()).is_err());
        let _ = verify_client(&good.trust, &String::from_utf8_lossy(&junk), now());
    });
}

#[test]
fn more_than_the_limits_is_refused() {
    let world = World::new();
    let signer = world.signer();
    let at_most = |bytes: usize| {
        let content = vec![b'x'; bytes];
        let cms = signer.sign(&content, &Signing::default()).unwrap();
        (cms.len(), refusal(verify_signature(&world.trust(), &cms, &content, now())))
    };
    let (length, refused) = at_most(limits::CMS_BYTES - 2_000);
    assert_eq!(refused, None);
    let full = limits::CMS_BYTES - 2_000 + limits::CMS_BYTES - length;
    // An ECDSA signature's length varies by a byte or two.
    assert_eq!(at_most(full - 8).1, None);
    assert_eq!(at_most(full + 8).1, Some("malformed"));
    let chain = |sent: usize| (0..sent).map(|_| world.signer().pem().unwrap()).collect::<String>();
    assert_eq!(refusal(proved_with(&world.trust(), &signer, &chain(limits::SENT_CERTIFICATES - 1))), None);
    assert_eq!(refusal(proved_with(&world.trust(), &signer, &chain(limits::SENT_CERTIFICATES))), Some("malformed"));
}
