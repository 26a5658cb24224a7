use super::*;
use crate::limits;
use crate::testing::{AUTHENTICATION, Key, SIGNATURE};

fn client(world: &World, request: &Request) -> Result<Person, Refusal> {
    verify_client(&world.trust(), &world.ca.issue(request).unwrap().pem().unwrap(), now())
}

#[test]
fn a_card_proves_its_holder() {
    let world = World::new();
    let card = world.card();
    let person = verify_client(&world.trust(), &card.pem().unwrap(), now()).unwrap();
    assert_eq!((person.fiscal_code.as_str(), person.qualified, person.not_after), (CODE, false, at("2048-12-31T23:59:59Z")));
    assert_eq!(person.fingerprint, ring::digest::digest(&ring::digest::SHA256, &card.der().unwrap()).as_ref());
}

#[test]
fn only_an_authentication_certificate_signs_in() {
    let world = World::new();
    let usage = |extensions: &str| refusal(client(&world, &Request { extensions: extensions.to_owned(), ..Request::card(CODE) }));
    assert_eq!(usage(AUTHENTICATION), None);
    assert_eq!(usage(SIGNATURE), Some("wrong-usage"));
    assert_eq!(usage("keyUsage=critical,nonRepudiation\nextendedKeyUsage=clientAuth\n"), Some("wrong-usage"));
    assert_eq!(usage("keyUsage=critical,digitalSignature\n"), Some("wrong-usage"), "no purpose named");
    assert_eq!(usage("keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,emailProtection\n"), Some("wrong-usage"));
    assert_eq!(usage("extendedKeyUsage=clientAuth\n"), Some("wrong-usage"), "no usage named");
    assert_eq!(usage("keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,emailProtection,clientAuth\n"), None);
    assert_eq!(usage(&AUTHENTICATION.replace("CA:FALSE", "CA:TRUE")), Some("wrong-usage"), "an authority");
    let signature = world.signer().pem().unwrap();
    assert_eq!(refusal(verify_client(&world.trust(), &signature, now())), Some("wrong-usage"));
}

#[test]
fn keys_and_digests_must_be_strong() {
    let world = World::new();
    assert_eq!(refusal(client(&world, &Request { key: Key::Rsa(1024), ..Request::card(CODE) })), Some("weak-algorithm"));
    assert_eq!(refusal(client(&world, &Request { key: Key::Rsa(2048), ..Request::card(CODE) })), None);
    assert_eq!(refusal(client(&world, &Request { digest: "sha1", ..Request::card(CODE) })), Some("weak-algorithm"));
}

#[test]
fn the_text_may_be_of_any_layout() {
    let world = World::new();
    let (pem, trust) = (world.card().pem().unwrap(), world.trust());
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let flat = format!("-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----");
    for text in [format!("subject=x\n{pem}\n\n"), pem.replace('\n', "\r\n"), flat, format!("{pem}{}", world.ca.pem().unwrap())] {
        assert_eq!(verify_client(&trust, &text, now()).unwrap().fiscal_code, CODE, "{text}");
    }
    for text in [
        String::new(),
        "x".to_owned(),
        body,
        pem.replace("END", "ENDE"),
        pem.replace("CERTIFICATE", "X509 CRL"),
        pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        pem.replace("BEGIN CERTIFICATE", "BEGIN X509 CRL"),
        pem.replace("MII", "M!I"),
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----".to_owned(),
        format!("{pem}-----BEGIN CERTIFICATE-----"),
    ] {
        assert_eq!(refusal(verify_client(&trust, &text, now())), Some("malformed"), "{text}");
    }
}

#[test]
fn more_than_the_limits_is_refused() {
    let world = World::new();
    let (pem, trust) = (world.card().pem().unwrap(), world.trust());
    let padded = |bytes: usize| format!("{pem}{}", " ".repeat(bytes - pem.len()));
    assert_eq!(refusal(verify_client(&trust, &padded(limits::CLIENT_PEM_BYTES), now())), None);
    assert_eq!(refusal(verify_client(&trust, &padded(limits::CLIENT_PEM_BYTES + 1), now())), Some("malformed"));
    assert_eq!(refusal(verify_client(&trust, &pem.repeat(limits::SENT_CERTIFICATES), now())), None);
    assert_eq!(refusal(verify_client(&trust, &pem.repeat(limits::SENT_CERTIFICATES + 1), now())), Some("malformed"));
    let padding = format!("{AUTHENTICATION}nsComment={}\n", "x".repeat(limits::CERTIFICATE_BYTES));
    assert_eq!(refusal(client(&world, &Request { extensions: padding, ..Request::card(CODE) })), Some("malformed"));
}

#[test]
fn the_fiscal_code_stands_in_the_common_name_or_the_serial_number() {
    let world = World::new();
    let of = |subject: &str| client(&world, &Request::new(subject, AUTHENTICATION)).map(|person| person.fiscal_code);
    for subject in [
        "/CN=RSSMRA85C57H501V\\/6090010000000000.abc=",
        "/CN=rssmra85c57h501v\\/6090010000000000.abc\\/\\+=",
        "/CN=MARIA ROSSI/serialNumber=TINIT-RSSMRA85C57H501V",
        "/CN=MARIA ROSSI/serialNumber=IT:RSSMRA85C57H501V",
        "/serialNumber=RSSMRA85C57H501V",
        "/CN=RSSMRA85C57H501V\\/6090010000000000.abc=/serialNumber=TINIT-RSSMRA85C57H501V",
        // The card's own number.
        "/CN=RSSMRA85C57H501V\\/6090010000000000.abc=/serialNumber=CA12345AA",
    ] {
        assert_eq!(of(subject).as_deref(), Ok(CODE), "{subject}");
    }
    for subject in [
        "/CN=RSSMRA85C57H501V",
        "/CN=RSSMRA85C57H501V\\/",
        "/CN=6090010000000000.abc=\\/RSSMRA85C57H501V",
        "/CN=XRSSMRA85C57H501V\\/6090010000000000.abc=",
        "/GN=RSSMRA85C57H501V/O=RSSMRA85C57H501V/OU=RSSMRA85C57H501V\\/6090010000000000.abc=/CN=MARIA ROSSI",
        "/CN=RSSMRA85C57H501V\\/1.a/CN=VRDLCU80A01F205X\\/1.a",
        "/CN=RSSMRA85C57H501V\\/1.a/CN=MARIA ROSSI",
        "/CN=RSSMRA85C57H501V\\/1.a/serialNumber=TINIT-VRDLCU80A01F205X",
        "/CN=RSSMRA85C57H501V\\/1.a/serialNumber=VRDLCU80A01F205X",
        "/CN=RSSMRA85C57H501V\\/1.a/serialNumber=PASIT-AA1234567",
        "/CN=RSSMRA85C57H501V\\/1.a/serialNumber=TINDE-RSSMRA85C57H501V",
        "/CN=MARIA ROSSI/serialNumber=TINIT-RSSMRA85C57H501V/serialNumber=TINIT-RSSMRA85C57H501V",
        "/CN=MARIA ROSSI/serialNumber=IDCIT-CA12345AA",
    ] {
        assert_eq!(of(subject), Err(Refusal::NoFiscalCode), "{subject}");
    }
}
