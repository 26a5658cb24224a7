use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::timeout::TimeoutConfig;
use aws_sdk_ses::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::*;

/// What the service does.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Status(u16, &'static str),
    TimeOut,
    Never,
    Unreachable,
}

/// A service in memory that keeps what it was sent.
#[derive(Debug, Clone)]
struct Service {
    answer: Answer,
    requests: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        self.requests.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
        HttpConnectorFuture::ready(match self.answer {
            Answer::Never => return HttpConnectorFuture::new(std::future::pending()),
            Answer::Status(status, body) => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))),
            Answer::TimeOut => Err(ConnectorError::timeout("slow".into())),
            Answer::Unreachable => Err(ConnectorError::io("down".into())),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "this client talks to memory, not to the cloud")]
fn client(service: Service) -> aws_sdk_ses::Client {
    // Long enough for a machine with much to do, where an answer comes.
    let timeout = if matches!(service.answer, Answer::Never) { Duration::from_millis(500) } else { Duration::from_secs(30) };
    let http: SharedHttpClient = http_client_fn(move |_, _| SharedHttpConnector::new(service.clone()));
    let config = aws_sdk_ses::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-south-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(timeout).build())
        .http_client(http)
        .build();
    aws_sdk_ses::Client::from_conf(config)
}

async fn send(answer: Answer, configuration_set: Option<&str>) -> (Result<String, SendError>, String) {
    let service = Service { answer, requests: Arc::default() };
    let mailer = Mailer::new(client(service.clone()), "Sportello ID <no-reply@id.example>", configuration_set.map(str::to_owned));
    let mail = Mail { subject: "Sportello ID – Prova".to_owned(), text: "Perché\n".to_owned(), html: "<p>Perché</p>".to_owned() };
    let result = mailer.send(&EmailAddress::parse("Maria@example.it").unwrap(), &mail, "new-device#H#01").await;
    let request = service.requests.lock().unwrap().join("\n");
    (result, request)
}

const ACCEPTED: &str =
    r#"<SendEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><SendEmailResult><MessageId>m-1</MessageId></SendEmailResult></SendEmailResponse>"#;

macro_rules! refusal {
    ($code:literal) => {
        concat!(
            r#"<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type><Code>"#,
            $code,
            "</Code><Message>to maria@example.it</Message></Error></ErrorResponse>"
        )
    };
}

#[tokio::test]
async fn every_part_goes_out_in_utf_8() {
    let (result, request) = send(Answer::Status(200, ACCEPTED), Some("notices")).await;
    assert_eq!(result.unwrap(), "m-1");
    for part in [
        "Action=SendEmail",
        "Source=Sportello%20ID%20%3Cno-reply%40id.example%3E",
        "Destination.ToAddresses.member.1=Maria%40example.it",
        "Message.Subject.Charset=UTF-8",
        "Message.Subject.Data=Sportello%20ID%20%E2%80%93%20Prova",
        "Message.Body.Text.Charset=UTF-8",
        "Message.Body.Text.Data=Perch%C3%A9%0A",
        "Message.Body.Html.Charset=UTF-8",
        "Message.Body.Html.Data=%3Cp%3EPerch%C3%A9%3C%2Fp%3E",
        "ConfigurationSetName=notices",
    ] {
        assert!(request.split('&').any(|field| field == part), "{part} in {request}");
    }
    assert!(!request.contains("member.2"));
    let (_, request) = send(Answer::Status(200, ACCEPTED), None).await;
    assert!(!request.contains("ConfigurationSetName"));
}

#[tokio::test]
async fn what_would_be_refused_again_is_final() {
    for (status, body, code) in [
        (400, refusal!("MessageRejected"), "MessageRejected"),
        (400, refusal!("MailFromDomainNotVerified"), "MailFromDomainNotVerified"),
        (400, refusal!("MailFromDomainNotVerifiedException"), "MailFromDomainNotVerifiedException"),
        (400, refusal!("ConfigurationSetDoesNotExist"), "ConfigurationSetDoesNotExist"),
        (400, refusal!("InvalidParameterValue"), "InvalidParameterValue"),
        (404, "not xml", "status 404"),
        (400, refusal!("to maria@example.it"), "status 400"),
    ] {
        let error = send(Answer::Status(status, body), None).await.0.unwrap_err();
        assert_eq!(error, SendError::Refused { code: code.to_owned() });
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for (answer, code) in [
        (Answer::Status(400, refusal!("Throttling")), "Throttling"),
        (Answer::Status(400, refusal!("ThrottlingException")), "ThrottlingException"),
        (Answer::Status(400, refusal!("TooManyRequestsException")), "TooManyRequestsException"),
        (Answer::Status(400, refusal!("AccountSendingPaused")), "AccountSendingPaused"),
        (Answer::Status(400, refusal!("AccountSendingPausedException")), "AccountSendingPausedException"),
        (Answer::Status(400, refusal!("ConfigurationSetSendingPaused")), "ConfigurationSetSendingPaused"),
        (Answer::Status(400, refusal!("ConfigurationSetSendingPausedException")), "ConfigurationSetSendingPausedException"),
        (Answer::Status(403, refusal!("AccessDenied")), "AccessDenied"),
        (Answer::Status(429, "slow down"), "status 429"),
        (Answer::Status(500, refusal!("InternalFailure")), "InternalFailure"),
        (Answer::Status(503, "<html>"), "status 503"),
        (Answer::Status(200, "cut off"), "status 200"),
        (Answer::TimeOut, "timeout"),
        (Answer::Never, "timeout"),
        (Answer::Unreachable, "dispatch"),
    ] {
        let error = send(answer, None).await.0.unwrap_err();
        assert!(error.is_transient(), "{error:?} for {answer:?}");
        assert_eq!(error, SendError::Transient { code: code.to_owned() });
    }
}

#[tokio::test]
async fn errors_and_their_causes_hold_no_address() {
    let error = send(Answer::Status(400, refusal!("MessageRejected")), None).await.0.unwrap_err();
    assert!(std::error::Error::source(&error).is_none());
    assert!(!format!("{error} {error:?}").contains("example.it"));
}
