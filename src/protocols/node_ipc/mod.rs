//! node-ipc for Rust programs: a [`Client`] and a [`Server`] that speak node-ipc's wire format. The peer is another Rust
//! program, ferripc in Node, `node-ipc` 9, 10, 12 or 14, or `@achrinza/node-ipc`.
//!
//! Enable the feature `node-ipc`, and disable the default features, which are for the addon of
//! Node:
//!
//! ```toml
//! [dependencies]
//! ferripc = { version = "0.1", default-features = false, features = ["node-ipc"] }
//! ```
//!
//! # In short
//!
//! ```
//! use std::time::Duration;
//! use ferripc::node_ipc::{Client, ClientEvent, Connection, HandlerError, Server};
//!
//! async fn double(number: i64, _from: Connection) -> Result<i64, HandlerError> {
//!     number.checked_mul(2).ok_or_else(|| HandlerError::new("too large").with_code("ERANGE"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("ferripc-doc-mod-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! # let root = format!("{}/", directory.display());
//! // In Node: ipc.config.id = 'world'; ipc.serve(); ipc.server.start();
//! let (server, _events) = Server::builder().socket_root(&root).bind("world").await?;
//! server.handle("double", double);
//!
//! // In Node: ipc.connectTo('world');
//! let (client, mut events) = Client::builder("world").socket_root(&root).connect()?;
//! let answer: i64 = client.request("double", &21, Duration::from_secs(5)).await?;
//! assert_eq!(answer, 42);
//!
//! server.broadcast("news", &["one", "two"])?;
//! while let Some(event) = events.next().await {
//!     if let ClientEvent::Message(message) = event {
//!         assert_eq!((message.kind(), message.data::<Vec<&str>>()?), ("news", vec!["one", "two"]));
//!         break;
//!     }
//! }
//! client.close().await;
//! server.close().await;
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok(())
//! # }
//! ```
//! Both need a tokio runtime of either flavour, with I/O and time enabled, and run on it. All handles
//! are `Send`, `Sync` and cheap to clone.

#![forbid(unsafe_code)]

mod address;
mod burst;
mod client;
mod common;
mod connecting;
mod connection;
mod error;
mod events;
mod forms;
mod json;
mod link;
mod message;
mod requests;
mod server;
mod serving;
mod settings;
mod tls;
mod turns;

pub use address::{Address, Unlink};
pub use client::{Client, ClientBuilder, ClientEvent};
pub use connection::Connection;
pub use error::{Error, HandlerError, RemoteError};
pub use events::Events;
pub use message::Message;
pub use server::{Broadcast, Server, ServerBuilder, ServerEvent};
pub use tls::{ClientTls, ServerTls};

#[cfg(unix)]
pub use crate::engine::transport::peer::Credentials;

/// Ends each message, unless both ends agree on another delimiter.
const DELIMITER: &str = "\u{c}";

/// Runs the code blocks of docs/rust.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/rust.md")]
struct Page;
