//! What the product costs beside the bare floor, in one run: sign-ins against bare Argon2id, CPU of the other operations, and, where the release
//! binaries were built, start and size of a function against a bare one. Ratios, not times: the machine's speed falls on both sides.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark fails loudly")]

use std::time::Instant;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::json;
use sportello_local::demo::{Account, NewHolder};
use sportello_local::documents::sample_body;
use sportello_tests::{Request, World};

mod cpu;
mod start;

use cpu::cpu;

/// CPU seconds of one bare hash, with one reused buffer.
fn bare(runs: u32) -> f64 {
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let mut memory = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let before = cpu();
    for i in 0..runs {
        let mut out = [0; 32];
        argon2.hash_password_into_with_memory(&i.to_be_bytes(), b"0123456789abcdef", &mut out, &mut memory).unwrap();
    }
    (cpu() - before).as_secs_f64() / f64::from(runs)
}

/// CPU seconds of one request of a kind; the whole stack counts but its database: client, gateway, function.
async fn of_stack<F: Future>(runs: u32, make: impl Fn(u32) -> F) -> (f64, f64) {
    let (before, started) = (cpu(), Instant::now());
    for i in 0..runs {
        make(i).await;
    }
    ((cpu() - before).as_secs_f64() / f64::from(runs), started.elapsed().as_secs_f64() / f64::from(runs))
}

async fn sign_ins(world: &World, people: &[Account]) {
    let runs = 200;
    // From devices that are known: a new one would be announced, and the mail's cost is not the sign-in's.
    let mut devices = Vec::new();
    for account in people {
        devices.push(world.start(account).await.expect(201).text_at("/session/deviceToken"));
    }
    world.stack.shared.stream.drained().await;
    let before = bare(runs);
    let (cpu, _) = of_stack(runs, |i| {
        let index = usize::try_from(i).unwrap_or_default() % people.len();
        let body = json!({ "username": people[index].username, "password": people[index].password, "deviceToken": devices[index] });
        async move { world.post("/v1/selfcare/sign-ins", body).await.expect(201) }
    })
    .await;
    let floor = f64::midpoint(before, bare(runs));
    println!("sign-ins per second and core    {:8.1}   whole local stack without its database", 1.0 / cpu);
    println!("bare Argon2id, same parameters  {:8.1}", 1.0 / floor);
    println!("ratio                           {:8.3}   aim 0.95", floor / cpu);
}

async fn others(world: &World, account: &Account) {
    println!("\nCPU of a request through the local stack without its database (client, HTTP, gateway, function, HTTP), ms");
    let token = world.sign_in(account).await;
    let (carla, _) = world.customer().await;
    let customer = world.sign_in_customer(&carla).await;
    let runs = 400;
    let (gateway, _) = of_stack(runs, |_| world.send(Request::new("GET", "/v1/nothing"))).await;
    println!("  {:34} {:6.2}   the floor: gateway and HTTP alone", "unknown path", gateway * 1000.0);
    for entry in sportello_local::operations() {
        let spec = &entry.described.spec;
        if spec.memory == sportello_contract::spec::Memory::Hashing || spec.method == sportello_contract::spec::Method::Delete {
            continue;
        }
        let path = spec.path.replace('{', "x-").replace('}', "");
        let token = if spec.id.starts_with("customer") { &customer } else { &token };
        let (cpu, _) = of_stack(runs, |_| {
            let request = Request::new(spec.method.as_str(), path.as_str()).token(token);
            world.send(if spec.method.has_body() { request.json(sample_body(spec.id)) } else { request })
        })
        .await;
        println!("  {:34} {:6.2}   {:6.2} over the floor; aim 1", spec.id, cpu * 1000.0, (cpu - gateway) * 1000.0);
    }
}

fn main() {
    // `cargo test --benches` would pass `--test`; a benchmark is no test.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let world = World::new().await;
        let mut people = Vec::new();
        for _ in 0..20 {
            people.push(world.make(NewHolder { totp: false, ..world.holder() }).await);
        }
        drop(world.post("/v1/selfcare/sign-ins", json!({})).await);
        sign_ins(&world, &people).await;
        others(&world, &people[0]).await;
    });
    start::compare();
}
