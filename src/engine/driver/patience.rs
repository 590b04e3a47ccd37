//! Whether a write waits when the system takes no more of it, and for how long. Used by [`super::writing`].
//!
//! A peer that keeps up makes room within microseconds. If the sender goes to sleep until then, the peer has read everything
//! before the sender is awake, and sleeps, too: they wake each other up, again and again, which costs both more than the
//! bytes do. A sender that tries again for a moment keeps the system's buffer full. So a write does that, for about as long as a
//! sleep would take. If it was in vain, the peer is slow: the next writes that find no room do not wait, and after each
//! failure twice as many. And many peers that are slow at once do not add up to a pause of the event loop: what a thread
//! waits in vain for all of them is limited, too. No I/O here.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long to wait for a peer that makes no room.
const PAUSE: Duration = Duration::from_micros(30);

/// How long to wait in all, besides that: about as long as it takes to copy so many bytes.
const PER_MIB: Duration = Duration::from_micros(200);
const MIB: f64 = 1024.0 * 1024.0;

/// Shorter writes do not wait: they are few bytes to keep, and many fit into the buffer.
const WORTH_IT: usize = 8 * 1024;

/// After failures, `1 << FAILURES` writes do not wait, at most.
const FAILURES: u32 = 8;

/// How long a thread waits in vain in each `WINDOW`, for all its connections together.
const IN_VAIN: Duration = Duration::from_millis(1);
const WINDOW: Duration = Duration::from_millis(100);

/// What a thread has waited in vain since when.
#[derive(Debug, Clone, Copy, Default)]
struct Budget {
    since: Option<Instant>,
    spent: Duration,
}

thread_local! {
    static BUDGET: Cell<Budget> = Cell::default();
}

/// Whether this thread may wait, which it did in vain for so long just now.
fn may_wait(now: Instant, in_vain: Duration) -> bool {
    let mut budget = BUDGET.get();
    if budget.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
        budget = Budget { since: Some(now), spent: Duration::ZERO };
    }
    budget.spent += in_vain;
    BUDGET.set(budget);
    budget.spent < IN_VAIN
}

/// What is known about the peer of a connection: see the module's page.
#[derive(Debug, Default)]
pub struct Patience {
    failures: u32,
    passes: u32,
}

/// The wait of one write.
#[derive(Debug, Default)]
pub struct Wait {
    /// How long in all; `None`: not at all.
    limit: Option<Duration>,
    began: Option<Instant>,
    /// When it last found room, or went on.
    found: Option<Instant>,
}

impl Patience {
    /// For a write of `len` bytes, which has not found room for all of them.
    pub fn wait(&mut self, len: usize) -> Wait {
        if len < WORTH_IT {
            return Wait::default();
        }
        if self.passes > 0 {
            self.passes -= 1;
            return Wait::default();
        }
        let limit = PAUSE + PER_MIB.mul_f64(len as f64 / MIB);
        Wait { limit: Some(limit), ..Wait::default() }
    }

    /// The write has ended.
    pub fn waited(&mut self, wait: &Wait) {
        if wait.began.is_none() {
            return;
        }
        self.failures = match wait.limit {
            Some(_) => 0,
            None => (self.failures + 1).min(FAILURES),
        };
        self.passes = if self.failures == 0 { 0 } else { 1 << self.failures };
    }
}

impl Wait {
    /// It has found room, or goes on after something else.
    pub fn found(&mut self) {
        self.found = None;
    }

    /// Whether to try again.
    pub fn goes_on(&mut self, now: Instant) -> bool {
        let Some(limit) = self.limit else { return false };
        if self.began.is_none() && !may_wait(now, Duration::ZERO) {
            self.limit = None; // nothing is known about this peer by that
            return false;
        }
        let in_vain = now - *self.found.get_or_insert(now);
        if in_vain >= PAUSE {
            self.limit = None;
            may_wait(now, in_vain);
            return false;
        }
        now - *self.began.get_or_insert(now) < limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a write may wait. If so, it does, and finds room or not.
    fn waits(patience: &mut Patience, finds: bool) -> bool {
        let mut wait = patience.wait(WORTH_IT);
        let now = Instant::now();
        let waits = wait.goes_on(now);
        if finds {
            wait.found();
        }
        wait.goes_on(now + PAUSE);
        patience.waited(&wait);
        waits
    }

    #[test]
    fn a_peer_that_makes_no_room_is_waited_for_less_and_less_often() {
        let mut patience = Patience::default();
        let mut passed = Vec::new();
        for _ in 0..10 {
            passed.push((0..).find(|_| waits(&mut patience, false)).unwrap_or_default());
        }
        assert_eq!(passed, [0, 2, 4, 8, 16, 32, 64, 128, 256, 256]);
        while !waits(&mut patience, true) {}
        assert!(waits(&mut patience, true));
    }

    #[test]
    fn a_wait_ends_even_if_the_peer_makes_a_little_room_each_time() {
        let mut wait = Wait { limit: Some(PAUSE * 10), ..Wait::default() };
        let mut now = Instant::now();
        let mut tries = 0;
        while wait.goes_on(now) {
            wait.found();
            now += PAUSE / 2;
            tries += 1;
        }
        assert_eq!(tries, 20);
    }

    #[test]
    fn many_peers_that_make_no_room_are_not_all_waited_for() {
        let start = Instant::now();
        let waits = |now: Instant| {
            let mut wait = Patience::default().wait(WORTH_IT);
            let waits = wait.goes_on(now);
            wait.goes_on(now + PAUSE);
            waits
        };
        let waited = |now: Instant| (0..1000).filter(|_| waits(now)).count();
        assert_eq!(waited(start), 34);
        assert_eq!(waited(start + WINDOW / 2), 0);
        assert_eq!(waited(start + WINDOW * 2), 34);
    }

    #[test]
    fn short_writes_do_not_wait() {
        assert!(!Patience::default().wait(WORTH_IT - 1).goes_on(Instant::now()));
    }
}
