//! What JavaScript has begun and has yet to hear the end of, each with a number. The I/O thread carries it on;
//! JavaScript may give it up. Used by [`super::host`].

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::mailbox::{Event, Mailbox};
use crate::engine::runtime::Runtime;

type Work = Pin<Box<dyn Future<Output = Event> + Send>>;

/// Work that whoever comes first takes away: the thread that ends it, or the one that gives it up.
type Slot = Arc<Mutex<Option<Work>>>;

/// See the module's page.
pub struct Calls {
    runtime: Runtime,
    mailbox: Arc<Mailbox>,
    waiting: Arc<Mutex<HashMap<u32, Slot>>>,
}

impl Calls {
    /// Work is done by `runtime`, its ends are told to `mailbox`.
    pub fn new(runtime: Runtime, mailbox: Arc<Mailbox>) -> Self {
        Self { runtime, mailbox, waiting: Arc::default() }
    }

    /// Begins `work`, whose end is an event of `id`. As much as can be done at once, such as sending a job, is done
    /// on this thread.
    pub fn begin(&self, id: u32, work: impl Future<Output = Event> + Send + 'static) {
        let mut work: Work = Box::pin(work);
        let _entered = self.runtime.enter();
        if let Poll::Ready(event) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return self.mailbox.post(id, event);
        }
        let slot: Slot = Arc::new(Mutex::new(Some(work)));
        lock(&self.waiting).insert(id, slot.clone());
        let (mailbox, waiting) = (self.mailbox.clone(), self.waiting.clone());
        tokio::spawn(async move {
            let ended = std::future::poll_fn(|cx| poll(&slot, cx)).await;
            if let Some(event) = ended
                && lock(&waiting).remove(&id).is_some()
            {
                mailbox.post(id, event);
            }
        });
    }

    /// Calls `act`, which may begin tasks of the I/O thread.
    pub fn within<T>(&self, act: impl FnOnce() -> T) -> T {
        let _entered = self.runtime.enter();
        act()
    }

    /// Gives up what was begun as `id`. When this returns, nothing of it is left, and nothing will be told.
    pub fn give_up(&self, id: u32) {
        let slot = lock(&self.waiting).remove(&id);
        let work = slot.and_then(|slot| lock(&slot).take());
        drop(work);
    }
}

/// `None`: it was given up.
fn poll(slot: &Slot, cx: &mut Context<'_>) -> Poll<Option<Event>> {
    let mut slot = lock(slot);
    let Some(work) = slot.as_mut() else { return Poll::Ready(None) };
    let ended = work.as_mut().poll(cx);
    if ended.is_ready() {
        *slot = None;
    }
    ended.map(Some)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
