//! Recording accesses of one identity: each once, all of them in one chain, whoever else records some at the same time (rules 56-58).

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use sportello_contract::problem::Code;
use sportello_notify::Notice;
use sportello_rules::access::{Content, Outcome, append, kept_from, tidied_at};
use sportello_runtime::access_history::Details;
use sportello_runtime::{Cx, Failure, entropy};
use sportello_store::StoreError;
use sportello_store::access::{AccessCounters, AccessRecord, LastAccess};
use sportello_store::commit::Commit;
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, Bytes, HolderRecords};

/// An access to be recorded.
#[derive(Debug, Clone)]
pub struct Access {
    /// Id of the request.
    pub request_id: String,
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Everything else.
    pub details: Details,
}

/// What became of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It was recorded.
    Stored,
    /// It had been recorded before; nothing changed.
    Duplicate,
    /// Another access has been recorded under its request's id; nothing changed.
    Conflict,
    /// There is no such identity.
    UnknownIdentity,
}

/// Records accesses of one identity in their order; in one transaction, but for those whose request's id repeats.
///
/// # Errors
/// `changed-meanwhile` where others were faster as often as the policy says: asking again does no harm. The store's.
pub async fn record(cx: &Cx, owner: &Owner, accesses: &[Access]) -> Result<Vec<Recorded>, Failure> {
    let mut results: Vec<Option<Recorded>> = vec![None; accesses.len()];
    let mut tries = 0;
    loop {
        let round = pending(accesses, &results);
        if round.is_empty() {
            return Ok(results.into_iter().map(|result| result.unwrap_or(Recorded::UnknownIdentity)).collect());
        }
        let Some(records) = cx.store.holder(owner).await? else {
            return Ok(results.into_iter().map(|result| result.unwrap_or(Recorded::UnknownIdentity)).collect());
        };
        let mut found: Vec<(usize, Recorded)> = Vec::new();
        match cx.store.commit(plan(cx, owner, &records, &round)?).await {
            Ok(()) => found.extend(round.iter().map(|(index, _)| (*index, Recorded::Stored))),
            Err(StoreError::Refused(Code::IdempotencyInFlight)) => {
                for (index, access) in &round {
                    found.extend(known(cx, owner, access).await?.map(|known| (*index, known)));
                }
            }
            Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if found.is_empty() {
            tries += 1;
            if tries >= cx.policy().access.tries {
                return Err(Code::ChangedMeanwhile.into());
            }
            pause(cx, tries).await?;
        }
        for (index, what) in found {
            if let Some(result) = results.get_mut(index) {
                *result = Some(what);
            }
        }
    }
}

/// What is still to be recorded, each request's id once.
fn pending<'a>(accesses: &'a [Access], results: &[Option<Recorded>]) -> Vec<(usize, &'a Access)> {
    let mut ids = BTreeSet::new();
    let open = accesses.iter().zip(results).enumerate().filter(|(_, (_, result))| result.is_none());
    open.map(|(index, (access, _))| (index, access)).filter(|(_, access)| ids.insert(&access.request_id)).collect()
}

/// What is known of a request's id already.
async fn known(cx: &Cx, owner: &Owner, access: &Access) -> Result<Option<Recorded>, Failure> {
    let kept_from = kept_from(cx.now, &cx.policy().access).as_millisecond();
    let Some(guard) = cx.store.access_guard(&access.request_id).await?.filter(|guard| guard.at >= kept_from) else { return Ok(None) };
    let same = guard.fingerprint == fingerprint(cx, owner, access)?;
    Ok(Some(if same { Recorded::Duplicate } else { Recorded::Conflict }))
}

fn fingerprint(cx: &Cx, owner: &Owner, access: &Access) -> Result<Bytes, Failure> {
    let what = serde_json::to_vec(&(access.at, access.outcome, &access.details))?;
    Ok(Bytes(cx.keys().keyed_hash(&[b"recorded access", owner.pk().as_bytes(), access.request_id.as_bytes(), &what])))
}

/// Records, counters, use and notices of one transaction.
fn plan(cx: &Cx, owner: &Owner, records: &HolderRecords, round: &[(usize, &Access)]) -> Result<Commit, Failure> {
    let (auth, policy, pk) = (&records.auth, &cx.policy().access, owner.pk());
    let revoked = auth.state.revoked_at.is_some();
    let key = cx.keys().data_key(owner, &auth.data_key)?;
    let before = records.accesses.as_ref();
    let mut head = before.map(AccessCounters::head);
    let (mut last, mut last_success) = before.map(|before| (before.last.clone(), before.last_success.clone())).unwrap_or_default();
    let mut commit = Commit::new();
    for (_, access) in round {
        let sealed = access.details.seal(cx, owner, &key)?;
        let content = Content { owner: &pk, request_id: &access.request_id, at: access.at, outcome: access.outcome, sealed: &sealed.0 };
        let (link, next) = append(head.as_ref(), &content, cx.now, cx.keys());
        head = Some(next);
        let tidied_at = tidied_at(link.linked_at, policy);
        let record =
            AccessRecord { owner: pk.clone(), request_id: access.request_id.clone(), at: access.at, outcome: access.outcome, sealed: sealed.clone(), link };
        commit.record_access(&record, fingerprint(cx, owner, access)?, kept_from(cx.now, policy), tidied_at);
        let latest = LastAccess { at: access.at, outcome: access.outcome, sealed };
        if access.outcome == Outcome::Success {
            later(&mut last_success, &latest);
        }
        later(&mut last, &latest);
        // Nothing is told of a revoked identity: its record is evidence, and there is nothing left to suspend (rules 36, 40).
        if !revoked && auth.access_notices.contains(&access.details.credential) {
            let sealed = serde_json::to_value(&latest.sealed)?.as_str().unwrap_or_default().to_owned();
            let notice = Notice::AccessMade { at: access.at, level: access.details.level, outcome: access.outcome, sealed };
            let id = format!("{}#{pk}#{}", notice.kind(), access.request_id);
            commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        }
    }
    if let Some(head) = head {
        commit.put_access_counters(&AccessCounters { last, last_success, ..AccessCounters::new(owner, head) }, before);
    }
    if let Some(at) = used(round, auth, cx.now).filter(|_| !revoked) {
        commit.update_auth(Commit::auth(owner).same_version(auth.version).last_used(auth.last_used_at).used(at), Code::ChangedMeanwhile);
    }
    Ok(commit)
}

fn later(last: &mut Option<LastAccess>, access: &LastAccess) {
    if last.as_ref().is_none_or(|last| last.at <= access.at) {
        *last = Some(access.clone());
    }
}

/// When the identity was used last, where that is later than what is kept (rule 37). A clock that is ahead makes no use in the future.
fn used(round: &[(usize, &Access)], auth: &AuthRecord, now: Timestamp) -> Option<Timestamp> {
    let successes = round.iter().filter(|(_, access)| access.outcome == Outcome::Success);
    let at = successes.map(|(_, access)| access.at.min(now)).max()?;
    Some(at).filter(|at| auth.last_used_at.is_none_or(|used| used < *at))
}

/// Waits for a part of a time that doubles, so that those who met do not meet again.
async fn pause(cx: &Cx, tries: u32) -> Result<(), Failure> {
    /// Doublings after which it grows no more.
    const DOUBLINGS: u32 = 5;
    let most = u64::from(cx.policy().access.first_pause_ms) << tries.saturating_sub(1).min(DOUBLINGS);
    let part = u64::from_be_bytes(entropy::bytes::<8>(cx.entropy())?) % most.max(1);
    tokio::time::sleep(Duration::from_millis(part)).await;
    Ok(())
}
