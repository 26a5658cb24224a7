//! Sessions: a token of 256 random bits that carries its collection's key; the database knows its SHA-256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use sportello_contract::hex::hex;
use sportello_rules::service::Level;
use sportello_store::key::{HASH_BYTES, Owner, OwnerKind, SESSION};
use sportello_store::record::{Bytes, SessionRecord};
use subtle::ConstantTimeEq as _;

use crate::entropy;
use crate::{Cx, Failure};

/// Bytes of a token's secret.
const SECRET: usize = 32;
/// Bytes of the hash that make a session's public id.
const ID: usize = 16;

/// A session token that was presented.
#[derive(Clone)]
pub struct Presented {
    /// Whose it says to be.
    pub owner: Owner,
    hash: Vec<u8>,
}

const fn prefix(kind: OwnerKind) -> &'static str {
    match kind {
        OwnerKind::Holder => "sph_",
        OwnerKind::Customer => "spc_",
    }
}

impl Presented {
    /// Reads a token of one kind of owner; none for anything else.
    #[must_use]
    pub fn parse(text: &str, kind: OwnerKind) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix(kind))?).ok()?;
        let (hash, secret) = bytes.split_first_chunk::<HASH_BYTES>()?;
        let owner = Owner { kind, hash: *hash };
        (secret.len() == SECRET).then(|| Self { owner, hash: digest(&SHA256, secret).as_ref().to_vec() })
    }

    /// The session of this token, when it is open.
    #[must_use]
    pub fn find<'a>(&self, sessions: &'a [SessionRecord], epoch: u64, now: Timestamp) -> Option<&'a SessionRecord> {
        let id = id_of(&self.hash);
        let session = sessions.iter().find(|session| session.id() == id)?;
        let same = bool::from(session.digest.0.ct_eq(&self.hash));
        (same && session.is_open(epoch, now)).then_some(session)
    }
}

fn id_of(hash: &[u8]) -> String {
    hex(hash.iter().copied().take(ID))
}

/// A session about to be opened.
pub struct Opening {
    /// What is kept.
    pub record: SessionRecord,
    /// The token, for the caller only.
    pub token: String,
}

/// Makes a session for an owner: of a proved level for a holder, of none for a customer.
///
/// # Errors
/// A fault where there is no entropy.
pub fn open(cx: &Cx, owner: &Owner, epoch: u64, level: Option<Level>) -> Result<Opening, Failure> {
    let secret: [u8; SECRET] = entropy::bytes(cx.entropy())?;
    let record = record(cx, owner, epoch, level, digest(&SHA256, &secret).as_ref().to_vec(), cx.device.clone());
    Ok(Opening { record, token: token(owner, &secret) })
}

/// The token of a session, from its secret.
#[must_use]
pub fn token(owner: &Owner, secret: &[u8]) -> String {
    format!("{}{}", prefix(owner.kind), URL_SAFE_NO_PAD.encode([&owner.hash[..], secret].concat()))
}

/// What is kept of a session whose secret has this SHA-256.
#[must_use]
pub fn record(cx: &Cx, owner: &Owner, epoch: u64, level: Option<Level>, hash: Vec<u8>, device: String) -> SessionRecord {
    let minutes = match owner.kind {
        OwnerKind::Holder => cx.policy().session.selfcare_minutes,
        OwnerKind::Customer => cx.policy().session.customer_minutes,
    };
    let expires_at = cx.now.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX);
    SessionRecord {
        pk: owner.pk(),
        sk: format!("{SESSION}{}", id_of(&hash)),
        digest: Bytes(hash),
        epoch,
        level,
        created_at: cx.now,
        expires_at,
        device,
        ttl: expires_at.as_second(),
    }
}
