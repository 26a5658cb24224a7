//! A provider that answers every request in the same way, or one by one, and keeps what it was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::{Client, Secret, Settings};

/// How long a call may take, long enough for a machine with much to do.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a call waits for who says nothing.
pub(super) const SHORT: Duration = Duration::from_millis(300);

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(super) enum Then {
    /// It is answered, each with the next of these and the others with the last one.
    Answer(Vec<(u16, String)>),
    /// The connection ends in the middle of the answer.
    Half,
    /// The connection ends without an answer.
    Nothing,
    /// No answer comes, and the connection stays.
    Silence,
}

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Method and address.
    pub line: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Asked {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The fields of the form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// The provider.
pub(super) struct Provider {
    /// A client that asks it.
    pub client: Client,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// A provider that does the same with every request.
    pub(super) async fn that(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let timeout = if matches!(then, Then::Silence) { SHORT } else { TIMEOUT };
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let connections = Arc::<AtomicUsize>::default();
        let (kept, counted) = (Arc::clone(&asked), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            // Held, so that nothing is heard on them, not even their end.
            let (mut silent, mut served) = (Vec::new(), 0);
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
                // A second request on a connection would be kept, too.
                while let Some(request) = read(&mut connection).await {
                    kept.lock().unwrap().push(request);
                    let text = match &then {
                        Then::Answer(answers) => {
                            let (status, body) = &answers[served.min(answers.len() - 1)];
                            served += 1;
                            format!("HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                        }
                        Then::Half => "HTTP/1.1 200 \r\ncontent-length: 100\r\n\r\n{\"id\":".to_owned(),
                        Then::Nothing | Then::Silence => String::new(),
                    };
                    drop(connection.write_all(text.as_bytes()).await);
                    if !matches!(then, Then::Answer(..)) {
                        break;
                    }
                }
                if matches!(then, Then::Silence) {
                    silent.push(connection);
                }
            }
        });
        let client = Client::new(Settings { base_url, key: Secret::new("sk_of_the_tests"), timeout });
        Self { client, asked, connections, task }
    }

    /// A provider that answers.
    pub(super) async fn answering(status: u16, body: &str) -> Self {
        Self::that(Then::Answer(vec![(status, body.to_owned())])).await
    }

    /// A provider that answers one by one.
    pub(super) async fn answering_each(answers: &[(u16, Value)]) -> Self {
        Self::that(Then::Answer(answers.iter().map(|(status, body)| (*status, body.to_string())).collect())).await
    }

    /// How many connections were made to it.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// What it was asked, the oldest first.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(connection: &mut TcpStream) -> Option<Asked> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let line = lines.next().unwrap().to_owned();
            let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
            let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
            if body.len() >= length {
                return Some(Asked { line, headers, body: body.to_owned() });
            }
        }
        match connection.read(&mut buffer).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}
