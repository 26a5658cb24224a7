//! What is asked of the whole crate: nothing here is a certificate that some other code wrote, everything is made by `openssl`.

mod chain;
mod client;
mod encoding;
mod forged;
mod hostile;
mod revocation;
mod signature;
mod trust;

use std::ffi::OsStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::testing::{Authority, Issued, Request, Signing, openssl};
use crate::{Person, Refusal, Trust, verify_client, verify_signature};

const CODE: &str = "RSSMRA85C57H501V";
const CONTENT: &[u8] = b"sign-in 7f3a: counter.example, 2030-01-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2030-01-01T00:00:00Z")
}

/// A root and an authority below it.
struct World {
    directory: TempDir,
    root: Authority,
    ca: Authority,
}

impl World {
    fn new() -> Self {
        Self::with(&Request::authority("Root"), &Request::authority("Issuer"))
    }

    fn with(root: &Request, ca: &Request) -> Self {
        let directory = TempDir::new().unwrap();
        let root = Authority::root_of(directory.path(), root).unwrap();
        let ca = root.subordinate(ca).unwrap();
        Self { directory, root, ca }
    }

    fn trust(&self) -> Trust {
        trust_in(&[&self.root, &self.ca])
    }

    fn signer(&self) -> Issued {
        self.ca.issue(&Request::signature(CODE)).unwrap()
    }

    fn card(&self) -> Issued {
        self.ca.issue(&Request::card(CODE)).unwrap()
    }

    /// Whom a signature certificate of that request proves.
    fn signed_by(&self, request: &Request) -> Result<Person, Refusal> {
        proved(&self.trust(), &self.ca.issue(request).unwrap())
    }
}

fn trust_in(authorities: &[&Authority]) -> Trust {
    let crls: Vec<_> = authorities.iter().map(|authority| authority.crl().unwrap()).collect();
    Trust::parse(&pem_of(authorities), &crls).unwrap()
}

fn pem_of(authorities: &[&Authority]) -> String {
    authorities.iter().map(|authority| authority.pem().unwrap()).collect()
}

/// Whom a signature with that certificate proves.
fn proved(trust: &Trust, signer: &Issued) -> Result<Person, Refusal> {
    proved_with(trust, signer, "")
}

/// The same, with the certificates of `chain` sent along.
fn proved_with(trust: &Trust, signer: &Issued, chain: &str) -> Result<Person, Refusal> {
    let cms = signer.sign(CONTENT, &Signing { chain, ..Signing::default() }).unwrap();
    verify_signature(trust, &cms, CONTENT, now())
}

fn authority_with(name: &str, extensions: &str) -> Request {
    Request { extensions: extensions.to_owned(), ..Request::authority(name) }
}

fn refusal<T>(result: Result<T, Refusal>) -> Option<&'static str> {
    result.err().map(Refusal::code)
}

fn to_pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A DER element.
fn wrap(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    let header = match value.len() {
        0..128 => vec![tag, length[1]],
        128..256 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [header, value.to_vec()].concat()
}

/// The signature of any bytes by the key of `issued`, with SHA-256.
fn raw_signature(issued: &Issued, bytes: &[u8]) -> Vec<u8> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("content");
    std::fs::write(&file, bytes).unwrap();
    openssl(directory.path(), [OsStr::new("dgst"), OsStr::new("-sha256"), OsStr::new("-sign"), issued.key_path().as_os_str(), file.as_os_str()]).unwrap()
}

#[test]
fn codes_are_kebab_case_and_differ() {
    let codes: std::collections::BTreeSet<_> = Refusal::ALL.map(Refusal::code).into();
    assert_eq!(codes.len(), 12);
    assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
}

#[test]
fn what_is_debugged_tells_no_fiscal_code() {
    let world = World::new();
    let person = proved(&world.trust(), &world.signer()).unwrap();
    assert!(!format!("{person:?}").contains(CODE), "{person:?}");
    let client = verify_client(&world.trust(), &world.card().pem().unwrap(), now()).unwrap();
    assert!(!format!("{client:?}").contains(CODE), "{client:?}");
    assert!(format!("{:?}", world.trust()).len() < 100);
}
