//! Decides which messages of a connection are joined. Used by `link`.

use std::time::{Duration, Instant};

/// Messages that follow each other closely. They are joined, since a system call costs as much as several messages.
#[derive(Default)]
pub(super) struct Burst {
    pub held: Vec<u8>,
    last: Option<Instant>,
    /// How many messages have followed the one before within [`GAP`].
    close: u32,
    /// A task is going to send what is held back.
    pub ends_soon: bool,
}

/// The longest pause between two messages of a burst.
const GAP: Duration = Duration::from_micros(10);

/// How many messages in a row begin a burst.
const BEGINS: u32 = 3;

/// A message of this many bytes or more is sent by itself.
const ALONE: usize = 8 * 1024;

/// This many bytes or more are sent at once.
const LARGE: usize = 64 * 1024;

impl Burst {
    /// Another message is to be sent. Returns whether to hold it back.
    pub fn takes(&mut self, len: usize) -> bool {
        let now = Instant::now();
        let is_close = self.last.replace(now).is_some_and(|last| now - last < GAP);
        self.close = if is_close { self.close.saturating_add(1) } else { 0 };
        let goes_on = !self.held.is_empty() || self.close >= BEGINS;
        goes_on && len < ALONE
    }

    /// A message has come, and no other with it. What is sent next may be its answer, which does not begin a
    /// burst.
    pub fn turn(&mut self) {
        self.last = None;
    }

    /// Whether what is held back has to be sent now.
    pub fn is_large(&self) -> bool {
        self.held.len() >= LARGE
    }
}
