//! The scheduler: hourly jobs as time passes, and in order when the clock is moved.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use sportello_contract::openapi::binary;
use sportello_contract::spec::Trigger;
use sportello_runtime::JobEntry;
use sportello_runtime::clock::Clock as _;

use crate::clock::Backward;
use crate::stack::Shared;

/// Seconds of an hour.
const HOUR: i64 = 3600;
/// How far a target may lie back: time passes between reading the clock and asking for it to be moved.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(2);

/// One run of a job.
#[derive(Debug, Clone, Serialize)]
pub struct Ran {
    /// The job.
    pub id: &'static str,
    /// The instant of the run.
    pub at: Timestamp,
    /// Things done.
    pub done: u64,
    /// Things found that needed nothing any more.
    pub skipped: u64,
}

/// Why the clock was not moved, or a job not run.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Time only moves forward.
    #[error(transparent)]
    Backward(#[from] Backward),
    /// A job failed.
    #[error("{0}")]
    Job(String),
}

/// The event of EventBridge Scheduler.
#[must_use]
pub fn tick(time: &str) -> Value {
    json!({ "version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "time": time, "detail": {} })
}

/// Runs one job now.
///
/// # Errors
/// [`ScheduleError::Job`].
pub async fn run_job(shared: &Shared, job: &JobEntry) -> Result<Ran, ScheduleError> {
    let at = shared.clock.now();
    let event = match job.spec.trigger {
        Trigger::Hourly => tick(&at.to_string()),
        Trigger::Stream { .. } | Trigger::Queue { .. } => json!({ "Records": [] }),
    };
    let answer = match &shared.deployment {
        Some(deployment) => deployment.invoke(&binary(job.spec.id), &event).await,
        None => job.run(Arc::clone(&shared.app), event, shared.request_id()).await,
    };
    let answer = answer.map_err(ScheduleError::Job)?;
    shared.stream.drained().await;
    let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or_default();
    Ok(Ran { id: job.spec.id, at, done: count("done"), skipped: count("skipped") })
}

/// Moves the clock, running the jobs that fall due in between at the instant of their tick, in order.
///
/// # Errors
/// [`ScheduleError`].
pub async fn move_to(shared: &Shared, target: Timestamp) -> Result<Vec<Ran>, ScheduleError> {
    let _moving = shared.moving.lock().await;
    if target < shared.clock.now() - TOLERANCE {
        return Err(Backward.into());
    }
    // What is passed while jobs run is no step backward.
    let forward = |at: Timestamp| if at > shared.clock.now() { shared.clock.move_to(at) } else { Ok(()) };
    let mut ran = Vec::new();
    let hourly: Vec<&JobEntry> = shared.jobs.iter().copied().filter(|job| job.spec.trigger == Trigger::Hourly).collect();
    loop {
        let mut earliest: Option<i64> = None;
        let next_hour = (shared.clock.now().as_second().div_euclid(HOUR) + 1) * HOUR;
        for job in &hourly {
            if let Some(due) = job.next_due(Arc::clone(&shared.app)).await.map_err(ScheduleError::Job)? {
                // What falls due inside an hour is found by the tick that ends it.
                let rounded = (due.as_millisecond() + HOUR * 1000 - 1).div_euclid(HOUR * 1000) * HOUR;
                earliest = Some(rounded.max(next_hour)).into_iter().chain(earliest).min();
            }
        }
        let Some(at) = earliest.and_then(|second| Timestamp::from_second(second).ok()).filter(|at| *at <= target) else { break };
        forward(at)?;
        // In the cloud each of them runs; whoever finds nothing would only take its time here.
        for job in &hourly {
            ran.extend(run_if_due(shared, job).await?);
        }
    }
    forward(target)?;
    // What fell due after the last full hour waits for the next one in the cloud; whoever moves the clock here wants to see it now.
    for job in &hourly {
        ran.extend(run_if_due(shared, job).await?);
    }
    Ok(ran)
}

async fn run_if_due(shared: &Shared, job: &JobEntry) -> Result<Option<Ran>, ScheduleError> {
    let due = job.next_due(Arc::clone(&shared.app)).await.map_err(ScheduleError::Job)?;
    if due.is_some_and(|due| due <= shared.clock.now()) { run_job(shared, job).await.map(Some) } else { Ok(None) }
}

/// Runs the hourly jobs as time passes, for as long as the stack runs.
pub async fn run(shared: Arc<Shared>) {
    let mut last = shared.clock.now().as_second().div_euclid(HOUR);
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let hour = shared.clock.now().as_second().div_euclid(HOUR);
        let _moving = shared.moving.lock().await;
        if hour > last {
            last = hour;
            for job in shared.jobs.iter().filter(|job| job.spec.trigger == Trigger::Hourly) {
                // A failure is in the log; the next hour tries again.
                drop(run_job(&shared, job).await);
            }
        }
    }
}
