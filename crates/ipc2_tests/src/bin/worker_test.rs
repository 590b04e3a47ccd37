//! The program of ipc2's README, word for word.

#![allow(unused_imports)] // so it is there
include!("../../readme/worker.rs");
