//! Buffers to receive into, which all connections of a thread share. Used by [`super::Inbox`] and the drivers.

use std::cell::Cell;

use bytes::BytesMut;

/// A buffer of more bytes is not kept.
const KEPT: usize = 256 * 1024;

/// A buffer with nothing in it.
#[derive(Debug, Default)]
pub struct Spare {
    pub(super) bytes: BytesMut,
    /// Bytes of the allocation that it is a part of, at most.
    pub(super) allocation: usize,
}

/// Where a thread keeps one between two reads.
#[derive(Default)]
pub struct Shelf(Cell<Spare>);

impl Shelf {
    /// What is there, if anything.
    pub fn take(&self) -> Spare {
        self.0.take()
    }

    /// Puts a buffer there, unless it has grown large, or there is a larger one.
    pub fn put(&self, spare: Spare) {
        if spare.allocation > KEPT {
            return;
        }
        let other = self.0.take();
        self.0.set(if other.allocation > spare.allocation { other } else { spare });
    }
}
