//! Suspending at once for somebody who does not sign in: by the "it wasn't me" link, or in an emergency (rules 28, 32, 40).

use sportello_contract::problem::Code;
use sportello_notify::Notice;
use sportello_rules::identity::{IdentityState, SuspensionReason};
use sportello_runtime::{Cx, Failure, due};
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::HolderRecords;

/// A suspension that is in force once it is committed.
pub struct Blocked {
    /// The identity's state then.
    pub state: IdentityState,
    /// What makes it so.
    pub commit: Commit,
}

/// Suspends and ends every session; `update` is the change of the `AUTH` item that it belongs to, `because` names what asked for it.
///
/// # Errors
/// `refused` for a revoked identity.
pub fn block(cx: &Cx, owner: &Owner, records: &HolderRecords, update: AuthUpdate, because: &str, refused: Code) -> Result<Blocked, Failure> {
    let auth = &records.auth;
    // A suspension that has ended by itself is no reason any more: this one begins its own days (rules 32, 33).
    let mut state = auth.state.lifted(cx.now, auth.requirements(), &cx.policy().identity);
    let added = state.suspend(SuspensionReason::Holder, cx.now).map_err(|_| refused)?;
    let mut commit = Commit::new();
    commit.update_auth(update.state(&state).end_sessions(), Code::ChangedMeanwhile);
    if added {
        due::suspensions(&mut commit, owner, records, &state, cx);
        if let Some(service) = &auth.service {
            commit.show_status(service, state.status());
        }
        let notice = Notice::IdentitySuspended { at: cx.now, reason: SuspensionReason::Holder };
        commit.notice(&format!("{}#{because}#{}", notice.kind(), auth.version), owner, notice.to_json()?, cx.now, refused);
    }
    Ok(Blocked { state, commit })
}
