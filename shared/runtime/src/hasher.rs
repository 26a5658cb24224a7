//! Password digests: Argon2id with a reused buffer, then a pepper.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use sportello_rules::password::normalize;
use sportello_store::record::{Bytes, Scheme, StoredCode, StoredPassword};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::keys::{KeyError, KeyRing};

/// Memory, passes and lanes of new digests (OWASP's first choice for Argon2id).
const M_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of a digest.
const DIGEST: usize = 32;
/// The dearest stored parameters that are run: a changed record must not buy an attacker our memory or time.
const MOST: (u32, u32, u32) = (65_536, 10, 4);

/// A digest could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The stored parameters are not valid or too dear.
    #[error("the stored Argon2 parameters are not acceptable")]
    Parameters,
    /// The pepper is not in the ring.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The thread that hashed ended.
    #[error("hashing was aborted")]
    Aborted,
}

/// Makes digests. Buffers of 19 MiB are kept: fresh memory for each hash would double the process's size.
pub struct Hasher {
    keys: Arc<KeyRing>,
    // More runs at once than cores would finish none sooner, and starve everything else of its turn.
    turns: Arc<Semaphore>,
    buffers: Arc<Mutex<Vec<Vec<Block>>>>,
    runs: AtomicU64,
}

impl Hasher {
    /// A hasher without buffers yet.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { keys, turns: Arc::new(Semaphore::new(cores)), buffers: Arc::default(), runs: AtomicU64::new(0) }
    }

    /// How often Argon2 ran since the start; for the tests of what an operation costs (rule 12).
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// The scheme of new digests.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        Scheme { m: M_KIB, t: PASSES, p: LANES, pepper: self.keys.current_pepper().to_owned() }
    }

    /// The digest of a password under a salt: one Argon2 run.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn digest(&self, password: &str, salt: &Bytes, scheme: &Scheme) -> Result<Bytes, HashError> {
        if scheme.m > MOST.0 || scheme.t > MOST.1 || scheme.p > MOST.2 {
            return Err(HashError::Parameters);
        }
        let params = Params::new(scheme.m, scheme.t, scheme.p, Some(DIGEST)).map_err(|_| HashError::Parameters)?;
        let (password, salt, buffers) = (normalize(password), salt.clone(), Arc::clone(&self.buffers));
        let run = move || {
            let mut memory = buffers.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            if memory.len() < params.block_count() {
                memory.resize(params.block_count(), Block::new());
            }
            let mut digest = [0; DIGEST];
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let done = argon2.hash_password_into_with_memory(password.as_bytes(), &salt.0, &mut digest, &mut memory);
            buffers.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            done.map(|()| digest).map_err(|_| HashError::Parameters)
        };
        self.runs.fetch_add(1, Ordering::Relaxed);
        let _turn = self.turns.acquire().await.map_err(|_| HashError::Aborted)?;
        let digest = tokio::task::spawn_blocking(run).await.map_err(|_| HashError::Aborted)??;
        Ok(Bytes(self.keys.pepper(&scheme.pepper, &digest)?))
    }

    /// Whether a password is the stored one.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn matches(&self, password: &str, salt: &Bytes, stored: &StoredPassword) -> Result<bool, HashError> {
        let digest = self.digest(password, salt, &stored.scheme).await?;
        Ok(digest.0.ct_eq(&stored.digest.0).into())
    }

    /// Whether a code that is kept as a password is, is the stored one.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn matches_code(&self, code: &str, salt: &Bytes, stored: &StoredCode) -> Result<bool, HashError> {
        let digest = self.digest(code, salt, &stored.scheme).await?;
        Ok(digest.0.ct_eq(&stored.digest.0).into())
    }

    /// Takes the time of a comparison where there is nothing to compare with (rule 21).
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn pretend(&self, password: &str) -> Result<(), HashError> {
        self.digest(password, &Bytes(vec![0; 16]), &self.scheme()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use jiff::Timestamp;

    #[tokio::test]
    async fn a_password_matches_itself_in_every_unicode_form() {
        let keys = Arc::new(KeyRing::parse(&KeyRing::generate(&SystemEntropy::default()).unwrap()).unwrap());
        let hasher = Hasher::new(keys);
        let salt = Bytes(vec![7; 16]);
        let digest = hasher.digest("Perch\u{e9}-42", &salt, &hasher.scheme()).await.unwrap();
        let stored = StoredPassword { digest, scheme: hasher.scheme(), version: 1, changed_at: Timestamp::UNIX_EPOCH };
        assert!(hasher.matches("Perche\u{301}-42", &salt, &stored).await.unwrap());
        assert!(!hasher.matches("perch\u{e9}-42", &salt, &stored).await.unwrap());
        assert!(!hasher.matches("Perch\u{e9}-42", &Bytes(vec![8; 16]), &stored).await.unwrap());
        let dear = StoredPassword { scheme: Scheme { m: 1 << 30, ..hasher.scheme() }, ..stored };
        assert!(matches!(hasher.matches("x", &salt, &dear).await, Err(HashError::Parameters)));
    }
}
