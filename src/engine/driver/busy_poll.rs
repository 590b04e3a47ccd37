//! When a thread polls a socket busily before it goes back to sleep.
//!
//! Two programs that take turns with requests and answers spend most of their time going to sleep and being woken:
//! several times what reading and answering a message takes. So
//! a connection that has answered looks for the next message a few times, offering the processor to
//! others in between, for as long as that sleep would cost. It is only done while it pays: where the
//! same connection has had many turns in a row, with an answer each, and the message does come in time.
//! A failure makes it wait for twice as many turns before the next trial, so that what is spent in vain
//! stays below a few per cent. Where others have the processor meanwhile, it is not done for a long time: who sleeps
//! is woken at once, who has yielded is behind all of them. The event loop is never held up when it has anything else
//! to do ([`super::uv`] asks it), nor for more than [`MOST_POLLS`] messages or [`MOST_TIME`].
//!
//! What a sleep costs differs tenfold between machines, so it is measured in the turns before a trial.
//!
//! Used by [`super::uv`], and by Rust's node-ipc, whose tasks yield to others, too. No clock and no I/O here.

use std::time::Duration;

use crate::engine::event::Id;

/// Turns in a row of one connection, with an answer each, before the first trial.
const FIRST_TRIAL: u32 = 8;

/// The most turns before a trial, after failures.
const LAST_TRIAL: u32 = 1024;

/// Turns before a trial whose waits are measured.
const MEASURED: u32 = 4;

/// Polls of a trial: the other side may have to find out first that it pays.
const TRIAL_POLLS: u32 = 32;

/// How long a poll of a trial may take at least, and one later.
const TRIAL: Duration = Duration::from_micros(60);
const PROVEN: Duration = Duration::from_micros(30);

/// How long any poll may take.
const LONGEST: Duration = Duration::from_micros(250);

/// If even the shortest wait is longer, it is the peer that takes its time.
const SLOW: Duration = Duration::from_micros(800);

/// So many times as long as usual is a poll after a trial.
const MARGIN: u32 = 3;

/// A poll that took so many times its limit: others had the processor.
const BUSY: u32 = 8;

/// Then there is none in so many turns; in twice as many each time, unless there were so many successful polls between.
const REST: u32 = 64;
const LONGEST_REST: u32 = 4096;
const CALM: u32 = 512;

/// Messages in a row that are polled for before the event loop has its turn.
pub const MOST_POLLS: u32 = 64;

/// The time after which it has it in any case, except for a handler that takes longer: timers come no later than that.
pub const MOST_TIME: Duration = Duration::from_millis(1);

/// What is known of the loop's connections: see the module's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusyPoll {
    /// The connection that had the last turns, and how many in a row; with successful polls from then on.
    last: Option<Id>,
    turns: u32,
    polls: u32,
    /// Turns needed for the next trial.
    needed: u32,
    /// Turns without polls that are left, how many there were the last time, and successful polls since.
    rest: u32,
    rested: u32,
    calm: u32,
    /// The shortest of the measured waits, asleep.
    asleep: Option<Duration>,
    /// How long successful polls take, about.
    usual: Duration,
}

impl Default for BusyPoll {
    fn default() -> Self {
        Self {
            last: None,
            turns: 0,
            polls: 0,
            needed: FIRST_TRIAL,
            rest: 0,
            rested: 0,
            calm: 0,
            asleep: None,
            usual: Duration::ZERO,
        }
    }
}

impl BusyPoll {
    /// Connection `id` had a turn, in which something was sent to its peer or not. Returns for how long
    /// to poll for the peer's next message.
    pub fn turn(&mut self, id: Id, answered: bool) -> Option<Duration> {
        if self.last != Some(id) || !answered {
            (self.last, self.turns, self.polls) = (answered.then_some(id), 0, 0);
            self.asleep = None;
            return None;
        }
        self.turns = self.turns.saturating_add(1);
        self.rest = self.rest.saturating_sub(1);
        if self.turns < self.needed || self.rest > 0 {
            return None;
        }
        if self.polls >= TRIAL_POLLS {
            return Some((self.usual * MARGIN).clamp(PROVEN, LONGEST));
        }
        let asleep = self.asleep.unwrap_or_default();
        if asleep > SLOW {
            self.failed();
            return None;
        }
        Some(asleep.clamp(TRIAL, LONGEST))
    }

    /// Whether the wait that begins now is to be measured, see [`BusyPoll::slept`].
    pub fn measures(&self) -> bool {
        self.turns > 0
            && self.polls == 0
            && self.turns + MEASURED >= self.needed
            && self.rest <= MEASURED
    }

    /// So long did the thread sleep until connection `id` was ready.
    pub fn slept(&mut self, id: Id, wait: Duration) {
        if self.last == Some(id) {
            self.asleep = Some(self.asleep.map_or(wait, |shortest| shortest.min(wait)));
        }
    }

    /// A poll of at most `limit` has taken so long and has found something, or not.
    pub fn polled(&mut self, found: bool, took: Duration, limit: Duration) {
        if took > limit * BUSY {
            self.rested = (self.rested * 2).clamp(REST, LONGEST_REST);
            (self.rest, self.calm) = (self.rested, 0);
            self.failed();
        } else if !found {
            self.failed();
        } else {
            let took = took.min(limit);
            self.usual = if self.polls == 0 { took } else { (self.usual * 7 + took) / 8 };
            self.succeeded();
        }
    }

    fn succeeded(&mut self) {
        self.polls = self.polls.saturating_add(1);
        if self.polls >= TRIAL_POLLS {
            self.needed = FIRST_TRIAL;
        }
        self.calm = self.calm.saturating_add(1);
        if self.calm == CALM {
            self.rested = 0;
        }
    }

    fn failed(&mut self) {
        self.needed = (self.needed * 2).min(LAST_TRIAL);
        (self.turns, self.polls) = (0, 0);
        self.asleep = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWIFT: Duration = Duration::from_micros(10);

    fn turns_until_trial(policy: &mut BusyPoll) -> u32 {
        (0..).find(|_| policy.turn(1, true).is_some()).unwrap()
    }

    fn prove(policy: &mut BusyPoll, took: Duration) {
        for _ in 0..TRIAL_POLLS {
            policy.polled(true, took, TRIAL);
            assert!(policy.turn(1, true).is_some());
        }
    }

    /// Turns until a trial, each after a wait of so long.
    fn trial_after(policy: &mut BusyPoll, wait: Duration) -> Option<Duration> {
        (0..=FIRST_TRIAL).find_map(|_| {
            if policy.measures() {
                policy.slept(1, wait);
            }
            policy.turn(1, true)
        })
    }

    #[test]
    fn a_conversation_is_polled_for() {
        let mut policy = BusyPoll::default();
        assert_eq!(turns_until_trial(&mut policy), FIRST_TRIAL);
        prove(&mut policy, SWIFT);
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
            policy.polled(false, TRIAL, TRIAL);
        }
        assert!(waits.is_sorted());
        assert!((LAST_TRIAL - 1..=LAST_TRIAL).contains(waits.last().unwrap()), "{waits:?}");
        turns_until_trial(&mut policy);
        prove(&mut policy, SWIFT);
        policy.turn(2, true);
        policy.turn(1, true);
        assert!(turns_until_trial(&mut policy) <= FIRST_TRIAL);
    }

    #[test]
    fn a_poll_takes_as_long_as_the_sleep_would_within_bounds() {
        for (wait, limit) in [(20, TRIAL), (140, Duration::from_micros(140)), (700, LONGEST)] {
            let mut policy = BusyPoll::default();
            assert_eq!(trial_after(&mut policy, Duration::from_micros(wait)), Some(limit));
        }
        let mut policy = BusyPoll::default();
        assert_eq!(trial_after(&mut policy, Duration::from_millis(5)), None);
    }

    #[test]
    fn on_a_slow_machine_a_proven_poll_takes_longer() {
        let mut policy = BusyPoll::default();
        turns_until_trial(&mut policy);
        prove(&mut policy, Duration::from_micros(40));
        assert_eq!(policy.turn(1, true), Some(Duration::from_micros(120)));
    }

    #[test]
    fn where_others_have_the_processor_there_is_none_for_longer_and_longer() {
        let mut policy = BusyPoll::default();
        let long = Duration::from_millis(3);
        let mut rests = Vec::new();
        for _ in 0..10 {
            turns_until_trial(&mut policy);
            policy.polled(true, long, TRIAL);
            rests.push(policy.rest);
        }
        assert_eq!((rests[0], rests[1], rests[9]), (REST, 2 * REST, LONGEST_REST));

        turns_until_trial(&mut policy);
        for _ in 0..CALM {
            policy.polled(true, SWIFT, TRIAL);
        }
        policy.polled(true, long, TRIAL);
        assert_eq!(policy.rest, REST);
    }
}
