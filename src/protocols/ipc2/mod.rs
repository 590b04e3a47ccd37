//! ipc2: a host process with a set of worker processes that it gives jobs to.
//!
//! The host spawns its workers and sends each of them one job at a time. A worker answers a job unless
//! it is unidirectional. A message can be of any type that `serde` supports.
//!
//! # A host
//!
//! ```no_run
//! # #[cfg(unix)] mod example {
//! use ferripc::protocols::ipc2::host::workerset::{TimeoutAction, WorkerSet};
//! use serde::Serialize;
//! use std::time::Duration;
//! use tokio::net::UnixListener;
//!
//! #[derive(Serialize)]
//! enum Request {
//!     Add(u32, u32),
//!     Log(String),
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // How it is transported, what comes back, what is sent.
//! let workers: WorkerSet<UnixListener, u32, Request> = WorkerSet::builder()
//!     .worker_count(4)
//!     .worker_path("./target/release/worker")
//!     .finish()
//!     .await?;
//! assert_eq!(workers.send(Request::Add(6, 7)).await?, 13);
//! let limit = Duration::from_secs(1);
//! workers.send_timeout(Request::Add(6, 7), limit, TimeoutAction::Restart).await?;
//! workers.send_unidirectional(Request::Log("done".into())).await?;
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! # A worker
//!
//! ```no_run
//! # #[cfg(unix)] mod example {
//! use ferripc::protocols::ipc2::worker::{self, Job};
//! use serde::Deserialize;
//! use tokio::net::UnixStream;
//!
//! #[derive(Deserialize)]
//! enum Request {
//!     Add(u32, u32),
//!     Log(String),
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut jobs = worker::connect::<UnixStream, Request, u32>().await?;
//! while let Some(job) = jobs.recv().await {
//!     match job {
//!         Job::Bidirectional { data: Request::Add(a, b), tx } => drop(tx.send(a + b)),
//!         Job::Bidirectional { .. } => {} // dropping `tx` is no answer
//!         Job::Unidirectional { data } => {
//!             if let Request::Log(text) = data {
//!                 eprintln!("{text}");
//!             }
//!         }
//!     }
//! }
//! // The host is gone.
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! # On the wire
//!
//! A host listens on a Unix socket for each worker, spawns it with the socket's path in the variable
//! [`SOCKET_ENV_VAR`] of its environment, and takes one connection. Both sides send frames: a length of four
//! bytes, big-endian ([`length`](crate::engine::codec::length)), then a
//! [`ServerSocketMessage`](message::ServerSocketMessage) from the host, or a
//! [`ClientSocketMessage`](message::ClientSocketMessage) from the worker, as [`payload`] has it. These are the
//! bytes of the crates `ipc2_host` and `ipc2_worker` 0.1.0, and either end can be theirs.
//!
//! `docs/ipc2.md` compares the two: what is the same, what is different, what is better.

mod format;
pub mod host;
mod incoming;
pub mod message;
#[cfg(unix)]
pub mod on_loop;
mod outgoing;
pub mod payload;
pub mod socket;
pub mod tasks;
pub mod worker;

pub use format::Raw;

/// The environment variable that tells a worker the path of its socket.
pub const SOCKET_ENV_VAR: &str = "IPC2_SOCKET_PATH";

/// The environment variable that tells a worker the process id of its host. A host sets it if it wants its workers
/// to end with it but cannot arrange that before they run. A worker then arranges it itself, on Linux.
pub const HOST_PID_ENV_VAR: &str = "IPC2_HOST_PID";

/// Default limit of a message, in bytes: a longer one is neither sent nor accepted. 512 MiB.
pub const MAX_MESSAGE_BYTES: usize = 512 << 20;

/// Default limit of the bytes that wait for a worker that does not read: 1 GiB.
pub const MAX_QUEUED_BYTES: usize = 1 << 30;

/// Compiles the code blocks of docs/ipc2.md.
#[cfg(all(doctest, unix, feature = "ipc2"))]
#[doc = include_str!("../../../docs/ipc2.md")]
struct Page;
