//! Sockets that are ready while nobody can take what they bring. libuv calls for each of them in each turn of the loop,
//! and where there are more than a thousand, 48 times: a turn would take tenths of a second. So all but a few are not
//! watched until there is room again. Used by [`super::poll`] and [`super::turns`].

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::Shared;
use crate::engine::event::Id;

/// So many sockets may be refused in a turn of the loop and stay watched: stopping a watch is two system calls.
const FEW: u32 = 16;

/// So many are watched again in one turn.
const BATCH: usize = 256;

/// See the module's page.
#[derive(Default)]
pub(super) struct Held {
    /// Those that are not watched, in their order.
    ids: RefCell<VecDeque<Id>>,
    /// How many were refused in this turn of the loop.
    refused: Cell<u32>,
}

impl Held {
    /// A socket is refused. Returns whether it is held.
    pub fn add(&self, id: Id) -> bool {
        let refused = self.refused.get().saturating_add(1);
        self.refused.set(refused);
        if refused > FEW {
            self.ids.borrow_mut().push_back(id);
        }
        refused > FEW
    }

    pub fn is_empty(&self) -> bool {
        self.ids.borrow().is_empty()
    }
}

impl Shared {
    /// A turn of the loop begins: some of those that are held are watched again if there is room.
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
