//! Calls of JavaScript that have not ended, each with a number. Tasks carry them out; JavaScript can cancel them.
//! Used by [`super::host`].

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::mailbox::{Event, Mailbox};
use super::port::Place;
use crate::engine::panics;

type Work = Pin<Box<dyn Future<Output = Event> + Send>>;

/// The work of a call. It is taken by the task that ends it or by the call that cancels it (which then wakes the task),
/// whichever comes first.
type Slot = Arc<Mutex<(Option<Work>, Waker)>>;

/// See the module's page.
pub struct Calls {
    place: Place,
    mailbox: Arc<Mailbox>,
    waiting: Arc<Mutex<HashMap<u32, Slot>>>,
}

impl Calls {
    /// Tasks at `place` do the work; `mailbox` gets the results.
    pub fn new(place: Place, mailbox: Arc<Mailbox>) -> Self {
        Self { place, mailbox, waiting: Arc::default() }
    }

    /// Begins `work`, whose end is an event of `id`. What can be done at once, such as sending a job, is done on
    /// this thread: here, or where tasks of the event loop run next.
    pub fn begin(&self, id: u32, work: impl Future<Output = Event> + Send + 'static) {
        let mut work: Work = Box::pin(work);
        if matches!(self.place, Place::Runtime(_))
            && let Poll::Ready(event) = work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            return self.mailbox.post(id, event);
        }
        let slot: Slot = Arc::new(Mutex::new((Some(work), Waker::noop().clone())));
        lock(&self.waiting).insert(id, slot.clone());
        let (mailbox, waiting) = (self.mailbox.clone(), self.waiting.clone());
        self.place.spawn(std::future::poll_fn(move |cx| {
            let ended = std::task::ready!(poll(&slot, cx, |event| {
                // A cancellation finds the work in one place or the other.
                let mut waiting = lock(&waiting);
                let is_wanted = waiting.remove(&id).is_some();
                if is_wanted {
                    mailbox.put(id, event);
                }
                is_wanted
            }));
            if ended {
                mailbox.wake();
            }
            Poll::Ready(())
        }));
    }

    /// Cancels the call `id`. When this returns, nothing of it is left, and it will not be reported.
    pub fn give_up(&self, id: u32) {
        let slot = lock(&self.waiting).remove(&id);
        if let Some(slot) = slot {
            let mut slot = lock(&slot);
            let (work, task) = (slot.0.take(), slot.1.clone());
            drop(slot);
            drop(work);
            task.wake();
        } else {
            self.mailbox.forget(id); // it has ended, and JavaScript does not know yet
        }
    }
}

/// `end` takes the end, and says whether it was still wanted. False, too: the call was cancelled.
fn poll(slot: &Slot, cx: &mut Context<'_>, end: impl FnOnce(Event) -> bool) -> Poll<bool> {
    let mut slot = lock(slot);
    let (work, waker) = &mut *slot;
    let Some(future) = work else { return Poll::Ready(false) };
    waker.clone_from(cx.waker());
    let polled = panics::caught(|| {
        panics::point("job");
        future.as_mut().poll(cx)
    });
    polled.unwrap_or_else(|| Poll::Ready(Event::panicked())).map(|event| {
        *work = None;
        end(event) // while the slot is locked: a cancellation waits for this
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
