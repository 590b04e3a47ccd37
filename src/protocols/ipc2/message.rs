//! What the two sides send each other: the payload of every frame.

use serde::{Deserialize, Serialize};

/// From the host to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerSocketMessage<T> {
    /// A job without an answer.
    Unidirectional {
        /// The job's data.
        data: T,
    },
    /// A job with an answer.
    Bidirectional {
        /// The job's data.
        data: T,
        /// The number that the answer has to carry.
        job_id: u32,
    },
}

/// From a worker to the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientSocketMessage<T> {
    /// An answer.
    Response {
        /// The answer's data.
        data: T,
        /// The number of the job.
        job_id: u32,
    },
}
