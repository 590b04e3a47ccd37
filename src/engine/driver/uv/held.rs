//! Sockets that are ready while nobody can take what they bring. libuv calls for each of them in each turn of the loop,
//! and with more than a thousand it calls 48 times: a turn would take tenths of a second. So all except a few are not
//! watched until there is room again. And sockets that are to have a turn of the loop first. Used by [`super::poll`] and
//! [`super::turns`].

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::Shared;
use crate::engine::event::Id;

/// This many sockets may be refused in a turn of the loop and stay watched: to stop a watch takes two system calls.
const FEW: u32 = 16;

/// This many are watched again in one turn.
const BATCH: usize = 256;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Held {
    /// Those that are not watched, in order.
    ids: RefCell<VecDeque<Id>>,
    /// How many were refused in this turn of the loop.
    refused: Cell<u32>,
}

impl Held {
    /// Notes that a socket was refused. Returns whether it is held.
    pub fn add(&self, id: Id) -> bool {
        let refused = self.refused.get().saturating_add(1);
        self.refused.set(refused);
        if refused > FEW {
            self.hold(id);
        }
        refused > FEW
    }

    /// Holds a socket, until the next turn at least.
    pub fn hold(&self, id: Id) {
        self.ids.borrow_mut().push_back(id);
    }

    pub fn is_empty(&self) -> bool {
        self.ids.borrow().is_empty()
    }
}

impl Shared {
    /// Begins a turn of the loop: watches some of the held sockets again, if there is room.
    pub(super) fn release(&self) {
        self.held.refused.set(0);
        for _ in 0..BATCH {
            let Some(id) = self.held.ids.borrow_mut().pop_front() else { return };
            let owner = self.watched.borrow().get(&id).and_then(std::sync::Weak::upgrade);
            if owner.is_some_and(|owner| !owner.read_again()) {
                self.held.ids.borrow_mut().push_front(id);
                return;
            }
        }
    }
}
