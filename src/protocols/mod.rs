//! Protocols for Rust programs: one folder each, with its sessions and rules. None of them depends on
//! another; what they share is the [engine](crate::engine).

// Programs read these documents: a sentence about errors needs its heading, without which it says something else.
#![warn(clippy::missing_errors_doc)]

#[cfg(all(feature = "appview", target_os = "linux"))]
pub mod appview;
#[cfg(feature = "ipc2-sessions")]
pub mod ipc2;
#[cfg(feature = "node-ipc")]
pub mod node_ipc;
#[cfg(feature = "pixivutil2")]
pub mod pixivutil2;
#[cfg(feature = "zmtp")]
pub mod zmtp;
