//! An operation: declared once, handled by reading once, asking the rules, and handing back what to commit.

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sportello_contract::spec::Spec;
use sportello_store::commit::Commit;

use crate::access::Access;
use crate::{Cx, Failure};

/// One operation of the HTTP interface.
pub trait Operation: Send + Sync + 'static {
    /// The declaration: route, limits, grants, refusals.
    const SPEC: Spec;
    /// Who may call it, and what `handle` gets to know of the caller.
    type Auth: Access;
    /// Path parameters and the query's or the body's fields; unknown ones are refused.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// The answer's body.
    type Output: Serialize + JsonSchema + Send;

    /// Decides. What it hands back is committed in one transaction before the caller gets the answer.
    fn handle(cx: &Cx, actor: <Self::Auth as Access>::Actor, input: Self::Input) -> impl Future<Output = Result<Reply<Self::Output>, Failure>> + Send;
}

/// An answer and what must be committed for it to be true.
#[derive(Debug)]
pub struct Reply<T> {
    /// The answer's body.
    pub body: T,
    /// What is committed before it is given.
    pub commit: Commit,
    /// The same answer as an iCalendar file, where the operation declares one.
    pub calendar: Option<String>,
    /// The answer as a file, where the operation declares one.
    pub file: Option<Vec<u8>>,
}

impl<T> Reply<T> {
    /// An answer that changes nothing.
    #[must_use]
    pub fn of(body: T) -> Self {
        Self { body, commit: Commit::new(), calendar: None, file: None }
    }

    /// An answer that is true once `commit` is.
    #[must_use]
    pub fn after(commit: Commit, body: T) -> Self {
        Self { body, commit, calendar: None, file: None }
    }
}

impl Reply<()> {
    /// A file that changes nothing.
    #[must_use]
    pub fn file(bytes: Vec<u8>) -> Self {
        Self { file: Some(bytes), ..Self::of(()) }
    }
}
