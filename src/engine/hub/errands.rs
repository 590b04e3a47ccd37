//! What a hub sees to itself: events that are not its consumer's, and those that its consumer did not get.

use std::sync::Arc;

use super::Hub;
use crate::engine::event::{Event, Id, Lost};
use crate::engine::panics;
use crate::engine::unfinished::Unfinished;

impl Hub {
    /// What the connections of a listener hold together, for another listener to share it.
    pub fn unfinished(&self, listener: Id) -> Option<Arc<Unfinished>> {
        self.listeners.get(&listener)?.unfinished().cloned()
    }

    /// Does what one of the hub's own events asks for.
    pub(super) fn see_to(&self, event: &Event) {
        match event {
            Event::HoldsMost { id } => {
                if let Some(connection) = self.connections.get(id) {
                    connection.end_for_most();
                }
            }
            Event::Panicked { id } => {
                if let Some(connection) = self.connections.get(id) {
                    connection.panicked("write");
                }
            }
            #[cfg(unix)]
            Event::Due { id } => {
                if let Some(acceptor) = self.listeners.get(id) {
                    acceptor.go_on();
                }
                if let Some(datagrams) = self.datagrams.get(id)
                    && panics::caught(|| datagrams.go_on()).is_none()
                {
                    datagrams.panicked();
                }
            }
            _ => {}
        }
    }

    /// An event was taken, and its consumer did not get it, because of a panic: whose it was ends with an error.
    /// Returns what the consumer is to get instead; otherwise that follows.
    pub fn lose(&mut self, lost: Lost) -> Option<Event> {
        let (errors, accepting) = (vec![panics::error("read")], panics::error("accept"));
        match lost {
            Lost::OfConnection(id) => {
                if let Some(connection) = self.connections.get(&id) {
                    connection.panicked("read");
                }
                None
            }
            Lost::Accepted { listener, id } => {
                self.destroy(id); // it was never reported
                Some(Event::AcceptFailed { id: listener, error: accepting })
            }
            Lost::Closed { id, counters } => Some(Event::Closed { id, errors, counters }),
            Lost::OfListener(id) => Some(Event::AcceptFailed { id, error: accepting }),
            Lost::ListenerClosed(id) => Some(Event::ListenerClosed { id }),
            Lost::OfDatagrams(id) => {
                if let Some(datagrams) = self.datagrams.get(&id) {
                    datagrams.panicked();
                }
                None
            }
            Lost::DatagramsClosed { id, counters } => Some(Event::DatagramsClosed { id, counters }),
        }
    }
}
