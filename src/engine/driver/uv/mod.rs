//! Works with a libuv event loop that somebody else runs (Node's, Electron's). For both drivers, it gives the consumer
//! its turns (`turns`). For the loop driver, it has one `uv_poll_t` per socket (`poll`). Unix only.
//!
//! The symbols (`api`) are looked up at run time, never linked: where they are missing (Bun, Deno, a
//! program without Node) [`Loop::new`] returns `None`, and sockets stay with the tokio driver.
//!
//! Everything here happens on the loop's own thread, except that any thread may ring the bell.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::thread::{self, ThreadId};
use std::time::Instant;

use self::api::Api;
use self::turns::Signals;
use super::busy_poll::{BusyPoll, MOST_POLLS, MOST_TIME};
use crate::engine::event::Id;
use crate::engine::link::Shelf;
use crate::engine::panics::caught;

pub use self::api::symbol;
use self::held::Held;
pub use self::poll::Poll;
pub use self::turns::{Consumer, Turn};

mod api;
mod held;
mod poll;
mod turns;

/// What was found at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// This many bytes; perhaps there are more.
    Part(usize),
    /// Everything there was, or the end.
    All,
}

/// After this many bytes, a socket that always has more lets the event loop turn.
pub const TURN_BYTES: usize = 1024 * 1024;

/// The owner of a watched socket: a connection or a datagram socket. All calls come on the loop's thread.
pub trait Watched {
    /// Its handle.
    fn id(&self) -> Id;
    /// The socket is ready, or the loop has stopped watching it after an error.
    fn on_ready(self: Arc<Self>, read: bool, write: bool, stopped: bool) -> Found;
    /// Reads what is there, before the loop says that there is something. `None`: nothing may be read, or
    /// something waits to be sent.
    fn poll_now(self: Arc<Self>) -> Option<Found>;
    /// Allows reading again after [`Poll::refuse`], if there is room for what that brings. False: there is none yet.
    fn read_again(&self) -> bool {
        true
    }
    /// How much was handed to the system so far, in whatever unit.
    fn sent(&self) -> u64;
    /// Closes now. Nothing is reported any more.
    fn destroy(&self);
    /// Closes after a panic in code that worked for it, and reports that.
    fn panicked(&self);
}

/// A loop that can watch sockets.
#[derive(Clone)]
pub struct Loop {
    shared: Rc<Shared>,
}

struct Shared {
    api: &'static Api,
    uv_loop: *mut c_void,
    thread: ThreadId,
    consumer: Box<dyn Consumer>,
    signals: Signals,
    /// How many handles are not closed yet, including those that are closing.
    open: Cell<usize>,
    watched: RefCell<HashMap<Id, Weak<dyn Watched>>>,
    held: Held,
    /// The consumer is called in a turn of the loop before that polls.
    before_poll: Cell<bool>,
    /// The buffer for the reads of all connections: each has it for one turn.
    shelf: Shelf,
    busy_poll: Cell<BusyPoll>,
    /// Called when the last handle is closed.
    when_closed: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Loop {
    /// For sockets on `uv_loop`, whose turns call `consumer`, on this thread.
    ///
    /// # Safety
    /// `uv_loop` must be a libuv loop that this thread runs, and must run until
    /// [`Loop::close`] has reported that all handles are closed.
    pub unsafe fn new(uv_loop: *mut c_void, consumer: Box<dyn Consumer>) -> Option<Self> {
        let shared = Rc::new(Shared {
            api: api::api()?,
            uv_loop,
            thread: thread::current().id(),
            consumer,
            signals: Signals::default(),
            open: Cell::new(0),
            watched: RefCell::default(),
            held: Held::default(),
            before_poll: Cell::default(),
            shelf: Shelf::default(),
            busy_poll: Cell::default(),
            when_closed: RefCell::default(),
        });
        if Signals::open(&shared).is_err() {
            shared.signals.close(shared.api);
            return None;
        }
        Some(Self { shared })
    }

    /// The function that has the consumer called soon, from any thread.
    pub fn ringer(&self) -> Box<dyn Fn() + Send> {
        self.shared.signals.ringer(self.shared.api)
    }

    /// Has the consumer called in the next turn of the loop.
    pub fn go_on(&self) {
        self.shared.go_on();
    }

    /// Destroys everything that is watched on this loop, and calls `done` when all handles are closed.
    pub fn close(&self, done: Box<dyn FnOnce()>) {
        let watched: Vec<_> = self.shared.watched.borrow_mut().drain().collect();
        for owner in watched.into_iter().filter_map(|(_, weak)| weak.upgrade()) {
            owner.destroy();
        }
        self.shared.signals.close(self.shared.api);
        *self.shared.when_closed.borrow_mut() = Some(done);
        self.shared.check_closed();
    }
}

impl Shared {
    /// Has the consumer take what was found, and what else is there, within bounds. True: it has taken everything.
    fn take_all(&self, owner: &Arc<dyn Watched>, mut found: Found) -> bool {
        let mut budget = TURN_BYTES;
        loop {
            let taken = self.turns();
            let Found::Part(len) = found else { return taken };
            budget = budget.saturating_sub(len);
            if !taken || budget == 0 || !self.is_idle() {
                return false;
            }
            let Some(more) = polled(owner) else { return false };
            found = more;
        }
    }

    /// Looks for more after a turn of `owner`, which had sent this much before the turn: see [`super::busy_poll`].
    fn poll_busily(&self, owner: &Arc<dyn Watched>, mut before: u64) {
        let mut since = None;
        for _ in 0..MOST_POLLS {
            let mut policy = self.busy_poll.get();
            let now = owner.sent();
            let limit = policy.turn(owner.id(), now > before);
            self.busy_poll.set(policy);
            before = now;
            let Some(limit) = limit.filter(|_| self.is_idle()) else { return };
            let begin = Instant::now();
            if policy.rests(begin) || begin - *since.get_or_insert(begin) > MOST_TIME {
                return;
            }
            let found = loop {
                thread::yield_now();
                match polled(owner) {
                    Some(Found::Nothing) if begin.elapsed() < limit => {}
                    found => break found,
                }
            };
            if let Some(found) = found {
                policy.polled(found != Found::Nothing, begin, Instant::now());
                self.busy_poll.set(policy);
            }
            // Also after a poll that found nothing: it deferred the wake-ups for what others reported
            // meanwhile.
            let taken = self.take_all(owner, found.unwrap_or(Found::Nothing));
            if !taken || matches!(found, None | Some(Found::Nothing)) {
                return;
            }
        }
    }

    /// Whether the loop has nothing to do right now except for sockets.
    fn is_idle(&self) -> bool {
        // SAFETY: the loop is alive (see `Loop::new`), and this is its thread.
        unsafe { (self.api.backend_timeout)(self.uv_loop) != 0 }
    }

    /// Counts one more handle.
    fn opened(&self) {
        self.open.set(self.open.get() + 1);
    }

    /// Counts one handle less, which is closed.
    fn closed(&self) {
        self.open.set(self.open.get() - 1);
        self.check_closed();
    }

    fn check_closed(&self) {
        if self.open.get() > 0 {
            return;
        }
        let done = self.when_closed.borrow_mut().take();
        if let Some(done) = done {
            done();
        }
    }
}

/// Runs a callback of libuv: a panic must not unwind into libuv.
fn guarded(act: impl FnOnce()) {
    let _ = caught(act);
}

/// What `owner` finds before the loop says that there is something. If that panics, `owner` ends.
fn polled(owner: &Arc<dyn Watched>) -> Option<Found> {
    caught(|| owner.clone().poll_now()).unwrap_or_else(|| {
        owner.panicked();
        Some(Found::Nothing)
    })
}
