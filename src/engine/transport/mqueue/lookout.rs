//! Waiting for a queue that somebody else is going to make. Used by `protocols::appview`.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::{Changes, Queue, wait_for};

/// How long it is between two looks where the system tells of changes: it need not be believed for ever.
const SAFETY: Duration = Duration::from_millis(500);

/// How long it is until the system is asked again whether it tells.
const AGAIN: Duration = Duration::from_secs(1);

/// Ends the waiting of a [`Lookout`], now and from then on, when it is dropped.
#[derive(Debug)]
pub struct Bell {
    _writer: PipeWriter,
}

/// A lookout for queues of certain names.
#[derive(Debug)]
pub struct Lookout {
    names: Vec<String>,
    interval: Duration,
    bell: PipeReader,
    changes: Option<Changes>,
    /// When to try again to have `changes`.
    again: Instant,
}

/// What a [`Lookout`] waits for.
#[derive(Debug, Clone, Copy)]
pub enum Awaited<'a> {
    /// That one of the queues is made, removed, or given other permissions.
    Change,
    /// The same, or that there is a message in this one of them.
    Message(&'a Queue),
    /// That the interval is over.
    Time,
}

impl Lookout {
    /// For queues `names`. Where the system does not tell of changes, there may be one after each `interval`.
    /// The thread that waits has to make it: it is for the namespaces of that thread.
    pub fn new(names: &[&str], interval: Duration, bell: PipeReader) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Self {
            names,
            interval,
            bell,
            changes: Changes::watch().ok(),
            again: Instant::now() + AGAIN,
        }
    }

    /// What rings it, and what it needs for that.
    pub fn bell() -> io::Result<(Bell, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        Ok((Bell { _writer: writer }, reader))
    }

    /// Waits until it is worth while to look whether what is awaited has come. Where that may be so already, look
    /// first: what comes after that look is not missed.
    pub fn wait(&mut self, awaited: Awaited<'_>) {
        if self.changes.is_none() && Instant::now() >= self.again {
            self.again = Instant::now() + AGAIN;
            self.changes = Changes::watch().ok();
            if self.changes.is_some() {
                return; // what was not told yet
            }
        }
        let queue = if let Awaited::Message(queue) = awaited { Some(queue.as_fd()) } else { None };
        let changes = match awaited {
            Awaited::Time => None,
            _ => self.changes.as_ref(),
        };
        let patience = if changes.is_some() { SAFETY } else { self.interval.min(AGAIN) };
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let all = [Some(self.bell.as_fd()), queue, changes.map(AsFd::as_fd)];
            let ready = wait_for(all.map(|it| it.map(|fd| (fd, libc::POLLIN))), left);
            let (Some(changes), [false, false, true]) = (changes, ready) else { return };
            match changes.concern(&self.names) {
                Ok(false) if !left.is_zero() => {}
                Ok(_) => return,
                Err(_) => break,
            }
        }
        self.changes = None;
    }
}
