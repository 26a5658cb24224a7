//! jobs.renewal.charge: every hour, renews what renews by itself: free of charge on the last day, or charged seven days before it, once (rule 61).

use std::collections::BTreeMap;

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_contract::spec::{JobSpec, Memory, Table, Trigger};
use sportello_notify::Notice;
use sportello_rules::order::{Event, Order, placed, renewal_key};
use sportello_rules::renewal::{Renewing, name, renewing};
use sportello_rules::service::renewed_expiry;
use sportello_runtime::job::{Event as Tick, Report};
use sportello_runtime::ordering::{Heard, begin, charge, facts, find_open, new_order, order_due, renewal_due, renewal_of, service_due, settle};
use sportello_runtime::{Cx, Failure, Job};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::order::ServiceUpdate;
use sportello_store::record::{CustomerRecords, OrderRecord, ServiceDue, ServiceRecord};
use sportello_store::schema::DUE_RENEWAL;

use crate::service_due::{Done, Found, GRANTS, each, made};

/// Renews.
pub struct RenewalCharge;

impl Job for RenewalCharge {
    const SPEC: JobSpec = JobSpec {
        id: "jobs.renewal.charge",
        summary: "Renew free identities on their last day, and charge automatic renewals seven days before",
        trigger: Trigger::Hourly,
        grants: GRANTS,
        due: &[DUE_RENEWAL],
        memory: Memory::Small,
        sends_mail: false,
    };

    async fn run(cx: &Cx, _: Tick) -> Result<Report, Failure> {
        each(cx, DUE_RENEWAL, |cx, found| Box::pin(one(cx, found))).await
    }

    async fn next_due(cx: &Cx) -> Result<Option<Timestamp>, Failure> {
        Ok(cx.store.next_due(Table::Orders, DUE_RENEWAL).await?)
    }
}

/// Does the first thing that a service renews by itself; what is left is due again at once.
async fn one(cx: &Cx, found: &Found) -> Result<Done, Failure> {
    let Some(service) = found.records.services.iter().find(|service| service.service_id == found.id) else { return Ok(Done::Skipped) };
    let due = renewing(&facts(service), &service.charged, cx.now, &cx.policy().service).into_iter().find(|renewing| renewing.at <= cx.now);
    let Some(due) = due else {
        // What was due has been overtaken: the index is told when there is more.
        let mut commit = Commit::new();
        commit.update_service(ServiceUpdate::of(service));
        commit.service_due(&found.owner, DUE_RENEWAL, &service.service_id, &ServiceDue::default(), renewal_due(service, cx.policy(), cx.now));
        return made(cx.store.commit(commit).await).map(|_| Done::Skipped);
    };
    if due.free { free(cx, found, service, due).await } else { charged(cx, found, service, due).await }
}

async fn free(cx: &Cx, found: &Found, service: &ServiceRecord, due: Renewing) -> Result<Done, Failure> {
    let day = renewed_expiry(due.from, service.anchor_day, service.kind, &cx.policy().service);
    let mut changed = service.clone();
    changed.expires_on = Some(day);
    let mut commit = Commit::new();
    commit.update_service(ServiceUpdate::of(service).expires_on(day));
    service_due(cx, &mut commit, &found.owner, &found.records, &changed);
    if let Some(identity) = service.identity.as_deref().and_then(Owner::from_pk) {
        commit.update_auth(Commit::auth(&identity).expires_on(day).next_version(), Code::Internal);
    }
    let notice = Notice::ServiceRenewed { at: cx.now, service_id: service.service_id.clone(), offer: service.offer.clone(), expires_on: day };
    let id = format!("{}#{}#{}#{}", notice.kind(), found.owner.pk(), service.service_id, due.from);
    commit.notice(&id, &found.owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    Ok(if made(cx.store.commit(commit).await)? { Done::Done } else { Done::Skipped })
}

/// Charges a renewal: that it is charged is written, with the service as it was decided on, before the provider is asked. Another run that comes at the
/// same time, or a customer who switches the renewal off first, makes that write fail, and nothing is asked.
async fn charged(cx: &Cx, found: &Found, service: &ServiceRecord, due: Renewing) -> Result<Done, Failure> {
    let mut marks: BTreeMap<_, _> = service.charged.clone();
    marks.insert(name(due.credential).to_owned(), due.from);
    let changed = ServiceRecord { charged: marks, version: service.version + 1, ..service.clone() };
    let mut commit = Commit::new();
    commit.update_service(ServiceUpdate::of(service).charged(&changed.charged));
    service_due(cx, &mut commit, &found.owner, &found.records, &changed);
    // The customer is paying it at this moment: whether there is anything left to charge is seen in an hour.
    let Some((order, payer)) = prepared(cx, &mut commit, found, service, due)? else { return Ok(Done::Skipped) };
    if let Some(identity) = service.identity.as_deref().and_then(Owner::from_pk).filter(|_| due.credential.is_none()) {
        // So that the holder's list promises no second charge (rule 39).
        commit.update_auth(Commit::auth(&identity).charged_for(due.from).next_version(), Code::Internal);
    }
    if !made(cx.store.commit(commit).await)? {
        return Ok(Done::Skipped);
    }
    match payer {
        // Without payer there is nobody to ask: the order waits for the customer, who is told.
        None => {
            settle(
                cx,
                &found.owner,
                &order.order_id,
                &Event::Failed { attempt: order.order.attempt },
                Heard { why: Some("payment-method-missing"), ..Heard::default() },
            )
            .await?;
        }
        Some(payer) => drop(charge(cx, &found.owner, &payer, &order, None).await?),
    }
    Ok(Done::Done)
}

/// The order of a renewal as it is being charged, with the payer: the customer's own open one for the same last day, or a new one. None where the
/// customer is paying it at this moment.
fn prepared(cx: &Cx, commit: &mut Commit, found: &Found, service: &ServiceRecord, due: Renewing) -> Result<Option<(OrderRecord, Option<String>)>, Failure> {
    let records: &CustomerRecords = &found.records;
    let item = renewal_of(due.credential);
    let method = service.renewal_method.as_ref().filter(|id| records.methods.iter().any(|method| method.method_id == **id));
    let payer = records.payer.clone().filter(|_| method.is_some());
    let method = method.map_or("none", String::as_str);
    let key = |attempt: u32| (attempt == 1).then(|| renewal_key(&service.service_id, item, due.from));
    let order = match find_open(cx, records, &service.service_id, item, Some(due.from)) {
        Some(open) if open.order.charging_since.is_some() => return Ok(None),
        // From now on it is ours to ask for again, the mails say who charged, and there is as much time to pay by hand as ever.
        Some(open) => {
            let order = Order { pay_by: placed(cx.now, &cx.policy().order).pay_by, ..open.order.clone() };
            begin(cx, commit, &found.owner, &OrderRecord { automatic: true, order, ..open.clone() }, method, None)?
        }
        None => {
            let mut order = new_order(cx, &found.owner, item, service.kind, Some(service))?;
            order.automatic = true;
            let mut begun = Commit::new();
            let charging = begin(cx, &mut begun, &found.owner, &order, method, key(order.order.attempt))?;
            // Placed and begun are one write: there is nothing in between that anybody could see.
            order = OrderRecord { version: 1, ..charging };
            commit.put_order(&found.owner, &order, order_due(cx, &order));
            order
        }
    };
    Ok(Some((order, payer)))
}
