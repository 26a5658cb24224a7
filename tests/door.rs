//! A door before the database, which holds whoever wants to commit until something else has happened: a race without chance.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

/// Longest wait for somebody to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A door that is shut.
pub struct Door {
    /// Address of the database behind it.
    pub address: String,
    waiting: mpsc::Receiver<()>,
    permits: Arc<Semaphore>,
}

impl Door {
    /// A door before a database: reads pass, transactions wait.
    pub async fn before(database: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let database = database.trim_start_matches("http://").to_owned();
        let ((waits, waiting), permits) = (mpsc::channel(1), Arc::new(Semaphore::new(0)));
        let passing = Arc::clone(&permits);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, database.clone(), waits.clone(), Arc::clone(&passing)));
            }
        });
        Self { address, waiting, permits }
    }

    /// Waits until somebody stands before it: what they write was decided on what they read before.
    pub async fn somebody(&mut self) {
        tokio::time::timeout(PATIENCE, self.waiting.recv()).await.expect("nobody wants to commit");
    }

    /// Lets one of those who stand before it pass, and keeps it shut for whoever comes after.
    pub fn one(&self) {
        self.permits.add_permits(1);
    }

    /// Opens it, for good.
    pub fn open(&self) {
        self.permits.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}

async fn pass(client: TcpStream, database: String, waits: mpsc::Sender<()>, permits: Arc<Semaphore>) -> std::io::Result<()> {
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
            permits.acquire().await.unwrap().forget();
        }
        is_asked.write_all(&bytes[..length]).await?;
    }
}
