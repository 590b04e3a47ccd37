//! What the test programs share. It begins with the third crate of ipc2's README, word for word.

include!("../readme/common.rs");

/// The worker of the README imports this and does not use it.
pub type WorkerMessage = u32;

pub mod peer;
pub mod task;
pub mod tcp;
