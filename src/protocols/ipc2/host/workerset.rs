//! Sets of workers: all that a program needs to describe one, and to give it jobs. The names are ipc2's.

pub use super::builder::WorkerSetBuilder;
pub use super::error::{JobError, WorkerSetJobError};
pub use super::set::{Held, TimeoutAction, WorkerSet};
