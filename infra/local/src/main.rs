//! `cargo run`: the local stack; `cargo run -- demo`: the journey over HTTP; `cargo run -- generate`: the documents made from the declarations.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use sportello_local::stack::{Options, Stack};
use sportello_local::{documents, journey};

/// The whole of Sportello on this machine: no AWS account, no other program.
#[derive(Parser)]
#[command(name = "sportello", version)]
struct Arguments {
    /// Port of the gateway.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Keep nothing on disk.
    #[arg(long)]
    memory: bool,
    /// Where data is kept.
    #[arg(long, default_value = ".sportello")]
    data: PathBuf,
    /// Make no demo data.
    #[arg(long)]
    no_demo: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Walk through the product over HTTP; exits non-zero when anything differs.
    Demo {
        /// Address of a running stack; without it one is started in memory.
        #[arg(long)]
        url: Option<String>,
    },
    /// Write the files that are made from the declarations.
    Generate,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        None => serve(&arguments).await,
        Some(Command::Demo { url }) => demo(url.as_deref()).await,
        Some(Command::Generate) => generate(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sportello: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn serve(arguments: &Arguments) -> Outcome {
    let started = Instant::now();
    // Listened for before anybody is told that the stack is ready.
    let interrupted = interruption()?;
    let data = (!arguments.memory).then(|| arguments.data.clone());
    let stack = Stack::start(Options { port: arguments.port, data, demo: !arguments.no_demo, ..Options::default() }).await?;
    let url = format!("http://{}", stack.address);
    println!("Sportello is ready after {} ms: {url}", started.elapsed().as_millis());
    println!("  pages      {url}/_local   (inbox, clock, API)");
    println!("  document   {url}/openapi.json\n");
    for account in stack.shared.accounts.iter().take(11) {
        println!("  {:28} {}  {}", account.username, account.password, account.what);
    }
    println!("\n  curl -s {url}/_local/demo");
    println!(
        "  curl -s {url}/v1/customer/sessions -H 'content-type: application/json' -d '{{\"username\":\"carla.neri@clienti\",\"password\":\"{}\"}}'",
        demo_password()
    );
    println!(
        "  curl -s {url}/v1/selfcare/sign-ins -H 'content-type: application/json' -d '{{\"username\":\"maria.rossi@example.it\",\"password\":\"{}\"}}'",
        demo_password()
    );
    println!("\nCtrl-C ends it.");
    interrupted.await;
    println!("\nbye");
    Ok(())
}

/// Completes at Ctrl-C, and where there is such a thing at a request to terminate.
#[cfg(unix)]
fn interruption() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes at Ctrl-C.
#[cfg(not(unix))]
fn interruption() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

fn demo_password() -> &'static str {
    sportello_local::demo::PASSWORD
}

async fn demo(url: Option<&str>) -> Outcome {
    if let Some(url) = url {
        journey::walk(url).await?;
        return Ok(());
    }
    let stack = Stack::start(Options { demo: true, ..Options::default() }).await?;
    journey::walk(&format!("http://{}", stack.address)).await?;
    Ok(())
}

fn generate() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    for (path, text) in documents::files(read) {
        let file = root.join(&path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if std::fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            std::fs::write(&file, text)?;
            println!("wrote {path}");
        }
    }
    Ok(())
}
