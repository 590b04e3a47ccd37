//! The processes of workers. JavaScript starts and ends them (`src/js/ipc2/processes.js`), since this binary
//! cannot start programs. Each has a number.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::table::Table;
use super::mailbox::{Event, Mailbox};
use crate::protocols::ipc2::host::process::{Process, ProcessEnd};
use crate::protocols::ipc2::host::server::Opening;

/// JavaScript may be busy, and notice the end of a process late.
const LINGER: Duration = Duration::from_secs(5);

/// See the module's page.
pub struct Processes {
    mailbox: Arc<Mailbox>,
    next: AtomicU32,
    starting: Table<oneshot::Sender<io::Result<Process>>>,
    running: Table<Running>,
}

struct Running {
    pid: u32,
    end: ProcessEnd,
}

impl Processes {
    /// `mailbox` tells JavaScript to start and to end processes.
    pub fn new(mailbox: Arc<Mailbox>) -> Self {
        let (next, starting, running) = Default::default();
        Self { mailbox, next, starting, running }
    }

    /// Requests a process for the set or worker `owner`.
    pub fn start(&self, owner: u32, target: &str) -> Opening<'static, Process> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (tx, started) = oneshot::channel();
        self.starting.insert(number, tx);
        self.mailbox.post(owner, Event::Start { number, target: target.to_owned() });
        Box::pin(async {
            started.await.unwrap_or_else(|_| Err(io::ErrorKind::NotConnected.into()))
        })
    }

    /// The process has started, with this process id.
    pub fn started(&self, number: u32, pid: u32) {
        let mailbox = self.mailbox.clone();
        let (process, end) = Process::new(pid, move || mailbox.post(number, Event::Kill));
        self.running.insert(number, Running { pid, end });
        if let Some(tx) = self.starting.remove(number) {
            let _ = tx.send(Ok(process.linger(LINGER))); // if the request was cancelled, the process is killed
        }
    }

    /// The process cannot be started, because of `errno`.
    pub fn not_started(&self, number: u32, errno: i32) {
        if let Some(tx) = self.starting.remove(number) {
            let _ = tx.send(Err(io::Error::from_raw_os_error(errno)));
        }
    }

    /// The process has ended, with an exit code or by a signal.
    pub fn ended(&self, number: u32, code: i32, signal: i32) {
        if let Some(process) = self.running.remove(number) {
            process.end.tell(Ok(ExitStatus::from_raw(code << 8 | signal)));
        }
    }

    /// Waits for the ends of those that run, since JavaScript does not: its thread may have been terminated. The system would
    /// keep them as zombies.
    pub fn reap(&self) {
        let pids: Vec<_> = self.running.take().values().map(|it| it.pid as libc::pid_t).collect();
        if pids.is_empty() {
            return;
        }
        let wait = move || {
            for pid in pids {
                // SAFETY: the null pointer says that the status is not wanted.
                unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
            }
        };
        let _ = thread::Builder::new().name("ferripc-wait".into()).spawn(wait);
    }
}
