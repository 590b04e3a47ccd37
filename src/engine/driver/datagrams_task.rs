//! The task of a datagram socket on the I/O thread, as `tasks.rs` is for connections. It receives all the time, and sends
//! what the system did not take at once. Part of [`super::datagrams`].

use std::future::pending;
use std::sync::Arc;

use tokio::task::yield_now;
use tokio::time::{sleep, sleep_until};

use super::datagrams::{Datagrams, End, Io, RECEIVE_PAUSE, too_late};
use super::is_transient;
use crate::engine::error::Error;
use crate::engine::mailbox::Gone;
use crate::engine::transport::udp::{UdpSocket, is_echo};

impl Datagrams {
    pub(super) async fn run_task(&self, socket: Arc<UdpSocket>) {
        let _ = tokio::join!(self.receive(&socket), self.flush(&socket));
        let mut state = self.lock();
        let wanted = state.end != End::Gone;
        state.end = End::Gone;
        state.io = Io::None;
        drop(socket); // the address is free before the end is reported
        if wanted {
            self.report_closed();
        }
    }

    async fn receive(&self, socket: &UdpSocket) -> Result<(), Gone> {
        let mut inlet = self.new_inlet();
        loop {
            let mode = {
                let state = self.lock();
                if state.end != End::Open {
                    return Ok(());
                }
                state.mode
            };
            // First room, then datagrams: what cannot be reported waits in the system's buffer, which
            // drops what it cannot hold.
            let ready = async {
                self.mailbox.room().await;
                socket.readable().await
            };
            tokio::select! {
                biased;
                () = self.receiver.notified() => continue,
                _ = ready => {}
            }
            match socket.try_receive(&mut inlet.slots) {
                Ok(()) => {
                    inlet.report(mode, &self.mailbox)?;
                    if inlet.slots.are_full() {
                        yield_now().await; // there may always be more, and the thread has other tasks
                    }
                }
                Err(error) if is_transient(&error) || is_echo(&error) => {}
                Err(error) => {
                    self.report(Error::new("recv", error, None));
                    tokio::select! {
                        () = self.receiver.notified() => {}
                        () = sleep(RECEIVE_PAUSE) => {}
                    }
                }
            }
        }
    }

    async fn flush(&self, socket: &UdpSocket) {
        loop {
            let (end, empty) = {
                let state = self.lock();
                (state.end, state.spool.is_empty())
            };
            let expiry = async {
                match end {
                    End::Closing(deadline) => sleep_until(deadline).await,
                    _ => pending().await,
                }
            };
            match end {
                End::Gone => return,
                End::Closing(_) if empty => return,
                _ if empty => {
                    self.flusher.notified().await;
                    continue;
                }
                _ => {}
            }
            tokio::select! {
                biased;
                () = self.flusher.notified() => continue,
                () = expiry => return self.report(too_late()),
                _ = socket.writable() => {}
            }
            let mut state = self.lock();
            self.flush_spool(&mut state.spool, |some| socket.try_send(some));
        }
    }
}
