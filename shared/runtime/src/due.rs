//! What is due of an identity: the rules' view of what is kept, and the marks and dates by which the jobs find it (rules 33, 35, 37, 38, 39, 60).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use sportello_rules::deadline::{Deadline, Kind, PasswordRecord, Records, deadlines, next};
use sportello_rules::identity::{IdentityState, SuspensionReason};
use sportello_rules::policy::Policy;
use sportello_rules::service::CredentialKind;
use sportello_rules::throttle::{Gate, Tries};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, DueMarks, HolderRecords};
use sportello_store::schema::{DUE_AGE, DUE_CREDENTIAL, DUE_DOCUMENT, DUE_INACTIVITY, DUE_SUSPENSION};

use crate::Cx;
use crate::profile::Profile;

/// Kinds of work on an identity in the index, with what of the holder's list each of them does.
pub const WORK: [(&str, &[Kind]); 5] = [
    (DUE_SUSPENSION, &[Kind::SuspensionEnd, Kind::FraudSuspensionEnd]),
    (DUE_DOCUMENT, &[Kind::DocumentExpiry]),
    (DUE_INACTIVITY, &[Kind::InactivityNotice, Kind::InactivityRevocation]),
    (DUE_AGE, &[Kind::ComingOfAge]),
    (DUE_CREDENTIAL, &[Kind::CredentialNotice]),
];

/// The mark of what is told once.
pub const DONE: &str = "done";

/// What the list shows of one kind of work in the index.
#[must_use]
pub fn kinds_of(work: &str) -> &'static [Kind] {
    WORK.iter().find(|(kind, _)| *kind == work).map_or(&[], |(_, kinds)| kinds)
}

/// The rules' view of what is kept of a holder, as it is at this instant.
#[must_use]
pub fn view(cx: &Cx, records: &HolderRecords, profile: &Profile) -> Records {
    let auth = &records.auth;
    let due = records.password_due.as_ref().filter(|due| due.password_version == auth.password.version);
    Records {
        password: Some(PasswordRecord { changed_at: auth.password.changed_at, warned: due.map(|due| due.warned.clone()).unwrap_or_default() }),
        tries: [auth.password_throttle(), auth.otp_throttle()].into_iter().max_by_key(|tries| pause_end(cx, tries)).unwrap_or_default(),
        state: auth.state.at(cx.now, auth.requirements(), &cx.policy().identity),
        ..kept(auth, &records.due, profile.birth_date)
    }
}

/// The same for a job, which does what reading only shows: the state as it was written last.
#[must_use]
pub fn work_view(records: &HolderRecords, birth_date: Option<Date>) -> Records {
    kept(&records.auth, &records.due, birth_date)
}

/// The mark of a suspension whose end was told of.
#[must_use]
pub fn kept_mark(reason: SuspensionReason, since: Timestamp) -> String {
    format!("{reason:?} {since}")
}

/// What of the records does not depend on the instant.
fn kept(auth: &AuthRecord, due: &std::collections::BTreeMap<String, DueMarks>, birth_date: Option<Date>) -> Records {
    let none = DueMarks::default();
    let marks = |kind: &str| due.get(kind).unwrap_or(&none);
    let lasting = || auth.dated_credentials().filter(|(_, dates)| dates.revoked_at.is_none());
    let told = |kind: &str, about: &str| -> BTreeSet<u32> { marks(kind).told_about(about).filter_map(|days| days.parse().ok()).collect() };
    Records {
        expires_on: auth.expires_on,
        birth_date,
        document_expires_on: auth.document_expires_on,
        last_used_at: auth.last_used_at,
        inactivity_noticed: told(DUE_INACTIVITY, &about_use(auth)),
        came_of_age: marks(DUE_AGE).told.contains(DONE),
        credentials: lasting().filter(|(_, dates)| dates.expires_on.is_some()).map(|(kind, dates)| (kind, dates.expires_on)).collect(),
        certificates: lasting().filter_map(|(kind, dates)| Some((kind, dates.certified_until?))).collect(),
        credential_noticed: marks(DUE_CREDENTIAL).told.iter().filter_map(|mark| parse(mark)).collect(),
        auto_renewal: auth.auto_renewal,
        charge_tried: auth.charged_for.is_some() && auth.charged_for == auth.expires_on,
        ..Records::new(auth.kind, auth.state.clone())
    }
}

/// What the marks of inactivity are about: a use makes them void (rule 37).
#[must_use]
pub fn about_use(auth: &AuthRecord) -> String {
    auth.last_used_at.map(|at| at.to_string()).unwrap_or_default()
}

/// The mark of a notice of a credential's expiry.
#[must_use]
pub fn credential_mark(kind: CredentialKind, expires_on: Date, days_left: u32) -> String {
    let kind = serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(ToOwned::to_owned)).unwrap_or_default();
    format!("{kind} {expires_on} {days_left}")
}

fn parse(mark: &str) -> Option<(CredentialKind, Date, u32)> {
    let mut parts = mark.split(' ');
    let kind = serde_json::from_value(parts.next()?.into()).ok()?;
    Some((kind, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The first thing of one kind of work that is due by now.
#[must_use]
pub fn first_due(view: &Records, work: &str, policy: &Policy, now: Timestamp) -> Option<Deadline> {
    let kinds = kinds_of(work);
    deadlines(view, policy, now).into_iter().find(|deadline| kinds.contains(&deadline.kind) && deadline.at <= now)
}

/// Sets when there is work of each kind, for a new identity.
pub fn begin(commit: &mut Commit, owner: &Owner, auth: &AuthRecord, birth_date: Option<Date>, policy: &Policy, now: Timestamp) {
    let view = kept(auth, &std::collections::BTreeMap::new(), birth_date);
    for (work, kinds) in WORK {
        if let Some(at) = next(&view, policy, now, kinds) {
            commit.put_due(owner, work, &DueMarks::default(), Some(at));
        }
    }
}

/// Sets when a suspension of this state ends; for whatever adds or lifts one.
pub fn suspensions(commit: &mut Commit, owner: &Owner, records: &HolderRecords, state: &IdentityState, cx: &Cx) {
    let view = Records { state: state.clone(), ..kept(&records.auth, &records.due, None) };
    let marks = records.due.get(DUE_SUSPENSION).cloned().unwrap_or_default();
    commit.put_due(owner, DUE_SUSPENSION, &marks, next(&view, cx.policy(), cx.now, kinds_of(DUE_SUSPENSION)));
}

/// Sets when a credential expires next; for whatever changes the credentials of this record.
pub fn credentials(commit: &mut Commit, owner: &Owner, records: &HolderRecords, changed: &AuthRecord, cx: &Cx) {
    let view = kept(changed, &records.due, None);
    let marks = records.due.get(DUE_CREDENTIAL).cloned().unwrap_or_default();
    commit.put_due(owner, DUE_CREDENTIAL, &marks, next(&view, cx.policy(), cx.now, kinds_of(DUE_CREDENTIAL)));
}

fn pause_end(cx: &Cx, tries: &Tries) -> Option<Timestamp> {
    match tries.gate(&cx.policy().throttle, cx.now) {
        Gate::PausedUntil(at) => Some(at),
        Gate::Open | Gate::Locked => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_of_a_credential_comes_back() {
        let day: Date = "2027-02-28".parse().unwrap();
        for kind in CredentialKind::ALL {
            assert_eq!(parse(&credential_mark(kind, day, 30)), Some((kind, day, 30)));
        }
        assert_eq!(parse("done"), None);
    }

    #[test]
    fn every_kind_of_work_is_work() {
        for (work, kinds) in WORK {
            assert!(!kinds.is_empty() && kinds.iter().all(|kind| kind.is_work()), "{work}");
            assert_eq!(kinds_of(work), kinds);
        }
    }
}
