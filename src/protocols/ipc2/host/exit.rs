//! How a worker ended.

use std::fmt;
use std::process::ExitStatus;

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerExit {
    /// Its process id.
    pub pid: u32,
    /// Its exit status, if the system reports one. A worker that the host ended was killed.
    pub status: Option<ExitStatus>,
    /// Why the host ended it (it sent something that is not a message, say). `None` if the host was
    /// asked to, or the worker ended by itself.
    pub cause: Option<String>,
}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} ended", self.pid)?;
        if let Some(status) = self.status {
            write!(f, " with {status}")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}
