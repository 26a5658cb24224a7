use super::*;
use crate::testing::{AUTHENTICATION, Key, SIGNATURE, openssl};

fn openssl_says(issued: &Issued, what: &[&str]) -> String {
    let arguments = ["x509", "-noout", "-in"].into_iter().map(std::ffi::OsStr::new).chain([issued.path().as_os_str()]);
    let text = openssl(std::path::Path::new("."), arguments.chain(what.iter().map(std::ffi::OsStr::new))).unwrap();
    String::from_utf8(text).unwrap().split_once('=').unwrap().1.trim().to_owned()
}

fn detached() -> Signing<'static> {
    Signing { flags: &["-cades"], ..Signing::default() }
}

#[test]
fn attached_and_detached_prove_the_person_of_the_certificate() {
    let world = World::new();
    let signer = world.signer();
    for how in [Signing::default(), detached()] {
        let person = verify_signature(&world.trust(), &signer.sign(CONTENT, &how).unwrap(), CONTENT, now()).unwrap();
        assert_eq!(person.fiscal_code, CODE);
        assert_eq!(person.serial, openssl_says(&signer, &["-serial"]).to_lowercase());
        assert_eq!(person.issuer, openssl_says(&signer, &["-issuer", "-nameopt", "RFC2253"]));
        assert_eq!(person.not_after, at("2048-12-31T23:59:59Z"));
        let fingerprint: Vec<String> = person.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(fingerprint.join(":"), openssl_says(&signer, &["-fingerprint", "-sha256"]));
        assert!(person.qualified);
    }
}

#[test]
fn a_certificate_need_not_be_qualified_but_it_is_told() {
    let world = World::new();
    let plain = "basicConstraints=CA:FALSE\nkeyUsage=critical,nonRepudiation\n";
    let person = world.signed_by(&Request { extensions: plain.to_owned(), ..Request::signature(CODE) }).unwrap();
    assert!(!person.qualified);
    // esi4-qcStatement-4, which speaks of the device, is not esi4-qcStatement-1.
    let other = format!("{plain}1.3.6.1.5.5.7.1.3=DER:300A3008060604008E460104\n");
    assert!(!world.signed_by(&Request { extensions: other, ..Request::signature(CODE) }).unwrap().qualified);
}

#[test]
fn every_accepted_algorithm_verifies() {
    let world = World::new();
    let pss: &[&str] = &["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"];
    let rsa = world.ca.issue(&Request { key: Key::Rsa(2048), ..Request::signature(CODE) }).unwrap();
    let p256 = world.signer();
    let p384 = world.ca.issue(&Request { key: Key::P384, ..Request::signature(CODE) }).unwrap();
    for digest in ["sha256", "sha384", "sha512"] {
        for key_options in [&[], pss] {
            let cms = rsa.sign(CONTENT, &Signing { digest, key_options, ..Signing::default() }).unwrap();
            assert_eq!(refusal(verify_signature(&world.trust(), &cms, CONTENT, now())), None, "{digest} {key_options:?}");
        }
        for signer in [&p256, &p384] {
            let cms = signer.sign(CONTENT, &Signing { digest, ..Signing::default() }).unwrap();
            // ring has no ECDSA with SHA-512.
            let expected = (digest == "sha512").then_some("weak-algorithm");
            assert_eq!(refusal(verify_signature(&world.trust(), &cms, CONTENT, now())), expected, "{digest}");
        }
    }
}

#[test]
fn weak_digests_keys_and_salts_are_refused() {
    let world = World::new();
    let rsa = world.ca.issue(&Request { key: Key::Rsa(2048), ..Request::signature(CODE) }).unwrap();
    let short = world.ca.issue(&Request { key: Key::Rsa(1024), ..Request::signature(CODE) }).unwrap();
    let nearly = world.ca.issue(&Request { key: Key::Rsa(2040), ..Request::signature(CODE) }).unwrap();
    let of = |signer: &Issued, how: &Signing<'_>| refusal(verify_signature(&world.trust(), &signer.sign(CONTENT, how).unwrap(), CONTENT, now()));
    for digest in ["sha1", "md5", "sha224"] {
        assert_eq!(of(&rsa, &Signing { digest, ..Signing::default() }), Some("weak-algorithm"), "{digest}");
    }
    assert_eq!(of(&short, &Signing::default()), Some("weak-algorithm"));
    assert_eq!(of(&nearly, &Signing::default()), Some("weak-algorithm"));
    // 20 is the default, which is left out.
    for salt in ["rsa_pss_saltlen:20", "rsa_pss_saltlen:48", "rsa_pss_saltlen:max"] {
        let options: &[&str] = &["rsa_padding_mode:pss", salt];
        assert_eq!(of(&rsa, &Signing { key_options: options, ..Signing::default() }), Some("weak-algorithm"), "{salt}");
    }
    for mask in ["rsa_mgf1_md:sha1", "rsa_mgf1_md:sha384"] {
        let options: &[&str] = &["rsa_padding_mode:pss", "rsa_pss_saltlen:digest", mask];
        assert_eq!(of(&rsa, &Signing { key_options: options, ..Signing::default() }), Some("weak-algorithm"), "{mask}");
    }
}

#[test]
fn a_signer_may_be_named_by_its_key() {
    let world = World::new();
    let how = Signing { flags: &["-nodetach", "-cades", "-keyid"], ..Signing::default() };
    let cms = world.signer().sign(CONTENT, &how).unwrap();
    assert_eq!(verify_signature(&world.trust(), &cms, CONTENT, now()).unwrap().fiscal_code, CODE);
}

#[test]
fn other_content_is_refused() {
    let world = World::new();
    let signer = world.signer();
    for how in [Signing::default(), detached()] {
        let cms = signer.sign(CONTENT, &how).unwrap();
        for content in [&b""[..], b"sign-in 7f3b", &CONTENT[1..]] {
            assert_eq!(refusal(verify_signature(&world.trust(), &cms, content, now())), Some("content-differs"));
        }
    }
    // The content sent and the one asked for agree, the one that was signed is another.
    let mut cms = signer.sign(CONTENT, &Signing::default()).unwrap();
    let place = find(&cms, CONTENT);
    cms[place] = b'S';
    let asked = cms[place..place + CONTENT.len()].to_vec();
    assert_eq!(refusal(verify_signature(&world.trust(), &cms, &asked, now())), Some("content-differs"));
}

#[test]
fn an_altered_signature_or_attribute_is_refused() {
    let world = World::new();
    let cms = world.signer().sign(CONTENT, &Signing::default()).unwrap();
    let mut altered = cms.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(refusal(verify_signature(&world.trust(), &altered, CONTENT, now())), Some("signature-wrong"));
    // The signing time, of which only the signature speaks.
    let mut altered = cms;
    let signing_time = find(&altered, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05]);
    altered[signing_time + 20] ^= 1;
    assert_eq!(refusal(verify_signature(&world.trust(), &altered, CONTENT, now())), Some("signature-wrong"));
}

#[test]
fn what_is_no_cades_bes_of_one_signer_is_refused() {
    let world = World::new();
    let (signer, second) = (world.signer(), world.signer());
    let of = |how: &Signing<'_>| refusal(verify_signature(&world.trust(), &signer.sign(CONTENT, how).unwrap(), CONTENT, now()));
    assert_eq!(of(&Signing { flags: &["-nodetach"], ..Signing::default() }), Some("malformed"), "no signing certificate");
    assert_eq!(of(&Signing { flags: &["-nodetach", "-noattr"], ..Signing::default() }), Some("malformed"), "no attributes");
    assert_eq!(of(&Signing { flags: &["-nodetach", "-cades", "-nocerts"], ..Signing::default() }), Some("malformed"), "no certificate");
    let time_stamp: &[&str] = &["-nodetach", "-cades", "-econtent_type", "1.2.840.113549.1.9.16.1.4"];
    assert_eq!(of(&Signing { flags: time_stamp, ..Signing::default() }), Some("malformed"), "a time stamp");
    assert_eq!(of(&Signing { with: Some(&second), ..Signing::default() }), Some("more-than-one-signer"));
    for junk in [&b""[..], b"0", &[0x30, 0x80, 0, 0], &[0x30, 0], &[0xff; 64]] {
        assert_eq!(refusal(verify_signature(&world.trust(), junk, CONTENT, now())), Some("malformed"));
    }
}

#[test]
fn another_certificate_of_the_key_cannot_take_the_signers_place() {
    let world = World::new();
    let signer = world.signer();
    let other = world.ca.issue_for(&signer, &Request::signature("VRDLCU80A01F205X")).unwrap();
    let how = Signing { flags: &["-nodetach", "-cades", "-keyid", "-nocerts"], chain: &other.pem().unwrap(), ..Signing::default() };
    let cms = signer.sign(CONTENT, &how).unwrap();
    assert_eq!(refusal(verify_signature(&world.trust(), &cms, CONTENT, now())), Some("signature-wrong"));
    let how = Signing { chain: &signer.pem().unwrap(), ..how };
    assert_eq!(verify_signature(&world.trust(), &signer.sign(CONTENT, &how).unwrap(), CONTENT, now()).unwrap().fiscal_code, CODE);
}

#[test]
fn only_a_signature_certificate_signs() {
    let world = World::new();
    assert_eq!(refusal(proved(&world.trust(), &world.card())), Some("wrong-usage"));
    let usage = |extensions: &str| refusal(world.signed_by(&Request { extensions: extensions.to_owned(), ..Request::signature(CODE) }));
    assert_eq!(usage("basicConstraints=CA:FALSE\n"), Some("wrong-usage"), "no usage named");
    assert_eq!(usage(AUTHENTICATION), Some("wrong-usage"));
    assert_eq!(usage("keyUsage=critical,nonRepudiation,digitalSignature\n"), None);
    assert_eq!(usage("basicConstraints=CA:TRUE\nkeyUsage=critical,nonRepudiation,keyCertSign\n"), Some("wrong-usage"), "an authority");
    assert_eq!(usage(SIGNATURE), None);
}

#[test]
fn validity_holds_to_the_second() {
    let world = World::new();
    let request = Request { from: "20290601120000Z".to_owned(), until: "20310601120000Z".to_owned(), ..Request::signature(CODE) };
    let cms = world.ca.issue(&request).unwrap().sign(CONTENT, &Signing::default()).unwrap();
    for (instant, expected) in [
        ("2029-06-01T11:59:59Z", Some("not-yet-valid")),
        ("2029-06-01T12:00:00Z", None),
        ("2031-06-01T12:00:00Z", None),
        ("2031-06-01T12:00:01Z", Some("expired")),
    ] {
        assert_eq!(refusal(verify_signature(&world.trust(), &cms, CONTENT, at(instant))), expected, "{instant}");
    }
}

#[test]
fn the_fiscal_code_stands_in_the_serial_number_alone() {
    let world = World::new();
    let of = |subject: &str| world.signed_by(&Request::new(subject, SIGNATURE)).map(|person| person.fiscal_code);
    for subject in [
        "/serialNumber=TINIT-RSSMRA85C57H501V",
        "/serialNumber=IT:RSSMRA85C57H501V",
        "/serialNumber=TINIT-rssmra85c57h501v",
        // Whatever the others say.
        "/CN=VRDLCU80A01F205X\\/1.a/GN=TINIT-VRDLCU80A01F205X/serialNumber=TINIT-RSSMRA85C57H501V",
        "/CN=A/CN=B/serialNumber=TINIT-RSSMRA85C57H501V",
    ] {
        assert_eq!(of(subject).as_deref(), Ok(CODE), "{subject}");
    }
    for subject in [
        "/CN=RSSMRA85C57H501V",
        "/CN=RSSMRA85C57H501V\\/6090010000000000.abc=",
        "/CN=TINIT-RSSMRA85C57H501V/GN=TINIT-RSSMRA85C57H501V/O=TINIT-RSSMRA85C57H501V/dnQualifier=TINIT-RSSMRA85C57H501V",
        "/serialNumber=RSSMRA85C57H501V",
        "/serialNumber=PASIT-RSSMRA85C57H501V",
        "/serialNumber=IDCIT-RSSMRA85C57H501V",
        "/serialNumber=TINDE-RSSMRA85C57H501V",
        "/serialNumber=DE:RSSMRA85C57H501V",
        "/serialNumber=TINIT-12345678901",
        "/serialNumber=TINIT-RSSMRA85C57H501",
        "/serialNumber=TINIT-RSSMRA85C57H501VV",
        "/serialNumber=TINIT-RSSMRA85F57H501V",
        "/serialNumber= TINIT-RSSMRA85C57H501V",
        "/serialNumber=TINIT-RSSMRA85C57H501V/serialNumber=TINIT-RSSMRA85C57H501V",
        "/serialNumber=TINIT-RSSMRA85C57H501V/serialNumber=TINIT-VRDLCU80A01F205X",
        "/serialNumber=TINIT-RSSMRA85C57H501V+serialNumber=PASIT-AA1234567",
    ] {
        assert_eq!(of(subject), Err(Refusal::NoFiscalCode), "{subject}");
    }
}

fn find(within: &[u8], what: &[u8]) -> usize {
    within.windows(what.len()).position(|window| window == what).unwrap()
}
