//! SDK clients: built once, at start, without the discovery of `aws-config`, and trusting only the authorities that AWS uses.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::budget::{Budget, OPERATION};
use crate::config::Config;

/// Longest one attempt of a call.
const ATTEMPT: Duration = Duration::from_millis(800);
/// Most attempts of a call.
const ATTEMPTS: u32 = 3;
/// Longest pause before the second attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause at all.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// Longest that handing over a mail takes.
const MAIL: Duration = Duration::from_secs(5);

/// Amazon Root CA 1 to 4 and Starfield Services Root G2, in PEM.
const ROOTS: &[u8] = include_bytes!("../amazon-roots.pem");

/// The clients could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the TLS trust store cannot be built")]
pub struct NoTls;

fn http(endpoint: Option<&String>) -> Result<SharedHttpClient, NoTls> {
    if endpoint.is_some_and(|address| address.starts_with("http://")) {
        return Ok(Builder::new().build_http());
    }
    let trust = TrustStore::empty().with_pem_certificate(ROOTS);
    let context = TlsContext::builder().with_trust_store(trust).build().map_err(|_| NoTls)?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https())
}

fn credentials(config: &Config) -> Credentials {
    let token = config.session_token.as_ref().map(|token| token.0.clone());
    Credentials::new(config.access_key_id.clone(), config.secret_access_key.0.clone(), token, None, "Environment")
}

/// The parts that every client has in common.
macro_rules! client {
    ($sdk:ident, $config:expr, $endpoint:expr, $timeouts:expr, $retries:expr) => {{
        let builder = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($config.region.clone()))
            .credentials_provider(credentials($config))
            .http_client(http($endpoint.as_ref())?)
            .interceptor(Budget::new($config.patience))
            .timeout_config($timeouts)
            .retry_config($retries);
        let builder = match $endpoint {
            Some(endpoint) => builder.endpoint_url(endpoint),
            None => builder,
        };
        $sdk::Client::from_conf(builder.build())
    }};
}

fn timeouts(config: &Config) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT * config.patience).operation_timeout(OPERATION * config.patience).build()
}

/// Exponential pauses with full jitter: each is anything between nothing and the longest that its attempt allows.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE).with_max_backoff(LONGEST_PAUSE)
}

/// The client of DynamoDB.
///
/// # Errors
/// [`NoTls`].
#[expect(clippy::disallowed_methods, reason = "this is the adapter")]
pub fn dynamodb(config: &Config) -> Result<aws_sdk_dynamodb::Client, NoTls> {
    Ok(client!(aws_sdk_dynamodb, config, &config.dynamodb_endpoint, timeouts(config), retries()))
}

/// The client of SES. Mail is retried by the stream, under the notice's lease, not by the SDK: SES has no token against doubles.
///
/// # Errors
/// [`NoTls`].
#[expect(clippy::disallowed_methods, reason = "this is the adapter")]
pub fn ses(config: &Config) -> Result<aws_sdk_ses::Client, NoTls> {
    let timeouts = TimeoutConfig::builder().operation_timeout(MAIL).build();
    Ok(client!(aws_sdk_ses, config, &config.ses_endpoint, timeouts, RetryConfig::disabled()))
}

/// The client of SNS, for text messages. They are not repeated: SNS has no token against doubles, and a code that comes twice or late confuses.
///
/// # Errors
/// [`NoTls`].
#[expect(clippy::disallowed_methods, reason = "this is the adapter")]
pub fn sns(config: &Config) -> Result<aws_sdk_sns::Client, NoTls> {
    let timeouts = TimeoutConfig::builder().operation_timeout(MAIL).build();
    Ok(client!(aws_sdk_sns, config, &config.sns_endpoint, timeouts, RetryConfig::disabled()))
}

/// A parameter could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParameterError {
    /// The client could not be built.
    #[error(transparent)]
    Tls(#[from] NoTls),
    /// Systems Manager, or KMS behind it, did not hand it over. What it answered stands in the source.
    #[error("the parameter {0} cannot be read")]
    Refused(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The secret in a parameter of Systems Manager, which KMS decrypts.
///
/// # Errors
/// [`ParameterError`].
#[expect(clippy::disallowed_methods, reason = "this is the adapter")]
pub async fn parameter(config: &Config, name: &str) -> Result<String, ParameterError> {
    let client = client!(aws_sdk_ssm, config, &config.ssm_endpoint, timeouts(config), retries());
    let refused = |error: Box<dyn std::error::Error + Send + Sync>| ParameterError::Refused(name.to_owned(), error);
    let answer = client.get_parameter().name(name).with_decryption(true).send().await.map_err(|error| refused(error.into()))?;
    answer.parameter.and_then(|parameter| parameter.value).ok_or_else(|| refused("it has no value".into()))
}
