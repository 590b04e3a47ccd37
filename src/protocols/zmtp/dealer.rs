//! DEALER: sends to one peer and receives from it at any time. It connects and reconnects in the background;
//! messages that wait are sent over the next connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::delivery::{Deliveries, Delivery, Event, Gone, Taker, deliveries, weigh};
use super::dial::{Dialer, LastError};
use super::link::{Incoming, LINGER, Link};
use super::outgoing::Outgoing;
use super::{Endpoint, Error, Options, SendError};
use crate::engine::codec::zmtp::Kind;

/// The longest time that [`Dealer::close`] waits.
const CLOSE: Duration = Duration::from_secs(2);

/// The events of a [`Dealer`].
#[derive(Debug)]
pub enum DealerEvent {
    /// The socket is connected. Waiting messages are sent.
    Connected,
    /// A whole message.
    Message(Vec<Bytes>),
    /// The connection was lost. The socket connects again.
    Disconnected {
        /// The error; `None`: the peer closed the connection, or this socket was closed.
        error: Option<Arc<Error>>,
        /// The message that was being sent: the peer has received part of it at most. It is not sent again, since it may
        /// be the reason why the peer closed the connection.
        unsent: Option<Vec<Bytes>>,
    },
}

impl Event for DealerEvent {
    fn frames(&self) -> &[Bytes] {
        match self {
            Self::Message(frames) | Self::Disconnected { unsent: Some(frames), .. } => frames,
            Self::Connected | Self::Disconnected { .. } => &[],
        }
    }
}

/// A DEALER socket. Dropping it closes it in the background.
///
/// It adds no empty frame: to send a request to a REP socket, begin the message with an empty
/// frame.
#[derive(Debug)]
pub struct Dealer {
    queue: Arc<Queue>,
    last_error: LastError,
    closing: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The events of a [`Dealer`]. While they are not taken, nothing is read from the peer. Dropping this closes the
/// socket.
#[derive(Debug)]
pub struct DealerEvents(Taker<DealerEvent>);

impl Dealer {
    /// Connects in the background, and again whenever the connection is lost. A tokio runtime has to be entered.
    ///
    /// # Errors
    /// An endpoint that cannot be connected to, or an invalid option.
    pub fn connect(endpoint: &Endpoint, options: Options) -> Result<(Self, DealerEvents), Error> {
        let queue = Arc::new(Queue::new(options.max_outgoing_bytes));
        let last_error = LastError::default();
        let dialer = Dialer::new(Kind::Dealer, endpoint, options, last_error.clone())?;
        let (deliveries, taker) = deliveries();
        let (closing, is_closing) = watch::channel(false);
        let task = tokio::spawn(run(dialer, queue.clone(), deliveries, is_closing));
        let dealer = Self { queue, last_error, closing, task: Mutex::new(Some(task)) };
        Ok((dealer, DealerEvents(taker)))
    }

    /// Sends a message, in the order of the calls, once there is a connection. Messages that the system has taken may be
    /// lost with the connection; those that it has not begun to take go over the next one.
    ///
    /// # Errors
    /// Nothing of the message is sent: [`Options::max_outgoing_bytes`] wait already, it has no frame, or the socket is
    /// closed.
    pub fn send(&self, frames: Vec<Bytes>) -> Result<(), SendError> {
        self.queue.push(frames)
    }

    /// How many messages the system has not taken yet.
    pub fn waiting(&self) -> usize {
        self.queue.lock().messages.len()
    }

    /// Why there is no connection, or why the last one was lost, if it is known.
    pub fn last_error(&self) -> Option<Arc<Error>> {
        self.last_error.get()
    }

    /// Accepts no more messages, sends what waits if there is a connection, and ends. Within two seconds, returns how
    /// many messages were not sent by then. A peer that keeps reading still gets them, as long as the runtime runs.
    pub async fn close(&self) -> usize {
        self.queue.close();
        let _ = self.closing.send(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = timeout(CLOSE, task).await;
        }
        self.waiting()
    }
}

impl Drop for Dealer {
    fn drop(&mut self) {
        self.queue.close(); // the end of `closing` ends the rest
    }
}

impl DealerEvents {
    /// The next event. `None`: the socket is closed. Nothing is lost if the future is dropped.
    pub async fn recv(&mut self) -> Option<DealerEvent> {
        self.0.recv().await
    }
}

/// Messages that the system has not taken. It may have taken part of the first one.
#[derive(Debug)]
struct Queue {
    state: Mutex<Waiting>,
    /// Notified when there is something to send.
    changed: Notify,
    most: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Vec<Bytes>>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    fn new(most: usize) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), most }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, frames: Vec<Bytes>) -> Result<(), SendError> {
        if frames.is_empty() {
            return Err(SendError::Empty);
        }
        let mut state = self.lock();
        if state.closed {
            return Err(SendError::Closed);
        }
        let bytes = state.bytes.saturating_add(weigh(&frames));
        if !state.messages.is_empty() && bytes > self.most {
            return Err(SendError::Full);
        }
        state.bytes = bytes;
        state.messages.push_back(frames);
        self.changed.notify_one();
        Ok(())
    }

    /// The first message, which stays.
    fn first(&self) -> Option<Vec<Bytes>> {
        self.lock().messages.front().cloned()
    }

    /// Removes and returns the first message.
    fn pop(&self) -> Option<Vec<Bytes>> {
        let mut state = self.lock();
        let frames = state.messages.pop_front()?;
        state.bytes -= weigh(&frames);
        Some(frames)
    }

    fn is_empty(&self) -> bool {
        self.lock().messages.is_empty()
    }

    fn close(&self) {
        self.lock().closed = true;
    }
}

/// Runs until the socket is closed, or its events are dropped.
async fn run(
    mut dialer: Dialer,
    queue: Arc<Queue>,
    deliveries: Deliveries<DealerEvent>,
    mut closing: watch::Receiver<bool>,
) {
    let closes = Closes(queue.clone());
    let mut delivery = Delivery::new(deliveries.clone());
    loop {
        let mut link = tokio::select! {
            _ = closing.wait_for(|closing| *closing) => break, // or dropped
            () = deliveries.gone() => break,
            link = delivery.during(dialer.connect()) => link,
        };
        let mut sender = Sender { queue: &queue, out: link.out().clone(), since: None };
        let talked = match delivery.push(DealerEvent::Connected) {
            Ok(()) => tokio::select! {
                _ = closing.wait_for(|closing| *closing) => None,
                ended = talk(&mut link, &mut delivery, &mut sender) => Some(ended),
            },
            Err(gone) => Some(Err(gone)),
        };
        sender.settle();
        let error = match talked {
            Some(Ok(error)) => error,
            Some(Err(Gone)) => break,
            None => {
                let finished = async {
                    sender.finish(&mut link).await;
                    link.close().await;
                };
                delivery.during(finished).await;
                let _ = delivery.push(DealerEvent::Disconnected { error: None, unsent: None });
                break;
            }
        };
        drop(link);
        let unsent = sender.since.and_then(|_| queue.pop());
        if delivery.push(DealerEvent::Disconnected { error: error.clone(), unsent }).is_err() {
            break;
        }
        tokio::select! {
            _ = closing.wait_for(|closing| *closing) => break,
            () = deliveries.gone() => break,
            () = delivery.during(dialer.lost(error)) => {}
        }
    }
    drop(closes);
    delivery.give_up_waiting();
}

/// Closes the queue, however the task ends (even with its runtime): nothing more would leave.
struct Closes(Arc<Queue>);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Sends and receives until the connection ends. Returns the error, if the peer did not just close
/// it.
async fn talk(
    link: &mut Link,
    delivery: &mut Delivery<DealerEvent>,
    sender: &mut Sender<'_>,
) -> Result<Option<Arc<Error>>, Gone> {
    let gone = delivery.gone();
    tokio::pin!(gone);
    loop {
        sender.send();
        let read = delivery.has_room();
        tokio::select! {
            () = &mut gone => return Err(Gone),
            delivered = delivery.deliver(), if !delivery.is_empty() => delivered?,
            () = sender.ready() => {}
            incoming = link.next(read) => match incoming {
                Ok(Some(Incoming::Message(frames))) => delivery.push(DealerEvent::Message(frames))?,
                Ok(Some(Incoming::Ready(_))) => {} // the decoder lets one through
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(Arc::new(error))),
            },
        }
    }
}

/// Hands messages to one connection, one at a time. So when the connection is lost, it is known which
/// messages have left.
struct Sender<'a> {
    queue: &'a Queue,
    out: Arc<Outgoing>,
    /// Set if the first message of the queue was handed over: what [`Outgoing::emptied`] had counted
    /// before.
    since: Option<u64>,
}

impl Sender<'_> {
    /// Hands over as much as the system takes now.
    fn send(&mut self) {
        loop {
            self.settle();
            let (takes, count) = self.out.emptied();
            if !takes || self.since.is_some() {
                return;
            }
            let Some(frames) = self.queue.first() else { return };
            self.since = self.out.send(&frames).is_ok().then_some(count);
        }
    }

    /// Removes the message that has left.
    fn settle(&mut self) {
        let count = self.out.emptied().1;
        if self.since.take_if(|since| *since < count).is_some() {
            self.queue.pop();
        }
    }

    /// Waits until [`Sender::send`] may have work.
    async fn ready(&self) {
        if self.out.emptied().0 {
            self.queue.changed.notified().await;
        } else {
            self.out.emptying().await;
        }
    }

    /// Hands over the rest, as long as the peer takes something.
    async fn finish(&mut self, link: &mut Link) {
        self.send();
        while !self.queue.is_empty() {
            let before = link.progress();
            let step = async {
                tokio::select! {
                    () = self.ready() => true,
                    _ = link.next(false) => false, // it is lost
                }
            };
            match timeout(LINGER, step).await {
                Ok(true) => self.send(),
                Ok(false) => return,
                Err(_) if link.progress() == before => return,
                Err(_) => {}
            }
        }
    }
}
