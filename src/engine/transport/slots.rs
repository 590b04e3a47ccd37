//! Where datagrams are received to, a batch at a time. Filled by the system calls of udp.rs and mmsg.rs.

use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::slice;

use crate::engine::datagram::{BATCH, Piece};

/// Room for one datagram: more than the largest that UDP can carry.
pub(super) const SLOT: usize = 64 * 1024;

/// The smallest batch: if one datagram comes, its system call also says that there are no more.
const LEAST: usize = 2;

/// Where one batch is received to. Takes address space for [`BATCH`] of the largest datagrams, of which
/// the system provides what was ever used.
#[derive(Debug)]
pub struct Slots {
    pub(super) room: Box<[MaybeUninit<u8>]>,
    /// Length and sender of the datagram in each slot.
    pub(super) filled: Vec<(usize, SocketAddr)>,
    /// How many datagrams the next batch may have. Preparing for all of them costs more than receiving one, which is
    /// most often all that is there.
    pub(super) most: usize,
}

impl Slots {
    /// Nothing received.
    pub fn new() -> Self {
        let room = Box::new_uninit_slice(BATCH * SLOT);
        Self { room, filled: Vec::with_capacity(BATCH), most: LEAST }
    }

    /// Empties them for the next batch, which may be twice as large as the last one.
    pub(super) fn start(&mut self) {
        self.most = (2 * self.filled.len()).clamp(LEAST, BATCH);
        self.filled.clear();
    }

    /// The last batch has brought as much as it could.
    pub fn are_full(&self) -> bool {
        self.filled.len() >= self.most
    }

    /// What the last batch brought.
    pub fn datagrams(&self) -> impl Iterator<Item = Piece<'_>> {
        self.room.chunks_exact(SLOT).zip(&self.filled).map(|(slot, &(len, peer))| {
            // SAFETY: whoever noted the length has had the system write as many bytes.
            (peer, unsafe { slice::from_raw_parts(slot[..len].as_ptr().cast(), len) })
        })
    }
}

impl Default for Slots {
    fn default() -> Self {
        Self::new()
    }
}
