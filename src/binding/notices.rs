//! What other threads report to JavaScript: a queue, and the call that wakes its consumer. Used by
//! `super::appview` and [`super::pixivutil2`].

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use napi::Env;

use super::wake::WakeUp;

/// See the module's page.
pub struct Notices<T> {
    queue: Mutex<VecDeque<T>>,
    /// `None` once the consumer is not woken any more.
    wake: Mutex<Option<WakeUp>>,
}

impl<T> Notices<T> {
    /// Wakes the consumer by `wake`.
    pub fn new(wake: WakeUp) -> Self {
        Self { queue: Mutex::default(), wake: Mutex::new(Some(wake)) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) -> MutexGuard<'_, Option<WakeUp>> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self) {
        if let Some(wake) = &*self.wake() {
            wake.call();
        }
    }

    /// Adds one, from any thread.
    pub fn push(&self, notice: T) {
        self.lock().push_back(notice);
        self.call();
    }

    /// The same, unless there are `most` already. Returns whether it was added.
    #[cfg(target_os = "linux")]
    pub fn push_below(&self, most: usize, notice: T) -> bool {
        let mut queue = self.lock();
        let has_room = queue.len() < most;
        if has_room {
            queue.push_back(notice);
            self.call();
        }
        has_room
    }

    /// The oldest.
    pub fn take(&self) -> Option<T> {
        self.lock().pop_front()
    }

    /// Keeps the event loop alive, or lets it end.
    pub fn keep_alive(&self, env: &Env, on: bool) {
        if let Some(wake) = &*self.wake() {
            wake.keep_alive(env, on);
        }
    }

    /// Frees the wake-up call. It keeps the consumer's function, which keeps the object that has these notices: neither
    /// would ever be collected.
    pub fn end(&self) {
        let wake = self.wake().take();
        drop(wake);
    }
}
