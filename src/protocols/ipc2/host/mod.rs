//! The host's side: workers, and sets of them.
//!
//! * [`workerset`]: a set of workers that jobs are given to.
//! * [`manager`]: one worker.
//! * [`server`]: how they are reached.
//! * [`Launcher`]: how they are started.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::manager::WorkerHandle;
use self::server::Server;

mod builder;
#[cfg(unix)]
mod child;
mod exit;
mod launcher;
pub mod manager;
mod pool;
mod process;
pub mod server;
mod session;
pub mod workerset;

pub use exit::WorkerExit;
pub use launcher::Launcher;

/// Spawns the program at `path` as a worker, and waits until it has connected. It is killed when the handle
/// is dropped, and ends with this process.
///
/// # Errors
/// The program cannot be spawned; it ends, or [`Launcher`]'s usual time passes, before it connects.
pub async fn spawn<S, P, R, W>(path: P) -> io::Result<WorkerHandle<R, W>>
where
    S: Server,
    P: AsRef<Path>,
    R: DeserializeOwned + Send + 'static,
    W: Serialize + Send + 'static,
{
    Launcher::new(path.as_ref()).spawn::<S, R, W>().await
}
