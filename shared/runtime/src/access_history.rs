//! What an access history needs of the keys: what is sealed of an access, and the hash of its chain (rules 55-57).

use serde::{Deserialize, Serialize};
use sportello_rules::access::{FailureReason, Hash};
use sportello_rules::service::{CredentialKind, Level};
use sportello_store::key::Owner;
use sportello_store::record::Bytes;

use crate::keys::{DataKey, KeyRing};
use crate::{Cx, Failure};

/// Name of the sealed field, part of what its seal is bound to.
const FIELD: &str = "access";

/// What of an access is personal: where the holder went, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The service provider's entity id.
    pub entity_id: String,
    /// The service provider's name.
    pub name: String,
    /// Level of the access.
    pub level: Level,
    /// The credential that was used.
    pub credential: CredentialKind,
    /// Why it failed.
    pub reason: Option<FailureReason>,
}

impl Details {
    /// Seals the details for an owner.
    ///
    /// # Errors
    /// A fault of keys or entropy.
    pub fn seal(&self, cx: &Cx, owner: &Owner, key: &DataKey) -> Result<Bytes, Failure> {
        Ok(key.seal(cx.entropy(), owner, FIELD, &serde_json::to_vec(self)?)?)
    }

    /// Opens the details of an owner; none where they were altered: the rest of a history must not suffer from that.
    #[must_use]
    pub fn open(owner: &Owner, key: &DataKey, sealed: &Bytes) -> Option<Self> {
        serde_json::from_slice(&key.open(owner, FIELD, sealed).ok()?).ok()
    }
}

impl Hash for KeyRing {
    /// By the key that never rotates: a chain outlives rotations.
    fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.keyed_hash(parts)
    }
}
