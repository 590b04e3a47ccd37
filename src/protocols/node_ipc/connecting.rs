//! How a client connects and reconnects, and what waits until then: the state that the clones of a client share, and the
//! task that changes it. Used by `client`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::sleep;

use super::client::Retrying;
use super::common::Common;
use super::events::{closing, deliver};
use super::link::{Link, Received, Room};
use super::requests::Questions;
use super::tls::Expected;
use super::turns::Turns;
use super::{Address, ClientEvent, Error};
use crate::engine::driver::{Connection, Driver, Listens};
use crate::engine::event::{Event, Id};
use crate::engine::transport::Target;

/// Bytes that may wait for the first connection.
const WAITING: usize = 16 << 20;

/// What clones of a client share with its task.
pub(super) struct Shared {
    pub common: Arc<Common>,
    pub questions: Arc<Questions>,
    /// The state has changed. For callers that wait for room.
    pub changed: Notify,
    retrying: Retrying,
    stopped: AtomicBool,
    state: Mutex<State>,
    status: watch::Sender<Status>,
}

/// What callers can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Connecting,
    Connected,
    Ended,
}

struct State {
    phase: Phase,
    /// Messages for the next connection. Those that are requests have their numbers.
    waiting: VecDeque<(Vec<u8>, Option<u64>)>,
    /// The bytes of `waiting`.
    bytes: usize,
    /// Why the client is not connected.
    cause: Option<Error>,
}

enum Phase {
    /// Not connected yet.
    First,
    Up(Arc<Link>),
    /// Was connected, but is not now.
    Down,
    Over,
    /// Closed by this side.
    Closed,
}

/// What happened to a message.
pub(super) enum Posted {
    Done,
    /// There is no room: on this connection, or in `waiting`.
    Full(Option<Arc<Link>>),
}

impl Shared {
    pub fn new(common: Arc<Common>, retrying: Retrying) -> (Arc<Self>, watch::Receiver<Status>) {
        let (status, receiver) = watch::channel(Status::Connecting);
        let state = State { phase: Phase::First, waiting: VecDeque::new(), bytes: 0, cause: None };
        let shared = Self {
            common,
            questions: Arc::default(),
            changed: Notify::new(),
            retrying,
            stopped: AtomicBool::new(retrying.stopped),
            state: Mutex::new(state),
            status,
        };
        (Arc::new(shared), receiver)
    }

    /// Sends a message, or keeps it for the next connection. Takes the bytes if it does.
    pub fn post(&self, bytes: &mut Vec<u8>, question: Option<u64>) -> Result<Posted, Error> {
        let mut state = self.lock();
        let most = match &state.phase {
            Phase::Up(link) => match link.room() {
                Room::Full => return Ok(Posted::Full(Some(link.clone()))),
                Room::Some => {
                    if link.send_if(bytes, || question.is_none_or(|id| self.questions.leave(id))) {
                        return Ok(Posted::Done);
                    }
                    self.retrying.offline
                }
                Room::Gone => self.retrying.offline, // the task is about to find out
            },
            Phase::First => Some(WAITING),
            Phase::Down => self.retrying.offline,
            Phase::Over | Phase::Closed => None,
        };
        let Some(most) = most else { return Err(state.ended()) };
        if state.bytes > 0 && state.bytes + bytes.len() > most {
            return Ok(Posted::Full(None));
        }
        state.bytes += bytes.len();
        state.waiting.push_back((std::mem::take(bytes), question));
        Ok(Posted::Done)
    }

    /// Nobody waits for the answer to this request any more.
    pub fn give_up(&self, id: u64) {
        let mut state = self.lock();
        match (self.questions.forget(id), &state.phase) {
            (Some(true), Phase::Up(link)) => link.cancel(id),
            (Some(false), _) => {
                if let Some(at) = state.waiting.iter().position(|(_, it)| *it == Some(id)) {
                    let (bytes, _) = state.waiting.remove(at).unwrap_or_default();
                    state.bytes -= bytes.len();
                    self.changed.notify_waiters();
                }
            }
            _ => {}
        }
    }

    /// The connection, if there is one.
    pub fn link(&self) -> Option<Arc<Link>> {
        if let Phase::Up(link) = &self.lock().phase { Some(link.clone()) } else { None }
    }

    /// The error for anything that cannot be sent now.
    pub fn ended(&self) -> Error {
        self.lock().ended()
    }

    pub fn stop_retrying(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The client is connected. Sends what has waited first.
    fn up(&self, link: &Arc<Link>) {
        let mut state = self.lock();
        state.bytes = 0;
        for (bytes, question) in std::mem::take(&mut state.waiting) {
            if question.is_none_or(|id| self.questions.leave(id)) {
                link.send(bytes);
            }
        }
        state.phase = Phase::Up(link.clone());
        drop(state);
        self.status.send_replace(Status::Connected);
        self.changed.notify_waiters();
    }

    /// A connection, or an attempt to make one, has ended.
    fn down(&self, cause: Option<Error>) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Up(_)) {
            state.phase = Phase::Down;
        }
        state.cause = cause;
        drop(state);
        self.status.send_replace(Status::Connecting);
        self.changed.notify_waiters();
    }

    /// Nothing more is sent.
    fn over(&self, phase: Phase) {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Over | Phase::Closed) {
            state.phase = phase;
        }
        state.waiting = VecDeque::new();
        state.bytes = 0;
        drop(state);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ended(&self) -> Error {
        match self.phase {
            Phase::Closed => Error::Closed,
            _ => Error::NotConnected(self.cause.clone().map(Arc::new)),
        }
    }
}

/// Starts the task of a client.
pub(super) fn start(
    shared: Arc<Shared>,
    (place, tls): (Address, Option<Expected>),
    events: mpsc::Sender<Vec<ClientEvent>>,
    is_closing: watch::Receiver<bool>,
) {
    let ended = Ended(shared.clone());
    let turns = Turns::default();
    let task = Task { shared, place, tls, events, is_closing, attempts: 0, turns };
    ended.0.common.runtime.clone().spawn(async move {
        let ended = ended;
        task.run().await;
        drop(ended);
    });
}

/// Marks the client as ended, however its task ends (even with its runtime), so that nobody waits
/// for it.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let shared = &self.0;
        shared.over(Phase::Over);
        shared.questions.close(&shared.ended());
        shared.common.handlers.clear();
        shared.common.mailbox.close();
        shared.status.send_replace(Status::Ended);
    }
}

struct Task {
    shared: Arc<Shared>,
    place: Address,
    tls: Option<Expected>,
    events: mpsc::Sender<Vec<ClientEvent>>,
    is_closing: watch::Receiver<bool>,
    /// The number of attempts so far. An attempt's number is that of its connection.
    attempts: Id,
    turns: Turns,
}

/// How an attempt ended.
enum Attempt {
    Up(Arc<Link>),
    Failed(Error),
    Closing,
}

impl Task {
    async fn run(mut self) {
        let Retrying { pause, most, .. } = self.shared.retrying;
        let mut remaining = most;
        loop {
            match self.connect().await {
                Attempt::Closing => return self.shared.over(Phase::Closed),
                Attempt::Failed(error) => {
                    self.shared.down(Some(error.clone()));
                    self.deliver(vec![ClientEvent::ConnectFailed(error)]).await;
                }
                Attempt::Up(link) => {
                    remaining = most;
                    let ended = self.serve(&link).await;
                    self.deliver(vec![ClientEvent::Disconnected(ended)]).await;
                }
            }
            let is_last = remaining == Some(0) || self.shared.stopped.load(Ordering::Relaxed);
            if is_last || *self.is_closing.borrow() {
                return;
            }
            remaining = remaining.map(|remaining| remaining - 1);
            tokio::select! {
                () = closing(&mut self.is_closing) => return self.shared.over(Phase::Closed),
                () = sleep(pause) => {}
            }
        }
    }

    async fn connect(&mut self) -> Attempt {
        let found = tokio::select! {
            () = closing(&mut self.is_closing) => return Attempt::Closing,
            found = self.place.target() => found,
        };
        let target = match found {
            Ok(target) => match &self.tls {
                Some(tls) => Target::Tls(Box::new(target), tls.settings.clone()),
                None => target,
            },
            Err(error) => return Attempt::Failed(error),
        };
        self.attempts = self.attempts.wrapping_add(1);
        let common = self.shared.common.clone();
        let framing = common.settings.framing();
        let connection =
            Connection::new(self.attempts, framing, common.mailbox.clone(), common.runtime.clone());
        connection.connect(target, Listens::Nowhere);
        loop {
            match common.event_unless(&mut self.turns, &mut self.is_closing).await {
                None => {
                    connection.destroy();
                    return Attempt::Closing;
                }
                Some(Event::Open { id, ends, tls }) if id == self.attempts => {
                    if let Some(expected) = &self.tls
                        && let Err(error) = expected.check(tls.as_deref())
                    {
                        connection.destroy();
                        return Attempt::Failed(error);
                    }
                    let questions = self.shared.questions.clone();
                    connection.approve(Driver::Tasks);
                    return Attempt::Up(Link::new(connection, questions, ends, common));
                }
                Some(Event::Closed { id, errors, .. }) if id == self.attempts => {
                    let error = errors.into_iter().next().map(Error::from);
                    return Attempt::Failed(error.unwrap_or(Error::ConnectionLost));
                }
                Some(_) => {} // of an earlier connection
            }
        }
    }

    /// Runs until the connection has ended. Returns the reason, if there is one.
    async fn serve(&mut self, link: &Arc<Link>) -> Option<Error> {
        self.shared.up(link);
        self.deliver(vec![ClientEvent::Connected]).await;
        link.connection.start();
        let common = self.shared.common.clone();
        let reason = loop {
            let Some(event) = common.event_unless(&mut self.turns, &mut self.is_closing).await
            else {
                self.close(link).await;
                return None;
            };
            match event {
                Event::Frames { id, batch, .. } if id == self.attempts => {
                    self.turns.came(&link.connection);
                    let mut events = Vec::with_capacity(batch.ends.len());
                    link.receive(&batch, |received| {
                        events.push(match received {
                            Received::Message(message) => ClientEvent::Message(message),
                            Received::Bad(error) => ClientEvent::Error(error),
                        });
                    });
                    self.deliver(events).await;
                }
                Event::TooLarge { id, len } if id == self.attempts => {
                    let error = Error::MessageTooLarge { bytes: len };
                    self.deliver(vec![ClientEvent::Error(error)]).await;
                }
                Event::Truncated { id, len } if id == self.attempts => {
                    let error = Error::TruncatedMessage { bytes: len };
                    self.deliver(vec![ClientEvent::Error(error)]).await;
                }
                Event::End { id } if id == self.attempts => link.peer_ended(),
                Event::Closed { id, errors, .. } if id == self.attempts => {
                    break link.reason(errors);
                }
                _ => {}
            }
        };
        self.shared.down(reason.clone());
        link.end();
        reason
    }

    /// Sends what waits, and ends.
    async fn close(&mut self, link: &Arc<Link>) {
        self.shared.over(Phase::Closed);
        link.close();
        link.end();
        link.connection.gone().await;
    }

    async fn deliver(&mut self, events: Vec<ClientEvent>) {
        deliver(&self.events, events, &mut self.is_closing).await;
    }
}
