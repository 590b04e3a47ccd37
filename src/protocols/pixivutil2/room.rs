//! Room for the events that wait for a program which is busy. Used by [`super::controller`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::fair::{Fair, OWN_BYTES};
use super::message::Side;

/// What an event is counted as, in addition to the bytes of its message, and what each frame is.
const EVENT: usize = 512;
const FRAME: usize = size_of::<String>();

/// One of the two connections of an agent.
pub(super) type Connection = (Side, Bytes);

/// See the module's page.
#[derive(Debug)]
pub(super) struct Room(Mutex<Fair<Connection>>);

impl Room {
    /// Room for so many bytes.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Fair::new(most.max(EVENT), OWN_BYTES))))
    }

    fn lock(&self) -> MutexGuard<'_, Fair<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection begins.
    pub fn enter(&self, side: Side, id: &Bytes) {
        self.lock().enter((side, id.clone()));
    }

    /// A connection has ended.
    pub fn leave(&self, side: Side, id: &Bytes) {
        self.lock().leave((side, id.clone()));
    }

    /// Reserves room for the event of a message; `None`: there is none.
    pub fn reserve(self: &Arc<Self>, side: Side, id: &Bytes, frames: &[Bytes]) -> Option<Permit> {
        let bytes = EVENT + frames.iter().map(|frame| FRAME + frame.len()).sum::<usize>();
        let whose = (side, id.clone());
        let mut fair = self.lock();
        if !fair.has_room(&whose, bytes) {
            return None;
        }
        fair.take(whose.clone(), bytes);
        drop(fair);
        Some(Permit { room: self.clone(), whose, bytes })
    }
}

/// The room of an event, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    room: Arc<Room>,
    whose: Connection,
    bytes: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.room.lock().give_back(self.whose.clone(), self.bytes);
    }
}
