//! What the operations on credentials share: finding one, changing it with its dates, and telling of it (rules 41-44).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_notify::{CredentialChange, Notice};
use sportello_rules::credential::{Dates, StateForbids};
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::HolderActor;
use sportello_runtime::{Cx, Failure, Reply, due};
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, HolderRecords, SecondFactor, StoredCredential, StoredTotp};

use crate::confirmation::{confirm_by, word};
use crate::second_factor::Codes;

/// A credential that lives by itself: any but the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Separate {
    /// One-time passwords of the enrolled app.
    OtpApp,
    /// One-time passwords by SMS.
    OtpSms,
    /// One-time passwords of a physical device.
    OtpToken,
    /// A smart card.
    SmartCard,
    /// A remote signature.
    RemoteSignature,
}

impl From<Separate> for CredentialKind {
    fn from(kind: Separate) -> Self {
        match kind {
            Separate::OtpApp => Self::OtpApp,
            Separate::OtpSms => Self::OtpSms,
            Separate::OtpToken => Self::OtpToken,
            Separate::SmartCard => Self::SmartCard,
            Separate::RemoteSignature => Self::RemoteSignature,
        }
    }
}

/// The credential that gives the codes of signing in; none where no second factor is active (rule 42).
#[must_use]
pub fn in_use(cx: &Cx, auth: &AuthRecord) -> Option<CredentialKind> {
    let factor = auth.otp_factor(cx.now);
    auth.active_credentials(cx.now).map(|(kind, _)| kind).find(|kind| SecondFactor::of(*kind) == factor)
}

/// Refuses what is sensitive while a level is newly lost (rule 44).
///
/// # Errors
/// `downgrade-guard`, with the seconds that are left.
pub fn guard(cx: &Cx, auth: &AuthRecord) -> Result<(), Problem> {
    match auth.guarded_until(cx.now, &cx.policy().identity) {
        None => Ok(()),
        Some(until) => {
            let seconds = until.as_second().saturating_sub(cx.now.as_second()).max(1);
            Err(Problem::from(Code::DowngradeGuard).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX)))
        }
    }
}

/// The record with one credential changed that is not revoked.
///
/// # Errors
/// `not-found` where the holder has none of the kind, `credential-state` where its state forbids the change.
pub fn changed(auth: &AuthRecord, kind: CredentialKind, change: impl Fn(&mut Dates) -> Result<(), StateForbids>) -> Result<AuthRecord, Code> {
    let mut auth = auth.clone();
    let app = auth.totp.as_mut().filter(|_| kind == CredentialKind::OtpApp).map(|totp| &mut totp.dates);
    let others = auth.credentials.iter_mut().filter(|credential| credential.kind == kind).map(|credential| &mut credential.dates);
    let mut refused = Code::NotFound;
    // Of several, such as one that is over and its successor, the one that the change makes sense of.
    for dates in app.into_iter().chain(others).filter(|dates| dates.revoked_at.is_none()) {
        match change(dates) {
            Ok(()) => return Ok(tidied(auth)),
            Err(StateForbids) => refused = Code::CredentialState,
        }
    }
    Err(refused)
}

fn tidied(mut auth: AuthRecord) -> AuthRecord {
    // A revoked app lives on in its dates only; its secret is forgotten.
    if let Some(StoredTotp { dates, .. }) = auth.totp.take_if(|totp| totp.dates.revoked_at.is_some()) {
        auth.credentials.push(StoredCredential::new(CredentialKind::OtpApp, dates));
    }
    let token_lives = auth.credentials.iter().any(|c| c.kind == CredentialKind::OtpToken && c.dates.revoked_at.is_none());
    auth.token.take_if(|_| !token_lives);
    auth
}

/// The change of the `AUTH` item that makes its credentials those of a changed record.
#[must_use]
pub fn write(update: AuthUpdate, before: &AuthRecord, after: &AuthRecord) -> AuthUpdate {
    let update = update.totp(after.totp.as_ref()).credentials(&after.credentials);
    if before.token.is_some() && after.token.is_none() { update.token(None) } else { update }
}

/// What is suspended or revoked, and what is proved for it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// Which credential.
    pub credential: Separate,
    /// A code of the active second factor; needed where one is active.
    #[serde(default)]
    pub code: Option<Secret>,
    /// The password; needed where no second factor is active.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// A change of one credential by its holder.
pub struct Change {
    /// Id of the operation, for which codes are sent.
    pub operation: &'static str,
    /// Which credential.
    pub kind: CredentialKind,
    /// What happens to its dates.
    pub dates: fn(&mut Dates, Timestamp) -> Result<(), StateForbids>,
    /// What the mail tells.
    pub told: CredentialChange,
}

/// Changes a credential with a proof of a factor, which a code that was sent for this credential only gives (rule 44).
///
/// # Errors
/// As [`changed`], before any try is charged; as [`confirm_by`].
pub(crate) async fn change(
    cx: &Cx,
    holder: &HolderActor,
    Change { operation, kind, dates, told }: Change,
    factor: SecondFactor,
    codes: Codes<'_>,
    password: Option<&Secret>,
) -> Result<Reply<()>, Failure> {
    changed(&holder.records.auth, kind, |kept| dates(kept, cx.now))?;
    let confirmed = confirm_by(cx, holder, (operation, &word(kind)), factor, codes, password).await?;
    let after = changed(&confirmed.auth, kind, |kept| dates(kept, cx.now))?;
    // Sessions that this credential opened, or of a level that is not the highest any more, end with the change.
    let update = confirmed.update.end_sessions();
    Ok(Reply::after(commit(cx, &holder.owner, &holder.records, (&confirmed.auth, &after), update, (kind, told))?, ()))
}

/// Commits a changed credential: the dates of what is due, what the customer area shows, and the mail.
///
/// # Errors
/// A fault where the notice cannot be written as JSON.
pub fn commit(
    cx: &Cx,
    owner: &Owner,
    records: &HolderRecords,
    (before, after): (&AuthRecord, &AuthRecord),
    update: AuthUpdate,
    (credential, change): (CredentialKind, CredentialChange),
) -> Result<Commit, Failure> {
    let mut commit = Commit::new();
    commit.update_auth(write(update, before, after), Code::ChangedMeanwhile);
    due::credentials(&mut commit, owner, records, after, cx);
    let shown = after.sold_credentials();
    if let Some(service) = before.service.as_ref().filter(|_| shown != before.sold_credentials()) {
        commit.show_credentials(service, &shown);
    }
    tell(cx, owner, before, &mut commit, (credential, change))?;
    Ok(commit)
}

/// Tells of a changed credential.
///
/// # Errors
/// A fault where the notice cannot be written as JSON.
pub fn tell(cx: &Cx, owner: &Owner, before: &AuthRecord, commit: &mut Commit, (credential, change): (CredentialKind, CredentialChange)) -> Result<(), Failure> {
    let notice = Notice::CredentialChanged { at: cx.now, credential, change };
    let id = format!("{}#{}#{credential:?}#{}", notice.kind(), owner.pk(), before.version);
    commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    Ok(())
}
