//! The stream of what happens to a client or a server, and how their tasks fill it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::{fmt, vec};

use futures_core::Stream;
use tokio::sync::{mpsc, watch};

/// Batches that wait for the program. One is what a read has completed: 64 KiB of messages, or one longer message.
const BATCHES: usize = 16;

/// What happens, in order: a [`Stream`], with a method [`next`](Events::next) of its own.
///
/// What is not taken waits: about 2 MiB of messages, or 16 longer ones, and then nothing more is read, so that peers are held
/// back. That holds for answers to requests, too: they come behind the messages that came before. Who takes events and awaits
/// requests in one task gives the requests a timeout, or spawns what asks. Dropping it means that nobody wants to know:
/// messages are then discarded as they come.
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

    /// The next event. `None`: the client or server has ended. Cancel safe: nothing is lost when the future is dropped.
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

/// Ends a client's or server's task when all that a program has of it is dropped.
pub(super) struct Alive(watch::Sender<bool>);

impl Alive {
    /// The second value becomes true when the task is to end.
    pub fn new() -> (Arc<Self>, watch::Receiver<bool>) {
        let (closing, is_closing) = watch::channel(false);
        (Arc::new(Self(closing)), is_closing)
    }

    /// Has the task end.
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
    let _ = is_closing.wait_for(|closing| *closing).await; // or all that could say so are gone
}

/// Hands a batch over, unless nobody wants it, or the task is to end.
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
