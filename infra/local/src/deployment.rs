//! A deployment on a local AWS instead of the functions in this process: its mails, its clock and its jobs behind the same `/_local`.
//!
//! Operations are called at the deployment's own address. What is read and written here directly goes to its tables by an operator's key.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sportello_contract::spec::Table;
use sportello_rules::policy::Policy;
use sportello_runtime::clock::Clock as _;
use sportello_runtime::config::{Config, Credential};
use sportello_store::schema::{DUE_NOTICE, DUE_SHARDS};

use crate::catcher::{CaughtMail, CaughtSms};
use crate::stack::{Shared, StackError};

/// How often mails and the outbox are looked at.
const POLL: Duration = Duration::from_millis(200);
/// After so many looks a notice that does not leave is waited for no longer.
const PATIENCE: u32 = 150;

/// What is known of a deployment; `.ci/cloud` writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Address of its interface.
    pub api: String,
    /// Address of the local AWS.
    pub aws: String,
    /// Address at which faults are put between the functions and it.
    pub microburst: String,
    /// Region.
    pub region: String,
    /// An operator's key, which the local AWS does not check.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Beginning of the tables' names.
    pub table_prefix: String,
    /// Beginning of the functions' names.
    pub function_prefix: String,
    /// The key ring.
    pub key_ring: String,
    /// The policy's changed numbers.
    pub policy: Option<String>,
    /// Where its functions look for the payment provider, as `127.0.0.1:1234`; this process listens there.
    #[serde(default)]
    pub payments: Option<std::net::SocketAddr>,
    /// File that moves the functions' clock: seconds ahead of this machine's.
    pub clock_file: PathBuf,
}

impl Deployment {
    /// Reads the description of a deployment.
    ///
    /// # Errors
    /// [`StackError`].
    pub fn read(file: &std::path::Path) -> Result<Self, StackError> {
        let failed = |error: &dyn std::fmt::Display| StackError(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|e| failed(&e))?;
        serde_json::from_str(&text).map_err(|e| failed(&e))
    }

    /// The policy that its functions have.
    ///
    /// # Errors
    /// [`StackError`].
    pub fn policy(&self) -> Result<Policy, StackError> {
        let json = self.policy.as_deref().unwrap_or("{}");
        serde_json::from_str(json).map_err(|error| StackError(format!("the deployment's policy: {error}")))
    }

    /// The configuration by which this process comes to its tables.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            table_prefix: self.table_prefix.clone(),
            policy_file: None,
            keys_file: None,
            keys: Some(self.key_ring.clone()),
            keys_parameter: None,
            policy: self.policy.clone(),
            trust_folder: None,
            selfcare_url: String::new(),
            customer_area_url: String::new(),
            provider: String::new(),
            support: String::new(),
            support_mailbox: None,
            mail_from: String::new(),
            mail_configuration_set: None,
            sms_sender: None,
            payments_url: self.payments.map(|address| format!("http://{address}")).unwrap_or_default(),
            payments_key: Some(Credential(crate::payments::KEY.to_owned())),
            payments_webhook_secrets: vec![Credential(crate::payments::WEBHOOK_SECRET.to_owned())],
            seller: None,
            region: self.region.clone(),
            dynamodb_endpoint: Some(self.aws.clone()),
            ses_endpoint: Some(self.aws.clone()),
            sns_endpoint: Some(self.aws.clone()),
            ssm_endpoint: Some(self.aws.clone()),
            patience: 5,
            access_key_id: self.access_key_id.clone(),
            secret_access_key: Credential(self.secret_access_key.clone()),
            session_token: None,
        }
    }

    /// A signature in form: the local AWS takes its operator's key without checking one.
    fn authorization(&self, service: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential={}/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0", self.access_key_id, self.region)
    }

    /// Invokes a function and answers what it answers.
    ///
    /// # Errors
    /// What went wrong, or what the function reports as its error.
    pub async fn invoke(&self, binary: &str, event: &Value) -> Result<Value, String> {
        let url = format!("{}/2015-03-31/functions/{}{binary}/invocations", self.aws, self.function_prefix);
        let request = Client::new().post(url).header("authorization", self.authorization("lambda")).header("x-amz-date", "20260101T000000Z").json(event);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let body: Value = answer.json().await.map_err(|error| error.to_string())?;
        if failed { Err(format!("{binary}: {body}")) } else { Ok(body) }
    }

    /// Sets one variable of a function's environment, which ends its running processes.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn set_environment(&self, binary: &str, name: &str, value: &str) -> Result<(), String> {
        let url = format!("{}/2015-03-31/functions/{}{binary}/configuration", self.aws, self.function_prefix);
        let client = Client::new();
        let call = |request: reqwest::RequestBuilder| async {
            let answer = request
                .header("authorization", self.authorization("lambda"))
                .header("x-amz-date", "20260101T000000Z")
                .send()
                .await
                .map_err(|error| error.to_string())?;
            let answer = answer.error_for_status().map_err(|error| error.to_string())?;
            answer.json::<Value>().await.map_err(|error| error.to_string())
        };
        let mut environment = call(client.get(&url)).await?.get("Environment").cloned().unwrap_or_default();
        if let Some(variables) = environment.get_mut("Variables").and_then(Value::as_object_mut) {
            variables.insert(name.to_owned(), value.into());
        }
        call(client.put(&url).json(&json!({ "Environment": environment }))).await.map(drop)
    }

    /// Every mail that the local AWS has taken, oldest first.
    async fn mails(&self, client: &Client, now: Timestamp) -> Option<Vec<CaughtMail>> {
        let answer: Value = client.get(format!("{}/_ministack/ses/messages", self.aws)).send().await.ok()?.json().await.ok()?;
        let accounts = answer.get("messages")?.as_object()?;
        Some(accounts.values().filter_map(Value::as_array).flatten().map(|message| mail(message, now)).collect())
    }
}

impl Deployment {
    /// Every text message that the local AWS has taken for a number, oldest first of each.
    async fn messages(&self, client: &Client, now: Timestamp) -> Option<Vec<CaughtSms>> {
        let url = format!("{}/_ministack/sns/sms-messages?region={}", self.aws, self.region);
        let answer: Value = client.get(url).send().await.ok()?.json().await.ok()?;
        let numbers = answer.get("sms_messages")?.as_object()?;
        let text = |message: &Value, name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let all = numbers.values().filter_map(Value::as_array).flatten();
        Some(
            all.map(|message| CaughtSms { id: text(message, "MessageId"), at: now, to: text(message, "PhoneNumber"), text: text(message, "Message") })
                .collect(),
        )
    }
}

/// A message of the local AWS as the catcher keeps mails.
fn mail(message: &Value, now: Timestamp) -> CaughtMail {
    let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let to = message.get("To").and_then(Value::as_array).into_iter().flatten();
    CaughtMail {
        id: text("MessageId"),
        at: now,
        to: to.filter_map(|address| address.as_str().map(ToOwned::to_owned)).collect(),
        reply_to: Vec::new(),
        from: text("Source"),
        subject: text("Subject"),
        text: text("BodyText"),
        html: text("BodyHtml"),
    }
}

/// Follows the deployment's mails for as long as the stack runs, and tells when everything written so far has left.
pub async fn follow(shared: Arc<Shared>, deployment: Deployment) {
    let (client, mut looks) = (Client::new(), 0);
    loop {
        let waiting = waiting(&shared).await;
        if let Some(mails) = deployment.mails(&client, shared.clock.now()).await {
            shared.inbox.follow(mails);
        }
        if let Some(messages) = deployment.messages(&client, shared.clock.now()).await {
            shared.inbox.follow_sms(messages);
        }
        looks += 1;
        if !waiting || looks >= PATIENCE {
            looks = 0;
            shared.stream.caught_up();
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Whether a notice is to be delivered now; one that was put off is not waited for.
async fn waiting(shared: &Shared) -> bool {
    for shard in 0..DUE_SHARDS {
        match shared.app.store.due(Table::Outbox, DUE_NOTICE, shard, Some(shared.clock.now()), 1, None).await {
            Ok((due, _)) if due.is_empty() => {}
            _ => return true,
        }
    }
    false
}
