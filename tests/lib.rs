//! A world for tests: a stack in memory, a client, and shorthands for what tests do again and again.
//!
//! Every answer that passes through [`World::send`] is checked against the declaration of its operation.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test world fails loudly")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sportello_contract::hex::hex;
use sportello_contract::problem::{Code, Language};
use sportello_contract::router::{self, Found};
use sportello_local::catcher::{CaughtMail, CaughtSms, Fault};
use sportello_local::demo::{self, Account, NewCustomer, NewHolder, NewService, PASSWORD};
use sportello_local::deployment::Deployment;
use sportello_local::journey::unbase32;
use sportello_local::scheduler;
use sportello_local::stack::{Options, Stack, local_policy};
use sportello_rules::identity::{IdentityState, IdentityType};
use sportello_rules::otp::totp_code;
use sportello_rules::policy::Policy;
use sportello_rules::service::{CredentialKind, Level};
use sportello_rules::token::TokenModel;
use sportello_runtime::clock::Clock as _;
use sportello_runtime::config::Config;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Context, Cx, session};
use sportello_store::commit::Commit;
use sportello_store::key::{Owner, OwnerKind};
use sportello_store::record::AuthRecord;

pub mod door;

/// When worlds begin. A morning, so that a test which lets an hour pass does not come to another day; and always the same one, or a test would fail by the
/// day on which somebody runs it.
pub const START: &str = "2026-11-26T09:10:00Z";

/// Header by which tests say from which address a request comes.
pub const SOURCE: &str = "x-test-source";

/// Header by which tests say with which certificate a connection was made: PEM, percent-encoded.
pub const CERTIFICATE: &str = "x-test-certificate";

/// A running stack and a client.
pub struct World {
    /// The stack.
    pub stack: Stack,
    client: Client,
    people: AtomicU64,
}

/// An answer, checked against its operation's declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Body as JSON; null where it is none.
    pub body: Value,
    /// Body as text.
    pub text: String,
    /// Headers, sorted, without the request's id and the date.
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// The stable code of a problem.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// A text in the body.
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} misses in {self:?}")).to_owned()
    }

    /// The same answer, asserting its status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The same answer, asserting its status and its code.
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        self
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    path: String,
    token: Option<String>,
    signed: bool,
    body: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
}

impl Request {
    /// A request without body.
    #[must_use]
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.parse().unwrap(), path: path.into(), token: None, signed: false, body: None, headers: Vec::new() }
    }

    /// With a session's token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// With an inner service's signature.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// With a JSON body.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "called with json! literals")]
    pub fn json(self, body: Value) -> Self {
        self.raw(body.to_string()).header("content-type", "application/json")
    }

    /// With a body as it stands.
    #[must_use]
    pub fn raw(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Faults between a deployment's functions and the local AWS.
pub struct Faults {
    client: Client,
    rules: String,
    fired: String,
}

impl Faults {
    /// Of a deployment.
    #[must_use]
    pub fn of(deployment: &Deployment) -> Self {
        let address = |what: &str| format!("{}/_microburst/{what}", deployment.microburst);
        Self { client: Client::new(), rules: address("rules"), fired: address("fired") }
    }

    /// These faults and no others, from now on.
    pub async fn set(&self, rules: &[Value]) {
        self.client.delete(&self.fired).send().await.unwrap();
        let answer = self.client.post(&self.rules).json(rules).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// No faults any more; answers how often the last ones fired.
    pub async fn clear(&self) -> usize {
        let fired: Value = self.client.get(&self.fired).send().await.unwrap().json().await.unwrap();
        self.set(&[]).await;
        fired.as_array().map_or(0, Vec::len)
    }
}

impl World {
    /// The deployment on a local AWS that the environment names, without demo data.
    #[expect(clippy::disallowed_methods, reason = "which deployment is meant is the test's own setting")]
    pub async fn deployed() -> Self {
        let file = std::env::var("SPORTELLO_DEPLOYMENT").expect("SPORTELLO_DEPLOYMENT names the description of a deployment: `.ci/cloud` writes it");
        let deployment = Deployment::read(std::path::Path::new(&file)).unwrap();
        Faults::of(&deployment).clear().await;
        let world = Self::on(Options { deployment: Some(deployment), ..Options::default() }).await;
        // People of earlier tests are there already.
        world.people.store(u64::try_from(world.now().as_millisecond()).unwrap(), Ordering::Relaxed);
        world
    }

    /// The deployment that answers.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        self.stack.shared.deployment.as_ref().unwrap()
    }

    /// Faults between the deployment's functions and the local AWS.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::of(self.deployment())
    }

    /// A stack in memory without demo data.
    pub async fn new() -> Self {
        Self::with(local_policy()).await
    }

    /// A stack in memory with a policy of its own.
    pub async fn with(policy: Policy) -> Self {
        Self::on(Options { policy: Some(policy), ..Options::default() }).await
    }

    /// A stack in memory whose clock starts at an instant.
    pub async fn at(instant: &str) -> Self {
        Self::on(Options { policy: Some(local_policy()), starts_at: Some(instant.parse().unwrap()), ..Options::default() }).await
    }

    /// A stack with options of its own. Its clock starts at [`START`] where they say nothing, or on the day that `SPORTELLO_START` names: any has to do.
    #[expect(clippy::disallowed_methods, reason = "on which day tests are tried is the choice of whoever runs them")]
    pub async fn on(options: Options) -> Self {
        let hour = START.trim_start_matches(|c| c != 'T');
        let start = || std::env::var("SPORTELLO_START").map_or_else(|_| START.to_owned(), |day| format!("{day}{hour}")).parse().unwrap();
        let starts_at = options.starts_at.unwrap_or_else(start);
        let stack = Stack::start(Options {
            source_header: Some(SOURCE),
            certificate_header: Some(CERTIFICATE),
            starts_at: Some(starts_at),
            without_schedule: true,
            ..options
        });
        Self { stack: stack.await.unwrap(), client: Client::new(), people: AtomicU64::new(1) }
    }

    /// The present instant of the stack.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.stack.shared.clock.now()
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.stack.shared.app.policy
    }

    /// Moves the clock by seconds, running the jobs that fall due.
    pub async fn pass(&self, seconds: i64) {
        let target = self.now().checked_add(SignedDuration::from_secs(seconds)).unwrap();
        scheduler::move_to(&self.stack.shared, target).await.unwrap();
    }

    /// Moves the clock to an instant, running the jobs that fall due.
    pub async fn move_to(&self, target: Timestamp) {
        scheduler::move_to(&self.stack.shared, target).await.unwrap();
    }

    /// A username that nobody has yet.
    #[must_use]
    pub fn username(&self) -> String {
        format!("persona{}@example.it", self.people.fetch_add(1, Ordering::Relaxed))
    }

    /// A holder to be changed before it is made.
    #[must_use]
    pub fn holder(&self) -> NewHolder {
        NewHolder::new(&self.username(), self.now())
    }

    /// Makes an active holder with L2.
    pub async fn active(&self) -> Account {
        self.make(self.holder()).await
    }

    /// Makes a holder.
    pub async fn make(&self, holder: NewHolder) -> Account {
        holder.create(&self.stack.shared.app).await.unwrap()
    }

    /// Makes a customer who gets mail at an address.
    pub async fn customer_at(&self, email: &str) -> Account {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let customer = NewCustomer { username: format!("cliente{number}@clienti"), email: email.to_owned(), password: PASSWORD.to_owned() };
        customer.create(&self.stack.shared.app).await.unwrap()
    }

    /// Lets the next mails fail: as often as the stream tries one.
    pub async fn break_mail(&self) {
        match &self.stack.shared.deployment {
            Some(deployment) => Faults::of(deployment).set(&[json!({ "service": "ses", "error": { "code": "InternalFailure", "status": 500 } })]).await,
            None => self.stack.shared.inbox.fail_next(&[Fault::Broken; 6]),
        }
    }

    /// Lets every mail leave again.
    pub async fn mend_mail(&self) {
        match &self.stack.shared.deployment {
            Some(deployment) => drop(Faults::of(deployment).clear().await),
            None => self.stack.shared.inbox.forgive(),
        }
    }

    /// Calls the database itself, behind the interface; answers what it answers.
    pub async fn behind(&self, action: &str, request: Value) -> Value {
        let (service, key) = ("dynamodb", self.stack.shared.deployment.as_ref().map_or("local", |deployment| &deployment.access_key_id));
        let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/eu-south-1/{service}/aws4_request, SignedHeaders=host, Signature=0");
        let call = self.client.post(&self.stack.shared.dynamodb).header("x-amz-target", format!("DynamoDB_20120810.{action}"));
        let call = call
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", authorization)
            .header("x-amz-date", "20260101T000000Z")
            .body(request.to_string());
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_success(), "{action}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// Records accesses as the identity provider's sign-in system does.
    pub async fn record(&self, accesses: &[Value]) -> Answer {
        self.send(Request::new("POST", "/v1/internal/accesses").signed().json(json!({ "accesses": accesses }))).await
    }

    /// An access of an account by its app, to be recorded.
    #[must_use]
    pub fn access(id: &str, account: &Account, at: Timestamp) -> Value {
        json!({
            "requestId": id,
            "username": account.username,
            "at": at,
            "serviceProvider": { "entityId": "https://servizi.comune.example", "name": "Comune di Esempio" },
            "level": "l2",
            "credential": "otp-app",
            "outcome": "success",
        })
    }

    /// A context of functions that comes to a database at another address.
    #[must_use]
    pub fn app_at(&self, database: String) -> Arc<Context> {
        let shared = &self.stack.shared;
        // Whoever holds such a database up does it on purpose.
        let config = Config { dynamodb_endpoint: Some(database), patience: 60, ..shared.config.clone() };
        let mut app = Context::new(&config, shared.clock.clone(), true).unwrap();
        app.policy = self.policy().clone();
        Arc::new(app)
    }

    /// Makes a customer.
    pub async fn customer(&self) -> (Account, Owner) {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let customer =
            NewCustomer { username: format!("cliente{number}@clienti"), email: format!("cliente{number}@example.it"), password: PASSWORD.to_owned() };
        let owner = customer.owner(&self.stack.shared.app);
        (customer.create(&self.stack.shared.app).await.unwrap(), owner)
    }

    /// Makes a service with its identity, and answers its id and the holder's account.
    pub async fn service(&self, customer: Owner, kind: IdentityType, state: IdentityState, contract_at: Timestamp) -> (String, Account) {
        let id = format!("servizio-{}", self.people.fetch_add(1, Ordering::Relaxed));
        let holder = NewHolder { kind, state, ..self.holder() };
        let service = NewService { id: id.clone(), customer, holder, contract_at, auto_renewal: false, credentials: Vec::new() };
        (id, service.create(&self.stack.shared.app).await.unwrap())
    }

    /// Makes a service whose identity has credentials that were sold, and answers its id and the holder's account.
    pub async fn sold(&self, customer: Owner, holder: NewHolder) -> (String, Account) {
        let id = format!("servizio-{}", self.people.fetch_add(1, Ordering::Relaxed));
        let waiting = holder.bought.iter().map(|kind| (*kind, None));
        let credentials = holder.credentials.iter().copied().chain(waiting).filter(|(kind, _)| CredentialKind::FOR_SALE.contains(kind)).collect();
        let service = NewService { id: id.clone(), customer, holder, contract_at: self.now(), auto_renewal: false, credentials };
        (id, service.create(&self.stack.shared.app).await.unwrap())
    }

    /// Sends a request and checks the answer against the declarations.
    pub async fn send(&self, request: Request) -> Answer {
        let Request { method, path, token, signed, body, headers } = request;
        let mut builder = self.client.request(method.clone(), format!("{}{path}", self.stack.api()));
        if let Some(token) = token {
            builder = builder.bearer_auth(token);
        }
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        if signed {
            let (authorization, date) = self.signature(method.as_str(), &path, body.as_deref().unwrap_or_default());
            builder = builder.header("authorization", authorization).header("x-amz-date", date);
        }
        if let Some(body) = body {
            builder = builder.body(body);
        }
        let response = builder.send().await.unwrap();
        let status = response.status().as_u16();
        let mut headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"))
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        headers.sort();
        let text = response.text().await.unwrap();
        let answer = Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), text, headers };
        self.check_declared(method.as_str(), path.split('?').next().unwrap_or_default(), &answer);
        answer
    }

    /// The signature of a request (AWS Signature Version 4) and its date, by a deployment's key; the local gateway looks at its form only.
    fn signature(&self, method: &str, path: &str, body: &[u8]) -> (String, String) {
        let deployment = self.stack.shared.deployment.as_ref();
        let (key, secret) = deployment.map_or(("local", "local"), |deployment| (&deployment.access_key_id, &deployment.secret_access_key));
        let region = deployment.map_or("eu-south-1", |deployment| &deployment.region);
        let address: reqwest::Url = format!("{}{path}", self.stack.api()).parse().unwrap();
        let host = format!("{}:{}", address.host_str().unwrap(), address.port().unwrap());
        let date = self.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let sha = |bytes: &[u8]| hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().iter().copied());
        let mac = |key: &[u8], text: &str| ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec();
        let (place, query) = (address.path().replace('$', "%24"), address.query().unwrap_or_default());
        let canonical = format!("{method}\n{place}\n{query}\nhost:{host}\nx-amz-date:{date}\n\nhost;x-amz-date\n{}", sha(body));
        let scope = format!("{}/{region}/execute-api/aws4_request", &date[..8]);
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha(canonical.as_bytes()));
        let signing = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
        let signature = hex(mac(&signing, &text));
        (format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}"), date)
    }

    fn check_declared(&self, method: &str, path: &str, answer: &Answer) {
        let operations = &self.stack.shared.operations;
        let key = |entry: &&sportello_runtime::Entry| (entry.described.spec.method, entry.described.spec.path);
        let Found::Route(entry, _) = router::find(operations, key, method, path) else { return };
        let spec = &entry.described.spec;
        if answer.status == spec.success {
            return;
        }
        let declared = spec.all_problems(entry.described.level);
        let code = Code::ALL.iter().find(|code| code.as_str() == answer.code());
        assert!(code.is_some_and(|code| declared.contains(code) && code.status() == answer.status), "{} answers what it does not declare: {answer:?}", spec.id);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: impl AsRef<str>, body: Value) -> Answer {
        self.send(Request::new("POST", path.as_ref()).json(body)).await
    }

    /// GET with a token.
    pub async fn get(&self, path: impl AsRef<str>, token: &str) -> Answer {
        self.send(Request::new("GET", path.as_ref()).token(token)).await
    }

    /// The bytes of a file, with a token.
    pub async fn download(&self, path: &str, token: &str) -> Vec<u8> {
        let answer = self.client.get(format!("{}{path}", self.stack.api())).bearer_auth(token).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.unwrap().to_vec()
    }

    /// A code of an account's app that was not shown before: the clock moves on by one step.
    pub async fn fresh_code(&self, account: &Account) -> String {
        self.pass(i64::from(self.policy().totp.step_seconds)).await;
        self.code(account)
    }

    /// The code that an account's app shows now.
    #[must_use]
    pub fn code(&self, account: &Account) -> String {
        let secret = unbase32(account.totp_secret.as_deref().unwrap()).unwrap();
        totp_code(&secret, self.now(), &self.policy().totp).unwrap()
    }

    /// The first step of a sign-in.
    pub async fn start(&self, account: &Account) -> Answer {
        self.start_with(&account.username, &account.password).await
    }

    /// The first step of a sign-in, with any words.
    pub async fn start_with(&self, username: &str, password: &str) -> Answer {
        self.post("/v1/selfcare/sign-ins", json!({ "username": username, "password": password })).await
    }

    /// The same with an owned username, for closures.
    pub async fn start_with_owned(&self, username: String, password: &str) -> Answer {
        self.start_with(&username, password).await
    }

    /// The second step of a sign-in.
    pub async fn otp(&self, sign_in_id: &str, code: &str) -> Answer {
        self.post(&format!("/v1/selfcare/sign-ins/{sign_in_id}/otp"), json!({ "code": code })).await
    }

    /// Signs in with whatever is active, and answers the session's token.
    pub async fn sign_in(&self, account: &Account) -> String {
        let start = self.start(account).await.expect(201);
        if start.text_at("/next") == "done" {
            return start.text_at("/session/token");
        }
        let code = self.fresh_code(account).await;
        self.otp(&start.text_at("/signInId"), &code).await.expect(201).text_at("/session/token")
    }

    /// Signs a customer in, and answers the session's token.
    pub async fn sign_in_customer(&self, account: &Account) -> String {
        let body = json!({ "username": account.username, "password": account.password });
        self.post("/v1/customer/sessions", body).await.expect(201).text_at("/token")
    }

    /// Clears what is counted against a holder, for tests that look at something else.
    pub async fn forgive(&self, account: &Account) {
        let mut commit = Commit::new();
        commit.update_auth(Commit::auth(&self.owner(account)).clear_password_tries().clear_otp_tries(), Code::Internal);
        self.stack.shared.app.store.commit(commit).await.unwrap();
    }

    /// Mails to an account, newest first, once everything written so far was delivered.
    pub async fn mails(&self, account: &Account) -> Vec<CaughtMail> {
        self.stack.shared.stream.drained().await;
        self.stack.shared.inbox.mails(Some(&account.email))
    }

    /// Text messages, newest first, once everything written so far was delivered.
    pub async fn messages(&self) -> Vec<CaughtSms> {
        self.stack.shared.stream.drained().await;
        self.stack.shared.inbox.sms(None)
    }

    /// The code in the newest message.
    pub async fn sms_code(&self) -> String {
        let text = self.messages().await.first().expect("a message").text.clone();
        text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).expect("a code").to_owned()
    }

    /// A request with a token and a JSON body.
    pub async fn act(&self, token: &str, method: &str, path: impl AsRef<str>, body: Value) -> Answer {
        self.send(Request::new(method, path.as_ref()).token(token).json(body)).await
    }

    /// What is kept of a holder.
    pub async fn auth(&self, account: &Account) -> AuthRecord {
        self.stack.shared.app.store.holder(&self.owner(account)).await.unwrap().unwrap().auth
    }

    /// Asks for a code by SMS for an operation, and one value of it, and answers it.
    pub async fn code_for(&self, token: &str, operation: &str, about: &str) -> String {
        self.act(token, "POST", "/v1/selfcare/codes", json!({ "operation": operation, "about": about })).await.expect(201);
        self.sms_code().await
    }

    /// The new emergency code, of the halves in the newest mail and message.
    pub async fn emergency_code(&self, account: &Account) -> String {
        let half = |text: &str| {
            let is_half = |word: &&str| word.len() == 8 && word.chars().all(|c| c.is_ascii_uppercase() || ('2'..='7').contains(&c));
            text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_half).expect("a half").to_owned()
        };
        let first = half(&self.mails(account).await[0].text);
        let second = half(&self.messages().await[0].text);
        format!("{first}{second}")
    }

    /// Takes a physical token into stock, and answers its secret.
    pub async fn stock(&self, serial: &str, model: TokenModel) -> Vec<u8> {
        demo::stock(&self.stack.shared.app, serial, model).await.unwrap()
    }

    /// Subjects of the mails to an account, newest first.
    pub async fn subjects(&self, account: &Account) -> Vec<String> {
        self.mails(account).await.into_iter().map(|mail| mail.subject).collect()
    }

    /// The token in the first link of a mail whose path has a part of this name.
    #[must_use]
    pub fn link_token(mail: &CaughtMail, part: &str) -> Option<String> {
        let start = mail.text.split_once(&format!("/{part}/"))?.1;
        Some(start.split_whitespace().next()?.to_owned())
    }

    /// The owner of an account.
    #[must_use]
    pub fn owner(&self, account: &Account) -> Owner {
        self.stack.shared.app.keys.owner(account.kind, &account.username)
    }

    /// A genuine link token, as a mail would carry it.
    #[must_use]
    pub fn link(&self, account: &Account, purpose: Purpose, notice: &str) -> String {
        let app = &self.stack.shared.app;
        let token = Token::of_notice(self.owner(account), notice, purpose, self.now(), &app.keys);
        token.seal(purpose, &app.keys, &*app.entropy).unwrap()
    }

    /// A context as an operation has it.
    #[must_use]
    pub fn cx(&self) -> Cx {
        let app = &self.stack.shared.app;
        Cx {
            app: Arc::clone(app),
            store: app.store.clone(),
            now: self.now(),
            request_id: "test".to_owned(),
            id: "test",
            address: String::new(),
            device: String::new(),
            signer: None,
            webhook: None,
            client_certificate: None,
            language: Language::It,
        }
    }

    /// Opens a session of any level behind the interface, and answers its token.
    pub async fn forge_session(&self, account: &Account, level: Option<Level>) -> String {
        let (owner, cx) = (self.owner(account), self.cx());
        let epoch = match account.kind {
            OwnerKind::Holder => cx.store.holder(&owner).await.unwrap().unwrap().auth.epoch,
            OwnerKind::Customer => cx.store.customer(&owner).await.unwrap().unwrap().account.epoch,
        };
        let opening = session::open(&cx, &owner, epoch, level).unwrap();
        let mut commit = Commit::new();
        commit.open_session(&owner, &opening.record);
        cx.store.commit(commit).await.unwrap();
        opening.token
    }

    /// The body of a password change.
    #[must_use]
    pub fn change(current: &str, new: &str, code: Option<&str>) -> Value {
        json!({ "current": current, "new": new, "confirmation": new, "code": code })
    }

    /// Changes a password through a fresh code.
    pub async fn change_password(&self, account: &Account, token: &str, new: &str) -> Answer {
        let code = match account.totp_secret {
            Some(_) => Some(self.fresh_code(account).await),
            None => None,
        };
        let body = Self::change(&account.password, new, code.as_deref());
        self.send(Request::new("PUT", "/v1/selfcare/password").token(token).json(body)).await
    }
}

/// The key of a phone, as an app keeps it.
pub struct PhoneKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl PhoneKey {
    /// A new one.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a phone is no part of the product: it has randomness of its own")]
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    /// The public key, as an enrolment takes it.
    #[must_use]
    pub fn public(&self) -> String {
        STANDARD.encode(self.pair.public_key().as_ref())
    }

    /// A signature, as an approval takes it.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.pair.sign(&self.random, text.as_bytes()).unwrap().as_ref())
    }
}

/// Runs so many futures of one kind at once and collects their answers.
pub async fn at_once<F>(count: usize, make: impl Fn(usize) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer>,
{
    let futures: Vec<_> = (0..count).map(make).collect();
    let mut answers = Vec::with_capacity(count);
    // Polled together in one task: the server's own threads make the race.
    let mut pending: Vec<_> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        let mut index = 0;
        while index < pending.len() {
            match pending[index].as_mut().poll(context) {
                std::task::Poll::Ready(answer) => {
                    answers.push(answer);
                    drop(pending.swap_remove(index));
                }
                std::task::Poll::Pending => index += 1,
            }
        }
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}
