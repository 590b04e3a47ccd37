//! A stream socket that the consumer's own event loop watches, as a pair of [`AsyncRead`] and [`AsyncWrite`], for
//! tasks that the loop runs ([`super::loop_tasks`]). Used by the binding of ipc2.
//!
//! The loop whose task first reads or writes is the one that watches, as with tokio's sockets.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll as Polled, Waker};

use socket2::{SockRef, Socket};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::loop_tasks::{self, Tasks};
use super::uv::{Found, Loop, Poll, TURN_BYTES, Watched};
use crate::engine::event::Id;
use crate::engine::transport;

/// The receiving half. Dropping it ends the watch.
#[derive(Debug)]
pub struct LoopReader(Arc<LoopSocket>);

/// The sending half.
#[derive(Debug)]
pub struct LoopWriter(Arc<LoopSocket>);

struct LoopSocket {
    id: Id,
    socket: Socket,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watch: Option<Watch>,
    /// Nothing more is read or written.
    over: bool,
    /// Wakes the tasks that wait for data or for room to write.
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// The system has said that there is nothing to read now.
    empty: bool,
    /// Bytes read since the loop's last call. Limits a peer that never stops sending.
    taken: usize,
    /// Bytes read so far, in all.
    received: u64,
    sent: u64,
}

/// On the loop's thread.
struct Watch {
    poll: Poll,
    uv_loop: Loop,
    tasks: Tasks,
}

// SAFETY: only the loop's thread puts it into a socket's state, uses it and takes it out: it runs the tasks that read
// and write, also the last time, when it drops them. The handle's data keeps the socket until then.
unsafe impl Send for Watch {}

/// Both halves of `socket`, which is non-blocking and not watched yet.
pub fn split(socket: Socket) -> (LoopReader, LoopWriter) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let socket = Arc::new(LoopSocket { id, socket, state: Mutex::default() });
    (LoopReader(socket.clone()), LoopWriter(socket))
}

impl fmt::Debug for LoopSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopSocket").field("id", &self.id).finish_non_exhaustive()
    }
}

impl State {
    /// Tells the loop what to wait for.
    fn update(&self) {
        if let Some(watch) = &self.watch {
            watch.poll.set(self.reader.is_some(), self.writer.is_some());
        }
    }
}

impl LoopSocket {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of one that is watched.
    fn watched(self: &Arc<Self>) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if state.over {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if state.watch.is_none() {
            let (uv_loop, tasks) =
                loop_tasks::current().ok_or_else(|| io::Error::other("no event loop"))?;
            let poll = uv_loop.watch(self.socket.as_raw_fd(), self.clone())?;
            state.watch = Some(Watch { poll, uv_loop, tasks });
        }
        Ok(state)
    }

    fn end(&self) {
        let mut state = self.lock();
        state.over = true;
        let ended = (state.watch.take(), state.reader.take(), state.writer.take());
        drop(state);
        drop(ended);
    }

    fn poll_write(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Polled<io::Result<usize>> {
        let mut state = self.watched()?;
        loop {
            match transport::send(&SockRef::from(&self.socket), pieces) {
                Ok(len) => {
                    state.sent += len as u64;
                    return Polled::Ready(Ok(len));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.writer = Some(cx.waker().clone());
                    state.update();
                    return Polled::Pending;
                }
                Err(error) => return Polled::Ready(Err(error)),
            }
        }
    }
}

impl AsyncRead for LoopReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Polled<io::Result<()>> {
        let mut state = self.0.watched()?;
        while !state.empty && state.taken < TURN_BYTES {
            // SAFETY: no initialised byte becomes uninitialised.
            let room = unsafe { buffer.unfilled_mut() };
            match self.0.socket.recv(room) {
                Ok(len) => {
                    // A read that did not fill the room was all there is; 0 is the end.
                    state.empty = len < room.len() && len > 0;
                    state.taken += len;
                    state.received += len as u64;
                    // SAFETY: the system has initialised this many bytes.
                    unsafe { buffer.assume_init(len) };
                    buffer.advance(len);
                    return Polled::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => state.empty = true,
                Err(error) => return Polled::Ready(Err(error)),
            }
        }
        state.reader = Some(cx.waker().clone());
        state.update();
        Polled::Pending
    }
}

impl Drop for LoopReader {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl AsyncWrite for LoopWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Polled<io::Result<usize>> {
        self.0.poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Polled<io::Result<usize>> {
        self.0.poll_write(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled<io::Result<()>> {
        Polled::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled<io::Result<()>> {
        Polled::Ready(self.0.socket.shutdown(Shutdown::Write))
    }
}

impl Watched for LoopSocket {
    fn id(&self) -> Id {
        self.id
    }

    fn on_ready(self: Arc<Self>, read: bool, write: bool, stopped: bool) -> Found {
        let mut state = self.lock();
        state.taken = 0;
        let Some(watch) = &state.watch else { return Found::All };
        watch.tasks.set_awake(true); // the consumer is called right after this, and runs the tasks
        if stopped {
            watch.poll.stopped();
        }
        let (read, write) = (read || stopped, write || stopped);
        state.empty &= !read;
        let reader = if read { state.reader.take() } else { None };
        let writer = if write { state.writer.take() } else { None };
        // A task that reads does so again at once. Without a waiting task, nothing is watched.
        if let Some(watch) = &state.watch {
            let reads = state.reader.is_some() || reader.is_some();
            watch.poll.set(reads, state.writer.is_some());
        }
        drop(state);
        reader.into_iter().chain(writer).for_each(Waker::wake);
        Found::All
    }

    fn poll_now(self: Arc<Self>) -> Option<Found> {
        let mut state = self.lock();
        if state.writer.is_some() {
            return None;
        }
        let Watch { uv_loop, tasks, .. } = state.watch.as_ref()?;
        let (uv_loop, tasks) = (uv_loop.clone(), tasks.clone());
        let reader = state.reader.take()?;
        (state.taken, state.empty) = (0, false);
        let before = state.received;
        drop(state);
        tasks.set_awake(true);
        reader.wake();
        tasks.run(&uv_loop);
        let found = self.lock().received > before;
        Some(if found { Found::All } else { Found::Nothing })
    }

    fn sent(&self) -> u64 {
        self.lock().sent
    }

    fn destroy(&self) {
        self.end();
    }

    /// Fails the tasks that wait.
    fn panicked(&self) {
        let mut state = self.lock();
        state.over = true;
        let (watch, waiting) = (state.watch.take(), [state.reader.take(), state.writer.take()]);
        drop(state);
        drop(watch);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}
