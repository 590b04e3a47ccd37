//! Counts what the connections of a listener hold of unfinished frames, all together. Each connection is
//! limited by its longest frame. Without a limit for the sum, a thousand peers that begin long frames and stop
//! could fill the memory.
//!
//! The connections of a listener share it through their [`super::framing::Framing`]. A driver calls
//! [`Unfinished::hold`] after a read. If the sum is too large, the connection that holds most has to end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::error::Error;
use super::event::Id;
use super::transport::tls::failure::Failure;

/// Connections that hold less are not counted: most never hold more.
const COUNTED: usize = 16 * 1024;

/// The bytes to count for a connection that holds `len`; 0: it holds too few. `None`: it is not counted, and was not
/// `before`.
pub fn to_count(len: usize, before: bool) -> Option<u64> {
    let counts = len >= COUNTED;
    (counts || before).then_some(if counts { len as u64 } else { 0 })
}

/// Who holds bytes of an unfinished frame: a connection.
pub trait Holder: std::fmt::Debug + Send + Sync {
    /// It holds most, and has to end, on this thread. False: only its consumer's thread may end it.
    fn end_for_most_now(&self) -> bool;
}

/// The count of one listener.
#[derive(Debug)]
pub struct Unfinished {
    most: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    sum: u64,
    by: HashMap<Id, Share>,
}

/// What one connection holds.
#[derive(Debug)]
struct Share {
    len: u64,
    whose: Weak<dyn Holder>,
}

impl Held {
    fn set(&mut self, id: Id, len: u64, whose: Weak<dyn Holder>) {
        if len == 0 {
            return self.remove(id);
        }
        let before = self.by.insert(id, Share { len, whose });
        self.sum = self.sum - before.map_or(0, |share| share.len) + len;
    }

    fn remove(&mut self, id: Id) {
        self.sum -= self.by.remove(&id).map_or(0, |share| share.len);
    }
}

impl Unfinished {
    /// For connections that may hold `most` bytes together.
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// Connection `id` now holds so many bytes. If the sum is too large, returns the connection that has to
    /// end, which is not counted any more.
    pub fn hold(
        &self,
        id: Id,
        len: u64,
        whose: Weak<dyn Holder>,
    ) -> Option<(Id, Weak<dyn Holder>)> {
        let mut held = self.lock();
        held.set(id, len, whose);
        if held.sum <= self.most {
            return None;
        }
        let (&worst, share) = held.by.iter().max_by_key(|(_, share)| share.len)?;
        let whose = share.whose.clone();
        held.remove(worst);
        Some((worst, whose))
    }

    /// Connection `id` is gone.
    pub fn forget(&self, id: Id) {
        self.lock().remove(id);
    }

    /// Why a connection ends.
    pub fn error(&self) -> Error {
        let message = format!(
            "closed: the connections of this server held more than {} bytes of unfinished messages, and this one most",
            self.most
        );
        let failure = Failure::new("ERR_FERRIPC_TOO_MUCH_BUFFERED", message);
        Error::new("read", failure.into(), None)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nobody;

    impl Holder for Nobody {
        fn end_for_most_now(&self) -> bool {
            false
        }
    }

    #[test]
    fn who_holds_most_has_to_end() {
        let unfinished = Unfinished::new(100);
        let hold = |id, len| unfinished.hold(id, len, Weak::<Nobody>::new()).map(|(id, _)| id);
        assert_eq!(hold(1, 60), None);
        assert_eq!(hold(2, 40), None);
        assert_eq!(hold(2, 41), Some(1));
        assert_eq!(hold(2, 100), None);
        assert_eq!(hold(3, 1), Some(2));
        unfinished.forget(3);
        unfinished.forget(3);
        assert_eq!(hold(4, 100), None);
        assert_eq!(hold(4, 101), Some(4));
        assert_eq!(hold(5, 100), None);
    }
}
