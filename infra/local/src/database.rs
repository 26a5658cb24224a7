//! The embedded DynamoDB, on a thread of its own: its calls wait for one lock.

use std::net::SocketAddr;
use std::path::Path;

use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running database.
pub struct Embedded {
    /// The database itself, for its stream.
    pub database: Database,
    /// Where it is served.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The database cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the embedded database cannot start: {0}")]
pub struct DatabaseError(String);

impl Embedded {
    /// Opens the database in a file, or in memory, and serves it on the loopback address.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn start(file: Option<&Path>) -> Result<Self, DatabaseError> {
        let failed = |error: &dyn std::fmt::Display| DatabaseError(error.to_string());
        let database = match file {
            Some(file) => Database::new(&file.to_string_lossy()).map_err(|e| failed(&e))?,
            None => Database::memory().map_err(|e| failed(&e))?,
        };
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|e| failed(&e))?;
        listener.set_nonblocking(true).map_err(|e| failed(&e))?;
        let address = listener.local_addr().map_err(|e| failed(&e))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let served = database.clone();
        let thread = std::thread::Builder::new()
            .name("dynamodb".to_owned())
            .spawn(move || {
                let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
                runtime.block_on(async move {
                    let Ok(listener) = TcpListener::from_std(listener) else { return };
                    let shutdown = async move { drop(stopped.await) };
                    drop(dynoxide::server::serve_with_shutdown(listener, served, shutdown).await);
                });
            })
            .map_err(|e| failed(&e))?;
        Ok(Self { database, address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        // Requests under way hold connections open; the process does not wait for them for ever.
        if let Some(thread) = self.thread.take()
            && thread.is_finished()
        {
            drop(thread.join());
        }
    }
}
