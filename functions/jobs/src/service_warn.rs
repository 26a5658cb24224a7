//! jobs.service.warn: every hour, tells customers three months, 30 and 7 days before something of theirs expires (rule 60).

use jiff::{SignedDuration, Timestamp};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, JobSpec, Memory, Table, Trigger, grant};
use sportello_notify::Notice;
use sportello_rules::order::State;
use sportello_rules::renewal::{ExpiryNotice, expiry_notices};
use sportello_runtime::job::{Event, Report};
use sportello_runtime::ordering::{facts, renewal_of};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::commit::Commit;
use sportello_store::order::ServiceUpdate;
use sportello_store::record::{OrderRecord, ServiceRecord};
use sportello_store::schema::DUE_SERVICE;

use crate::service_due::{Done, Found, each, made};

/// Tells of expiries.
pub struct ServiceWarn;

impl Job for ServiceWarn {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.service.warn",
        summary: "Tell customers three months, 30 and 7 days before an identity or a credential expires",
        trigger: Trigger::Hourly,
        grants: &[
            grant(Table::Orders, Action::QueryDue),
            grant(Table::Orders, Action::Query),
            grant(Table::Orders, Action::PutItem),
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Outbox, Action::PutItem),
        ],
        due: &[DUE_SERVICE],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Event) -> Result<Report, Failure> {
        each(cx, DUE_SERVICE, |cx, found| Box::pin(one(cx, found))).await
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Orders, DUE_SERVICE).await?)
    }
}

/// When a notice is looked at again that had to wait.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// Whether the renewal of what a notice is about is being charged.
fn is_charging(found: &Found, service: &ServiceRecord, expiry: &ExpiryNotice) -> bool {
    let (item, period) = (renewal_of(expiry.credential), Some(expiry.expires_on));
    let is_its = |order: &&OrderRecord| order.service_id == service.service_id && order.item == item && order.period == period;
    found.records.orders.iter().filter(is_its).any(|order| order.order.state == State::Charging)
}

async fn one(cx: &Cx, found: &Found) -> Result<Done, Failure> {
    let Some(service) = found.records.services.iter().find(|service| service.service_id == found.id) else { return Ok(Done::Skipped) };
    let mut marks = found.records.due.get(&format!("{DUE_SERVICE}#{}", service.service_id)).cloned().unwrap_or_default();
    let (mut due, mut following) = expiry_notices(&facts(service), &service.charged, &marks.told, cx.now, &cx.policy().service);
    // While it is being charged nobody knows whether it renews: what is said would be wrong an hour later.
    let all = due.len();
    due.retain(|expiry| !is_charging(found, service, expiry));
    if due.len() < all {
        let soon = cx.now.saturating_add(AGAIN).unwrap_or(Timestamp::MAX);
        following = Some(following.map_or(soon, |at| at.min(soon)));
    }
    let mut commit = Commit::new();
    // Whoever changes the service at the same moment sets anew when it is looked at.
    commit.update_service(ServiceUpdate::of(service));
    for expiry in &due {
        let mark = expiry.mark();
        let notice = Notice::ServiceExpiring {
            service_id: service.service_id.clone(),
            offer: service.offer.clone(),
            credential: expiry.credential,
            expires_on: expiry.expires_on,
            charge_on: expiry.charge_on,
        };
        let id = format!("{}#{}#{}#{mark}", notice.kind(), found.owner.pk(), service.service_id);
        commit.notice(&id, &found.owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        marks.told.insert(mark);
    }
    commit.service_due(&found.owner, DUE_SERVICE, &service.service_id, &marks, following);
    let told = made(cx.store.commit(commit).await)? && !due.is_empty();
    Ok(if told { Done::Done } else { Done::Skipped })
}
