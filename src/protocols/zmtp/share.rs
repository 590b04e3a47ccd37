//! What the connections of a ROUTER or REP hold together of unfinished messages. Each is limited by its longest message;
//! a thousand that begin one and stop could fill the memory. Used by [`super::link`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

use crate::engine::unfinished::{Holder, Unfinished, to_count};

/// The count of one socket.
#[derive(Debug)]
pub(super) struct Shares {
    unfinished: Arc<Unfinished>,
    last: AtomicU32,
}

impl Shares {
    /// For connections that may hold `most` bytes together.
    pub fn new(most: usize) -> Self {
        Self { unfinished: Unfinished::new(most as u64), last: AtomicU32::new(0) }
    }

    /// That of a new connection.
    pub fn share(&self) -> Share {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let (unfinished, end) = (self.unfinished.clone(), Arc::default());
        Share { unfinished, id, counted: false, end }
    }
}

/// What one connection holds.
#[derive(Debug)]
pub(super) struct Share {
    unfinished: Arc<Unfinished>,
    id: u32,
    /// It holds enough to be counted.
    counted: bool,
    end: Arc<End>,
}

#[derive(Debug, Default)]
struct End(Notify);

impl Holder for End {
    fn end_for_most_now(&self) -> bool {
        self.0.notify_one();
        true
    }
}

impl Share {
    /// It now holds so many bytes. If that is too much in total, the connection that holds most ends.
    pub fn hold(&mut self, len: usize) {
        let Some(len) = to_count(len, self.counted) else { return };
        self.counted = len > 0;
        let end = Arc::downgrade(&self.end);
        if let Some((_, worst)) = self.unfinished.hold(self.id, len, end) {
            worst.upgrade().map(|worst| worst.end_for_most_now());
        }
    }

    /// Waits until it has to end.
    pub async fn ended(&self) {
        self.end.0.notified().await;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.unfinished.forget(self.id);
    }
}
