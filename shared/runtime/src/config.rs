//! Configuration: the environment, read once.

use std::path::PathBuf;

/// Everything that a deployment decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// Beginning of the tables' names.
    pub table_prefix: String,
    /// File with the policy; the defaults of the rules without it.
    pub policy_file: Option<PathBuf>,
    /// File with the key ring.
    pub keys_file: Option<PathBuf>,
    /// The key ring itself, where the deployment hands it over in the environment.
    pub keys: Option<String>,
    /// Name of the parameter of Systems Manager that holds it.
    pub keys_parameter: Option<String>,
    /// Numbers of the policy that differ from the rules' own, as JSON, where the deployment hands them over in the environment.
    pub policy: Option<String>,
    /// Folder with the authorities that are trusted for level 3 and their lists of revoked certificates.
    pub trust_folder: Option<PathBuf>,
    /// Address of the selfcare, for links in mails.
    pub selfcare_url: String,
    /// Address of the customer area, for links in mails.
    pub customer_area_url: String,
    /// Name of the provider, in mails.
    pub provider: String,
    /// How the provider's support is reached, in mails.
    pub support: String,
    /// Mailbox of the provider's support, which requests for help go to; where it is not named, `support` itself.
    pub support_mailbox: Option<String>,
    /// Sender of mails.
    pub mail_from: String,
    /// Configuration set of the mail service.
    pub mail_configuration_set: Option<String>,
    /// Name under which text messages are sent.
    pub sms_sender: Option<String>,
    /// The payment provider's address.
    pub payments_url: String,
    /// The payment provider's secret key, where the function pays.
    pub payments_key: Option<Credential>,
    /// Secrets of the payment provider's messages: the current one, and others while one is replaced.
    pub payments_webhook_secrets: Vec<Credential>,
    /// Who sells, as JSON, for invoices.
    pub seller: Option<String>,
    /// AWS region.
    pub region: String,
    /// Address of DynamoDB, where it is not AWS's own.
    pub dynamodb_endpoint: Option<String>,
    /// Address of SES, where it is not AWS's own.
    pub ses_endpoint: Option<String>,
    /// Address of SNS, where it is not AWS's own.
    pub sns_endpoint: Option<String>,
    /// Address of Systems Manager, where it is not AWS's own.
    pub ssm_endpoint: Option<String>,
    /// How much longer than in the cloud a call may take, as a factor: where everything runs on one machine, a late answer is no fault.
    pub patience: u32,
    /// Access key.
    pub access_key_id: String,
    /// Secret of the access key.
    pub secret_access_key: Credential,
    /// Token of temporary credentials.
    pub session_token: Option<Credential>,
}

/// A credential that is never shown.
#[derive(Clone)]
pub struct Credential(pub String);

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// Something that the environment must name and does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct Missing(pub &'static str);

impl Config {
    /// The configuration of a deployed function.
    ///
    /// # Errors
    /// [`Missing`], naming the first variable that is not set.
    pub fn from_environment() -> Result<Self, Missing> {
        let endpoint = variable("AWS_ENDPOINT_URL");
        Ok(Self {
            table_prefix: required("SPORTELLO_TABLE_PREFIX")?,
            policy_file: variable("SPORTELLO_POLICY_FILE").map(PathBuf::from),
            keys_file: variable("SPORTELLO_KEYS_FILE").map(PathBuf::from),
            keys: variable("SPORTELLO_KEYS"),
            keys_parameter: variable("SPORTELLO_KEYS_PARAMETER"),
            policy: variable("SPORTELLO_POLICY"),
            trust_folder: variable("SPORTELLO_TRUST_FOLDER").map(PathBuf::from),
            selfcare_url: required("SPORTELLO_SELFCARE_URL")?,
            customer_area_url: required("SPORTELLO_CUSTOMER_AREA_URL")?,
            provider: variable("SPORTELLO_PROVIDER").unwrap_or_else(|| "Sportello ID".to_owned()),
            support: required("SPORTELLO_SUPPORT")?,
            support_mailbox: variable("SPORTELLO_SUPPORT_MAILBOX"),
            mail_from: required("SPORTELLO_MAIL_FROM")?,
            mail_configuration_set: variable("SPORTELLO_MAIL_CONFIGURATION_SET"),
            sms_sender: variable("SPORTELLO_SMS_SENDER"),
            payments_url: variable("SPORTELLO_PAYMENTS_URL").unwrap_or_else(|| "https://api.stripe.com".to_owned()),
            payments_key: variable("SPORTELLO_PAYMENTS_KEY").map(Credential),
            payments_webhook_secrets: variable("SPORTELLO_PAYMENTS_WEBHOOK_SECRETS")
                .iter()
                .flat_map(|all| all.split(','))
                .map(|secret| Credential(secret.to_owned()))
                .collect(),
            seller: variable("SPORTELLO_SELLER"),
            region: required("AWS_REGION")?,
            dynamodb_endpoint: variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| endpoint.clone()),
            ses_endpoint: variable("AWS_ENDPOINT_URL_SES").or_else(|| endpoint.clone()),
            sns_endpoint: variable("AWS_ENDPOINT_URL_SNS").or_else(|| endpoint.clone()),
            ssm_endpoint: variable("AWS_ENDPOINT_URL_SSM").or(endpoint),
            patience: 1,
            access_key_id: required("AWS_ACCESS_KEY_ID")?,
            secret_access_key: Credential(required("AWS_SECRET_ACCESS_KEY")?),
            session_token: variable("AWS_SESSION_TOKEN").map(Credential),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> Result<String, Missing> {
    variable(name).ok_or(Missing(name))
}
