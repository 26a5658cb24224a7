//! The whole stack, started and stopped as one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::HeaderMap;
use jiff::Timestamp;
use sportello_contract::spec::Grant;
use sportello_rules::policy::Policy;
use sportello_runtime::config::{Config, Credential};
use sportello_runtime::entropy::SystemEntropy;
use sportello_runtime::keys::KeyRing;
use sportello_runtime::{Context, Entry, JobEntry};
use sportello_store::meter::{Kind, RoundTrip};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::catcher::{self, Inbox};
use crate::clock::LocalClock;
use crate::database::Embedded;
use crate::demo::{self, Account};
use crate::deployment::{self, Deployment};
use crate::payments::{self, Payments};
use crate::stream::StreamHandle;
use crate::{gateway, local_api, scheduler, stream};

/// How a stack is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Port of the gateway; 0 for any free one.
    pub port: u16,
    /// Where data is kept; none for memory only.
    pub data: Option<PathBuf>,
    /// Whether to make demo data.
    pub demo: bool,
    /// The policy; the rules' own with the local stack's ease where none is given.
    pub policy: Option<Policy>,
    /// A header that tests set the source address with; the real gateway has none.
    pub source_header: Option<&'static str>,
    /// A header that tests say with which certificate a connection was made; the real gateway has none.
    pub certificate_header: Option<&'static str>,
    /// Folder with the authorities of level 3; without one, whatever lies in `trust` of the data folder.
    pub trust: Option<PathBuf>,
    /// A deployment on a local AWS, whose functions run instead of those of this process.
    pub deployment: Option<Deployment>,
    /// Whether time passes without jobs, which then run only where the clock is moved: a test that sets the clock must not race with them.
    pub without_schedule: bool,
    /// The instant at which a clock of this process starts, where none is kept; the machine's where none is given.
    pub starts_at: Option<Timestamp>,
}

/// The stack cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StackError(pub String);

/// What the parts of a running stack share.
pub struct Shared {
    /// Context of every function.
    pub app: Arc<Context>,
    /// The clock that can be moved.
    pub clock: Arc<LocalClock>,
    /// What was sent.
    pub inbox: Arc<Inbox>,
    /// The payment provider.
    pub payments: Arc<Payments>,
    /// The outbox's stream.
    pub stream: StreamHandle,
    /// Every operation.
    pub operations: Vec<&'static Entry>,
    /// Every job.
    pub jobs: Vec<&'static JobEntry>,
    /// Demo accounts.
    pub accounts: Vec<Account>,
    /// Held while the clock is moved.
    pub moving: tokio::sync::Mutex<()>,
    /// What operations and jobs did to the tables.
    pub observed: Arc<Observed>,
    /// Configuration of every function.
    pub config: Config,
    /// Address of the database.
    pub dynamodb: String,
    /// Address of the catcher.
    pub mail: String,
    /// The deployment whose functions run, where it is not this process.
    pub deployment: Option<Deployment>,
    requests: AtomicU64,
    source_header: Option<&'static str>,
    certificate_header: Option<&'static str>,
}

/// One invocation's round trips.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The operation or job.
    pub id: &'static str,
    /// Its round trips, in order.
    pub trips: Vec<RoundTrip>,
}

impl Invocation {
    /// Round trips of one kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.trips.iter().filter(|trip| trip.kind == kind).count()
    }

    /// Everything it did to the tables.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        self.trips.iter().flat_map(|trip| trip.grants.iter().copied()).collect()
    }
}

/// Invocations since the start; the last hundred thousand.
#[derive(Default)]
pub struct Observed(Mutex<std::collections::VecDeque<Invocation>>);

impl Observed {
    /// Notes one.
    fn note(&self, invocation: Invocation) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= 100_000 {
            all.pop_front();
        }
        all.push_back(invocation);
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Invocation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Shared {
    /// A fresh request id.
    #[must_use]
    pub fn request_id(&self) -> String {
        format!("local-{:08}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// The certificate of a connection, in PEM: none, for the gateway has no TLS, unless a test says otherwise by the header that it chose.
    #[must_use]
    pub fn client_certificate(&self, headers: &HeaderMap) -> Option<String> {
        let told = self.certificate_header.and_then(|name| headers.get(name)).and_then(|value| value.to_str().ok())?;
        form_urlencoded::parse(format!("c={}", told.replace('+', "%2B")).as_bytes()).next().map(|(_, pem)| pem.into_owned())
    }

    /// The source of a connection: the peer, unless a test says otherwise by the header that it chose.
    #[must_use]
    pub fn source_ip(&self, headers: &HeaderMap, peer: SocketAddr) -> String {
        let told = self.source_header.and_then(|name| headers.get(name)).and_then(|value| value.to_str().ok());
        told.map_or_else(|| peer.ip().to_string(), ToOwned::to_owned)
    }
}

/// Who sells here.
const SELLER: &str =
    r#"{"name":"Sportello ID S.p.A.","address":["Via dell'Identità 1","52100 Arezzo (AR)"],"fiscalCode":"01234567890","vatNumber":"IT01234567890"}"#;

/// How much longer than in the cloud the functions of this process wait: database and clients share its machine.
const PATIENCE: u32 = 5;

/// A running stack; dropping it stops it.
pub struct Stack {
    /// Address of the gateway.
    pub address: SocketAddr,
    /// What its parts share.
    pub shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
    database: Option<Embedded>,
}

impl Drop for Stack {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The policy of the local stack: everything comes from one address here.
#[must_use]
pub fn local_policy() -> Policy {
    let mut policy = Policy::default();
    policy.throttle.address_tries = 1_000_000;
    policy
}

impl Stack {
    /// Starts everything and answers when requests can come.
    ///
    /// # Errors
    /// [`StackError`], saying what to do.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        let failed = |what: &str, error: &dyn std::fmt::Display| StackError(format!("{what}: {error}"));
        if let Some(data) = &options.data {
            std::fs::create_dir_all(data).map_err(|e| failed(&data.display().to_string(), &e))?;
        }
        let file = |name: &str| options.data.as_ref().map(|data| data.join(name));
        let gateway = TcpListener::bind(("127.0.0.1", options.port)).await;
        let gateway = gateway.map_err(|e| StackError(format!("port {} cannot be used ({e}): choose another one with --port", options.port)))?;
        let address = gateway.local_addr().map_err(|e| failed("gateway", &e))?;

        let deployment = options.deployment;
        let trust = options.trust.or_else(|| file("trust").filter(|folder| folder.is_dir()));
        let clock = Arc::new(match &deployment {
            Some(deployment) => LocalClock::followed(deployment.clock_file.clone()),
            None => LocalClock::new(file("clock"), options.starts_at),
        });
        let inbox = Arc::new(Inbox::new(file("mails.jsonl"), Arc::clone(&clock)));
        let provider_address = deployment.as_ref().and_then(|deployment| deployment.payments).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let provider = TcpListener::bind(provider_address).await.map_err(|e| failed("payments", &e))?;
        let provider_address = provider.local_addr().map_err(|e| failed("payments", &e))?;
        let api = deployment.as_ref().map_or_else(|| format!("http://{address}"), |deployment| deployment.api.clone());
        let payments = Arc::new(Payments::new(file("payments.json"), Arc::clone(&clock), provider_address, format!("{api}{}", payments::EVENTS)));
        let (config, own) = match &deployment {
            Some(deployment) => (deployment.config(), None),
            None => {
                let database = Embedded::start(file("dynamodb.sqlite").as_deref()).map_err(|e| failed("database", &e))?;
                let mail = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| failed("catcher", &e))?;
                let mail_address = mail.local_addr().map_err(|e| failed("catcher", &e))?;
                (config(keys(file("keys.json").as_deref())?, trust, address, database.address, mail_address, provider_address), Some((database, mail)))
            }
        };
        let mut app = Context::new(&config, clock.clone(), true).map_err(|e| failed("context", &e))?;
        app.policy = match (options.policy, &deployment) {
            (Some(policy), _) => policy,
            (None, Some(deployment)) => deployment.policy()?,
            (None, None) => local_policy(),
        };
        app.policy.validate().map_err(|e| failed("policy", &e))?;
        let observed = Arc::new(Observed::default());
        let observer = Arc::clone(&observed);
        app.observer = Some(Arc::new(move |id, trips| observer.note(Invocation { id, trips })));
        if own.is_some() {
            app.store.create_tables().await.map_err(|e| failed("tables", &e))?;
        }
        let app = Arc::new(app);
        let accounts = if options.demo { demo::load_or_create(&app, file("demo.json").as_deref()).await? } else { Vec::new() };

        let shared = Arc::new(Shared {
            app,
            clock,
            inbox: Arc::clone(&inbox),
            payments: Arc::clone(&payments),
            stream: StreamHandle::default(),
            operations: crate::operations(),
            jobs: crate::jobs(),
            accounts,
            moving: tokio::sync::Mutex::default(),
            observed,
            dynamodb: config.dynamodb_endpoint.clone().unwrap_or_default(),
            mail: config.ses_endpoint.clone().unwrap_or_default(),
            config,
            deployment: deployment.clone(),
            requests: AtomicU64::new(1),
            source_header: options.source_header,
            certificate_header: options.certificate_header,
        });
        let router = Router::new().merge(local_api::router()).fallback(gateway::handle).with_state(Arc::clone(&shared));
        let provider_router = payments::router(payments);
        let mut tasks = vec![tokio::spawn(async move { drop(axum::serve(provider, provider_router).await) })];
        tasks.push(tokio::spawn(async move { drop(axum::serve(gateway, router.into_make_service_with_connect_info::<SocketAddr>()).await) }));
        let database = match (own, deployment) {
            (Some((database, mail)), _) => {
                tasks.push(tokio::spawn(async move { drop(axum::serve(mail, catcher::router(inbox)).await) }));
                tasks.push(tokio::spawn(stream::run(Arc::clone(&shared), database.database.clone())));
                if !options.without_schedule {
                    tasks.push(tokio::spawn(scheduler::run(Arc::clone(&shared))));
                }
                Some(database)
            }
            (None, Some(deployment)) => {
                tasks.push(tokio::spawn(deployment::follow(Arc::clone(&shared), deployment)));
                None
            }
            (None, None) => None,
        };
        Ok(Self { address, shared, tasks, database })
    }

    /// The embedded database, for tests that look behind the interface; a deployment has none.
    #[must_use]
    pub fn database(&self) -> Option<&dynoxide::Database> {
        self.database.as_ref().map(|database| &database.database)
    }

    /// Beginning of the address of operations.
    #[must_use]
    pub fn api(&self) -> String {
        self.shared.deployment.as_ref().map_or_else(|| format!("http://{}", self.address), |deployment| deployment.api.clone())
    }
}

fn keys(file: Option<&Path>) -> Result<String, StackError> {
    if let Some(kept) = file.and_then(|file| std::fs::read_to_string(file).ok()) {
        return Ok(kept);
    }
    let fresh = KeyRing::generate(&SystemEntropy::default()).map_err(|e| StackError(e.to_string()))?;
    if let Some(file) = file {
        let draft = file.with_extension("new");
        std::fs::write(&draft, &fresh).and_then(|()| std::fs::rename(&draft, file)).map_err(|e| StackError(format!("{}: {e}", file.display())))?;
    }
    Ok(fresh)
}

fn config(keys: String, trust: Option<PathBuf>, gateway: SocketAddr, dynamodb: SocketAddr, mail: SocketAddr, provider: SocketAddr) -> Config {
    Config {
        table_prefix: "sportello-".to_owned(),
        policy_file: None,
        keys_file: None,
        keys_parameter: None,
        policy: None,
        trust_folder: trust,
        keys: Some(keys),
        selfcare_url: format!("http://{gateway}/_local/selfcare"),
        customer_area_url: format!("http://{gateway}/_local/customer-area"),
        provider: "Sportello ID".to_owned(),
        support: "assistenza@sportello.example".to_owned(),
        support_mailbox: None,
        mail_from: "Sportello ID <no-reply@sportello.example>".to_owned(),
        mail_configuration_set: None,
        sms_sender: None,
        payments_url: format!("http://{provider}"),
        payments_key: Some(Credential(payments::KEY.to_owned())),
        payments_webhook_secrets: vec![Credential(payments::WEBHOOK_SECRET.to_owned())],
        seller: Some(SELLER.to_owned()),
        region: "eu-south-1".to_owned(),
        dynamodb_endpoint: Some(format!("http://{dynamodb}")),
        ses_endpoint: Some(format!("http://{mail}")),
        sns_endpoint: Some(format!("http://{mail}")),
        ssm_endpoint: None,
        patience: PATIENCE,
        access_key_id: "local".to_owned(),
        secret_access_key: Credential("local".to_owned()),
        session_token: None,
    }
}
