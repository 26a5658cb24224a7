//! Whom the counter trusts: roots, the intermediates it knows, and their lists of revoked certificates.

use std::fmt;
use std::sync::Arc;

use crate::asn1::Malformed;
use crate::certificate::Certificate;
use crate::crl::{Crl, UnverifiedCrl};
use crate::limits;
use crate::pem;
use crate::refusal::Refusal;

/// The certificate authorities that rule 43 speaks of, and what they revoked. A clone shares it.
#[derive(Clone)]
pub struct Trust(Arc<Parts>);

struct Parts {
    roots: Vec<Certificate>,
    intermediates: Vec<Certificate>,
    crls: Vec<Crl>,
}

/// Why authorities and lists cannot be used. Positions count from 1, in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The text is no PEM of certificates, or there are too many.
    #[error("the authorities are not PEM certificates, or too many")]
    Pem,
    /// A certificate that cannot be read.
    #[error("authority {position} is not a certificate")]
    Authority {
        /// Which one.
        position: usize,
    },
    /// A certificate that may not issue others.
    #[error("the certificate at position {position} is not that of an authority")]
    NotAnAuthority {
        /// Which one.
        position: usize,
    },
    /// A root whose key or own signature is too weak.
    #[error("authority {position} has a key or signature that is too weak")]
    WeakAuthority {
        /// Which one.
        position: usize,
    },
    /// No certificate is signed by its own key, so nothing could ever be trusted.
    #[error("no authority is a root")]
    NoRoot,
    /// A list that cannot be read, or more lists than are looked at.
    #[error("list of revoked certificates {position} cannot be read")]
    Crl {
        /// Which one.
        position: usize,
    },
    /// No authority has the name of the list's issuer.
    #[error("list of revoked certificates {position} is of an authority that is not configured")]
    CrlIssuerUnknown {
        /// Which one.
        position: usize,
    },
    /// No authority of that name signed it, or with an algorithm that is not accepted.
    #[error("list of revoked certificates {position} is not signed by its issuer")]
    CrlSignature {
        /// Which one.
        position: usize,
    },
}

impl Trust {
    /// Reads authorities and their lists. Who is signed by its own key is a root and trusted for being named here; the others are
    /// intermediates, trusted for what a root says of them. A list, DER or PEM, must be signed by one of them.
    ///
    /// Whether something has expired is looked at in each verification.
    ///
    /// # Errors
    /// The first authority, then the first list that cannot be used.
    pub fn parse(pem_authorities: &str, crls: &[Vec<u8>]) -> Result<Self, TrustError> {
        let mut parts = Parts { roots: Vec::new(), intermediates: Vec::new(), crls: Vec::new() };
        let authorities = pem::blocks(pem_authorities, "CERTIFICATE", limits::AUTHORITIES).map_err(|Malformed| TrustError::Pem)?;
        for (position, der) in (1..).zip(authorities) {
            parts.add_authority(position, &der)?;
        }
        if parts.roots.is_empty() {
            return Err(TrustError::NoRoot);
        }
        for (position, crl) in (1..).zip(crls) {
            let crl = parts.crl(position, crl)?;
            parts.crls.push(crl);
        }
        Ok(Self(Arc::new(parts)))
    }

    pub(crate) fn roots(&self) -> &[Certificate] {
        &self.0.roots
    }

    pub(crate) fn intermediates(&self) -> &[Certificate] {
        &self.0.intermediates
    }

    pub(crate) fn crls(&self) -> &[Crl] {
        &self.0.crls
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { roots, intermediates, crls } = &*self.0;
        formatter.debug_struct("Trust").field("roots", &roots.len()).field("intermediates", &intermediates.len()).field("crls", &crls.len()).finish()
    }
}

impl Parts {
    fn add_authority(&mut self, position: usize, der: &[u8]) -> Result<(), TrustError> {
        let authority = Certificate::parse(der).map_err(|Malformed| TrustError::Authority { position })?;
        if !authority.extensions().may_sign_certificates() {
            return Err(TrustError::NotAnAuthority { position });
        }
        if self.authorities().any(|known| known.der() == authority.der()) {
            return Ok(());
        }
        // One of its own name that another key signed is an intermediate: an authority's new key, vouched for by its old one.
        match if authority.is_self_issued() { authority.signed_by(&authority) } else { Err(Refusal::SignatureWrong) } {
            Ok(()) => self.roots.push(authority),
            Err(Refusal::WeakAlgorithm) => return Err(TrustError::WeakAuthority { position }),
            Err(_) => self.intermediates.push(authority),
        }
        Ok(())
    }

    fn crl(&self, position: usize, bytes: &[u8]) -> Result<Crl, TrustError> {
        let malformed = |Malformed| TrustError::Crl { position };
        if position > limits::CRLS || bytes.len() > limits::CRL_BYTES {
            return Err(TrustError::Crl { position });
        }
        let crl = UnverifiedCrl::parse(&crl_der(bytes).map_err(malformed)?).map_err(malformed)?;
        let mut of_the_name = self.authorities().filter(|authority| authority.subject() == crl.issuer()).peekable();
        if of_the_name.peek().is_none() {
            return Err(TrustError::CrlIssuerUnknown { position });
        }
        let issuer = of_the_name.find(|authority| crl.verify(authority).is_ok()).ok_or(TrustError::CrlSignature { position })?;
        crl.verified(issuer).map_err(malformed)
    }

    fn authorities(&self) -> impl Iterator<Item = &Certificate> {
        self.roots.iter().chain(&self.intermediates)
    }
}

fn crl_der(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    match str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN") => pem::blocks(text, "X509 CRL", 1)?.pop().ok_or(Malformed),
        _ => Ok(bytes.to_vec()),
    }
}
