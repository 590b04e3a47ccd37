//! What the tests of the tokio driver begin with.

use std::sync::Arc;

use super::{Connection, Driver};
use crate::engine::codec::Codec;
use crate::engine::framing::{Framing, Mode};
use crate::engine::mailbox::Mailbox;
use crate::engine::runtime::Runtime;
use crate::engine::transport::Stream;

/// A connection of lines over `stream`, approved and not started.
pub fn approved(stream: Stream, mailbox: &Arc<Mailbox>) -> Arc<Connection> {
    let framing = Framing {
        codec: Codec::Delimited(b"\n".as_slice().into()),
        max_frame: 1 << 20,
        mode: Mode::Frames,
        strict: false,
        unfinished: None,
        greeting: None,
    };
    let connection = Connection::new(1, framing, mailbox.clone(), Runtime::current().unwrap());
    connection.take(stream);
    connection.approve(Driver::Tasks);
    connection
}
