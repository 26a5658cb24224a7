//! Mails that somebody asks for without signing in: so many for an address and a window of time, and each under a key of its own.

use sportello_runtime::{Cx, Failure};

/// A mail that was asked for.
pub struct Asked {
    /// How many that makes in the present window.
    pub number: u32,
    window: i64,
}

/// Counts one more mail of a kind for the address that a lookup is of, in windows of so many minutes.
///
/// # Errors
/// The store's.
pub async fn counted(cx: &Cx, what: &str, lookup: &str, minutes: u32) -> Result<Asked, Failure> {
    let number = cx.store.count(&format!("{what}#{lookup}"), minutes, cx.now).await?;
    Ok(Asked { number, window: cx.now.as_second().div_euclid(60 * i64::from(minutes.max(1))) })
}

/// The key of its notice.
#[must_use]
pub fn id(kind: &str, lookup: &str, asked: &Asked) -> String {
    format!("{kind}#{lookup}#{}#{}", asked.window, asked.number)
}
