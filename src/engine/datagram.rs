//! The state of a datagram socket, without the socket: it turns received datagrams into events ([`Sorter`]) and
//! holds the datagrams to be sent ([`Spool`]). What [`crate::engine::link`] is for a connection; no I/O here.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};

use super::codec::{BATCH_BYTES, BATCH_FRAMES, Batch, delimited::Delimiter};
use super::event::{Event, Id, Part};
use super::framing::Mode;
use super::link::HIGH_WATER;

/// The most datagrams that one system call moves.
pub const BATCH: usize = 32;

/// The most bytes and datagrams that wait for the system. Beyond that, datagrams are refused.
pub const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// See [`MOST_WAITING_BYTES`].
pub const MOST_WAITING: usize = 64 * 1024;

/// A datagram to be sent.
pub type Piece<'a> = (SocketAddr, &'a [u8]);

/// Turns datagrams into events. Consecutive datagrams of one peer share an event.
#[derive(Debug)]
pub struct Sorter {
    id: Id,
    delimiter: Delimiter,
    max_frame: usize,
    strict: bool,
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
    /// Whether `len` more bytes may be in the same batch.
    fn has_room(&self, len: usize) -> bool {
        let is_within = self.bytes.len() + len <= BATCH_BYTES && self.ends.len() < BATCH_FRAMES;
        self.ends.is_empty() || is_within
    }
}

impl Sorter {
    /// A sorter for the datagrams of `id`, whose frames end with `delimiter` (not empty) or with their datagram, and
    /// have at most `max_frame` bytes. `strict`: what follows a longer one in its datagram is dropped.
    pub fn new(id: Id, delimiter: Delimiter, max_frame: usize, strict: bool) -> Self {
        Self { id, delimiter, max_frame, strict, group: None }
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
            let end = self.delimiter.find(&datagram[start..]).map_or(size, |at| start + at);
            let frame = &datagram[start..end];
            start = end + self.delimiter.len();
            if frame.len() > self.max_frame {
                self.finish(emit);
                emit(Event::DatagramTooLarge { id, peer, size, len: frame.len() });
                if self.strict {
                    return;
                }
                continue;
            }
            let len = self.delimiter.len() + frame.len();
            if self.group.as_ref().is_none_or(|group| !group.has_room(len)) {
                self.reopen(peer, Part { frames: 0, size, continues: true }, emit);
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
        let part = Part { frames: 0, size, continues: false };
        let len = self.delimiter.len() + size;
        let goes_on = |group: &&mut Group| {
            group.peer == peer && group.parts.len() < BATCH && group.has_room(len)
        };
        match self.group.as_mut().filter(goes_on) {
            Some(group) => group.parts.push(part),
            None => self.reopen(peer, part, emit),
        }
    }

    /// Begins a group with (the rest of) a datagram.
    fn reopen(&mut self, peer: SocketAddr, part: Part, emit: &mut impl FnMut(Event)) {
        self.finish(emit);
        let (bytes, ends) = (BytesMut::new(), Vec::new());
        self.group = Some(Group { peer, bytes, ends, parts: vec![part] });
    }
}

/// Sends `pieces` in order, each as a whole, by `send`, until the system takes no more. Calls `failed` for those
/// that the system refuses. Returns how many are done.
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
    /// How many bytes and datagrams wait.
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

    /// As [`send_in_order`], for the waiting datagrams.
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
        self.waiting = VecDeque::new(); // frees the memory
    }

    /// Whether the spool is empty and a writer waits for that. Once per wait.
    pub fn take_drained(&mut self) -> bool {
        self.is_empty() && mem::take(&mut self.awaited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn peer(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    /// What a consumer reads in the events of one batch. For each peer and frame: the frame (or the
    /// length of one that was too long) and the datagram's size.
    fn read(
        delimiter: &[u8],
        events: &[Event],
    ) -> Vec<(SocketAddr, Result<Vec<u8>, usize>, usize)> {
        let mut out = Vec::new();
        for event in events {
            match event {
                Event::Datagrams { peer, batch, parts, .. } => {
                    assert!(batch.ends.len() <= BATCH_FRAMES && parts.len() <= BATCH);
                    let mut frames = batch.frames(delimiter.len());
                    for part in parts {
                        let of_part = frames.by_ref().take(part.frames);
                        out.extend(of_part.map(|frame| (*peer, Ok(frame.to_vec()), part.size)));
                    }
                    assert!(frames.next().is_none(), "frames without a datagram");
                }
                Event::DatagramTooLarge { peer, size, len, .. } => {
                    out.push((*peer, Err(*len), *size));
                }
                other => panic!("{other:?}"),
            }
        }
        out
    }

    fn sort(delimiter: &[u8], max_frame: usize, datagrams: &[Piece<'_>]) -> Vec<Event> {
        let mut sorter = Sorter::new(7, delimiter.into(), max_frame, false);
        let mut events = Vec::new();
        for &datagram in datagrams {
            sorter.add((Mode::Frames, false), datagram, &mut |event| events.push(event));
        }
        sorter.finish(&mut |event| events.push(event));
        events
    }

    /// The specification: each datagram by itself, split at each delimiter from left to right, without an empty rest.
    fn naive(delimiter: &[u8], datagram: &[u8]) -> Vec<Vec<u8>> {
        let mut frames = vec![Vec::new()];
        let mut rest = datagram;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(delimiter) {
                frames.push(Vec::new());
                rest = after;
            } else {
                frames.last_mut().unwrap().push(rest[0]);
                rest = &rest[1..];
            }
        }
        if frames.last().is_some_and(Vec::is_empty) {
            frames.pop();
        }
        frames
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn frames_are_those_of_each_datagram_by_itself(
            datagrams in proptest::collection::vec(
                (0u16..3, proptest::collection::vec(0u8..3, 0..40)), 0..40),
            delimiter in proptest::collection::vec(0u8..3, 1..4),
            max_frame in prop_oneof![Just(usize::MAX), 0usize..8],
        ) {
            let pieces: Vec<Piece<'_>> =
                datagrams.iter().map(|(from, bytes)| (peer(*from), &bytes[..])).collect();
            let expected: Vec<_> = pieces.iter().flat_map(|(from, bytes)| {
                naive(&delimiter, bytes).into_iter().map(|frame| {
                    let fits = frame.len() <= max_frame;
                    (*from, if fits { Ok(frame) } else { Err(frame.len()) }, bytes.len())
                })
            }).collect();
            prop_assert_eq!(read(&delimiter, &sort(&delimiter, max_frame, &pieces)), expected);
        }
    }

    #[test]
    fn datagrams_of_one_peer_in_a_row_are_one_event() {
        let from = [1, 1, 1, 2, 1].map(|port| (peer(port), &b"x\n"[..]));
        let events = sort(b"\n", 9, &from);
        let parts = |event: &Event| match event {
            Event::Datagrams { parts, .. } => parts.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(events.iter().map(parts).collect::<Vec<_>>(), [3, 1, 1]);
    }

    #[test]
    fn a_datagram_of_many_frames_goes_on_in_the_next_event() {
        let many = b"\n".repeat(2 * BATCH_FRAMES + 1);
        let events = sort(b"\n", 9, &[(peer(1), b"first"), (peer(1), &many)]);
        assert_eq!(events.len(), 3);
        let frames = read(b"\n", &events);
        assert_eq!(frames.len(), 2 * BATCH_FRAMES + 2);
        assert!(frames[1..].iter().all(|(_, _, size)| *size == many.len()));
    }

    #[test]
    fn groups_are_bounded() {
        let half = vec![b'x'; BATCH_BYTES / 2 - 1];
        let more = vec![b'x'; BATCH_BYTES / 2 + 1];
        let datagrams = [&half, &half, &half, &more, &half].map(|bytes| (peer(1), &bytes[..]));
        let lens = |event: &Event| match event {
            Event::Datagrams { batch, .. } => batch.bytes.len(),
            other => panic!("{other:?}"),
        };
        let found: Vec<_> = sort(b"\n", usize::MAX, &datagrams).iter().map(lens).collect();
        assert_eq!(found, [2 * half.len() + 1, half.len(), more.len(), half.len()]);
    }

    #[test]
    fn raw_datagrams_are_reported_as_they_are_and_tapped_ones_before_their_frames() {
        let mut sorter = Sorter::new(7, b"\n".as_slice().into(), 9, false);
        let mut events = Vec::new();
        let mut emit = |event| events.push(event);
        sorter.add((Mode::Frames, false), (peer(1), b"a"), &mut emit);
        sorter.add((Mode::Frames, true), (peer(1), b"b\n"), &mut emit);
        sorter.add((Mode::Raw, false), (peer(1), b""), &mut emit);
        sorter.finish(&mut emit);
        assert!(matches!(
            &events[..],
            [
                Event::Datagrams { .. },
                Event::Datagram { framed: true, .. },
                Event::Datagrams { .. },
                Event::Datagram { framed: false, .. },
            ]
        ));
    }

    #[test]
    fn what_is_refused_does_not_hold_up_the_others() {
        let bytes: Vec<Vec<u8>> = (0..100u8).map(|n| vec![n]).collect();
        let pieces: Vec<Piece<'_>> = bytes.iter().map(|b| (peer(1), &b[..])).collect();
        let (mut sent, mut failed) = (Vec::new(), 0);
        let send = |some: &[Piece<'_>]| {
            assert!(some.len() <= BATCH);
            match some[0].1[0] {
                n if n % 10 == 3 => Err(io::ErrorKind::PermissionDenied.into()),
                90.. => Err(io::ErrorKind::WouldBlock.into()),
                _ => {
                    // As the system does: up to the next datagram that it refuses.
                    let count =
                        some.iter().take_while(|(_, b)| b[0] % 10 != 3 && b[0] < 90).count();
                    sent.extend(some[..count].iter().map(|(_, b)| b[0]));
                    Ok(count)
                }
            }
        };
        assert_eq!(send_in_order(&pieces, send, |_, _| failed += 1), 90);
        assert_eq!(failed, 9);
        assert_eq!(sent, (0..90).filter(|n| n % 10 != 3).collect::<Vec<u8>>());
    }

    #[test]
    fn the_spool_is_bounded_keeps_order_and_reports_its_end_once() {
        let mut spool = Spool::default();
        let large = vec![0; 60_000];
        let room = MOST_WAITING_BYTES / large.len();
        for _ in 0..room {
            assert!(spool.offer((peer(1), &large)));
        }
        assert!(!spool.offer((peer(1), &large)));
        assert_eq!(spool.len(), (room * large.len(), room));
        assert!(!spool.take_drained());
        spool.flush(|some| Ok(some.len()), |_, _| panic!());
        assert!(spool.take_drained());
        assert!(!spool.take_drained());

        for n in 0..MOST_WAITING {
            assert!(spool.offer((peer(1), &n.to_le_bytes())));
        }
        assert!(!spool.offer((peer(1), b"")));
        let mut next = 0usize;
        let mut turns = 0;
        while !spool.is_empty() {
            let mut left = 1000; // what the system takes before it asks to wait
            let take = |some: &[Piece<'_>]| {
                let count = some.len().min(left).min(7);
                for (_, bytes) in &some[..count] {
                    assert_eq!(*bytes, next.to_le_bytes());
                    next += 1;
                }
                left -= count;
                if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
            };
            spool.flush(take, |_, _| panic!());
            turns += 1;
        }
        assert_eq!((next, turns), (MOST_WAITING, MOST_WAITING.div_ceil(1000)));
        assert_eq!(spool.len(), (0, 0));
    }
}
