//! What a set of workers does by itself, as set in its builder. Applied by the pool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::WorkerExit;

/// Called with each worker that has ended.
pub type OnExit = Arc<dyn Fn(&WorkerExit) + Send + Sync>;

/// What a set does by itself.
#[derive(Clone)]
pub struct Rules {
    /// Jobs that may wait.
    pub queue: usize,
    /// Whether workers that end are replaced.
    pub respawn: bool,
    /// Whether workers that end without a job are replaced, too.
    pub respawn_idle: bool,
    /// First and longest pause.
    pub backoff: (Duration, Duration),
    /// Called at each end of a worker.
    pub on_exit: Option<OnExit>,
}

impl Default for Rules {
    fn default() -> Self {
        let backoff = (Duration::from_millis(100), Duration::from_secs(10));
        Self { queue: 0, respawn: true, respawn_idle: true, backoff, on_exit: None }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl Rules {
    /// How long to wait after so many failures in a row.
    pub fn pause(&self, failures: u32) -> Duration {
        let (first, longest) = self.backoff;
        let doubled = failures.checked_sub(1).map(|times| first.saturating_mul(1 << times.min(20)));
        doubled.map_or(Duration::ZERO, |pause| pause.min(longest))
    }
}
