//! What the tests share.
#![allow(dead_code)] // each uses a part

use std::time::Duration;

use ipc2_host::manager::WorkerMessageError;
use ipc2_host::workerset::{WorkerSet, WorkerSetBuilder, WorkerSetJobError};
use test_common::task::Task;
use tokio::net::UnixListener;

pub const WORKER: &str = env!("CARGO_BIN_EXE_ipc2_test_worker");

/// A set of workers that do tasks.
pub type Tasks = WorkerSet<UnixListener, u32, Task>;

/// Begins to configure a set of workers with these arguments.
pub fn workers<R, W>(
    count: u32,
    arguments: &'static [&'static str],
) -> WorkerSetBuilder<UnixListener, R, W>
where
    R: serde::de::DeserializeOwned + Send + 'static,
    W: serde::Serialize + Send + 'static,
{
    let builder = WorkerSet::builder().worker_count(count).worker_path(WORKER);
    builder.configure(move |command| {
        command.args(arguments);
    })
}

/// A set of workers that do tasks.
pub async fn tasks(count: u32) -> Tasks {
    workers(count, &[]).finish().await.unwrap()
}

/// Only a test that fails takes this long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the condition is true.
pub async fn eventually(mut so: impl FnMut() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it is never so");
}

/// Whether a process runs.
pub fn is_alive(pid: u32) -> bool {
    // A zombie has ended.
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")),
        // SAFETY: sends nothing.
        Err(_) => unsafe { libc::kill(pid as libc::pid_t, 0) == 0 },
    }
}

pub fn kill_9(pid: u32) {
    // SAFETY: a running child of this process, so its number belongs to it.
    assert_eq!(unsafe { libc::kill(pid as libc::pid_t, libc::SIGKILL) }, 0);
}

/// For a wait that has to run out.
pub const SHORT: Duration = Duration::from_millis(50);

/// For a wait that must not run out.
pub const LONG: Duration = PATIENCE;

pub fn is_offline<T>(result: Result<T, WorkerSetJobError>) -> bool {
    let Err(error) = result else { return false };
    assert_eq!(error.to_string(), "This worker is offline.");
    matches!(error, WorkerSetJobError::WorkerMessageError(WorkerMessageError::Offline))
}

pub fn is_timeout<T>(result: Result<T, WorkerSetJobError>) -> bool {
    let Err(error) = result else { return false };
    assert_eq!(error.to_string(), "Failed to receive response in time");
    matches!(error, WorkerSetJobError::Timeout)
}

pub fn has_no_worker<T>(result: Result<T, WorkerSetJobError>) -> bool {
    let Err(error) = result else { return false };
    assert_eq!(error.to_string(), "No available workers in this set!");
    matches!(error, WorkerSetJobError::NoWorker)
}
