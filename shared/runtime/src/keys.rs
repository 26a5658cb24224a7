//! The key ring: what seals personal data, makes tokens, finds collections and peppers passwords. Ring keys rotate; the lookup key never does.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use serde::{Deserialize, Serialize};
use sportello_rules::username;
use sportello_store::key::{HASH_BYTES, Owner, OwnerKind};
use sportello_store::record::{Bytes, WrappedKey};

use crate::entropy::{self, Entropy, NoEntropy};

/// Bytes of every key.
const KEY: usize = 32;

/// A key ring as its file holds it: keys are 32 bytes in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The ring key that seals from now on.
    current: String,
    keys: BTreeMap<String, String>,
    lookup: String,
    /// The pepper that new password digests take.
    current_pepper: String,
    peppers: BTreeMap<String, String>,
    /// The payment provider's secrets, where there is one: they come by the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payments: Option<PaymentSecrets>,
}

/// The payment provider's secrets.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSecrets {
    /// The secret key by which we ask.
    pub key: String,
    /// The secrets by which its messages are signed: the current one, and others while one is replaced.
    pub webhook_secrets: Vec<String>,
}

/// Why keys or what they sealed are not usable.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key ring's file makes no sense.
    #[error("key ring: {0}")]
    Ring(String),
    /// Something was sealed by a key that the ring does not have, for another place, or was changed.
    #[error("sealed data cannot be opened")]
    Open,
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// The keys of one deployment.
pub struct KeyRing {
    current: String,
    keys: BTreeMap<String, Master>,
    lookup: hmac::Key,
    current_pepper: String,
    peppers: BTreeMap<String, hmac::Key>,
    payments: Option<PaymentSecrets>,
}

struct Master {
    wrap: LessSafeKey,
    token: LessSafeKey,
    cursor: hmac::Key,
}

/// The data key of one owner, unwrapped.
pub struct DataKey(LessSafeKey);

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        KEY
    }
}

fn derive(master: &[u8; KEY], label: &str) -> Option<[u8; KEY]> {
    let mut key = [0; KEY];
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"sportello");
    salt.extract(master).expand(&[label.as_bytes()], Length).ok()?.fill(&mut key).ok()?;
    Some(key)
}

fn aead(key: &[u8; KEY]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

impl Master {
    fn new(bytes: &[u8; KEY]) -> Option<Self> {
        Some(Self {
            wrap: aead(&derive(bytes, "data key")?)?,
            token: aead(&derive(bytes, "token")?)?,
            cursor: hmac::Key::new(hmac::HMAC_SHA256, &derive(bytes, "cursor")?),
        })
    }
}

fn seal(key: &LessSafeKey, entropy: &dyn Entropy, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let nonce: [u8; NONCE_LEN] = entropy::bytes(entropy)?;
    let mut sealed = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut sealed).map_err(|_| KeyError::Open)?;
    Ok([&nonce[..], &sealed].concat())
}

fn open(key: &LessSafeKey, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(KeyError::Open)?;
    let mut plain = body.to_vec();
    let length = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut plain).map_err(|_| KeyError::Open)?.len();
    plain.truncate(length);
    Ok(plain)
}

impl KeyRing {
    /// Reads a key ring from its JSON.
    ///
    /// # Errors
    /// [`KeyError::Ring`], saying what is wrong and never showing a key.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let file = file(json)?;
        let bytes = |name: &str, text: &str| {
            let decoded = STANDARD.decode(text).ok().and_then(|bytes| <[u8; KEY]>::try_from(bytes).ok());
            decoded.ok_or_else(|| KeyError::Ring(format!("{name} is not 32 bytes in base64")))
        };
        let mut keys = BTreeMap::new();
        for (id, text) in &file.keys {
            let master = Master::new(&bytes(id, text)?).ok_or_else(|| KeyError::Ring(format!("{id} is not usable")))?;
            keys.insert(id.clone(), master);
        }
        let mut peppers = BTreeMap::new();
        for (id, text) in &file.peppers {
            peppers.insert(id.clone(), hmac::Key::new(hmac::HMAC_SHA256, &bytes(id, text)?));
        }
        if !keys.contains_key(&file.current) {
            return Err(KeyError::Ring("current names no key".into()));
        }
        if !peppers.contains_key(&file.current_pepper) {
            return Err(KeyError::Ring("current_pepper names no pepper".into()));
        }
        let lookup = hmac::Key::new(hmac::HMAC_SHA256, &bytes("lookup", &file.lookup)?);
        Ok(Self { current: file.current, keys, lookup, current_pepper: file.current_pepper, peppers, payments: file.payments })
    }

    /// The JSON of a fresh key ring; for the local stack and for a first deployment.
    ///
    /// # Errors
    /// [`KeyError::Entropy`].
    pub fn generate(entropy: &dyn Entropy) -> Result<String, KeyError> {
        let key = || entropy::bytes::<KEY>(entropy).map(|bytes| STANDARD.encode(bytes));
        let ring = serde_json::json!({ "current": "k1", "keys": { "k1": key()? }, "lookup": key()?, "current_pepper": "p1", "peppers": { "p1": key()? } });
        Ok(ring.to_string())
    }

    /// The JSON of a ring with one more key and one more pepper, which are not used yet: the first half of a rotation. Whoever has this ring opens what the
    /// next one will seal.
    ///
    /// # Errors
    /// [`KeyError`], for what is no ring.
    pub fn with_new_keys(json: &str, entropy: &dyn Entropy) -> Result<String, KeyError> {
        let mut file = file(json)?;
        let key = || entropy::bytes::<KEY>(entropy).map(|bytes| STANDARD.encode(bytes));
        file.keys.insert(format!("k{}", newest('k', &file.keys) + 1), key()?);
        file.peppers.insert(format!("p{}", newest('p', &file.peppers) + 1), key()?);
        written(&file)
    }

    /// The JSON of the ring with its newest key and pepper in use: the second half of a rotation, once every function has the ring of the first.
    ///
    /// # Errors
    /// [`KeyError`], for what is no ring.
    pub fn with_newest_in_use(json: &str) -> Result<String, KeyError> {
        let mut file = file(json)?;
        file.current = format!("k{}", newest('k', &file.keys));
        file.current_pepper = format!("p{}", newest('p', &file.peppers));
        written(&file)
    }

    /// The payment provider's secrets, where the ring has them.
    #[must_use]
    pub fn payments(&self) -> Option<&PaymentSecrets> {
        self.payments.as_ref()
    }

    fn master(&self) -> Result<&Master, KeyError> {
        self.keys.get(&self.current).ok_or(KeyError::Open)
    }

    /// The owner of a username: every spelling of one name leads to one owner.
    #[must_use]
    pub fn owner(&self, kind: OwnerKind, name: &str) -> Owner {
        let label: &[u8] = match kind {
            OwnerKind::Holder => b"holder",
            OwnerKind::Customer => b"customer",
        };
        let mut hash = [0; HASH_BYTES];
        hash.copy_from_slice(self.keyed_hash(&[label, username::fold(name).as_bytes()]).get(..HASH_BYTES).unwrap_or(&[0; HASH_BYTES]));
        Owner { kind, hash }
    }

    /// A keyed hash that never changes with rotation, over parts that are kept apart.
    #[must_use]
    pub fn keyed_hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.lookup);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }

    /// A fresh data key for one owner, and how it is kept.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new_data_key(&self, owner: &Owner, entropy: &dyn Entropy) -> Result<(DataKey, WrappedKey), KeyError> {
        let key: [u8; KEY] = entropy::bytes(entropy)?;
        let sealed = seal(&self.master()?.wrap, entropy, owner.pk().as_bytes(), &key)?;
        let wrapped = WrappedKey { ring_key: self.current.clone(), sealed: Bytes(sealed) };
        Ok((DataKey(aead(&key).ok_or(KeyError::Open)?), wrapped))
    }

    /// Unwraps the data key of one owner.
    ///
    /// # Errors
    /// [`KeyError::Open`].
    pub fn data_key(&self, owner: &Owner, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        let master = self.keys.get(&wrapped.ring_key).ok_or(KeyError::Open)?;
        let key = open(&master.wrap, owner.pk().as_bytes(), &wrapped.sealed.0)?;
        let key = <[u8; KEY]>::try_from(key).map_err(|_| KeyError::Open)?;
        aead(&key).map(DataKey).ok_or(KeyError::Open)
    }

    /// Seals a token or an answer with the ring's current key, for one purpose.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn seal(&self, entropy: &dyn Entropy, purpose: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal(&self.master()?.token, entropy, purpose, plain)
    }

    /// Opens what was sealed for one purpose by any key of the ring.
    ///
    /// # Errors
    /// [`KeyError::Open`].
    pub fn open(&self, purpose: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.keys.values().find_map(|master| open(&master.token, purpose, sealed).ok()).ok_or(KeyError::Open)
    }

    /// The key that signs cursors.
    ///
    /// # Errors
    /// [`KeyError::Open`] never, for a ring that was parsed.
    pub fn cursor_key(&self) -> Result<&hmac::Key, KeyError> {
        self.master().map(|master| &master.cursor)
    }

    /// Name of the pepper that new digests take.
    #[must_use]
    pub fn current_pepper(&self) -> &str {
        &self.current_pepper
    }

    /// Peppers a digest.
    ///
    /// # Errors
    /// [`KeyError::Open`] for a pepper that the ring does not have.
    pub fn pepper(&self, id: &str, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.peppers.get(id).map(|key| hmac::sign(key, digest).as_ref().to_vec()).ok_or(KeyError::Open)
    }
}

fn file(json: &str) -> Result<File, KeyError> {
    serde_json::from_str(json).map_err(|error| KeyError::Ring(format!("line {}: not as expected", error.line())))
}

/// The ring's JSON, if it is one that functions can use.
fn written(file: &File) -> Result<String, KeyError> {
    let json = serde_json::to_string(file).map_err(|_| KeyError::Ring("cannot be written".to_owned()))?;
    KeyRing::parse(&json).map(|_| json)
}

/// The highest number that names of one letter have.
fn newest(letter: char, names: &BTreeMap<String, String>) -> u32 {
    names.keys().filter_map(|name| name.strip_prefix(letter)?.parse().ok()).max().unwrap_or_default()
}

impl DataKey {
    /// Seals one field of one owner.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn seal(&self, entropy: &dyn Entropy, owner: &Owner, field: &str, plain: &[u8]) -> Result<Bytes, KeyError> {
        seal(&self.0, entropy, place(owner, field).as_bytes(), plain).map(Bytes)
    }

    /// Opens one field of one owner; what was moved from another owner or field does not open.
    ///
    /// # Errors
    /// [`KeyError::Open`].
    pub fn open(&self, owner: &Owner, field: &str, sealed: &Bytes) -> Result<Vec<u8>, KeyError> {
        open(&self.0, place(owner, field).as_bytes(), &sealed.0)
    }
}

fn place(owner: &Owner, field: &str) -> String {
    format!("{}/{field}", owner.pk())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn ring() -> KeyRing {
        KeyRing::parse(&KeyRing::generate(&SystemEntropy::default()).unwrap()).unwrap()
    }

    #[test]
    fn every_spelling_of_a_username_is_one_owner() {
        let ring = ring();
        let owner = ring.owner(OwnerKind::Holder, "mario.rossi@example.it");
        for spelling in ["Mario.Rossi@Example.IT", "  mario.rossi@example.it ", "ｍario.rossi@example.it"] {
            assert_eq!(ring.owner(OwnerKind::Holder, spelling), owner, "{spelling}");
        }
        assert_ne!(ring.owner(OwnerKind::Customer, "mario.rossi@example.it").hash, owner.hash);
    }

    #[test]
    fn sealed_data_opens_only_in_its_place() {
        let (ring, entropy) = (ring(), SystemEntropy::default());
        let (mine, yours) = (ring.owner(OwnerKind::Holder, "a"), ring.owner(OwnerKind::Holder, "b"));
        let (key, wrapped) = ring.new_data_key(&mine, &entropy).unwrap();
        let sealed = key.seal(&entropy, &mine, "totp", b"secret").unwrap();
        assert_eq!(ring.data_key(&mine, &wrapped).unwrap().open(&mine, "totp", &sealed).unwrap(), b"secret");
        assert!(key.open(&yours, "totp", &sealed).is_err());
        assert!(key.open(&mine, "profile", &sealed).is_err());
        assert!(ring.data_key(&yours, &wrapped).is_err());
        let mut changed = sealed.clone();
        changed.0[20] ^= 1;
        assert!(key.open(&mine, "totp", &changed).is_err());
    }

    #[test]
    fn a_rotated_ring_still_opens_what_was_sealed() {
        let entropy = SystemEntropy::default();
        let json = KeyRing::generate(&entropy).unwrap();
        let old = KeyRing::parse(&json).unwrap();
        let owner = old.owner(OwnerKind::Holder, "a");
        let (_, wrapped) = old.new_data_key(&owner, &entropy).unwrap();
        let token = old.seal(&entropy, b"p", b"x").unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&json).unwrap();
        file["keys"]["k2"] = STANDARD.encode([9; 32]).into();
        file["current"] = "k2".into();
        let new = KeyRing::parse(&file.to_string()).unwrap();
        assert_eq!(new.owner(OwnerKind::Holder, "a"), owner);
        assert!(new.data_key(&owner, &wrapped).is_ok());
        assert_eq!(new.open(b"p", &token).unwrap(), b"x");
        assert_eq!(new.new_data_key(&owner, &entropy).unwrap().1.ring_key, "k2");
    }

    #[test]
    fn a_rotation_takes_two_rings_that_understand_each_other() {
        let entropy = SystemEntropy::default();
        let first = KeyRing::generate(&entropy).unwrap();
        let added = KeyRing::with_new_keys(&first, &entropy).unwrap();
        let used = KeyRing::with_newest_in_use(&added).unwrap();
        let rings = [&first, &added, &used].map(|json| KeyRing::parse(json).unwrap());
        assert_eq!(rings.each_ref().map(|ring| (ring.current.as_str(), ring.current_pepper())), [("k1", "p1"), ("k1", "p1"), ("k2", "p2")]);
        let owner = rings[0].owner(OwnerKind::Holder, "a");
        for (older, newer) in [(0, 1), (1, 2)] {
            for (writes, reads) in [(older, newer), (newer, older)] {
                let token = rings[writes].seal(&entropy, b"p", b"x").unwrap();
                assert_eq!(rings[reads].open(b"p", &token).unwrap(), b"x");
                let (_, wrapped) = rings[writes].new_data_key(&owner, &entropy).unwrap();
                assert!(rings[reads].data_key(&owner, &wrapped).is_ok());
                assert!(rings[reads].pepper(rings[writes].current_pepper(), b"d").is_ok());
            }
        }
        assert!(rings[0].open(b"p", &rings[2].seal(&entropy, b"p", b"x").unwrap()).is_err(), "without the half-way ring a token would be lost");
        let third = KeyRing::with_newest_in_use(&KeyRing::with_new_keys(&used, &entropy).unwrap()).unwrap();
        assert_eq!(KeyRing::parse(&third).unwrap().current, "k3");
        assert!(KeyRing::with_new_keys("{}", &entropy).is_err() && KeyRing::with_newest_in_use("").is_err());
    }

    #[test]
    fn a_senseless_ring_is_refused_without_showing_it() {
        for json in ["", "{}", r#"{"current":"k","keys":{"k":"c2hvcnQ="},"lookup":"x","current_pepper":"p","peppers":{}}"#] {
            let error = KeyRing::parse(json).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.starts_with("key ring") && !error.contains("c2hvcnQ"), "{error}");
        }
    }
}
