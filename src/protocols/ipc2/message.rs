//! What the two sides say to each other: the payload of every frame.

use serde::{Deserialize, Serialize};

/// From the host to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerSocketMessage<T> {
    /// Something to be done, without an answer.
    Unidirectional {
        /// What.
        data: T,
    },
    /// Something to be answered.
    Bidirectional {
        /// What.
        data: T,
        /// What the answer is to be marked with.
        job_id: u32,
    },
}

/// From a worker to the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientSocketMessage<T> {
    /// An answer.
    Response {
        /// What.
        data: T,
        /// What it answers.
        job_id: u32,
    },
}
