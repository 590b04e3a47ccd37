//! What must not wait for long: a thread that has connections send what they hold back
//! ([`Connection::hold`]) after some milliseconds, whatever their consumer's thread does meanwhile. Held by
//! [`super::hub::Hub`].

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::driver::Connection;
use super::panics::caught;

/// How long something is held back at most. A burst is over long before, and to wake up more often would cost
/// more than holding back saves.
const HELD: Duration = Duration::from_millis(10);

/// After so many looks in vain the thread rests: to be woken costs more than some more of them.
const VAIN: u32 = 10;

/// The thread, which begins with the first call of [`Late::watch`].
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

#[derive(Debug, Default)]
struct State {
    watched: Vec<Arc<Connection>>,
    /// The thread waits for something to watch.
    idle: bool,
    stopped: bool,
}

impl Late {
    /// Has `connection` send what it holds back, once, by [`Connection::release`]. False: there is no thread for
    /// that.
    pub fn watch(&self, connection: &Arc<Connection>) -> bool {
        if !self.start() {
            return false;
        }
        let mut state = self.shared.lock();
        state.watched.push(connection.clone());
        if std::mem::take(&mut state.idle) {
            self.shared.changed.notify_one();
        }
        !state.stopped
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

    /// Ends the thread; nothing is held back any more. Idempotent.
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

    fn run(&self) {
        let mut state = self.lock();
        let mut vain = VAIN;
        while !state.stopped {
            if vain >= VAIN && state.watched.is_empty() {
                state.idle = true;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (woken, waited) =
                self.changed.wait_timeout(state, HELD).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if !waited.timed_out() {
                continue;
            }
            let watched = std::mem::take(&mut state.watched);
            vain = if watched.is_empty() { vain + 1 } else { 0 };
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
