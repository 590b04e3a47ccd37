//! A queue whose senders take turns: what one has sent comes in order, and who sends much holds up nobody else. Used by
//! [`super::controller`] for events.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug)]
struct State<K, T> {
    /// What waits, of each sender that has something.
    by: HashMap<K, VecDeque<T>>,
    /// These senders; the first is next.
    order: VecDeque<K>,
    inputs: usize,
    /// Nobody takes anything any more.
    is_closed: bool,
}

#[derive(Debug)]
struct Shared<K, T> {
    state: Mutex<State<K, T>>,
    changed: Notify,
}

impl<K, T> Shared<K, T> {
    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An end where something is put in.
#[derive(Debug)]
pub(super) struct Input<K, T>(Arc<Shared<K, T>>);

/// The end where it comes out.
#[derive(Debug)]
pub(super) struct Output<K, T>(Arc<Shared<K, T>>);

/// Both ends.
pub(super) fn turns<K: Hash + Eq + Clone, T>() -> (Input<K, T>, Output<K, T>) {
    let state = State { by: HashMap::new(), order: VecDeque::new(), inputs: 1, is_closed: false };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() });
    (Input(shared.clone()), Output(shared))
}

impl<K: Hash + Eq + Clone, T> Input<K, T> {
    /// Puts in something of this sender.
    pub fn put(&self, whose: K, what: T) {
        let mut state = self.0.lock();
        if state.is_closed {
            return;
        }
        let State { by, order, .. } = &mut *state;
        let waiting = by.entry(whose).or_insert_with_key(|whose| {
            order.push_back(whose.clone());
            VecDeque::new()
        });
        waiting.push_back(what);
        drop(state);
        self.0.changed.notify_one();
    }
}

impl<K, T> Clone for Input<K, T> {
    fn clone(&self) -> Self {
        self.0.lock().inputs += 1;
        Self(self.0.clone())
    }
}

impl<K, T> Drop for Input<K, T> {
    fn drop(&mut self) {
        self.0.lock().inputs -= 1;
        self.0.changed.notify_one();
    }
}

impl<K, T> Drop for Output<K, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        let left = std::mem::take(&mut state.by);
        state.order.clear();
        drop(state);
        drop(left); // not under the lock
    }
}

impl<K: Hash + Eq + Clone, T> Output<K, T> {
    /// The next one, once there is one. `None`: all that was put in has come, and nobody can put in more.
    pub async fn take(&mut self) -> Option<T> {
        loop {
            {
                let mut state = self.0.lock();
                if let Some(what) = state.next() {
                    return Some(what);
                }
                if state.inputs == 0 {
                    return None;
                }
            }
            self.0.changed.notified().await;
        }
    }
}

impl<K: Hash + Eq + Clone, T> State<K, T> {
    fn next(&mut self) -> Option<T> {
        let whose = self.order.pop_front()?;
        let waiting = self.by.get_mut(&whose)?;
        let what = waiting.pop_front();
        if waiting.is_empty() {
            self.by.remove(&whose);
        } else {
            self.order.push_back(whose);
        }
        what
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn senders_take_turns_and_each_is_in_order() {
        let (input, mut output) = turns();
        for (whose, what) in [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("c", 1), ("b", 2)] {
            input.clone().put(whose, (whose, what));
        }
        let mut came = vec![output.take().await.unwrap()];
        input.put("d", ("d", 1));
        drop(input);
        while let Some(next) = output.take().await {
            came.push(next);
        }
        assert_eq!(came, [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("d", 1), ("b", 2), ("a", 3)]);
    }
}
