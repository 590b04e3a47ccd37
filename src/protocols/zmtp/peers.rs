//! The peers that are connected to a ROUTER, by identity. Used by `router` (to send) and `session` (when peers
//! come and go).

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::outgoing::Outgoing;
use super::{Error, SendError};

/// The peers of one ROUTER.
#[derive(Debug)]
pub(super) struct Peers {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    connected: HashMap<Bytes, Arc<Outgoing>>,
    /// The next generated name, after the 0.
    next: u32,
}

impl Peers {
    /// No peers yet. Generated names begin at a random number, so those of an earlier ROUTER are unlikely to
    /// belong to another peer now.
    pub fn new() -> Self {
        let next = RandomState::new().build_hasher().finish() as u32;
        let state = Mutex::new(State { connected: HashMap::new(), next });
        Self { state, freed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a peer under its own identity, or under a generated one. An identity that another peer has
    /// is refused.
    pub fn add(&self, identity: Bytes, peer: Arc<Outgoing>) -> Result<Bytes, Error> {
        let mut state = self.lock();
        if !identity.is_empty() {
            return match state.connected.entry(identity.clone()) {
                Entry::Occupied(_) => {
                    Err(Error::IdentityInUse(identity.escape_ascii().to_string()))
                }
                Entry::Vacant(entry) => {
                    entry.insert(peer);
                    Ok(identity)
                }
            };
        }
        loop {
            let [a, b, c, d] = state.next.to_be_bytes();
            state.next = state.next.wrapping_add(1);
            let identity = Bytes::copy_from_slice(&[0, a, b, c, d]);
            if let Entry::Vacant(entry) = state.connected.entry(identity.clone()) {
                entry.insert(peer);
                return Ok(identity);
            }
        }
    }

    /// Removes a peer.
    pub fn remove(&self, identity: &Bytes) {
        self.lock().connected.remove(identity);
        self.freed.notify_waiters();
    }

    /// Waits until a peer has been removed.
    pub fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    /// Sends to a peer.
    pub fn send(&self, identity: &[u8], frames: &[Bytes]) -> Result<(), SendError> {
        let peer = self.lock().connected.get(identity).cloned();
        peer.ok_or(SendError::UnknownPeer)?.send(frames)
    }
}
