//! Which messages of a connection are joined. Used by `link`.

use std::time::{Duration, Instant};

/// Messages that follow each other closely: they are joined, since a system call costs as much as several messages.
#[derive(Default)]
pub(super) struct Burst {
    pub held: Vec<u8>,
    last: Option<Instant>,
    /// So many have followed the one before within [`GAP`].
    close: u32,
    /// A task will send what is held.
    pub ends_soon: bool,
}

/// Messages of a burst follow each other within this time.
const GAP: Duration = Duration::from_micros(10);

/// A burst begins when so many have.
const BEGINS: u32 = 3;

/// A message of so many bytes is sent by itself.
const ALONE: usize = 8 * 1024;

/// So many bytes are sent at once.
const LARGE: usize = 64 * 1024;

impl Burst {
    /// Another message comes. Whether it is to be held back.
    pub fn takes(&mut self, len: usize) -> bool {
        let now = Instant::now();
        let is_close = self.last.replace(now).is_some_and(|last| now - last < GAP);
        self.close = if is_close { self.close.saturating_add(1) } else { 0 };
        let goes_on = !self.held.is_empty() || self.close >= BEGINS;
        goes_on && len < ALONE
    }

    /// A message has come, and no other with it: what is sent next may be its answer, which begins no burst.
    pub fn turn(&mut self) {
        self.last = None;
    }

    /// It is to be sent now.
    pub fn is_large(&self) -> bool {
        self.held.len() >= LARGE
    }
}
