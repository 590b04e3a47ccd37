//! What must not wait: a thread that counts half milliseconds while somebody looks at the count, and has
//! connections send what they hold back ([`Connection::hold`]) when that is one to two counts old, whatever their
//! consumer's thread does meanwhile. A consumer that joins messages reads the count instead of a clock, which costs
//! a tenth of a message. Held by [`super::hub::Hub`].

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::driver::Connection;

/// How long a count is.
const COUNT: Duration = Duration::from_micros(500);

/// After so many counts that nobody looked at, the thread rests.
const UNSEEN: u32 = 64;

/// Memory that the thread shares with the consumer, who reads the first word and `running`, and sets `looked`
/// before it reads `running`: if that is 0, it calls [`Late::count`].
#[derive(Debug, Clone, Copy)]
pub struct Words(NonNull<[AtomicU32; 3]>);

// SAFETY: what it points to may be used by any thread.
unsafe impl Send for Words {}

impl Words {
    /// How many there are: the count, `looked`, and `running`.
    pub const LEN: usize = 3;

    /// # Safety
    /// They stay where they are until [`Late::stop`] has been called, or the [`Late`] is dropped. Meanwhile all
    /// that else is written there is `looked`.
    pub unsafe fn new(words: NonNull<[AtomicU32; Self::LEN]>) -> Self {
        Self(words)
    }
}

/// The thread, which begins with the first call of [`Late::count`].
#[derive(Debug)]
pub struct Late {
    words: Words,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    counts: bool,
    stopped: bool,
    held: Vec<Arc<Connection>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Late {
    /// Counts in `words`.
    pub fn new(words: Words) -> Self {
        Self { words, shared: Arc::default(), thread: None }
    }

    /// Has the thread count until nobody has looked for a while. An error if it cannot be started.
    pub fn count(&mut self) -> io::Result<()> {
        if self.shared.lock().stopped {
            return Err(io::ErrorKind::NotConnected.into());
        }
        if self.thread.is_none() {
            let (words, shared) = (self.words, self.shared.clone());
            let thread = thread::Builder::new().name("ferripc-late".into());
            self.thread = Some(thread.spawn(move || run(words, &shared))?);
        }
        self.shared.lock().counts = true;
        self.shared.changed.notify_one();
        Ok(())
    }

    /// Sees to it that `connection` sends what it holds back. Only while the thread counts.
    pub fn watch(&self, connection: &Arc<Connection>) {
        self.shared.lock().held.push(connection.clone());
    }

    /// Ends the thread. Nothing is sent any more but by the connections themselves. Idempotent.
    pub fn stop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(words: Words, shared: &Shared) {
    // SAFETY: see `Words::new`: this thread has ended by then.
    let [count, looked, running] = unsafe { words.0.as_ref() };
    let mut state = shared.lock();
    loop {
        state = shared
            .changed
            .wait_while(state, |state| !state.counts && !state.stopped)
            .unwrap_or_else(PoisonError::into_inner);
        running.store(1, SeqCst);
        let mut unseen = 0;
        let mut older = Vec::new();
        loop {
            let due = Instant::now() + COUNT;
            while !state.stopped
                && let Some(rest) =
                    due.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero())
            {
                (state, _) = shared
                    .changed
                    .wait_timeout(state, rest)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.stopped {
                running.store(0, SeqCst);
                return;
            }
            let held = std::mem::take(&mut state.held);
            drop(state);
            count.fetch_add(1, SeqCst);
            for connection in std::mem::replace(&mut older, held) {
                connection.release();
            }
            unseen = if looked.swap(0, SeqCst) == 0 { unseen + 1 } else { 0 };
            state = shared.lock();
            if unseen >= UNSEEN && older.is_empty() && state.held.is_empty() {
                running.store(0, SeqCst);
                // Who looks from now on sees that, and calls `count`; who has just looked may not have.
                if looked.swap(0, SeqCst) == 0 {
                    state.counts = false;
                    break;
                }
                running.store(1, SeqCst);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that outlive what is tested.
    fn words() -> (&'static [AtomicU32; 3], Words) {
        let words: &'static [AtomicU32; 3] = Box::leak(Box::default());
        // SAFETY: they stay for ever.
        (words, unsafe { Words::new(NonNull::from(words)) })
    }

    fn wait_for(condition: impl Fn() -> bool) {
        let guard = Instant::now() + Duration::from_secs(60);
        while !condition() {
            assert!(Instant::now() < guard, "hung");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn counts_while_somebody_looks_then_rests_and_begins_again() {
        let ([count, looked, running], words) = words();
        let mut late = Late::new(words);
        assert_eq!((count.load(SeqCst), running.load(SeqCst)), (0, 0));
        for _ in 0..3 {
            let before = count.load(SeqCst);
            late.count().unwrap();
            wait_for(|| {
                looked.store(1, SeqCst);
                count.load(SeqCst) > before + 2 * UNSEEN && running.load(SeqCst) == 1
            });
            wait_for(|| running.load(SeqCst) == 0);
        }
        late.stop();
        assert!(late.count().is_err());
    }

    #[test]
    fn stops_while_it_counts_and_while_it_rests_and_before_it_has_begun() {
        let ([count, _, running], words) = words();
        Late::new(words).stop();
        let mut late = Late::new(words);
        late.count().unwrap();
        wait_for(|| count.load(SeqCst) > 0);
        drop(late);
        assert_eq!(running.load(SeqCst), 0);
        let mut late = Late::new(words);
        late.count().unwrap();
        wait_for(|| running.load(SeqCst) == 1);
        wait_for(|| running.load(SeqCst) == 0);
        drop(late);
    }
}
