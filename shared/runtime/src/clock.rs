//! The clock's adapter: the one place that reads the time of day.

use jiff::Timestamp;

/// Minutes of an hour.
pub const HOUR: u32 = 60;
/// Minutes of a day: where something is counted, it begins at midnight UTC.
pub const DAY: u32 = 24 * HOUR;

/// Where instants come from.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
