//! Receive buffers, which all connections of a thread share. Used by [`super::Inbox`] and the drivers.

use std::cell::Cell;

use bytes::BytesMut;

/// A larger buffer is not kept.
const KEPT: usize = 256 * 1024;

/// An empty buffer.
#[derive(Debug, Default)]
pub struct Spare {
    pub(super) bytes: BytesMut,
    /// An upper bound for the allocation that it is a part of, in bytes.
    pub(super) allocation: usize,
}

/// Where a thread keeps a buffer between two reads.
#[derive(Default)]
pub struct Shelf(Cell<Spare>);

impl Shelf {
    /// Takes the buffer from the shelf, if there is one.
    pub fn take(&self) -> Spare {
        self.0.take()
    }

    /// Puts a buffer on the shelf, unless it is too large or a larger one is there.
    pub fn put(&self, spare: Spare) {
        if spare.allocation > KEPT {
            return;
        }
        let other = self.0.take();
        self.0.set(if other.allocation > spare.allocation { other } else { spare });
    }
}
