//! SDK clients: built once, at start, without the discovery of `aws-config`, and trusting only the authorities that AWS uses.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::config::Config;

/// Longest one attempt of a call.
const ATTEMPT: Duration = Duration::from_millis(800);
/// Longest a call with all its attempts.
const OPERATION: Duration = Duration::from_secs(2);
/// Most attempts of a call.
const ATTEMPTS: u32 = 3;

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

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build()
}

/// The client of DynamoDB.
///
/// # Errors
/// [`NoTls`].
#[expect(clippy::disallowed_methods, reason = "this is the adapter")]
pub fn dynamodb(config: &Config) -> Result<aws_sdk_dynamodb::Client, NoTls> {
    let builder = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(config.region.clone()))
        .credentials_provider(credentials(config))
        .http_client(http(config.dynamodb_endpoint.as_ref())?)
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    let builder = match &config.dynamodb_endpoint {
        Some(endpoint) => builder.endpoint_url(endpoint),
        None => builder,
    };
    Ok(aws_sdk_dynamodb::Client::from_conf(builder.build()))
}

/// The client of SES. Mail is retried by the stream, under the notice's lease, not by the SDK: SES has no token against doubles.
///
/// # Errors
/// [`NoTls`].
#[expect(clippy::disallowed_methods, reason = "this is the adapter")]
pub fn ses(config: &Config) -> Result<aws_sdk_ses::Client, NoTls> {
    let builder = aws_sdk_ses::Config::builder()
        .behavior_version(aws_sdk_ses::config::BehaviorVersion::latest())
        .region(aws_sdk_ses::config::Region::new(config.region.clone()))
        .credentials_provider(credentials(config))
        .http_client(http(config.ses_endpoint.as_ref())?)
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(5)).build())
        .retry_config(RetryConfig::disabled());
    let builder = match &config.ses_endpoint {
        Some(endpoint) => builder.endpoint_url(endpoint),
        None => builder,
    };
    Ok(aws_sdk_ses::Client::from_conf(builder.build()))
}
