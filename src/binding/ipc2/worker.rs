//! A worker's jobs, received from the host one after the other and answered by their numbers.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use tokio::net::UnixStream;
use tokio::sync::mpsc::Receiver;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::timeout;

use super::super::deliver::Payload;
use super::super::kept::Numbers;
use super::mailbox::{Event, Mailbox};
use super::port::{Place, Port};
use crate::engine::panics::{caught_in, point};
use crate::protocols::ipc2::Raw;
use crate::protocols::ipc2::host::workerset::JobError;
use crate::protocols::ipc2::on_loop::LoopStream;
use crate::protocols::ipc2::worker::{ConnectError, Connector, Job};

/// The most that jobs without an answer may take, roughly, in kB, while JavaScript has been told of them and has not
/// taken them. A job counts at least 1 kB. Other jobs wait at the host.
const MOST_NOTES: u32 = 1024;

/// The jobs that JavaScript has been told of.
struct Open {
    /// Where the answer of a job goes.
    answers: Mutex<HashMap<u32, oneshot::Sender<Raw>>>,
    /// How much of the limit each job without an answer takes, in order.
    notes: Mutex<VecDeque<u32>>,
    window: Semaphore,
    /// No more jobs are wanted.
    finish: Notify,
    /// How many answers were given that have not left.
    unsent: AtomicUsize,
}

/// An answer, which is dropped when it has left or cannot leave any more.
struct Leaving {
    data: Vec<u8>,
    open: Arc<Open>,
}

/// How long the last answers may take to be sent when no more jobs are wanted, or when the process exits.
const LINGER: Duration = Duration::from_secs(2);

/// See `src/js/ipc2/connection.js` for how it is used.
#[napi]
pub struct Ipc2Jobs {
    live: Option<Live>,
}

struct Live {
    open: Arc<Open>,
    port: Port,
}

#[napi]
impl Ipc2Jobs {
    /// Connects to the host at `target`. [`Port::new`] says what is called with each event. The first event, with the
    /// number 0, says whether it is connected.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        wake: Function<(), ()>,
        turn: Option<Function<Unknown, ()>>,
        header: Numbers,
        target: String,
        most: f64,
        host: Option<u32>,
    ) -> Result<Self> {
        let port = Port::new(&env, wake, turn, header)?;
        let (answers, notes, finish, unsent) = Default::default();
        let window = Semaphore::new(MOST_NOTES as usize);
        let open = Arc::new(Open { answers, notes, window, finish, unsent });
        let connector = Connector::new().target(target).max_message_bytes(most as usize);
        let connector = host.into_iter().fold(connector, Connector::host);
        let (place, mailbox) = (port.place(), port.mailbox().clone());
        port.within(|| place.spawn(receive(connector, place.clone(), mailbox, open.clone())));
        Ok(Self { live: Some(Live { open, port }) })
    }

    /// Takes the next event.
    #[napi(catch_unwind)]
    pub fn next(&self) -> Payload {
        self.live.as_ref().map_or(Payload::None, |live| live.port.next())
    }

    /// Answers a job. False: the job is answered or given up already, or the host is gone.
    #[napi(catch_unwind)]
    pub fn answer(&self, job: u32, data: &[u8]) -> bool {
        let Some(live) = &self.live else { return false };
        let raw = Leaving::begin(data, live.open.clone());
        self.with(job, |tx| tx.send(raw).is_ok()).unwrap_or(false)
    }

    /// Waits until all answers have left: the process exits. Whether they have.
    #[napi(catch_unwind)]
    pub fn hand_over(&self) -> bool {
        let Some(live) = &self.live else { return true };
        live.port.block(LINGER, || live.open.unsent.load(Ordering::Acquire) == 0)
    }

    /// Leaves a job without an answer.
    #[napi(catch_unwind)]
    pub fn give_up(&self, job: u32) {
        self.with(job, drop);
    }

    /// Ends the jobs. Answers that were given are sent; then the event of the end follows.
    #[napi(catch_unwind)]
    pub fn finish(&self) {
        let Some(live) = &self.live else { return };
        live.port.within(|| {
            lock(&live.open.answers).clear();
            live.open.finish.notify_one();
        });
    }

    /// JavaScript has taken the oldest job without an answer.
    #[napi(catch_unwind)]
    pub fn took(&self) {
        let Some(live) = &self.live else { return };
        let weight = lock(&live.open.notes).pop_front().unwrap_or_default();
        live.port.within(|| live.open.window.add_permits(weight as usize));
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        if let Some(live) = &self.live {
            live.port.keep_alive(&env, on);
        }
    }

    /// Closes the connection and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.live = None;
    }
}

impl Leaving {
    fn begin(data: &[u8], open: Arc<Open>) -> Raw {
        open.unsent.fetch_add(1, Ordering::Relaxed);
        Raw(bytes::Bytes::from_owner(Self { data: data.to_vec(), open }))
    }
}

impl AsRef<[u8]> for Leaving {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.open.unsent.fetch_sub(1, Ordering::Release);
    }
}

impl Ipc2Jobs {
    /// Ends a job.
    fn with<T>(&self, job: u32, act: impl FnOnce(oneshot::Sender<Raw>) -> T) -> Option<T> {
        let live = self.live.as_ref()?;
        let tx = lock(&live.open.answers).remove(&job)?;
        Some(live.port.within(|| act(tx)))
    }
}

/// Connects, and reports all jobs.
async fn receive(connector: Connector, place: Place, mailbox: Arc<Mailbox>, open: Arc<Open>) {
    let on_loop = matches!(place, Place::Loop(_));
    let (ended, end) = oneshot::channel::<()>();
    let ended = Mutex::new(Some(ended));
    let connector = connector.tasks(move |task| {
        let ended = lock(&ended).take();
        place.spawn(async {
            task.await;
            drop(ended);
        });
    });
    let connecting = async {
        point("worker");
        match on_loop {
            true => connector.connect_raw::<LoopStream>().await,
            false => connector.connect_raw::<UnixStream>().await,
        }
    };
    let Some(connected) = caught_in(connecting).await else {
        return mailbox.post(0, Event::panicked());
    };
    match connected {
        Ok(jobs) => {
            mailbox.post(0, Event::Done);
            tokio::select! {
                _ = caught_in(hand_out(jobs, &mailbox, &open)) => {}
                () = open.finish.notified() => {}
            }
            lock(&open.answers).clear();
            // The last answer is sent, but a host that does not take it is not waited for.
            let _ = timeout(LINGER, end).await;
            mailbox.post(0, Event::End);
        }
        Err(error) => {
            let error = match error {
                ConnectError::Io(error) => error,
                other => std::io::Error::other(other),
            };
            mailbox.post(0, Event::Failed(JobError::Io(error)));
        }
    }
}

async fn hand_out(mut jobs: Receiver<Job<Raw, Raw>>, mailbox: &Mailbox, open: &Open) {
    let mut number = 0u32;
    while let Some(job) = jobs.recv().await {
        point("hand-out");
        match job {
            Job::Bidirectional { data, tx } => {
                number = number.wrapping_add(1);
                lock(&open.answers).insert(number, tx);
                mailbox.post(number, Event::Job(data));
            }
            Job::Unidirectional { data } => {
                let weight = (1 + data.0.len() / 1024).min(MOST_NOTES as usize) as u32;
                let Ok(room) = open.window.acquire_many(weight).await else { return };
                room.forget();
                lock(&open.notes).push_back(weight);
                mailbox.post(0, Event::Note(data));
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
