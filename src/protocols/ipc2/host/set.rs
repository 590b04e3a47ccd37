//! A set of workers, of which each has one job at a time. Described, and begun, in builder.rs.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::error::{JobError, WorkerSetJobError};
use super::lease::Lease;
use super::manager::{Unsent, WorkerHandle};
use super::pool::Inner;

/// Workers that jobs are given to: of type `W`, with answers of type `R`, over an `S`.
///
/// Each worker has one job at a time. Dropping the set kills its workers.
pub struct WorkerSet<S, R, W> {
    inner: Arc<Inner<R, W>>,
    server: PhantomData<fn() -> S>,
}

impl<S, R, W> fmt::Debug for WorkerSet<S, R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerSet").finish_non_exhaustive()
    }
}

/// What happens to a worker that has not answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutAction {
    /// It is killed, and another one takes its place.
    Restart,
    /// It goes on with the job, whose answer is then dropped. It can be given the next job at once, which waits
    /// behind this one; workers without a job are preferred.
    Error,
}

impl<S, R: Send + 'static, W: Send + 'static> WorkerSet<S, R, W> {
    pub(super) fn new(inner: Arc<Inner<R, W>>) -> Self {
        Self { inner, server: PhantomData }
    }

    /// The same set. Over what its workers are reached, those to come, too, was decided when it was started.
    pub fn over<T>(self) -> WorkerSet<T, R, W> {
        WorkerSet { inner: self.inner, server: PhantomData }
    }

    /// Gives a job to a worker, and waits for the answer: for ever, if the worker lives on and does not answer.
    ///
    /// The worker that was free last is taken. If none is, the error is immediate, unless jobs may wait
    /// ([`WorkerSetBuilder::queue`](super::workerset::WorkerSetBuilder::queue)) or a worker is just being started. When the future is dropped, the worker
    /// goes on with the job, as with [`TimeoutAction::Error`].
    ///
    /// # Errors
    /// [`WorkerSetJobError`], but not its `Timeout`.
    pub async fn send(&self, data: W) -> Result<R, WorkerSetJobError> {
        Ok(self.request(data, None).await?)
    }

    /// The same, but no longer than `timeout`.
    ///
    /// # Errors
    /// [`WorkerSetJobError`].
    pub async fn send_timeout(
        &self,
        data: W,
        timeout: Duration,
        action: TimeoutAction,
    ) -> Result<R, WorkerSetJobError> {
        Ok(self.request(data, Some((timeout, action))).await?)
    }

    /// Gives a job without an answer to a worker. It is then free at once.
    ///
    /// # Errors
    /// [`WorkerSetJobError`], but not its `Timeout`.
    pub async fn send_unidirectional(&self, data: W) -> Result<(), WorkerSetJobError> {
        Ok(self.notify(data).await?)
    }

    /// [`WorkerSet::send`] or [`WorkerSet::send_timeout`], with an error that says how a worker ended.
    ///
    /// # Errors
    /// [`JobError`].
    pub async fn request(
        &self,
        data: W,
        limit: Option<(Duration, TimeoutAction)>,
    ) -> Result<R, JobError> {
        self.request_held(data, limit).await.map(|(answer, _)| answer)
    }

    /// The same, for whoever passes the answer on to another thread: so that nobody is given the worker before that
    /// thread knows of the answer, what comes with it is to be kept until then. Where jobs wait for a worker, they
    /// get it at once.
    ///
    /// # Errors
    /// [`JobError`].
    pub async fn request_held(
        &self,
        data: W,
        limit: Option<(Duration, TimeoutAction)>,
    ) -> Result<(R, Held<R, W>), JobError> {
        let deadline = limit.and_then(|(timeout, _)| Instant::now().checked_add(timeout));
        let (lease, answer) = loop {
            let lease = within(deadline, self.inner.take()).await??;
            let (tx, rx) = oneshot::channel();
            match lease.worker().submit(&data, tx) {
                Ok(()) => break (lease, rx),
                Err(Unsent::Offline) => {} // nothing was sent to it
                Err(Unsent::Message(error)) => return Err(JobError::Io(error)),
            }
        };
        match within(deadline, answer).await {
            Ok(Ok(answer)) => Ok((answer, Held(lease.unless_others_wait()))),
            Ok(Err(_)) => Err(JobError::Offline(lease.worker().exit())),
            Err(error) => {
                if limit.is_some_and(|(_, action)| action == TimeoutAction::Restart) {
                    lease.replace();
                }
                Err(error)
            }
        }
    }

    /// [`WorkerSet::send_unidirectional`], with such an error.
    ///
    /// # Errors
    /// [`JobError`], but not its `Timeout`.
    pub async fn notify(&self, data: W) -> Result<(), JobError> {
        loop {
            let lease = self.inner.take().await?;
            match lease.worker().submit_unidirectional(&data) {
                Ok(()) => return Ok(()),
                Err(Unsent::Offline) => {}
                Err(Unsent::Message(error)) => return Err(JobError::Io(error)),
            }
        }
    }

    /// Starts as many workers as the set had at first; then they take the place of all others. One that has a
    /// job finishes it first.
    ///
    /// # Errors
    /// A worker cannot be started. The set is then as before.
    pub async fn restart(&self) -> io::Result<()> {
        self.inner.restart().await
    }

    /// Takes a worker without a job out of the set.
    pub fn pop_worker(&self) -> Option<WorkerHandle<R, W>> {
        self.inner.pop()
    }

    /// Adds a worker to the set.
    pub fn add_worker(&self, worker: WorkerHandle<R, W>) {
        self.inner.add(worker);
    }

    /// Ends the workers: each finishes its job, and sees the end of its connection. Those that have not ended
    /// after `patience` are killed.
    pub async fn close(&self, patience: Duration) {
        self.inner.close(patience).await;
    }

    /// The process ids of the workers in the set.
    pub fn pids(&self) -> Vec<u32> {
        self.inner.pids()
    }

    /// Workers without a job.
    pub fn available(&self) -> usize {
        self.inner.available()
    }
}

/// A worker that has answered, and is given no other job until this is dropped.
pub struct Held<R, W>(#[allow(dead_code, reason = "dropped")] Option<Lease<R, W>>);

impl<R, W> fmt::Debug for Held<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

impl<R, W> Lease<R, W> {
    fn worker(&self) -> &WorkerHandle<R, W> {
        &self.member().worker
    }
}

async fn within<T>(
    deadline: Option<Instant>,
    future: impl Future<Output = T>,
) -> Result<T, JobError> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.map_err(|_| JobError::Timeout),
        None => Ok(future.await),
    }
}
