//! The worker of ipc2, under the names of the crate `ipc2_worker` 0.1.0:
//! [`ferripc::protocols::ipc2::worker`].

pub use ferripc::protocols::ipc2::worker::*;
