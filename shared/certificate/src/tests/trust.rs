use super::*;
use crate::testing::Key;
use crate::trust::TrustError;

fn parse(pem: &str) -> Option<TrustError> {
    Trust::parse(pem, &[]).err()
}

#[test]
fn it_is_shared_among_threads() {
    fn shareable<T: Send + Sync + Clone + 'static>(_: &T) {}
    let world = World::new();
    let trust = world.trust();
    shareable(&trust);
    let (shared, card) = (trust.clone(), world.card().pem().unwrap());
    let person = std::thread::spawn(move || verify_client(&shared, &card, now())).join().unwrap();
    assert_eq!(person.unwrap().fiscal_code, CODE);
}

#[test]
fn authorities_are_authorities_and_one_is_a_root() {
    let world = World::new();
    let (root, ca) = (world.root.pem().unwrap(), world.ca.pem().unwrap());
    assert_eq!(parse(&format!("{ca}{root}{root}{ca}")), None);
    assert_eq!(parse(""), Some(TrustError::NoRoot));
    assert_eq!(parse(&ca), Some(TrustError::NoRoot));
    assert_eq!(parse(&(root.clone() + &world.signer().pem().unwrap())), Some(TrustError::NotAnAuthority { position: 2 }));
    assert_eq!(parse(&root.replace("BEGIN", "BEGUN")), Some(TrustError::NoRoot));
    assert_eq!(parse(&root.replace("END", "ENDED")), Some(TrustError::Pem));
    let junk = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    assert_eq!(parse(&(root + junk)), Some(TrustError::Authority { position: 2 }));
}

#[test]
fn a_weak_root_is_refused() {
    let world = World::new();
    for weak in [Request { key: Key::Rsa(1024), ..Request::authority("Weak") }, Request { digest: "sha1", ..Request::authority("Weak") }] {
        let root = Authority::root_of(world.directory.path(), &weak).unwrap();
        assert_eq!(parse(&(world.root.pem().unwrap() + &root.pem().unwrap())), Some(TrustError::WeakAuthority { position: 2 }));
    }
}

#[test]
fn a_new_key_that_the_old_one_vouches_for_is_no_root() {
    let world = World::new();
    let new = world.root.subordinate(&Request::authority("Root")).unwrap();
    assert_eq!(parse(&new.pem().unwrap()), Some(TrustError::NoRoot));
    let signer = new.issue(&Request::signature(CODE)).unwrap();
    assert_eq!(refusal(proved(&trust_in(&[&world.root, &new]), &signer)), None);
    // Its own certificate is below the old key, whose list therefore must be there.
    let without_old_list = Trust::parse(&pem_of(&[&world.root, &new]), &[new.crl().unwrap()]).unwrap();
    assert_eq!(refusal(proved(&without_old_list, &signer)), Some("revocation-unknown"));
}
