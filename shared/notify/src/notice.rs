//! What there is to tell, as the outbox keeps it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sportello_rules::access::Outcome;
use sportello_rules::identity::{Requirement, SuspensionReason};
use sportello_rules::order::Item;
use sportello_rules::service::{CredentialKind, Level};

/// Version of the stored form. Adding a kind or an optional field keeps it; anything that an older reader would misread raises it.
const VERSION: u64 = 1;

/// What a holder or a customer is told. Stored as JSON in the outbox, with its version:
/// `{"v":1,"kind":"password-warning","daysLeft":7,"expiresAt":"2026-11-22T13:05:00Z"}`.
///
/// It carries no address, no name and no link: those belong to the moment of delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Notice {
    /// The password is about to expire (rule 16).
    PasswordWarning {
        /// Days of 86,400 s that are left; 0 reads "less than a day".
        days_left: u32,
        /// The instant at which it is expired.
        expires_at: Timestamp,
    },
    /// The password was changed and every session ended (rule 17).
    PasswordChanged {
        /// When.
        at: Timestamp,
        /// Whether the old one had expired and the separate flow of rule 15 was taken.
        after_expiry: bool,
    },
    /// Repeated failures paused the sign-in for a while (rule 21).
    SignInPaused {
        /// When.
        at: Timestamp,
        /// When it opens again by itself.
        until: Timestamp,
    },
    /// Further failures locked the sign-in until a single-use link is used (rule 21).
    SignInLocked {
        /// When.
        at: Timestamp,
    },
    /// The pause or the lock was lifted with the link (rule 21).
    SignInUnlocked {
        /// When.
        at: Timestamp,
    },
    /// A sign-in came from a device never seen before (rule 23).
    NewDevice {
        /// When.
        at: Timestamp,
        /// Short description of the device, such as "Firefox"; the renderer trusts it no more than any other text.
        device: String,
    },
    /// A reason was added to those that suspend the identity (rule 35).
    IdentitySuspended {
        /// When.
        at: Timestamp,
        /// Which reason.
        reason: SuspensionReason,
    },
    /// The residence was changed (rule 51).
    ResidenceChanged {
        /// When.
        at: Timestamp,
    },
    /// A code for one operation (rule 31). The code itself is sealed here, and belongs to the moment of delivery.
    Code {
        /// When it was made.
        at: Timestamp,
        /// From this instant on it is good no more.
        expires_at: Timestamp,
        /// What it is for.
        purpose: CodePurpose,
        /// By which way it goes.
        channel: Channel,
        /// The code, and the address where it is not the one on file, sealed for the owner.
        sealed: String,
    },
    /// A suspension came to its end, by the holder or by itself (rules 33, 34, 35).
    SuspensionLifted {
        /// When.
        at: Timestamp,
        /// Which reason is gone.
        reason: SuspensionReason,
        /// Whether its days were over, rather than the holder having asked.
        by_itself: bool,
        /// Whether the identity is active again: no other reason is in force.
        active: bool,
    },
    /// A suspension should have ended by itself and did not, because requirements are not met (rule 33).
    SuspensionKept {
        /// When it should have ended.
        at: Timestamp,
        /// What misses.
        missing: Vec<Requirement>,
    },
    /// The identity was revoked for good (rules 36, 37).
    IdentityRevoked {
        /// When.
        at: Timestamp,
        /// Whether it was not used for too long, rather than the holder having asked.
        for_inactivity: bool,
        /// For how many months it may go unused, where that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unused_months: Option<u32>,
    },
    /// The identity will be revoked because it is not used (rule 37).
    InactivityWarning {
        /// Days that are left, rounded up.
        days_left: u32,
        /// When it will be revoked.
        revoked_at: Timestamp,
    },
    /// A credential is about to expire (rules 44, 60).
    CredentialExpiring {
        /// Which.
        credential: CredentialKind,
        /// Its last day.
        expires_on: Date,
    },
    /// The identity was used at a service provider, or somebody tried to (rule 56).
    AccessMade {
        /// When.
        at: Timestamp,
        /// The level that was asked for.
        level: Level,
        /// How it ended.
        outcome: Outcome,
        /// Which service provider, sealed for the owner.
        sealed: String,
    },
    /// One credential was changed by the holder (rules 41-44).
    CredentialChanged {
        /// When.
        at: Timestamp,
        /// Which.
        credential: CredentialKind,
        /// What was done to it.
        change: CredentialChange,
    },
    /// The password was set anew by somebody who had lost it (rule 26); goes to every contact.
    PasswordRecovered {
        /// When.
        at: Timestamp,
        /// By which way it goes.
        channel: Channel,
    },
    /// Wrong emergency codes or security answers paused or locked the recovery (rules 21, 28, 30). Signing in stays open.
    RecoveryRefused {
        /// When.
        at: Timestamp,
        /// Whether only the link opens it again.
        locked: bool,
    },
    /// The emergency code was used, and is good no more (rules 27, 28, 41).
    EmergencyCodeUsed {
        /// When.
        at: Timestamp,
    },
    /// Half of a new emergency code (rule 27): the two halves go by two ways.
    EmergencyCodeHalf {
        /// When it was made.
        at: Timestamp,
        /// By which way this half goes.
        channel: Channel,
        /// Whether it is the second half.
        second: bool,
        /// The half, sealed for the owner.
        sealed: String,
    },
    /// The username, asked for by somebody who has forgotten it (rule 25). It goes to the contact on file, and only where the address that was given is that one.
    UsernameReminder {
        /// When.
        at: Timestamp,
        /// The address that was given, sealed under the ring.
        sealed: String,
    },
    /// The service was cancelled; told to the customer, who may not be the holder (rule 62).
    ServiceCancelled {
        /// When.
        at: Timestamp,
        /// The service's identifier, as the customer area shows it.
        service_id: String,
        /// The offer's name.
        offer: String,
    },
    /// An order waits for its payment (rule 65); told to the customer, as all that follow.
    OrderPlaced {
        /// When.
        at: Timestamp,
        /// The order.
        order_id: String,
        /// What was ordered.
        item: Item,
        /// What the service is called.
        offer: String,
        /// What is to be paid, VAT included, in euro cents.
        gross_cents: u64,
        /// Until when it may be paid, exclusive; none where there is no limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pay_by: Option<Timestamp>,
    },
    /// An order is paid, or was free of charge, and what was bought is given (rules 61, 64).
    OrderPaid {
        /// When.
        at: Timestamp,
        /// The order.
        order_id: String,
        /// What was bought.
        item: Item,
        /// What the service is called.
        offer: String,
        /// What was paid, VAT included, in euro cents; 0 where it is free of charge, and then no payment is named.
        gross_cents: u64,
        /// The invoice's number, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invoice: Option<String>,
        /// The last day in Rome of what was bought or renewed, where it has one by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_on: Option<Date>,
    },
    /// A charge took nothing: the order waits in the customer area with Pay and Cancel (rule 61).
    PaymentFailed {
        /// When.
        at: Timestamp,
        /// The order.
        order_id: String,
        /// What was ordered.
        item: Item,
        /// What the service is called.
        offer: String,
        /// What is to be paid, VAT included, in euro cents.
        gross_cents: u64,
        /// Until when it may be paid, exclusive; none where there is no limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pay_by: Option<Timestamp>,
        /// Whether it was the automatic renewal that charged.
        automatic: bool,
    },
    /// An order ended without payment (rule 65).
    OrderClosed {
        /// When.
        at: Timestamp,
        /// The order.
        order_id: String,
        /// What was ordered.
        item: Item,
        /// What the service is called.
        offer: String,
        /// Whether it was not paid in time; otherwise the customer cancelled it.
        expired: bool,
    },
    /// A payment that an order did not need, or no longer needs, was given back.
    PaymentReturned {
        /// When.
        at: Timestamp,
        /// The order.
        order_id: String,
        /// What was ordered.
        item: Item,
        /// What the service is called.
        offer: String,
        /// What was given back, in euro cents.
        gross_cents: u64,
    },
    /// A free service renewed by itself (rule 61).
    ServiceRenewed {
        /// When.
        at: Timestamp,
        /// The service.
        service_id: String,
        /// What it is called.
        offer: String,
        /// Its new last day in Rome.
        expires_on: Date,
    },
    /// An identity or a credential of a service is about to expire (rules 60, 61).
    ServiceExpiring {
        /// The service.
        service_id: String,
        /// What it is called.
        offer: String,
        /// The credential; none for the identity.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credential: Option<CredentialKind>,
        /// The last day in Rome.
        expires_on: Date,
        /// The day on which the automatic renewal charges; none where the customer renews.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        charge_on: Option<Date>,
    },
    /// The automatic renewal was switched (rule 61).
    AutoRenewalChanged {
        /// When.
        at: Timestamp,
        /// The service.
        service_id: String,
        /// What it is called.
        offer: String,
        /// Whether it is on from now on.
        active: bool,
    },
    /// A payment method was added to the customer's account, or removed from it.
    PaymentMethodChanged {
        /// When.
        at: Timestamp,
        /// How it is shown, such as `Visa •••• 4242`; never a number or an address. The renderer shows four digits at most.
        label: String,
        /// Whether it was added.
        added: bool,
    },
    /// Somebody wants an account of the customer area with this address (rule 59). It goes to the address itself, for there is no account yet.
    AccountRegistration {
        /// When.
        at: Timestamp,
        /// From this instant on the link is good no more.
        expires_at: Timestamp,
        /// Address and language, sealed under the ring.
        sealed: String,
    },
    /// Somebody wanted an account with an address that has one; told to whom it belongs (rule 59).
    AccountExists {
        /// When.
        at: Timestamp,
    },
    /// The account of the customer area was opened.
    AccountOpened {
        /// When.
        at: Timestamp,
    },
    /// Somebody has forgotten the account's password: the link sets a new one.
    AccountRecovery {
        /// When.
        at: Timestamp,
        /// From this instant on the link is good no more.
        expires_at: Timestamp,
    },
    /// Wrong codes shut the recovery of an account that has an app until the next day (rule 21).
    AccountRecoveryRefused {
        /// When.
        at: Timestamp,
    },
    /// The account's password was changed and every session ended.
    AccountPasswordChanged {
        /// When.
        at: Timestamp,
        /// Whether it was set by the link of a mail.
        recovered: bool,
    },
    /// The customer wants to be reached at this address: its link confirms it. It goes to the address itself.
    AccountAddressConfirmation {
        /// When.
        at: Timestamp,
        /// From this instant on the link is good no more.
        expires_at: Timestamp,
        /// The address, sealed for the owner.
        sealed: String,
    },
    /// The account's address is about to be changed, or was; told to the old one, and when it is done to the new one too.
    AccountAddressChanged {
        /// When.
        at: Timestamp,
        /// Whether it is done.
        done: bool,
        /// The address that it goes to, sealed for the owner, where it is not the one on file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sealed: Option<String>,
    },
    /// The account's second factor was changed.
    AccountOtpChanged {
        /// When.
        at: Timestamp,
        /// What was done.
        change: AccountOtpChange,
    },
    /// The account's name, language or invoice data were changed.
    AccountDataChanged {
        /// When.
        at: Timestamp,
    },
    /// A withdrawal form was sent, and is registered with its instant (rules 62, 63).
    WithdrawalSent {
        /// When: what counts.
        at: Timestamp,
        /// The service.
        service_id: String,
        /// Its order.
        order_id: String,
        /// What the service is called.
        offer: String,
        /// The day of the contract, in Rome.
        contract_on: Date,
        /// Whether it was sent within the days of the right to withdraw.
        within: bool,
        /// What is given back, in euro cents; 0 where nothing is.
        refund_cents: u64,
    },
    /// A ticket was opened; told to the customer.
    TicketOpened {
        /// When.
        at: Timestamp,
        /// The ticket.
        ticket_id: String,
        /// What it is about.
        topic: TicketTopic,
    },
    /// A ticket was opened; told to support.
    TicketReceived {
        /// When.
        at: Timestamp,
        /// The ticket.
        ticket_id: String,
        /// What it is about.
        topic: TicketTopic,
        /// The service that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service_id: Option<String>,
        /// What the customer wrote, sealed for the owner.
        sealed: String,
    },
}

/// What was done to the second factor of a customer's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountOtpChange {
    /// Switched on, or moved to another app.
    Activated,
    /// Switched off.
    Removed,
    /// A recovery code stood for it, and is used up.
    RecoveryCodeUsed,
}

impl AccountOtpChange {
    /// Every change.
    pub const ALL: [Self; 3] = [Self::Activated, Self::Removed, Self::RecoveryCodeUsed];
}

/// What a request for help is about (rule 65).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketTopic {
    /// Activating an identity.
    Activation,
    /// Signing in, with SPID or to the customer area.
    SignIn,
    /// A credential: app, device, card, signature.
    Credential,
    /// An order, a payment or an invoice.
    Payment,
    /// Renewing.
    Renewal,
    /// Cancelling, withdrawing or revoking.
    Cancellation,
    /// Anything else.
    Other,
}

impl TicketTopic {
    /// Every topic.
    pub const ALL: [Self; 7] = [Self::Activation, Self::SignIn, Self::Credential, Self::Payment, Self::Renewal, Self::Cancellation, Self::Other];
}

/// Where a notice goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressee {
    /// The contact on file.
    OnFile,
    /// The address that is sealed in it.
    Sealed,
    /// The provider's own support.
    Support,
}

/// What was done to a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialChange {
    /// Activated.
    Activated,
    /// Moved to another device by the emergency code.
    Moved,
    /// Chosen as what gives the codes of signing in.
    Chosen,
    /// Suspended.
    Suspended,
    /// Suspended at a sign-in by the emergency code, because it was lost.
    Lost,
    /// In use again.
    Reactivated,
    /// Revoked for good.
    Revoked,
    /// From now on signing in to services asks for a QR code as well (rule 45).
    QrOn,
    /// No more.
    QrOff,
}

impl CredentialChange {
    /// Every change.
    pub const ALL: [Self; 9] =
        [Self::Activated, Self::Moved, Self::Chosen, Self::Suspended, Self::Lost, Self::Reactivated, Self::Revoked, Self::QrOn, Self::QrOff];
}

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodePurpose {
    /// Signing in.
    SignIn,
    /// Confirming a change of the identity.
    Confirmation,
    /// Getting back in.
    Recovery,
}

impl CodePurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::SignIn, Self::Confirmation, Self::Recovery];
}

/// By which way a notice goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A mail.
    Mail,
    /// A text message.
    Sms,
}

impl Notice {
    /// Where it goes.
    #[must_use]
    pub const fn addressee(&self) -> Addressee {
        match self {
            Self::AccountRegistration { .. } | Self::AccountAddressConfirmation { .. } | Self::AccountAddressChanged { sealed: Some(_), .. } => {
                Addressee::Sealed
            }
            Self::TicketReceived { .. } => Addressee::Support,
            _ => Addressee::OnFile,
        }
    }

    /// Whether it carries a single-use link that does what its addressee asked for.
    #[must_use]
    pub const fn carries_confirm_link(&self) -> bool {
        matches!(self, Self::AccountRegistration { .. } | Self::AccountAddressConfirmation { .. } | Self::AccountRecovery { .. })
    }

    /// By which way it goes.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Code { channel, .. } | Self::PasswordRecovered { channel, .. } | Self::EmergencyCodeHalf { channel, .. } => *channel,
            _ => Channel::Mail,
        }
    }

    /// Whether it is sent at most once: a code that comes late or twice is worse than one that does not come.
    #[must_use]
    pub const fn at_most_once(&self) -> bool {
        matches!(self, Self::Code { .. })
    }

    /// Every kind, as stored, in the order of the variants.
    pub const KINDS: [&'static str; 44] = [
        "password-warning",
        "password-changed",
        "sign-in-paused",
        "sign-in-locked",
        "sign-in-unlocked",
        "new-device",
        "identity-suspended",
        "residence-changed",
        "code",
        "suspension-lifted",
        "suspension-kept",
        "identity-revoked",
        "inactivity-warning",
        "credential-expiring",
        "access-made",
        "credential-changed",
        "password-recovered",
        "recovery-refused",
        "emergency-code-used",
        "emergency-code-half",
        "username-reminder",
        "service-cancelled",
        "order-placed",
        "order-paid",
        "payment-failed",
        "order-closed",
        "payment-returned",
        "service-renewed",
        "service-expiring",
        "auto-renewal-changed",
        "payment-method-changed",
        "account-registration",
        "account-exists",
        "account-opened",
        "account-recovery",
        "account-recovery-refused",
        "account-password-changed",
        "account-address-confirmation",
        "account-address-changed",
        "account-otp-changed",
        "account-data-changed",
        "withdrawal-sent",
        "ticket-opened",
        "ticket-received",
    ];

    /// The kind as stored; it also names the notice's templates.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PasswordWarning { .. } => "password-warning",
            Self::PasswordChanged { .. } => "password-changed",
            Self::SignInPaused { .. } => "sign-in-paused",
            Self::SignInLocked { .. } => "sign-in-locked",
            Self::SignInUnlocked { .. } => "sign-in-unlocked",
            Self::NewDevice { .. } => "new-device",
            Self::IdentitySuspended { .. } => "identity-suspended",
            Self::ResidenceChanged { .. } => "residence-changed",
            Self::Code { .. } => "code",
            Self::SuspensionLifted { .. } => "suspension-lifted",
            Self::SuspensionKept { .. } => "suspension-kept",
            Self::IdentityRevoked { .. } => "identity-revoked",
            Self::InactivityWarning { .. } => "inactivity-warning",
            Self::CredentialExpiring { .. } => "credential-expiring",
            Self::AccessMade { .. } => "access-made",
            Self::CredentialChanged { .. } => "credential-changed",
            Self::PasswordRecovered { .. } => "password-recovered",
            Self::RecoveryRefused { .. } => "recovery-refused",
            Self::EmergencyCodeUsed { .. } => "emergency-code-used",
            Self::EmergencyCodeHalf { .. } => "emergency-code-half",
            Self::UsernameReminder { .. } => "username-reminder",
            Self::ServiceCancelled { .. } => "service-cancelled",
            Self::OrderPlaced { .. } => "order-placed",
            Self::OrderPaid { .. } => "order-paid",
            Self::PaymentFailed { .. } => "payment-failed",
            Self::OrderClosed { .. } => "order-closed",
            Self::PaymentReturned { .. } => "payment-returned",
            Self::ServiceRenewed { .. } => "service-renewed",
            Self::ServiceExpiring { .. } => "service-expiring",
            Self::AutoRenewalChanged { .. } => "auto-renewal-changed",
            Self::PaymentMethodChanged { .. } => "payment-method-changed",
            Self::AccountRegistration { .. } => "account-registration",
            Self::AccountExists { .. } => "account-exists",
            Self::AccountOpened { .. } => "account-opened",
            Self::AccountRecovery { .. } => "account-recovery",
            Self::AccountRecoveryRefused { .. } => "account-recovery-refused",
            Self::AccountPasswordChanged { .. } => "account-password-changed",
            Self::AccountAddressConfirmation { .. } => "account-address-confirmation",
            Self::AccountAddressChanged { .. } => "account-address-changed",
            Self::AccountOtpChanged { .. } => "account-otp-changed",
            Self::AccountDataChanged { .. } => "account-data-changed",
            Self::WithdrawalSent { .. } => "withdrawal-sent",
            Self::TicketOpened { .. } => "ticket-opened",
            Self::TicketReceived { .. } => "ticket-received",
        }
    }

    /// Whether the mail carries the single-use "it wasn't me" link (rule 40). A suspension carries none: there is nothing left to suspend.
    #[must_use]
    pub const fn is_security(&self) -> bool {
        match self {
            Self::PasswordChanged { .. }
            | Self::SignInPaused { .. }
            | Self::SignInLocked { .. }
            | Self::SignInUnlocked { .. }
            | Self::NewDevice { .. }
            | Self::AccessMade { .. }
            | Self::ResidenceChanged { .. }
            | Self::CredentialChanged { .. }
            | Self::RecoveryRefused { .. }
            | Self::EmergencyCodeUsed { .. } => true,
            Self::PasswordRecovered { channel, .. } | Self::EmergencyCodeHalf { channel, .. } => matches!(channel, Channel::Mail),
            // Whoever lifted a suspension may not have been the holder; days that were over need no "it wasn't me".
            Self::SuspensionLifted { by_itself, .. } => !*by_itself,
            Self::PasswordWarning { .. }
            | Self::IdentitySuspended { .. }
            | Self::Code { .. }
            | Self::SuspensionKept { .. }
            | Self::IdentityRevoked { .. }
            | Self::InactivityWarning { .. }
            | Self::CredentialExpiring { .. }
            | Self::UsernameReminder { .. }
            | Self::ServiceCancelled { .. }
            | Self::OrderPlaced { .. }
            | Self::OrderPaid { .. }
            | Self::PaymentFailed { .. }
            | Self::OrderClosed { .. }
            | Self::PaymentReturned { .. }
            | Self::ServiceRenewed { .. }
            | Self::ServiceExpiring { .. } => false,
            // Suspending an identity undoes neither, and the account has none: the mail says to change the account's password.
            Self::AutoRenewalChanged { .. } | Self::PaymentMethodChanged { .. } => false,
            // The account's own: there is no identity to suspend, the mails say what to do.
            Self::AccountRegistration { .. }
            | Self::AccountExists { .. }
            | Self::AccountOpened { .. }
            | Self::AccountRecovery { .. }
            | Self::AccountRecoveryRefused { .. }
            | Self::AccountPasswordChanged { .. }
            | Self::AccountAddressConfirmation { .. }
            | Self::AccountAddressChanged { .. }
            | Self::AccountOtpChanged { .. }
            | Self::AccountDataChanged { .. }
            | Self::WithdrawalSent { .. }
            | Self::TicketOpened { .. }
            | Self::TicketReceived { .. } => false,
        }
    }

    /// What is sealed in it to be shown, to be opened for its owner where it is delivered.
    #[must_use]
    pub fn sealed(&self) -> Option<&str> {
        match self {
            Self::Code { sealed, .. } | Self::EmergencyCodeHalf { sealed, .. } | Self::TicketReceived { sealed, .. } => Some(sealed),
            _ => None,
        }
    }

    /// The address that is sealed in it, where it goes to that one.
    #[must_use]
    pub fn sealed_address(&self) -> Option<&str> {
        match self {
            Self::AccountAddressConfirmation { sealed, .. } | Self::AccountAddressChanged { sealed: Some(sealed), .. } => Some(sealed),
            _ => None,
        }
    }

    /// Whether the mail carries the single-use link that lifts the pause or the lock at once (rule 21).
    #[must_use]
    pub const fn carries_unlock_link(&self) -> bool {
        match self {
            Self::SignInPaused { .. } | Self::SignInLocked { .. } => true,
            // A link from the pause on would let whoever reads the mails guess without end.
            Self::RecoveryRefused { locked, .. } => *locked,
            Self::PasswordWarning { .. }
            | Self::PasswordChanged { .. }
            | Self::SignInUnlocked { .. }
            | Self::NewDevice { .. }
            | Self::IdentitySuspended { .. }
            | Self::ResidenceChanged { .. }
            | Self::Code { .. }
            | Self::SuspensionLifted { .. }
            | Self::SuspensionKept { .. }
            | Self::IdentityRevoked { .. }
            | Self::InactivityWarning { .. }
            | Self::CredentialExpiring { .. }
            | Self::AccessMade { .. }
            | Self::CredentialChanged { .. }
            | Self::PasswordRecovered { .. }
            | Self::EmergencyCodeUsed { .. }
            | Self::EmergencyCodeHalf { .. }
            | Self::UsernameReminder { .. }
            | Self::ServiceCancelled { .. }
            | Self::OrderPlaced { .. }
            | Self::OrderPaid { .. }
            | Self::PaymentFailed { .. }
            | Self::OrderClosed { .. }
            | Self::PaymentReturned { .. }
            | Self::ServiceRenewed { .. }
            | Self::ServiceExpiring { .. }
            | Self::AutoRenewalChanged { .. }
            | Self::PaymentMethodChanged { .. }
            | Self::AccountRegistration { .. }
            | Self::AccountExists { .. }
            | Self::AccountOpened { .. }
            | Self::AccountRecovery { .. }
            | Self::AccountRecoveryRefused { .. }
            | Self::AccountPasswordChanged { .. }
            | Self::AccountAddressConfirmation { .. }
            | Self::AccountAddressChanged { .. }
            | Self::AccountOtpChanged { .. }
            | Self::AccountDataChanged { .. }
            | Self::WithdrawalSent { .. }
            | Self::TicketOpened { .. }
            | Self::TicketReceived { .. } => false,
        }
    }

    /// The stored form, with its version.
    ///
    /// # Errors
    /// [`NoticeError::Malformed`] should a field not be expressible in JSON; none of today's fields is.
    pub fn to_json(&self) -> Result<String, NoticeError> {
        #[derive(Serialize)]
        struct Stored<'a> {
            v: u64,
            #[serde(flatten)]
            notice: &'a Notice,
        }
        Ok(serde_json::to_string(&Stored { v: VERSION, notice: self })?)
    }

    /// Reads the stored form. Unknown fields are passed over: during a release the outbox holds what newer code wrote.
    ///
    /// # Errors
    /// [`NoticeError::Version`] for a version that this code does not know or that is missing, [`NoticeError::Malformed`] for anything else.
    pub fn from_json(json: &str) -> Result<Self, NoticeError> {
        // The version first: a newer form is to be named as such, whatever else in it looks wrong.
        let stored: serde_json::Value = serde_json::from_str(json)?;
        let found = stored.get("v").and_then(serde_json::Value::as_u64);
        if found != Some(VERSION) {
            return Err(NoticeError::Version { found });
        }
        Ok(serde_json::from_value(stored)?)
    }
}

/// Why a stored notice cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The version is missing or unknown.
    #[error("unknown version of a notice: {found:?}")]
    Version {
        /// The number found, if it is one.
        found: Option<u64>,
    },
    /// The JSON is no notice.
    #[error("malformed notice")]
    Malformed(#[from] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every() -> [Notice; 44] {
        let now = at("2026-11-22T13:05:00Z");
        [
            Notice::PasswordWarning { days_left: 7, expires_at: now },
            Notice::PasswordChanged { at: now, after_expiry: true },
            Notice::SignInPaused { at: now, until: at("2026-11-22T13:35:00Z") },
            Notice::SignInLocked { at: now },
            Notice::SignInUnlocked { at: now },
            Notice::NewDevice { at: now, device: "Firefox".to_owned() },
            Notice::IdentitySuspended { at: now, reason: SuspensionReason::Turned18 },
            Notice::ResidenceChanged { at: now },
            Notice::Code { at: now, expires_at: now, purpose: CodePurpose::SignIn, channel: Channel::Sms, sealed: "c2VhbGVk".to_owned() },
            Notice::SuspensionLifted { at: now, reason: SuspensionReason::Holder, by_itself: false, active: true },
            Notice::SuspensionKept { at: now, missing: vec![Requirement::Document, Requirement::Contract] },
            Notice::IdentityRevoked { at: now, for_inactivity: true, unused_months: Some(24) },
            Notice::InactivityWarning { days_left: 90, revoked_at: now },
            Notice::CredentialExpiring { credential: CredentialKind::SmartCard, expires_on: jiff::civil::date(2027, 2, 28) },
            Notice::AccessMade { at: now, level: Level::L2, outcome: Outcome::Failure, sealed: "c2VhbGVk".to_owned() },
            Notice::CredentialChanged { at: now, credential: CredentialKind::OtpApp, change: CredentialChange::Moved },
            Notice::PasswordRecovered { at: now, channel: Channel::Sms },
            Notice::RecoveryRefused { at: now, locked: true },
            Notice::EmergencyCodeUsed { at: now },
            Notice::EmergencyCodeHalf { at: now, channel: Channel::Mail, second: false, sealed: "c2VhbGVk".to_owned() },
            Notice::UsernameReminder { at: now, sealed: "c2VhbGVk".to_owned() },
            Notice::ServiceCancelled { at: now, service_id: "svc-1".to_owned(), offer: "SPID Personale".to_owned() },
            Notice::OrderPlaced { at: now, order_id: "ord-1".into(), item: Item::IdentityRenewal, offer: "SPID".into(), gross_cents: 4270, pay_by: Some(now) },
            Notice::OrderPaid {
                at: now,
                order_id: "ord-1".into(),
                item: Item::Credential(CredentialKind::SmartCard),
                offer: "SPID".into(),
                gross_cents: 4270,
                invoice: Some("2026/1".into()),
                expires_on: Some(jiff::civil::date(2027, 2, 28)),
            },
            Notice::PaymentFailed {
                at: now,
                order_id: "ord-1".into(),
                item: Item::Identity(sportello_rules::identity::IdentityType::Business),
                offer: "SPID".into(),
                gross_cents: 4270,
                pay_by: None,
                automatic: true,
            },
            Notice::OrderClosed { at: now, order_id: "ord-1".into(), item: Item::IdentityRenewal, offer: "SPID".into(), expired: true },
            Notice::PaymentReturned { at: now, order_id: "ord-1".into(), item: Item::IdentityRenewal, offer: "SPID".into(), gross_cents: 4270 },
            Notice::ServiceRenewed { at: now, service_id: "svc-1".into(), offer: "SPID".into(), expires_on: jiff::civil::date(2027, 2, 28) },
            Notice::ServiceExpiring {
                service_id: "svc-1".into(),
                offer: "SPID".into(),
                credential: Some(CredentialKind::OtpToken),
                expires_on: jiff::civil::date(2027, 2, 28),
                charge_on: None,
            },
            Notice::AutoRenewalChanged { at: now, service_id: "svc-1".into(), offer: "SPID".into(), active: true },
            Notice::PaymentMethodChanged { at: now, label: "Visa •••• 4242".into(), added: true },
            Notice::AccountRegistration { at: now, expires_at: now, sealed: "c2VhbGVk".into() },
            Notice::AccountExists { at: now },
            Notice::AccountOpened { at: now },
            Notice::AccountRecovery { at: now, expires_at: now },
            Notice::AccountRecoveryRefused { at: now },
            Notice::AccountPasswordChanged { at: now, recovered: true },
            Notice::AccountAddressConfirmation { at: now, expires_at: now, sealed: "c2VhbGVk".into() },
            Notice::AccountAddressChanged { at: now, done: true, sealed: Some("c2VhbGVk".into()) },
            Notice::AccountOtpChanged { at: now, change: AccountOtpChange::RecoveryCodeUsed },
            Notice::AccountDataChanged { at: now },
            Notice::WithdrawalSent {
                at: now,
                service_id: "svc-1".into(),
                order_id: "ord-1".into(),
                offer: "SPID".into(),
                contract_on: jiff::civil::date(2026, 11, 19),
                within: true,
                refund_cents: 4270,
            },
            Notice::TicketOpened { at: now, ticket_id: "tkt-1".into(), topic: TicketTopic::SignIn },
            Notice::TicketReceived {
                at: now,
                ticket_id: "tkt-1".into(),
                topic: TicketTopic::Payment,
                service_id: Some("svc-1".into()),
                sealed: "c2VhbGVk".into(),
            },
        ]
    }

    #[test]
    fn the_stored_form_stays_as_it_is() {
        let stored: Vec<String> = every().iter().map(|notice| notice.to_json().unwrap()).collect();
        assert_eq!(
            stored,
            [
                r#"{"v":1,"kind":"password-warning","daysLeft":7,"expiresAt":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"password-changed","at":"2026-11-22T13:05:00Z","afterExpiry":true}"#,
                r#"{"v":1,"kind":"sign-in-paused","at":"2026-11-22T13:05:00Z","until":"2026-11-22T13:35:00Z"}"#,
                r#"{"v":1,"kind":"sign-in-locked","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"sign-in-unlocked","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"new-device","at":"2026-11-22T13:05:00Z","device":"Firefox"}"#,
                r#"{"v":1,"kind":"identity-suspended","at":"2026-11-22T13:05:00Z","reason":"turned-18"}"#,
                r#"{"v":1,"kind":"residence-changed","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"code","at":"2026-11-22T13:05:00Z","expiresAt":"2026-11-22T13:05:00Z","purpose":"sign-in","channel":"sms","sealed":"c2VhbGVk"}"#,
                r#"{"v":1,"kind":"suspension-lifted","at":"2026-11-22T13:05:00Z","reason":"holder","byItself":false,"active":true}"#,
                r#"{"v":1,"kind":"suspension-kept","at":"2026-11-22T13:05:00Z","missing":["document","contract"]}"#,
                r#"{"v":1,"kind":"identity-revoked","at":"2026-11-22T13:05:00Z","forInactivity":true,"unusedMonths":24}"#,
                r#"{"v":1,"kind":"inactivity-warning","daysLeft":90,"revokedAt":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"credential-expiring","credential":"smart-card","expiresOn":"2027-02-28"}"#,
                r#"{"v":1,"kind":"access-made","at":"2026-11-22T13:05:00Z","level":"l2","outcome":"failure","sealed":"c2VhbGVk"}"#,
                r#"{"v":1,"kind":"credential-changed","at":"2026-11-22T13:05:00Z","credential":"otp-app","change":"moved"}"#,
                r#"{"v":1,"kind":"password-recovered","at":"2026-11-22T13:05:00Z","channel":"sms"}"#,
                r#"{"v":1,"kind":"recovery-refused","at":"2026-11-22T13:05:00Z","locked":true}"#,
                r#"{"v":1,"kind":"emergency-code-used","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"emergency-code-half","at":"2026-11-22T13:05:00Z","channel":"mail","second":false,"sealed":"c2VhbGVk"}"#,
                r#"{"v":1,"kind":"username-reminder","at":"2026-11-22T13:05:00Z","sealed":"c2VhbGVk"}"#,
                r#"{"v":1,"kind":"service-cancelled","at":"2026-11-22T13:05:00Z","serviceId":"svc-1","offer":"SPID Personale"}"#,
                r#"{"v":1,"kind":"order-placed","at":"2026-11-22T13:05:00Z","orderId":"ord-1","item":{"item":"identity-renewal"},"offer":"SPID","grossCents":4270,"payBy":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"order-paid","at":"2026-11-22T13:05:00Z","orderId":"ord-1","item":{"item":"credential","of":"smart-card"},"offer":"SPID","grossCents":4270,"invoice":"2026/1","expiresOn":"2027-02-28"}"#,
                r#"{"v":1,"kind":"payment-failed","at":"2026-11-22T13:05:00Z","orderId":"ord-1","item":{"item":"identity","of":"business"},"offer":"SPID","grossCents":4270,"automatic":true}"#,
                r#"{"v":1,"kind":"order-closed","at":"2026-11-22T13:05:00Z","orderId":"ord-1","item":{"item":"identity-renewal"},"offer":"SPID","expired":true}"#,
                r#"{"v":1,"kind":"payment-returned","at":"2026-11-22T13:05:00Z","orderId":"ord-1","item":{"item":"identity-renewal"},"offer":"SPID","grossCents":4270}"#,
                r#"{"v":1,"kind":"service-renewed","at":"2026-11-22T13:05:00Z","serviceId":"svc-1","offer":"SPID","expiresOn":"2027-02-28"}"#,
                r#"{"v":1,"kind":"service-expiring","serviceId":"svc-1","offer":"SPID","credential":"otp-token","expiresOn":"2027-02-28"}"#,
                r#"{"v":1,"kind":"auto-renewal-changed","at":"2026-11-22T13:05:00Z","serviceId":"svc-1","offer":"SPID","active":true}"#,
                r#"{"v":1,"kind":"payment-method-changed","at":"2026-11-22T13:05:00Z","label":"Visa •••• 4242","added":true}"#,
                r#"{"v":1,"kind":"account-registration","at":"2026-11-22T13:05:00Z","expiresAt":"2026-11-22T13:05:00Z","sealed":"c2VhbGVk"}"#,
                r#"{"v":1,"kind":"account-exists","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"account-opened","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"account-recovery","at":"2026-11-22T13:05:00Z","expiresAt":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"account-recovery-refused","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"account-password-changed","at":"2026-11-22T13:05:00Z","recovered":true}"#,
                r#"{"v":1,"kind":"account-address-confirmation","at":"2026-11-22T13:05:00Z","expiresAt":"2026-11-22T13:05:00Z","sealed":"c2VhbGVk"}"#,
                r#"{"v":1,"kind":"account-address-changed","at":"2026-11-22T13:05:00Z","done":true,"sealed":"c2VhbGVk"}"#,
                r#"{"v":1,"kind":"account-otp-changed","at":"2026-11-22T13:05:00Z","change":"recovery-code-used"}"#,
                r#"{"v":1,"kind":"account-data-changed","at":"2026-11-22T13:05:00Z"}"#,
                r#"{"v":1,"kind":"withdrawal-sent","at":"2026-11-22T13:05:00Z","serviceId":"svc-1","orderId":"ord-1","offer":"SPID","contractOn":"2026-11-19","within":true,"refundCents":4270}"#,
                r#"{"v":1,"kind":"ticket-opened","at":"2026-11-22T13:05:00Z","ticketId":"tkt-1","topic":"sign-in"}"#,
                r#"{"v":1,"kind":"ticket-received","at":"2026-11-22T13:05:00Z","ticketId":"tkt-1","topic":"payment","serviceId":"svc-1","sealed":"c2VhbGVk"}"#,
            ]
        );
    }

    #[test]
    fn every_notice_comes_back_and_names_its_kind() {
        for (notice, kind) in every().into_iter().zip(Notice::KINDS) {
            let json = notice.to_json().unwrap();
            assert_eq!(notice.kind(), kind);
            assert!(json.contains(&format!(r#""kind":"{kind}""#)));
            assert_eq!(Notice::from_json(&json).unwrap(), notice);
        }
    }

    #[test]
    fn another_version_is_named_and_never_guessed() {
        let later = r#"{"v":2,"kind":"sign-in-locked","at":"2026-11-22T13:05:00Z"}"#;
        assert!(matches!(Notice::from_json(later), Err(NoticeError::Version { found: Some(2) })));
        let none = r#"{"kind":"sign-in-locked","at":"2026-11-22T13:05:00Z"}"#;
        assert!(matches!(Notice::from_json(none), Err(NoticeError::Version { found: None })));
        let text = r#"{"v":"1","kind":"sign-in-locked","at":"2026-11-22T13:05:00Z"}"#;
        assert!(matches!(Notice::from_json(text), Err(NoticeError::Version { found: None })));
    }

    #[test]
    fn what_is_no_notice_is_refused_and_what_is_new_is_passed_over() {
        for json in
            ["", "[]x", r#"{"v":1}"#, r#"{"v":1,"kind":"weather"}"#, r#"{"v":1,"kind":"sign-in-locked"}"#, r#"{"v":1,"kind":"sign-in-locked","at":"noon"}"#]
        {
            assert!(matches!(Notice::from_json(json), Err(NoticeError::Malformed(_))), "{json}");
        }
        assert!(Notice::from_json(r#"{"v":1,"kind":"sign-in-locked","at":"2026-11-22T13:05:00Z","place":"Rome"}"#).is_ok());
    }

    #[test]
    fn links_follow_the_rules() {
        let security: Vec<&str> = every().iter().filter(|notice| notice.is_security()).map(Notice::kind).collect();
        assert_eq!(
            security,
            [
                "password-changed",
                "sign-in-paused",
                "sign-in-locked",
                "sign-in-unlocked",
                "new-device",
                "residence-changed",
                "suspension-lifted",
                "access-made",
                "credential-changed",
                "recovery-refused",
                "emergency-code-used",
                "emergency-code-half"
            ]
        );
        let unlock: Vec<&str> = every().iter().filter(|notice| notice.carries_unlock_link()).map(Notice::kind).collect();
        assert_eq!(unlock, ["sign-in-paused", "sign-in-locked", "recovery-refused"]);
    }
}
