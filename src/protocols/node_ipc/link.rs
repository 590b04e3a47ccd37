//! One connection, on a client's or a server's side: what it sends and requests, and what happens to what it receives.
//! Made by `client` and `server`, whose tasks pass the engine's events to it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::burst::Burst;
use super::common::Common;
use super::forms::{self, Asked, CANCEL, Cancel, ERROR, REPLY, REQUEST};
use super::message::{encode, invalid, is_greeting, parse, text_of};
use super::requests::{Questions, Request, failure};
use super::{Error, HandlerError, Message};
use crate::engine::codec::Batch;
use crate::engine::codec::delimited::Delimiter;
use crate::engine::driver::Connection;
use crate::engine::error::{Error as SystemError, full};
use crate::engine::event::Event;
use crate::engine::panics::caught_in;
use crate::engine::transport::Ends;
#[cfg(unix)]
use crate::engine::transport::peer::{Credentials, credentials};

/// One connection.
pub(super) struct Link {
    pub connection: Arc<Connection>,
    pub questions: Arc<Questions>,
    /// Its addresses, over IP.
    pub ends: Option<Ends>,
    common: Arc<Common>,
    burst: Mutex<Burst>,
    handled: Mutex<Handled>,
    /// The number of running handlers.
    running: AtomicUsize,
    /// Notified when no handler runs.
    idle: Notify,
    /// The peer's messages have another form.
    is_unlike: AtomicBool,
}

/// The peer's requests: the JSON text of each id, with what ends the handler.
#[derive(Default)]
struct Handled {
    tasks: HashMap<Box<str>, AbortHandle>,
    over: bool,
}

/// What happens to a message that is sent.
pub(super) enum Room {
    Some,
    /// Too many bytes wait.
    Full,
    /// The connection has ended.
    Gone,
}

/// Something that arrived for the program.
pub(super) enum Received {
    Message(Message),
    Bad(Error),
}

impl Link {
    pub fn new(
        connection: Arc<Connection>,
        questions: Arc<Questions>,
        ends: Option<Ends>,
        common: Arc<Common>,
    ) -> Arc<Self> {
        Arc::new(Self {
            connection,
            questions,
            ends,
            common,
            burst: Mutex::default(),
            handled: Mutex::default(),
            running: AtomicUsize::new(0),
            idle: Notify::new(),
            is_unlike: AtomicBool::new(false),
        })
    }

    pub fn delimiter(&self) -> &Delimiter {
        &self.common.settings.delimiter
    }

    // ---- sending -----------------------------------------------------------------------------------

    /// What would happen to a message that is sent now.
    pub fn room(&self) -> Room {
        match self.connection.waiting() {
            None => Room::Gone,
            Some(waiting) if waiting >= self.common.settings.max_queued_bytes => Room::Full,
            Some(_) => Room::Some,
        }
    }

    /// Waits for room. False: the connection has ended.
    pub async fn wait(&self) -> bool {
        loop {
            match self.room() {
                Room::Some => return true,
                Room::Gone => return false,
                Room::Full => self.connection.drained().await,
            }
        }
    }

    /// Sends the bytes of a message, as [`Link::send_if`].
    pub fn send(self: &Arc<Self>, mut bytes: Vec<u8>) {
        self.send_if(&mut bytes, || true);
    }

    /// Sends the bytes of a message, if it `may` go: now, or in a burst with later messages. Takes the bytes then. False:
    /// the connection has ended, or this side has closed it, which it does not do in the midst of this.
    pub fn send_if(self: &Arc<Self>, bytes: &mut Vec<u8>, may: impl FnOnce() -> bool) -> bool {
        let mut burst = self.burst();
        if matches!(self.room(), Room::Gone) {
            return false;
        }
        if may() {
            self.send_in(&mut burst, std::mem::take(bytes));
        }
        true
    }

    fn send_in(self: &Arc<Self>, burst: &mut Burst, mut bytes: Vec<u8>) {
        if !burst.takes(bytes.len()) {
            self.end_burst(burst);
            self.connection.write(&mut bytes);
            return;
        }
        burst.held.extend_from_slice(&bytes);
        if burst.is_large() {
            self.end_burst(burst);
        } else if !std::mem::replace(&mut burst.ends_soon, true) {
            let link = self.clone();
            self.common.runtime.spawn(async move { link.flush() });
        }
    }

    /// Sends bytes that are shared with other connections. False: there is no room.
    pub fn send_shared(&self, bytes: &Bytes) -> bool {
        let mut burst = self.burst();
        let has_room = matches!(self.room(), Room::Some);
        if has_room {
            self.end_burst(&mut burst);
            self.connection.write_shared(bytes);
        }
        has_room
    }

    /// Sends what a burst has held back.
    pub fn flush(&self) {
        let mut burst = self.burst();
        burst.ends_soon = false;
        self.end_burst(&mut burst);
    }

    fn end_burst(&self, burst: &mut Burst) {
        if !burst.held.is_empty() {
            self.connection.write(&mut burst.held);
            burst.held = Vec::new();
        }
    }

    /// Cancels a request of this side at the peer.
    pub fn cancel(self: &Arc<Self>, id: u64) {
        if let Ok(bytes) = encode(CANCEL, &Cancel { id }, self.delimiter()) {
            self.send(bytes);
        }
    }

    // ---- what has come -----------------------------------------------------------------------------

    /// Takes the messages of `batch`, and passes those for the program to `take`.
    pub fn receive(self: &Arc<Self>, batch: &Batch, mut take: impl FnMut(Received)) {
        if batch.ends.len() == 1 {
            self.burst().turn();
        }
        for frame in batch.frames(self.delimiter().len()) {
            if self.is_unlike.load(Ordering::Relaxed) {
                return; // what follows would make no sense
            }
            let text = text_of(frame);
            let (kind, data) = match parse(&text) {
                Ok(found) => found,
                Err(error) => {
                    take(Received::Bad(error));
                    continue;
                }
            };
            let is_right = match kind.as_str() {
                REQUEST => forms::asked(data).is_some_and(|asked| self.asked(asked)),
                REPLY => forms::answered(data).map(|reply| self.answered(reply)).is_some(),
                CANCEL => forms::cancelled(data).map(|id| self.cancelled(id)).is_some(),
                ERROR if is_greeting(&text) => return self.part(),
                _ => {
                    take(Received::Message(Message::new(kind, data)));
                    continue;
                }
            };
            if !is_right {
                take(Received::Bad(invalid(&text, &format_args!("it is not a valid {kind}"))));
            }
        }
    }

    /// The peer has said that its messages are not JSON. Tells it, and closes.
    fn part(self: &Arc<Self>) {
        self.is_unlike.store(true, Ordering::Relaxed);
        if let Ok(bytes) = encode(ERROR, &forms::told(&Error::Serialization), self.delimiter()) {
            self.send(bytes);
        }
        self.close();
    }

    fn answered(&self, reply: forms::Answered<'_>) {
        let Some(id) = reply.id else { return };
        let outcome = reply.result.map(|data| data.map(ToOwned::to_owned)).map_err(Error::Remote);
        self.questions.answer(id, outcome);
    }

    /// A request has arrived. False: another with this id is under way.
    fn asked(self: &Arc<Self>, Asked { id, kind, data }: Asked<'_>) -> bool {
        let most = self.common.settings.max_requests;
        let handler = kind.as_deref().and_then(|kind| self.common.handlers.get(kind));
        let Some(handler) = handler else {
            self.refuse(id, &forms::no_handler(kind.as_deref()));
            return true;
        };
        let mut handled = self.handled();
        if handled.tasks.contains_key(id.get()) {
            return false;
        }
        if handled.over || self.running.load(Ordering::Relaxed) >= most {
            drop(handled);
            self.refuse(id, &forms::too_many(most));
            return true;
        }
        let running = Running::new(self);
        let (link, id) = (self.clone(), id.to_owned());
        let request =
            Request { id: id.clone(), data: data.map(ToOwned::to_owned), link: link.clone() };
        let key: Box<str> = id.get().into();
        let task = async move {
            let reply = caught_in(async { handler(request).await }).await.unwrap_or_else(|| {
                failure(&id, &HandlerError::new("The handler has panicked"), &link)
            });
            link.wait().await;
            // It was not cancelled while it ran.
            if link.handled().tasks.remove(id.get()).is_some() {
                link.send(reply);
            }
            drop(running);
        };
        // The task can reach its own entry only after this lock is released.
        let task = self.common.runtime.handle().spawn(task);
        handled.tasks.insert(key, task.abort_handle());
        true
    }

    /// Answers at once. A peer is cut off if it keeps sending requests that are refused and reads none of
    /// the answers.
    fn refuse(self: &Arc<Self>, id: &RawValue, error: &HandlerError) {
        match self.room() {
            Room::Some => self.send(failure(id, error, self)),
            Room::Full => self.cut_off(),
            Room::Gone => {}
        }
    }

    fn cancelled(&self, id: &RawValue) {
        let task = self.handled().tasks.remove(id.get());
        if let Some(task) = task {
            task.abort();
        }
    }

    // ---- its end -----------------------------------------------------------------------------------

    /// The peer will send nothing more: its handlers get a little more time, then this side ends,
    /// too.
    pub fn peer_ended(self: &Arc<Self>) {
        if self.running.load(Ordering::Acquire) == 0 {
            return self.close();
        }
        let link = self.clone();
        let linger = self.common.settings.linger;
        self.common.runtime.spawn(async move {
            let _ = timeout(linger, link.idle()).await;
            link.close();
        });
    }

    async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable(); // before it looks at the count
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Closes once everything is sent, or the peer has taken nothing for `linger`. [`Event::Closed`]
    /// follows.
    pub fn close(&self) {
        self.handled().over = true;
        let is_closing = {
            let mut burst = self.burst();
            self.end_burst(&mut burst);
            self.connection.close(self.common.settings.linger)
        };
        if !is_closing {
            self.report_closed(Vec::new());
        }
    }

    fn cut_off(&self) {
        self.connection.destroy();
        self.report_closed(vec![SystemError::new("write", full(), None)]);
    }

    /// Reports the end in place of the engine, which does not report one that was there from the start. (It
    /// may be reported twice.)
    fn report_closed(&self, errors: Vec<SystemError>) {
        let id = self.connection.id();
        let closed = Event::Closed { id, errors, counters: self.connection.counters() };
        let _ = self.common.mailbox.post_now(closed);
    }

    /// Why it has ended: the first of these errors of the system, unless this side had a reason of its own.
    pub fn reason(&self, errors: Vec<SystemError>) -> Option<Error> {
        let unlike = self.is_unlike.load(Ordering::Relaxed).then_some(Error::Serialization);
        unlike.or_else(|| errors.into_iter().next().map(Error::from))
    }

    /// The connection has ended: nobody waits for answers any more, on either side.
    pub fn end(&self) {
        let tasks = {
            let mut handled = self.handled();
            handled.over = true;
            std::mem::take(&mut handled.tasks)
        };
        for task in tasks.into_values() {
            task.abort();
        }
        self.questions.end(&Error::ConnectionLost);
    }

    /// Whether it is still connected: what is sent now may arrive.
    pub fn is_up(&self) -> bool {
        !self.handled().over && !matches!(self.room(), Room::Gone)
    }

    /// The credentials of the peer.
    #[cfg(unix)]
    pub fn credentials(&self) -> Option<Credentials> {
        self.connection.with_socket(|socket| credentials(&socket)).flatten()
    }

    fn burst(&self) -> MutexGuard<'_, Burst> {
        self.burst.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handled(&self) -> MutexGuard<'_, Handled> {
        self.handled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a handler as running until it is dropped.
struct Running(Arc<Link>);

impl Running {
    fn new(link: &Arc<Link>) -> Self {
        link.running.fetch_add(1, Ordering::Relaxed);
        Self(link.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::Release) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
