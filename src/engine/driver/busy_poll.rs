//! When the loop driver polls a socket busily before it goes back to sleep in the event loop.
//!
//! Two programs that take turns with requests and answers spend most of their time going to sleep and waking up.
//! That takes several times as long as reading and answering a message. So a connection that has answered polls for
//! the next message a few times, for about as long as the sleep would cost, and offers the processor to others in
//! between. It does so only while that pays: when the same connection has had many turns in a row, with an answer
//! each, and the messages do come in time. After a failure it waits for twice as many turns before the next trial, so
//! that failures cost a few per cent at most. The event loop is never held up when it has anything else to do
//! ([`super::uv`] asks it), and never for more than [`MOST_POLLS`] messages or [`MOST_TIME`].
//!
//! On a busy machine somebody may take the offer and keep the processor for a whole time slice: milliseconds, in which the
//! message lies there. A process that sleeps gets the processor back as soon as its message comes. So after a poll that
//! lost the processor, there is none for a while, and for twice as long after the next such poll.
//!
//! Used by [`super::uv`], and by Rust's node-ipc, whose tasks yield to others instead. No clock and no I/O here.

use std::time::{Duration, Instant};

use crate::engine::event::Id;

/// Turns in a row of one connection, with an answer each, before the first trial.
const FIRST_TRIAL: u32 = 8;

/// The most turns before a trial, after failures.
const LAST_TRIAL: u32 = 1024;

/// How many polls a trial has: the other side may have to find out first that polling pays.
const TRIAL_POLLS: u32 = 32;

/// How long a poll may take, in a trial and later: about as long as a sleep and a wake-up together.
const TRIAL: Duration = Duration::from_micros(60);
const PROVEN: Duration = Duration::from_micros(30);

/// A poll that took longer had lost the processor to somebody who kept it.
const TIME_SLICE: Duration = Duration::from_micros(500);

/// How long there are no polls after that, and at most after more of that.
const FIRST_REST: Duration = Duration::from_millis(100);
const LAST_REST: Duration = Duration::from_millis(3200);

/// How many messages in a row are polled for before the event loop gets its turn.
pub const MOST_POLLS: u32 = 64;

/// After this time it gets its turn in any case, unless a handler takes longer. So timers are late by no more than that.
pub const MOST_TIME: Duration = Duration::from_millis(1);

/// What is known about the loop's connections: see the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusyPoll {
    /// The connection that had the last turns, how many it had in a row, and how many polls have succeeded since.
    last: Option<Id>,
    turns: u32,
    polls: u32,
    /// How many turns the next trial needs.
    needed: u32,
    /// Until when there are no polls, since the last one lost the processor; and for how long that was.
    resting: Option<Instant>,
    rest: Duration,
}

impl Default for BusyPoll {
    fn default() -> Self {
        Self {
            last: None,
            turns: 0,
            polls: 0,
            needed: FIRST_TRIAL,
            resting: None,
            rest: Duration::ZERO,
        }
    }
}

impl BusyPoll {
    /// Connection `id` had a turn, in which it sent something to its peer, or did not. Returns for how long
    /// to poll for the peer's next message, unless it [rests](Self::rests).
    pub fn turn(&mut self, id: Id, answered: bool) -> Option<Duration> {
        if self.last != Some(id) || !answered {
            (self.last, self.turns, self.polls) = (answered.then_some(id), 0, 0);
            return None;
        }
        self.turns = self.turns.saturating_add(1);
        if self.turns < self.needed {
            return None;
        }
        Some(if self.polls < TRIAL_POLLS { TRIAL } else { PROVEN })
    }

    /// Whether others want the processor, so that there is to be no poll.
    pub fn rests(&self, now: Instant) -> bool {
        self.resting.is_some_and(|until| now < until)
    }

    /// A poll that began at `began` and ended `now` has found something in time, or not.
    pub fn polled(&mut self, found: bool, began: Instant, now: Instant) {
        if now - began > TIME_SLICE {
            self.rest = (self.rest * 2).clamp(FIRST_REST, LAST_REST);
            self.resting = Some(now + self.rest);
            (self.turns, self.polls) = (0, 0);
        } else if found {
            self.polls = self.polls.saturating_add(1);
            if self.polls >= TRIAL_POLLS {
                (self.needed, self.rest) = (FIRST_TRIAL, Duration::ZERO);
            }
        } else {
            self.needed = (self.needed * 2).min(LAST_TRIAL);
            (self.turns, self.polls) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A poll that took as long as polls do.
    fn polled(policy: &mut BusyPoll, found: bool) {
        let now = Instant::now();
        policy.polled(found, now, now + PROVEN);
    }

    fn turns_until_trial(policy: &mut BusyPoll) -> u32 {
        (0..).find(|_| policy.turn(1, true).is_some()).unwrap()
    }

    #[test]
    fn a_conversation_is_polled_for() {
        let mut policy = BusyPoll::default();
        assert_eq!(turns_until_trial(&mut policy), FIRST_TRIAL);
        for _ in 0..TRIAL_POLLS {
            polled(&mut policy, true);
            assert!(policy.turn(1, true).is_some());
        }
        assert_eq!(policy.turn(1, true), Some(PROVEN));
    }

    #[test]
    fn one_way_traffic_and_several_connections_are_not() {
        let mut policy = BusyPoll::default();
        assert!((0..10_000).all(|_| policy.turn(1, false).is_none()));
        assert!((0..10_000).all(|i| policy.turn(i % 2, true).is_none()));
    }

    #[test]
    fn failures_make_trials_rare_and_success_makes_them_frequent_again() {
        let mut policy = BusyPoll::default();
        let mut waits = Vec::new();
        for _ in 0..10 {
            waits.push(turns_until_trial(&mut policy));
            polled(&mut policy, false);
        }
        assert!(waits.is_sorted());
        assert!((LAST_TRIAL - 1..=LAST_TRIAL).contains(waits.last().unwrap()), "{waits:?}");
        turns_until_trial(&mut policy);
        for _ in 0..TRIAL_POLLS {
            polled(&mut policy, true);
        }
        policy.turn(2, true);
        policy.turn(1, true);
        assert!(turns_until_trial(&mut policy) <= FIRST_TRIAL);
    }

    #[test]
    fn who_loses_the_processor_does_not_offer_it_again_for_a_while() {
        let mut policy = BusyPoll::default();
        let mut now = Instant::now();
        for rest in [100, 200, 400, 800, 1600, 3200, 3200] {
            let began = now;
            now += TIME_SLICE * 6;
            policy.polled(true, began, now);
            let rest = Duration::from_millis(rest);
            assert!(policy.rests(now + rest - PROVEN), "{rest:?}");
            now += rest;
            assert!(!policy.rests(now), "{rest:?}");
        }
        for _ in 0..TRIAL_POLLS {
            policy.polled(true, now, now + PROVEN);
        }
        policy.polled(true, now, now + TIME_SLICE * 6);
        assert!(!policy.rests(now + TIME_SLICE * 6 + FIRST_REST));
    }
}
