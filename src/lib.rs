//! ferripc: the engine behind the npm package of the same name.
//!
//! # Layout
//!
//! * [`engine`]: the mechanism, without Node: framing, sockets, buffering, limits, errors. A Rust
//!   library in its own right (`default-features = false`).
//! * [`protocols`]: systems for Rust programs, on the engine: node-ipc (feature `node-ipc`), ipc2 (feature `ipc2`), AppView
//!   (feature `appview`), PixivUtil2 (feature `pixivutil2`), and ZeroMQ (feature `zmtp`), which PixivUtil2 runs on.
//! * `binding` (feature `node`, on by default): converts between the engine and Node-API. It has no
//!   rules of its own.
//! * `src/js` (not Rust): the policy: configuration, argument overloads, retry rules, event names.
//!
//! Dependencies point one way: `src/js` -> `binding` -> `engine`.

pub mod engine;
pub mod protocols;

#[cfg(feature = "node-ipc")]
pub use protocols::node_ipc;

#[cfg(feature = "node-api")]
mod binding;
