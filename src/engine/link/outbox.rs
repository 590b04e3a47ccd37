//! The sending half of a link. Held by [`crate::engine::driver`] and by ipc2's sessions.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;

use super::HIGH_WATER;

/// The most pieces in one vectored write (all systems take at least 16).
const WRITE_PIECES: usize = 16;

/// Room for this many pieces is kept when the queue is empty.
const PIECES_KEPT: usize = 64;

/// Bytes that the system has not taken yet, in order.
#[derive(Debug, Default)]
pub struct Outbox {
    pieces: VecDeque<Bytes>,
    queued: usize,
    /// A writer waits for the queue to be empty: it reached the high-water mark, or
    /// [`Outbox::await_drain`] was called.
    awaited: bool,
}

impl Outbox {
    /// The number of waiting bytes.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// The number of pieces that they are in, each of which has memory of its own.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Appends `bytes`.
    pub fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.queued += bytes.len();
        self.awaited |= self.queued >= HIGH_WATER;
        self.pieces.push_back(bytes);
    }

    /// Hands pieces to `write` until all are taken or it fails (with `WouldBlock` if the system
    /// takes no more for now). Returns the number of bytes taken.
    pub fn flush(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> (usize, io::Result<()>) {
        let mut total = 0;
        while !self.pieces.is_empty() {
            let slices: Vec<IoSlice<'_>> =
                self.pieces.iter().take(WRITE_PIECES).map(|piece| IoSlice::new(piece)).collect();
            match write(&slices) {
                Ok(0) => return (total, Err(io::ErrorKind::WriteZero.into())), // otherwise it would loop for ever
                Ok(taken) => {
                    total += taken;
                    self.advance(taken);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (total, Err(error)),
            }
        }
        (total, Ok(()))
    }

    fn advance(&mut self, mut taken: usize) {
        self.queued -= taken;
        while let Some(piece) = self.pieces.front_mut() {
            if taken < piece.len() {
                let _ = piece.split_to(taken);
                return;
            }
            taken -= piece.len();
            self.pieces.pop_front();
        }
        if self.pieces.capacity() > PIECES_KEPT {
            self.pieces = VecDeque::new();
        }
    }

    /// Removes and returns the waiting piece, if there is exactly one.
    pub fn take_only(&mut self) -> Option<Bytes> {
        if self.pieces.len() != 1 {
            return None;
        }
        self.queued = 0;
        self.pieces.pop_front()
    }

    /// Requests a report when the queue is empty. Does nothing if it is empty now.
    pub fn await_drain(&mut self) {
        self.awaited |= self.queued > 0;
    }

    /// Whether the queue is empty and a writer waits for that. Once per wait.
    pub fn take_drained(&mut self) -> bool {
        self.queued == 0 && std::mem::take(&mut self.awaited)
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        // However much the system takes per call, the bytes come out in order and are counted.
        #[test]
        fn the_outbox_keeps_order_over_partial_writes(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..40),
            takes in proptest::collection::vec(1usize..120, 1..60),
        ) {
            let mut outbox = Outbox::default();
            for piece in &pieces {
                outbox.push(Bytes::from(piece.clone()));
            }
            let sent = pieces.concat();
            prop_assert_eq!(outbox.queued(), sent.len());
            let mut out = Vec::new();
            for take in takes.iter().cycle() {
                let mut blocked = false;
                let (_, result) = outbox.flush(|slices| {
                    if std::mem::replace(&mut blocked, true) {
                        return Err(io::ErrorKind::WouldBlock.into());
                    }
                    let all: Vec<u8> = slices.iter().flat_map(|s| s.to_vec()).collect();
                    let taken = all.len().min(*take);
                    out.extend_from_slice(&all[..taken]);
                    Ok(taken)
                });
                if result.is_ok() {
                    break;
                }
            }
            prop_assert_eq!(outbox.queued(), 0);
            prop_assert_eq!(out, sent);
        }
    }

    #[test]
    fn a_system_that_takes_nothing_does_not_hold_the_outbox_for_ever() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"x"));
        let (taken, result) = outbox.flush(|_| Ok(0));
        assert_eq!((taken, result.unwrap_err().kind()), (0, io::ErrorKind::WriteZero));
    }

    #[test]
    fn drained_is_reported_once_and_only_to_who_waits() {
        let mut outbox = Outbox::default();
        outbox.push(vec![0; HIGH_WATER - 1].into());
        outbox.flush(|s| Ok(s.iter().map(|s| s.len()).sum())).1.unwrap();
        assert!(!outbox.take_drained());
        outbox.push(vec![0; HIGH_WATER].into());
        assert!(!outbox.take_drained());
        outbox.flush(|s| Ok(s.iter().map(|s| s.len()).sum())).1.unwrap();
        assert!(outbox.take_drained());
        assert!(!outbox.take_drained());
    }
}
