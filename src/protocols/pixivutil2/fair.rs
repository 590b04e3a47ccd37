//! Room that all connections share, and that none can take from the others. Used by [`super::room`] for what waits for
//! the program, and by [`super::jobs`] for jobs.
//!
//! ```text
//! most   | kept for each that is connected, up to a half | shared                                |
//!                                                          a's | b's   | free
//! ```
//!
//! Whoever has more of the shared part than is free gets no more of it. So one connection gets about a half of it, and
//! the next one a half of the rest. What is kept for a connection is there even if many have taken all the rest.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, OccupiedEntry};
use std::hash::Hash;

/// The part of all room that is kept for each connection.
const OWN: usize = 64;

/// The most that is kept for each where room is counted in bytes.
pub(super) const OWN_BYTES: usize = 16 * 1024;

/// See the module's page. `K` names a connection.
#[derive(Debug)]
pub struct Fair<K> {
    most: usize,
    /// What is kept for each connection, as long as that is at most a half.
    own: usize,
    /// What is kept for connections, whether they use it or not.
    kept: usize,
    /// What connections have, and how much of it is beyond that.
    taken: usize,
    shared: usize,
    by: HashMap<K, Place>,
}

/// What a connection has.
#[derive(Debug, Default)]
struct Place {
    taken: usize,
    kept: usize,
    is_connected: bool,
}

impl Place {
    fn shared(&self) -> usize {
        self.taken.saturating_sub(self.kept)
    }
}

impl<K: Hash + Eq> Fair<K> {
    /// Room for `most`. At most `own` is kept for each connection.
    pub fn new(most: usize, own: usize) -> Self {
        Self { most, own: own.min(most / OWN), kept: 0, taken: 0, shared: 0, by: HashMap::new() }
    }

    /// A connection begins.
    pub fn enter(&mut self, who: K) {
        let free = self.free();
        let place = self.by.entry(who).or_default();
        place.is_connected = true;
        let has_kept = place.kept > 0 || place.taken > 0; // of a connection of that name that has ended
        if !has_kept && self.own <= free && self.kept + self.own <= self.most / 2 {
            place.kept = self.own;
            self.kept += self.own;
        }
    }

    /// A connection has ended. What it has taken still counts.
    pub fn leave(&mut self, who: K) {
        if let Entry::Occupied(mut place) = self.by.entry(who) {
            place.get_mut().is_connected = false;
            Self::tidy(&mut self.kept, place);
        }
    }

    /// Whether `who` may take `amount` more.
    pub fn has_room(&self, who: &K, amount: usize) -> bool {
        let (taken, kept) = self.by.get(who).map_or((0, 0), |place| (place.taken, place.kept));
        let shared = taken.saturating_sub(kept);
        let more = taken.saturating_add(amount).saturating_sub(kept) - shared;
        let free = self.free();
        more == 0 || more <= free && shared <= free
    }

    /// `who` takes `amount`, even if there is no room.
    pub fn take(&mut self, who: K, amount: usize) {
        let place = self.by.entry(who).or_default();
        let before = place.shared();
        place.taken += amount;
        self.taken += amount;
        self.shared += place.shared() - before;
    }

    /// `who` has `amount` less.
    pub fn give_back(&mut self, who: K, amount: usize) {
        if let Entry::Occupied(mut place) = self.by.entry(who) {
            let before = place.get().shared();
            place.get_mut().taken -= amount;
            self.taken -= amount;
            self.shared -= before - place.get().shared();
            Self::tidy(&mut self.kept, place);
        }
    }

    /// Whether nobody has taken anything.
    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }

    fn free(&self) -> usize {
        self.most.saturating_sub(self.kept).saturating_sub(self.shared)
    }

    /// Forgets a connection that has ended and has nothing any more.
    fn tidy(kept: &mut usize, place: OccupiedEntry<'_, K, Place>) {
        if !place.get().is_connected && place.get().taken == 0 {
            *kept -= place.remove().kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one after the other, for as long as there is room. Returns how many that were.
    fn fill(fair: &mut Fair<u32>, who: u32) -> usize {
        let before = fair.taken;
        while fair.has_room(&who, 1) {
            fair.take(who, 1);
        }
        fair.taken - before
    }

    #[test]
    fn one_takes_a_half_and_the_next_a_half_of_the_rest() {
        let mut fair = Fair::new(1000, 0);
        assert_eq!([1, 2, 3].map(|who| fill(&mut fair, who)), [501, 250, 125]);
        assert_eq!(fill(&mut fair, 1), 0);
        // Who gives something back gets as much as is free then.
        fair.give_back(1, 400);
        fair.leave(2);
        assert_eq!(fill(&mut fair, 1), 212);
    }

    #[test]
    fn what_is_kept_for_a_connection_is_there_when_all_the_rest_is_taken() {
        let mut fair = Fair::new(6400, 10);
        fair.enter(1);
        for hog in 100..200 {
            fair.enter(hog);
            fill(&mut fair, hog);
        }
        assert!(!fair.has_room(&2, 1));
        assert_eq!(fill(&mut fair, 1), 10);
        assert!(fair.taken <= 6400);
        // It is kept until the last of it is given back, and once for a name.
        fair.leave(1);
        fair.enter(1);
        assert_eq!(fill(&mut fair, 1), 0);
        fair.leave(1);
        fair.give_back(1, 10);
        fair.enter(2);
        assert_eq!(fill(&mut fair, 2), 10);
    }

    #[test]
    fn at_most_a_half_is_kept_and_nothing_of_little_room() {
        let mut fair = Fair::new(640, 10);
        (0..1000).for_each(|who| fair.enter(who));
        assert_eq!((fair.kept, fair.free()), (320, 320));
        (0..1000).for_each(|who| fair.leave(who));
        assert_eq!((fair.kept, fair.by.len()), (0, 0));
        let mut fair = Fair::new(2, 1);
        fair.enter(1);
        assert_eq!(fill(&mut fair, 2), 2);
        assert!(!fair.is_empty());
    }
}
