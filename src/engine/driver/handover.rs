//! How a closing connection gets to the tokio driver, which has timers, from wherever it is. Part of
//! [`super::ending`].
//!
//! The I/O thread's reactor may refuse a socket: there is no memory, or the system lets nobody watch more of them. But what
//! was written still has to be sent, and the peer's bytes read to their end. So this tries again, for as long as
//! closing may take.

#[cfg(unix)]
use std::io;
use std::sync::Arc;
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use socket2::Socket;
#[cfg(unix)]
use tokio::time::{Instant, sleep};

use super::Connection;
#[cfg(unix)]
use super::state::End;
use super::state::{Io, State};
#[cfg(unix)]
use crate::engine::error::Error;
use crate::engine::transport::{Fresh, Stream};

/// Between two tries.
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(20);

impl Connection {
    /// Moves a connection from which nothing is read any more.
    pub(super) fn hand_to_tasks(self: &Arc<Self>, state: &mut State) {
        match std::mem::replace(&mut state.io, Io::None) {
            Io::Fresh(fresh) => {
                state.reading = true;
                match fresh {
                    #[cfg(unix)]
                    Fresh::Socket(socket) => self.hand_over(state, socket),
                    Fresh::Stream(stream) => self.go_on_with_tasks(state, stream),
                }
            }
            #[cfg(unix)]
            Io::Loop(on_loop) => self.hand_over(state, on_loop.into_socket()),
            other => state.io = other,
        }
    }

    fn go_on_with_tasks(self: &Arc<Self>, state: &mut State, stream: Stream) {
        self.start_tasks(state, stream);
        if state.outbox.queued() > 0 {
            self.start_flush(state);
        }
    }
}

#[cfg(unix)]
impl Connection {
    /// Gives `socket` to the reactor, now or as soon as the reactor takes it.
    fn hand_over(self: &Arc<Self>, state: &mut State, socket: Socket) {
        let copy = socket.try_clone(); // the reactor closes a socket that it refuses
        let attached = {
            let _entered = self.runtime.enter();
            Fresh::from(socket).quiet()
        };
        match (attached, copy) {
            (Ok(stream), _) => self.go_on_with_tasks(state, stream),
            (Err(_), Ok(socket)) => {
                let connection = self.clone();
                self.runtime.spawn(async move { connection.hand_over_later(socket).await });
            }
            (Err(error), Err(_)) => self.not_handed_over(state, error),
        }
    }

    async fn hand_over_later(self: Arc<Self>, socket: Socket) {
        loop {
            sleep(PAUSE).await;
            let mut state = self.lock();
            let (End::Closing(grace) | End::Lingering(grace)) = state.end else { return };
            match socket.try_clone().and_then(|socket| Fresh::from(socket).quiet()) {
                Ok(stream) => return self.go_on_with_tasks(&mut state, stream),
                Err(error) if grace.over().is_some_and(|over| over <= Instant::now()) => {
                    return self.not_handed_over(&mut state, error);
                }
                Err(_) => {}
            }
        }
    }

    fn not_handed_over(&self, state: &mut State, error: io::Error) {
        self.report_closed(state, vec![Error::new("write", error, None)]);
    }
}
