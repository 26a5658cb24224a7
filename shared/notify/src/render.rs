//! A notice as a mail: subject, text and HTML from the same paragraphs (rules 16, 17, 21, 23, 35, 40, 53).

use std::fmt::{self, Write};

use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::{Deserialize, Serialize};

use crate::blocks::{self, Source};
use crate::notice::Notice;
use crate::templates;
use sportello_rules::identity::Requirement;
use sportello_rules::order::Item;

use crate::words::{by, credential_words, days, euro, foreign, instant, item_words, on, on_day, one_line, payment_method, topic_words};

/// Most characters shown of a name, a device or an identifier.
const SHORT: usize = 60;
/// Most characters shown of an offer's name.
const LONG: usize = 120;
/// Most characters shown of what somebody wrote to support.
const WRITTEN: usize = 4000;
/// Longest link, in bytes; beyond it mail programs break links.
const LINK_BYTES: usize = 2048;

/// The language that a person chose for mails (rule 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Italian, unless another was chosen.
    #[default]
    It,
    /// English.
    En,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::It, Self::En];

    /// The language's tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
        }
    }
}

/// Who reads the mail.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    /// Given name for the greeting; empty for a greeting without one.
    pub given_name: &'a str,
    /// In which language.
    pub language: Language,
    /// Whether it is a holder: only an identity can be suspended by an "it wasn't me" link (40).
    pub is_holder: bool,
}

/// The links that a mail may carry: absolute, from configuration and never from a request's headers. The single-use ones hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Links {
    /// The holder's selfcare.
    pub selfcare: String,
    /// The customer area.
    pub customer_area: String,
    /// The "it wasn't me" link (rule 40); security notices need it.
    pub block: Option<String>,
    /// The link that lifts a pause or a lock (rule 21); the notices of both need it.
    pub unlock: Option<String>,
    /// The link that does what its addressee asked for; the notices that ask for a confirmation need it.
    pub confirm: Option<String>,
    /// Days of 86,400 s for which the unlocking link is good, as the mail says "from when it was sent" (rule 21).
    pub unlock_days: u32,
    /// Days of 86,400 s for which the "it wasn't me" link is good, as the mail says "from when it was sent" (rule 40).
    pub block_days: u32,
    /// What is shown but not kept in the notice, opened where it is delivered: a code (rule 31), half of an emergency code (27), a username (25),
    /// the name of a service provider (56).
    pub carried: Option<String>,
}

/// Who writes the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The brand that is shown, such as "Sportello ID"; every subject begins with it.
    pub name: String,
    /// Where help is found, as shown: a telephone number, an address or a page.
    pub support: String,
}

/// A mail, ready to send. Its parts hold single-use links.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line without control characters, whatever the values were.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, which says the same.
    pub html: String,
}

// Written by hand: names and links with their tokens must not end up in a log.
impl fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("language", &self.language).finish_non_exhaustive()
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links")
            .field("block", &self.block.is_some())
            .field("unlock", &self.unlock.is_some())
            .field("confirm", &self.confirm.is_some())
            .field("carried", &self.carried.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Why a notice cannot be rendered. None carries a value of the mail.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The notice must carry a link that was not given (rules 21, 40).
    #[error("the notice needs the link {0:?}")]
    MissingLink(&'static str),
    /// A link is no absolute http(s) address in ASCII without white space and quotes, or is too long.
    #[error("the link {0:?} is no absolute web address")]
    BadLink(&'static str),
    /// A template asks for a link that does not exist.
    #[error("a template names a link that does not exist")]
    UnknownLink,
    /// A template is wrong.
    #[error("a template cannot be rendered")]
    Template(#[from] minijinja::Error),
}

/// Renders a notice for a recipient. Instants are shown in Rome (rule 1); nothing is read but the arguments and the templates.
///
/// # Errors
/// [`RenderError::MissingLink`] when a security notice comes without its "it wasn't me" link or a pause or lock without its unlocking link,
/// [`RenderError::BadLink`] for a link that is none, the others for a template that is wrong (the tests render them all).
pub fn render(notice: &Notice, recipient: &Recipient<'_>, links: &Links, provider: &Provider) -> Result<Mail, RenderError> {
    let language = recipient.language;
    let environment = environment()?;
    let shared = context! {
        name => foreign(recipient.given_name, SHORT),
        provider => one_line(&provider.name),
        support => one_line(&provider.support),
        block_days => days(links.block_days, language),
        unlock_days => days(links.unlock_days, language),
        carried => carried(notice, links)?,
    };
    let values = context! { ..values(notice, language), ..shared };
    let line = |source: &str| environment.render_named_str("line.txt", source, values.clone()).map(|text| one_line(&text));

    let template = templates::body(notice, language);
    let words = templates::shared(language);
    let mut sources = blocks::split(words.greeting);
    sources.extend(blocks::body(template));
    if notice.is_security() && recipient.is_holder {
        sources.extend(blocks::split(words.not_me));
    }
    let mut body = Vec::new();
    for source in sources {
        let (text, heading, target) = match &source {
            Source::Paragraph(text) => (line(text)?, false, None),
            Source::Heading(text) => (line(text)?, true, None),
            // A button may be for some values only.
            Source::Button { link, label } => {
                let label = line(label)?;
                let target = if label.is_empty() { None } else { Some(find(link, links)?) };
                (label, false, target)
            }
        };
        // A paragraph may be for some values only.
        if !text.is_empty() {
            body.push(context! { text, heading, link => target.map(|(link, _)| link), url => target.map(|(_, url)| url) });
        }
    }
    let footer = blocks::split(words.footer)
        .iter()
        .filter_map(|source| match source {
            Source::Paragraph(text) => Some(line(text)),
            Source::Heading(_) | Source::Button { .. } => None,
        })
        .collect::<Result<Vec<_>, _>>()?;

    let title = line(blocks::title(template))?;
    let subject = one_line(&format!("{} – {title}", provider.name));
    let page = context! { lang => language.tag(), subject => subject.as_str(), title, provider => one_line(&provider.name), blocks => body, footer };
    let text = environment.render_named_str("layout.txt", templates::LAYOUT_TEXT, page.clone())?;
    let html = environment.render_named_str("layout.html", templates::LAYOUT_HTML, page)?;
    Ok(Mail { subject, text, html })
}

/// What a notice carries that is not kept in it.
fn carried(notice: &Notice, links: &Links) -> Result<Option<String>, RenderError> {
    let carries = matches!(
        notice,
        Notice::Code { .. }
            | Notice::EmergencyCodeHalf { .. }
            | Notice::UsernameReminder { .. }
            | Notice::AccessMade { .. }
            | Notice::AccountExists { .. }
            | Notice::AccountOpened { .. }
            | Notice::AccountRecovery { .. }
            | Notice::TicketReceived { .. }
    );
    match links.carried.as_deref() {
        None if carries => Err(RenderError::MissingLink("carried")),
        Some(text) if matches!(notice, Notice::TicketReceived { .. }) => Ok(Some(foreign(text, WRITTEN))),
        // How a service provider calls itself is no word of ours.
        Some(text) if matches!(notice, Notice::AccessMade { .. }) => Ok(Some(foreign(text, LONG))),
        Some(text) if carries => Ok(Some(one_line(text))),
        _ => Ok(None),
    }
}

/// Renders the text message of a notice that goes by SMS: one line, in the letters that one message of 160 holds.
///
/// # Errors
/// [`RenderError::MissingLink`] without the code, [`RenderError::UnknownLink`] for a notice that has no text message.
pub fn render_sms(notice: &Notice, language: Language, links: &Links, provider: &Provider) -> Result<String, RenderError> {
    let Some(template) = templates::message(notice, language) else { return Err(RenderError::UnknownLink) };
    let minutes = match notice {
        Notice::Code { at, expires_at, .. } => expires_at.duration_since(*at).as_mins(),
        _ => 0,
    };
    let shared = context! { provider => one_line(&provider.name), carried => carried(notice, links)?, minutes };
    let values = context! { ..values(notice, language), ..shared };
    Ok(one_line(&environment()?.render_named_str("line.txt", template, values)?))
}

/// The values of one notice, as words.
fn values(notice: &Notice, language: Language) -> Value {
    let on = |at: &Timestamp| on(*at, language);
    match notice {
        Notice::PasswordWarning { days_left, expires_at } => context! { days_left => days(*days_left, language), on => on(expires_at) },
        Notice::PasswordChanged { at, after_expiry } => context! { on => on(at), after_expiry },
        Notice::SignInPaused { at, until } => context! { on => on(at), until => on(until) },
        Notice::SignInLocked { at }
        | Notice::SignInUnlocked { at }
        | Notice::ResidenceChanged { at }
        | Notice::PasswordRecovered { at, .. }
        | Notice::EmergencyCodeUsed { at }
        | Notice::UsernameReminder { at, .. } => context! { on => on(at) },
        Notice::RecoveryRefused { at, locked } => context! { on => on(at), locked },
        Notice::EmergencyCodeHalf { at, second, .. } => context! { on => on(at), second },
        Notice::CredentialChanged { at, credential, change } => context! { on => on(at), credential => Serde(credential), change => Serde(change) },
        Notice::NewDevice { at, device } => context! { at => instant(*at, language), device => foreign(device, SHORT) },
        Notice::IdentitySuspended { at, reason } => context! { on => on(at), reason => Serde(reason) },
        Notice::Code { expires_at, purpose, .. } => context! { purpose => Serde(purpose), until => instant(*expires_at, language) },
        Notice::SuspensionLifted { at, reason, by_itself, active } => context! { on => on(at), reason => Serde(reason), by_itself, active },
        Notice::SuspensionKept { at, missing } => {
            let misses = |requirement| missing.contains(&requirement);
            context! { on => on(at), document => misses(Requirement::Document), contract => misses(Requirement::Contract) }
        }
        Notice::IdentityRevoked { at, for_inactivity, unused_months } => context! { on => on(at), for_inactivity, months => unused_months },
        Notice::InactivityWarning { days_left, revoked_at } => context! { days_left => days(*days_left, language), on => on(revoked_at) },
        Notice::CredentialExpiring { credential, expires_on } => context! { credential => Serde(credential), on => on_day(*expires_on, language) },
        Notice::AccessMade { at, level, outcome, .. } => context! { at => instant(*at, language), level => Serde(level), outcome => Serde(outcome) },
        Notice::ServiceCancelled { at, service_id, offer } => {
            context! { on => on(at), service_id => foreign(service_id, SHORT), offer => foreign(offer, LONG) }
        }
        Notice::OrderPlaced { at, order_id, item, offer, gross_cents, pay_by }
        | Notice::PaymentFailed { at, order_id, item, offer, gross_cents, pay_by, .. } => {
            let automatic = matches!(notice, Notice::PaymentFailed { automatic: true, .. });
            let by = pay_by.map(|at| by(at, language));
            context! { on => on(at), amount => amount(*gross_cents, language), by, automatic, ..order(order_id, *item, offer, language) }
        }
        Notice::OrderPaid { at, order_id, item, offer, gross_cents, invoice, expires_on } => {
            let invoice = invoice.as_ref().map(|number| foreign(number, SHORT));
            let last_day = expires_on.map(|day| on_day(day, language));
            context! { on => on(at), amount => amount(*gross_cents, language), invoice, last_day, ..order(order_id, *item, offer, language) }
        }
        Notice::OrderClosed { at, order_id, item, offer, expired } => context! { on => on(at), expired, ..order(order_id, *item, offer, language) },
        Notice::PaymentReturned { at, order_id, item, offer, gross_cents } => {
            context! { on => on(at), amount => euro(*gross_cents, language), ..order(order_id, *item, offer, language) }
        }
        Notice::ServiceRenewed { at, service_id, offer, expires_on } => {
            context! { on => on(at), last_day => on_day(*expires_on, language), ..service(service_id, offer) }
        }
        Notice::ServiceExpiring { service_id, offer, credential, expires_on, charge_on } => {
            let what = credential.map(|kind| credential_words(kind, language));
            let charge_day = charge_on.map(|day| on_day(day, language));
            context! { what, charge_day, last_day => on_day(*expires_on, language), ..service(service_id, offer) }
        }
        Notice::AutoRenewalChanged { at, service_id, offer, active } => context! { on => on(at), active, ..service(service_id, offer) },
        Notice::PaymentMethodChanged { at, label, added } => context! { on => on(at), label => payment_method(label, SHORT), added },
        Notice::AccountRegistration { at, expires_at, .. }
        | Notice::AccountRecovery { at, expires_at }
        | Notice::AccountAddressConfirmation { at, expires_at, .. } => context! { on => on(at), by => by(*expires_at, language) },
        Notice::AccountExists { at } | Notice::AccountOpened { at } | Notice::AccountDataChanged { at } | Notice::AccountRecoveryRefused { at } => {
            context! { on => on(at) }
        }
        Notice::AccountPasswordChanged { at, recovered } => context! { on => on(at), recovered },
        Notice::AccountAddressChanged { at, done, .. } => context! { on => on(at), done },
        Notice::AccountOtpChanged { at, change } => context! { on => on(at), change => Serde(change) },
        Notice::WithdrawalSent { at, service_id, order_id, offer, contract_on, within, refund_cents } => {
            let (order_id, amount) = (foreign(order_id, LONG), amount(*refund_cents, language));
            context! { at => instant(*at, language), order_id, contract_day => on_day(*contract_on, language), within, amount, ..service(service_id, offer) }
        }
        Notice::TicketOpened { at, ticket_id, topic } => {
            context! { on => on(at), ticket_id => foreign(ticket_id, SHORT), topic => topic_words(*topic, language) }
        }
        Notice::TicketReceived { at, ticket_id, topic, service_id, .. } => {
            let service_id = service_id.as_ref().map(|id| foreign(id, SHORT));
            context! { on => on(at), ticket_id => foreign(ticket_id, SHORT), topic => topic_words(*topic, language), service_id }
        }
    }
}

/// The values of an order that every notice of it shows.
fn order(order_id: &str, item: Item, offer: &str, language: Language) -> Value {
    context! { order_id => foreign(order_id, LONG), what => item_words(item, &foreign(offer, LONG), language), item => Serde(item) }
}

/// The values of a service that every notice of it shows.
fn service(service_id: &str, offer: &str) -> Value {
    context! { service_id => foreign(service_id, SHORT), offer => foreign(offer, LONG) }
}

/// An amount; none for what is free of charge, of which no payment is named.
fn amount(gross_cents: u64, language: Language) -> Option<String> {
    (gross_cents > 0).then(|| euro(gross_cents, language))
}

/// The link that a template names, checked.
fn find<'a>(name: &str, links: &'a Links) -> Result<(&'static str, &'a str), RenderError> {
    let (name, link) = match name {
        "selfcare" => ("selfcare", Some(&links.selfcare)),
        "customer-area" => ("customer-area", Some(&links.customer_area)),
        "block" => ("block", links.block.as_ref()),
        "unlock" => ("unlock", links.unlock.as_ref()),
        "confirm" => ("confirm", links.confirm.as_ref()),
        _ => return Err(RenderError::UnknownLink),
    };
    let link = link.ok_or(RenderError::MissingLink(name))?;
    let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://")).unwrap_or_default();
    let plain = rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\' | '`'));
    if rest.is_empty() || rest.starts_with('/') || !plain || link.len() > LINK_BYTES {
        return Err(RenderError::BadLink(name));
    }
    Ok((name, link))
}

/// Templates whose name ends in `.html` are escaped, a value that does not exist is an error.
fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // The stock formatter also escapes "/", which fills every link with entities, and lets "safe" strings through; neither is wanted.
    environment.set_formatter(|out, state, value| match (state.auto_escape(), value.as_str()) {
        (AutoEscape::Html, Some(text)) => Ok(escape(text, out)?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    Ok(environment)
}

fn escape(text: &str, out: &mut impl Write) -> fmt::Result {
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            _ => out.write_char(c)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_escaped_text_is_not_and_a_missing_value_fails() {
        let environment = environment().unwrap();
        let value = context! { x => "<a href='/'>&\"" };
        assert_eq!(environment.render_named_str("a.html", "{{ x }}{{ x|safe }}", value.clone()).unwrap(), "&lt;a href=&#39;/&#39;&gt;&amp;&quot;".repeat(2));
        assert_eq!(environment.render_named_str("a.txt", "{{ x }}", value.clone()).unwrap(), "<a href='/'>&\"");
        for name in ["a.txt", "a.html"] {
            assert!(environment.render_named_str(name, "{{ y }}", value.clone()).is_err());
            assert!(environment.render_named_str(name, "{% if y %}{% endif %}", value.clone()).is_err());
        }
    }

    #[test]
    fn a_link_is_an_absolute_web_address_or_refused() {
        let with = |link: &str| Links {
            selfcare: link.to_owned(),
            customer_area: String::new(),
            block: None,
            unlock: None,
            confirm: None,
            unlock_days: 3,
            block_days: 7,
            carried: None,
        };
        for good in ["https://id.example/", "http://localhost:8080/s?a=b&c=d#e", "https://id.example/block/Ab_-9"] {
            assert_eq!(find("selfcare", &with(good)).unwrap(), ("selfcare", good));
        }
        let long = format!("https://id.example/{}", "a".repeat(LINK_BYTES));
        for bad in [
            "",
            "https://",
            "https:///x",
            "/s",
            "//id.example",
            "javascript:alert(1)",
            "https://id.example/\r\nx",
            "https://id.example/\"x",
            "https://id.example/a b",
            "https://ïd.example",
            &long,
        ] {
            assert!(matches!(find("selfcare", &with(bad)), Err(RenderError::BadLink("selfcare"))), "{bad}");
        }
        assert!(matches!(find("block", &with("https://id.example")), Err(RenderError::MissingLink("block"))));
        assert!(matches!(find("home", &with("https://id.example")), Err(RenderError::UnknownLink)));
    }

    #[test]
    fn nothing_secret_is_shown_for_debugging() {
        let links = Links {
            selfcare: "https://id.example".to_owned(),
            customer_area: String::new(),
            block: Some("https://id.example/token".to_owned()),
            unlock: None,
            confirm: None,
            unlock_days: 3,
            block_days: 7,
            carried: None,
        };
        assert!(!format!("{links:?}").contains("token"));
        let mail = Mail { subject: "s".to_owned(), text: "https://id.example/token".to_owned(), html: "token".to_owned() };
        assert!(!format!("{mail:?}").contains("token"));
        assert!(!format!("{:?}", Recipient { given_name: "Maria", language: Language::It, is_holder: true }).contains("Maria"));
    }

    #[test]
    fn languages_are_stored_by_their_tag_and_italian_is_the_default() {
        for language in Language::ALL {
            assert_eq!(serde_json::to_value(language).unwrap(), language.tag());
        }
        assert_eq!(Language::default(), Language::It);
    }
}
