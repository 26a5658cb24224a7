//! `cargo run`: the local stack; `cargo run -- demo`: the journey over HTTP; `cargo run -- generate`: the documents made from the declarations.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use sportello_local::deployment::Deployment;
use sportello_local::stack::{Options, Stack};
use sportello_local::{documents, journey};
use sportello_runtime::entropy::SystemEntropy;
use sportello_runtime::keys::KeyRing;

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
    /// Show a deployment on a local AWS instead of functions of this process; the file describes it. Nothing is kept on disk.
    #[arg(long)]
    deployment: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Walk through the product over HTTP; exits non-zero when anything differs.
    Demo {
        /// Address of a running stack or of a deployment; without it a stack is started in memory.
        #[arg(long)]
        url: Option<String>,
        /// Address of the `/_local` that shows a deployment's mails and moves its clock (`--deployment`); the stack's own without it.
        #[arg(long, requires = "url")]
        local: Option<String>,
    },
    /// Make the key ring of a deployment, or rotate it: a ring is read from the standard input and written to the standard output.
    Keys {
        #[command(subcommand)]
        step: Keys,
    },
    /// Write the files that are made from the declarations.
    Generate,
}

#[derive(Subcommand)]
enum Keys {
    /// A fresh ring.
    New,
    /// First half of a rotation: a key and a pepper more, not in use yet. Deploy it everywhere.
    Add,
    /// Second half: the newest key and pepper are used from now on. Deploy it again.
    Use,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        None => serve(&arguments).await,
        Some(Command::Demo { url, local }) => demo(url.as_deref(), local.as_deref()).await,
        Some(Command::Keys { step }) => keys(step),
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
    let deployment = arguments.deployment.as_deref().map(Deployment::read).transpose()?;
    let data = (!arguments.memory && deployment.is_none()).then(|| arguments.data.clone());
    let stack = Stack::start(Options { port: arguments.port, data, demo: !arguments.no_demo, deployment, ..Options::default() }).await?;
    let url = format!("http://{}", stack.address);
    println!("Sportello is ready after {} ms: {url}", started.elapsed().as_millis());
    println!("  pages      {url}/_local   (inbox, clock, API)");
    println!("  payments   http://{}   (a simulator of the provider; its books: {url}/_local/payments)", stack.shared.payments.address);
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

async fn demo(url: Option<&str>, local: Option<&str>) -> Outcome {
    if let Some(url) = url {
        journey::walk(url, local.unwrap_or(url)).await?;
        return Ok(());
    }
    let stack = Stack::start(Options { demo: true, ..Options::default() }).await?;
    let url = format!("http://{}", stack.address);
    journey::walk(&url, &url).await?;
    Ok(())
}

fn keys(step: &Keys) -> Outcome {
    let entropy = SystemEntropy::default();
    let ring = || std::io::read_to_string(std::io::stdin());
    let ring = match step {
        Keys::New => KeyRing::generate(&entropy)?,
        Keys::Add => KeyRing::with_new_keys(&ring()?, &entropy)?,
        Keys::Use => KeyRing::with_newest_in_use(&ring()?)?,
    };
    println!("{ring}");
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
