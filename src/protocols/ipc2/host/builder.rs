//! Describes a set of workers, and starts it.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
#[cfg(feature = "ipc2")]
use std::{path::PathBuf, process::Command};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::Raw;
use super::super::format::{self, Format, Response};
use super::WorkerExit;
use super::launcher::Launcher;
use super::pool::Inner;
use super::rules::Rules;
use super::server::Server;
use super::set::WorkerSet;

/// Describes a set of workers. Begun by [`WorkerSet::builder`].
#[must_use]
pub struct WorkerSetBuilder<S, R, W> {
    count: Option<u32>,
    /// May not have a path yet.
    launcher: Launcher,
    has_path: bool,
    rules: Rules,
    format: Format<Response<R>, W>,
    server: PhantomData<fn() -> S>,
}

impl<S, R, W> WorkerSet<S, R, W>
where
    S: Server,
    R: DeserializeOwned + Send + 'static,
    W: Serialize + Send + 'static,
{
    /// Begins to describe a set.
    pub fn builder() -> WorkerSetBuilder<S, R, W> {
        WorkerSetBuilder::default()
    }
}

impl<S: Server> WorkerSet<S, Raw, Raw> {
    /// Begins to describe a set whose payloads are left as the bytes that they are.
    pub fn raw_builder() -> WorkerSetBuilder<S, Raw, Raw> {
        WorkerSetBuilder::raw()
    }
}

impl<S, R, W> fmt::Debug for WorkerSetBuilder<S, R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("WorkerSetBuilder");
        all.field("worker_count", &self.count).field("launcher", &self.launcher);
        all.finish_non_exhaustive()
    }
}

impl<S, R: DeserializeOwned, W: Serialize> Default for WorkerSetBuilder<S, R, W> {
    fn default() -> Self {
        Self::new(format::host())
    }
}

impl<S> WorkerSetBuilder<S, Raw, Raw> {
    pub(super) fn raw() -> Self {
        Self::new(format::raw_host())
    }
}

impl<S, R, W> WorkerSetBuilder<S, R, W> {
    fn new(format: Format<Response<R>, W>) -> Self {
        Self {
            count: None,
            launcher: initial(),
            has_path: false,
            rules: Rules::default(),
            format,
            server: PhantomData,
        }
    }

    /// The number of workers. Default: the number of processors that this process may use.
    pub fn worker_count(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Replaces all settings of how workers are started.
    pub fn launcher(mut self, launcher: Launcher) -> Self {
        self.launcher = launcher;
        self.has_path = true;
        self
    }

    /// As [`Launcher::connect_timeout`].
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.launcher = self.launcher.connect_timeout(timeout);
        self
    }

    /// As [`Launcher::max_message_bytes`].
    pub fn max_message_bytes(mut self, most: usize) -> Self {
        self.launcher = self.launcher.max_message_bytes(most);
        self
    }

    /// As [`Launcher::max_queued_bytes`].
    pub fn max_queued_bytes(mut self, most: usize) -> Self {
        self.launcher = self.launcher.max_queued_bytes(most);
        self
    }

    /// How many jobs may wait for a worker, first come, first served. Default: 0.
    pub fn queue(mut self, most: usize) -> Self {
        self.rules.queue = most;
        self
    }

    /// Whether a worker that has ended is replaced. Default: `true`.
    pub fn respawn(mut self, respawn: bool) -> Self {
        self.rules.respawn = respawn;
        self
    }

    /// Whether a worker that ends without a job is replaced, too. Default: `true`.
    pub fn respawn_idle(mut self, respawn: bool) -> Self {
        self.rules.respawn_idle = respawn;
        self
    }

    /// The pause before a worker is started again, if the start failed, or if two workers in a row ended within a
    /// second without having been given a job. It is `first`, then twice as long each time, up to `longest`.
    /// Default: 100 ms, 10 s.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.rules.backoff = (first, longest);
        self
    }

    /// Called for each worker of the set that has ended, on a thread of the runtime.
    pub fn on_exit(mut self, call: impl Fn(&WorkerExit) + Send + Sync + 'static) -> Self {
        self.rules.on_exit = Some(Arc::new(call));
        self
    }
}

#[cfg(feature = "ipc2")]
impl<S, R, W> WorkerSetBuilder<S, R, W> {
    /// The program of a worker. Required.
    pub fn worker_path<P: Into<PathBuf>>(mut self, path: P) -> Self {
        self.launcher.set_path(path.into());
        self.has_path = true;
        self
    }

    /// As [`Launcher::configure`].
    pub fn configure(mut self, with: impl Fn(&mut Command) + Send + Sync + 'static) -> Self {
        self.launcher = self.launcher.configure(with);
        self
    }
}

/// Has no path yet.
fn initial() -> Launcher {
    #[cfg(feature = "ipc2")]
    return Launcher::new(PathBuf::new());
    #[cfg(not(feature = "ipc2"))]
    Launcher::default()
}

impl<S: Server, R: Send + 'static, W: Send + 'static> WorkerSetBuilder<S, R, W> {
    /// Starts all workers, and waits until they have connected.
    ///
    /// # Errors
    /// A worker cannot be started ([`Launcher::spawn`]). The others are then killed.
    ///
    /// # Panics
    /// Without a path.
    pub async fn finish(self) -> io::Result<WorkerSet<S, R, W>> {
        assert!(self.has_path, "No worker path set!");
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
        let count = self.count.unwrap_or_else(cores);
        let (launcher, format) = (self.launcher, self.format);
        let launch = move || -> super::pool::Launching<R, W> {
            Box::pin(launcher.launch::<S, R, W>(format))
        };
        let inner = Inner::new(count, Arc::new(launch), self.rules);
        inner.launch_all().await?.into_iter().for_each(|worker| inner.add(worker));
        Ok(WorkerSet::new(inner))
    }
}
