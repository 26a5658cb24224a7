//! Which algorithms and keys are accepted, and the verification itself, which is ring's.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ID_EC_PUBLIC_KEY, ID_MGF_1, ID_RSASSA_PSS, ID_SHA_256, ID_SHA_384, ID_SHA_512, RSA_ENCRYPTION, SECP_256_R_1,
    SECP_384_R_1, SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use der::asn1::UintRef;
use der::{Decode, Tag};
use ring::digest;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::asn1::{Element, Malformed, context};
use crate::refusal::Refusal;

/// Bits of an RSA modulus: ETSI TS 119 312 has no use for fewer, ring none for more.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// `trailerFieldBC`, the only one there is.
const PSS_TRAILER: u8 = 1;

/// A digest that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, Refusal> {
        let hash = match algorithm.oid {
            ID_SHA_256 => Self::Sha256,
            ID_SHA_384 => Self::Sha384,
            ID_SHA_512 => Self::Sha512,
            _ => return Err(Refusal::WeakAlgorithm),
        };
        null_or_absent(algorithm)?;
        Ok(hash)
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), bytes)
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// SHA-1, for the one place where a broken digest does no harm: the older of two attributes that name the same certificate.
pub(crate) fn sha1(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    RsaPkcs1(Hash),
    RsaPss(Hash),
    Ecdsa(Hash),
}

impl Scheme {
    pub(crate) fn of(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, Refusal> {
        let scheme = match algorithm.oid {
            SHA_256_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Hash::Sha256),
            SHA_384_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Hash::Sha384),
            SHA_512_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Hash::Sha512),
            ECDSA_WITH_SHA_256 => Self::Ecdsa(Hash::Sha256),
            ECDSA_WITH_SHA_384 => Self::Ecdsa(Hash::Sha384),
            ID_RSASSA_PSS => return pss(algorithm),
            _ => return Err(Refusal::WeakAlgorithm),
        };
        null_or_absent(algorithm)?;
        Ok(scheme)
    }

    /// The scheme of a CMS signer, who may name the digest apart.
    pub(crate) fn of_signer(algorithm: &AlgorithmIdentifierOwned, hash: Hash) -> Result<Self, Refusal> {
        if algorithm.oid == RSA_ENCRYPTION {
            null_or_absent(algorithm)?;
            return Ok(Self::RsaPkcs1(hash));
        }
        let scheme = Self::of(algorithm)?;
        if scheme.hash() == hash { Ok(scheme) } else { Err(Refusal::Malformed) }
    }

    fn hash(self) -> Hash {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(hash) | Self::Ecdsa(hash) => hash,
        }
    }

    /// Whether `signature` is that of `message` by `key`.
    pub(crate) fn verify(self, key: &SubjectPublicKeyInfoOwned, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let kind = kind_of(key)?;
        let algorithm: &'static dyn VerificationAlgorithm = match (kind, self) {
            (Kind::Rsa, Self::RsaPkcs1(Hash::Sha256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, Self::RsaPkcs1(Hash::Sha384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, Self::RsaPkcs1(Hash::Sha512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Kind::Rsa, Self::RsaPss(Hash::Sha256)) => &signature::RSA_PSS_2048_8192_SHA256,
            (Kind::Rsa, Self::RsaPss(Hash::Sha384)) => &signature::RSA_PSS_2048_8192_SHA384,
            (Kind::Rsa, Self::RsaPss(Hash::Sha512)) => &signature::RSA_PSS_2048_8192_SHA512,
            (Kind::P256, Self::Ecdsa(Hash::Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (Kind::P256, Self::Ecdsa(Hash::Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
            (Kind::P384, Self::Ecdsa(Hash::Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
            (Kind::P384, Self::Ecdsa(Hash::Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (Kind::P256 | Kind::P384, Self::Ecdsa(Hash::Sha512)) => return Err(Refusal::WeakAlgorithm),
            (Kind::Rsa, Self::Ecdsa(_)) | (Kind::P256 | Kind::P384, Self::RsaPkcs1(_) | Self::RsaPss(_)) => return Err(Refusal::SignatureWrong),
        };
        let bytes = key.subject_public_key.as_bytes().ok_or(Refusal::Malformed)?;
        UnparsedPublicKey::new(algorithm, bytes).verify(message, signature).map_err(|_| Refusal::SignatureWrong)
    }
}

/// Whether the key is of a kind and size that is accepted.
pub(crate) fn accept_key(key: &SubjectPublicKeyInfoOwned) -> Result<(), Refusal> {
    kind_of(key).map(drop)
}

enum Kind {
    Rsa,
    P256,
    P384,
}

fn kind_of(key: &SubjectPublicKeyInfoOwned) -> Result<Kind, Refusal> {
    match key.algorithm.oid {
        RSA_ENCRYPTION => {
            null_or_absent(&key.algorithm)?;
            let bytes = key.subject_public_key.as_bytes().ok_or(Refusal::Malformed)?;
            let modulus: UintRef<'_> = Element::only(bytes, Tag::Sequence)?.children()?.required(Tag::Integer)?.decode()?;
            if RSA_BITS.contains(&bits(modulus.as_bytes())) { Ok(Kind::Rsa) } else { Err(Refusal::WeakAlgorithm) }
        }
        ID_EC_PUBLIC_KEY => {
            let curve = key.algorithm.parameters.as_ref().ok_or(Refusal::Malformed)?;
            match curve.decode_as::<ObjectIdentifier>() {
                Ok(SECP_256_R_1) => Ok(Kind::P256),
                Ok(SECP_384_R_1) => Ok(Kind::P384),
                _ => Err(Refusal::WeakAlgorithm),
            }
        }
        _ => Err(Refusal::WeakAlgorithm),
    }
}

fn bits(big_endian: &[u8]) -> usize {
    let significant = big_endian.iter().skip_while(|byte| **byte == 0);
    significant.enumerate().fold(0, |bits, (place, byte)| if place == 0 { 8 - usize::try_from(byte.leading_zeros()).unwrap_or(8) } else { bits + 8 })
}

fn null_or_absent(algorithm: &AlgorithmIdentifierOwned) -> Result<(), Malformed> {
    if algorithm.parameters.as_ref().is_none_or(der::asn1::Any::is_null) { Ok(()) } else { Err(Malformed) }
}

/// RSASSA-PSS as RFC 4055 writes it: one digest for both uses and a salt of its length, the only form that ring verifies. What the parameters
/// leave out is SHA-1 by default.
fn pss(algorithm: &AlgorithmIdentifierOwned) -> Result<Scheme, Refusal> {
    let parameters = algorithm.parameters.as_ref().filter(|any| der::Tagged::tag(*any) == Tag::Sequence).ok_or(Refusal::WeakAlgorithm)?;
    let mut fields = crate::asn1::Elements::of(parameters.value())?;
    let digest = fields.optional(context(0))?.ok_or(Refusal::WeakAlgorithm)?;
    let mask = fields.optional(context(1))?.ok_or(Refusal::WeakAlgorithm)?;
    let salt = fields.optional(context(2))?.ok_or(Refusal::WeakAlgorithm)?;
    let trailer = fields.optional(context(3))?.map_or(Ok(PSS_TRAILER), |field| u8::from_der(field.value)).map_err(Malformed::from)?;
    fields.finish()?;
    let hash = Hash::of(&AlgorithmIdentifierOwned::from_der(digest.value).map_err(Malformed::from)?)?;
    let mask = AlgorithmIdentifierOwned::from_der(mask.value).map_err(Malformed::from)?;
    let mask_hash = mask.parameters.filter(|_| mask.oid == ID_MGF_1).ok_or(Refusal::WeakAlgorithm)?;
    let mask_hash = Hash::of(&mask_hash.decode_as().map_err(Malformed::from)?)?;
    let salt = u16::from_der(salt.value).map_err(Malformed::from)?;
    let agreed = mask_hash == hash && usize::from(salt) == hash.algorithm().output_len() && trailer == PSS_TRAILER;
    if agreed { Ok(Scheme::RsaPss(hash)) } else { Err(Refusal::WeakAlgorithm) }
}
