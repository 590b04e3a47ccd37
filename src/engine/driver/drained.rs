//! Tests of the report that everything is sent, where what waited leaves with a later write. (The loop driver has one in
//! `__test__/serialization/drained.test.js`, since it needs a loop.)

use std::sync::Arc;

use bytes::Bytes;
use tokio::net::UnixStream;

use super::fixture::approved;
use crate::engine::event::Event;
use crate::engine::late::Late;
use crate::engine::mailbox::Mailbox;
use crate::engine::transport::Stream;

fn drains(mailbox: &Mailbox) -> usize {
    let events = std::iter::from_fn(|| mailbox.pop());
    events.filter(|event| matches!(event, Event::Drain { .. })).count()
}

#[tokio::test]
async fn what_was_held_back_and_awaited_leaves_with_the_next_write() {
    let mailbox = Arc::new(Mailbox::new(Box::new(|| {})));
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let connection = approved(Stream::Unix(ours), &mailbox);
    connection.start();
    let late = Late::default();
    assert_eq!(connection.hold(&Bytes::from_static(b"first\n"), &late), 6);
    assert!(connection.await_drain());
    assert_eq!(connection.write(&mut b"second\n".to_vec()), 0);
    assert_eq!(drains(&mailbox), 1);
    late.stop();
}
