//! What every operation and job works with.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use sportello_contract::page::Cursors;
use sportello_contract::problem::Language;
use sportello_notify::{EmailAddress, Mailer};
use sportello_notify::{Provider, Texter};
use sportello_rules::policy::{Policy, PolicyError};
use sportello_store::Store;
use sportello_store::meter::RoundTrip;

use crate::aws::{self, NoTls, ParameterError};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Missing};
use crate::entropy::{Entropy, SystemEntropy};
use crate::hasher::Hasher;
use crate::keys::{KeyError, KeyRing, PaymentSecrets};
use crate::trust::TrustFolder;

/// Addresses that links in mails begin with: from configuration only, never from a request.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The selfcare.
    pub selfcare: String,
    /// The customer area.
    pub customer_area: String,
}

/// Notes what invocations did; only tests and the local stack set one.
pub type Observer = Arc<dyn Fn(&'static str, Vec<RoundTrip>) + Send + Sync>;

/// What lives as long as the process.
pub struct Context {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Every number of the rules.
    pub policy: Policy,
    /// The key ring.
    pub keys: Arc<KeyRing>,
    /// Password digests.
    pub hasher: Hasher,
    /// The tables.
    pub store: Store,
    /// Beginnings of links.
    pub addresses: Addresses,
    /// Who sends the mails.
    pub provider: Provider,
    /// Mailbox of the provider's support, where there is one.
    pub support_mailbox: Option<EmailAddress>,
    /// The authorities of level 3.
    pub trust: TrustFolder,
    /// Mail, where the function may send it.
    pub mailer: Option<Mailer>,
    /// Text messages, where the function may send them.
    pub texter: Option<Texter>,
    /// The payment provider, where the deployment has one.
    pub payments: Option<sportello_payments::Client>,
    /// Secrets of its messages.
    pub webhook_secrets: Vec<sportello_payments::Secret>,
    /// Who sells, on invoices.
    pub seller: Option<sportello_paper::Party>,
    /// Told of every invocation's round trips.
    pub observer: Option<Observer>,
}

/// Longest that the payment provider is waited for: what it has not answered by then is looked up later.
const PAYMENT: Duration = Duration::from_secs(6);

/// Who sells, as the environment writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Seller {
    name: String,
    #[serde(default)]
    address: Vec<String>,
    #[serde(default)]
    fiscal_code: Option<String>,
    #[serde(default)]
    vat_number: Option<String>,
}

fn seller(json: &str) -> Result<sportello_paper::Party, StartError> {
    let Seller { name, address, fiscal_code, vat_number } = serde_json::from_str(json).map_err(StartError::Seller)?;
    Ok(sportello_paper::Party { name, address, fiscal_code, vat_number })
}

/// The process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment misses something.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The mailbox of support is no address.
    #[error("SPORTELLO_SUPPORT_MAILBOX: {0}")]
    SupportMailbox(String),
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(String, std::io::Error),
    /// The policy's JSON is not as expected.
    #[error("policy: {0}")]
    PolicyFile(serde_json::Error),
    /// The seller's JSON is not as expected.
    #[error("seller: {0}")]
    Seller(serde_json::Error),
    /// The policy makes no sense.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The key ring makes no sense.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The SDK clients cannot be built.
    #[error(transparent)]
    Tls(#[from] NoTls),
    /// The key ring is not to be had for now.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl StartError {
    /// Whether another try may go better: a service was away, nothing has to be mended here.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Parameter(_))
    }
}

impl Context {
    /// The context of a deployed function; its key ring comes from Systems Manager where the environment names a parameter.
    ///
    /// # Errors
    /// [`StartError`], saying what to mend.
    pub async fn deployed(mut config: Config, sends_mail: bool) -> Result<Self, StartError> {
        if let (None, Some(name)) = (&config.keys, &config.keys_parameter) {
            config.keys = Some(aws::parameter(&config, name).await?);
        }
        Self::new(&config, Arc::new(SystemClock), sends_mail)
    }

    /// A context of a configuration and a clock.
    ///
    /// # Errors
    /// [`StartError`], saying what to mend.
    pub fn new(config: &Config, clock: Arc<dyn Clock>, sends_mail: bool) -> Result<Self, StartError> {
        let read = |path: &std::path::Path| std::fs::read_to_string(path).map_err(|error| StartError::File(path.display().to_string(), error));
        let policy: Policy = match (&config.policy, &config.policy_file) {
            (Some(json), _) => serde_json::from_str(json).map_err(StartError::PolicyFile)?,
            (None, Some(path)) => serde_json::from_str(&read(path)?).map_err(StartError::PolicyFile)?,
            (None, None) => Policy::default(),
        };
        policy.validate()?;
        let ring = match (&config.keys, &config.keys_file) {
            (Some(json), _) => json.clone(),
            (None, Some(path)) => read(path)?,
            (None, None) => return Err(Missing("SPORTELLO_KEYS_FILE").into()),
        };
        let keys = Arc::new(KeyRing::parse(&ring)?);
        let of_config = config
            .payments_key
            .as_ref()
            .map(|key| PaymentSecrets { key: key.0.clone(), webhook_secrets: config.payments_webhook_secrets.iter().map(|secret| secret.0.clone()).collect() });
        let payments = of_config.or_else(|| keys.payments().cloned());
        let mailer = if sends_mail { Some(Mailer::new(aws::ses(config)?, config.mail_from.clone(), config.mail_configuration_set.clone())) } else { None };
        let texter = if sends_mail { Some(Texter::new(aws::sns(config)?, config.sms_sender.clone())) } else { None };
        Ok(Self {
            clock,
            entropy: Arc::new(SystemEntropy::default()),
            policy,
            hasher: Hasher::new(Arc::clone(&keys)),
            keys,
            store: Store::new(aws::dynamodb(config)?, &config.table_prefix, config.patience),
            addresses: Addresses { selfcare: config.selfcare_url.clone(), customer_area: config.customer_area_url.clone() },
            provider: Provider { name: config.provider.clone(), support: config.support.clone() },
            support_mailbox: match &config.support_mailbox {
                Some(mailbox) => Some(EmailAddress::parse(mailbox).map_err(|error| StartError::SupportMailbox(error.to_string()))?),
                None => EmailAddress::parse(&config.support).ok(),
            },
            trust: TrustFolder::new(config.trust_folder.clone()),
            mailer,
            texter,
            payments: payments.as_ref().map(|secrets| {
                sportello_payments::Client::new(sportello_payments::Settings {
                    base_url: config.payments_url.trim_end_matches('/').to_owned(),
                    key: sportello_payments::Secret::new(&secrets.key),
                    timeout: PAYMENT * config.patience,
                })
            }),
            webhook_secrets: payments.iter().flat_map(|secrets| &secrets.webhook_secrets).map(sportello_payments::Secret::new).collect(),
            seller: config.seller.as_deref().map(seller).transpose()?,
            observer: None,
        })
    }
}

/// A signed message, as it came.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The header with the signature.
    pub signature: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What one invocation works with: the process's context, its instant, and what is known of the request.
pub struct Cx {
    /// The process's context.
    pub app: Arc<Context>,
    /// The tables, with this invocation's meter.
    pub store: Store,
    /// The instant of the invocation: it does not move while it is handled.
    pub now: Timestamp,
    /// The request's id, as the gateway gave it.
    pub request_id: String,
    /// The operation's or job's id.
    pub id: &'static str,
    /// The caller's address, from the gateway's own context; an IPv6 one by its /64.
    pub address: String,
    /// Short description of the caller's device.
    pub device: String,
    /// The role whose signature the gateway has checked, where it did; from its own context only.
    pub signer: Option<String>,
    /// The body and its signature, where one came along; only who knows the secret can have made it.
    pub webhook: Option<Webhook>,
    /// The certificate of the connection in PEM, where the gateway asked the caller for one and checked that its key is there.
    pub client_certificate: Option<String>,
    /// Language of the texts of problems.
    pub language: Language,
}

impl Cx {
    /// The day in Rome.
    #[must_use]
    pub fn today(&self) -> jiff::civil::Date {
        sportello_rules::calendar::date_of(self.now)
    }

    /// Every number of the rules.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.app.policy
    }

    /// The key ring.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.app.keys
    }

    /// Random bytes.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.app.entropy
    }

    /// Password digests.
    #[must_use]
    pub fn hasher(&self) -> &Hasher {
        &self.app.hasher
    }

    /// The cursors of this operation for one caller.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn cursors<'a>(&'a self, scope: &'a str) -> Result<Cursors<'a>, KeyError> {
        Ok(Cursors { key: self.keys().cursor_key()?, scope, now: self.now })
    }
}
