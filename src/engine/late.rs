//! A thread that sends what connections hold back ([`Connection::hold`]) after some milliseconds, however busy
//! the consumer's thread is. It also ticks while bursts follow each other, so that the consumer need not read the
//! clock for each message. Held by [`super::hub::Hub`].

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::driver::Connection;
use super::panics::caught;

/// The longest time that something is held back. A burst is over long before, and waking up more often would
/// cost more than holding back saves.
const HELD: Duration = Duration::from_millis(10);

/// After this many checks without work, the thread sleeps. Being woken costs more than a few more
/// checks.
const VAIN: u32 = 10;

/// The thread. It starts with the first call of [`Late::watch`].
#[derive(Debug, Default)]
pub struct Late {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Called at each tick with its number, and with `None` when ticks stop for now. No number comes twice in a
/// row.
pub type OnTick = Box<dyn Fn(Option<NonZeroU32>) + Send>;

#[derive(Default)]
struct State {
    watched: Vec<Arc<Connection>>,
    /// There was a burst since the last check.
    bursts: bool,
    on_tick: Option<OnTick>,
    /// The thread waits for work.
    idle: bool,
    stopped: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("watched", &self.watched.len())
            .field("idle", &self.idle)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}

impl Late {
    /// Calls `on_tick` on the thread every `HELD`, from the first check that finds a burst until the thread
    /// sleeps.
    pub fn tick(&self, on_tick: OnTick) {
        self.shared.lock().on_tick = Some(on_tick);
    }

    /// There is a burst.
    pub fn burst(&self) {
        if self.start() {
            self.shared.begin(self.shared.lock());
        }
    }

    /// Lets `connection` send what it holds back, once, by [`Connection::release`]. False: there is no thread
    /// for that.
    pub fn watch(&self, connection: &Arc<Connection>) -> bool {
        if !self.start() {
            return false;
        }
        let mut state = self.shared.lock();
        state.watched.push(connection.clone());
        self.shared.begin(state)
    }

    fn start(&self) -> bool {
        let mut thread = lock(&self.thread);
        if thread.is_none() {
            let shared = self.shared.clone();
            let builder = thread::Builder::new().name("ferripc-late".into());
            *thread = builder.spawn(move || shared.run()).ok();
        }
        thread.is_some()
    }

    /// Ends the thread. Nothing is held back afterwards. Idempotent.
    pub fn stop(&self) {
        {
            let mut state = self.shared.lock();
            state.stopped = true;
            state.watched.clear();
        }
        self.shared.changed.notify_one();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Wakes the thread, since there is something to watch. False: the thread has ended.
    fn begin(&self, mut state: MutexGuard<'_, State>) -> bool {
        state.bursts = true;
        if std::mem::take(&mut state.idle) {
            self.changed.notify_one();
        }
        !state.stopped
    }

    fn run(&self) {
        let mut tick = NonZeroU32::MIN;
        let mut vain = VAIN;
        let mut state = self.lock();
        while !state.stopped {
            if vain >= VAIN {
                state.idle = !state.bursts;
                state.tell(None);
                let rests = |state: &mut State| state.idle && !state.stopped;
                state =
                    self.changed.wait_while(state, rests).unwrap_or_else(PoisonError::into_inner);
                vain = 0;
            }
            let goes_on = |state: &mut State| !state.stopped;
            (state, _) = self
                .changed
                .wait_timeout_while(state, HELD, goes_on)
                .unwrap_or_else(PoisonError::into_inner);
            let watched = std::mem::take(&mut state.watched);
            let had_bursts = std::mem::take(&mut state.bursts);
            vain = if had_bursts { 0 } else { vain + 1 };
            tick = tick.checked_add(1).unwrap_or(NonZeroU32::MIN);
            state.tell(Some(tick));
            drop(state);
            for connection in watched {
                if caught(|| connection.release()).is_none() {
                    connection.has_panicked();
                }
            }
            state = self.lock();
        }
    }
}

impl State {
    fn tell(&self, tick: Option<NonZeroU32>) {
        if let Some(on_tick) = &self.on_tick {
            on_tick(tick);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
