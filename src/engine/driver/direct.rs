//! Raw bytes that the consumer reads from the socket by itself, on its own thread and into memory of its own, so that
//! nothing copies them: [`Event::Readable`]. Both drivers offer them where much arrives at a time; neither reads in the
//! meantime. Part of [`super`].

use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;

use super::state::{End, Io, State};
use super::{Connection, is_transient};
use crate::engine::error::Error;
use crate::engine::event::Event;
use crate::engine::framing::Mode;
use crate::engine::link::{DIRECT_MAX, DIRECT_MIN};
use crate::engine::panics::point;
use crate::engine::transport;

impl Connection {
    /// Has the consumer read so many bytes. False: it is gone.
    pub(super) fn offer_bytes(&self, state: &mut State, len: usize) -> bool {
        state.offered = self.mailbox.post_now(Event::Readable { id: self.id, len }).is_ok();
        state.offered
    }

    /// Reads into `room`, on [`Event::Readable`]. Returns how many bytes of it are initialised. `None`: the connection is
    /// not read any more, or not as raw bytes, or has ended, which is reported.
    pub fn receive_into(&self, room: &mut [MaybeUninit<u8>]) -> Option<usize> {
        point("read");
        let mut state = self.lock();
        state.offered = false;
        let len = self.read_direct(&mut state, room);
        self.reader.notify_one();
        len
    }

    fn read_direct(&self, state: &mut State, room: &mut [MaybeUninit<u8>]) -> Option<usize> {
        let is_open = matches!(state.end, End::Open | End::Finishing | End::Finished);
        let reads = state.reading && state.receives() && state.mode == Mode::Raw;
        if !is_open || !reads || state.failed.is_some() {
            return None;
        }
        let (result, left) = {
            let socket = state.io.plain()?;
            let result = transport::receive_into(&socket, room);
            // Another thread would be asked for it. The loop driver looks by itself.
            let asks = matches!(state.io, Io::Tasks(_)) && !self.mailbox.is_full();
            (result, if asks { transport::waiting(&socket) } else { 0 })
        };
        match result {
            Ok(0) => self.ended_direct(state),
            Ok(len) => {
                self.bytes_read.fetch_add(len as u64, Ordering::Relaxed);
                if left >= DIRECT_MIN {
                    self.offer_bytes(state, left.min(DIRECT_MAX));
                }
                return Some(len);
            }
            Err(error) if is_transient(&error) => {}
            Err(error) => self.report_closed(state, vec![Error::new("read", error, None)]),
        }
        None
    }

    /// The tokio driver finds the end by itself.
    fn ended_direct(&self, state: &mut State) {
        #[cfg(unix)]
        if state.io.is_on_loop() {
            self.ended_on_loop(state);
            self.update_watch(state);
        }
        #[cfg(not(unix))]
        let _ = state;
    }
}
