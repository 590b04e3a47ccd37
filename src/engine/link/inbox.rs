//! The receiving half of a link. Held by the drivers and by ipc2's sessions.

use bytes::{Bytes, BytesMut};

use super::attachments::Attachments;
use super::{Shelf, Spare};
use crate::engine::codec::{Decoded, Decoder};
use crate::engine::event::{Event, Id};
use crate::engine::framing::Mode;
use crate::engine::transport::Attachment;

/// The fewest and the most bytes to ask the system for in one read.
const READ_MIN: usize = 16 * 1024;
const READ_MAX: usize = 1024 * 1024;

/// The most for raw bytes, which are passed on as they arrive, in pieces of the size that Node's
/// streams have.
const RAW_READ_MAX: usize = 64 * 1024;

/// Raw bytes are read into memory of the consumer's own if there are this many.
pub const DIRECT_MIN: usize = 4 * 1024;

/// The most in one such read. With 256 KiB, there were many more page faults, and reading took up to twice as long.
pub const DIRECT_MAX: usize = RAW_READ_MAX;

/// Bytes that a buffer may have in addition to twice those in it.
const SLACK: usize = 1024;

/// The room for a large frame of known length is at most this many times what has arrived of it.
const VOUCHED: usize = 8;

/// The receiving half of a link.
#[derive(Debug)]
pub struct Inbox {
    id: Id,
    decoder: Decoder,
    mode: Mode,
    /// Also report raw bytes, after the frames that they completed.
    tapped: bool,
    /// Bytes to ask for in the next read. Grows with full reads, shrinks with small ones.
    read_size: usize,
    /// An upper bound for the allocation that the decoder's buffer is a part of, in bytes.
    allocation: usize,
    /// Bytes in the decoder's buffer before the current read.
    before: usize,
    /// The current read has completed no frame yet.
    fruitless: bool,
    /// Raw bytes that are known to wait, besides those that the consumer was told to take. There may be more.
    known: usize,
    /// Reports unfinished frames: see [`Inbox::strict`].
    watch: Option<Watch>,
    attachments: Attachments,
}

/// How an unfinished frame is watched.
#[derive(Debug)]
struct Watch {
    /// The most bytes of a frame, including what may be the beginning of a delimiter.
    most: u64,
    /// The frame has been reported as too large.
    told: bool,
    /// Something was received since the last check.
    fresh: bool,
}

impl Inbox {
    /// An inbox for connection `id`.
    pub fn new(id: Id, decoder: impl Into<Decoder>) -> Self {
        let (decoder, mode, read_size) = (decoder.into(), Mode::Frames, READ_MIN);
        Self {
            id,
            decoder,
            mode,
            tapped: false,
            read_size,
            allocation: 0,
            before: 0,
            fruitless: false,
            known: 0,
            watch: None,
            attachments: Attachments::default(),
        }
    }

    /// Reports a frame of more than `most` bytes (including what may be the beginning of its delimiter) before
    /// its end arrives, and an unfinished frame after each read that leaves one.
    pub fn strict(mut self, most: usize) -> Self {
        self.watch = Some(Watch { most: most as u64, told: false, fresh: false });
        self
    }

    /// Frames of values may have memory beside them, of at most `largest` bytes.
    pub fn with_attachments(mut self, largest: usize) -> Self {
        self.attachments.largest = Some(largest);
        self
    }

    /// The most bytes of memory that may come with a read; `None`: none may come.
    pub fn largest_attachment(&self) -> Option<usize> {
        self.attachments.largest
    }

    /// Call this before [`Inbox::received`] if memory has come with the read.
    pub fn attached(&mut self, attachment: Attachment) {
        self.attachments.push(attachment);
    }

    /// How much waits.
    #[cfg(test)]
    pub(super) fn attachments_waiting(&self) -> usize {
        self.attachments.waiting()
    }

    /// Whether memory has come that belongs to no frame. To be called when the frames of a read were taken.
    pub fn has_surplus(&self) -> bool {
        self.attachments.is_surplus(self.decoder.partial_len() > 0)
    }

    /// Sets what received bytes become from now on. When frame mode ends, the beginning of an
    /// unfinished frame is reported as raw bytes.
    pub fn configure(&mut self, mode: Mode, tapped: bool) -> Option<Event> {
        self.tapped = tapped;
        if self.mode == mode {
            return None;
        }
        self.mode = mode;
        self.known = 0;
        let bytes = self.decoder.take_partial();
        (!bytes.is_empty()).then_some(Event::Chunk { id: self.id, bytes, framed: false })
    }

    /// The buffer to append the next read to, with room for it.
    pub fn prepare(&mut self) -> &mut BytesMut {
        let (missing, buffer) = (self.decoder.missing(), self.decoder.buffer());
        self.before = buffer.len();
        // A large frame gets its room at once, but only in proportion to what has arrived of it. It gets more
        // only when that is used up, since it is moved then.
        let large = missing > 0 && self.before >= self.read_size.min(4 * READ_MIN);
        let left = buffer.capacity() - self.before;
        if !large {
            buffer.reserve(self.read_size);
        } else if left < self.read_size.min(missing) {
            buffer.reserve(missing.min(self.before * VOUCHED));
        }
        self.allocation = self.allocation.max(buffer.capacity());
        buffer
    }

    /// The most bytes to take in one read, however much room there is.
    pub fn most(&self) -> usize {
        if self.mode == Mode::Raw { RAW_READ_MAX } else { usize::MAX }
    }

    /// In raw mode, once reads are large: how many of the `waiting` bytes the consumer is to take into memory of its own,
    /// instead of a read into this. `None`: few or none.
    pub fn direct(&mut self, waiting: impl FnOnce() -> usize) -> Option<usize> {
        if self.mode != Mode::Raw || self.read_size <= READ_MIN {
            return None;
        }
        if self.known < DIRECT_MAX {
            self.known = waiting();
        }
        let len = self.known.min(DIRECT_MAX);
        self.known -= len;
        (len >= DIRECT_MIN).then_some(len)
    }

    /// Call this after a read of `len` bytes; [`Inbox::next`] then yields the frames that it
    /// completed. Returns the raw bytes if they are wanted, to be reported after the frames.
    pub fn received(&mut self, len: usize) -> Option<Event> {
        if len >= self.read_size {
            self.read_size = (self.read_size * 4).min(READ_MAX).min(self.most());
        } else if len < self.read_size / 4 {
            self.read_size = (self.read_size / 2).max(READ_MIN);
        }
        self.fruitless = self.mode == Mode::Frames;
        if let Some(watch) = &mut self.watch {
            watch.fresh = true;
        }
        match self.mode {
            Mode::Raw => {
                self.attachments.clear();
                let bytes = self.decoder.take_partial();
                Some(Event::Chunk { id: self.id, bytes, framed: false })
            }
            Mode::Frames if self.tapped => {
                let bytes = Bytes::copy_from_slice(&self.decoder.buffer()[self.before..]);
                Some(Event::Chunk { id: self.id, bytes, framed: true })
            }
            Mode::Frames => None,
        }
    }

    /// The next event of the received bytes.
    #[allow(clippy::should_implement_trait)] // not an iterator: `None` is not its end
    pub fn next(&mut self) -> Option<Event> {
        if self.mode == Mode::Raw {
            return None;
        }
        let (id, fruitless) = (self.id, std::mem::take(&mut self.fruitless));
        match self.decoder.next() {
            Some(Decoded::Batch(batch)) => {
                let attached = self.attachments.of(&batch, self.decoder.gap());
                Some(Event::Frames { id, batch, attached })
            }
            Some(Decoded::TooLarge(len)) => {
                self.attachments.skip(self.decoder.buffer());
                Some(Event::TooLarge { id, len })
            }
            None if self.watch.is_some() => self.unfinished(),
            None => fruitless.then_some(Event::Partial { id }),
        }
    }

    /// What a strict inbox reports about the frame that has begun.
    fn unfinished(&mut self) -> Option<Event> {
        let (id, len, watch) = (self.id, self.decoder.partial_len(), self.watch.as_mut()?);
        let fresh = std::mem::take(&mut watch.fresh);
        if len > watch.most && !std::mem::replace(&mut watch.told, true) {
            return Some(Event::TooLarge { id, len });
        }
        (fresh && len > 0).then_some(Event::Partial { id })
    }

    /// The peer will send no more: reports a frame that never ended.
    pub fn finish(&mut self) -> Option<Event> {
        match self.decoder.partial_len() {
            0 => None,
            len => Some(Event::Truncated { id: self.id, len }),
        }
    }

    /// Bytes that wait for the rest of their frame, with the memory beside it.
    pub fn held(&mut self) -> usize {
        self.decoder.buffer().len() + self.attachments.held()
    }

    /// Receives the next read into a buffer of `shelf`, together with the held bytes, unless there is room
    /// already or copying the held bytes would take longer than the read.
    pub fn lend(&mut self, shelf: &Shelf) {
        let size = self.read_size;
        let held = self.decoder.buffer();
        if held.len() > size || held.capacity() - held.len() >= size {
            return;
        }
        let Spare { mut bytes, allocation } = shelf.take();
        bytes.reserve(held.len() + size);
        bytes.extend_from_slice(held);
        *held = bytes;
        self.allocation = allocation;
    }

    /// Takes the buffer away if it is much larger than its contents, which are copied. Called before waiting, so
    /// that a connection never keeps much more memory than what it has received of a frame, and an idle one keeps
    /// none.
    pub fn rest(&mut self) -> Spare {
        let (missing, buffer) = (self.decoder.missing(), self.decoder.buffer());
        // If `prepare` has made room for the rest, it would be copied at each read.
        let times = if missing > 0 && buffer.len() >= 4 * READ_MIN { 1 + VOUCHED } else { 2 };
        if !buffer.is_empty() && self.allocation <= times * buffer.len() + SLACK {
            return Spare::default();
        }
        let held = BytesMut::from(&buffer[..]);
        let allocation = std::mem::replace(&mut self.allocation, held.capacity());
        let mut bytes = std::mem::replace(buffer, held);
        bytes.clear();
        Spare { bytes, allocation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::codec::{Codec, length};

    fn inbox() -> Inbox {
        let codec = Codec::Delimited(b"\x0c".as_slice().into());
        Inbox::new(7, Decoder::new(&codec, 1000))
    }

    fn receive(inbox: &mut Inbox, bytes: &[u8]) -> Vec<Event> {
        inbox.prepare().extend_from_slice(bytes);
        let chunk = inbox.received(bytes.len());
        std::iter::from_fn(|| inbox.next()).chain(chunk).collect()
    }

    #[test]
    fn a_tap_sees_each_read_after_its_frames() {
        let mut inbox = inbox();
        assert!(inbox.configure(Mode::Frames, true).is_none());
        let events = receive(&mut inbox, b"ab");
        assert!(matches!(&events[..], [Event::Partial { .. }, Event::Chunk { .. }]));
        let events = receive(&mut inbox, b"c\x0cd");
        let [Event::Frames { batch, .. }, Event::Chunk { bytes, framed: true, .. }] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((&bytes[..], &batch.bytes[..]), (&b"c\x0cd"[..], &b"abc"[..]));
    }

    #[test]
    fn switching_to_raw_hands_over_the_unfinished_frame() {
        let mut inbox = inbox();
        receive(&mut inbox, b"whole\x0chalf");
        let Some(Event::Chunk { bytes, framed: false, .. }) = inbox.configure(Mode::Raw, false)
        else {
            panic!()
        };
        assert_eq!(bytes, "half");
        let events = receive(&mut inbox, b"\xff\x0c\x00");
        assert!(
            matches!(&events[..], [Event::Chunk { bytes, framed: false, .. }] if &bytes[..] == b"\xff\x0c\x00")
        );
        assert!(inbox.configure(Mode::Frames, false).is_none());
        assert_eq!(receive(&mut inbox, b"x\x0c").len(), 1);
    }

    #[test]
    fn many_raw_bytes_are_for_the_consumer_once_reads_are_large() {
        let mut inbox = inbox();
        assert_eq!(inbox.direct(|| DIRECT_MAX), None);
        inbox.configure(Mode::Raw, false);
        receive(&mut inbox, &[0; READ_MIN - 1]);
        assert_eq!(inbox.direct(|| DIRECT_MAX), None);
        receive(&mut inbox, &[0; READ_MIN]);
        assert_eq!(inbox.direct(|| DIRECT_MIN - 1), None);
        assert_eq!(inbox.direct(|| DIRECT_MIN), Some(DIRECT_MIN));
        assert_eq!(inbox.direct(|| 2 * DIRECT_MAX + 1), Some(DIRECT_MAX));
        assert_eq!(inbox.direct(|| panic!("this much is known")), Some(DIRECT_MAX));
        assert_eq!(inbox.direct(|| DIRECT_MAX - 1), Some(DIRECT_MAX - 1));
        inbox.configure(Mode::Frames, false);
        assert_eq!(inbox.direct(|| DIRECT_MAX), None);
    }

    #[test]
    fn any_decoder_will_do() {
        let mut inbox = Inbox::new(7, length::Decoder::new(2));
        let events = receive(&mut inbox, b"\0\0\0\x01a\0\0\0\x03abc\0\0\0\x02");
        let [Event::Frames { batch, .. }, Event::TooLarge { len: 3, .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(&batch.bytes[..], b"a");
        assert!(matches!(inbox.finish(), Some(Event::Truncated { id: 7, len: 4 })));
    }

    #[test]
    fn a_large_frame_of_known_length_is_not_moved_between_reads() {
        let mut inbox = Inbox::new(7, length::Decoder::new(1 << 30));
        let shelf = Shelf::default();
        let mut rest = &[&[4, 0, 0, 0][..], &vec![7; 64 << 20]].concat()[..];
        let (mut moves, mut at) = (0, std::ptr::null());
        while !rest.is_empty() {
            inbox.lend(&shelf);
            let buffer = inbox.prepare();
            let len = rest.len().min(100_000).min(buffer.capacity() - buffer.len());
            buffer.extend_from_slice(&rest[..len]);
            rest = &rest[len..];
            inbox.received(len);
            while inbox.next().is_some() {}
            shelf.put(inbox.rest());
            let now = inbox.decoder.buffer().as_ptr();
            moves += usize::from(now != std::mem::replace(&mut at, now));
        }
        assert!(moves < 20, "{moves}");
    }

    #[test]
    fn a_strict_inbox_tells_of_an_unfinished_frame_after_each_read() {
        let mut inbox = inbox().strict(1000);
        assert!(receive(&mut inbox, b"one\x0c").iter().all(|e| matches!(e, Event::Frames { .. })));
        let events = receive(&mut inbox, b"two\x0cthr");
        assert!(matches!(&events[..], [Event::Frames { .. }, Event::Partial { .. }]));
        assert!(matches!(&receive(&mut inbox, b"ee")[..], [Event::Partial { .. }]));
        assert!(matches!(&receive(&mut inbox, b"\x0c")[..], [Event::Frames { .. }]));
    }

    #[test]
    fn a_strict_inbox_tells_of_the_limit_before_the_end() {
        let mut inbox = inbox().strict(1000);
        assert!(matches!(&receive(&mut inbox, &[b'x'; 1000])[..], [Event::Partial { .. }]));
        let events = receive(&mut inbox, b"x");
        assert!(matches!(&events[..], [Event::TooLarge { id: 7, len: 1001 }]));
        let mut other =
            Inbox::new(7, Decoder::new(&Codec::Delimited(b"\x0c".as_slice().into()), 1000))
                .strict(1000);
        let events = receive(&mut other, &[&[b'x'; 1000][..], b"\x0c"].concat());
        assert!(matches!(&events[..], [Event::Frames { .. }]));
    }

    #[test]
    fn an_unfinished_frame_is_reported_at_the_end() {
        let mut inbox = inbox();
        receive(&mut inbox, b"a\x0cbcd");
        assert!(matches!(inbox.finish(), Some(Event::Truncated { id: 7, len: 3 })));
    }
}
