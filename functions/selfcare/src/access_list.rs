//! GET /v1/selfcare/accesses: the accesses to service providers, newest first, by days of Rome and by outcome (rule 55).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::page::{PageLimit, PageQuery, Turn, TwoWayPage};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::query::Day;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_rules::access::{FailureReason, Outcome, period};
use sportello_rules::service::{CredentialKind, Level};
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::access_history::Details;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::access::{AccessQuery, AccessRecord, position};
use sportello_store::key::Owner;

use crate::access_view::ServiceProvider;

/// Lists the accesses.
pub struct AccessList;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// First day, in Rome; none for as far back as accesses are kept.
    #[serde(default)]
    from: Option<Day>,
    /// Last day, in Rome; none for up to now.
    #[serde(default)]
    to: Option<Day>,
    /// Only those that ended so.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["success", "failure"]))]
    outcome: Option<Outcome>,
    /// Most items to answer.
    #[serde(default)]
    limit: Option<PageLimit>,
    /// The `next` or `previous` of another page of the same list.
    #[serde(default)]
    #[schemars(length(min = 1, max = 512))]
    cursor: Option<String>,
}

/// One access.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// How it ended.
    #[schemars(with = "String", extend("enum" = ["success", "failure"]))]
    outcome: Outcome,
    /// Who asked. It misses, with all that follows, where the record was altered and cannot be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_provider: Option<ServiceProvider>,
    /// The level that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ["l1", "l2", "l3", null]))]
    level: Option<Level>,
    /// The credential that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    credential: Option<CredentialKind>,
    /// Why it failed, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    failure_reason: Option<FailureReason>,
}

impl Operation for AccessList {
    const SPEC: Spec = Spec::get("selfcare.access.list", "/v1/selfcare/accesses")
        .summary("List the accesses to service providers, newest first, by days and outcome")
        .limit(Limit::ORDINARY)
        .pages()
        .grants(&[grant(Table::Accesses, Action::Query)])
        .problems(&[Code::CursorInvalid, Code::PeriodRefused]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = TwoWayPage<Item>;

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<TwoWayPage<Item>>, Failure> {
        let (from, to) = (input.from.map(|day| day.0), input.to.map(|day| day.0));
        let span = period(from, to, cx.now, &cx.policy().access).map_err(|_| Problem::from(Code::PeriodRefused).field("from"))?;
        // A cursor is of one list: with other filters it would lead elsewhere.
        let scope = format!("{}/{}/{from:?}/{to:?}/{:?}", cx.id, holder.owner.pk(), input.outcome);
        let cursors = cx.cursors(&scope)?;
        let (turn, limit) = cursors.turn(&PageQuery { limit: input.limit, cursor: input.cursor }, &cx.policy().http)?;
        let found = find(cx, &holder.owner, input.outcome, span, &turn, limit).await?;
        let page = cursors.page(&turn, found, limit, AccessRecord::position);
        let key = cx.keys().data_key(&holder.owner, &holder.records.auth.data_key)?;
        let items = page.items.into_iter().map(|record| {
            let details = Details::open(&holder.owner, &key, &record.sealed);
            Item {
                at: record.at,
                outcome: record.outcome,
                level: details.as_ref().map(|details| details.level),
                credential: details.as_ref().map(|details| details.credential),
                failure_reason: details.as_ref().and_then(|details| details.reason),
                service_provider: details.map(ServiceProvider::from),
            }
        });
        Ok(Reply::of(TwoWayPage { items: items.collect(), next: page.next, previous: page.previous }))
    }
}

/// The nearest accesses of a turn, one more than a page holds where there are more. Each outcome is a family of its own: failures only cost what they show.
async fn find(
    cx: &Cx,
    owner: &Owner,
    outcome: Option<Outcome>,
    (from, to): (Timestamp, Timestamp),
    turn: &Turn,
    limit: usize,
) -> Result<Vec<AccessRecord>, Failure> {
    let (first, last) = (position(from, ""), position(to, ""));
    // Behind a position is what is older. No id has a character as low as the space: it stands right behind the position itself.
    let (from, to, newest_first) = match turn {
        Turn::First => (first, last, true),
        Turn::Behind(place) => (first, place.clone().min(last), true),
        Turn::Before(place) => (format!("{place} ").max(first), last, false),
    };
    if from > to {
        return Ok(Vec::new());
    }
    // One more tells whether there are more; another one may be the position itself, which is not asked for again.
    let most = i32::try_from(limit.saturating_add(2)).ok();
    let ask = |outcome| {
        let ask = AccessQuery { owner, outcome, from: &from, to: &to, newest_first, limit: most };
        async move { cx.store.accesses(&ask, None).await.map(|(records, _)| records) }
    };
    let mut found = match outcome {
        Some(outcome) => ask(outcome).await?,
        None => {
            let (successes, failures) = tokio::join!(ask(Outcome::Success), ask(Outcome::Failure));
            let mut both = successes?;
            both.extend(failures?);
            both
        }
    };
    found.retain(|record| !matches!(turn, Turn::Behind(place) if record.position() == *place));
    found.sort_by_cached_key(AccessRecord::position);
    if newest_first {
        found.reverse();
    }
    found.truncate(limit.saturating_add(1));
    Ok(found)
}
