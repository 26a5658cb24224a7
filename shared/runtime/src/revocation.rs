//! Revoking an identity: final, over every credential, and the end of renewals, sessions and whatever was due (rule 36).

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, DueMarks, PasswordDue};

use crate::due::WORK;

/// Adds a revocation at `now` to a commit; `update` is the change of the `AUTH` item that it belongs to.
pub fn revoke(commit: &mut Commit, owner: &Owner, auth: &AuthRecord, update: AuthUpdate, now: Timestamp) {
    let update = revoke_with(commit, owner, auth, update, now, "");
    commit.update_auth(update, Code::ChangedMeanwhile);
}

/// The same for the job that does one kind of work, which writes its own marks and the change of the `AUTH` item itself.
#[must_use]
pub fn revoke_with(commit: &mut Commit, owner: &Owner, auth: &AuthRecord, update: AuthUpdate, now: Timestamp, but: &str) -> AuthUpdate {
    let mut state = auth.state.clone();
    state.revoke(now);
    for (work, _) in WORK.iter().filter(|(work, _)| *work != but) {
        commit.put_due(owner, work, &DueMarks::default(), None);
    }
    commit.put_password_due(owner, &PasswordDue { password_version: auth.password.version, warned: std::collections::BTreeSet::new() }, None);
    if let Some(service) = &auth.service {
        commit.show_revoked(service);
    }
    update.state(&state).credentials(&auth.revoked_credentials(now)).totp(None).token(None).no_way_back().no_renewal().end_sessions()
}

/// Key of the notice: an identity is revoked once.
#[must_use]
pub fn notice_id(owner: &Owner) -> String {
    format!("identity-revoked#{}", owner.pk())
}
