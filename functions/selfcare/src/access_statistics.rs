//! GET /v1/selfcare/accesses/statistics: how many accesses there were, the last ones, and whether the history is whole (rules 55, 57).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::query::Flag;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::access::{Head, Outcome, Verdict, Verification, kept_from};
use sportello_rules::service::Level;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::access_history::Details;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::access::{AccessCounters, AccessQuery, LastAccess, position};
use sportello_store::key::Owner;
use tracing::error;

use crate::access_view::ServiceProvider;

/// Tells how many accesses there were.
pub struct AccessStatistics;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Whether to look at the whole history, record by record.
    #[serde(default)]
    verify: Option<Flag>,
}

/// The numbers since the beginning, whatever is still kept.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Accesses.
    total: u64,
    /// Those that succeeded.
    successes: u64,
    /// Those that failed.
    failures: u64,
    /// The last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_access: Option<Last>,
    /// The last one that succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success: Option<Last>,
    /// What the look at the whole history found, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<Chain>,
}

/// One access.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Last {
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// How it ended.
    #[schemars(with = "String", extend("enum" = ["success", "failure"]))]
    outcome: Outcome,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_provider: Option<ServiceProvider>,
    /// The level that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ["l1", "l2", "l3", null]))]
    level: Option<Level>,
}

/// Whether the history is whole.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// Whether every record is as it was made and none misses that is still to be kept.
    intact: bool,
    /// Records looked at.
    checked: u64,
    /// The instant of the first access that was altered or does not follow from the one before; where the newest miss, when the newest was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    broken_at: Option<Timestamp>,
}

impl Operation for AccessStatistics {
    const SPEC: Spec = Spec::get("selfcare.access.statistics", "/v1/selfcare/accesses/statistics")
        .summary("Tell how many accesses there were, the last ones, and on demand whether the history is whole")
        .limit(Limit::GUARDED)
        .pages()
        .grants(&[grant(Table::Accesses, Action::Query)]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<Output>, Failure> {
        let (owner, counters) = (&holder.owner, holder.records.accesses.as_ref());
        let key = cx.keys().data_key(owner, &holder.records.auth.data_key)?;
        let shown = |last: &LastAccess| {
            let details = Details::open(owner, &key, &last.sealed);
            let level = details.as_ref().map(|details| details.level);
            Last { at: last.at, outcome: last.outcome, level, service_provider: details.map(ServiceProvider::from) }
        };
        let verify = input.verify.is_some_and(|verify| verify.0);
        let chain = if verify { Some(chain(cx, owner, counters.map(AccessCounters::head)).await?) } else { None };
        Ok(Reply::of(Output {
            total: counters.map_or(0, |counters| counters.head().total()),
            successes: counters.map_or(0, |counters| counters.successes),
            failures: counters.map_or(0, |counters| counters.failures),
            last_access: counters.and_then(|counters| counters.last.as_ref()).map(shown),
            last_success: counters.and_then(|counters| counters.last_success.as_ref()).map(shown),
            chain,
        }))
    }
}

async fn chain(cx: &Cx, owner: &Owner, head: Option<Head>) -> Result<Chain, Failure> {
    let begun = head.is_some();
    let mut verdict = look(cx, owner, head.as_ref()).await?;
    if verdict.broken_at.is_some() && !begun {
        // The very first access may have come between the two reads.
        let records = cx.store.holder(owner).await?;
        let head = records.and_then(|records| records.accesses).map(|counters| counters.head());
        verdict = look(cx, owner, head.as_ref()).await?;
    }
    let Verdict { checked, broken_at } = verdict;
    if broken_at.is_some() {
        error!(request_id = cx.request_id, operation = cx.id, checked, "an access history is broken");
    }
    Ok(Chain { intact: broken_at.is_none(), checked, broken_at })
}

/// Looks at every record that is there, older ones than are shown too.
async fn look(cx: &Cx, owner: &Owner, head: Option<&Head>) -> Result<Verdict, Failure> {
    let (from, to) = (position(Timestamp::UNIX_EPOCH, ""), position(Timestamp::MAX, ""));
    let mut verification = Verification::new(kept_from(cx.now, &cx.policy().access));
    for outcome in Outcome::ALL {
        let ask = AccessQuery { owner, outcome, from: &from, to: &to, newest_first: false, limit: None };
        let mut page = None;
        loop {
            let (records, next) = cx.store.accesses(&ask, page).await?;
            for record in records {
                verification.look(record.link.clone(), &record.content(), cx.keys());
            }
            page = next;
            if page.is_none() {
                break;
            }
        }
    }
    Ok(verification.verdict(head, &owner.pk(), cx.keys()))
}
