//! What the host and the worker of ipc2 share, under the names of the crate `ipc2_common` 0.1.0:
//! [`ferripc::protocols::ipc2`].

pub use ferripc::protocols::ipc2::{SOCKET_ENV_VAR, message, socket};
