//! A slow clock for the consumer of a hub: it beats about once a millisecond while somebody wants it to, and
//! the consumer reads it in shared memory, for nothing. (A reading of the system's clock from JavaScript costs
//! a tenth of a message and more.)
//!
//! With the beat the I/O thread sends what connections hold back ([`Connection::hold`]), in case the
//! consumer's thread does something else for long. Used by [`super::hub`].

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::driver::Connection;
use super::mailbox::Mailbox;
use super::runtime::Runtime;

const BEAT: Duration = Duration::from_millis(1);

/// Beats that nobody wanted after which it stops. Starting costs a wake-up of the I/O thread.
const IDLE_BEATS: u32 = 8;

/// What the consumer shares. Mirrored in `src/js/engine/pulse.js`.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Cells {
    /// Counts the beats.
    beat: AtomicU32,
    /// Set by the consumer for as long as it wants to know of the next beat; reset by each beat.
    wanted: AtomicU32,
    /// Whether it beats.
    beating: AtomicU32,
}

/// See the module's page.
#[derive(Debug, Default)]
pub struct Pulse {
    cells: Arc<Cells>,
    /// Who holds something back, since the last beat.
    holding: Mutex<Vec<Arc<Connection>>>,
}

impl Pulse {
    /// What the consumer is to read and write.
    pub fn cells(&self) -> &Arc<Cells> {
        &self.cells
    }

    /// `connection` holds something back from now on.
    pub fn add(&self, connection: Arc<Connection>) {
        self.holding.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    fn take_holding(&self) -> Vec<Arc<Connection>> {
        std::mem::take(&mut self.holding.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Beats from now on. To be called when the consumer wants it and it does not. It ends by itself, and with
    /// `mailbox`.
    pub fn start(self: &Arc<Self>, runtime: &Runtime, mailbox: Arc<Mailbox>) {
        if self.cells.beating.swap(1, SeqCst) == 1 {
            return;
        }
        let pulse = self.clone();
        runtime.spawn(async move {
            tokio::select! {
                () = pulse.run() => {}
                () = mailbox.closed() => {}
            }
        });
    }

    async fn run(&self) {
        let mut idle = 0;
        loop {
            sleep(BEAT).await;
            self.cells.beat.fetch_add(1, SeqCst);
            for connection in self.take_holding() {
                connection.offer_held();
            }
            idle = if self.cells.wanted.swap(0, SeqCst) == 1 { 0 } else { idle + 1 };
            if idle < IDLE_BEATS {
                continue;
            }
            self.cells.beating.store(0, SeqCst);
            // Somebody may have wanted it just before: who sees it beating does not start it.
            let wanted = self.cells.wanted.load(SeqCst) == 1;
            if !wanted || self.cells.beating.swap(1, SeqCst) == 1 {
                return;
            }
        }
    }
}
