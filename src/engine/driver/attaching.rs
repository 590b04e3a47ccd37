//! How the large views of a message go beside its bytes, as memory: the system copies them once, and not into the socket
//! and out of it. Part of [`super::writing`].
//!
//! Such memory is no burden on the socket, which would take any amount of it, and so nothing would hold the sender back. So of one
//! connection, one message is under way like that until the peer has read it. Meanwhile, and wherever the system does not
//! do it, messages are written as bytes.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::Connection;
use super::state::{End, Io, State};
use crate::engine::codec::values;
use crate::engine::transport::{held, passing, sealed};

impl Connection {
    /// Sends a message of values, whose views are those after the first piece. Returns the bytes that wait; `None`: it is
    /// to be written as bytes.
    pub(super) fn attach(self: &Arc<Self>, state: &mut State, pieces: &[&[u8]]) -> Option<usize> {
        let [head, views @ ..] = pieces else { return None };
        let len = views.iter().map(|view| view.len()).sum::<usize>();
        let is_open = state.end == End::Open && state.failed.is_none();
        if len < sealed::WORTH_IT || !is_open || !self.attaches.load(Ordering::Relaxed) {
            return None;
        }
        let head = values::split(head)?;
        if std::mem::take(&mut state.held) {
            self.push_out(state, Io::send);
        }
        if state.outbox.queued() > 0 {
            return None;
        }
        let memory = sealed::seal(views).ok()?;
        let socket = state.io.socket()?;
        if state.attached && held(&socket) != Some(0) {
            return None;
        }
        let sent = passing::send(&socket, &head, memory.as_fd()).ok()?;
        state.attached = true;
        self.bytes_written.fetch_add((sent + len) as u64, Ordering::Relaxed);
        Some(self.queue(state, Some(Bytes::copy_from_slice(&head[sent..]))))
    }
}
