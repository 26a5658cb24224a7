//! Every number of the rules, in one value that is loaded from a file and validated at start.

use serde::{Deserialize, Serialize};

use crate::price::PriceList;

/// Every number of the rules. Fields carry their unit; the number in brackets is the rule's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Passwords (rules 5-17).
    pub password: PasswordPolicy,
    /// Repeated failures (rule 21).
    pub throttle: ThrottlePolicy,
    /// Codes sent by mail or SMS (rule 31).
    pub code: CodePolicy,
    /// Time-based one-time passwords (rule 22).
    pub totp: TotpPolicy,
    /// Physical tokens (rule 41).
    pub token: TokenPolicy,
    /// Getting back in (rules 25-28, 30).
    pub recovery: RecoveryPolicy,
    /// The identity's life (rules 32-38, 44).
    pub identity: IdentityPolicy,
    /// Contacts (rule 48).
    pub contact: ContactPolicy,
    /// The access history (rules 55-58).
    pub access: AccessPolicy,
    /// The customer area's services (rules 60-63).
    pub service: ServicePolicy,
    /// Orders and their payments (rules 61, 65).
    pub order: OrderPolicy,
    /// The customer's account (rule 59).
    pub account: AccountPolicy,
    /// Requests for help (rule 65).
    pub help: HelpPolicy,
    /// What everything costs, from which day on (rule 61).
    pub prices: PriceList,
    /// Sessions and single-purpose tokens (rules 15, 21, 24, 40).
    pub session: SessionPolicy,
    /// Delivery of notices.
    pub notice: NoticePolicy,
    /// Limits of the HTTP interface.
    pub http: HttpPolicy,
}

macro_rules! section {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident : $ty:ty = $value:expr),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }
        impl Default for $name {
            fn default() -> Self { Self { $($field: $value,)* } }
        }
    };
}

section! {
    /// Passwords (rules 5-17).
    PasswordPolicy {
        /// Shortest length in Unicode scalars after NFC (5).
        min_length: u32 = 8,
        /// Longest length in Unicode scalars after NFC (5).
        max_length: u32 = 20,
        /// Most identical consecutive characters (7).
        max_identical_run: u32 = 2,
        /// Name parts up to this many letters count only when bounded by non-letters (9).
        short_name_letters: u32 = 2,
        /// First year that makes four digits a year of a date (11).
        first_year: i16 = 1900,
        /// Last year that makes four digits a year of a date (11).
        last_year: i16 = 2099,
        /// How many of the last passwords may never come back (12).
        history_count: u32 = 5,
        /// Months in which a password that stopped being current may not come back (12).
        history_months: u32 = 15,
        /// Validity, in days of 86,400 s (15).
        valid_days: u32 = 180,
        /// Days left at which a warning is due, longest first (16).
        warn_days: Vec<u32> = vec![7, 2],
        /// Length of a generated password (14).
        generated_length: u32 = 16,
    }
}

section! {
    /// Repeated failures (rule 21).
    ThrottlePolicy {
        /// Failures in a row before the pause.
        tries_before_pause: u32 = 5,
        /// Minutes of the pause.
        pause_minutes: u32 = 30,
        /// Further failures in a row, after the pause, before the lock that only a link lifts.
        tries_before_lock: u32 = 5,
        /// Days for which the unlocking link is good.
        unlock_link_days: u32 = 3,
        /// Unlocking links of one owner that may be used within 24 hours: who reads the mails must not guess at codes without end.
        unlocks_per_day: u32 = 10,
        /// Secrets that one source address may try in a window; an IPv6 /64 is one address.
        address_tries: u32 = 100,
        /// Minutes of that window.
        address_window_minutes: u32 = 15,
    }
}

section! {
    /// Codes sent by mail or SMS (rule 31).
    CodePolicy {
        /// Digits of a code.
        digits: u32 = 6,
        /// Minutes for which a code is good.
        valid_minutes: u32 = 5,
        /// Tries for each code.
        max_tries: u32 = 5,
        /// Sends for each operation.
        max_sends: u32 = 3,
        /// Seconds to wait before the second send, the third, and so on.
        send_pauses_seconds: Vec<u32> = vec![30, 120],
        /// Sends for each holder in a day of Rome.
        sends_per_day: u32 = 10,
        /// Beginnings of the numbers that messages are sent to: foreign and premium numbers cost money and serve those who pump messages.
        sms_prefixes: Vec<String> = vec!["+39".to_owned()],
    }
}

section! {
    /// Time-based one-time passwords (rule 22).
    TotpPolicy {
        /// Digits of a code.
        digits: u32 = 6,
        /// Seconds of a step.
        step_seconds: u32 = 30,
        /// Steps accepted on each side of the current one.
        skew_steps: u32 = 1,
    }
}

section! {
    /// Physical tokens (rule 41).
    TokenPolicy {
        /// Presses beyond the expected one that are followed.
        look_ahead: u32 = 10,
        /// Steps accepted on each side of where the token's clock is expected.
        skew_steps: u32 = 1,
        /// Presses that two codes in a row may be away.
        resync_presses: u32 = 1000,
        /// Steps on each side that two codes in a row may be away.
        resync_steps: u32 = 20,
    }
}

section! {
    /// Getting back in (rules 25-28, 30).
    RecoveryPolicy {
        /// Characters of an emergency code, an even number: five bits each (27).
        emergency_code_length: u32 = 16,
        /// Minutes between two steps of a recovery.
        step_minutes: u32 = 10,
        /// Reminders of one username in a day (25).
        reminders_per_day: u32 = 3,
        /// New passwords that may be tried in one recovery, or in place of one that expired: whether one was used before is told, and not without end (12, 26).
        new_passwords: u32 = 10,
    }
}

/// How a holder may revoke (rule 36).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationPolicy {
    /// Online, with the highest factor.
    Online,
    /// Only by a signed form that an operator registers.
    SignedForm,
}

section! {
    /// The identity's life (rules 32-38).
    IdentityPolicy {
        /// Longest suspension by the holder, in days of 86,400 s (32).
        suspension_days: u32 = 30,
        /// Suspension for fraud, in days of 86,400 s (35).
        fraud_suspension_days: u32 = 30,
        /// Months without use after which the identity is revoked (37).
        inactivity_months: u32 = 24,
        /// Days before that revocation at which a notice is due, longest first (37).
        inactivity_notice_days: Vec<u32> = vec![90, 30, 10, 1],
        /// Age at which a minor must choose (38).
        adult_years: u32 = 18,
        /// How a holder may revoke (36).
        revocation: RevocationPolicy = RevocationPolicy::Online,
        /// Hours for which sensitive changes wait after a level was lost (44).
        downgrade_guard_hours: u32 = 72,
    }
}

section! {
    /// Contacts (rule 48).
    ContactPolicy {
        /// Pause between two changes of a recovery contact, in days of 86,400 s.
        recovery_pause_days: u32 = 6,
    }
}

section! {
    /// The access history (rules 55-58).
    AccessPolicy {
        /// Months for which accesses are kept (56).
        retention_months: u32 = 24,
        /// Seconds by which the clock of who records an access may be ahead (58).
        ahead_seconds: u32 = 300,
        /// Most accesses recorded by one request (58).
        batch: u32 = 25,
        /// Tries at recording the accesses of one identity, where others record some at the same time (58).
        tries: u32 = 12,
        /// Longest pause before the second of these tries, in milliseconds; it doubles.
        first_pause_ms: u32 = 10,
    }
}

section! {
    /// The customer area's services (rules 60-63).
    ServicePolicy {
        /// Calendar months before expiry from which it is flagged (60).
        expiry_flag_months: u32 = 3,
        /// Months that a renewal of a Personal or Minor identity adds (61).
        free_term_months: u32 = 24,
        /// Months that a renewal of a Professional or Business identity adds (61).
        paid_term_months: u32 = 12,
        /// Months for which a credential is sold and renewed (61, 64).
        credential_term_months: u32 = 36,
        /// Days before expiry at which an automatic renewal is charged (61).
        charge_days: u32 = 7,
        /// Days before expiry at which a notice is due, besides the flag's first day.
        expiry_notice_days: Vec<u32> = vec![30, 7],
        /// Days for withdrawal after the day of the contract (63).
        withdrawal_days: u32 = 14,
        /// Year from which 4 October is a national holiday (63).
        saint_francis_from_year: i16 = 2026,
    }
}

section! {
    /// Orders and their payments (rules 61, 65).
    OrderPolicy {
        /// Days after placing within which an order is paid.
        pay_within_days: u32 = 14,
        /// Orders that a customer may leave unpaid at a time.
        max_open: u32 = 20,
        /// Minutes after which a charge of which nothing was heard is looked up; the provider has long answered then.
        resolve_minutes: u32 = 60,
        /// Minutes before that in which whoever pays does not ask again: longer than any request is on its way.
        quiet_minutes: u32 = 10,
        /// Hours for which a charge may be asked for again under its key: the payment provider forgets keys after 24.
        key_hours: u32 = 23,
        /// Tries at settling an order, where others write the same records at the same time.
        tries: u32 = 60,
        /// Longest pause between two of these tries, in milliseconds.
        pause_ms: u32 = 60,
        /// Seconds by which the payment provider's message may be older or newer than our clock.
        webhook_seconds: u32 = 300,
        /// Days for which a message of the payment provider that was heard is remembered: it repeats one for three.
        remembered_days: u32 = 30,
    }
}

section! {
    /// The customer's account, apart from SPID (rule 59).
    AccountPolicy {
        /// Shortest password in Unicode scalars after NFC: what NIST SP 800-63B-4 asks where it may be the only factor.
        password_min_length: u32 = 15,
        /// Longest password.
        password_max_length: u32 = 128,
        /// Hours for which the link that confirms an address is good.
        address_link_hours: u32 = 24,
        /// Minutes for which the link that sets a forgotten password is good.
        recovery_link_minutes: u32 = 60,
        /// Mails about a registration that one address is sent while its link is good.
        registration_mails: u32 = 3,
        /// Mails with a link of recovery that one address is sent while such a link is good.
        recovery_mails: u32 = 2,
        /// Codes that may be tried in a day where a forgotten password is set anew: no link of a mail makes them more.
        recovery_codes_per_day: u32 = 10,
        /// Changes of the e-mail address that a customer may ask for in a day.
        address_changes_per_day: u32 = 3,
        /// Recovery codes that come with the OTP app, each good once.
        recovery_codes: u32 = 8,
        /// Characters of a recovery code: five bits each.
        recovery_code_length: u32 = 16,
    }
}

section! {
    /// Requests for help (rule 65).
    HelpPolicy {
        /// Tickets that a customer may open in a day of Rome.
        tickets_per_day: u32 = 5,
        /// Longest text of a ticket, in characters.
        ticket_characters: u32 = 2000,
        /// Months for which a ticket is shown.
        ticket_months: u32 = 24,
    }
}

section! {
    /// Sessions and single-purpose tokens (rules 15, 21, 23, 24, 40).
    SessionPolicy {
        /// Minutes of a holder's session.
        selfcare_minutes: u32 = 30,
        /// Minutes of a customer's session.
        customer_minutes: u32 = 60,
        /// Devices that are remembered; the one unused for longest gives way.
        max_devices: u32 = 20,
        /// Minutes between beginning an enrolment and its first code (41).
        enrolment_minutes: u32 = 10,
        /// Seconds for which the QR code of a sign-in is good (20).
        qr_seconds: u32 = 120,
        /// Minutes between the first factor and the last one of a sign-in.
        sign_in_minutes: u32 = 5,
        /// Minutes between proving an expired password and setting the new one.
        expired_password_minutes: u32 = 10,
        /// Days for which an "it wasn't me" link is good (40).
        block_link_days: u32 = 7,
        /// Days after which a device that was not used is new again (23).
        device_days: u32 = 365,
    }
}

section! {
    /// Delivery of notices.
    NoticePolicy {
        /// Minutes after which a notice that was not delivered by the stream is tried anew by the hourly job; they grow with every attempt.
        redrive_minutes: u32 = 10,
        /// Hours after which a notice that could not be delivered is given up.
        give_up_hours: u32 = 72,
        /// Seconds for which one consumer holds a notice that it is delivering.
        lease_seconds: u32 = 60,
        /// Days after which a delivered notice is tidied away.
        keep_days: u32 = 90,
    }
}

section! {
    /// Limits of the HTTP interface.
    HttpPolicy {
        /// Largest body in bytes.
        max_body_bytes: u32 = 16 * 1024,
        /// Deepest nesting of JSON.
        max_json_depth: u32 = 16,
        /// Hours for which the first answer to an Idempotency-Key is replayed.
        idempotency_hours: u32 = 24,
        /// Items of a page when none is asked for.
        page_size: u32 = 20,
        /// Most items of a page.
        max_page_size: u32 = 100,
        /// Minutes for which a cursor is good.
        cursor_minutes: u32 = 60,
    }
}

/// A field of the policy that makes no sense, by name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy: {field} {problem}")]
pub struct PolicyError {
    /// Dotted name of the field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// Most days of anything that is counted in days: ten years.
const MOST_DAYS: u32 = 3650;

impl Policy {
    /// Checks that the numbers agree with each other.
    ///
    /// # Errors
    /// The first field that makes no sense.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let check = |ok: bool, field: &'static str, problem: &str| {
            if ok { Ok(()) } else { Err(PolicyError { field, problem: problem.to_owned() }) }
        };
        let p = &self.password;
        check(p.min_length >= 4, "password.min_length", "must be at least 4, one character of each kind")?;
        check(p.min_length <= p.max_length, "password.max_length", "must not be under password.min_length")?;
        check(p.max_length <= 128, "password.max_length", "must be at most 128")?;
        check(p.max_identical_run >= 1, "password.max_identical_run", "must be at least 1")?;
        check(p.first_year <= p.last_year && p.first_year >= 1, "password.first_year", "must be from 1 to password.last_year")?;
        check(p.last_year <= 9999, "password.last_year", "must be at most 9999")?;
        check(p.history_months <= 1200, "password.history_months", "must be at most 1200")?;
        check(p.history_count >= 1, "password.history_count", "must be at least 1")?;
        check(
            (p.min_length..=p.max_length).contains(&p.generated_length),
            "password.generated_length",
            "must be between password.min_length and password.max_length",
        )?;
        check((1..=3650).contains(&p.valid_days), "password.valid_days", "must be from 1 to 3650")?;
        check(descending(&p.warn_days), "password.warn_days", "must be positive, longest first, without repeats")?;
        check(p.warn_days.first().is_none_or(|d| *d < p.valid_days), "password.warn_days", "must be under password.valid_days")?;
        let t = &self.throttle;
        check((1..=100).contains(&t.tries_before_pause), "throttle.tries_before_pause", "must be from 1 to 100")?;
        check((1..=100).contains(&t.tries_before_lock), "throttle.tries_before_lock", "must be from 1 to 100")?;
        check(t.pause_minutes >= 1, "throttle.pause_minutes", "must be at least 1")?;
        check(t.unlock_link_days <= MOST_DAYS, "throttle.unlock_link_days", "must be at most 3650")?;
        check(t.unlock_link_days >= 1, "throttle.unlock_link_days", "must be at least 1")?;
        check(t.unlocks_per_day >= 1, "throttle.unlocks_per_day", "must be at least 1")?;
        check(t.address_tries >= t.tries_before_pause, "throttle.address_tries", "must not be under throttle.tries_before_pause")?;
        check(t.address_window_minutes >= 1, "throttle.address_window_minutes", "must be at least 1")?;
        let c = &self.code;
        check((4..=10).contains(&c.digits), "code.digits", "must be from 4 to 10")?;
        check(c.valid_minutes >= 1, "code.valid_minutes", "must be at least 1")?;
        check(c.max_tries >= 1, "code.max_tries", "must be at least 1")?;
        check(c.sends_per_day >= 1, "code.sends_per_day", "must be at least 1")?;
        check(c.max_sends >= 1, "code.max_sends", "must be at least 1")?;
        check(
            c.send_pauses_seconds.len() + 1 >= usize::try_from(c.max_sends).unwrap_or(usize::MAX),
            "code.send_pauses_seconds",
            "must have one pause for each send after the first",
        )?;
        check(c.send_pauses_seconds.windows(2).all(|w| matches!(w, [a, b] if a <= b)), "code.send_pauses_seconds", "must not shrink")?;
        check((6..=8).contains(&self.totp.digits), "totp.digits", "must be from 6 to 8")?;
        check((15..=120).contains(&self.totp.step_seconds), "totp.step_seconds", "must be from 15 to 120")?;
        check(self.totp.skew_steps <= 2, "totp.skew_steps", "must be at most 2")?;
        let i = &self.identity;
        check(i.suspension_days >= 1, "identity.suspension_days", "must be at least 1")?;
        check(i.fraud_suspension_days >= 1, "identity.fraud_suspension_days", "must be at least 1")?;
        check(i.inactivity_months >= 1, "identity.inactivity_months", "must be at least 1")?;
        check(descending(&i.inactivity_notice_days), "identity.inactivity_notice_days", "must be positive, longest first, without repeats")?;
        check((1..=30).contains(&i.adult_years), "identity.adult_years", "must be from 1 to 30")?;
        check(i.downgrade_guard_hours <= 24 * MOST_DAYS, "identity.downgrade_guard_hours", "must be at most 87600")?;
        let a = &self.access;
        check((24..=1200).contains(&a.retention_months), "access.retention_months", "must be from 24, what the regulation asks, to 1200")?;
        check(a.ahead_seconds <= 3600, "access.ahead_seconds", "must be at most 3600")?;
        check((1..=25).contains(&a.batch), "access.batch", "must be from 1 to 25, what the document says and one transaction holds")?;
        check((1..=20).contains(&a.tries), "access.tries", "must be from 1 to 20")?;
        check((1..=100).contains(&a.first_pause_ms), "access.first_pause_ms", "must be from 1 to 100")?;
        let k = &self.token;
        check(k.look_ahead <= 100, "token.look_ahead", "must be at most 100")?;
        check(k.skew_steps <= 10, "token.skew_steps", "must be at most 10")?;
        check((k.look_ahead..=1000).contains(&k.resync_presses), "token.resync_presses", "must be from token.look_ahead to 1000")?;
        check((k.skew_steps..=1000).contains(&k.resync_steps), "token.resync_steps", "must be from token.skew_steps to 1000")?;
        let r = &self.recovery;
        let length = r.emergency_code_length;
        check((10..=64).contains(&length) && length.is_multiple_of(2), "recovery.emergency_code_length", "must be even, from 10 to 64")?;
        check(r.step_minutes >= 1, "recovery.step_minutes", "must be at least 1")?;
        check(r.reminders_per_day >= 1, "recovery.reminders_per_day", "must be at least 1")?;
        check(r.new_passwords >= 1, "recovery.new_passwords", "must be at least 1")?;
        let s = &self.service;
        check(s.expiry_flag_months >= 1, "service.expiry_flag_months", "must be at least 1")?;
        check(s.free_term_months >= 1, "service.free_term_months", "must be at least 1")?;
        check(s.paid_term_months >= 1, "service.paid_term_months", "must be at least 1")?;
        self.prices.validate().map_err(|problem| PolicyError { field: "prices", problem })?;
        let o = &self.order;
        check((1..=MOST_DAYS).contains(&o.pay_within_days), "order.pay_within_days", "must be from 1 to 3650")?;
        check(o.max_open >= 1, "order.max_open", "must be at least 1")?;
        check((2..1440).contains(&o.resolve_minutes), "order.resolve_minutes", "must be at least 2 and less than a day")?;
        check((1..o.resolve_minutes).contains(&o.quiet_minutes), "order.quiet_minutes", "must be from 1 to less than order.resolve_minutes")?;
        check((1..24).contains(&o.key_hours), "order.key_hours", "must be from 1 to 23, less than the payment provider keeps a key")?;
        check(o.tries >= 1 && o.pause_ms >= 1, "order.tries", "must be at least 1, as order.pause_ms")?;
        check((4..=MOST_DAYS).contains(&o.remembered_days), "order.remembered_days", "must be from 4 to 3650")?;
        check((1..=3600).contains(&o.webhook_seconds), "order.webhook_seconds", "must be from 1 to 3600")?;
        let a = &self.account;
        check((8..=64).contains(&a.password_min_length), "account.password_min_length", "must be from 8 to 64")?;
        check((64..=512).contains(&a.password_max_length), "account.password_max_length", "must be from 64 to 512")?;
        check((1..=24 * 30).contains(&a.address_link_hours), "account.address_link_hours", "must be from 1 to 720")?;
        check((5..=1440).contains(&a.recovery_link_minutes), "account.recovery_link_minutes", "must be from 5 to 1440")?;
        check(a.recovery_codes_per_day >= 1, "account.recovery_codes_per_day", "must be at least 1")?;
        check(a.registration_mails >= 1, "account.registration_mails", "must be at least 1")?;
        check(a.recovery_mails >= 1, "account.recovery_mails", "must be at least 1")?;
        check(a.address_changes_per_day >= 1, "account.address_changes_per_day", "must be at least 1")?;
        check((1..=20).contains(&a.recovery_codes), "account.recovery_codes", "must be from 1 to 20")?;
        check((13..=64).contains(&a.recovery_code_length), "account.recovery_code_length", "must be from 13, which is 64 bits, to 64")?;
        let help = &self.help;
        check(help.tickets_per_day >= 1, "help.tickets_per_day", "must be at least 1")?;
        check((100..=2000).contains(&help.ticket_characters), "help.ticket_characters", "must be from 100 to 2000, what the document says")?;
        check((1..=1200).contains(&help.ticket_months), "help.ticket_months", "must be from 1 to 1200")?;
        check(s.credential_term_months >= 1, "service.credential_term_months", "must be at least 1")?;
        check((1..=MOST_DAYS).contains(&s.charge_days), "service.charge_days", "must be from 1 to 3650")?;
        check(s.withdrawal_days >= 1, "service.withdrawal_days", "must be at least 1")?;
        check(descending(&s.expiry_notice_days), "service.expiry_notice_days", "must be positive, longest first, without repeats")?;
        let n = &self.session;
        check(n.selfcare_minutes >= 1, "session.selfcare_minutes", "must be at least 1")?;
        check(n.customer_minutes >= 1, "session.customer_minutes", "must be at least 1")?;
        check((1..=50).contains(&n.max_devices), "session.max_devices", "must be from 1 to 50")?;
        check(n.enrolment_minutes >= 1, "session.enrolment_minutes", "must be at least 1")?;
        check((10..=3600).contains(&n.qr_seconds), "session.qr_seconds", "must be from 10 to 3600")?;
        check(n.sign_in_minutes >= 1, "session.sign_in_minutes", "must be at least 1")?;
        check(n.expired_password_minutes >= 1, "session.expired_password_minutes", "must be at least 1")?;
        check((1..=MOST_DAYS).contains(&n.device_days), "session.device_days", "must be from 1 to 3650")?;
        check(n.block_link_days <= MOST_DAYS, "session.block_link_days", "must be at most 3650")?;
        check(n.block_link_days >= 1, "session.block_link_days", "must be at least 1")?;
        check(self.notice.redrive_minutes >= 1, "notice.redrive_minutes", "must be at least 1")?;
        check(self.notice.give_up_hours >= 1, "notice.give_up_hours", "must be at least 1")?;
        check((1..=MOST_DAYS).contains(&self.notice.keep_days), "notice.keep_days", "must be from 1 to 3650")?;
        check(self.notice.lease_seconds >= 1, "notice.lease_seconds", "must be at least 1")?;
        let h = &self.http;
        check((1024..=1024 * 1024).contains(&h.max_body_bytes), "http.max_body_bytes", "must be from 1024 to 1048576")?;
        check((1..=100).contains(&h.max_json_depth), "http.max_json_depth", "must be from 1 to 100")?;
        check(h.page_size >= 1 && h.page_size <= h.max_page_size, "http.page_size", "must be from 1 to http.max_page_size")?;
        check(h.max_page_size <= 100, "http.max_page_size", "must be at most 100, what the document says")?;
        check(h.idempotency_hours >= 1, "http.idempotency_hours", "must be at least 1")?;
        check(h.cursor_minutes >= 1, "http.cursor_minutes", "must be at least 1")
    }
}

fn descending(days: &[u32]) -> bool {
    days.iter().all(|d| *d > 0) && days.windows(2).all(|w| matches!(w, [a, b] if a > b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_valid() {
        assert_eq!(Policy::default().validate(), Ok(()));
    }

    #[test]
    fn a_senseless_number_is_named() {
        let mut policy = Policy::default();
        policy.password.warn_days = vec![2, 7];
        assert_eq!(policy.validate().unwrap_err().field, "password.warn_days");
        let mut policy = Policy::default();
        policy.password.max_length = 7;
        assert_eq!(policy.validate().unwrap_err().field, "password.max_length");
        let mut policy = Policy::default();
        policy.code.max_sends = 9;
        assert_eq!(policy.validate().unwrap_err().to_string(), "policy: code.send_pauses_seconds must have one pause for each send after the first");
    }
}
