//! Why an operation did not do what was asked: a refusal for the caller, or a fault of ours.

use sportello_contract::problem::{Code, Problem};
use sportello_store::StoreError;
use sportello_store::commit::Commit;

use crate::entropy::NoEntropy;
use crate::hasher::HashError;
use crate::keys::KeyError;

/// The one error of operations and jobs; [`crate::entry`] turns it into the answer.
#[derive(Debug)]
pub enum Failure {
    /// The caller is refused; what the refusal itself brings about is committed first.
    Refused {
        /// The answer.
        problem: Problem,
        /// What the refusal brings about, such as the notice of a lock.
        commit: Commit,
    },
    /// The store refused or did not answer.
    Store(StoreError),
    /// A fault of ours, for the log only.
    Fault(Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// A refusal that also writes something.
    #[must_use]
    pub fn with(problem: impl Into<Problem>, commit: Commit) -> Self {
        Self::Refused { problem: problem.into(), commit }
    }

    /// The same refusal, which writes something else; a fault stays one.
    #[must_use]
    pub fn writing(self, commit: impl FnOnce() -> Commit) -> Self {
        match self {
            Self::Refused { problem, .. } => Self::with(problem, commit()),
            fault @ (Self::Store(_) | Self::Fault(_)) => fault,
        }
    }

    /// A fault described by a text.
    #[must_use]
    pub fn fault(text: impl Into<String>) -> Self {
        Self::Fault(text.into().into())
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::from(Problem::from(code))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused { problem, commit: Commit::new() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(code) => code.into(),
            other => Self::Store(other),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::Fault(Box::new(error))
    }
}

impl From<NoEntropy> for Failure {
    fn from(error: NoEntropy) -> Self {
        Self::Fault(Box::new(error))
    }
}

impl From<HashError> for Failure {
    fn from(error: HashError) -> Self {
        Self::Fault(Box::new(error))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(Box::new(error))
    }
}

impl From<sportello_notify::NoticeError> for Failure {
    fn from(error: sportello_notify::NoticeError) -> Self {
        Self::Fault(Box::new(error))
    }
}
