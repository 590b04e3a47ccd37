//! Tests of the report that everything is sent, where what waited leaves with a later write. (The loop driver has one in
//! `__test__/drained.test.js`, since it needs a loop.)

use std::sync::Arc;

use bytes::Bytes;
use tokio::net::UnixStream;

use super::{Connection, Driver};
use crate::engine::codec::Codec;
use crate::engine::event::Event;
use crate::engine::framing::{Framing, Mode};
use crate::engine::late::Late;
use crate::engine::mailbox::Mailbox;
use crate::engine::runtime::Runtime;
use crate::engine::transport::Stream;

/// A connection, and the other end.
fn pair(mailbox: &Arc<Mailbox>) -> (Arc<Connection>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let framing = Framing {
        codec: Codec::Delimited(b"\n".as_slice().into()),
        max_frame: 1 << 20,
        mode: Mode::Frames,
        strict: false,
        unfinished: None,
        greeting: None,
    };
    let connection = Connection::new(1, framing, mailbox.clone(), Runtime::current().unwrap());
    connection.take(Stream::Unix(ours));
    connection.approve(Driver::Tasks);
    connection.start();
    (connection, theirs)
}

fn drains(mailbox: &Mailbox) -> usize {
    let events = std::iter::from_fn(|| mailbox.pop());
    events.filter(|event| matches!(event, Event::Drain { .. })).count()
}

#[tokio::test]
async fn what_was_held_back_and_awaited_leaves_with_the_next_write() {
    let mailbox = Arc::new(Mailbox::new(Box::new(|| {})));
    let (connection, _theirs) = pair(&mailbox);
    let late = Late::default();
    assert_eq!(connection.hold(&Bytes::from_static(b"first\n"), &late), 6);
    assert!(connection.await_drain());
    assert_eq!(connection.write(&mut b"second\n".to_vec()), 0);
    assert_eq!(drains(&mailbox), 1);
    late.stop();
}
