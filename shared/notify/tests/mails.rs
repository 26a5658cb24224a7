//! Every notice in every language, as it is sent: compared with the files in `snapshots/` (`UPDATE_SNAPSHOTS=1` writes them), and held to what a mail must
//! and must never hold.
#![cfg(test)]

mod mails {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use jiff::Timestamp;
    use sportello_notify::{
        AccountOtpChange, Channel, CodePurpose, CredentialChange, Language, Links, Mail, Notice, Provider, Recipient, RenderError, TicketTopic, render,
        render_sms,
    };
    use sportello_rules::access::Outcome;
    use sportello_rules::identity::{IdentityType, Requirement, SuspensionReason};
    use sportello_rules::order::Item;
    use sportello_rules::service::{CredentialKind, Level};

    const SELFCARE: &str = "https://id.example/selfcare";
    const CUSTOMER_AREA: &str = "https://id.example/customers?from=mail&lang=auto";
    const BLOCK: &str = "https://id.example/block/7Qm_x-B";
    const CONFIRM: &str = "https://id.example/customers/confirmations/5Vw_k-C";
    const UNLOCK: &str = "https://id.example/unlock/9Zt_y-U";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn provider() -> Provider {
        Provider { name: "Sportello ID".to_owned(), support: "800 000 000, help@id.example".to_owned() }
    }

    fn links() -> Links {
        Links {
            selfcare: SELFCARE.to_owned(),
            customer_area: CUSTOMER_AREA.to_owned(),
            block: Some(BLOCK.to_owned()),
            unlock: Some(UNLOCK.to_owned()),
            confirm: Some(CONFIRM.to_owned()),
            unlock_days: 3,
            block_days: 7,
            carried: Some("135790".to_owned()),
        }
    }

    /// Notices of orders and services.
    fn of_orders(at: Timestamp) -> Vec<(&'static str, Notice)> {
        let (order_id, offer, gross_cents) = ("ord-000123".to_owned(), "SPID Professionale".to_owned(), 3660);
        let (service_id, day) = ("SRV-000123".to_owned(), jiff::civil::date(2027, 2, 28));
        let pay_by = Some("2026-12-06T13:05:00Z".parse().unwrap());
        let placed = |item, pay_by| Notice::OrderPlaced { at, order_id: order_id.clone(), item, offer: offer.clone(), gross_cents, pay_by };
        let paid = |item, gross_cents, expires_on| Notice::OrderPaid {
            at,
            order_id: order_id.clone(),
            item,
            offer: if gross_cents > 0 { offer.clone() } else { "SPID Personale".to_owned() },
            gross_cents,
            invoice: (gross_cents > 0).then(|| "2026/41".to_owned()),
            expires_on,
        };
        let failed = |automatic, pay_by| Notice::PaymentFailed {
            at,
            order_id: order_id.clone(),
            item: Item::IdentityRenewal,
            offer: offer.clone(),
            gross_cents,
            pay_by,
            automatic,
        };
        let closed = |item, expired| Notice::OrderClosed { at, order_id: order_id.clone(), item, offer: offer.clone(), expired };
        let expiring =
            |credential, charge_on| Notice::ServiceExpiring { service_id: service_id.clone(), offer: offer.clone(), credential, expires_on: day, charge_on };
        vec![
            ("order-placed", placed(Item::IdentityRenewal, pay_by)),
            ("order-placed-without-end", placed(Item::Credential(CredentialKind::OtpToken), None)),
            ("order-paid", paid(Item::CredentialRenewal(CredentialKind::RemoteSignature), gross_cents, Some(day))),
            ("order-paid-credential", paid(Item::Credential(CredentialKind::SmartCard), gross_cents, None)),
            ("order-paid-free", paid(Item::Identity(IdentityType::Personal), 0, None)),
            ("payment-failed", failed(false, pay_by)),
            ("payment-failed-automatic", failed(true, None)),
            ("order-closed", closed(Item::Credential(CredentialKind::SmartCard), false)),
            ("order-closed-expired", closed(Item::Credential(CredentialKind::SmartCard), true)),
            ("order-closed-renewal", closed(Item::IdentityRenewal, true)),
            ("payment-returned", Notice::PaymentReturned { at, order_id: order_id.clone(), item: Item::IdentityRenewal, offer: offer.clone(), gross_cents }),
            ("service-renewed", Notice::ServiceRenewed { at, service_id: service_id.clone(), offer: offer.clone(), expires_on: day }),
            ("service-expiring", expiring(None, None)),
            ("service-expiring-automatic", expiring(None, Some(jiff::civil::date(2027, 2, 21)))),
            ("service-expiring-credential", expiring(Some(CredentialKind::SmartCard), None)),
            ("service-expiring-credential-automatic", expiring(Some(CredentialKind::OtpToken), Some(jiff::civil::date(2027, 2, 21)))),
            ("auto-renewal-changed-on", Notice::AutoRenewalChanged { at, service_id: service_id.clone(), offer: offer.clone(), active: true }),
            ("auto-renewal-changed-off", Notice::AutoRenewalChanged { at, service_id: service_id.clone(), offer: offer.clone(), active: false }),
            ("payment-method-changed-added", Notice::PaymentMethodChanged { at, label: "Visa •••• 4242".to_owned(), added: true }),
            ("payment-method-changed-removed", Notice::PaymentMethodChanged { at, label: "Visa •••• 4242".to_owned(), added: false }),
        ]
    }

    /// Notices of the customer's account, of withdrawals and of requests for help.
    fn of_accounts(at: Timestamp) -> Vec<(String, Notice)> {
        let expires_at = "2026-11-23T13:05:00Z".parse().unwrap();
        let withdrawal = |within, refund_cents| Notice::WithdrawalSent {
            at,
            service_id: "SRV-000123".to_owned(),
            order_id: "ord-000123".to_owned(),
            offer: "SPID Professionale".to_owned(),
            contract_on: jiff::civil::date(2026, 11, 19),
            within,
            refund_cents,
        };
        let received = |service_id: Option<&str>| Notice::TicketReceived {
            at,
            ticket_id: "tkt-000123".to_owned(),
            topic: TicketTopic::Payment,
            service_id: service_id.map(ToOwned::to_owned),
            sealed: String::new(),
        };
        let mut all: Vec<(String, Notice)> = [
            ("account-registration", Notice::AccountRegistration { at, expires_at, sealed: String::new() }),
            ("account-exists", Notice::AccountExists { at }),
            ("account-opened", Notice::AccountOpened { at }),
            ("account-recovery", Notice::AccountRecovery { at, expires_at }),
            ("account-recovery-refused", Notice::AccountRecoveryRefused { at }),
            ("account-password-changed", Notice::AccountPasswordChanged { at, recovered: false }),
            ("account-password-changed-recovered", Notice::AccountPasswordChanged { at, recovered: true }),
            ("account-address-confirmation", Notice::AccountAddressConfirmation { at, expires_at, sealed: String::new() }),
            ("account-address-changed-asked", Notice::AccountAddressChanged { at, done: false, sealed: None }),
            ("account-address-changed-done", Notice::AccountAddressChanged { at, done: true, sealed: None }),
            ("account-data-changed", Notice::AccountDataChanged { at }),
            ("withdrawal-sent-within", withdrawal(true, 4270)),
            ("withdrawal-sent-within-free", withdrawal(true, 0)),
            ("withdrawal-sent-beyond", withdrawal(false, 0)),
            ("ticket-received", received(None)),
            ("ticket-received-service", received(Some("SRV-000123"))),
        ]
        .map(|(name, notice)| (name.to_owned(), notice))
        .into();
        for change in AccountOtpChange::ALL {
            let name = serde_json::to_value(change).unwrap();
            all.push((format!("account-otp-changed-{}", name.as_str().unwrap()), Notice::AccountOtpChanged { at, change }));
        }
        for topic in TicketTopic::ALL {
            let name = serde_json::to_value(topic).unwrap();
            let notice = Notice::TicketOpened { at, ticket_id: "tkt-000123".to_owned(), topic };
            all.push((format!("ticket-opened-{}", name.as_str().unwrap()), notice));
        }
        all
    }

    /// Every notice of orders and services, with a text of others' choice wherever there is room for one.
    fn of_orders_saying(text: &str) -> Vec<(&'static str, Notice)> {
        let mut all = of_orders(at("2026-11-22T13:05:00Z"));
        for (_, notice) in &mut all {
            match notice {
                Notice::OrderPaid { order_id, offer, invoice, .. } => {
                    (*order_id, *offer) = (text.to_owned(), text.to_owned());
                    *invoice = Some(text.to_owned());
                }
                Notice::OrderPlaced { order_id, offer, .. }
                | Notice::PaymentFailed { order_id, offer, .. }
                | Notice::OrderClosed { order_id, offer, .. }
                | Notice::PaymentReturned { order_id, offer, .. } => (*order_id, *offer) = (text.to_owned(), text.to_owned()),
                Notice::ServiceRenewed { service_id, offer, .. }
                | Notice::ServiceExpiring { service_id, offer, .. }
                | Notice::AutoRenewalChanged { service_id, offer, .. } => (*service_id, *offer) = (text.to_owned(), text.to_owned()),
                Notice::PaymentMethodChanged { label, .. } => text.clone_into(label),
                _ => unreachable!("no notice of orders"),
            }
        }
        all
    }

    /// Every notice and every variant of its words, with the name of its snapshot.
    fn every() -> Vec<(String, Notice)> {
        let now = at("2026-11-22T13:05:00Z");
        let mut all: Vec<(String, Notice)> = [
            ("password-warning", Notice::PasswordWarning { days_left: 7, expires_at: now }),
            ("password-warning-one", Notice::PasswordWarning { days_left: 1, expires_at: now }),
            ("password-warning-none", Notice::PasswordWarning { days_left: 0, expires_at: now }),
            ("password-changed", Notice::PasswordChanged { at: now, after_expiry: false }),
            ("password-changed-after-expiry", Notice::PasswordChanged { at: now, after_expiry: true }),
            ("sign-in-paused", Notice::SignInPaused { at: now, until: at("2026-11-22T13:35:00Z") }),
            ("sign-in-locked", Notice::SignInLocked { at: now }),
            ("sign-in-unlocked", Notice::SignInUnlocked { at: now }),
            ("new-device", Notice::NewDevice { at: now, device: "Firefox".to_owned() }),
            ("residence-changed", Notice::ResidenceChanged { at: now }),
            ("new-device-unknown", Notice::NewDevice { at: now, device: String::new() }),
            ("service-cancelled", Notice::ServiceCancelled { at: now, service_id: "SRV-000123".to_owned(), offer: "SPID Professionale".to_owned() }),
        ]
        .map(|(name, notice)| (name.to_owned(), notice))
        .into();
        all.extend(of_orders(now).into_iter().map(|(name, notice)| (name.to_owned(), notice)));
        all.extend(of_accounts(now));
        for (name, reason, by_itself, active) in [
            ("by-the-holder", SuspensionReason::Holder, false, true),
            ("not-the-last", SuspensionReason::Holder, false, false),
            ("by-itself", SuspensionReason::Holder, true, true),
            ("fraud", SuspensionReason::Fraud, true, true),
            ("turned-18", SuspensionReason::Turned18, false, true),
            ("turned-18-not-the-last", SuspensionReason::Turned18, false, false),
        ] {
            all.push((format!("suspension-lifted-{name}"), Notice::SuspensionLifted { at: now, reason, by_itself, active }));
        }
        for (name, missing) in
            [("document", vec![Requirement::Document]), ("contract", vec![Requirement::Contract]), ("both", vec![Requirement::Document, Requirement::Contract])]
        {
            all.push((format!("suspension-kept-{name}"), Notice::SuspensionKept { at: now, missing }));
        }
        for purpose in CodePurpose::ALL {
            let name = serde_json::to_value(purpose).unwrap();
            let notice = Notice::Code { at: now, expires_at: at("2026-11-22T13:10:00Z"), purpose, channel: Channel::Mail, sealed: String::new() };
            all.push((format!("code-{}", name.as_str().unwrap()), notice));
        }
        for for_inactivity in [true, false] {
            all.push((
                format!("identity-revoked-{}", if for_inactivity { "inactivity" } else { "holder" }),
                Notice::IdentityRevoked { at: now, for_inactivity, unused_months: for_inactivity.then_some(24) },
            ));
        }
        for change in CredentialChange::ALL {
            let name = serde_json::to_value(change).unwrap();
            all.push((
                format!("credential-changed-{}", name.as_str().unwrap()),
                Notice::CredentialChanged { at: now, credential: CredentialKind::OtpApp, change },
            ));
        }
        for credential in CredentialKind::ALL {
            let name = serde_json::to_value(credential).unwrap();
            let notice = Notice::CredentialChanged { at: now, credential, change: CredentialChange::Activated };
            all.push((format!("credential-activated-{}", name.as_str().unwrap()), notice));
        }
        for locked in [false, true] {
            all.push((format!("recovery-refused-{}", if locked { "locked" } else { "paused" }), Notice::RecoveryRefused { at: now, locked }));
            let half = Notice::EmergencyCodeHalf { at: now, channel: Channel::Mail, second: locked, sealed: String::new() };
            all.push((format!("emergency-code-half-{}", if locked { "second" } else { "first" }), half));
        }
        all.push(("password-recovered".to_owned(), Notice::PasswordRecovered { at: now, channel: Channel::Mail }));
        all.push(("emergency-code-used".to_owned(), Notice::EmergencyCodeUsed { at: now }));
        all.push(("username-reminder".to_owned(), Notice::UsernameReminder { at: now, sealed: String::new() }));
        for days_left in [90, 1] {
            all.push((format!("inactivity-warning-{days_left}"), Notice::InactivityWarning { days_left, revoked_at: now }));
        }
        for credential in [CredentialKind::SmartCard, CredentialKind::RemoteSignature, CredentialKind::OtpToken] {
            let name = serde_json::to_value(credential).unwrap();
            let notice = Notice::CredentialExpiring { credential, expires_on: jiff::civil::date(2027, 2, 1) };
            all.push((format!("credential-expiring-{}", name.as_str().unwrap()), notice));
        }
        for (name, outcome) in [("success", Outcome::Success), ("failure", Outcome::Failure)] {
            let level = if name == "success" { Level::L2 } else { Level::L1 };
            all.push((format!("access-made-{name}"), Notice::AccessMade { at: now, level, outcome, sealed: String::new() }));
        }
        for reason in SuspensionReason::ALL {
            let name = serde_json::to_value(reason).unwrap();
            all.push((format!("identity-suspended-{}", name.as_str().unwrap()), Notice::IdentitySuspended { at: now, reason }));
        }
        all
    }

    fn mail(notice: &Notice, given_name: &str, language: Language) -> Mail {
        let carried = if matches!(notice, Notice::AccessMade { .. }) { "Comune di Firenze" } else { "135790" };
        render(notice, &Recipient { given_name, language, is_holder: true }, &Links { carried: Some(carried.to_owned()), ..links() }, &provider()).unwrap()
    }

    fn everything() -> Vec<(String, Notice, Language, Mail)> {
        let mut all = Vec::new();
        for (name, notice) in every() {
            for language in Language::ALL {
                let mail = mail(&notice, "Maria", language);
                all.push((format!("{name}.{}.txt", language.tag()), notice.clone(), language, mail));
            }
        }
        all
    }

    /// What a customer is sent of what holders are sent too: it concerns no SPID identity.
    fn of_customers() -> Vec<(String, Mail)> {
        let mut all = Vec::new();
        for (name, notice) in every().into_iter().filter(|(name, _)| name.starts_with("sign-in-")) {
            for language in Language::ALL {
                let customer = Recipient { given_name: "Maria", language, is_holder: false };
                let links = Links { selfcare: "https://clienti.example.it".to_owned(), ..links() };
                let mail = render(&notice, &customer, &links, &provider()).unwrap();
                assert!(!mail.text.contains("SPID") && !mail.text.to_lowercase().contains("selfcare"), "{name}: {}", mail.text);
                all.push((format!("{name}-of-a-customer.{}.txt", language.tag()), mail));
            }
        }
        all
    }

    /// Every text message in every language, with the name of its snapshot.
    fn messages() -> Vec<(String, String)> {
        let now = at("2026-11-22T13:05:00Z");
        let mut all = vec![("sms-password-recovered".to_owned(), Notice::PasswordRecovered { at: now, channel: Channel::Sms })];
        for purpose in CodePurpose::ALL {
            let name = serde_json::to_value(purpose).unwrap();
            let notice = Notice::Code { at: now, expires_at: at("2026-11-22T13:10:00Z"), purpose, channel: Channel::Sms, sealed: String::new() };
            all.push((format!("sms-code-{}", name.as_str().unwrap()), notice));
        }
        for second in [false, true] {
            let notice = Notice::EmergencyCodeHalf { at: now, channel: Channel::Sms, second, sealed: String::new() };
            all.push((format!("sms-emergency-code-half-{}", if second { "second" } else { "first" }), notice));
        }
        let said = |notice: &Notice, language| render_sms(notice, language, &links(), &provider()).unwrap();
        all.iter().flat_map(|(name, notice)| Language::ALL.map(|language| (format!("{name}.{}.txt", language.tag()), said(notice, language)))).collect()
    }

    /// The addresses of the web in a text, up to what cannot be part of one.
    fn addresses(text: &str) -> Vec<String> {
        text.match_indices("http")
            .map(|(start, _)| &text[start..])
            .filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"))
            .map(|rest| rest.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')')).next().unwrap().replace("&amp;", "&"))
            .collect()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "whether to write the snapshots is said to the test, not to the product")]
    fn every_mail_is_as_it_was_approved() {
        let update = std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|value| value == "1");
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
        let mut known = BTreeSet::new();
        let mut stale = Vec::new();
        for (name, mail) in everything().into_iter().map(|(name, _, _, mail)| (name, mail)).chain(of_customers()) {
            let now = format!("{}\n\n======== text ========\n{}\n======== html ========\n{}", mail.subject, mail.text, mail.html);
            let file = folder.join(&name);
            if update {
                fs::write(&file, &now).unwrap();
            } else if fs::read_to_string(&file).ok().as_deref() != Some(now.as_str()) {
                stale.push(name.clone());
            }
            known.insert(name);
        }
        for (name, text) in messages() {
            let file = folder.join(&name);
            if update {
                fs::write(&file, format!("{text}\n")).unwrap();
            } else if fs::read_to_string(&file).ok() != Some(format!("{text}\n")) {
                stale.push(name.clone());
            }
            known.insert(name);
        }
        assert!(stale.is_empty(), "these mails changed; look at them with UPDATE_SNAPSHOTS=1 and `git diff`: {stale:?}");
        let found: BTreeSet<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(found, known, "snapshots that no mail has");
    }

    #[test]
    fn every_kind_is_among_them() {
        let kinds: BTreeSet<&str> = every().iter().map(|(_, notice)| notice.kind()).collect();
        assert_eq!(kinds, BTreeSet::from(Notice::KINDS));
    }

    #[test]
    fn nothing_of_a_template_is_left() {
        for (name, _, _, mail) in everything() {
            for part in [&mail.subject, &mail.text, &mail.html] {
                for mark in ["{{", "}}", "{%", "%}", "{#", "-> ", "\n# "] {
                    assert!(!part.contains(mark), "{mark} in {name}");
                }
                assert!(!part.is_empty() && !part.contains("undefined") && !part.contains("none,"), "{name}");
            }
        }
    }

    #[test]
    fn a_mail_carries_its_links_in_both_parts_and_no_other() {
        for (name, notice, _, mail) in everything() {
            // Who is locked out finds nothing there.
            let locked_out = matches!(notice, Notice::IdentitySuspended { reason: SuspensionReason::Lockout, .. });
            let to_customers = matches!(
                notice,
                Notice::ServiceCancelled { .. }
                    | Notice::CredentialExpiring { .. }
                    | Notice::OrderPlaced { .. }
                    | Notice::OrderPaid { .. }
                    | Notice::PaymentFailed { .. }
                    | Notice::OrderClosed { .. }
                    | Notice::PaymentReturned { .. }
                    | Notice::ServiceRenewed { .. }
                    | Notice::ServiceExpiring { .. }
                    | Notice::AutoRenewalChanged { .. }
                    | Notice::PaymentMethodChanged { .. }
                    | Notice::AccountExists { .. }
                    | Notice::AccountOpened { .. }
                    | Notice::AccountRecoveryRefused { .. }
                    | Notice::AccountPasswordChanged { .. }
                    | Notice::AccountAddressChanged { .. }
                    | Notice::AccountOtpChanged { .. }
                    | Notice::AccountDataChanged { .. }
                    | Notice::WithdrawalSent { .. }
                    | Notice::TicketOpened { .. }
            );
            // Of a revoked identity there is nothing to see either.
            let nowhere = matches!(
                notice,
                Notice::SignInPaused { .. }
                    | Notice::SignInLocked { .. }
                    | Notice::IdentityRevoked { .. }
                    | Notice::Code { .. }
                    | Notice::RecoveryRefused { .. }
                    | Notice::TicketReceived { .. }
            ) || notice.carries_confirm_link();
            let selfcare = !locked_out && !to_customers && !nowhere;
            let expected: BTreeSet<String> = [
                (notice.is_security(), BLOCK),
                (notice.carries_unlock_link(), UNLOCK),
                (notice.carries_confirm_link(), CONFIRM),
                (selfcare, SELFCARE),
                (to_customers, CUSTOMER_AREA),
            ]
            .into_iter()
            .filter(|(carried, _)| *carried)
            .map(|(_, link)| link.to_owned())
            .collect();
            assert_eq!(addresses(&mail.text).into_iter().collect::<BTreeSet<_>>(), expected, "text of {name}");
            assert_eq!(addresses(&mail.html).into_iter().collect::<BTreeSet<_>>(), expected, "html of {name}");
            for link in expected {
                let escaped = link.replace('&', "&amp;");
                assert!(mail.html.contains(&format!("href=\"{escaped}\"")), "no button for {link} in {name}");
                assert!(mail.html.contains(&format!(">{escaped}</p>")), "{link} is not readable in {name}");
            }
        }
    }

    #[test]
    fn what_reads_the_text_reads_the_html_too() {
        for (name, _, language, mail) in everything() {
            for line in mail.text.lines().filter(|line| !line.is_empty() && *line != "----") {
                let line = line.strip_suffix(':').unwrap_or(line).replace('&', "&amp;").replace('\'', "&#39;");
                assert!(mail.html.contains(&line), "{line} is missing in the html of {name}");
            }
            assert!(mail.html.contains(&format!("<html lang=\"{}\"", language.tag())));
        }
    }

    #[test]
    fn nothing_is_fetched_when_a_mail_is_opened() {
        for (name, _, _, mail) in everything() {
            for element in
                ["<img", "<link", "<script", "<iframe", "<form", "<object", "<base", "url(", "@import", "src=", "background=", "srcset", "http-equiv"]
            {
                assert!(!mail.html.contains(element), "{element} in {name}");
            }
        }
    }

    #[test]
    fn languages_differ_and_subjects_begin_with_the_brand() {
        for (name, notice) in every() {
            let [it, en] = Language::ALL.map(|language| mail(&notice, "Maria", language));
            assert_ne!(it.subject, en.subject, "{name}");
            assert!(it.text.starts_with("Ciao Maria,\n") && en.text.starts_with("Hello Maria,\n"), "{name}");
            assert!([&it, &en].iter().all(|mail| mail.subject.starts_with("Sportello ID – ")), "{name}");
            // No sentence was left in the other language.
            let shared: Vec<&str> = it.text.lines().filter(|line| line.len() > 45 && en.text.lines().any(|other| other == *line)).collect();
            assert!(shared.iter().all(|line| line.starts_with("https://")), "{name}: {shared:?}");
        }
        assert_eq!(mail(&every()[3].1, "", Language::It).subject, "Sportello ID – Password di accesso modificata");
    }

    #[test]
    fn every_reason_is_told_apart() {
        for language in Language::ALL {
            let texts: BTreeSet<String> =
                SuspensionReason::ALL.map(|reason| mail(&Notice::IdentitySuspended { at: at("2026-11-22T13:05:00Z"), reason }, "", language).text).into();
            assert_eq!(texts.len(), SuspensionReason::ALL.len());
            let word = if language == Language::It { "\nMotivo: " } else { "\nReason: " };
            assert!(texts.iter().all(|text| text.matches(word).count() == 1));
        }
    }

    #[test]
    fn a_password_warning_says_all_that_rule_16_needs() {
        let notice = Notice::PasswordWarning { days_left: 2, expires_at: at("2026-11-22T13:05:00Z") };
        let it = mail(&notice, "Maria", Language::It);
        assert_eq!(it.subject, "Sportello ID – La tua password scade tra 2 giorni");
        for words in ["2 giorni", "22 novembre 2026, ore 14:05", SELFCARE, "non ti chiede mai la password"] {
            assert!(it.text.contains(words), "{words}");
        }
        let en = mail(&notice, "Maria", Language::En);
        for words in ["2 days", "22 November 2026, 14:05", SELFCARE, "never asks for your password"] {
            assert!(en.text.contains(words), "{words}");
        }
    }

    #[test]
    fn a_changed_password_tells_that_every_session_ended() {
        let notice = Notice::PasswordChanged { at: at("2026-11-22T13:05:00Z"), after_expiry: false };
        assert!(mail(&notice, "", Language::It).text.contains("chiuso tutte le sessioni"));
        assert!(mail(&notice, "", Language::En).text.contains("ended every open session"));
    }

    #[test]
    fn every_security_mail_explains_that_only_confirming_suspends() {
        for (name, notice, language, mail) in everything() {
            let words = if language == Language::It { "sospesa solo se confermi" } else { "suspended only if you confirm" };
            let days = if language == Language::It { "7 giorni" } else { "7 days" };
            assert_eq!(mail.text.contains(words), notice.is_security(), "{name}");
            assert!(!notice.is_security() || mail.text.contains(days), "{name}");
        }
    }

    #[test]
    fn markup_in_names_and_devices_stays_text() {
        let hostile = "<script>alert('1')</script>\"&amp;{{ 7*7 }}{% raw %}";
        for language in Language::ALL {
            let mail = mail(&Notice::NewDevice { at: at("2026-11-22T13:05:00Z"), device: hostile.to_owned() }, hostile, language);
            assert!(!mail.html.contains("<script"));
            assert_eq!(mail.html.matches("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;amp;{{ 7*7 }}").count(), 2);
            assert_eq!(mail.text.matches("<script>alert('1')</script>\"&amp;{{ 7*7 }}").count(), 2);
            assert!(!mail.text.contains("49"));
        }
    }

    #[test]
    fn line_breaks_in_values_open_no_line_no_header_and_no_block() {
        let hostile = "x\r\nBcc: all@evil.example\r\n\r\n# Head\n\n-> block: Win\u{2028}y\u{85}z\0\u{202e}w";
        let provider = Provider { name: format!("Sportello{hostile}"), support: hostile.to_owned() };
        for language in Language::ALL {
            let others = [
                ("device", Notice::NewDevice { at: at("2026-11-22T13:05:00Z"), device: hostile.to_owned() }),
                ("offer", Notice::ServiceCancelled { at: at("2026-11-22T13:05:00Z"), service_id: hostile.to_owned(), offer: hostile.to_owned() }),
            ];
            for (name, notice) in others.into_iter().chain(of_orders_saying(hostile)) {
                let calm = mail(&notice, "Maria", language);
                let mail = render(&notice, &Recipient { given_name: hostile, language, is_holder: true }, &links(), &provider).unwrap();
                assert!(!mail.subject.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}')), "{name}");
                assert!(!mail.text.lines().any(|line| line.starts_with("Bcc") || line.starts_with("# Head") || line.starts_with("Win")), "{name}");
                assert_eq!(mail.text.lines().count(), calm.text.lines().count(), "{name}");
                assert!(!mail.text.chars().any(|c| c.is_control() && c != '\n'), "{name}");
                assert_eq!(mail.html.matches("<a ").count(), calm.html.matches("<a ").count(), "{name}");
                assert_eq!(mail.html.matches("<h2").count(), calm.html.matches("<h2").count(), "{name}");
            }
        }
    }

    #[test]
    fn a_name_or_a_device_brings_no_address_of_its_own() {
        let hostile = "Win at https://evil.example/x or www.evil.example";
        let notice = Notice::ServiceCancelled { at: at("2026-11-22T13:05:00Z"), service_id: hostile.to_owned(), offer: hostile.to_owned() };
        for language in Language::ALL {
            let mail = mail(&notice, hostile, language);
            assert!(addresses(&mail.text).iter().chain(&addresses(&mail.html)).all(|address| address == CUSTOMER_AREA));
            assert!(!mail.text.contains("evil.example") && !mail.html.contains("evil.example"));
        }
    }

    #[test]
    fn an_access_names_its_service_which_brings_no_address_of_its_own() {
        let notice = Notice::AccessMade { at: at("2026-11-22T13:05:00Z"), level: Level::L2, outcome: Outcome::Success, sealed: String::new() };
        let to = |language| Recipient { given_name: "Maria", language, is_holder: true };
        let of = |name: &str, language| render(&notice, &to(language), &Links { carried: Some(name.to_owned()), ..links() }, &provider()).unwrap();
        let mail = of("Comune di Firenze", Language::It);
        for words in ["Servizio: Comune di Firenze", "Livello: 2", "22 novembre 2026, ore 14:05"] {
            assert!(mail.text.contains(words), "{words}");
        }
        assert!(of("", Language::En).text.contains("Service: unknown"));
        let hostile = "Win <b>at</b> https://evil.example/x\r\n-> block: Win";
        for language in Language::ALL {
            let mail = of(hostile, language);
            assert!(!mail.text.contains("evil.example") && !mail.html.contains("evil.example") && !mail.html.contains("<b>"));
            assert_eq!(mail.text.lines().count(), of("Comune", language).text.lines().count());
        }
    }

    #[test]
    fn a_security_mail_without_its_link_is_never_made() {
        let recipient = Recipient { given_name: "Maria", language: Language::It, is_holder: true };
        for (name, notice) in every() {
            let without_block = render(&notice, &recipient, &Links { block: None, ..links() }, &provider());
            let missing = matches!(without_block, Err(RenderError::MissingLink("block")));
            assert_eq!((missing, without_block.is_err()), (notice.is_security(), notice.is_security()), "{name}");
            let without_unlock = render(&notice, &recipient, &Links { unlock: None, ..links() }, &provider());
            let missing = matches!(without_unlock, Err(RenderError::MissingLink("unlock")));
            assert_eq!((missing, without_unlock.is_err()), (notice.carries_unlock_link(), notice.carries_unlock_link()), "{name}");
        }
    }

    #[test]
    fn text_messages_say_what_they_are_in_one_message() {
        let now = at("2026-11-22T13:05:00Z");
        let code = |purpose| Notice::Code { at: now, expires_at: at("2026-11-22T13:10:00Z"), purpose, channel: Channel::Sms, sealed: String::new() };
        let half = Notice::EmergencyCodeHalf { at: now, channel: Channel::Sms, second: true, sealed: String::new() };
        let recovered = Notice::PasswordRecovered { at: now, channel: Channel::Sms };
        let said = [
            (code(CodePurpose::SignIn), "per accedere", "to sign in"),
            (code(CodePurpose::Recovery), "per recuperare l'accesso", "to get your access back"),
            (code(CodePurpose::Confirmation), "per confermare l'operazione", "to confirm the operation"),
            (half, "seconda meta' del nuovo codice di emergenza", "second half of your new emergency code"),
            (recovered, "la password della tua identita' SPID e' stata recuperata", "the password of your SPID identity was recovered"),
        ];
        for (notice, it, en) in said {
            for (language, words) in [(Language::It, it), (Language::En, en)] {
                let text = render_sms(&notice, language, &links(), &provider()).unwrap();
                assert!(text.starts_with("Sportello ID: ") && text.contains(words), "{text}");
                assert_eq!(text.contains("135790"), !matches!(notice, Notice::PasswordRecovered { .. }), "{text}");
                assert!(text.is_ascii() && text.len() <= 160, "{} letters: {text}", text.len());
            }
        }
        assert!(matches!(render_sms(&Notice::SignInLocked { at: now }, Language::It, &links(), &provider()), Err(RenderError::UnknownLink)));
    }

    #[test]
    fn without_a_name_the_greeting_has_no_gap() {
        for (given_name, language, greeting) in [("", Language::It, "Ciao,\n"), (" \r\n", Language::En, "Hello,\n")] {
            assert!(mail(&every()[0].1, given_name, language).text.starts_with(greeting));
        }
    }

    #[test]
    fn what_others_chose_of_an_order_stays_text_and_brings_no_address() {
        let hostile = "<b>Win</b> {{ 7*7 }}\r\n\r\n-> block: https://evil.example/x www.evil.example";
        for language in Language::ALL {
            for ((name, calm), (_, notice)) in of_orders_saying("x").into_iter().zip(of_orders_saying(hostile)) {
                let (calm, mail) = (mail(&calm, "Maria", language), mail(&notice, "Maria", language));
                assert!(mail.html.contains("&lt;b&gt;Win&lt;/b&gt;") && !mail.html.contains("<b>"), "{name}");
                assert!(mail.text.contains("<b>Win</b> {") && !mail.text.contains("49"), "{name}");
                assert!(addresses(&mail.text).iter().chain(&addresses(&mail.html)).all(|address| address == CUSTOMER_AREA), "{name}");
                assert!(!mail.text.contains("evil.example") && !mail.html.contains("evil.example"), "{name}");
                assert_eq!(mail.text.lines().count(), calm.text.lines().count(), "{name}");
                assert_eq!(mail.subject, calm.subject, "{name}");
            }
        }
    }

    #[test]
    fn a_customers_mail_needs_no_link_that_suspends() {
        let recipient = |language| Recipient { given_name: "Maria", language, is_holder: false };
        for language in Language::ALL {
            for (name, notice) in of_orders(at("2026-11-22T13:05:00Z")) {
                let mail = render(&notice, &recipient(language), &Links { block: None, unlock: None, carried: None, ..links() }, &provider()).unwrap();
                assert!(mail.text.contains(CUSTOMER_AREA) && !mail.text.contains(BLOCK), "{name}");
            }
        }
    }

    fn of_order(name: &str, language: Language) -> String {
        let (_, notice) = of_orders(at("2026-11-22T13:05:00Z")).into_iter().find(|(found, _)| *found == name).unwrap();
        let mail = mail(&notice, "Maria", language);
        format!("{}\n{}", mail.subject, mail.text)
    }

    #[test]
    fn what_is_free_of_charge_says_so_and_names_no_payment() {
        for (language, free, words) in [
            (Language::It, "gratuito", ["€", " IVA", "pag", "addebit", "Fattura"]),
            (Language::En, "free of charge", ["€", " VAT", "pay", "charged", "Invoice"]),
        ] {
            let text = of_order("order-paid-free", language);
            assert!(text.contains(free), "{text}");
            for word in words {
                assert!(!text.to_lowercase().contains(&word.to_lowercase()), "{word}: {text}");
            }
        }
        let nothing = Notice::OrderPlaced {
            at: at("2026-11-22T13:05:00Z"),
            order_id: "ord-000123".to_owned(),
            item: Item::Identity(IdentityType::Minor),
            offer: "SPID Minore".to_owned(),
            gross_cents: 0,
            pay_by: Some(at("2026-12-06T13:05:00Z")),
        };
        let text = mail(&nothing, "Maria", Language::It).text;
        assert!(text.contains("Importo: gratuito") && !text.contains("Paga") && !text.contains("dicembre"), "{text}");
    }

    #[test]
    fn a_payment_that_failed_took_nothing_and_says_what_to_do_by_when() {
        for (language, said, automatic, by) in [
            (
                Language::It,
                ["Non è stato prelevato nulla", "Paga e Annulla", "36,60 €, IVA compresa"],
                "rinnovo automatico",
                "entro il 6 dicembre 2026, ore 14:05",
            ),
            (Language::En, ["Nothing was taken", "Pay and Cancel", "€36.60, VAT included"], "automatic renewal", "by 6 December 2026, 14:05"),
        ] {
            let (own, by_itself) = (of_order("payment-failed", language), of_order("payment-failed-automatic", language));
            for words in said {
                assert!(own.contains(words) && by_itself.contains(words), "{words}");
            }
            assert!(own.contains(by) && !by_itself.contains(by));
            assert!(by_itself.contains(automatic) && !own.contains(automatic));
            // A new order says the same.
            let placed = of_order("order-placed", language);
            assert!(placed.contains(by) && placed.contains(said[1]) && placed.contains(said[2]));
        }
    }

    #[test]
    fn an_expiry_says_whether_it_renews_by_itself_and_when_it_is_charged() {
        for (language, charged, own) in [
            (Language::It, "l'addebito avviene il 21 febbraio 2027", "Non si rinnova da sé: puoi rinnovare"),
            (Language::En, "the charge is made on 21 February 2027", "does not renew by itself: you can renew"),
        ] {
            for (name, automatic) in [
                ("service-expiring", false),
                ("service-expiring-credential", false),
                ("service-expiring-automatic", true),
                ("service-expiring-credential-automatic", true),
            ] {
                let text = of_order(name, language);
                assert_eq!((text.contains(charged), text.contains(own)), (automatic, !automatic), "{name}");
            }
        }
    }

    #[test]
    fn a_card_is_named_by_its_last_digits_only() {
        let notice = Notice::PaymentMethodChanged { at: at("2026-11-22T13:05:00Z"), label: "Visa 4000 0566 5566 5556".to_owned(), added: true };
        for language in Language::ALL {
            let mail = mail(&notice, "Maria", language);
            for part in [&mail.text, &mail.html] {
                assert!(part.contains("Visa •••• •••• •••• 5556") && !part.contains("4000") && !part.contains("0566"));
            }
        }
    }
}
