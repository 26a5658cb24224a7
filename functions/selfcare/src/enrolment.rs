//! Beginning to enrol an app for the identity, or to move it to another device (rule 41).

use sportello_runtime::otp_app::{self, App, Begun};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure};
use sportello_store::commit::AuthUpdate;
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, Enrolment};

/// Makes a secret, to be committed with `update`; an enrolment that was begun before is over.
///
/// # Errors
/// A fault where there is no entropy or nothing can be drawn.
pub fn begin(cx: &Cx, owner: &Owner, auth: &AuthRecord, profile: &Profile, moves: bool, update: AuthUpdate) -> Result<(AuthUpdate, App), Failure> {
    let Begun { enrolment, app } = otp_app::begin(cx, owner, &auth.data_key, (auth.password.version, auth.epoch), &profile.username)?;
    Ok((update.enrolment(Some(&Enrolment { moves, ..enrolment })), app))
}
