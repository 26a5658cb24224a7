//! The steps of what is done without being signed in: the sealed token that names one in the next request.

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure};
use sportello_store::key::OwnerKind;

/// A step whose token was opened.
pub(crate) struct Opened<T> {
    /// The token, whose owner's records the step looks at.
    pub token: Token,
    /// When it is over.
    pub over_at: Timestamp,
    /// What its purpose means here.
    pub means: T,
}

/// Opens the token of a step that was sealed for one of some purposes, each with what it means.
///
/// # Errors
/// `refused` for what is none, serves another purpose, or is over: from the end of its minutes on.
pub(crate) fn open<T>(cx: &Cx, text: &Secret, purposes: impl IntoIterator<Item = (Purpose, T)>, minutes: u32, refused: Code) -> Result<Opened<T>, Failure> {
    let opened = |(purpose, means)| Token::open(text.expose(), purpose, OwnerKind::Holder, cx.keys()).map(|token| (token, means));
    let (token, means) = purposes.into_iter().find_map(opened).ok_or(refused)?;
    let over_at = token.over_at(minutes);
    if cx.now >= over_at { Err(refused.into()) } else { Ok(Opened { token, over_at, means }) }
}
