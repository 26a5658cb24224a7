//! The time budget of one call to AWS: an attempt that cannot end in time is not begun.

use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use lambda_http::tracing;

/// Longest a call with all its attempts.
pub(crate) const OPERATION: Duration = Duration::from_secs(2);
/// What must be left of it for another attempt.
const ENOUGH: Duration = Duration::from_millis(500);

/// Ends a call whose next attempt would have too little time left.
#[derive(Debug)]
pub(crate) struct Budget {
    whole: Duration,
}

impl Budget {
    /// The budget of a call, so many times longer than in the cloud.
    pub(crate) fn new(patience: u32) -> Self {
        Self { whole: OPERATION * patience }
    }

    /// Whether an attempt may begin so long after its call.
    fn may_begin(&self, attempt: u32, elapsed: Duration) -> bool {
        attempt <= 1 || elapsed + ENOUGH <= self.whole
    }
}

/// When the call began.
#[derive(Debug)]
struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

/// The call would not end in time.
#[derive(Debug, thiserror::Error)]
#[error("no time is left for attempt {0}")]
struct NoTimeLeft(u32);

impl Intercept for Budget {
    fn name(&self) -> &'static str {
        "Budget"
    }

    fn read_before_execution(&self, _: &BeforeSerializationInterceptorContextRef<'_>, cfg: &mut ConfigBag) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Began(Instant::now()));
        Ok(())
    }

    fn read_before_attempt(&self, _: &BeforeTransmitInterceptorContextRef<'_>, _: &RuntimeComponents, cfg: &mut ConfigBag) -> Result<(), BoxError> {
        let attempt = cfg.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        let elapsed = cfg.load::<Began>().map(|began| began.0.elapsed()).unwrap_or_default();
        if self.may_begin(attempt, elapsed) { Ok(()) } else { Err(NoTimeLeft(attempt).into()) }
    }

    fn read_after_attempt(&self, context: &FinalizerInterceptorContextRef<'_>, _: &RuntimeComponents, cfg: &mut ConfigBag) -> Result<(), BoxError> {
        if let Some(Err(error)) = context.output_or_error() {
            let attempt = cfg.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
            let status = context.response().map_or(0, |response| response.status().as_u16());
            tracing::debug!(attempt, status, %error, "an attempt failed");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attempt_begins_with_under_half_a_second_left() {
        for (attempt, milliseconds, begins) in [(1, 1_999, true), (2, 0, true), (2, 1_500, true), (2, 1_501, false), (3, 1_500, true), (3, 1_501, false)] {
            assert_eq!(Budget::new(1).may_begin(attempt, Duration::from_millis(milliseconds)), begins, "attempt {attempt} after {milliseconds} ms");
        }
    }
}
