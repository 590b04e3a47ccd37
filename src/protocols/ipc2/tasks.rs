//! Where a session runs the task that reads and writes: on tokio's runtime, or by a function of the program's. Used
//! by both sides.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// A task of a session.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs tasks. Default: on tokio's runtime.
#[derive(Clone, Default)]
pub(super) struct Spawner(Option<Arc<dyn Fn(Task) + Send + Sync>>);

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spawner").finish_non_exhaustive()
    }
}

impl Spawner {
    /// Runs them by `spawn`.
    pub fn new(spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(spawn)))
    }

    /// Starts a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match &self.0 {
            Some(spawn) => spawn(Box::pin(task)),
            None => drop(tokio::spawn(task)),
        }
    }
}
