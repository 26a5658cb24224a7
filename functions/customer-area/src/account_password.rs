//! What every operation that sets an account's password shares: the rules that it breaks, and how it is kept (rule 59).

use sportello_contract::problem::{Code, Language, Problem, Violation as Named};
use sportello_contract::secret::Secret;
use sportello_rules::account::{Violation, violations};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure};
use sportello_store::record::{AccountRecord, StoredPassword};

/// Every rule that a password breaks, for whom a profile tells of.
///
/// # Errors
/// `password-refused`, naming them all.
pub fn check(cx: &Cx, profile: &Profile, new: &Secret) -> Result<(), Problem> {
    let company = profile.company_name.as_deref().unwrap_or_default();
    let about = [profile.username.as_str(), profile.email.expose(), &profile.given_name, &profile.family_name, company, &cx.app.provider.name];
    let broken = violations(new.expose(), &about, &cx.policy().account);
    if broken.is_empty() {
        return Ok(());
    }
    let named = broken.iter().map(|violation| Named { code: violation.code().to_owned(), message: text(*violation, cx.language).to_owned() });
    Err(Problem::from(Code::PasswordRefused).field("new").violations(named.collect()))
}

/// Both passwords, which must be the same.
///
/// # Errors
/// `confirmation-mismatch`.
pub fn confirmed(new: &Secret, confirmation: &Secret) -> Result<(), Problem> {
    if new == confirmation { Ok(()) } else { Err(Problem::from(Code::ConfirmationMismatch).field("confirmation")) }
}

/// The password that follows an account's present one, as it is kept.
///
/// # Errors
/// A fault where it cannot be hashed.
pub async fn next(cx: &Cx, account: &AccountRecord, new: &Secret) -> Result<StoredPassword, Failure> {
    let scheme = cx.hasher().scheme();
    let digest = cx.hasher().digest(new.expose(), &account.salt, &scheme).await?;
    Ok(StoredPassword { digest, scheme, version: account.password.version + 1, changed_at: cx.now })
}

fn text(violation: Violation, language: Language) -> &'static str {
    let (it, en) = match violation {
        Violation::PasswordTooShort => ("È troppo corta.", "It is too short."),
        Violation::PasswordTooLong => ("È troppo lunga.", "It is too long."),
        Violation::PasswordControl => ("Contiene un carattere di controllo.", "It holds a control character."),
        Violation::PasswordExpected => (
            "È facile da indovinare: è fatta solo di parole comuni, dei tuoi dati o di ripetizioni.",
            "It is easy to guess: common words, your own data or repetitions are all that it is made of.",
        ),
    };
    match language {
        Language::It => it,
        Language::En => en,
    }
}
