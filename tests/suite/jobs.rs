//! What a job does to the tables, and what happens between its read and its write.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sportello_contract::spec::{Action, Table, grant};
use sportello_local::demo::{NewHolder, active};
use sportello_local::stack::Invocation;
use sportello_rules::calendar::date_of;
use sportello_rules::identity::{IdentityType, SuspensionReason};
use sportello_rules::service::CredentialKind;
use sportello_runtime::{Context, JobEntry};
use sportello_store::key::OwnerKind::Holder;
use sportello_store::meter::Kind;
use sportello_store::read::shard_of;
use sportello_store::schema::DUE_SHARDS;
use sportello_tests::World;
use sportello_tests::door::Door;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn job(world: &World, id: &str) -> &'static JobEntry {
    world.stack.shared.jobs.iter().find(|job| job.spec.id == id).unwrap()
}

async fn run(world: &World, id: &str, app: &Arc<Context>) -> Value {
    job(world, id).run(Arc::clone(app), json!({}), "r".to_owned()).await.unwrap()
}

/// What the last run of a job did.
fn last(world: &World, id: &str) -> Invocation {
    world.stack.shared.observed.all().into_iter().rfind(|invocation| invocation.id == id).unwrap()
}

fn reads(invocation: &Invocation, action: Action) -> usize {
    let of = |trip: &&sportello_store::meter::RoundTrip| trip.kind == Kind::Read && trip.grants.iter().all(|grant| grant.action == action);
    invocation.trips.iter().filter(of).count()
}

/// Somebody for each kind of work, and how many things are due of it.
async fn everybody(world: &World) -> Vec<(&'static str, u64)> {
    let (now, today) = (world.now(), date_of(world.now()));
    let later = NewHolder { document_expires_on: None, expires_on: None, ..world.holder() };
    let ended = |reasons: &[SuspensionReason]| {
        let mut state = active(now);
        state.suspensions.extend(reasons.iter().map(|reason| (*reason, now - days(31))));
        state
    };
    let both = [SuspensionReason::Holder, SuspensionReason::Fraud];
    let lapsed = Some(today.yesterday().unwrap());
    let month = Some(date_of(now + days(20)));
    for person in [
        NewHolder { password_changed_at: now - days(174), ..later.clone() },
        // Two ends at once, lifted and kept.
        NewHolder { state: ended(&both), ..later.clone() },
        NewHolder { state: ended(&both), expires_on: lapsed, ..later.clone() },
        NewHolder { state: ended(&both[..1]), ..later.clone() },
        NewHolder { document_expires_on: lapsed, ..later.clone() },
        NewHolder { last_used_at: Some(now - days(700)), ..later.clone() },
        NewHolder { last_used_at: Some(now - days(900)), ..later.clone() },
        NewHolder { kind: IdentityType::Minor, birth_date: today.with().year(today.year() - 19).day(1).build().unwrap(), ..later.clone() },
        NewHolder { credentials: vec![(CredentialKind::SmartCard, month), (CredentialKind::RemoteSignature, month)], ..later.clone() },
    ] {
        world.make(NewHolder { username: world.username(), fiscal_code: world.holder().fiscal_code, ..person }).await;
    }
    vec![
        ("jobs.password.warn", 1),
        ("jobs.suspension.end", 5),
        ("jobs.document.expire", 1),
        ("jobs.inactivity", 2),
        ("jobs.minor.adult", 1),
        ("jobs.credential.warn", 2),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_costs_one_read_and_one_write_and_what_is_not_due_nothing() {
    let world = World::new().await;
    let shards = usize::try_from(DUE_SHARDS).unwrap();
    let everybody = everybody(&world).await;
    // Jobs on services come to an identity only to give what was paid for: their cost is of tests/suite/orders.rs.
    let of_identities = |job: &&&JobEntry| {
        let reads = |table, action| job.spec.grants.contains(&grant(table, action));
        reads(Table::Identities, Action::Query) && !reads(Table::Orders, Action::QueryDue)
    };
    let jobs: BTreeSet<&str> = world.stack.shared.jobs.iter().filter(of_identities).map(|job| job.spec.id).collect();
    assert_eq!(jobs, everybody.iter().map(|(id, _)| *id).collect(), "every job that reads identities");
    for (id, due) in everybody {
        for due in [due, 0] {
            let report = run(&world, id, &world.stack.shared.app).await;
            assert_eq!((&report["done"], &report["skipped"], &report["batchItemFailures"]), (&json!(due), &json!(0), &json!([])), "{id}");
            let did = last(&world, id);
            let due = usize::try_from(due).unwrap();
            assert_eq!((reads(&did, Action::Query), did.count(Kind::Commit), did.count(Kind::Charge)), (due, due, 0), "{id}: {:?}", did.trips);
            assert_eq!((reads(&did, Action::QueryDue), did.trips.len()), (shards, shards + 2 * due), "{id}: the index once a shard, and nothing else");
        }
    }
}

/// Every job on identities, run twice at the same moment: each thing is done and told once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_do_everything_once() {
    let world = World::new().await;
    for (id, due) in everybody(&world).await {
        let app = &world.stack.shared.app;
        let (one, other) = tokio::join!(run(&world, id, app), run(&world, id, app));
        let done = |report: &Value| report["done"].as_u64().unwrap();
        for report in [&one, &other] {
            assert_eq!(report["batchItemFailures"], json!([]), "{id}: {report}");
        }
        assert_eq!(done(&one) + done(&other), due, "{id}: {one} {other}");
        assert_eq!(done(&run(&world, id, app).await), 0, "{id}");
    }
    world.stack.shared.stream.drained().await;
    // One mail for each thing done, but for the two notices of a credential and the like, which are things of their own.
    let mails = world.stack.shared.inbox.mails(None);
    let mut seen = BTreeSet::new();
    for mail in &mails {
        let first = mail.text.lines().nth(2).unwrap_or_default().to_owned();
        assert!(seen.insert((mail.to.clone(), mail.subject.clone(), first)), "told twice: {mail:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_uses_the_identity_at_the_very_moment_of_its_revocation_keeps_it() {
    let world = World::new().await;
    let used = world.now() - days(900);
    // Without a code, so that signing in moves no clock; the job comes to one shard after the other.
    let unused = |username: &str| NewHolder { last_used_at: Some(used), expires_on: None, totp: false, ..NewHolder::new(username, world.now()) };
    let in_shard = |shard| std::iter::repeat_with(|| world.username()).find(|username| shard_of(&world.stack.shared.app.keys.owner(Holder, username)) == shard);
    let (kept, lost) = (world.make(unused(&in_shard(0).unwrap())).await, world.make(unused(&in_shard(1).unwrap())).await);
    run(&world, "jobs.inactivity", &world.stack.shared.app).await;
    world.stack.shared.clock.move_to(world.now() + days(1) + SignedDuration::from_hours(1)).unwrap();

    let mut door = Door::before(&world.stack.shared.dynamodb).await;
    let (entry, app) = (job(&world, "jobs.inactivity"), world.app_at(door.address.clone()));
    let running = tokio::spawn(entry.run(app, json!({}), "r".to_owned()));
    door.somebody().await;
    // Read and decided, not written yet.
    let session = world.sign_in(&kept).await;
    door.open();
    let report = running.await.unwrap().unwrap();
    assert_eq!((&report["done"], &report["skipped"]), (&json!(1), &json!(1)), "{report}");

    assert_eq!(world.get("/v1/selfcare/identity", &session).await.expect(200).text_at("/status"), "active");
    let revoked = |subjects: Vec<String>| subjects.into_iter().filter(|subject| subject.contains("revocata")).count();
    assert_eq!(revoked(world.subjects(&kept).await), 0);
    assert_eq!(revoked(world.subjects(&lost).await), 1);
    let used = world.auth(&kept).await.last_used_at;
    assert!(used.is_some_and(|at: Timestamp| at > world.now() - days(1)), "{used:?}");
}
