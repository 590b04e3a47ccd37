//! Outgoing frames. The sender writes a frame at once, on its own thread, as far as the transport
//! takes it. A task of the session writes the rest. So a job does not wait for a task to wake up.
//! Used by both sides' sessions.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::AsyncWrite;

use super::format::Frame;
use crate::engine::error::full;
use crate::engine::link::Outbox;

/// The sending half of a session, shared by all senders and by the task that runs [`Outgoing::run`].
pub(super) struct Outgoing {
    state: Mutex<State>,
    most: usize,
}

struct State {
    stage: Stage,
    outbox: Outbox,
    /// Wakes the task.
    waker: Waker,
}

enum Stage {
    Open(Box<dyn AsyncWrite + Send + Unpin>),
    /// No more frames will come: what waits is written, then this side ends.
    Ending(Box<dyn AsyncWrite + Send + Unpin>),
    /// The transport has failed; the task does not know yet.
    Failed(io::Error),
    Over,
}

impl Outgoing {
    /// Writes to `writer`. At most `most` bytes wait for it.
    pub fn new(writer: impl AsyncWrite + Send + Unpin + 'static, most: usize) -> Self {
        let (stage, waker) = (Stage::Open(Box::new(writer)), Waker::noop().clone());
        Self { state: Mutex::new(State { stage, outbox: Outbox::default(), waker }), most }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a frame: all of it, or as much as the transport takes now and the rest later.
    ///
    /// # Errors
    /// `ENOBUFS`: too much waits already. `BrokenPipe`: the session is over.
    pub fn push(&self, frame: Frame) -> io::Result<()> {
        let mut state = self.lock();
        if !matches!(state.stage, Stage::Open(_)) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let waiting = state.outbox.queued();
        if waiting > 0 && waiting + frame.len() > self.most {
            return Err(full());
        }
        frame.0.into_iter().for_each(|part| state.outbox.push(part));
        if waiting > 0 {
            return Ok(()); // the task waits for the transport
        }
        let waker = state.waker.clone();
        if let Poll::Ready(Err(error)) = state.poll_write(&mut Context::from_waker(&waker)) {
            state.stage = Stage::Failed(error);
            waker.wake();
        }
        Ok(())
    }

    /// Ends this side once all that waits is written.
    pub fn end(&self) {
        let mut state = self.lock();
        state.stage = match mem::replace(&mut state.stage, Stage::Over) {
            Stage::Open(writer) => Stage::Ending(writer),
            other => other,
        };
        state.waker.wake_by_ref();
    }

    /// Drops everything.
    pub fn close(&self) {
        let mut state = self.lock();
        state.stage = Stage::Over;
        state.outbox.clear();
    }

    /// Writes what waits, until the transport fails. Never returns otherwise.
    pub async fn run(&self) -> io::Error {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.waker.clone_from(cx.waker());
            if let Stage::Failed(error) = &mut state.stage {
                let error = mem::replace(error, io::ErrorKind::BrokenPipe.into());
                state.stage = Stage::Over;
                return Poll::Ready(error);
            }
            match state.poll_write(cx) {
                Poll::Ready(Err(error)) => {
                    state.stage = Stage::Over;
                    Poll::Ready(error)
                }
                Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

impl State {
    /// Writes what waits. Ready when nothing does.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (Stage::Open(writer) | Stage::Ending(writer)) = &mut self.stage else {
            return Poll::Ready(Ok(()));
        };
        let (taken, result) = self.outbox.flush(|pieces| {
            match Pin::new(&mut *writer).poll_write_vectored(cx, pieces) {
                Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(result) => result,
                Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            }
        });
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
            Ok(()) => {}
        }
        // A transport with a buffer is asked to send it. For one without, this costs nothing.
        if taken > 0 && Pin::new(&mut *writer).poll_flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        if let Stage::Ending(writer) = &mut self.stage
            && Pin::new(writer).poll_shutdown(cx).is_ready()
        {
            self.stage = Stage::Over;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::sync::Arc;
    use tokio::io::AsyncReadExt;
    use tokio::time::timeout;

    /// In three parts.
    fn frame(bytes: &[u8]) -> Frame {
        let bytes = Bytes::copy_from_slice(bytes);
        Frame([
            bytes.slice(..1),
            bytes.slice(1..bytes.len().div_ceil(2)),
            bytes.slice(bytes.len().div_ceil(2)..),
        ])
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn frames_arrive_in_order_whatever_the_transport_takes_at_once() {
        run(async {
            let (near, mut far) = tokio::io::duplex(7);
            let outgoing = Arc::new(Outgoing::new(near, usize::MAX));
            outgoing.push(frame(b"before there is a task, ")).unwrap();
            let task = tokio::spawn({
                let outgoing = outgoing.clone();
                async move { outgoing.run().await }
            });
            let mut sent = b"before there is a task, ".to_vec();
            for number in 0..100 {
                let text = format!("frame {number}, ");
                sent.extend_from_slice(text.as_bytes());
                outgoing.push(frame(text.as_bytes())).unwrap();
                if number % 7 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            outgoing.end();
            assert!(outgoing.push(frame(b"x")).is_err());
            let mut received = Vec::new();
            far.read_to_end(&mut received).await.unwrap();
            assert_eq!(received, sent);
            task.abort();
        });
    }

    #[test]
    fn what_waits_is_bounded() {
        run(async {
            let (near, _far) = tokio::io::duplex(10);
            let outgoing = Outgoing::new(near, 100);
            for _ in 0..5 {
                outgoing.push(frame(&[0; 20])).unwrap();
            }
            let error = outgoing.push(frame(&[0; 20])).unwrap_err();
            assert_eq!(error.raw_os_error(), full().raw_os_error());
        });
    }

    #[test]
    fn the_task_hears_of_a_failure_that_a_sender_met() {
        run(async {
            let (near, far) = tokio::io::duplex(10);
            let outgoing = Outgoing::new(near, 100);
            drop(far);
            assert!(timeout(std::time::Duration::from_millis(1), outgoing.run()).await.is_err());
            outgoing.push(frame(b"x")).unwrap();
            assert_eq!(outgoing.run().await.kind(), io::ErrorKind::BrokenPipe);
        });
    }
}
