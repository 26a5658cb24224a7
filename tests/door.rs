//! A door before the database, which holds whoever wants to commit until something else has happened: a race without chance.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Longest wait for somebody to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A door that is shut.
pub struct Door {
    /// Address of the database behind it.
    pub address: String,
    waiting: mpsc::Receiver<()>,
    open: watch::Sender<bool>,
}

impl Door {
    /// A door before a database: reads pass, transactions wait.
    pub async fn before(database: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let database = database.trim_start_matches("http://").to_owned();
        let ((waits, waiting), (open, opened)) = (mpsc::channel(1), watch::channel(false));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, database.clone(), waits.clone(), opened.clone()));
            }
        });
        Self { address, waiting, open }
    }

    /// Waits until somebody stands before it: what they write was decided on what they read before.
    pub async fn somebody(&mut self) {
        tokio::time::timeout(PATIENCE, self.waiting.recv()).await.expect("nobody wants to commit");
    }

    /// Opens it, for good.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn pass(client: TcpStream, database: String, waits: mpsc::Sender<()>, mut opened: watch::Receiver<bool>) -> std::io::Result<()> {
    let (mut asks, mut is_told) = client.into_split();
    let (mut tells, mut is_asked) = TcpStream::connect(database).await?.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut tells, &mut is_told).await });
    let mut bytes = vec![0; 65_536];
    loop {
        let length = asks.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        // The headers, which name the action, come in one piece; otherwise nobody would wait, and the test fails.
        let action = b"TransactWriteItems";
        if bytes[..length].windows(action.len()).any(|part| part == action) {
            waits.try_send(()).ok();
            opened.wait_for(|open| *open).await.ok();
        }
        is_asked.write_all(&bytes[..length]).await?;
    }
}
