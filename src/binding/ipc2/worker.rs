//! A worker's jobs: taken from the host, one after the other, and answered by their numbers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use tokio::net::UnixStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::super::deliver::Payload;
use super::super::wake::WakeUp;
use super::mailbox::{Event, Mailbox};
use crate::engine::error::Error as EngineError;
use crate::engine::runtime::Runtime;
use crate::protocols::ipc2::Raw;
use crate::protocols::ipc2::host::workerset::JobError;
use crate::protocols::ipc2::worker::{ConnectError, Connector, Job};

/// Where the answer of a job goes.
type Answers = Arc<Mutex<HashMap<u32, oneshot::Sender<Raw>>>>;

/// See `src/js/ipc2/connection.js` for how it is used.
#[napi]
pub struct Ipc2Jobs {
    live: Option<Live>,
}

struct Live {
    /// The thread ends with it.
    _runtime: Runtime,
    mailbox: Arc<Mailbox>,
    wake: WakeUp,
    header: Uint32Array,
    answers: Answers,
}

#[napi]
impl Ipc2Jobs {
    /// Connects to the host at `target`. `wake` is called on the JS thread for each event, which `next` takes, at first
    /// that of number 0: whether it is connected.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        wake: Function<(), ()>,
        header: Uint32Array,
        target: String,
        most: f64,
        host: Option<u32>,
    ) -> Result<Self> {
        let wake = WakeUp::new(&env, wake)?;
        let runtime = Runtime::start()
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        let mailbox = Arc::new(Mailbox::new(wake.clone()));
        let answers = Answers::default();
        let connector = Connector::new().target(target).max_message_bytes(most as usize);
        let connector = host.into_iter().fold(connector, Connector::host);
        let entered = runtime.enter();
        tokio::spawn(receive(connector, mailbox.clone(), answers.clone()));
        drop(entered);
        Ok(Self { live: Some(Live { _runtime: runtime, mailbox, wake, header, answers }) })
    }

    /// Takes the next event.
    #[napi(catch_unwind)]
    pub fn next(&mut self) -> Payload {
        let Some(live) = &mut self.live else { return Payload::None };
        // SAFETY: the array is JavaScript's, which does not run meanwhile.
        live.mailbox.take(unsafe { live.header.as_mut() })
    }

    /// Answers a job. False: it is answered or given up already, or there is no host any more.
    #[napi(catch_unwind)]
    pub fn answer(&self, job: u32, data: &[u8]) -> bool {
        let raw = Raw(bytes::Bytes::copy_from_slice(data));
        self.take(job).is_some_and(|tx| tx.send(raw).is_ok())
    }

    /// Leaves a job without an answer.
    #[napi(catch_unwind)]
    pub fn give_up(&self, job: u32) {
        drop(self.take(job));
    }

    /// Keeps the event loop alive, or stops doing so.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        if let Some(live) = &self.live {
            live.wake.keep_alive(&env, on);
        }
    }

    /// Closes the connection and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.live = None;
    }
}

impl Ipc2Jobs {
    fn take(&self, job: u32) -> Option<oneshot::Sender<Raw>> {
        let answers = &self.live.as_ref()?.answers;
        answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&job)
    }
}

/// Connects, and tells of all jobs.
async fn receive(connector: Connector, mailbox: Arc<Mailbox>, answers: Answers) {
    match connector.connect_raw::<UnixStream>().await {
        Ok(jobs) => {
            mailbox.post(0, Event::Done);
            hand_out(jobs, &mailbox, &answers).await;
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

async fn hand_out(
    mut jobs: UnboundedReceiver<Job<Raw, Raw>>,
    mailbox: &Mailbox,
    answers: &Answers,
) {
    let mut number = 0u32;
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Bidirectional { data, tx } => {
                number = number.wrapping_add(1);
                answers.lock().unwrap_or_else(PoisonError::into_inner).insert(number, tx);
                mailbox.post(number, Event::Job(data));
            }
            Job::Unidirectional { data } => mailbox.post(0, Event::Note(data)),
        }
    }
}
