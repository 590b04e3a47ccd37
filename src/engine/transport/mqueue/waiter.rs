//! Waiting for a message queue, on a tokio runtime.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{Queue, would_block};
use crate::engine::error::{Endpoint, Error};

/// Waits for a queue, on the runtime that was current when it was made.
#[derive(Debug)]
pub struct Waiter(AsyncFd<Fd>);

/// What the runtime registers.
#[derive(Debug)]
struct Fd(Arc<Queue>);

impl AsRawFd for Fd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd.as_raw_fd()
    }
}

impl Waiter {
    /// One for `queue`, which can have one in each runtime.
    pub fn new(queue: Arc<Queue>) -> Result<Self, Error> {
        let name = Endpoint::Path(queue.name.to_string());
        // SAFETY: the descriptor is the queue's, which has the same one as long as it lives.
        unsafe { AsyncFd::register(Fd(queue)) }
            .map(Self)
            .map_err(|error| Error::new("epoll_ctl", error.into(), Some(name)))
    }

    /// The queue.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.0.get_ref().0
    }

    /// Resolves when there is a message to receive, or room for one. Another process may still be faster.
    pub async fn ready(&self, interest: Interest) -> Result<(), Error> {
        loop {
            let guard = self.0.ready(interest).await;
            let mut guard = guard.map_err(|error| self.queue().failed("epoll_wait", error))?;
            // What the runtime remembers may be over; what comes after this look wakes it again.
            if self.queue().poll(interest, Duration::ZERO) {
                return Ok(());
            }
            guard.clear_ready();
        }
    }

    /// As [`Queue::send`], but waits for room.
    pub async fn send(&self, data: &[u8], priority: u32) -> Result<(), Error> {
        loop {
            match self.queue().send(data, priority) {
                Err(error) if would_block(&error) => self.ready(Interest::WRITABLE).await?,
                done => return done,
            }
        }
    }

    /// As [`Queue::receive`], but waits for a message.
    pub async fn receive(&self, data: &mut Vec<u8>) -> Result<u32, Error> {
        loop {
            match self.queue().receive(data) {
                Err(error) if would_block(&error) => self.ready(Interest::READABLE).await?,
                done => return done,
            }
        }
    }
}
