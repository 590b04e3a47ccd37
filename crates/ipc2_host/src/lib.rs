//! The host of ipc2, under the names of the crate `ipc2_host` 0.1.0: [`ferripc::protocols::ipc2::host`].

pub use ferripc::protocols::ipc2::host::*;
