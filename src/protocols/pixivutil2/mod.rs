//! PixivUtil2: a program that loads images (the agent) and one that starts it and shows what it does (the controller),
//! over two ZeroMQ sockets.

pub mod message;
pub mod option;
pub mod rules;

/// Where a controller usually listens for notifications.
pub const COMM: &str = "tcp://127.0.0.1:6974";

/// Where a controller usually listens for jobs.
pub const TASK: &str = "tcp://127.0.0.1:7469";
