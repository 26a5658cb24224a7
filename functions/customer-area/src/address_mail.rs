//! Mails that somebody asks for without signing in: so many for an address and day, and each under a key of its own.

use sportello_runtime::{Cx, Failure};

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// Counts one more mail of a kind for the address that a lookup is of, and answers how many that makes today.
///
/// # Errors
/// The store's.
pub async fn counted(cx: &Cx, what: &str, lookup: &str) -> Result<u32, Failure> {
    Ok(cx.store.count(&format!("{what}#{lookup}"), DAY, cx.now).await?)
}

/// The key of its notice.
#[must_use]
pub fn id(cx: &Cx, kind: &str, lookup: &str, asked: u32) -> String {
    let day = cx.now.as_second().div_euclid(60 * i64::from(DAY));
    format!("{kind}#{lookup}#{day}#{asked}")
}
