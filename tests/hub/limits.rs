//! What a listener's consumer limits.

use std::io::{Read, Write};
use std::net::TcpStream;

use ferripc::engine::unfinished::Unfinished;

use super::*;

/// A server on TCP and so many plain clients of it that it has accepted.
fn with_plain_clients(framing: Framing, count: usize) -> (Peer, Vec<TcpStream>) {
    let mut server = Peer::new();
    let local = Local::Tcp("127.0.0.1:0".parse().unwrap());
    let (_, address) = server.hub.listen(&local, framing).unwrap();
    let connect = |_| TcpStream::connect(address.unwrap()).unwrap();
    let clients: Vec<_> = (0..count).map(connect).collect();
    for _ in 0..count {
        assert!(matches!(server.event(), Event::Accepted { .. }));
    }
    (server, clients)
}

#[test]
fn who_holds_most_ends_while_the_consumer_is_busy() {
    let unfinished = Some(Unfinished::new(200_000));
    let (mut server, mut clients) =
        with_plain_clients(Framing { unfinished, ..framing(Mode::Frames) }, 2);
    // From here on nobody takes an event.
    clients[0].write_all(&[b'x'; 150_000]).unwrap();
    clients[1].write_all(&[b'x'; 100_000]).unwrap();
    clients[0].set_read_timeout(Some(PATIENCE)).unwrap();
    match clients[0].read(&mut [0]) {
        Ok(0) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("{other:?}"),
    }
    let errors = loop {
        match server.event() {
            Event::Closed { errors, .. } => break errors,
            Event::Partial { .. } => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(errors[0].code(), "ERR_FERRIPC_TOO_MUCH_BUFFERED");
    clients[1].write_all(b"\x0c").unwrap();
    assert_eq!(server.frames(1)[0].len(), 100_000);
}

#[test]
fn more_connections_than_a_second_may_have_wait() {
    let scratch = Scratch::new();
    for over_tcp in [false, true] {
        let (mut server, mut client) = (Peer::new(), Peer::new());
        let (listener, target) = if over_tcp {
            let local = Local::Tcp("127.0.0.1:0".parse().unwrap());
            let (id, address) = server.hub.listen(&local, framing(Mode::Frames)).unwrap();
            (id, tcp(vec![address.unwrap()]))
        } else {
            let (local, target) = at(scratch.path());
            (server.hub.listen(&local, framing(Mode::Frames)).unwrap().0, target)
        };
        server.hub.limit_rate(listener, Some(4));
        let started = Instant::now();
        for _ in 0..9 {
            client.hub.connect(target.clone(), framing(Mode::Frames));
        }
        for count in 1..=9 {
            assert!(matches!(server.event(), Event::Accepted { .. }));
            let least = Duration::from_secs((count - 1) / 4);
            assert!(started.elapsed() >= least, "{count}: {:?}", started.elapsed());
        }
        server.hub.limit_rate(listener, None);
        let id = client.hub.connect(target, framing(Mode::Frames));
        client.write(id, b"now\x0c");
        assert!(matches!(server.event(), Event::Accepted { .. }));
        assert_eq!(server.frames(1)[0], b"now");
    }
}
