//! The two ways to prove oneself at level 3 (rule 43).

use jiff::Timestamp;

use crate::asn1::Malformed;
use crate::certificate::Certificate;
use crate::chain::{self, Purpose};
use crate::cms::SignedData;
use crate::crypto;
use crate::holder;
use crate::limits;
use crate::pem;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::signing_certificate;
use crate::trust::Trust;

/// The person who signed `content`: `cms_der` is a CAdES-BES signature in DER, with the content in it or beside it.
///
/// The signature says nothing of when it was made: that it is of this sign-in is proved by a content which was never asked for before.
///
/// # Errors
/// The first check that fails.
pub fn verify_signature(trust: &Trust, cms_der: &[u8], content: &[u8], now: Timestamp) -> Result<Person, Refusal> {
    let data = SignedData::parse(cms_der)?;
    if data.content.is_some_and(|sent| sent != content) {
        return Err(Refusal::ContentDiffers);
    }
    data.signer.is_about(content)?;
    let certificate = data.certificates.iter().find(|certificate| data.signer.is(certificate)).ok_or(Refusal::Malformed)?;
    data.signer.signed_with(certificate)?;
    signing_certificate::check(&data.signer.attributes, certificate)?;
    if !certificate.extensions().is_for_signature() {
        return Err(Refusal::WrongUsage);
    }
    person(trust, certificate, &data.certificates, Purpose::Signature, now)
}

/// The holder of the client certificate of a mutual-TLS connection, first in `pem`; intermediates may follow it.
///
/// Whoever ends the TLS connection has checked that the client holds the key; a text that anybody can send proves nothing.
///
/// # Errors
/// The first check that fails.
pub fn verify_client(trust: &Trust, pem: &str, now: Timestamp) -> Result<Person, Refusal> {
    if pem.len() > limits::CLIENT_PEM_BYTES {
        return Err(Refusal::Malformed);
    }
    let blocks = pem::blocks(pem, "CERTIFICATE", limits::SENT_CERTIFICATES)?;
    let sent = blocks.iter().map(|der| Certificate::parse(der)).collect::<Result<Vec<_>, Malformed>>()?;
    let (certificate, others) = sent.split_first().ok_or(Refusal::Malformed)?;
    crypto::accept_key(certificate.key())?;
    if !certificate.extensions().is_for_authentication() {
        return Err(Refusal::WrongUsage);
    }
    person(trust, certificate, others, Purpose::Authentication, now)
}

fn person(trust: &Trust, certificate: &Certificate, sent: &[Certificate], purpose: Purpose, now: Timestamp) -> Result<Person, Refusal> {
    certificate.valid_at(now)?;
    chain::check(trust, certificate, sent, purpose, now)?;
    Ok(Person::of(certificate, holder::fiscal_code(certificate.subject(), purpose)?))
}
