//! One worker as the host sees it: its jobs, its connection, its process. Only the type of the answers is
//! generic; what is sent arrives here as frames.
//!
//! It has two tasks: one reads and writes, one waits for the process to end. Both end with the process. A program
//! may run the first one by means of its own.

use std::collections::HashMap;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::process::{LINGER, Process};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout;

use super::super::format::Response;
use super::super::incoming::{End, Incoming};
use super::super::outgoing::Outgoing;
use super::super::payload::Error;
use super::super::tasks::Spawner;
use super::WorkerExit;
use crate::engine::codec::length;

/// The limits of a session, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest message.
    pub message: usize,
    /// The most bytes that wait to be sent.
    pub queued: usize,
}

/// Why a worker sends nothing more.
enum Silence {
    /// The connection has ended, or failed for this reason.
    Ended(Option<String>),
    /// It sent something that is not a message.
    Misbehaved(String),
}

/// From this many unanswered jobs on, those that were given up are forgotten.
const MANY_JOBS: usize = 64;

/// A worker.
pub struct Session<R> {
    /// Its process id.
    pub pid: u32,
    /// Sends to it.
    pub out: Outgoing,
    /// Its limits.
    pub limits: Limits,
    jobs: Mutex<Jobs<R>>,
    /// Something was sent to it.
    used: AtomicBool,
    kill: Notify,
    exit: watch::Sender<Option<Arc<WorkerExit>>>,
}

struct Jobs<R> {
    next: u32,
    waiting: HashMap<u32, oneshot::Sender<R>>,
    /// The connection is up.
    online: bool,
}

/// See [`Format`](super::super::format::Format): what decodes, and what is kept.
type Decode<R> = (fn(&Bytes, &[u8]) -> Result<Response<R>, Error>, usize);

/// Begins to talk to a worker that has connected.
pub fn start<R: Send + 'static>(
    (reader, writer): (
        impl AsyncRead + Send + Unpin + 'static,
        impl AsyncWrite + Send + Unpin + 'static,
    ),
    child: Process,
    decode: Decode<R>,
    limits: Limits,
    tasks: &Spawner,
) -> Arc<Session<R>> {
    let session = Arc::new(Session {
        pid: child.id(),
        out: Outgoing::new(writer, limits.queued),
        limits,
        jobs: Mutex::new(Jobs { next: 0, waiting: HashMap::new(), online: true }),
        used: AtomicBool::new(false),
        kill: Notify::new(),
        exit: watch::Sender::new(None),
    });
    let (mut tx, talking) = oneshot::channel();
    let talk = session.clone().talk(reader, decode);
    tasks.spawn(async move {
        tokio::select! {
            silence = talk => drop(tx.send(silence)),
            () = tx.closed() => {} // the receiver is gone
        }
    });
    tokio::spawn(session.clone().supervise(child, talking, Ends(session.clone())));
    session
}

impl<R> Session<R> {
    fn jobs(&self) -> MutexGuard<'_, Jobs<R>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a job whose answer goes to `tx`. `None`: the worker is offline.
    pub fn add_job(&self, tx: oneshot::Sender<R>) -> Option<u32> {
        let mut jobs = self.jobs();
        if !jobs.online {
            return None;
        }
        if jobs.waiting.len() >= MANY_JOBS {
            jobs.waiting.retain(|_, tx| !tx.is_closed());
        }
        // After four billion jobs, the number may be that of a job that is not answered yet.
        let mut id = jobs.next;
        while jobs.waiting.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        jobs.next = id.wrapping_add(1);
        jobs.waiting.insert(id, tx);
        Some(id)
    }

    /// Takes a job that is answered, or never will be. `None`: no job has this number.
    pub fn take_job(&self, id: u32) -> Option<oneshot::Sender<R>> {
        self.jobs().waiting.remove(&id)
    }

    /// Jobs that it has not answered.
    pub fn pending(&self) -> usize {
        self.jobs().waiting.len()
    }

    /// Whether jobs can be sent to it.
    pub fn is_online(&self) -> bool {
        self.jobs().online
    }

    /// Marks it as offline, before the task that reads and writes finds out.
    pub fn set_offline(&self) {
        self.jobs().online = false;
    }

    /// Records that something was sent.
    pub fn set_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Whether something was ever sent.
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Kills it.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Arc<WorkerExit>> {
        self.exit.borrow().clone()
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> Arc<WorkerExit> {
        let mut exit = self.exit.subscribe();
        let exit = exit.wait_for(Option::is_some).await;
        exit.ok().and_then(|exit| exit.clone()).expect("the sender is alive as long as we are")
    }

    /// Reads and writes until the connection ends.
    async fn talk(
        self: Arc<Self>,
        reader: impl AsyncRead + Send + Unpin,
        decode: Decode<R>,
    ) -> Silence {
        let read = self.read(reader, decode);
        tokio::pin!(read);
        let silence = tokio::select! {
            silence = &mut read => silence,
            error = self.out.run() => {
                // What it sent before it stopped reading is read first.
                let silence = timeout(LINGER, read).await;
                silence.unwrap_or_else(|_| Silence::Ended(Some(format!("writing to it failed ({error})"))))
            }
        };
        self.jobs().online = false;
        self.out.close();
        silence
    }

    async fn read(
        &self,
        reader: impl AsyncRead + Send + Unpin,
        (decode, keep): Decode<R>,
    ) -> Silence {
        let most = self.limits.message;
        let mut incoming = Incoming::new(reader, most, keep);
        loop {
            let batch = match incoming.next().await {
                Ok(batch) => batch,
                Err(End::Closed { truncated }) => {
                    return Silence::Ended(truncated.then(|| "it ended within a message".into()));
                }
                Err(End::Failed(error)) => {
                    return Silence::Ended(Some(format!("reading from it failed ({error})")));
                }
                Err(End::TooLong(len)) => {
                    let cause =
                        format!("it sent a message of {len} bytes, over the limit of {most}");
                    return Silence::Misbehaved(cause);
                }
            };
            for frame in batch.frames(length::HEADER) {
                match decode(&batch.bytes, frame) {
                    Ok((data, job_id)) => self.answer(job_id, data),
                    Err(error) => {
                        return Silence::Misbehaved(format!("it sent no message ({error})"));
                    }
                }
            }
        }
    }

    /// Drops an answer if its job was given up or never existed.
    fn answer(&self, job_id: u32, data: R) {
        if let Some(tx) = self.take_job(job_id) {
            let _ = tx.send(data);
        }
    }

    /// Waits until the process ends, or has to. Afterwards nothing of it is left.
    async fn supervise(
        self: Arc<Self>,
        mut child: Process,
        mut talking: oneshot::Receiver<Silence>,
        ends: Ends<R>,
    ) {
        let (status, cause) = tokio::select! {
            status = child.wait() => {
                let cause = match timeout(child.lingers(), &mut talking).await {
                    Ok(Ok(Silence::Misbehaved(cause))) => Some(cause),
                    _ => None,
                };
                (status, cause)
            }
            silence = &mut talking => match silence {
                Ok(Silence::Ended(cause)) => tokio::select! {
                    ended = timeout(child.lingers(), child.wait()) => match ended {
                        Ok(status) => (status, None),
                        Err(_) => {
                            let cause = cause.unwrap_or_else(|| "it closed its connection".into());
                            (kill(&mut child).await, Some(cause))
                        }
                    },
                    () = self.kill.notified() => (kill(&mut child).await, None),
                },
                Ok(Silence::Misbehaved(cause)) => (kill(&mut child).await, Some(cause)),
                Err(_) => (kill(&mut child).await, Some("reading its message has failed".into())), // a panic, of the types' own code
            },
            () = self.kill.notified() => (kill(&mut child).await, None),
        };
        drop(talking); // which ends it
        self.exit.send_replace(Some(Arc::new(WorkerExit {
            pid: self.pid,
            status: status.ok(),
            cause,
        })));
        drop(ends);
    }
}

/// Marks a worker as ended, however the task that supervises it ends (even with its runtime), so that nobody waits
/// for it.
struct Ends<R>(Arc<Session<R>>);

impl<R> Drop for Ends<R> {
    fn drop(&mut self) {
        let session = &self.0;
        session.out.close();
        session.exit.send_if_modified(|exit| {
            let cause = Some("the runtime of its host has ended".into());
            let unknown = || Arc::new(WorkerExit { pid: session.pid, status: None, cause });
            let is_missing = exit.is_none();
            exit.get_or_insert_with(unknown);
            is_missing
        });
        let mut jobs = session.jobs();
        jobs.online = false;
        let waiting = std::mem::take(&mut jobs.waiting);
        drop(jobs);
        drop(waiting); // the tasks that wait now see how it ended
    }
}

async fn kill(child: &mut Process) -> std::io::Result<ExitStatus> {
    child.kill();
    child.wait().await
}
