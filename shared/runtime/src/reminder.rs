//! Reminders of a username (rule 25). Who asked learns nothing: whether the address that was given is the one on file is looked at where mail is delivered.

use sportello_notify::{EmailAddress, Notice};
use sportello_store::key::Owner;

use crate::profile::Profile;
use crate::{Cx, Failure};

fn purpose(owner: &Owner) -> String {
    format!("username-reminder/{}", owner.pk())
}

/// A reminder to be looked at, for whoever it may be.
///
/// # Errors
/// A fault where it cannot be sealed.
pub fn notice(cx: &Cx, owner: &Owner, email: &EmailAddress) -> Result<Notice, Failure> {
    let sealed = cx.keys().seal(cx.entropy(), purpose(owner).as_bytes(), &serde_json::to_vec(email)?)?;
    let sealed = serde_json::to_value(sportello_store::record::Bytes(sealed))?;
    Ok(Notice::UsernameReminder { at: cx.now, sealed: sealed.as_str().unwrap_or_default().to_owned() })
}

/// Whether the address that was given is the one on file; case does not count (rule 50).
///
/// # Errors
/// A fault where it does not open.
pub fn is_for(cx: &Cx, owner: &Owner, profile: &Profile, sealed: &str) -> Result<bool, Failure> {
    let sealed: sportello_store::record::Bytes = serde_json::from_value(sealed.into())?;
    let given: EmailAddress = serde_json::from_slice(&cx.keys().open(purpose(owner).as_bytes(), &sealed.0)?)?;
    Ok(given.expose().to_lowercase() == profile.email.expose().to_lowercase())
}
