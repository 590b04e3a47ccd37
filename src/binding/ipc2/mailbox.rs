//! Events for JavaScript, which handles each in a separate turn.

use std::cell::RefMut;
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};

use super::super::deliver::Payload;
use super::super::kept::Numbers;
use crate::engine::error::Error;
use crate::engine::panics;
use crate::protocols::ipc2::Raw;
use crate::protocols::ipc2::host::WorkerExit;
use crate::protocols::ipc2::host::workerset::{Held, JobError};

/// What has happened. Mirrored in `src/js/engine/ipc2-native.js`.
pub enum Event {
    /// A call has succeeded.
    Done,
    /// A job is done. Its worker can have the next one once JavaScript has the answer.
    Answer(Raw, Option<Held<Raw, Raw>>),
    /// A call has failed.
    Failed(JobError),
    /// A worker has ended.
    Exit(WorkerExit),
    /// A job that needs an answer.
    Job(Raw),
    /// A job without an answer.
    Note(Raw),
    /// There will be no more jobs.
    End,
    /// Start a process, for the set or worker.
    Start { number: u32, target: String },
    /// Kill a process.
    Kill,
}

/// See the module's page.
#[derive(Default)]
pub struct Mailbox {
    events: Mutex<Events>,
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct Events {
    queue: VecDeque<(u32, Event)>,
    /// Nobody will take any more.
    closed: bool,
}

impl Mailbox {
    /// Calls `wake` for each event.
    pub fn set_wake(&self, wake: impl Fn() + Send + Sync + 'static) {
        let _ = self.wake.set(Box::new(wake));
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts an event of `id`.
    pub fn post(&self, id: u32, event: Event) {
        self.put(id, event);
        self.wake();
    }

    /// The first half of `post`: does not call `wake`.
    pub fn put(&self, id: u32, event: Event) {
        let mut events = self.events();
        if !events.closed {
            events.queue.push_back((id, event));
        }
    }

    /// Drops all events, those to come, too. An answer that is kept here would keep its set, which has this mailbox.
    pub fn close(&self) {
        let mut events = self.events();
        events.closed = true;
        let left = mem::take(&mut events.queue);
        drop(events);
        drop(left);
    }

    /// The second half of `post`.
    pub fn wake(&self) {
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }

    /// Drops the event of a cancelled call, and what the event holds. Processes have numbers of their own: one may be that
    /// of the call.
    pub fn forget(&self, id: u32) {
        let mut events = self.events();
        let its = |(whose, event): &(u32, Event)| *whose == id && event.ends_a_call();
        let queue = &mut events.queue;
        let event = queue.iter().position(its).and_then(|at| queue.remove(at));
        drop(events);
        drop(event);
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.events().queue.is_empty()
    }

    /// Takes the next event: writes its kind and number to `header`, and returns the rest.
    pub fn take(&self, mut header: RefMut<'_, Numbers>) -> Option<Payload> {
        let (id, event) = self.events().queue.pop_front()?;
        let (kind, payload) = event.into_parts();
        // SAFETY: the array belongs to JavaScript, which does not run meanwhile.
        let header = unsafe { header.as_mut() };
        header[..2].copy_from_slice(&[kind, id]);
        Some(payload)
    }
}

impl Event {
    /// The event for work that panicked.
    pub fn panicked() -> Self {
        Event::Failed(JobError::Io(io::Error::other(panics::MESSAGE)))
    }

    /// Whether its number is that of a call.
    fn ends_a_call(&self) -> bool {
        matches!(self, Event::Done | Event::Answer(..) | Event::Failed(_))
    }

    fn into_parts(self) -> (u32, Payload) {
        match self {
            Event::Done => (1, Payload::None),
            Event::Answer(Raw(bytes), held) => {
                drop(held);
                (1, Payload::Bytes(bytes))
            }
            Event::Failed(error) => (2, Payload::Json(failure(&error))),
            Event::Exit(exit) => (3, Payload::Json(ended(&exit))),
            Event::Job(Raw(bytes)) => (4, Payload::Bytes(bytes)),
            Event::Note(Raw(bytes)) => (5, Payload::Bytes(bytes)),
            Event::End => (6, Payload::None),
            Event::Start { number, target } => {
                (7, Payload::Json(json!({ "number": number, "target": target })))
            }
            Event::Kill => (8, Payload::None),
        }
    }
}

fn failure(error: &JobError) -> Value {
    let (code, system, exit) = match error {
        JobError::NoWorker => ("NO_WORKER", None, None),
        JobError::Offline(exit) => ("OFFLINE", None, exit.as_ref().map(ended)),
        JobError::Io(error) => ("IO", system_code(error), None),
        JobError::Timeout => ("TIMEOUT", None, None),
    };
    json!({ "code": code, "message": error.to_string(), "system": system, "exit": exit })
}

/// The symbolic code of the system's error, or the one that it would have.
fn system_code(error: &io::Error) -> Option<&'static str> {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return Some(error.code());
    }
    let of_kind = || error.kind().into();
    let same = error.raw_os_error().map_or_else(of_kind, io::Error::from_raw_os_error);
    Some(Error::new("spawn", same, None).code()).filter(|&code| code != "UNKNOWN")
}

fn ended(exit: &WorkerExit) -> Value {
    let (code, signal) = exit.status.map_or((None, None), parts);
    json!({ "pid": exit.pid, "code": code, "signal": signal, "cause": exit.cause })
}

/// The exit code, and the number of the signal.
fn parts(status: ExitStatus) -> (Option<i32>, Option<i32>) {
    use std::os::unix::process::ExitStatusExt;
    (status.code(), status.signal())
}
