//! A clock that can be moved forward.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use sportello_runtime::clock::{Clock, SystemClock};

/// The machine's clock, moved forward by an offset that outlives the process.
pub struct LocalClock {
    offset_ms: AtomicI64,
    file: Option<PathBuf>,
    /// Functions of a deployment read their clock's offset from this file: whole seconds, in the form of libfaketime.
    followed: Option<PathBuf>,
}

/// Time only moves forward: what was written in the future would be nonsense in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock only moves forward")]
pub struct Backward;

impl LocalClock {
    /// The clock of a data directory, or of memory only: it goes on as it was kept, and otherwise starts at an instant, or with the machine's.
    #[must_use]
    pub fn new(file: Option<PathBuf>, starts_at: Option<Timestamp>) -> Self {
        let kept = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).and_then(|text| text.trim().parse().ok());
        let start = || starts_at.map_or(0, |at| at.as_millisecond() - SystemClock.now().as_millisecond());
        let clock = Self { offset_ms: AtomicI64::new(kept.unwrap_or_else(start)), file, followed: None };
        clock.keep();
        clock
    }

    /// The clock that the functions of a deployment follow.
    #[must_use]
    pub fn followed(file: PathBuf) -> Self {
        let kept = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().trim_start_matches('+').parse::<i64>().ok());
        Self { offset_ms: AtomicI64::new(kept.unwrap_or_default() * 1000), file: None, followed: Some(file) }
    }

    /// Moves to an instant; from there on time flows as ever.
    ///
    /// # Errors
    /// [`Backward`].
    pub fn move_to(&self, instant: Timestamp) -> Result<(), Backward> {
        let offset = instant.as_millisecond() - SystemClock.now().as_millisecond();
        // A whole second where others follow, who are told in seconds.
        let offset = if self.followed.is_some() { (offset + 999).div_euclid(1000) * 1000 } else { offset };
        // A few milliseconds pass between reading the clock and moving it there.
        if offset + 1000 < self.offset_ms.load(Ordering::SeqCst) {
            return Err(Backward);
        }
        self.offset_ms.fetch_max(offset, Ordering::SeqCst);
        self.keep();
        Ok(())
    }

    fn keep(&self) {
        let kept = self.offset_ms.load(Ordering::SeqCst);
        let files = [(&self.file, kept.to_string()), (&self.followed, format!("+{}", kept / 1000))];
        for (file, text) in files {
            if let Some(file) = file {
                let draft = file.with_extension("new");
                drop(std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, file)));
            }
        }
    }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::SeqCst));
        SystemClock.now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }
}
