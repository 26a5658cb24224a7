//! Why no person is proved.

/// Why a certificate or a signature proves no person (rule 43). Nothing of what was sent is repeated, for it may be personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read, it is larger than [`limits`](crate::limits), or it lacks something that CAdES-BES demands.
    #[error("what was sent is not a signature or certificate of the agreed form")]
    Malformed,
    /// A digest, key or signature algorithm that is not, or no longer, accepted; also one that this crate does not know.
    #[error("an algorithm or key is too weak or not known")]
    WeakAlgorithm,
    /// The signature does not verify, or was made with another certificate than the one it names.
    #[error("the signature is wrong")]
    SignatureWrong,
    /// What was signed is not what had to be signed.
    #[error("something else was signed")]
    ContentDiffers,
    /// The validity of a certificate of the chain has not begun.
    #[error("a certificate is not valid yet")]
    NotYetValid,
    /// The validity of a certificate of the chain is over.
    #[error("a certificate has expired")]
    Expired,
    /// No chain of certificates that may issue leads to a configured root.
    #[error("no configured authority vouches for the certificate")]
    Untrusted,
    /// A certificate of the chain is on its issuer's list of revoked certificates.
    #[error("a certificate is revoked")]
    Revoked,
    /// For a certificate of the chain there is no list of revoked certificates that is complete and current.
    #[error("whether a certificate is revoked is not known")]
    RevocationUnknown,
    /// An authentication certificate where a signature certificate is asked for, or the other way round.
    #[error("the certificate is not made for this use")]
    WrongUsage,
    /// The certificate names no Italian fiscal code in the attribute where it belongs, or more than one.
    #[error("the certificate names no fiscal code, or more than one")]
    NoFiscalCode,
    /// More than one person signed.
    #[error("there is more than one signer")]
    MoreThanOneSigner,
}

impl Refusal {
    /// Every refusal, in the order of the checks as far as they have one.
    pub const ALL: [Self; 12] = [
        Self::Malformed,
        Self::MoreThanOneSigner,
        Self::ContentDiffers,
        Self::WeakAlgorithm,
        Self::SignatureWrong,
        Self::WrongUsage,
        Self::NotYetValid,
        Self::Expired,
        Self::Untrusted,
        Self::Revoked,
        Self::RevocationUnknown,
        Self::NoFiscalCode,
    ];

    /// The code that is stored and answered; it never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::WeakAlgorithm => "weak-algorithm",
            Self::SignatureWrong => "signature-wrong",
            Self::ContentDiffers => "content-differs",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::Untrusted => "untrusted",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation-unknown",
            Self::WrongUsage => "wrong-usage",
            Self::NoFiscalCode => "no-fiscal-code",
            Self::MoreThanOneSigner => "more-than-one-signer",
        }
    }
}
