//! How a socket's events get to its program. The total that waits there is bounded for all connections together,
//! and the connections take turns. `session` and `dealer` deliver, `RouterEvents` and `DealerEvents` take.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc};

/// The most bytes of events that wait for the program. A larger event waits alone.
const MAX_WAITING: u32 = 4 << 20;

/// The most bytes that a connection reads beyond that, except for the message that exceeds it. It keeps reading to find
/// the PINGs of a peer that waits for an answer.
const MAX_READ: usize = 64 * 1024;

/// What an event counts in addition to its bytes, and what a frame counts.
const EVENT: usize = 256;
pub(super) const FRAME: usize = 64;

/// An event that is delivered.
pub(super) trait Event {
    /// Its frames, if any.
    fn frames(&self) -> &[Bytes];
}

/// An event, and its share of the limit.
type Waiting<E> = (E, Option<OwnedSemaphorePermit>);

/// The receiving end of all connections' deliveries.
#[derive(Debug)]
pub(super) struct Deliveries<E> {
    room: Arc<Semaphore>,
    events: mpsc::UnboundedSender<Waiting<E>>,
}

impl<E> Clone for Deliveries<E> {
    fn clone(&self) -> Self {
        Self { room: self.room.clone(), events: self.events.clone() }
    }
}

/// The program's end, where it takes the events.
#[derive(Debug)]
pub(super) struct Taker<E> {
    room: Arc<Semaphore>,
    events: mpsc::UnboundedReceiver<Waiting<E>>,
}

/// Both ends.
pub(super) fn deliveries<E>() -> (Deliveries<E>, Taker<E>) {
    let room = Arc::new(Semaphore::new(MAX_WAITING as usize));
    let (sender, events) = mpsc::unbounded_channel();
    (Deliveries { room: room.clone(), events: sender }, Taker { room, events })
}

impl<E> Deliveries<E> {
    /// Waits until the program's end is dropped.
    pub async fn gone(&self) {
        self.events.closed().await;
    }
}

impl<E> Taker<E> {
    pub async fn recv(&mut self) -> Option<E> {
        self.events.recv().await.map(|(event, _)| event)
    }
}

impl<E> Drop for Taker<E> {
    fn drop(&mut self) {
        self.room.close();
    }
}

type Acquiring =
    Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

/// The program's end was dropped.
#[derive(Debug)]
pub(super) struct Gone;

/// The events of one connection, in order.
pub(super) struct Delivery<E> {
    to: Deliveries<E>,
    events: VecDeque<(E, usize)>,
    bytes: usize,
    /// Waits for room for the first event.
    acquiring: Option<Acquiring>,
}

impl<E: Event> Delivery<E> {
    pub fn new(to: Deliveries<E>) -> Self {
        Self { to, events: VecDeque::new(), bytes: 0, acquiring: None }
    }

    /// Whether more may be read.
    pub fn has_room(&self) -> bool {
        self.bytes < MAX_READ
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Delivers an event, now or by [`Delivery::deliver`].
    pub fn push(&mut self, event: E) -> Result<(), Gone> {
        let weight = EVENT + weigh(event.frames());
        if self.events.is_empty() {
            match self.to.room.clone().try_acquire_many_owned(permits(weight)) {
                Ok(permit) => return self.send(event, Some(permit)),
                Err(_) if self.to.room.is_closed() => return Err(Gone),
                Err(_) => {}
            }
        }
        self.bytes += weight;
        self.events.push_back((event, weight));
        Ok(())
    }

    /// Waits until the first waiting event is delivered. If the future is dropped, nothing is lost, and it keeps its
    /// turn.
    pub async fn deliver(&mut self) -> Result<(), Gone> {
        let Some((_, weight)) = self.events.front() else { return Ok(()) };
        let room = &self.to.room;
        let acquiring = self
            .acquiring
            .get_or_insert_with(|| Box::pin(room.clone().acquire_many_owned(permits(*weight))));
        let permit = acquiring.await;
        self.acquiring = None;
        let permit = permit.map_err(|_| Gone)?;
        let Some((event, weight)) = self.events.pop_front() else { return Ok(()) };
        self.bytes -= weight;
        self.send(event, Some(permit))
    }

    /// Waits until all events are delivered.
    pub async fn deliver_all(&mut self) -> Result<(), Gone> {
        while !self.is_empty() {
            self.deliver().await?;
        }
        Ok(())
    }

    /// Delivers what waits, as far as there is room, until `work` has ended.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            _ = self.deliver_all() => {}
        }
        work.await
    }

    /// Delivers the rest even without room: the socket ends, so no more events follow.
    pub fn give_up_waiting(mut self) {
        for (event, _) in std::mem::take(&mut self.events) {
            let _ = self.send(event, None);
        }
    }

    /// Waits until the program's end is dropped.
    pub fn gone(&self) -> impl Future<Output = ()> + use<E> {
        let events = self.to.events.clone();
        async move { events.closed().await }
    }

    fn send(&self, event: E, place: Option<OwnedSemaphorePermit>) -> Result<(), Gone> {
        self.to.events.send((event, place)).map_err(|_| Gone)
    }
}

fn permits(weight: usize) -> u32 {
    u32::try_from(weight).unwrap_or(MAX_WAITING).min(MAX_WAITING)
}

/// What frames count towards the limit.
pub(super) fn weigh(frames: &[Bytes]) -> usize {
    frames.len() * FRAME + frames.iter().map(Bytes::len).sum::<usize>()
}
