//! What a run of a job costs with 1,000 identities due among more and more that are not: it must be the same. Counted by the meter of the tables.
//!
//! `-- 10000` ends at so many identities; the last and largest are 1,000,000.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark fails loudly")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dynoxide::AttributeValue::S;
use dynoxide::{Database, ImportOptions, Item};
use jiff::SignedDuration;
use serde_json::json;
use sportello_contract::spec::Table;
use sportello_local::database::Embedded;
use sportello_local::demo::{NewHolder, active};
use sportello_rules::calendar::date_of;
use sportello_rules::identity::SuspensionReason;
use sportello_rules::service::CredentialKind;
use sportello_runtime::Context;
use sportello_store::key::{HASH_BYTES, Owner, OwnerKind};
use sportello_store::meter::{Kind, RoundTrip};
use sportello_store::read::{due_kind, shard_of};
use sportello_tests::World;

mod cpu;

use cpu::cpu;

/// Identities of which something is due, in each run.
const DUE: u64 = 1_000;
/// Identities there are.
const AMONG: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Identities written at a time.
const CHUNK: usize = 4_000;
/// The jobs that run: every one that finds work of this kind in a plain identity.
const JOBS: [&str; 5] = ["jobs.password.warn", "jobs.document.expire", "jobs.suspension.end", "jobs.credential.warn", "jobs.inactivity"];

/// What one thing done costs.
#[derive(Clone, Copy)]
struct Cost {
    trips: f64,
    read_units: f64,
    write_units: f64,
    cpu_millis: f64,
    millis: f64,
}

/// Items of one identity, as it was made in earnest, to be written again under other keys.
struct Shape(Vec<Item>);

impl Shape {
    async fn of(world: &World, holder: NewHolder) -> Self {
        let account = world.make(holder).await;
        let key = json!({ ":pk": { "S": world.owner(&account).pk() } });
        let table = world.stack.shared.app.store.table(Table::Identities);
        let query = json!({ "TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": key });
        let items: Vec<Item> = serde_json::from_value(world.behind("Query", query).await["Items"].take()).unwrap();
        assert!(items.iter().filter(|item| item.contains_key("due_kind")).count() >= JOBS.len(), "in the index: {items:?}");
        Self(items)
    }

    /// The same items for the identity with a number, all shards alike.
    fn numbered(&self, number: u64) -> impl Iterator<Item = Item> {
        let mut hash = [0; HASH_BYTES];
        hash[0] = u8::try_from(number % 256).unwrap();
        hash[1..9].copy_from_slice(&number.to_be_bytes());
        let owner = Owner { kind: OwnerKind::Holder, hash };
        self.0.iter().cloned().map(move |mut item| {
            item.insert("pk".to_owned(), S(owner.pk()));
            if let Some(S(kind)) = item.get_mut("due_kind") {
                *kind = due_kind(kind.rsplit_once('#').unwrap().0, shard_of(&owner));
            }
            item
        })
    }
}

/// Writes identities, while a thread of its own makes the next ones.
fn write(database: &Database, table: &str, shape: &Shape, numbers: std::ops::Range<u64>) {
    let (made, next) = std::sync::mpsc::sync_channel(1);
    std::thread::scope(|threads| {
        threads.spawn(move || {
            for from in numbers.clone().step_by(CHUNK) {
                let to = numbers.end.min(from + CHUNK as u64);
                let items: Vec<Item> = (from..to).flat_map(|number| shape.numbered(number)).collect();
                made.send(items).unwrap();
            }
        });
        for items in next {
            database.import_items(table, items, ImportOptions::default()).unwrap();
        }
    });
}

/// Runs a job that has so much to do, and answers what each thing done cost.
async fn run(world: &World, app: &Arc<Context>, trips: &Mutex<Vec<RoundTrip>>, id: &str) -> Cost {
    let job = world.stack.shared.jobs.iter().find(|job| job.spec.id == id).unwrap();
    let (before, started) = (cpu(), Instant::now());
    let report = job.run(Arc::clone(app), json!({}), "r".to_owned()).await.unwrap();
    let (spent, elapsed) = (cpu() - before, started.elapsed());
    assert_eq!((&report["done"], &report["skipped"], &report["batchItemFailures"]), (&json!(DUE), &json!(0), &json!([])), "{id}");
    let trips = std::mem::take(&mut *trips.lock().unwrap());
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let due = DUE as f64;
    let units = |kind| trips.iter().filter(|trip| trip.kind == kind).map(|trip| trip.capacity).sum::<f64>() / due;
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let count = trips.len() as f64 / due;
    let millis = |time: Duration| time.as_secs_f64() * 1000.0 / due;
    Cost { trips: count, read_units: units(Kind::Read), write_units: units(Kind::Commit), cpu_millis: millis(spent), millis: millis(elapsed) }
}

fn show(among: u64, id: &str, cost: Cost, first: Cost) {
    let of = |cost: Cost| [cost.trips, cost.read_units, cost.write_units, cost.cpu_millis, cost.millis];
    let (cost, first) = (of(cost), of(first));
    let ratio: Vec<f64> = cost.iter().zip(first).map(|(cost, first)| cost / first).collect();
    let [trips, read_units, write_units, cpu_millis, millis] = cost;
    let ratios = ratio.iter().map(|ratio| format!("{ratio:5.2}")).collect::<Vec<_>>().join(" ");
    println!("{among:>10}  {id:20} {trips:11.3} {read_units:10.3} {write_units:11.2} {cpu_millis:6.2} {millis:6.2}   {ratios}");
    assert!(ratio[..3].iter().all(|ratio| (ratio - 1.0).abs() < 0.005), "{id} costs more among {among}: {ratio:?}");
}

async fn compare(world: &World, folder: &Path, largest: u64) {
    let (now, day) = (world.now(), SignedDuration::from_hours(24));
    // What is due, one thing of each job: the warning at 7 days, the document's suspension, the end of another one, a card's notice, one of inactivity.
    let mut state = active(now);
    state.suspensions.insert(SuspensionReason::Holder, now - day * 31);
    let due = NewHolder {
        state,
        password_changed_at: now - day * 173 - day / 2,
        document_expires_on: Some(date_of(now - day)),
        credentials: vec![(CredentialKind::SmartCard, Some(date_of(now + day * 20)))],
        last_used_at: Some(now - day * 705),
        ..world.holder()
    };
    // All others wait for the same five, which are due of none of them.
    let mut state = active(now);
    state.suspensions.insert(SuspensionReason::Holder, now);
    let waiting = NewHolder { state, credentials: vec![(CredentialKind::SmartCard, Some(date_of(now + day * 700)))], ..world.holder() };
    let (due, waiting) = (Shape::of(world, due).await, Shape::of(world, waiting).await);

    let embedded = Embedded::start(Some(&folder.join("dynamodb.sqlite"))).unwrap();
    // The cost of the disk is not the job's.
    embedded.database.enable_bulk_loading().unwrap();
    let trips = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&trips);
    let mut app = world.app_at(format!("http://{}", embedded.address));
    Arc::get_mut(&mut app).unwrap().observer = Some(Arc::new(move |_, trips| *seen.lock().unwrap() = trips));
    app.store.create_tables().await.unwrap();
    let table = app.store.table(Table::Identities);

    println!("For each of {DUE} things done; CPU of the job alone, time with the local database. Ratios to {} identities.", AMONG[0]);
    println!("identities  job                  round trips read units write units cpu ms     ms   ratios");
    let (mut there, mut first) = (0, Vec::new());
    for among in AMONG.into_iter().filter(|among| *among <= largest) {
        write(&embedded.database, &table, &due, there..there + DUE);
        write(&embedded.database, &table, &waiting, there + DUE..among);
        there = among;
        for (index, id) in JOBS.into_iter().enumerate() {
            let cost = run(world, &app, &trips, id).await;
            if among == AMONG[0] {
                first.push(cost);
            }
            show(among, id, cost, first[index]);
        }
    }
}

fn main() {
    // `cargo test --benches` would pass `--test`; a benchmark is no test.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let largest = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(AMONG[3]);
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    runtime.block_on(async { compare(&World::new().await, folder.path(), largest).await });
}
