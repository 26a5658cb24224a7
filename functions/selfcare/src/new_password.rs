//! What every operation that sets a password shares: the rules that it breaks, the history, and the commit.

use jiff::Timestamp;
use sportello_contract::problem::{Code, Language, Problem, Violation as Named};
use sportello_contract::secret::Secret;
use sportello_notify::{Channel, Notice};
use sportello_rules::password::history::{Entry, retain, reused};
use sportello_rules::password::validity::warnings;
use sportello_rules::password::{Violation, violations};
use sportello_runtime::clock::DAY;
use sportello_runtime::profile::Profile;
use sportello_runtime::token::Token;
use sportello_runtime::{Cx, Failure};
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{FormerPassword, HolderRecords, PasswordDue, Scheme, StoredPassword};

/// A new password that was accepted.
pub struct Accepted {
    stored: StoredPassword,
    history: Vec<FormerPassword>,
}

/// How a password came to be replaced, as the holder is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It was changed.
    Changed,
    /// It had expired.
    Replaced,
    /// It was forgotten.
    Recovered,
}

/// Every rule of the password itself that is broken (rules 5-11).
pub fn check(cx: &Cx, profile: &Profile, new: &Secret) -> Result<(), Problem> {
    let broken = violations(new.expose(), &profile.password_facts(), &cx.policy().password);
    if broken.is_empty() {
        return Ok(());
    }
    Err(Problem::from(Code::PasswordRefused).field("new").violations(explain(&broken, cx.language)))
}

/// The history's rule (12), at the cost of one Argon2 run for each scheme in it, which is one unless parameters or pepper were changed.
///
/// None where the password may not come back yet.
pub async fn accept(cx: &Cx, records: &HolderRecords, new: &Secret) -> Result<Option<Accepted>, Failure> {
    let (auth, policy) = (&records.auth, &cx.policy().password);
    let current = &auth.password;
    let scheme = cx.hasher().scheme();
    let digest = cx.hasher().digest(new.expose(), &auth.salt, &scheme).await?;
    let mut schemes: Vec<&Scheme> = records.history.entries.iter().map(|entry| &entry.scheme).chain([&current.scheme]).collect();
    schemes.sort_unstable_by_key(|scheme| (scheme.m, scheme.t, scheme.p, scheme.pepper.clone()));
    schemes.dedup();
    let mut used = false;
    for old in schemes {
        let candidate = if *old == scheme { digest.clone() } else { cx.hasher().digest(new.expose(), &auth.salt, old).await? };
        let blocking: Vec<Entry> = records
            .history
            .entries
            .iter()
            .map(|entry| Entry {
                // A digest of another scheme never equals: its place among the last ones still counts.
                digest: if entry.scheme == *old { entry.digest.0.clone() } else { Vec::new() },
                version: entry.version,
                retired_at: entry.retired_at,
            })
            .collect();
        let now_current = (current.scheme == *old).then_some(current.digest.0.as_slice());
        used |= reused(&candidate.0, now_current, &blocking, cx.now, policy);
    }
    if used {
        return Ok(None);
    }
    let mut entries = records.history.entries.clone();
    entries.push(FormerPassword { digest: current.digest.clone(), scheme: current.scheme.clone(), version: current.version, retired_at: cx.now });
    let kept = retain(entries.iter().map(|e| Entry { digest: Vec::new(), version: e.version, retired_at: e.retired_at }).collect(), cx.now, policy);
    entries.retain(|entry| kept.iter().any(|k| k.version == entry.version));
    let stored = StoredPassword { digest, scheme, version: current.version + 1, changed_at: cx.now };
    Ok(Some(Accepted { stored, history: entries }))
}

/// Counts one more new password of a procedure that somebody goes through without being signed in: whether one was used before is told, and so it must not
/// be asked without end (12, 26).
///
/// # Errors
/// `link-not-valid` after so many; the store's.
pub async fn count(cx: &Cx, token: &Token) -> Result<(), Failure> {
    let tried = cx.store.count(&format!("new-password#{}", token.nonce()), DAY, cx.now).await?;
    if tried.number > cx.policy().recovery.new_passwords { Err(Code::LinkNotValid.into()) } else { Ok(()) }
}

/// The refusal of a password that is in the history.
pub fn used_recently(cx: &Cx) -> Problem {
    Problem::from(Code::PasswordRefused).field("new").violations(explain(&[Violation::UsedRecently], cx.language))
}

/// Sets the password, ends every session, starts the warnings anew and tells the holder (rules 12, 16, 17).
pub fn commit(cx: &Cx, owner: &Owner, records: &HolderRecords, accepted: &Accepted, update: AuthUpdate, told: Told) -> Result<Commit, Failure> {
    let (auth, stored) = (&records.auth, &accepted.stored);
    let mut commit = Commit::new();
    let update = update.version(auth.version).same_password(auth.password.version).password(stored).end_sessions();
    // A recovery has not proved the second factor: guesses at it are not forgiven.
    let update = if told == Told::Recovered { update } else { update.clear_otp_tries() };
    commit.update_auth(update.clear_password_tries(), Code::ChangedMeanwhile);
    commit.put_history(owner, &accepted.history);
    let due = PasswordDue { password_version: stored.version, warned: std::collections::BTreeSet::new() };
    let next: Option<Timestamp> = warnings(stored.changed_at, &due.warned, cx.now, &cx.policy().password).first().map(|warning| warning.at);
    commit.put_password_due(owner, &due, next);
    let notice = match told {
        Told::Changed => Notice::PasswordChanged { at: cx.now, after_expiry: false },
        Told::Replaced => Notice::PasswordChanged { at: cx.now, after_expiry: true },
        Told::Recovered => Notice::PasswordRecovered { at: cx.now, channel: Channel::Mail },
    };
    commit.notice(&format!("password-changed#{}#{}", owner.pk(), stored.version), owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    Ok(commit)
}

/// Broken rules by code and text.
pub fn explain(broken: &[Violation], language: Language) -> Vec<Named> {
    broken.iter().map(|violation| Named { code: violation.code().to_owned(), message: text(*violation, language).to_owned() }).collect()
}

fn text(violation: Violation, language: Language) -> &'static str {
    let (it, en) = match violation {
        Violation::TooShort => ("È troppo corta.", "It is too short."),
        Violation::TooLong => ("È troppo lunga.", "It is too long."),
        Violation::NoUpper => ("Manca una lettera maiuscola.", "It has no upper-case letter."),
        Violation::NoLower => ("Manca una lettera minuscola.", "It has no lower-case letter."),
        Violation::NoDigit => ("Manca un numero.", "It has no digit."),
        Violation::NoSpecial => ("Manca un carattere speciale.", "It has no special character."),
        Violation::Repeated => ("Un carattere si ripete troppe volte di seguito.", "A character repeats too often in a row."),
        Violation::WhiteSpace => ("Contiene uno spazio.", "It contains white space."),
        Violation::Invisible => ("Contiene un carattere invisibile.", "It contains an invisible character."),
        Violation::ContainsName => ("Contiene il nome o il cognome.", "It contains the name or the surname."),
        Violation::ContainsFiscalCode => ("Contiene il codice fiscale.", "It contains the fiscal code."),
        Violation::ContainsVatNumber => ("Contiene la partita IVA.", "It contains the VAT number."),
        Violation::ContainsUsername => ("Contiene il nome utente.", "It contains the username."),
        Violation::ContainsDocumentNumber => ("Contiene il numero di un documento.", "It contains the number of a document."),
        Violation::ContainsDate => ("Contiene una data.", "It contains a date."),
        Violation::ContainsBirthDate => ("Contiene la data di nascita.", "It contains the birth date."),
        Violation::UsedRecently => ("È già stata usata di recente.", "It was used recently."),
    };
    match language {
        Language::It => it,
        Language::En => en,
    }
}
