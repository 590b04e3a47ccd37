//! A listener that the consumer's event loop watches, so that no other thread comes between the system and the consumer.
//!
//! The door is shut while accepting has to wait: for room in the mailbox, for the consumer's rate, or after an error. The I/O
//! thread, which has timers, waits for that, and then has the hub open it again ([`Event::Due`]).

use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::sleep;

use super::Accepting;
use crate::engine::driver::uv::{Found, Loop, Poll, Watched};
use crate::engine::error::Error;
use crate::engine::event::{Event, Id};
use crate::engine::mailbox::Gone;
use crate::engine::panics::point;
use crate::engine::transport::{ACCEPT_PAUSE, Entrance};

/// See the module's page.
pub(super) struct Door {
    accepting: Arc<Accepting>,
    state: Mutex<State>,
    /// Tells the I/O thread that it is shut.
    shut: Notify,
}

struct State {
    /// `None` once closed.
    watched: Option<Watch>,
    /// The last try to accept has failed.
    failed: bool,
}

/// On the loop.
struct Watch {
    /// Comes first: the watch has to end before the descriptor is closed.
    poll: Poll,
    entrance: Entrance,
}

/// How a turn went.
enum Turn {
    /// All who waited were taken, or enough of them.
    Taken,
    /// Accepting has to wait.
    Waits,
    Failed,
}

impl Door {
    /// Opens it. `None`: the loop cannot watch it.
    pub fn open(
        entrance: Entrance,
        accepting: &Arc<Accepting>,
        uv_loop: &Loop,
    ) -> Option<Arc<Self>> {
        let door = Arc::new(Self {
            accepting: accepting.clone(),
            state: Mutex::new(State { watched: None, failed: false }),
            shut: Notify::new(),
        });
        let poll = uv_loop.watch(entrance.as_raw_fd(), door.clone()).ok()?;
        poll.set(true, false);
        door.lock().watched = Some(Watch { poll, entrance });
        Some(door)
    }

    /// Sees to it that the door does not stay shut. Never ends.
    pub async fn keep(&self) {
        let Accepting { id, ref reports, .. } = *self.accepting;
        loop {
            self.shut.notified().await;
            if std::mem::take(&mut self.lock().failed) {
                sleep(ACCEPT_PAUSE).await;
            }
            reports.mailbox.room().await;
            self.accepting.time().await;
            let _ = reports.mailbox.post_now(Event::Due { id });
        }
    }

    /// Opens it again. Must be called on the loop's thread.
    pub fn reopen(&self) {
        if let Some(Watch { poll, .. }) = &self.lock().watched {
            poll.set(true, false);
        }
    }

    /// Closes it for good. Must be called on the loop's thread.
    pub fn close(&self) {
        let watched = self.lock().watched.take();
        drop(watched); // not under the lock: it ends the watch, which has a count of this
    }

    fn accept(&self, entrance: &Entrance) -> Turn {
        let accepting = &*self.accepting;
        let mailbox = &accepting.reports.mailbox;
        let mut full = Turn::Waits;
        loop {
            if mailbox.is_full() {
                return full;
            }
            if accepting.wait().is_some() {
                return Turn::Waits;
            }
            let accepted = entrance.accept();
            point("accept");
            match accepted {
                Ok(Some(fresh)) => match self.accepting.take(fresh) {
                    Ok(()) => full = Turn::Taken, // which the consumer makes room for right after this
                    Err(Gone) => return Turn::Taken,
                },
                Ok(None) => return Turn::Taken,
                Err(error) => {
                    let _ = accepting.report_failed(Error::new("accept", error, None));
                    return Turn::Failed;
                }
            }
        }
    }

    fn shut(&self, state: &mut State, failed: bool) {
        if let Some(Watch { poll, .. }) = &state.watched {
            poll.set(false, false);
            state.failed = failed;
            self.shut.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched for Door {
    fn id(&self) -> Id {
        self.accepting.id
    }

    fn on_ready(self: Arc<Self>, _read: bool, _write: bool, stopped: bool) -> Found {
        // The consumer is called right after this, and needs no wake-up.
        self.accepting.reports.mailbox.set_awake();
        let mut state = self.lock();
        let Some(Watch { poll, entrance }) = &state.watched else { return Found::Nothing };
        if stopped {
            poll.stopped();
        }
        match self.accept(entrance) {
            Turn::Taken if stopped => self.shut(&mut state, true),
            Turn::Taken => {}
            Turn::Waits => self.shut(&mut state, false),
            Turn::Failed => self.shut(&mut state, true),
        }
        Found::All
    }

    fn poll_now(self: Arc<Self>) -> Option<Found> {
        None
    }

    fn sent(&self) -> u64 {
        0
    }

    fn destroy(&self) {
        self.close();
    }

    fn panicked(&self) {
        self.accepting.report_panic();
        self.shut(&mut self.lock(), true);
    }
}
