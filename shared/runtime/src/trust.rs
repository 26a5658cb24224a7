//! The authorities of level 3 and their lists of revoked certificates (rule 43): files of a folder, read when they are first needed and again when they change.
//!
//! In the cloud the folder is a layer of the functions that need it, which whoever runs the deployment renews as often as the authorities do. A list that is
//! not renewed in time is over by its own date: then nobody proves level 3, rather than somebody with a revoked certificate.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sportello_certificate::{Trust, TrustError};

/// File of the authorities, in PEM.
const AUTHORITIES: &str = "authorities.pem";
/// Ending of the lists' names.
const LIST: &str = "crl";

/// Why there is no trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustFailure {
    /// The deployment names no folder.
    #[error("no folder of authorities is configured")]
    NotConfigured,
    /// A file cannot be read.
    #[error("the folder of authorities cannot be read")]
    Read(#[from] std::io::Error),
    /// A file makes no sense.
    #[error("the folder of authorities makes no sense")]
    Content(#[from] TrustError),
}

/// The folder, and what was read from it.
#[derive(Debug)]
pub struct TrustFolder {
    folder: Option<PathBuf>,
    read: Mutex<Option<(Vec<(PathBuf, SystemTime)>, Trust)>>,
}

impl TrustFolder {
    /// A folder that is read when it is needed.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, read: Mutex::new(None) }
    }

    /// The authorities and lists as they are now.
    ///
    /// # Errors
    /// [`TrustFailure`].
    pub fn trust(&self) -> Result<Trust, TrustFailure> {
        let folder = self.folder.as_deref().ok_or(TrustFailure::NotConfigured)?;
        let files = files(folder)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, trust)) = read.as_ref()
            && *before == files
        {
            return Ok(trust.clone());
        }
        let is_list = |path: &Path| path.extension().is_some_and(|extension| extension == LIST);
        let lists = files.iter().filter(|(path, _)| is_list(path)).map(|(path, _)| std::fs::read(path)).collect::<Result<Vec<_>, _>>()?;
        let trust = Trust::parse(&std::fs::read_to_string(folder.join(AUTHORITIES))?, &lists)?;
        *read = Some((files, trust.clone()));
        Ok(trust)
    }
}

/// The files of a folder with the instants of their last change.
fn files(folder: &Path) -> Result<Vec<(PathBuf, SystemTime)>, std::io::Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.path(), entry.metadata()?.modified()?));
    }
    files.sort();
    Ok(files)
}
