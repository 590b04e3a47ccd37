//! Decides when the task of a client or server polls for the next event before it sleeps: if both ends take turns, since
//! waking up costs more than reading and answering a message. The rules are those of [`BusyPoll`]. Between two polls, other
//! tasks of the runtime and other processes get their turn. Used by `common` and the tasks.

use std::thread;
use std::time::{Duration, Instant};

use tokio::task::yield_now;

use crate::engine::driver::Connection;
use crate::engine::driver::busy_poll::BusyPoll;
use crate::engine::event::Id;

/// What is known about a task's connections.
#[derive(Default)]
pub(super) struct Turns {
    policy: BusyPoll,
    /// The connection that sent messages last, and how many bytes had been sent on it then.
    last: Option<(Id, u64)>,
    /// How long to poll for the next event.
    limit: Option<Duration>,
}

impl Turns {
    /// Messages of `connection` have arrived. What it has sent since the last ones was the answer to
    /// them.
    pub fn came(&mut self, connection: &Connection) {
        let (id, (_, sent)) = (connection.id(), connection.counters());
        let answered = self.last.is_some_and(|(last, before)| last == id && sent > before);
        self.last = Some((id, sent));
        let limit = self.policy.turn(id, answered);
        self.limit = limit.filter(|_| !self.policy.rests(Instant::now()));
    }

    /// Polls `find`, if it is likely to find something soon. If the future is dropped in between, it has done
    /// nothing.
    pub async fn look<T>(&mut self, mut find: impl FnMut() -> Option<T>) -> Option<T> {
        let limit = self.limit.take()?;
        let mut since = None;
        loop {
            yield_now().await; // the program answers, and the runtime looks at its sockets
            let found = find();
            let now = Instant::now();
            let since = *since.get_or_insert(now);
            let waited = now - since;
            if found.is_some() || waited > limit {
                // What arrives while others have the processor would have woken the task as well.
                self.policy.polled(found.is_some() && waited <= limit, since, now);
                return found;
            }
            thread::yield_now();
        }
    }
}
