//! What other threads report to JavaScript: a queue, and the call that wakes its consumer. Used by
//! `super::appview` and [`super::pixivutil2`].

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::wake::WakeUp;

/// See the module's page.
pub struct Notices<T> {
    queue: Mutex<VecDeque<T>>,
    wake: WakeUp,
}

impl<T> Notices<T> {
    /// Wakes the consumer by `wake`.
    pub fn new(wake: WakeUp) -> Self {
        Self { queue: Mutex::default(), wake }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one, from any thread.
    pub fn push(&self, notice: T) {
        self.lock().push_back(notice);
        self.wake.call();
    }

    /// The same, unless there are `most` already. Returns whether it was added.
    #[cfg(target_os = "linux")]
    pub fn push_below(&self, most: usize, notice: T) -> bool {
        let mut queue = self.lock();
        let has_room = queue.len() < most;
        if has_room {
            queue.push_back(notice);
            self.wake.call();
        }
        has_room
    }

    /// The oldest.
    pub fn take(&self) -> Option<T> {
        self.lock().pop_front()
    }

    /// Keeps the event loop alive or not.
    pub fn wake(&self) -> &WakeUp {
        &self.wake
    }
}
