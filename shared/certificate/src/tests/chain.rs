use super::*;
use crate::limits;
use crate::testing::{AUTHORITY, Key};

#[test]
fn an_unrelated_root_vouches_for_nobody() {
    let (world, other) = (World::new(), World::new());
    let stranger = world.directory.path().join("elsewhere");
    std::fs::create_dir(&stranger).unwrap();
    let root = Authority::root(&stranger, "Unrelated").unwrap();
    assert_eq!(refusal(proved(&trust_in(&[&root]), &world.signer())), Some("untrusted"));
    // The same names with other keys, and the real root sent along.
    assert_eq!(refusal(proved_with(&other.trust(), &world.signer(), &pem_of(&[&world.ca, &world.root]))), Some("untrusted"));
    assert_eq!(refusal(verify_client(&other.trust(), &world.card().pem().unwrap(), now())), Some("untrusted"));
}

#[test]
fn a_certificate_of_its_own_is_not_trusted() {
    let world = World::new();
    let own = Authority::root_of(world.directory.path(), &Request::signature(CODE)).unwrap();
    assert_eq!(refusal(proved(&world.trust(), own.own())), Some("untrusted"));
}

#[test]
fn an_intermediate_may_come_along() {
    let old = Request { until: "20210101000000Z".to_owned(), ..Request::authority("Issuer") };
    let world = World::with(&Request::authority("Root"), &old);
    let renewed = world.root.issue_for(world.ca.own(), &Request::authority("Issuer")).unwrap();
    assert_eq!(refusal(proved(&world.trust(), &world.signer())), Some("expired"));
    assert_eq!(proved_with(&world.trust(), &world.signer(), &renewed.pem().unwrap()).unwrap().fiscal_code, CODE);
    let client = world.card().pem().unwrap() + &renewed.pem().unwrap();
    assert_eq!(verify_client(&world.trust(), &client, now()).unwrap().fiscal_code, CODE);
    // Where the intermediate is not configured, nobody can tell what it revoked.
    let root_only = trust_in(&[&world.root]);
    assert_eq!(refusal(proved(&root_only, &world.signer())), Some("untrusted"));
    assert_eq!(refusal(proved_with(&root_only, &world.signer(), &renewed.pem().unwrap())), Some("revocation-unknown"));
}

#[test]
fn who_is_no_authority_issues_nothing() {
    for extensions in [
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,nonRepudiation\n",
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign\n",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,cRLSign\n",
        "basicConstraints=critical,CA:TRUE\n",
        "keyUsage=critical,keyCertSign\n",
    ] {
        let world = World::with(&Request::authority("Root"), &authority_with("Issuer", extensions));
        assert_eq!(refusal(proved_with(&trust_in(&[&world.root]), &world.signer(), &world.ca.pem().unwrap())), Some("untrusted"), "{extensions}");
    }
}

#[test]
fn a_holder_issues_nothing() {
    let world = World::new();
    let holder = world.ca.subordinate(&Request::signature(CODE)).unwrap();
    let forged = holder.issue(&Request::signature("VRDLCU80A01F205X")).unwrap();
    assert_eq!(refusal(proved_with(&world.trust(), &forged, &holder.pem().unwrap())), Some("untrusted"));
}

#[test]
fn the_path_length_is_kept() {
    let of = |length: u8, deep: bool| {
        let limited = AUTHORITY.replace("CA:TRUE", &format!("CA:TRUE,pathlen:{length}"));
        let world = World::with(&Request::authority("Root"), &authority_with("Issuer", &limited));
        if !deep {
            return refusal(proved(&world.trust(), &world.signer()));
        }
        let below = world.ca.subordinate(&Request::authority("Below")).unwrap();
        let trust = trust_in(&[&world.root, &world.ca, &below]);
        refusal(proved(&trust, &below.issue(&Request::signature(CODE)).unwrap()))
    };
    assert_eq!((of(0, false), of(0, true), of(1, true)), (None, Some("untrusted"), None));
}

#[test]
fn the_roots_path_length_is_kept_too() {
    let limited = AUTHORITY.replace("CA:TRUE", "CA:TRUE,pathlen:0");
    let world = World::with(&authority_with("Root", &limited), &Request::authority("Issuer"));
    assert_eq!(refusal(proved(&world.trust(), &world.signer())), Some("untrusted"));
    assert_eq!(refusal(proved(&world.trust(), &world.root.issue(&Request::signature(CODE)).unwrap())), None);
}

#[test]
fn a_chain_has_an_end() {
    let world = World::new();
    let mut authorities = vec![world.root, world.ca];
    while authorities.len() < limits::CHAIN {
        let below = authorities.last().unwrap().subordinate(&Request::authority(&format!("Below {}", authorities.len()))).unwrap();
        authorities.push(below);
    }
    let trust = trust_in(&authorities.iter().collect::<Vec<_>>());
    let [.., last_but_one, last] = authorities.as_slice() else { panic!() };
    assert_eq!(refusal(proved(&trust, &last_but_one.issue(&Request::signature(CODE)).unwrap())), None);
    assert_eq!(refusal(proved(&trust, &last.issue(&Request::signature(CODE)).unwrap())), Some("untrusted"));
}

#[test]
fn a_circle_of_authorities_leads_nowhere() {
    let world = World::new();
    let stranger = Authority::root(world.directory.path(), "Circle A").unwrap();
    let second = Authority::root(world.directory.path(), "Circle B").unwrap();
    let across: String = (0..4)
        .flat_map(|_| [stranger.issue_for(second.own(), &Request::authority("Circle B")), second.issue_for(stranger.own(), &Request::authority("Circle A"))])
        .map(|issued| issued.unwrap().pem().unwrap())
        .collect();
    let forged = stranger.issue(&Request::signature(CODE)).unwrap();
    assert_eq!(refusal(proved_with(&world.trust(), &forged, &across)), Some("untrusted"));
    // A way out is found at once, and not after all the ways round.
    let way_out = world.root.issue_for(stranger.own(), &Request::authority("Circle A")).unwrap().pem().unwrap();
    let card = stranger.issue(&Request::card(CODE)).unwrap().pem().unwrap();
    let of = |text: String| refusal(verify_client(&world.trust(), &text, now()));
    assert_eq!(of(format!("{card}{way_out}{across}")), Some("revocation-unknown"));
    assert_eq!(of(format!("{card}{across}{way_out}")), Some("untrusted"));
}

#[test]
fn names_must_follow_one_another() {
    let world = World::new();
    let renamed = world.root.issue_for(world.ca.own(), &Request::authority("Another name")).unwrap();
    let trust = Trust::parse(&(world.root.pem().unwrap() + &renamed.pem().unwrap()), &[world.root.crl().unwrap()]).unwrap();
    assert_eq!(refusal(proved(&trust, &world.signer())), Some("untrusted"));
}

#[test]
fn every_certificate_of_the_chain_must_be_valid() {
    let long = || (Request::authority("Root"), Request::authority("Issuer"));
    let expired = |request: Request| Request { until: "20291231000000Z".to_owned(), ..request };
    let future = |request: Request| Request { from: "20300102000000Z".to_owned(), ..request };
    for (root, ca, expected) in [
        (expired(long().0), long().1, "expired"),
        (long().0, expired(long().1), "expired"),
        (future(long().0), long().1, "not-yet-valid"),
        (long().0, future(long().1), "not-yet-valid"),
    ] {
        let world = World::with(&root, &ca);
        assert_eq!(refusal(proved(&world.trust(), &world.signer())), Some(expected));
        assert_eq!(refusal(verify_client(&world.trust(), &world.card().pem().unwrap(), now())), Some(expected));
    }
}

#[test]
fn what_binds_and_is_not_understood_is_refused() {
    for extra in ["1.2.3.4=critical,ASN1:NULL\n", "nameConstraints=permitted;dirName:none\n[none]\n", "policyConstraints=critical,requireExplicitPolicy:0\n"] {
        let world = World::with(&Request::authority("Root"), &authority_with("Issuer", &format!("{AUTHORITY}{extra}")));
        assert_eq!(refusal(proved(&world.trust(), &world.signer())), Some("untrusted"), "{extra}");
    }
    let world = World::new();
    let with = |extra: &str| {
        let request = Request::signature(CODE);
        refusal(world.signed_by(&Request { extensions: format!("{}{extra}", request.extensions), ..request }))
    };
    assert_eq!(with("1.2.3.4=critical,ASN1:NULL\n"), Some("untrusted"));
    assert_eq!(with("1.2.3.4=ASN1:NULL\n"), None);
    assert_eq!(with("certificatePolicies=critical,1.3.76.16.2\n"), None);
}

#[test]
fn an_authority_for_servers_makes_no_cards() {
    let servers = format!("{AUTHORITY}extendedKeyUsage=serverAuth\n");
    let world = World::with(&Request::authority("Root"), &authority_with("Issuer", &servers));
    assert_eq!(refusal(verify_client(&world.trust(), &world.card().pem().unwrap(), now())), Some("untrusted"));
    let clients = format!("{AUTHORITY}extendedKeyUsage=serverAuth,clientAuth\n");
    let world = World::with(&Request::authority("Root"), &authority_with("Issuer", &clients));
    assert_eq!(refusal(verify_client(&world.trust(), &world.card().pem().unwrap(), now())), None);
}

#[test]
fn chains_of_every_accepted_algorithm_verify_and_of_no_other() {
    let rsa = |name: &str| Request { key: Key::Rsa(2048), ..Request::authority(name) };
    let p384 = Request { key: Key::P384, digest: "sha384", ..Request::authority("Issuer") };
    let world = World::with(&Request { pss: true, ..rsa("Root") }, &Request { pss: true, ..p384 });
    assert_eq!(refusal(world.signed_by(&Request { digest: "sha384", ..Request::signature(CODE) })), None);
    assert_eq!(refusal(world.signed_by(&Request { digest: "sha1", ..Request::signature(CODE) })), Some("weak-algorithm"));
    let world = World::with(&rsa("Root"), &Request { digest: "sha1", ..Request::authority("Issuer") });
    assert_eq!(refusal(proved(&world.trust(), &world.signer())), Some("weak-algorithm"));
    let world = World::with(&rsa("Root"), &Request { key: Key::Rsa(1024), ..Request::authority("Issuer") });
    let trust = Trust::parse(&pem_of(&[&world.root, &world.ca]), &[world.root.crl().unwrap()]).unwrap();
    assert_eq!(refusal(proved(&trust, &world.signer())), Some("weak-algorithm"));
}
