//! Memory that has come beside the bytes of a connection, until its frame is complete. Part of [`super::Inbox`].
//!
//! It comes with the first bytes of its frame at the earliest, and is there when the frame is complete. So each frame that says that
//! it has some takes the oldest. After a read, what no complete frame has taken belongs to the unfinished one.

use std::collections::VecDeque;

use crate::engine::codec::{Batch, values};
use crate::engine::transport::Attachment;

/// Of two frames at once: that which a read completes, and the one after it.
const MOST: usize = 2;

/// See the module's page.
#[derive(Debug, Default)]
pub(super) struct Attachments {
    /// The most bytes of one; `None`: there are none on this connection.
    pub largest: Option<usize>,
    waiting: VecDeque<Attachment>,
    /// More have come than frames can have.
    surplus: bool,
}

impl Attachments {
    /// One has come.
    pub fn push(&mut self, attachment: Attachment) {
        if self.waiting.len() < MOST {
            self.waiting.push_back(attachment);
        } else {
            self.surplus = true;
        }
    }

    /// One for each frame of `batch` that says that it has one, in their order.
    pub fn of(&mut self, batch: &Batch, gap: usize) -> Vec<Attachment> {
        if self.largest.is_none() {
            return Vec::new();
        }
        let split = batch.frames(gap).filter(|frame| values::is_split(frame));
        split.map(|_| self.waiting.pop_front().unwrap_or(Attachment::Invalid)).collect()
    }

    /// A frame is skipped: drops what is beside it. `begun`: what is there of it and of what follows, if more than its length.
    pub fn skip(&mut self, begun: &[u8]) {
        if begun.is_empty() || values::is_split(begun) {
            self.waiting.pop_front();
        }
    }

    /// Whether some belong to no frame. To be called when all complete frames were taken. `partial`: another one has begun.
    pub fn is_surplus(&self, partial: bool) -> bool {
        self.surplus || self.waiting.len() > usize::from(partial)
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes that wait.
    pub fn held(&self) -> usize {
        self.waiting.iter().map(Attachment::bytes).sum()
    }

    /// Drops what waits: there are no frames any more.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::codec::length;
    use crate::engine::event::Event;
    use crate::engine::link::Inbox;
    use proptest::prelude::*;

    /// An attachment that tells which one it is.
    fn numbered(number: u64) -> Attachment {
        Attachment::TooLarge(number)
    }

    /// A frame of `len` bytes with its length in front. `split`: it says that it has memory beside it.
    fn frame(len: usize, split: bool) -> Vec<u8> {
        let mut content = vec![0; len.max(1)];
        content[0] = if split { 0x80 } else { 0 };
        [&length::header(content.len()).unwrap()[..], &content].concat()
    }

    fn receive(
        inbox: &mut Inbox,
        bytes: &[u8],
        attachment: Option<Attachment>,
    ) -> Vec<(bool, Option<u64>)> {
        inbox.prepare().extend_from_slice(bytes);
        if let Some(attachment) = attachment {
            inbox.attached(attachment);
        }
        inbox.received(bytes.len());
        let mut found = Vec::new();
        while let Some(event) = inbox.next() {
            let Event::Frames { batch, attached, .. } = event else { continue };
            let mut attached = attached.into_iter();
            for frame in batch.frames(length::HEADER) {
                let is_split = values::is_split(frame);
                let number = match is_split.then(|| attached.next().unwrap()) {
                    Some(Attachment::TooLarge(number)) => Some(number),
                    _ => None,
                };
                found.push((is_split, number));
            }
            assert!(attached.next().is_none());
        }
        found
    }

    fn inbox() -> Inbox {
        Inbox::new(7, length::Decoder::new(1 << 20)).with_attachments(1 << 20)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        // As the system does it: a read ends with the write that brought something, and may begin within one. The first read of
        // a write brings what is beside it.
        #[test]
        fn each_frame_gets_its_own(
            frames in proptest::collection::vec((0usize..300, any::<bool>()), 1..60),
            rooms in proptest::collection::vec(1usize..400, 1..60),
        ) {
            let mut inbox = inbox();
            let mut found = Vec::new();
            let mut rooms = rooms.iter().cycle();
            let mut waiting: std::collections::VecDeque<(Vec<u8>, Option<Attachment>)> = Default::default();
            for (number, (len, split)) in frames.iter().enumerate() {
                let beside = split.then(|| numbered(number as u64));
                waiting.push_back((frame(*len, *split), beside));
            }
            while !waiting.is_empty() {
                let (mut room, mut read, mut came) = (*rooms.next().unwrap(), Vec::new(), None);
                while let Some((bytes, beside)) = waiting.front_mut() {
                    let len = room.min(bytes.len());
                    read.extend(bytes.drain(..len));
                    room -= len;
                    came = beside.take();
                    if bytes.is_empty() {
                        waiting.pop_front();
                    }
                    if came.is_some() || room == 0 {
                        break;
                    }
                }
                found.extend(receive(&mut inbox, &read, came));
                prop_assert!(!inbox.has_surplus());
            }
            let expected: Vec<_> = frames
                .iter()
                .enumerate()
                .map(|(number, (_, split))| (*split, split.then_some(number as u64)))
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(inbox.held(), 0);
        }

        // Whatever comes with whichever bytes: no more than two wait, and what cannot be told apart is noticed.
        #[test]
        fn any_of_them_anywhere(
            reads in proptest::collection::vec(
                (proptest::collection::vec(prop_oneof![3 => Just(0u8), 1 => 0u8..9, 1 => Just(0x80)], 1..20), any::<bool>()),
                1..40,
            ),
        ) {
            let mut inbox = inbox();
            for (number, (bytes, has)) in reads.iter().enumerate() {
                receive(&mut inbox, bytes, has.then(|| numbered(number as u64)));
                prop_assert!(inbox.attachments_waiting() <= MOST);
                if inbox.has_surplus() {
                    break;
                }
                prop_assert!(inbox.attachments_waiting() <= 1);
            }
        }
    }

    #[test]
    fn a_frame_without_its_memory_is_told_from_one_that_lost_it() {
        let mut inbox = inbox();
        let both = [frame(9, true), frame(9, false)].concat();
        inbox.prepare().extend_from_slice(&both);
        inbox.received(both.len());
        let Some(Event::Frames { attached, .. }) = inbox.next() else { panic!() };
        assert!(matches!(attached[..], [Attachment::Invalid]));
        let lost = frame(9, true);
        inbox.prepare().extend_from_slice(&lost);
        inbox.attached(Attachment::Lost);
        inbox.received(lost.len());
        let Some(Event::Frames { attached, .. }) = inbox.next() else { panic!() };
        assert!(matches!(attached[..], [Attachment::Lost]));
    }

    #[test]
    fn what_belongs_to_no_frame_is_surplus() {
        let mut inbox = inbox();
        receive(&mut inbox, &frame(9, false), Some(numbered(1)));
        assert!(inbox.has_surplus());
        let mut inbox = self::inbox();
        for _ in 0..2 {
            receive(&mut inbox, &[0], Some(numbered(1)));
        }
        assert!(inbox.has_surplus());
    }

    #[test]
    fn a_frame_that_is_skipped_takes_its_own_away() {
        let most = 100;
        let new = || Inbox::new(7, length::Decoder::new(most)).with_attachments(most);
        // Its length alone, with its beginning, and all of it: what follows gets its own.
        for cut in [4, 5, 60, 205] {
            let (large, next) = (frame(201, true), frame(9, true));
            let mut inbox = new();
            assert!(receive(&mut inbox, &large[..cut], Some(numbered(1))).is_empty());
            assert!(!inbox.has_surplus());
            let rest = [&large[cut..], &next[..1]].concat();
            receive(&mut inbox, &rest, Some(numbered(2)));
            assert_eq!(receive(&mut inbox, &next[1..], None), [(true, Some(2))]);
            assert!(!inbox.has_surplus());
        }
        // It has none, and what follows in the same read has some.
        let mut inbox = new();
        let read = [frame(201, false), frame(9, true)].concat();
        assert_eq!(receive(&mut inbox, &read, Some(numbered(2))), [(true, Some(2))]);
    }

    #[test]
    fn bytes_that_are_no_frames_have_none() {
        use crate::engine::framing::Mode;
        let mut inbox = inbox();
        receive(&mut inbox, &[0], Some(numbered(1)));
        inbox.configure(Mode::Raw, false);
        receive(&mut inbox, &[0], Some(numbered(2)));
        assert!(!inbox.has_surplus());
        let mut without = Inbox::new(7, length::Decoder::new(1 << 20));
        assert_eq!(receive_all_of(&mut without, &frame(9, true)), 0);
    }

    fn receive_all_of(inbox: &mut Inbox, bytes: &[u8]) -> usize {
        inbox.prepare().extend_from_slice(bytes);
        inbox.received(bytes.len());
        let Some(Event::Frames { attached, .. }) = inbox.next() else { panic!() };
        attached.len()
    }
}
