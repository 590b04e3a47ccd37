//! How many connections a listener accepts in any second, if its consumer has set a limit. Others wait in the
//! system's backlog, which is bounded. Used by [`super::acceptor`].

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The time span that is counted.
const SECOND: Duration = Duration::from_secs(1);

/// See the module's page. Has no limit at first.
#[derive(Debug, Default)]
pub struct Pace {
    most: Option<usize>,
    /// When connections were accepted, within the last second.
    taken: VecDeque<Instant>,
}

impl Pace {
    /// Sets the limit per second; at least one.
    pub fn set_limit(&mut self, most: Option<usize>) {
        self.most = most.map(|most| most.max(1));
        self.taken = VecDeque::new();
    }

    /// How long the next connection has to wait, if at all.
    pub fn wait(&mut self, now: Instant) -> Option<Duration> {
        let most = self.most?;
        let age = |since: Instant| now.saturating_duration_since(since);
        while self.taken.front().is_some_and(|&since| age(since) >= SECOND) {
            self.taken.pop_front();
        }
        let oldest = self.taken.front().filter(|_| self.taken.len() >= most)?;
        Some(SECOND - age(*oldest))
    }

    /// A connection was accepted.
    pub fn took(&mut self, now: Instant) {
        if self.most.is_some() {
            self.taken.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_sees_more_than_the_limit() {
        let (begin, mut now) = (Instant::now(), Instant::now());
        let mut pace = Pace::default();
        pace.set_limit(Some(7));
        let mut times = Vec::new();
        for step in 0..100u32 {
            while let Some(wait) = pace.wait(now) {
                assert!(!wait.is_zero() && wait <= SECOND);
                now += wait;
            }
            pace.took(now);
            times.push(now);
            now += Duration::from_millis((step % 5 * 60).into());
        }
        for window in times.windows(8) {
            assert!(window[7] - window[0] >= SECOND, "{:?}", window[0] - begin);
        }
        assert!(pace.taken.len() <= 7);
        pace.set_limit(None);
        assert_eq!(pace.wait(now), None);
        pace.took(now);
        assert!(pace.taken.is_empty());
    }
}
