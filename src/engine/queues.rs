//! Waits for message queues. A consumer on another thread uses a queue itself, and asks here to be told when
//! the next attempt is worth it. Messages stay in the kernel until then. Used by the binding.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::Interest;
use tokio::sync::watch;

use super::error::Error;
use super::panics::{caught_in, point};
use super::runtime::Runtime;
use super::transport::mqueue::{Queue, Waiter};

/// A queue, in its consumer's numbering.
pub type Id = u32;

/// A queue is ready: its id, and whether it was to have room (or a message).
pub type Ready = (Id, bool);

/// Waits for any number of queues, on an I/O thread of its own.
pub struct Watcher {
    runtime: Runtime,
    watched: HashMap<Id, Watched>,
    ready: Arc<Bell>,
}

struct Watched {
    waiter: Arc<Waiter>,
    /// The waiting tasks stop when this is dropped.
    gone: watch::Sender<()>,
}

struct Bell {
    ready: Mutex<VecDeque<Ready>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Bell {
    fn list(&self) -> std::sync::MutexGuard<'_, VecDeque<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// Starts the I/O thread. `wake` is called on it when [`Watcher::next`] has something.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let ready = Arc::new(Bell { ready: Mutex::default(), wake: Box::new(wake) });
        Ok(Self { runtime: Runtime::start()?, watched: HashMap::new(), ready })
    }

    /// Reports, once, when `queue`, called `id`, has a message or room for one. An error counts as readiness:
    /// the next attempt shows it.
    pub fn watch(&mut self, id: Id, queue: &Arc<Queue>, writable: bool) -> Result<(), Error> {
        let watched = self.watched(id, queue)?;
        let (waiter, mut gone) = (watched.waiter.clone(), watched.gone.subscribe());
        let bell = self.ready.clone();
        let interest = if writable { Interest::WRITABLE } else { Interest::READABLE };
        self.runtime.spawn(async move {
            // After a panic it counts as ready, too: whoever waits tries, and waits again.
            let ready = caught_in(async {
                point("queue-wait");
                waiter.ready(interest).await
            });
            tokio::select! {
                _ = ready => {
                    bell.list().push_back((id, writable));
                    (bell.wake)();
                }
                _ = gone.changed() => {}
            }
        });
        Ok(())
    }

    fn watched(&mut self, id: Id, queue: &Arc<Queue>) -> Result<&Watched, Error> {
        if !self.watched.contains_key(&id) {
            let _runtime = self.runtime.enter();
            let waiter = Arc::new(Waiter::new(queue.clone())?);
            self.watched.insert(id, Watched { waiter, gone: watch::Sender::new(()) });
        }
        Ok(&self.watched[&id])
    }

    /// Forgets a queue. Nothing more is reported for it, except what was ready before.
    pub fn forget(&mut self, id: Id) {
        self.watched.remove(&id);
    }

    /// The next queue that is ready.
    pub fn next(&self) -> Option<Ready> {
        self.ready.list().pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::transport::mqueue::{Access, Creation, unlink};
    use std::sync::mpsc;
    use std::time::Duration;

    const GUARD: Duration = Duration::from_secs(60);

    #[test]
    fn tells_of_what_was_asked_for_and_of_nothing_that_was_forgotten() {
        let name = format!("/ferripc-watch-{}", std::process::id());
        let creation = Creation { exclusive: true, max_messages: 1, message_size: 8, mode: 0o600 };
        let queue = Arc::new(Queue::open(&name, Access::Both, Some(&creation)).unwrap());
        unlink(&name).unwrap();
        let (told, tells) = mpsc::channel();
        let mut watcher = Watcher::start(move || told.send(()).unwrap()).unwrap();

        watcher.watch(7, &queue, false).unwrap();
        assert_eq!(watcher.next(), None);
        queue.send(b"x", 0).unwrap();
        tells.recv_timeout(GUARD).unwrap();
        assert_eq!((watcher.next(), watcher.next()), (Some((7, false)), None));

        watcher.watch(7, &queue, true).unwrap();
        queue.receive(&mut Vec::new()).unwrap();
        tells.recv_timeout(GUARD).unwrap();
        assert_eq!(watcher.next(), Some((7, true)));

        watcher.watch(7, &queue, false).unwrap();
        watcher.forget(7);
        // The last owner closes the descriptor, so the task has ended.
        drop(watcher);
        while Arc::strong_count(&queue) > 1 {
            std::thread::yield_now();
        }
        assert!(tells.recv_timeout(GUARD).is_err()); // `wake` is gone with it
    }
}
