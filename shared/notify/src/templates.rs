//! The words, compiled in: `templates/{it,en}/<kind>.txt`, what every mail shares, and the two layouts.

use crate::notice::Notice;
use crate::render::Language;

/// Layout of the text part.
pub(crate) const LAYOUT_TEXT: &str = include_str!("../templates/layout.txt");
/// Layout of the HTML part.
pub(crate) const LAYOUT_HTML: &str = include_str!("../templates/layout.html");

/// What the mails of one language share.
pub(crate) struct Shared {
    /// The first line.
    pub(crate) greeting: &'static str,
    /// The end of every security mail: the "it wasn't me" link (rule 40).
    pub(crate) not_me: &'static str,
    /// The small print.
    pub(crate) footer: &'static str,
}

macro_rules! template {
    ($language:expr, $file:literal) => {
        match $language {
            Language::It => include_str!(concat!("../templates/it/", $file, ".txt")),
            Language::En => include_str!(concat!("../templates/en/", $file, ".txt")),
        }
    };
}

/// The shared parts in a language.
pub(crate) const fn shared(language: Language) -> Shared {
    Shared { greeting: template!(language, "greeting"), not_me: template!(language, "not-me"), footer: template!(language, "footer") }
}

/// The text message of a notice; none for one that only goes by mail.
pub(crate) const fn message(notice: &Notice, language: Language) -> Option<&'static str> {
    match notice {
        Notice::Code { .. } => Some(template!(language, "code-sms")),
        Notice::EmergencyCodeHalf { .. } => Some(template!(language, "emergency-code-half-sms")),
        Notice::PasswordRecovered { .. } => Some(template!(language, "password-recovered-sms")),
        _ => None,
    }
}

/// A notice's title and body in a language.
pub(crate) const fn body(notice: &Notice, language: Language) -> &'static str {
    match notice {
        Notice::PasswordWarning { .. } => template!(language, "password-warning"),
        Notice::PasswordChanged { .. } => template!(language, "password-changed"),
        Notice::SignInPaused { .. } => template!(language, "sign-in-paused"),
        Notice::SignInLocked { .. } => template!(language, "sign-in-locked"),
        Notice::SignInUnlocked { .. } => template!(language, "sign-in-unlocked"),
        Notice::NewDevice { .. } => template!(language, "new-device"),
        Notice::IdentitySuspended { .. } => template!(language, "identity-suspended"),
        Notice::ResidenceChanged { .. } => template!(language, "residence-changed"),
        Notice::Code { .. } => template!(language, "code"),
        Notice::SuspensionLifted { .. } => template!(language, "suspension-lifted"),
        Notice::SuspensionKept { .. } => template!(language, "suspension-kept"),
        Notice::IdentityRevoked { .. } => template!(language, "identity-revoked"),
        Notice::InactivityWarning { .. } => template!(language, "inactivity-warning"),
        Notice::CredentialExpiring { .. } => template!(language, "credential-expiring"),
        Notice::AccessMade { .. } => template!(language, "access-made"),
        Notice::CredentialChanged { .. } => template!(language, "credential-changed"),
        Notice::PasswordRecovered { .. } => template!(language, "password-recovered"),
        Notice::RecoveryRefused { .. } => template!(language, "recovery-refused"),
        Notice::EmergencyCodeUsed { .. } => template!(language, "emergency-code-used"),
        Notice::EmergencyCodeHalf { .. } => template!(language, "emergency-code-half"),
        Notice::UsernameReminder { .. } => template!(language, "username-reminder"),
        Notice::ServiceCancelled { .. } => template!(language, "service-cancelled"),
        Notice::OrderPlaced { .. } => template!(language, "order-placed"),
        Notice::OrderPaid { .. } => template!(language, "order-paid"),
        Notice::PaymentFailed { .. } => template!(language, "payment-failed"),
        Notice::OrderClosed { .. } => template!(language, "order-closed"),
        Notice::PaymentReturned { .. } => template!(language, "payment-returned"),
        Notice::ServiceRenewed { .. } => template!(language, "service-renewed"),
        Notice::ServiceExpiring { .. } => template!(language, "service-expiring"),
        Notice::AutoRenewalChanged { .. } => template!(language, "auto-renewal-changed"),
        Notice::PaymentMethodChanged { .. } => template!(language, "payment-method-changed"),
        Notice::AccountRegistration { .. } => template!(language, "account-registration"),
        Notice::AccountExists { .. } => template!(language, "account-exists"),
        Notice::AccountOpened { .. } => template!(language, "account-opened"),
        Notice::AccountRecovery { .. } => template!(language, "account-recovery"),
        Notice::AccountRecoveryRefused { .. } => template!(language, "account-recovery-refused"),
        Notice::AccountPasswordChanged { .. } => template!(language, "account-password-changed"),
        Notice::AccountAddressConfirmation { .. } => template!(language, "account-address-confirmation"),
        Notice::AccountAddressChanged { .. } => template!(language, "account-address-changed"),
        Notice::AccountOtpChanged { .. } => template!(language, "account-otp-changed"),
        Notice::AccountDataChanged { .. } => template!(language, "account-data-changed"),
        Notice::WithdrawalSent { .. } => template!(language, "withdrawal-sent"),
        Notice::TicketOpened { .. } => template!(language, "ticket-opened"),
        Notice::TicketReceived { .. } => template!(language, "ticket-received"),
    }
}
