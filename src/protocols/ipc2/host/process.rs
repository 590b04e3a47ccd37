//! The process of a worker, started by this crate (`child`) or by the program itself. Used by the
//! launcher and the session.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::sync::watch;

/// How a process ended, or the error number that says why this is not known. `None`: it runs.
type End = Option<Result<ExitStatus, i32>>;

/// How long a connection may outlive its worker's process, and the other way round. Usually both end at once,
/// but what was sent before has to be read, and the exit status has to be the worker's own.
pub const LINGER: Duration = Duration::from_millis(250);

/// A process that has been started. Dropping this kills it.
pub struct Process {
    pid: u32,
    end: watch::Receiver<End>,
    kill: Box<dyn Fn() + Send + Sync>,
    linger: Duration,
}

/// Reports the end of a process. For the code that has started it.
#[derive(Debug)]
pub struct ProcessEnd(watch::Sender<End>);

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Process {
    /// A process with this id. `kill` is called to end it: possibly more than once, and possibly after it has
    /// ended.
    pub fn new(pid: u32, kill: impl Fn() + Send + Sync + 'static) -> (Self, ProcessEnd) {
        let (tx, end) = watch::channel(None);
        (Self { pid, end, kill: Box::new(kill), linger: LINGER }, ProcessEnd(tx))
    }

    /// How long a process may take to end after its connection has ended, before it is killed. Default:
    /// 250 ms.
    #[must_use]
    pub fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }

    pub(super) fn id(&self) -> u32 {
        self.pid
    }

    pub(super) fn lingers(&self) -> Duration {
        self.linger
    }

    /// Waits until it has ended.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let end = self.end.wait_for(Option::is_some).await.ok().and_then(|end| *end);
        let end = end.ok_or_else(|| io::Error::other("it is not known how the process ended"))?;
        end.map_err(io::Error::from_raw_os_error)
    }

    /// Kills it, if it has not ended.
    pub(super) fn kill(&self) {
        if self.end.borrow().is_none() {
            (self.kill)();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl ProcessEnd {
    /// The process has ended. An error says why it is not known how.
    pub fn tell(self, status: io::Result<ExitStatus>) {
        let status = status.map_err(|error| error.raw_os_error().unwrap_or_default());
        self.0.send_replace(Some(status));
    }
}
