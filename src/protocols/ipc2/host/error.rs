//! Why a job was not done or a message not sent: ipc2's errors with their texts, and errors that say more.
//! Returned to programs by [`manager`](super::manager) and [`workerset`](super::workerset).

use std::io;

use super::WorkerExit;

/// Why a message was not sent to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkerMessageError {
    /// The worker has ended. [`WorkerHandle::exit`](super::manager::WorkerHandle::exit) says how.
    #[error("This worker is offline.")]
    Offline,
}

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
pub enum WorkerSetJobError {
    /// All workers are busy, and no more jobs may wait.
    #[error("No available workers in this set!")]
    NoWorker,
    /// The worker has ended. [`WorkerSet::request`](super::workerset::WorkerSet::request) says how.
    #[error("{0}")]
    WorkerMessageError(#[from] WorkerMessageError),
    /// The job could not be sent: it is over the size limit, or its value cannot be encoded
    /// ([`payload`](crate::protocols::ipc2::payload)).
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There was no answer in time.
    #[error("Failed to receive response in time")]
    Timeout,
}

/// The same errors, with what is known about the end of the worker.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// As [`WorkerSetJobError::NoWorker`].
    #[error("No available workers in this set!")]
    NoWorker,
    /// The worker has ended. The value says how, if that is known.
    #[error("This worker is offline.{}", detail(.0))]
    Offline(Option<WorkerExit>),
    /// As [`WorkerSetJobError::Io`].
    #[error("{0}")]
    Io(#[from] io::Error),
    /// As [`WorkerSetJobError::Timeout`].
    #[error("Failed to receive response in time")]
    Timeout,
}

fn detail(exit: &Option<WorkerExit>) -> String {
    exit.as_ref().map(|exit| format!(" ({exit})")).unwrap_or_default()
}

impl From<JobError> for WorkerSetJobError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::NoWorker => WorkerSetJobError::NoWorker,
            JobError::Offline(_) => WorkerMessageError::Offline.into(),
            JobError::Io(error) => error.into(),
            JobError::Timeout => WorkerSetJobError::Timeout,
        }
    }
}
