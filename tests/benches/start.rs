//! Start of a function's binary to its first `/next`, its memory then, and its size, against a bare lambda_http hello of the same profile.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts of each binary.
const RUNS: usize = 20;

struct Measured {
    millis: f64,
    rss_kib: u64,
    bytes: u64,
}

/// Compares the release binaries, where they were built: `cargo build --release -p sportello-selfcare -p sportello-customer-area` and
/// `cargo build --release -p sportello-tests --example hello`.
pub fn compare() {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/release");
    let hello = target.join("examples/hello");
    if !hello.exists() {
        println!("\nstart to the first /next: not measured, {} was not built", hello.display());
        return;
    }
    println!("\nstart to the first /next, median of {RUNS}        ms    RSS MiB   binary MiB");
    let floor = measure(&hello);
    show("bare lambda_http hello", &floor, None);
    for name in ["selfcare-password-change", "selfcare-identity-read", "customer-session-open", "jobs-notice-deliver"] {
        let binary = target.join(name);
        if binary.exists() {
            show(name, &measure(&binary), Some(&floor));
        }
    }
}

fn show(name: &str, measured: &Measured, floor: Option<&Measured>) {
    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    let ratio = floor.map_or_else(String::new, |floor| format!("   start {:.2}x, aim 1.3x and 10 ms; RSS aim 12 MiB", measured.millis / floor.millis));
    println!("  {name:40} {:7.2} {:8.1} {:10.1}{ratio}", measured.millis, mib(measured.rss_kib * 1024), mib(measured.bytes));
}

fn measure(binary: &Path) -> Measured {
    let mut runs: Vec<(Duration, u64)> = (0..RUNS).map(|_| once(binary)).collect();
    runs.sort();
    let (time, rss_kib) = runs.get(RUNS / 2).copied().unwrap_or_default();
    Measured { millis: time.as_secs_f64() * 1000.0, rss_kib, bytes: std::fs::metadata(binary).map_or(0, |meta| meta.len()) }
}

/// Starts a binary against a runtime interface that only waits for its first request.
fn once(binary: &Path) -> (Duration, u64) {
    let Ok(listener) = TcpListener::bind(("127.0.0.1", 0)) else { return Default::default() };
    let Ok(address) = listener.local_addr() else { return Default::default() };
    let keys = r#"{"current":"k","keys":{"k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"lookup":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","current_pepper":"p","peppers":{"p":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}"#;
    let mut command = Command::new(binary);
    command.env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    for (name, value) in [
        ("AWS_LAMBDA_RUNTIME_API", address.to_string().as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_REGION", "eu-south-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("SPORTELLO_TABLE_PREFIX", "sportello-"),
        ("SPORTELLO_KEYS", keys),
        ("SPORTELLO_SELFCARE_URL", "https://selfcare.example"),
        ("SPORTELLO_CUSTOMER_AREA_URL", "https://customers.example"),
        ("SPORTELLO_SUPPORT", "support@example.it"),
        ("SPORTELLO_MAIL_FROM", "no-reply@example.it"),
    ] {
        command.env(name, value);
    }
    let started = Instant::now();
    let Ok(mut child) = command.spawn() else { return Default::default() };
    let accepted = listener.accept().map(|(mut stream, _)| {
        let mut request = [0; 512];
        let read = stream.read(&mut request).unwrap_or_default();
        let elapsed = started.elapsed();
        stream.write_all(b"").ok();
        (elapsed, read)
    });
    let rss = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let rss = rss.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|line| line.split_whitespace().next()?.parse().ok());
    child.kill().ok();
    child.wait().ok();
    (accepted.map(|(elapsed, _)| elapsed).unwrap_or_default(), rss.unwrap_or_default())
}
