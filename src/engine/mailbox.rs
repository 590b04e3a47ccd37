//! The bounded queue between the I/O thread and the one consumer of a hub.
//!
//! Producers are the driver's tasks. The consumer is the thread that calls [`Mailbox::pop`] (the
//! JavaScript thread). It is woken once when the mailbox becomes non-empty, not for each event. When
//! the mailbox is full, producers wait and stop reading, which holds the peers back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::event::{Event, Id, Lost};

/// Producers wait if there are more bytes of payload than this (a single larger event is still
/// accepted).
pub const MAX_BYTES: usize = 1024 * 1024;

/// Producers wait if there are more events than this.
pub const MAX_EVENTS: usize = 1024;

/// The consumer is gone: a producer that gets this stops working.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

/// See the module's page.
pub struct Mailbox {
    state: Mutex<State>,
    /// Notified when a mailbox that was full is at most half full again, or is closed.
    room: Notify,
}

struct State {
    events: VecDeque<Event>,
    bytes: usize,
    /// See [`Mailbox::keep`].
    kept: VecDeque<Kept>,
    /// The consumer has been woken and has not yet found the mailbox empty.
    awake: bool,
    /// Tells the consumer to call `pop`. `None` once closed.
    wake: Option<Box<dyn Fn() + Send>>,
}

/// See [`Mailbox::keep`].
struct Kept {
    id: Id,
    open: Event,
    /// How many turns of the consumer's event loop have begun since, if that ends it.
    turns: Option<u32>,
}

/// As many turns of an event loop as have to begin until it has looked at all of its sockets once.
#[cfg(unix)]
const TURNS_TO_LOOK: u32 = 2;

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("events", &self.lock().events.len()).finish()
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES || self.events.len() >= MAX_EVENTS
    }

    /// Tells the consumer of what is queued right after this.
    fn wake_up(&mut self) -> Result<(), Gone> {
        let wake = self.wake.as_ref().ok_or(Gone)?;
        if !self.awake {
            wake();
            self.awake = true;
        }
        Ok(())
    }

    fn push(&mut self, event: Event) {
        self.bytes += event.weight();
        self.events.push_back(event);
    }

    /// Queues what was kept and must not come after `event`.
    fn bring_before(&mut self, event: &Event) {
        if self.kept.is_empty() {
            return;
        }
        let (Lost::OfConnection(youngest) | Lost::Closed { id: youngest, .. }) = event.as_lost()
        else {
            return;
        };
        while let Some(open) = self.take_kept(|id| id < youngest) {
            self.push(open);
        }
    }

    /// The oldest that was kept for a `wanted` connection.
    fn take_kept(&mut self, wanted: impl Fn(Id) -> bool) -> Option<Event> {
        let index = self.kept.iter().position(|kept| wanted(kept.id))?;
        self.kept.remove(index).map(|kept| kept.open)
    }

    /// It is at most half full: there is room for several producers.
    fn has_much_room(&self) -> bool {
        self.bytes <= MAX_BYTES / 2 && self.events.len() <= MAX_EVENTS / 2
    }
}

impl Mailbox {
    /// A mailbox that calls `wake`, from any thread, to tell the consumer to call `pop`.
    pub fn new(wake: Box<dyn Fn() + Send>) -> Self {
        let (events, kept) = (VecDeque::new(), VecDeque::new());
        let state = State { events, bytes: 0, kept, awake: false, wake: Some(wake) };
        Self { state: Mutex::new(state), room: Notify::new() }
    }

    /// Queues `event` once there is room.
    pub async fn post(&self, event: Event) -> Result<(), Gone> {
        self.room().await;
        self.post_now(event)
    }

    /// Waits until there is room, or the mailbox is closed. Several producers may post right after
    /// this, so each of them may exceed the limit by one event.
    pub async fn room(&self) {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            room.as_mut().enable(); // before the check, or room made in between would be missed
            {
                let state = self.lock();
                if state.wake.is_none() || !state.is_full() {
                    return;
                }
            }
            room.await;
        }
    }

    /// Waits until the mailbox is closed.
    pub async fn closed(&self) {
        loop {
            let changed = self.room.notified();
            tokio::pin!(changed);
            changed.as_mut().enable(); // as in `room`
            if self.lock().wake.is_none() {
                return;
            }
            changed.await;
        }
    }

    /// Queues `event` at once, even over the limit. For events that a connection produces only a
    /// few times in its life, from places that cannot wait.
    pub fn post_now(&self, event: Event) -> Result<(), Gone> {
        self.post_all([event])
    }

    /// As [`Mailbox::post_now`], for several events: a consumer that finds the first one finds the
    /// others, too. At least one.
    pub fn post_all(&self, events: impl IntoIterator<Item = Event>) -> Result<(), Gone> {
        let mut state = self.lock();
        state.wake_up()?;
        for event in events {
            state.bring_before(&event);
            state.push(event);
        }
        Ok(())
    }

    /// Keeps [`Event::Open`] of the connection `id` until [`Mailbox::post_kept`], or until the consumer's event loop, if it
    /// is `on_loop`, has looked at all of its sockets: so that a listener of the same consumer can come first. What a younger
    /// connection reports goes after it in any case: that may be the other end.
    #[cfg(unix)]
    pub fn keep(&self, id: Id, open: Event, on_loop: bool) {
        self.lock().kept.push_back(Kept { id, open, turns: on_loop.then_some(0) });
    }

    /// Whether something is kept until turns of the consumer's event loop have begun.
    #[cfg(unix)]
    pub fn waits_for_turns(&self) -> bool {
        self.lock().kept.iter().any(|kept| kept.turns.is_some())
    }

    /// A turn of the consumer's event loop begins, which calls the consumer right after this.
    #[cfg(unix)]
    pub fn turn_begins(&self) {
        let mut state = self.lock();
        for turns in state.kept.iter_mut().filter_map(|kept| kept.turns.as_mut()) {
            *turns += 1;
        }
        while let Some(Kept { turns: Some(TURNS_TO_LOOK..), .. }) = state.kept.front()
            && let Some(Kept { open, .. }) = state.kept.pop_front()
        {
            state.push(open);
        }
    }

    /// Queues what was kept for the connection `id`, unless it had to be queued before, and what is older: who calls this
    /// for several connections may do so in any order.
    #[cfg(unix)]
    pub fn post_kept(&self, id: Id) {
        let mut state = self.lock();
        while let Some(open) = state.take_kept(|of| of <= id)
            && state.wake_up().is_ok()
        {
            state.push(open);
        }
    }

    /// From now on, calls `wake` to tell the consumer.
    #[cfg(unix)]
    pub fn set_wake(&self, wake: Box<dyn Fn() + Send>) {
        let mut state = self.lock();
        let old = state.wake.replace(wake);
        drop(state);
        drop(old); // outside the lock, as in `close`
    }

    /// Records that the consumer is about to run for another reason, so that events posted until
    /// then need no wake-up.
    pub fn set_awake(&self) {
        self.lock().awake = true;
    }

    /// Whether a producer would have to wait.
    pub fn is_full(&self) -> bool {
        self.lock().is_full()
    }

    /// Whether there is room for several producers: it is at most half full.
    #[cfg(unix)]
    pub fn has_much_room(&self) -> bool {
        self.lock().has_much_room()
    }

    /// The oldest event. `None` ends the consumer's turn: the next event wakes it again.
    pub fn pop(&self) -> Option<Event> {
        let mut state = self.lock();
        let event = self.take(&mut state);
        if event.is_none() {
            // Set under the same lock as the check, so that no event can arrive in between
            // unannounced.
            state.awake = false;
        }
        event
    }

    /// The oldest event, if it is one that is `wanted`.
    pub fn pop_if(&self, wanted: impl FnOnce(&Event) -> bool) -> Option<Event> {
        let mut state = self.lock();
        if state.events.front().is_some_and(wanted) { self.take(&mut state) } else { None }
    }

    fn take(&self, state: &mut State) -> Option<Event> {
        let had_little = !state.has_much_room();
        let event = state.events.pop_front()?;
        state.bytes -= event.weight();
        // Not for each event: all of the producers look, and there may be thousands.
        if had_little && state.has_much_room() {
            self.room.notify_waiters();
        }
        Some(event)
    }

    /// Ends the consumer's turn if nothing waits: the next event wakes it again. False: something
    /// waits.
    pub fn end_turn(&self) -> bool {
        let mut state = self.lock();
        state.awake = !state.events.is_empty();
        !state.awake
    }

    /// Refuses everything posted from now on. Returns what was not delivered.
    pub fn close(&self) -> VecDeque<Event> {
        let mut state = self.lock();
        let undelivered = std::mem::take(&mut state.events);
        state.bytes = 0;
        state.kept.clear();
        let wake = state.wake.take();
        drop(state);
        drop(wake); // outside the lock: it may release resources of the host
        self.room.notify_waiters();
        undelivered
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    fn chunk(len: usize) -> Event {
        Event::Chunk { id: 1, bytes: vec![0; len].into(), framed: false }
    }

    fn counted() -> (Arc<Mailbox>, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let wake = move || {
            counter.fetch_add(1, Ordering::SeqCst);
        };
        (Arc::new(Mailbox::new(Box::new(wake))), calls)
    }

    #[test]
    fn one_wake_up_per_turn() {
        let (mailbox, calls) = counted();
        for _ in 0..3 {
            mailbox.post_now(chunk(1)).unwrap();
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        while mailbox.pop().is_some() {}
        mailbox.post_now(chunk(1)).unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    #[cfg(unix)]
    #[test]
    fn an_opening_that_is_kept_comes_before_what_its_peer_received() {
        let (mailbox, _) = counted();
        let frame = |id| Event::Chunk { id, bytes: vec![0].into(), framed: false };
        mailbox.keep(3, Event::Open { id: 3, ends: None, tls: None }, false);
        mailbox.post_now(Event::Accepted { listener: 1, id: 5, ends: None, tls: None }).unwrap();
        mailbox.post_now(frame(2)).unwrap(); // was there before, so is not the peer
        mailbox.post_now(frame(5)).unwrap();
        mailbox.post_kept(3);
        let order: Vec<Event> = std::iter::from_fn(|| mailbox.pop()).collect();
        assert!(matches!(
            order[..],
            [
                Event::Accepted { .. },
                Event::Chunk { id: 2, .. },
                Event::Open { .. },
                Event::Chunk { id: 5, .. }
            ]
        ));
    }

    /// Tasks of one runtime that yield equally often may end in any order.
    #[cfg(unix)]
    #[test]
    fn openings_that_are_kept_stay_in_their_order() {
        let (mailbox, _) = counted();
        for id in 1..=3 {
            mailbox.keep(id, Event::Open { id, ends: None, tls: None }, false);
        }
        for id in [2, 3, 1] {
            mailbox.post_kept(id);
        }
        let order: Vec<Id> = std::iter::from_fn(|| mailbox.pop())
            .map(|event| match event {
                Event::Open { id, .. } => id,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(order, [1, 2, 3]);
    }

    /// A turn of the loop that has begun already does not look any more at what is ready since.
    #[cfg(unix)]
    #[test]
    fn an_opening_that_is_kept_for_an_event_loop_waits_for_its_second_turn() {
        let (mailbox, _) = counted();
        mailbox.keep(1, Event::Open { id: 1, ends: None, tls: None }, true);
        mailbox.turn_begins();
        mailbox.keep(2, Event::Open { id: 2, ends: None, tls: None }, true);
        assert!(mailbox.pop().is_none());
        mailbox.turn_begins();
        assert!(matches!(mailbox.pop(), Some(Event::Open { id: 1, .. })));
        assert!(mailbox.pop().is_none() && mailbox.waits_for_turns());
        mailbox.turn_begins();
        assert!(matches!(mailbox.pop(), Some(Event::Open { id: 2, .. })));
        assert!(!mailbox.waits_for_turns());
    }

    #[tokio::test]
    async fn a_full_mailbox_holds_its_producer_back() {
        let (mailbox, _) = counted();
        mailbox.post(chunk(MAX_BYTES)).await.unwrap();
        let blocked = tokio::spawn({
            let mailbox = mailbox.clone();
            async move { mailbox.post(chunk(1)).await }
        });
        tokio::task::yield_now().await;
        assert!(!blocked.is_finished());
        assert!(mailbox.pop().is_some());
        assert_eq!(blocked.await.unwrap(), Ok(()));
        assert!(mailbox.pop().is_some());
    }

    /// A producer, and how often it has been called.
    struct Counted<F>(Pin<Box<F>>, Arc<AtomicUsize>);

    impl<F: Future> Future for Counted<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.as_mut().poll(context)
        }
    }

    #[tokio::test]
    async fn thousands_of_producers_are_not_all_called_for_each_event_that_is_taken() {
        const PRODUCERS: usize = 4 * MAX_EVENTS;
        let (mailbox, _) = counted();
        for _ in 0..MAX_EVENTS {
            mailbox.post_now(chunk(1)).unwrap();
        }
        let calls = Arc::new(AtomicUsize::new(0));
        for _ in 0..PRODUCERS {
            let mailbox = mailbox.clone();
            let post = async move { mailbox.post(chunk(1)).await };
            tokio::spawn(Counted(Box::pin(post), calls.clone()));
        }
        let mut taken = 0;
        while taken < MAX_EVENTS + PRODUCERS {
            tokio::task::yield_now().await; // who was woken before runs before this goes on
            taken += usize::from(mailbox.pop().is_some());
        }
        // All of them at first, and whoever still waits each time when half of a mailbox is free again: 5.5 calls for each
        // of them. Woken for each event, they had 60.
        let calls = calls.load(Ordering::SeqCst);
        assert!(calls <= 10 * PRODUCERS, "{calls} calls");
    }

    #[tokio::test]
    async fn closing_frees_waiting_producers_and_the_waker() {
        let (mailbox, calls) = counted();
        mailbox.post(chunk(MAX_BYTES)).await.unwrap();
        let blocked = tokio::spawn({
            let mailbox = mailbox.clone();
            async move { mailbox.post(chunk(1)).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(mailbox.close().len(), 1);
        assert_eq!(blocked.await.unwrap(), Err(Gone));
        assert_eq!(mailbox.post_now(chunk(1)), Err(Gone));
        assert!(mailbox.pop().is_none());
        assert_eq!(Arc::strong_count(&calls), 1); // the waker is dropped
    }
}
