//! The I/O thread: a tokio current-thread runtime on a thread of its own.
//!
//! It starts with the first [`Runtime`] handle of a hub, and ends by itself when the last clone of
//! that handle is dropped. Every task holds a clone, so the lingering connections of a closed hub
//! finish first.
//!
//! A Rust program already has a runtime: [`Runtime::current`] is a handle to that.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;

use super::panics::caught_in;

/// A claim on a running I/O thread.
#[derive(Clone, Debug)]
pub struct Runtime {
    handle: Handle,
    /// The thread runs until every sender is dropped. `None`: the runtime belongs to the caller.
    _alive: Option<mpsc::Sender<()>>,
}

impl Runtime {
    /// Starts an I/O thread.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, mut all_dropped) = mpsc::channel(1);
        thread::Builder::new().name("ferripc-io".into()).spawn(move || {
            runtime.block_on(async {
                while all_dropped.recv().await.is_some() {}
                // A pipe is closed once the driver has seen that its cancelled operations have
                // ended.
                #[cfg(windows)]
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            });
        })?;
        Ok(Self { handle, _alive: Some(alive) })
    }

    /// The runtime that this is called on. It ends when its owner decides. `None` outside of a
    /// runtime.
    pub fn current() -> Option<Self> {
        Handle::try_current().ok().map(|handle| Self { handle, _alive: None })
    }

    /// Runs `task` on the I/O thread and keeps the thread alive until it ends.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let alive = self.clone();
        self.handle.spawn(async move {
            task.await;
            drop(alive);
        });
    }

    /// For tasks that do not keep the thread alive.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The same. If `task` panics, `fail` reports that.
    pub fn spawn_or(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
        fail: impl FnOnce() + Send + 'static,
    ) {
        self.spawn(async move {
            if caught_in(task).await.is_none() {
                fail();
            }
        });
    }

    /// Makes this runtime the current one, which registering a socket needs.
    pub fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.handle.enter()
    }
}
