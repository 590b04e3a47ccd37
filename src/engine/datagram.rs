//! A datagram socket's state, without its socket: what received datagrams amount to ([`Sorter`]) and
//! what is to be sent ([`Spool`]). What [`crate::engine::link`] is for a connection; no I/O here.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::codec::delimited::{BATCH_BYTES, BATCH_FRAMES, Batch};
use super::event::{Event, Id, Part};
use super::link::{HIGH_WATER, Mode};
use super::transport::udp::BATCH;

/// Bytes and datagrams that wait for the system at most; beyond them datagrams are refused.
pub const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// See [`MOST_WAITING_BYTES`].
pub const MOST_WAITING: usize = 64 * 1024;

/// A datagram to be sent.
pub type Piece<'a> = (SocketAddr, &'a [u8]);

/// Turns datagrams into events: those of one peer that come one after the other into one event.
#[derive(Debug)]
pub struct Sorter {
    id: Id,
    delimiter: Arc<[u8]>,
    finder: Finder<'static>,
    max_frame: usize,
    group: Option<Group>,
}

/// Datagrams of one peer.
#[derive(Debug)]
struct Group {
    peer: SocketAddr,
    bytes: BytesMut,
    ends: Vec<usize>,
    parts: Vec<Part>,
}

impl Group {
    fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || self.ends.len() >= BATCH_FRAMES
    }
}

impl Sorter {
    /// A sorter for the datagrams of `id`, whose frames end with `delimiter` (not empty) or with their
    /// datagram, and have at most `max_frame` bytes.
    pub fn new(id: Id, delimiter: Arc<[u8]>, max_frame: usize) -> Self {
        let finder = Finder::new(&delimiter).into_owned();
        Self { id, delimiter, finder, max_frame, group: None }
    }

    /// Takes a datagram. With `tapped`, its bytes are reported before its frames.
    pub fn add(
        &mut self,
        (mode, tapped): (Mode, bool),
        (peer, datagram): Piece<'_>,
        emit: &mut impl FnMut(Event),
    ) {
        let id = self.id;
        if mode == Mode::Raw || tapped {
            self.finish(emit);
            let bytes = Bytes::copy_from_slice(datagram);
            emit(Event::Datagram { id, peer, bytes, framed: mode == Mode::Frames });
        }
        if mode == Mode::Raw {
            return;
        }
        let size = datagram.len();
        self.open(peer, size, emit);
        let mut start = 0;
        while start < size {
            let end = self.finder.find(&datagram[start..]).map_or(size, |at| start + at);
            let frame = &datagram[start..end];
            start = end + self.delimiter.len();
            if frame.len() > self.max_frame {
                self.finish(emit);
                emit(Event::DatagramTooLarge { id, peer, size, len: frame.len() });
                continue;
            }
            if self.group.as_ref().is_none_or(Group::is_full) {
                self.reopen(peer, size, emit);
            }
            let group = self.group.as_mut().expect("just opened");
            if !group.ends.is_empty() {
                group.bytes.extend_from_slice(&self.delimiter);
            }
            group.bytes.extend_from_slice(frame);
            group.ends.push(group.bytes.len());
            group.parts.last_mut().expect("a group has a part").frames += 1;
        }
    }

    /// Reports what was taken so far.
    pub fn finish(&mut self, emit: &mut impl FnMut(Event)) {
        if let Some(Group { peer, bytes, ends, parts }) = self.group.take() {
            let batch = Batch { bytes: bytes.freeze(), ends };
            emit(Event::Datagrams { id: self.id, peer, batch, parts });
        }
    }

    /// Begins a datagram, in the group of those before it if that is possible.
    fn open(&mut self, peer: SocketAddr, size: usize, emit: &mut impl FnMut(Event)) {
        match &mut self.group {
            Some(group) if group.peer == peer && !group.is_full() && group.parts.len() < BATCH => {
                group.parts.push(Part { frames: 0, size });
            }
            _ => self.reopen(peer, size, emit),
        }
    }

    /// Begins a group with (the rest of) a datagram.
    fn reopen(&mut self, peer: SocketAddr, size: usize, emit: &mut impl FnMut(Event)) {
        self.finish(emit);
        let parts = vec![Part { frames: 0, size }];
        self.group = Some(Group { peer, bytes: BytesMut::new(), ends: Vec::new(), parts });
    }
}

/// Sends `pieces` in order, each by `send` or not at all, until the system takes no more. `failed` hears
/// of those that it refuses. Returns how many are done with.
pub fn send_in_order(
    pieces: &[Piece<'_>],
    mut send: impl FnMut(&[Piece<'_>]) -> io::Result<usize>,
    mut failed: impl FnMut(SocketAddr, io::Error),
) -> usize {
    let mut done = 0;
    while let Some((to, _)) = pieces.get(done) {
        match send(&pieces[done..pieces.len().min(done + BATCH)]) {
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => {
                failed(*to, error);
                done += 1;
            }
        }
    }
    done
}

/// Datagrams that the system has not taken yet, in order and bounded.
#[derive(Debug, Default)]
pub struct Spool {
    waiting: VecDeque<(SocketAddr, Bytes)>,
    bytes: usize,
    /// The high-water mark was reached: somebody waits for the spool to be empty.
    awaited: bool,
}

impl Spool {
    /// Bytes and datagrams that wait.
    pub fn len(&self) -> (usize, usize) {
        (self.bytes, self.waiting.len())
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Appends a datagram. False: there is no room for it.
    pub fn offer(&mut self, (to, bytes): Piece<'_>) -> bool {
        if self.bytes + bytes.len() > MOST_WAITING_BYTES || self.waiting.len() >= MOST_WAITING {
            return false;
        }
        self.bytes += bytes.len();
        self.awaited |= self.bytes >= HIGH_WATER;
        self.waiting.push_back((to, Bytes::copy_from_slice(bytes)));
        true
    }

    /// As [`send_in_order`], with what waits.
    pub fn flush(
        &mut self,
        mut send: impl FnMut(&[Piece<'_>]) -> io::Result<usize>,
        mut failed: impl FnMut(SocketAddr, io::Error),
    ) {
        while !self.waiting.is_empty() {
            let pieces: Vec<Piece<'_>> =
                self.waiting.iter().take(BATCH).map(|(to, bytes)| (*to, &bytes[..])).collect();
            let done = send_in_order(&pieces, &mut send, &mut failed);
            let blocked = done < pieces.len();
            for (_, bytes) in self.waiting.drain(..done) {
                self.bytes -= bytes.len();
            }
            if blocked {
                return;
            }
        }
        self.waiting = VecDeque::new(); // gives the room back
    }

    /// Whether the spool is empty and somebody waits for that. Once per wait.
    pub fn take_drained(&mut self) -> bool {
        self.is_empty() && mem::take(&mut self.awaited)
    }
}
