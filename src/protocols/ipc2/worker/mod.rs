//! The worker's side: jobs from the host that started this process.

use std::env;
use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender};
use tokio::sync::{mpsc, oneshot};

use self::client::Client;
use super::format::{self, Format, Request};
use super::incoming::Incoming;
use super::message::{ClientSocketMessage, ServerSocketMessage};
use super::socket::{SocketReader, SocketWriter};
use super::tasks::{Spawner, Task};
use super::{MAX_MESSAGE_BYTES, Raw, SOCKET_ENV_VAR};
use crate::engine::codec::length;

pub mod client;

/// The reader for a worker that reads its socket itself.
pub type ClientSocketReader<C, R> = SocketReader<<C as Client>::Reader, ServerSocketMessage<R>>;

/// The writer for a worker that writes to its socket itself.
pub type ClientSocketWriter<C, W> = SocketWriter<<C as Client>::Writer, ClientSocketMessage<W>>;

/// A job.
#[derive(Debug)]
pub enum Job<R, W> {
    /// A job without an answer.
    Unidirectional {
        /// The job's data.
        data: R,
    },
    /// A job with an answer. The next job comes when `tx` has been used or dropped.
    Bidirectional {
        /// The job's data.
        data: R,
        /// Takes the answer. If it is dropped, no answer is sent: the host then waits as long as it
        /// likes.
        tx: oneshot::Sender<W>,
    },
}

/// Why a worker could not connect to a host.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// This process was not started as a worker: [`SOCKET_ENV_VAR`] is not set.
    #[error("Socket environment variable not set")]
    SocketVariableNotFound,
    /// The connection failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Connects to the host that started this process. The jobs end (`recv()` returns `None`) when the host is
/// gone, when it sends something that is not a message, or when an answer cannot be sent.
///
/// Jobs without an answer wait in the channel, without a limit. If a worker may be slower than its host, the host
/// should now and then send a job with an answer and wait for it.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect<C, R, W>() -> Result<UnboundedReceiver<Job<R, W>>, ConnectError>
where
    C: Client,
    R: DeserializeOwned + Send + 'static,
    W: Serialize + Send + 'static,
{
    Connector::new().connect::<C, R, W>().await
}

/// How a worker connects to its host.
///
/// ```no_run
/// # #[cfg(unix)] async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ferripc::protocols::ipc2::worker::Connector;
/// use tokio::net::UnixStream;
///
/// let jobs = Connector::new().max_message_bytes(1 << 20).connect::<UnixStream, String, String>().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Connector {
    target: Option<String>,
    host: Option<u32>,
    most: usize,
    tasks: Spawner,
}

impl Default for Connector {
    fn default() -> Self {
        Self { target: None, host: None, most: MAX_MESSAGE_BYTES, tasks: Spawner::default() }
    }
}

impl Connector {
    /// Connects as [`connect`] does.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the host listens. Default: the value of [`SOCKET_ENV_VAR`].
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Ends this process when the host with this process id ends, if that is its parent. Linux only. Default,
    /// unless `target` is set: the value of [`HOST_PID_ENV_VAR`](super::HOST_PID_ENV_VAR).
    #[must_use]
    pub fn host(mut self, pid: u32) -> Self {
        self.host = Some(pid);
        self
    }

    /// The longest message, in bytes. Default: [`MAX_MESSAGE_BYTES`].
    #[must_use]
    pub fn max_message_bytes(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Runs the task that reads and writes by `spawn`, instead of on tokio's runtime.
    #[must_use]
    pub fn tasks(mut self, spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        self.tasks = Spawner::new(spawn);
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect<C, R, W>(&self) -> Result<UnboundedReceiver<Job<R, W>>, ConnectError>
    where
        C: Client,
        R: DeserializeOwned + Send + 'static,
        W: Serialize + Send + 'static,
    {
        let (tx, jobs) = mpsc::unbounded_channel();
        self.open::<C, R, W>(format::worker(), Outlet::Unbounded(tx)).await?;
        Ok(jobs)
    }

    /// The same, with payloads that stay bytes. At most one job that has arrived waits to be received; others wait
    /// at the host.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect_raw<C: Client>(&self) -> Result<Receiver<Job<Raw, Raw>>, ConnectError> {
        let (tx, jobs) = mpsc::channel(1);
        self.open::<C, Raw, Raw>(format::raw_worker(), Outlet::Bounded(tx)).await?;
        Ok(jobs)
    }

    async fn open<C: Client, R: Send + 'static, W: Send + 'static>(
        &self,
        format: Format<Request<R>, W>,
        jobs: Outlet<R, W>,
    ) -> Result<(), ConnectError> {
        let (target, host) = match &self.target {
            Some(target) => (target.clone(), self.host),
            None => {
                let target =
                    env::var(SOCKET_ENV_VAR).map_err(|_| ConnectError::SocketVariableNotFound)?;
                let host = env::var(super::HOST_PID_ENV_VAR).ok().and_then(|pid| pid.parse().ok());
                (target, self.host.or(host))
            }
        };
        end_with(host)?;
        let connecting = C::connect(&target).await?.into_parts();
        let (reader, writer) = connecting.await?;
        let session = Loop { writer, format, most: self.most, jobs };
        self.tasks.spawn(async { _ = session.run(reader).await });
        Ok(())
    }
}

/// Has this process killed when `host` ends, if that is its parent.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn end_with(host: Option<u32>) -> io::Result<()> {
    // SAFETY: a system call without pointers, which cannot fail.
    let parent = || unsafe { libc::getppid() } as u32;
    if host.is_none_or(|host| host != parent()) {
        return Ok(());
    }
    // SAFETY: a system call without pointers.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let ended = host.is_some_and(|host| host != parent()); // it had ended before the signal was requested
    if ended { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn end_with(_host: Option<u32>) -> io::Result<()> {
    Ok(())
}

/// Hands out one job after the other.
struct Loop<Writer, R, W> {
    writer: Writer,
    format: Format<Request<R>, W>,
    most: usize,
    jobs: Outlet<R, W>,
}

/// Where jobs go.
enum Outlet<R, W> {
    Unbounded(UnboundedSender<Job<R, W>>),
    Bounded(Sender<Job<R, W>>),
}

impl<R, W> Outlet<R, W> {
    /// Waits until the receiver of the jobs is gone.
    async fn closed(&self) {
        match self {
            Outlet::Unbounded(tx) => tx.closed().await,
            Outlet::Bounded(tx) => tx.closed().await,
        }
    }

    /// `None`: the receiver of the jobs is gone.
    async fn send(&self, job: Job<R, W>) -> Option<()> {
        match self {
            Outlet::Unbounded(tx) => tx.send(job).ok(),
            Outlet::Bounded(tx) => tx.send(job).await.ok(),
        }
    }
}

impl<Writer: AsyncWrite + Unpin, R, W> Loop<Writer, R, W> {
    async fn run(mut self, reader: impl AsyncRead + Unpin) -> Option<()> {
        let mut incoming = Incoming::new(reader, self.most, self.format.keep);
        loop {
            let batch = tokio::select! {
                batch = incoming.next() => batch.ok()?,
                () = self.jobs.closed() => return None,
            };
            for frame in batch.frames(length::HEADER) {
                self.hand_out(&batch.bytes, frame).await?;
            }
        }
    }

    /// Hands out the job in a frame, and waits until it is done. `None`: no more jobs will come.
    async fn hand_out(&mut self, bytes: &Bytes, frame: &[u8]) -> Option<()> {
        let (data, job_id) = (self.format.decode)(bytes, frame).ok()?;
        let Some(job_id) = job_id else {
            return self.jobs.send(Job::Unidirectional { data }).await;
        };
        let (tx, rx) = oneshot::channel();
        self.jobs.send(Job::Bidirectional { data, tx }).await?;
        if let Ok(answer) = rx.await {
            let frame = (self.format.encode)(&answer, Some(job_id), self.most).ok()?;
            self.writer.write_all_buf(&mut frame.into_buf()).await.ok()?;
            self.writer.flush().await.ok()?;
        }
        Some(())
    }
}
