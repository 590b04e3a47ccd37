//! The stream of a client's or server's events, and how their tasks fill it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::{fmt, vec};

use futures_core::Stream;
use tokio::sync::{mpsc, watch};

/// Batches that may wait for the program. A batch is what one read completed: 64 KiB of messages, or one longer
/// message.
const BATCHES: usize = 16;

/// The events, in order: a [`Stream`], with its own method [`next`](Events::next).
///
/// Events that are not taken wait: about 2 MiB of messages, or 16 longer ones. Then nothing more is read, so peers are held
/// back. Answers to requests are held back, too, since they arrive behind earlier messages. If one task takes events and
/// awaits requests, give the requests a timeout, or spawn them. If this is dropped, messages are discarded as they arrive.
pub struct Events<E> {
    batches: mpsc::Receiver<Vec<E>>,
    current: vec::IntoIter<E>,
    _alive: Arc<Alive>,
}

impl<E> fmt::Debug for Events<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl<E: Unpin> Events<E> {
    pub(super) fn new(alive: Arc<Alive>) -> (mpsc::Sender<Vec<E>>, Self) {
        let (sender, batches) = mpsc::channel(BATCHES);
        (sender, Self { batches, current: Vec::new().into_iter(), _alive: alive })
    }

    /// The next event. `None`: the client or server has ended. Cancel safe: nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<E> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<E: Unpin> Stream for Events<E> {
    type Item = E;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<E>> {
        loop {
            if let Some(event) = self.current.next() {
                return Poll::Ready(Some(event));
            }
            match ready!(self.batches.poll_recv(context)) {
                Some(batch) => self.current = batch.into_iter(),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Ends the task of a client or server when the program has dropped all its handles.
pub(super) struct Alive(watch::Sender<bool>);

impl Alive {
    /// The second value becomes true when the task is to end.
    pub fn new() -> (Arc<Self>, watch::Receiver<bool>) {
        let (closing, is_closing) = watch::channel(false);
        (Arc::new(Self(closing)), is_closing)
    }

    /// Ends the task.
    pub fn end(&self) {
        self.0.send_replace(true);
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.end();
    }
}

/// Ends when the task is to end.
pub(super) async fn closing(is_closing: &mut watch::Receiver<bool>) {
    let _ = is_closing.wait_for(|closing| *closing).await; // or all senders are gone
}

/// Hands a batch over, unless the receiver is gone or the task is to end.
pub(super) async fn deliver<E>(
    events: &mpsc::Sender<Vec<E>>,
    batch: Vec<E>,
    is_closing: &mut watch::Receiver<bool>,
) {
    if batch.is_empty() {
        return;
    }
    tokio::select! {
        biased;
        _ = events.send(batch) => {}
        () = closing(is_closing) => {}
    }
}
