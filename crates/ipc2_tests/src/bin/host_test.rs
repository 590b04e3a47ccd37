//! The program of ipc2's README, word for word.

include!("../../readme/host.rs");
