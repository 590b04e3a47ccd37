//! The host's side: workers, and sets of them.
//!
//! * [`workerset`]: a set of workers that share the jobs.
//! * [`manager`]: one worker.
//! * [`server`]: how a worker connects.
//! * [`Launcher`]: how a worker is started.
//! * [`process`]: the process of a worker, for programs that start it themselves.

mod builder;
#[cfg(feature = "ipc2")]
mod child;
mod error;
mod exit;
mod launcher;
mod lease;
pub mod manager;
mod pool;
#[cfg(unix)]
mod private;
pub mod process;
mod rules;
pub mod server;
mod session;
mod set;
pub mod workerset;

pub use exit::WorkerExit;
pub use launcher::Launcher;
#[cfg(feature = "ipc2")]
pub use launcher::spawn;
