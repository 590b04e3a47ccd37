//! How connections are closed that have something left to send.

use std::io::Read;

use super::*;

#[test]
fn closing_sends_what_was_written_even_before_the_connection_is_up() {
    let scratch = Scratch::new();
    let (local, target) = at(scratch.path());
    let mut server = Peer::new();
    server.hub.listen(&local, framing(Mode::Frames)).unwrap();
    let mut client = Peer::new();
    let id = client.hub.connect(target, framing(Mode::Frames));
    let sent = vec![b'x'; 5_000_000];
    client.write(id, &[&sent[..], b"\x0c"].concat());
    assert!(client.hub.close(id, PATIENCE).is_none());
    assert!(matches!(server.event(), Event::Accepted { .. }));
    assert!(matches!(client.event(), Event::Open { .. }));
    assert!(server.frames(1)[0] == sent);
    assert!(matches!(server.event(), Event::End { .. }));
    assert!(client.closed().is_empty());
}

#[test]
fn closing_gives_up_on_a_peer_that_does_not_read() {
    let scratch = Scratch::new();
    let (server, incoming, mut client, outgoing) = pair(&scratch, false);
    server.hub.connection(incoming).unwrap().set_paused(true);
    client.write(outgoing, &vec![b'x'; 5_000_000]);
    assert!(client.hub.close(outgoing, Duration::from_millis(50)).is_none());
    assert_eq!(client.closed()[0].code(), "ETIMEDOUT");
}

#[cfg(unix)]
/// A client of a hub whose peer is a plain socket, so that a test decides what is read and when.
fn with_plain_peer(over_tcp: bool, scratch: &Scratch) -> (Peer, Id, Box<dyn Read>) {
    let mut client = Peer::new();
    let (target, accept): (_, Box<dyn FnOnce() -> Box<dyn Read>>) = if over_tcp {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = tcp(vec![listener.local_addr().unwrap()]);
        (target, Box::new(move || Box::new(listener.accept().unwrap().0)))
    } else {
        plain_local(scratch)
    };
    let id = client.hub.connect(target, framing(Mode::Frames));
    let peer = accept();
    assert!(matches!(client.event(), Event::Open { .. }));
    (client, id, peer)
}

#[cfg(unix)]
fn plain_local(scratch: &Scratch) -> (Target, Box<dyn FnOnce() -> Box<dyn Read>>) {
    let listener = std::os::unix::net::UnixListener::bind(scratch.path()).unwrap();
    let accept = move || Box::new(listener.accept().unwrap().0) as Box<dyn Read>;
    (Target::Unix(scratch.path()), Box::new(accept))
}

#[test]
#[cfg(unix)]
fn closing_waits_as_long_as_a_slow_peer_takes_something() {
    for over_tcp in [false, true] {
        let scratch = Scratch::new();
        let (mut client, id, mut peer) = with_plain_peer(over_tcp, &scratch);
        let len = 12_000_000;
        client.write(id, &vec![b'x'; len]);
        // It is read in so many pieces, after pauses that are too long all together, but none by itself: as
        // seen from here, where a busy machine makes pauses of its own.
        let linger = Duration::from_secs(4);
        assert!(client.hub.close(id, linger).is_none());
        let started = Instant::now();
        let mut piece = vec![0; 1_000_000];
        for _ in 0..len / piece.len() {
            std::thread::sleep(linger / 8);
            peer.read_exact(&mut piece).unwrap();
        }
        assert!(started.elapsed() > linger);
        assert_eq!(peer.read(&mut piece).unwrap(), 0);
        assert!(client.closed().is_empty());
    }
}

#[test]
fn destroying_tells_how_much_was_sent_even_while_the_connection_comes_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = Peer::new();
    let mut text = String::new();
    for pause in 0..400 {
        let id = client.hub.connect(tcp(vec![address]), framing(Mode::Frames));
        client.write(id, b"once\x0c");
        let started = Instant::now();
        while started.elapsed() < Duration::from_micros(pause) {}
        let (_, written) = client.hub.destroy(id);
        // What came before this one is all there is.
        let last = std::net::TcpStream::connect(address).unwrap();
        text.clear();
        loop {
            let (mut peer, from) = listener.accept().unwrap();
            if from == last.local_addr().unwrap() {
                break;
            }
            peer.read_to_string(&mut text).unwrap();
        }
        assert_eq!(text.len() as u64, written, "after {pause} µs");
    }
}

#[cfg(unix)]
#[test]
fn who_has_connected_is_accepted_even_while_the_listener_closes() {
    use std::os::unix::net::UnixStream;
    let scratch = Scratch::new();
    for round in 0..20 {
        let (local, _) = at(scratch.path());
        let mut server = Peer::new();
        let (listener, _) = server.hub.listen(&local, framing(Mode::Frames)).unwrap();
        let path = scratch.path();
        let connecting = std::thread::spawn(move || {
            (0..).take_while(|_| UnixStream::connect(&path).is_ok()).count()
        });
        while !matches!(server.event(), Event::Accepted { .. }) {}
        server.hub.close_listener(listener);
        let connected = connecting.join().unwrap();
        let mut accepted = 1;
        loop {
            match server.event() {
                Event::Accepted { .. } => accepted += 1,
                Event::ListenerClosed { .. } => break,
                _ => {}
            }
        }
        assert_eq!(accepted, connected, "round {round}");
    }
}

#[cfg(unix)]
#[test]
fn what_a_peer_said_before_it_ended_is_delivered_even_if_a_write_fails_before_reading_starts() {
    use std::io::Write;
    let scratch = Scratch::new();
    let (local, _) = at(scratch.path());
    let mut server = Peer::new();
    server.hub.listen(&local, framing(Mode::Frames)).unwrap();
    let mut peer = std::os::unix::net::UnixStream::connect(scratch.path()).unwrap();
    peer.write_all(b"hello\x0cbye\x0c").unwrap();
    drop(peer);
    let Event::Accepted { id, .. } = server.unstarted() else { panic!() };
    server.hub.approve(id);
    server.write(id, b"welcome\x0c");
    server.hub.start(id);
    assert_eq!(server.frames(2), [b"hello".to_vec(), b"bye".to_vec()]);
    assert_eq!(server.closed()[0].code(), "EPIPE");
}
