//! Level 3 of SPID (rule 43): a smart card's certificate or a remote signature goes in, the person that it proves comes out.
//!
//! Nothing here does I/O, reads a clock or draws a random number. What comes in is whatever a stranger sent: it is bounded by [`limits`],
//! and each way to fail is a [`Refusal`].

mod asn1;
mod certificate;
mod chain;
mod cms;
mod crl;
mod crypto;
mod extensions;
mod holder;
pub mod limits;
mod pem;
mod person;
mod refusal;
mod signed;
mod signing_certificate;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod trust;
mod verify;

pub use person::Person;
pub use refusal::Refusal;
pub use trust::{Trust, TrustError};
pub use verify::{verify_client, verify_signature};
