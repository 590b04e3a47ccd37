//! ZeroMQ: the sockets ROUTER, REP, DEALER and REQ, over TCP and Unix sockets, with the mechanism NULL. The peer is any
//! program that uses ZeroMQ (libzmq 4, pyzmq, zeromq.js, NetMQ, …).
//!
//! [`Router`] and [`Rep`] bind, [`Dealer`] and [`Req`] connect. REP answers requests, and sends each answer to the peer
//! that asked; ROUTER can send to each of its peers at any time.
//!
//! # Answering
//!
//! ```no_run
//! use bytes::Bytes;
//! use ferripc::protocols::zmtp::{Endpoint, Options, Router, RouterEvent};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let (router, mut events) = Router::bind(&Endpoint::parse("tcp://127.0.0.1:0")?, Options::default())?;
//! println!("{}", router.local_endpoint()); // tcp://127.0.0.1:41234
//! while let Some(event) = events.recv().await {
//!     // Who asks from a REQ socket sends an empty frame first, and wants to have it back.
//!     if let RouterEvent::Message { identity, frames } = event {
//!         let answer = vec![Bytes::new(), Bytes::from(format!("{} frames", frames.len()))];
//!         let _ = router.send(&identity, answer); // or it has gone in the meantime
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Asking
//!
//! ```no_run
//! use std::time::Duration;
//! use bytes::Bytes;
//! use ferripc::protocols::zmtp::{Endpoint, Options, Req};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let req = Req::connect(&Endpoint::parse("ipc:///tmp/example.sock")?, Options::default());
//! let answer = req.request(vec![Bytes::from("ping")], Some(Duration::from_secs(1))).await?;
//! println!("{answer:?}");
//! req.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! All of them need a tokio runtime with I/O and time to be entered, and run their connections on it.
//!
//! # On the wire
//!
//! [`codec::zmtp`](crate::engine::codec::zmtp) describes the bytes. `docs/zmtp.md` says what is supported, and what a
//! stranger can do.

mod dealer;
mod delivery;
mod dial;
mod endpoint;
mod error;
mod link;
mod options;
mod outgoing;
mod peers;
mod rep;
mod req;
mod router;
mod session;
mod share;

pub use dealer::{Dealer, DealerEvent, DealerEvents};
pub use endpoint::Endpoint;
pub use error::{Error, RequestError, SendError};
pub use options::Options;
pub use rep::{Question, Questions, Rep};
pub use req::Req;
pub use router::{Refusals, Router, RouterEvent, RouterEvents};

/// Runs the code blocks of docs/zmtp.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/zmtp.md")]
struct Page;
