//! The handshakes that a listener has under way: how many there may be, and which one has to end. Used by
//! [`super::acceptor`].
//!
//! A stranger can begin a handshake and then stay silent. If the consumer has set a limit, each handshake counts as a
//! connection. Without a limit, there are at most [`MOST`]: others wait to be accepted until one ends, or has run for
//! [`LONG`], which ends it. So no well-behaved client is refused in a rush.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The most handshakes under way, unless the consumer has set a limit.
pub const MOST: usize = 1000;

/// How long a handshake may run while others wait to begin.
pub const LONG: Duration = Duration::from_secs(2);

/// See the module's page.
#[derive(Debug, Default)]
pub struct Handshakes {
    /// Each is a task of its own, so that a slow peer does not delay others.
    pub tasks: JoinSet<()>,
    /// The oldest first.
    going_on: BTreeMap<u64, Ticket>,
    begun: u64,
    limit: Option<usize>,
}

#[derive(Debug)]
struct Ticket {
    since: Instant,
    /// Notified if it has to make room.
    given_up: Arc<Notify>,
}

impl Handshakes {
    /// Sets the limit. Handshakes beyond it are refused.
    pub fn set_limit(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// Makes room for one more, if there is no limit. Otherwise returns the longest time to wait.
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

    /// Begins a handshake, `now`. `None`: it is over the limit. Otherwise its number, and the notification that it has
    /// to make room.
    pub fn begin(&mut self, now: Instant) -> Option<(u64, Arc<Notify>)> {
        if self.limit.is_some_and(|limit| self.going_on.len() >= limit) {
            return None;
        }
        self.begun += 1;
        let given_up = Arc::<Notify>::default();
        let ticket = Ticket { since: now, given_up: given_up.clone() };
        self.going_on.insert(self.begun, ticket);
        while self.tasks.try_join_next().is_some() {}
        Some((self.begun, given_up))
    }

    /// A handshake has ended.
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
        let now = Instant::now();
        for _ in 0..MOST {
            assert_eq!(handshakes.make_room(now), None);
            tickets.push(handshakes.begin(now).unwrap());
        }
        let wait = handshakes.make_room(now).unwrap();
        assert!(wait <= LONG);
        handshakes.end(tickets[7].0);
        assert_eq!(handshakes.make_room(now), None);
        handshakes.begin(now).unwrap();
        assert!(handshakes.make_room(now).is_some());
        assert_eq!(handshakes.make_room(now + wait), None);
        assert!(timeout(Duration::ZERO, tickets[0].1.notified()).await.is_ok());
        assert!(timeout(Duration::ZERO, tickets[1].1.notified()).await.is_err());
    }

    #[tokio::test]
    async fn with_a_limit_what_is_over_it_does_not_begin_and_nobody_waits() {
        let mut handshakes = Handshakes::default();
        let now = Instant::now();
        handshakes.set_limit(Some(2));
        let (first, _) = handshakes.begin(now).unwrap();
        handshakes.begin(now).unwrap();
        assert!(handshakes.begin(now).is_none());
        assert_eq!(handshakes.make_room(now), None);
        handshakes.end(first);
        assert!(handshakes.begin(now).is_some());
        handshakes.set_limit(Some(0));
        assert!(handshakes.begin(now).is_none());
    }
}
