//! POST /v1/internal/accesses: records accesses to service providers, each once by its request's id (rules 55-58).

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_contract::username::Username;
use sportello_rules::access::{FailureReason, Outcome, taken};
use sportello_rules::service::{CredentialKind, Level};
use sportello_runtime::access::Internal;
use sportello_runtime::access_history::Details;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::key::{Owner, OwnerKind};

use crate::recording::{Access, Recorded, record};

/// Records accesses.
pub struct AccessRecord;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The accesses; those of one identity are recorded in this order.
    #[schemars(length(min = 1, max = 25))]
    accesses: Vec<Item>,
}

/// One access.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Item {
    /// Id of the request by which the service provider asked.
    request_id: RequestId,
    /// Whose identity it was, or was said to be.
    username: Username,
    /// When it ended.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// Who asked.
    service_provider: ServiceProvider,
    /// The level that was asked for.
    #[schemars(with = "String", extend("enum" = ["l1", "l2", "l3"]))]
    level: Level,
    /// The credential that was used.
    #[schemars(with = "String", extend("enum" = ["password", "otp-app", "otp-sms", "otp-token", "smart-card", "remote-signature"]))]
    credential: CredentialKind,
    /// How it ended.
    #[schemars(with = "String", extend("enum" = ["success", "failure"]))]
    outcome: Outcome,
    /// Why it failed.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["wrong-credentials", "level-missing", "timed-out", "consent-denied", "blocked", "cancelled", null]))]
    failure_reason: Option<FailureReason>,
}

/// A service provider.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceProvider {
    /// Its entity id.
    entity_id: Words<512>,
    /// Its name, as people know it.
    name: Words<200>,
}

/// A text of bounded length.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Words<const MAX: usize>(String);

impl<const MAX: usize> TryFrom<String> for Words<MAX> {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (1..=MAX).contains(&text.chars().count()) { Ok(Self(text)) } else { Err("empty or too long") }
    }
}

impl<const MAX: usize> JsonSchema for Words<MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Words{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

/// Id of a request: unreserved characters.
#[derive(Deserialize, Serialize, Clone)]
#[serde(try_from = "String")]
pub struct RequestId(String);

impl TryFrom<String> for RequestId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'));
        if good && (1..=64).contains(&text.len()) { Ok(Self(text)) } else { Err("expected 1 to 64 unreserved characters") }
    }
}

impl JsonSchema for RequestId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RequestId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._~-]{1,64}$" })
    }
}

/// What became of each access, in the order of the request.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The results.
    results: Vec<Outcomes>,
}

/// What became of one access.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Id of its request.
    request_id: RequestId,
    /// Whether it was recorded now, had been before, is another one under a known id, or is of nobody.
    #[schemars(with = "String", extend("enum" = ["stored", "duplicate", "conflict", "unknown-identity"]))]
    result: &'static str,
}

impl Operation for AccessRecord {
    const SPEC: Spec = Spec::post("internal.access.record", "/v1/internal/accesses")
        .summary("Record accesses to service providers, each once by its request's id; tells by mail where the holder wants it")
        .limit(Limit::ORDINARY)
        .each()
        .grants(&[
            grant(Table::Identities, Action::Query),
            grant(Table::Identities, Action::PutItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Accesses, Action::GetItem),
            grant(Table::Accesses, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::AccessRefused]);
    type Auth = Internal;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let count = input.accesses.len();
        if count == 0 || u32::try_from(count).map_or(true, |count| count > cx.policy().access.batch) {
            return Err(Problem::from(Code::InvalidField).field("accesses").into());
        }
        for (index, item) in input.accesses.iter().enumerate() {
            check(cx, index, item)?;
        }
        let ids: Vec<RequestId> = input.accesses.iter().map(|item| item.request_id.clone()).collect();
        let mut results = vec![Recorded::UnknownIdentity; count];
        for (owner, places, accesses) in by_identity(cx, input.accesses) {
            // Committed here and not by the entry: each identity is a transaction of its own. Who asks again after a fault in between gets duplicates.
            for (place, recorded) in places.into_iter().zip(record(cx, &owner, &accesses).await?) {
                if let Some(result) = results.get_mut(place) {
                    *result = recorded;
                }
            }
        }
        let results = ids.into_iter().zip(results).map(|(request_id, recorded)| Outcomes { request_id, result: words(recorded) });
        Ok(Reply::of(Output { results: results.collect() }))
    }
}

fn check(cx: &Cx, index: usize, item: &Item) -> Result<(), Problem> {
    let refused = |field: &str| Problem::from(Code::AccessRefused).field(format!("accesses[{index}].{field}"));
    taken(item.at, cx.now, &cx.policy().access).map_err(|_| refused("at"))?;
    if item.outcome == Outcome::Success && item.failure_reason.is_some() {
        return Err(refused("failureReason"));
    }
    Ok(())
}

/// The accesses of each identity in their order, with their places in the request.
fn by_identity(cx: &Cx, items: Vec<Item>) -> Vec<(Owner, Vec<usize>, Vec<Access>)> {
    let mut groups: Vec<(Owner, Vec<usize>, Vec<Access>)> = Vec::new();
    for (place, item) in items.into_iter().enumerate() {
        let owner = cx.keys().owner(OwnerKind::Holder, &item.username.0);
        // Instants are kept in milliseconds: a repeated request must look as it did.
        let at = Timestamp::from_millisecond(item.at.as_millisecond()).unwrap_or(item.at);
        let ServiceProvider { entity_id, name } = item.service_provider;
        let details = Details { entity_id: entity_id.0, name: name.0, level: item.level, credential: item.credential, reason: item.failure_reason };
        let access = Access { request_id: item.request_id.0, at, outcome: item.outcome, details };
        match groups.iter_mut().find(|(other, _, _)| *other == owner) {
            Some((_, places, accesses)) => {
                places.push(place);
                accesses.push(access);
            }
            None => groups.push((owner, vec![place], vec![access])),
        }
    }
    groups
}

const fn words(recorded: Recorded) -> &'static str {
    match recorded {
        Recorded::Stored => "stored",
        Recorded::Duplicate => "duplicate",
        Recorded::Conflict => "conflict",
        Recorded::UnknownIdentity => "unknown-identity",
    }
}
