use super::*;
use crate::testing::Crl;
use crate::trust::TrustError;

impl World {
    fn trust_with(&self, crls: &[Vec<u8>]) -> Result<Trust, TrustError> {
        Trust::parse(&pem_of(&[&self.root, &self.ca]), crls)
    }

    /// What becomes of a good signature when these are the lists.
    fn with_crls(&self, crls: &[Vec<u8>]) -> Option<&'static str> {
        refusal(proved(&self.trust_with(crls).unwrap(), &self.signer()))
    }
}

#[test]
fn a_revoked_certificate_is_refused_and_no_other() {
    let world = World::new();
    let (signer, other, card) = (world.signer(), world.signer(), world.card());
    world.ca.revoke(&signer, "keyCompromise").unwrap();
    world.ca.revoke(&card, "unspecified").unwrap();
    let trust = world.trust();
    assert_eq!(refusal(proved(&trust, &signer)), Some("revoked"));
    assert_eq!(refusal(verify_client(&trust, &card.pem().unwrap(), now())), Some("revoked"));
    assert_eq!(refusal(proved(&trust, &other)), None);
}

#[test]
fn a_certificate_on_hold_is_refused_until_it_is_removed() {
    let world = World::new();
    let signer = world.signer();
    world.ca.revoke(&signer, "certificateHold").unwrap();
    assert_eq!(refusal(proved(&world.trust(), &signer)), Some("revoked"));
    let world = World::new();
    let signer = world.signer();
    world.ca.revoke(&signer, "removeFromCRL").unwrap();
    assert_eq!(refusal(proved(&world.trust(), &signer)), None);
}

#[test]
fn a_revoked_authority_takes_its_holders_along() {
    let world = World::new();
    world.root.revoke(world.ca.own(), "CACompromise").unwrap();
    assert_eq!(refusal(proved(&world.trust(), &world.signer())), Some("revoked"));
}

#[test]
fn a_serial_number_counts_for_its_issuer_alone() {
    let world = World::new();
    let of_root = world.root.issue(&Request::signature(CODE)).unwrap();
    let serial = |issued: &Issued| proved(&world.trust(), issued).unwrap().serial;
    // The books of both begin at one number.
    let revoked = std::iter::repeat_with(|| world.signer()).take(9).find(|issued| serial(issued) == serial(&of_root)).unwrap();
    let revoked = &revoked;
    world.ca.revoke(revoked, "keyCompromise").unwrap();
    assert_eq!(refusal(proved(&world.trust(), &of_root)), None);
    assert_eq!(refusal(proved(&world.trust(), revoked)), Some("revoked"));
}

#[test]
fn without_a_list_nothing_is_known() {
    let world = World::new();
    let (root, ca) = (world.root.crl().unwrap(), world.ca.crl().unwrap());
    assert_eq!(world.with_crls(&[]), Some("revocation-unknown"));
    assert_eq!(world.with_crls(std::slice::from_ref(&root)), Some("revocation-unknown"), "the holder's");
    assert_eq!(world.with_crls(std::slice::from_ref(&ca)), Some("revocation-unknown"), "the intermediate's");
    assert_eq!(world.with_crls(&[root, ca]), None);
}

#[test]
fn a_list_holds_for_its_time() {
    let world = World::new();
    let crl = |from, until| world.ca.crl_of(&Crl { from, until, ..Crl::default() }).unwrap();
    let of = |crl: Vec<u8>| world.with_crls(&[world.root.crl().unwrap(), crl]);
    assert_eq!(of(crl("20291231000000Z", "20300101000000Z")), None);
    assert_eq!(of(crl("20291231000000Z", "20291231235959Z")), Some("revocation-unknown"), "stale");
    assert_eq!(of(crl("20300101000000Z", "20300102000000Z")), None);
    assert_eq!(of(crl("20300101000001Z", "20300102000000Z")), Some("revocation-unknown"), "of the future");
    let stale_root = world.root.crl_of(&Crl { until: "20291231235959Z", ..Crl::default() }).unwrap();
    assert_eq!(world.with_crls(&[stale_root, world.ca.crl().unwrap()]), Some("revocation-unknown"), "the root's is stale");
}

#[test]
fn the_newest_list_counts() {
    let world = World::new();
    let signer = world.signer();
    let of = |crls: [&Vec<u8>; 2]| refusal(proved(&world.trust_with(&[world.root.crl().unwrap(), crls[0].clone(), crls[1].clone()]).unwrap(), &signer));
    let older = world.ca.crl_of(&Crl { from: "20290101000000Z", ..Crl::default() }).unwrap();
    world.ca.revoke(&signer, "superseded").unwrap();
    let newer = world.ca.crl_of(&Crl { from: "20290201000000Z", ..Crl::default() }).unwrap();
    let stale = world.ca.crl_of(&Crl { from: "20290301000000Z", until: "20290401000000Z", ..Crl::default() }).unwrap();
    let future = world.ca.crl_of(&Crl { from: "20310301000000Z", ..Crl::default() }).unwrap();
    assert_eq!(of([&older, &newer]), Some("revoked"));
    assert_eq!(of([&newer, &older]), Some("revoked"));
    assert_eq!(of([&older, &stale]), Some("revocation-unknown"), "a newer one was there, so the older one is not the last word");
    assert_eq!(of([&older, &future]), None);
}

#[test]
fn a_list_that_is_only_a_part_is_none() {
    let world = World::new();
    let part = |extensions| world.ca.crl_of(&Crl { extensions, ..Crl::default() }).unwrap();
    for extensions in [
        "issuingDistributionPoint=critical,@point\n[point]\nfullname=URI:http://crl.example/1\n",
        "issuingDistributionPoint=@point\n[point]\nonlyuser=TRUE\n",
        "2.5.29.27=critical,ASN1:INT:1\n",
        "2.5.29.27=ASN1:INT:1\n",
        "1.2.3.4=critical,ASN1:NULL\n",
    ] {
        let list = part(extensions);
        assert_eq!(world.with_crls(&[world.root.crl().unwrap(), list.clone()]), Some("revocation-unknown"), "{extensions}");
        assert_eq!(world.with_crls(&[world.root.crl().unwrap(), list, world.ca.crl().unwrap()]), None, "beside a complete one");
    }
    assert_eq!(world.with_crls(&[world.root.crl().unwrap(), part("1.2.3.4=ASN1:NULL\n")]), None);
}

#[test]
fn a_list_of_a_stranger_is_refused() {
    let (world, other) = (World::new(), World::new());
    let stranger = Authority::root(world.directory.path(), "Stranger").unwrap();
    let root = world.root.crl().unwrap();
    let of = |crl: Vec<u8>| world.trust_with(&[root.clone(), crl]).err();
    assert_eq!(of(stranger.crl().unwrap()), Some(TrustError::CrlIssuerUnknown { position: 2 }));
    assert_eq!(of(other.ca.crl().unwrap()), Some(TrustError::CrlSignature { position: 2 }), "of the same name, by another key");
    assert_eq!(of(world.ca.crl_of(&Crl { digest: "sha1", ..Crl::default() }).unwrap()), Some(TrustError::CrlSignature { position: 2 }));
    let mut altered = world.ca.crl().unwrap();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(of(altered), Some(TrustError::CrlSignature { position: 2 }));
    assert_eq!(of(b"junk".to_vec()), Some(TrustError::Crl { position: 2 }));
    let silent = World::with(&Request::authority("Root"), &authority_with("Issuer", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"));
    let by_silent = silent.trust_with(&[silent.ca.crl().unwrap()]).err();
    assert_eq!(by_silent, Some(TrustError::CrlSignature { position: 1 }), "an authority that may not sign lists");
}

#[test]
fn an_authority_of_the_same_name_does_not_speak_for_another() {
    let (world, other) = (World::new(), World::new());
    let pem = pem_of(&[&world.root, &other.root]);
    let signer = world.root.issue(&Request::signature(CODE)).unwrap();
    let of = |crl: Vec<u8>| refusal(proved(&Trust::parse(&pem, &[crl]).unwrap(), &signer));
    assert_eq!(of(other.root.crl().unwrap()), Some("revocation-unknown"));
    assert_eq!(of(world.root.crl().unwrap()), None);
}

#[test]
fn a_list_may_be_pem() {
    let world = World::new();
    let der = world.ca.crl().unwrap();
    let pem = to_pem("X509 CRL", &der);
    assert_eq!(world.with_crls(&[world.root.crl().unwrap(), pem.into_bytes()]), None);
}
