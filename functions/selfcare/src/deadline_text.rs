//! Deadlines in words.

use sportello_contract::problem::Language;
use sportello_rules::deadline::{Deadline, Kind};
use sportello_rules::service::CredentialKind;

/// What happens, in one line.
pub(crate) fn text(deadline: &Deadline, language: Language) -> String {
    let days = deadline.days_left.unwrap_or_default();
    let (it, en) = match deadline.kind {
        Kind::PasswordWarning => (format!("Avviso: la password scade tra {days} giorni"), format!("Notice: the password expires in {days} days")),
        Kind::PasswordExpiry => ("La password scade".into(), "The password expires".into()),
        Kind::SignInPauseEnd => ("Si può accedere di nuovo dopo troppi tentativi".into(), "Signing in is possible again after too many tries".into()),
        Kind::DocumentExpiry => ("Il documento d'identità scade".into(), "The identity document expires".into()),
        Kind::SuspensionEnd => ("La sospensione termina, se i requisiti sono soddisfatti".into(), "The suspension ends, if the requirements are met".into()),
        Kind::FraudSuspensionEnd => (
            "La sospensione per uso illecito termina, se i requisiti sono soddisfatti".into(),
            "The suspension for fraud ends, if the requirements are met".into(),
        ),
        Kind::InactivityNotice => {
            (format!("Avviso: l'identità non usata sarà revocata tra {days} giorni"), format!("Notice: the unused identity will be revoked in {days} days"))
        }
        Kind::InactivityRevocation => ("L'identità è revocata se non viene usata".into(), "The identity is revoked unless it is used".into()),
        Kind::ComingOfAge => ("Maggiore età: occorre scegliere come continuare".into(), "Coming of age: a choice is needed".into()),
        Kind::IdentityExpiryFlag => ("L'identità è in scadenza".into(), "The identity is about to expire".into()),
        Kind::ExpiryNotice => (format!("Avviso: l'identità scade tra {days} giorni"), format!("Notice: the identity expires in {days} days")),
        Kind::RenewalCharge => ("Addebito del rinnovo automatico".into(), "Charge of the automatic renewal".into()),
        Kind::Renewal => ("Rinnovo automatico gratuito".into(), "Free automatic renewal".into()),
        Kind::IdentityExpiry => ("L'identità scade".into(), "The identity expires".into()),
        Kind::CredentialExpiryFlag => ("Una credenziale è in scadenza".into(), "A credential is about to expire".into()),
        Kind::CredentialNotice => (format!("Avviso: una credenziale scade tra {days} giorni"), format!("Notice: a credential expires in {days} days")),
        Kind::CredentialExpiry => ("Una credenziale scade".into(), "A credential expires".into()),
    };
    let line: String = match language {
        Language::It => it,
        Language::En => en,
    };
    match deadline.credential {
        Some(credential) => format!("{line}: {}", name(credential, language)),
        None => line,
    }
}

fn name(credential: CredentialKind, language: Language) -> &'static str {
    let (it, en) = match credential {
        CredentialKind::Password => ("password", "password"),
        CredentialKind::OtpApp => ("app OTP", "OTP app"),
        CredentialKind::OtpSms => ("OTP via SMS", "OTP by SMS"),
        CredentialKind::OtpToken => ("token OTP", "OTP token"),
        CredentialKind::SmartCard => ("smart card", "smart card"),
        CredentialKind::RemoteSignature => ("firma remota", "remote signature"),
    };
    match language {
        Language::It => it,
        Language::En => en,
    }
}
