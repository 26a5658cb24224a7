//! The stack as a process of its own: ready soon, ends cleanly, loses nothing that was answered.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

struct Running {
    child: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn start(data: &Path) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sportello"));
    command.args(["--port", "0", "--data"]).arg(data).env("RUST_LOG", "error").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
    // The rest of the greeting must be read, or the process would wait for it.
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()).ok());
    Running { child, url }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_nothing_that_was_answered() {
    let folder = std::env::temp_dir().join(format!("sportello-{}", std::process::id()));
    let client = reqwest::Client::new();
    let mut opened: Vec<String> = Vec::new();
    for _ in 0..3 {
        let mut running = start(&folder);
        for token in &opened {
            let read = client.get(format!("{}/v1/customer/services", running.url)).bearer_auth(token).send().await.unwrap();
            assert_eq!(read.status().as_u16(), 200, "answered before the kill");
        }
        for _ in 0..5 {
            let body = json!({ "username": "carla.neri@clienti", "password": "Bianco-Cavallo42!" });
            let answer = client.post(format!("{}/v1/customer/sessions", running.url)).json(&body).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            opened.push(answer.get("token").and_then(Value::as_str).unwrap().to_owned());
        }
        // SIGKILL, right after the last answer.
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
    std::fs::remove_dir_all(&folder).ok();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_ends_it_cleanly() {
    let folder = std::env::temp_dir().join(format!("sportello-int-{}", std::process::id()));
    let mut running = start(&folder);
    let status = Command::new("kill").args(["-INT", &running.child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let ended = running.child.wait().unwrap();
    assert!(ended.success(), "{ended}");
    std::fs::remove_dir_all(&folder).ok();
}
