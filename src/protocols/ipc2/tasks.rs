//! Where the tasks of a session run that reads and writes: on the runtime, unless a program has something of its own
//! that does. Used by both sides.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// A task of a session.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// See the module's page. Default: tokio's runtime.
#[derive(Clone, Default)]
pub(super) struct Spawner(Option<Arc<dyn Fn(Task) + Send + Sync>>);

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spawner").finish_non_exhaustive()
    }
}

impl Spawner {
    /// Has `spawn` run them.
    pub fn new(spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(spawn)))
    }

    /// Begins a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match &self.0 {
            Some(spawn) => spawn(Box::pin(task)),
            None => drop(tokio::spawn(task)),
        }
    }
}
