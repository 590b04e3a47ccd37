//! The handshakes that a listener has begun: how many there may be, and which one has to go. Used by [`super::acceptor`].
//!
//! Whoever reaches a port can begin one and say no more. With a limit of its consumer's, each that is going on counts
//! as a connection. Without one there are [`MOST`]: then others wait to be accepted until one ends, or has
//! gone on for [`LONG`], which ends it. In a rush of proper clients nobody is turned away by that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Handshakes that may be going on where the consumer has set no limit.
pub const MOST: usize = 1000;

/// How long one may go on while others wait to begin.
pub const LONG: Duration = Duration::from_secs(2);

/// See the module's page.
#[derive(Debug, Default)]
pub struct Handshakes {
    /// Each is a task of its own, so that a slow peer keeps nobody waiting.
    pub tasks: JoinSet<()>,
    /// The oldest first.
    going_on: BTreeMap<u64, Ticket>,
    begun: u64,
    limit: Option<usize>,
}

#[derive(Debug)]
struct Ticket {
    since: Instant,
    /// It has to make room.
    given_up: Arc<Notify>,
}

impl Handshakes {
    /// At most so many from now on; the rest is turned away.
    pub fn set_limit(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// Makes room for one more, if there is no limit. Otherwise returns how long to wait at most.
    pub fn make_room(&mut self, now: Instant) -> Option<Duration> {
        if self.limit.is_some() || self.going_on.len() < MOST {
            return None;
        }
        let oldest = self.going_on.first_entry()?;
        let left = LONG.saturating_sub(now.saturating_duration_since(oldest.get().since));
        if left.is_zero() {
            oldest.remove().given_up.notify_one();
            return None;
        }
        Some(left)
    }

    /// One begins. `None`: it is over the limit. Otherwise its number, and what tells that it has to make room.
    pub fn begin(&mut self) -> Option<(u64, Arc<Notify>)> {
        if self.limit.is_some_and(|limit| self.going_on.len() >= limit) {
            return None;
        }
        self.begun += 1;
        let given_up = Arc::<Notify>::default();
        let ticket = Ticket { since: Instant::now(), given_up: given_up.clone() };
        self.going_on.insert(self.begun, ticket);
        while self.tasks.try_join_next().is_some() {}
        Some((self.begun, given_up))
    }

    /// One is over.
    pub fn end(&mut self, number: u64) {
        self.going_on.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test]
    async fn without_a_limit_the_oldest_goes_when_it_has_gone_on_for_long_and_others_wait() {
        let mut handshakes = Handshakes::default();
        let mut tickets = Vec::new();
        for _ in 0..MOST {
            assert_eq!(handshakes.make_room(Instant::now()), None);
            tickets.push(handshakes.begin().unwrap());
        }
        let now = Instant::now();
        let wait = handshakes.make_room(now).unwrap();
        assert!(wait <= LONG);
        handshakes.end(tickets[7].0);
        assert_eq!(handshakes.make_room(now), None);
        handshakes.begin().unwrap();
        assert!(handshakes.make_room(now).is_some());
        assert_eq!(handshakes.make_room(now + wait), None);
        assert!(timeout(Duration::ZERO, tickets[0].1.notified()).await.is_ok());
        assert!(timeout(Duration::ZERO, tickets[1].1.notified()).await.is_err());
    }

    #[tokio::test]
    async fn with_a_limit_what_is_over_it_does_not_begin_and_nobody_waits() {
        let mut handshakes = Handshakes::default();
        handshakes.set_limit(Some(2));
        let (first, _) = handshakes.begin().unwrap();
        handshakes.begin().unwrap();
        assert!(handshakes.begin().is_none());
        assert_eq!(handshakes.make_room(Instant::now()), None);
        handshakes.end(first);
        assert!(handshakes.begin().is_some());
        handshakes.set_limit(Some(0));
        assert!(handshakes.begin().is_none());
    }
}
