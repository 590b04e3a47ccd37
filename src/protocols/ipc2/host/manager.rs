//! One worker: the handle that a program holds, and the messages that it sends.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::format::Frame;
use super::super::payload::Error;
use super::WorkerExit;
use super::error::JobError;
pub use super::error::WorkerMessageError;
use super::session::Session;

/// What is sent to a worker.
#[derive(Debug)]
pub enum EventLoopMessage<R, W> {
    /// A job without an answer.
    Unidirectional {
        /// The job's data.
        data: W,
    },
    /// A job with an answer.
    Bidirectional {
        /// The job's data.
        data: W,
        /// Receives the answer. It is dropped if there will be no answer, because the worker has ended or
        /// the job could not be sent.
        tx: oneshot::Sender<R>,
    },
    /// Kills the worker.
    Close,
}

/// Why a message was not sent.
#[derive(Debug)]
pub(super) enum Unsent {
    /// The worker has ended.
    Offline,
    /// The message cannot be encoded, is too long, or too many bytes wait already.
    Message(io::Error),
}

/// A worker. Dropping it kills the worker.
pub struct WorkerHandle<R, W> {
    pub(super) session: Arc<Session<R>>,
    encode: Encode<W>,
    kills: bool,
}

type Encode<W> = fn(&W, Option<u32>, usize) -> Result<Frame, Error>;

impl<R, W> fmt::Debug for WorkerHandle<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerHandle").field("pid", &self.pid()).finish_non_exhaustive()
    }
}

impl<R, W> Drop for WorkerHandle<R, W> {
    fn drop(&mut self) {
        if self.kills {
            self.session.kill();
        }
    }
}

impl<R, W> WorkerHandle<R, W> {
    pub(super) fn new(session: Arc<Session<R>>, encode: Encode<W>) -> Self {
        Self { session, encode, kills: true }
    }

    /// Drops the handle of a worker whose connection has ended, without killing it: the session does that if the worker
    /// takes too long to end.
    pub(super) fn leave(mut self) {
        self.kills = false;
    }

    /// Sends a message. Jobs may be sent one after the other, without waiting for answers. A job that
    /// cannot be sent (it is over the limit, or its value cannot be encoded) is dropped, together with
    /// its `tx`.
    ///
    /// # Errors
    /// The worker has ended.
    pub fn send(&self, message: EventLoopMessage<R, W>) -> Result<(), WorkerMessageError> {
        let sent = match message {
            EventLoopMessage::Unidirectional { data } => self.submit_unidirectional(&data),
            EventLoopMessage::Bidirectional { data, tx } => self.submit(&data, tx),
            EventLoopMessage::Close => {
                self.session.kill();
                Ok(())
            }
        };
        match sent {
            Ok(()) | Err(Unsent::Message(_)) => Ok(()),
            Err(Unsent::Offline) => Err(WorkerMessageError::Offline),
        }
    }

    /// Sends a job whose answer goes to `tx`.
    pub(super) fn submit(&self, data: &W, tx: oneshot::Sender<R>) -> Result<(), Unsent> {
        let job_id = self.session.add_job(tx).ok_or(Unsent::Offline)?;
        self.submit_frame(data, Some(job_id)).inspect_err(|_| drop(self.session.take_job(job_id)))
    }

    pub(super) fn submit_unidirectional(&self, data: &W) -> Result<(), Unsent> {
        if self.session.is_online() { self.submit_frame(data, None) } else { Err(Unsent::Offline) }
    }

    fn submit_frame(&self, data: &W, job_id: Option<u32>) -> Result<(), Unsent> {
        let frame = (self.encode)(data, job_id, self.session.limits.message)
            .map_err(|error| Unsent::Message(error.into()))?;
        self.session.set_used();
        self.session.out.push(frame).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => {
                self.session.set_offline(); // so that it is not taken again
                Unsent::Offline
            }
            _ => Unsent::Message(error),
        })
    }

    /// The process id of the worker.
    pub fn pid(&self) -> u32 {
        self.session.pid
    }

    /// The number of jobs that were sent to the worker and are not answered.
    pub fn pending(&self) -> usize {
        self.session.pending()
    }

    /// How the worker ended, if it has.
    pub fn exit(&self) -> Option<WorkerExit> {
        self.session.exit().map(|exit| WorkerExit::clone(&exit))
    }

    /// Waits until the worker has ended. The future does not keep the worker alive.
    pub fn ended(&self) -> impl Future<Output = WorkerExit> + Send + use<R, W>
    where
        R: Send + 'static,
    {
        let session = self.session.clone();
        async move { WorkerExit::clone(&*session.ended().await) }
    }

    /// Sends a job at once, however busy the worker is. The future waits for the answer, without a limit.
    ///
    /// # Errors
    /// [`JobError::Offline`] or [`JobError::Io`].
    pub fn request(&self, data: &W) -> impl Future<Output = Result<R, JobError>> + Send + use<R, W>
    where
        R: Send + 'static,
    {
        let (tx, answer) = oneshot::channel();
        let sent = self.submit(data, tx);
        let session = self.session.clone();
        async move {
            let offline = || JobError::Offline(session.exit().map(|exit| WorkerExit::clone(&exit)));
            match sent {
                Ok(()) => answer.await.map_err(|_| offline()),
                Err(Unsent::Offline) => Err(offline()),
                Err(Unsent::Message(error)) => Err(JobError::Io(error)),
            }
        }
    }

    /// Sends a job without an answer, at once.
    ///
    /// # Errors
    /// [`JobError::Offline`] or [`JobError::Io`].
    pub fn notify(&self, data: &W) -> Result<(), JobError> {
        self.submit_unidirectional(data).map_err(|unsent| match unsent {
            Unsent::Offline => JobError::Offline(self.exit()),
            Unsent::Message(error) => JobError::Io(error),
        })
    }
}
