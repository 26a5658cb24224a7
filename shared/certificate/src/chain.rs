//! The way from a certificate to a root.

use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::limits;
use crate::refusal::Refusal;
use crate::trust::Trust;

/// What a certificate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Signature,
    Authentication,
}

/// Looks for a chain from `first` to a root, through the intermediates of `trust` and those `sent`, in which everything holds at `now`.
pub(crate) fn check(trust: &Trust, first: &Certificate, sent: &[Certificate], purpose: Purpose, now: Timestamp) -> Result<(), Refusal> {
    if first.extensions().not_understood {
        return Err(Refusal::Untrusted);
    }
    let mut search = Search { trust, sent, purpose, now, signatures_left: limits::CHAIN_SIGNATURES, refusal: Refusal::Untrusted };
    if search.climb(&mut vec![first]) { Ok(()) } else { Err(search.refusal) }
}

struct Search<'a> {
    trust: &'a Trust,
    sent: &'a [Certificate],
    purpose: Purpose,
    now: Timestamp,
    signatures_left: usize,
    /// That of the way that led furthest.
    refusal: Refusal,
}

impl<'a> Search<'a> {
    fn climb(&mut self, path: &mut Vec<&'a Certificate>) -> bool {
        for (candidate, is_root) in self.candidates(path) {
            if let Err(refusal) = self.link(path, candidate) {
                self.note(refusal);
                continue;
            }
            path.push(candidate);
            if is_root {
                match self.revocation(path) {
                    Ok(()) => return true,
                    Err(refusal) => self.note(refusal),
                }
            } else if path.len() < limits::CHAIN && self.climb(path) {
                return true;
            }
            path.pop();
        }
        false
    }

    fn candidates(&self, path: &[&'a Certificate]) -> Vec<(&'a Certificate, bool)> {
        let roots = self.trust.roots().iter().map(|root| (root, true));
        let others = self.trust.intermediates().iter().chain(self.sent).map(|other| (other, false));
        let named = |candidate: &Certificate| path.last().is_some_and(|below| below.issuer() == candidate.subject());
        let seen = |candidate: &Certificate| path.iter().any(|earlier| earlier.der() == candidate.der());
        roots.chain(others).filter(|(candidate, _)| named(candidate) && !seen(candidate)).collect()
    }

    /// Whether `issuer` may stand above the path, and signed its last certificate.
    fn link(&mut self, path: &[&Certificate], issuer: &Certificate) -> Result<(), Refusal> {
        let extensions = issuer.extensions();
        let allowed = extensions.may_sign_certificates() && !extensions.not_understood;
        let fits = self.purpose != Purpose::Authentication || extensions.lets_authenticate();
        // A change of an authority's own key does not count: RFC 5280, 4.2.1.9.
        let between = path.iter().skip(1).filter(|authority| !authority.is_self_issued()).count();
        let near = extensions.path_length.is_none_or(|length| between <= usize::from(length));
        let below = path.last().ok_or(Refusal::Untrusted)?;
        self.signatures_left = self.signatures_left.checked_sub(1).ok_or(Refusal::Untrusted)?;
        if !(allowed && fits && near) {
            return Err(Refusal::Untrusted);
        }
        below.signed_by(issuer).map_err(|refusal| if refusal == Refusal::WeakAlgorithm { refusal } else { Refusal::Untrusted })?;
        issuer.valid_at(self.now)
    }

    /// Whether no certificate below the root is revoked, for certain.
    fn revocation(&self, path: &[&Certificate]) -> Result<(), Refusal> {
        let mut known = Ok(());
        for (certificate, issuer) in path.iter().zip(path.iter().skip(1)) {
            let published = self.trust.crls().iter().filter(|crl| crl.is_complete_for(issuer) && crl.this_update <= self.now);
            match published.max_by_key(|crl| crl.this_update).filter(|crl| crl.is_current(self.now)) {
                Some(crl) if crl.revokes(certificate) => return Err(Refusal::Revoked),
                Some(_) => {}
                None => known = Err(Refusal::RevocationUnknown),
            }
        }
        known
    }

    fn note(&mut self, refusal: Refusal) {
        if how_far(refusal) > how_far(self.refusal) {
            self.refusal = refusal;
        }
    }
}

fn how_far(refusal: Refusal) -> u8 {
    match refusal {
        Refusal::Revoked => 4,
        Refusal::RevocationUnknown => 3,
        Refusal::NotYetValid | Refusal::Expired => 2,
        Refusal::WeakAlgorithm => 1,
        _ => 0,
    }
}
