//! The engine by its public API, over real sockets, as a Rust program uses it (tokio driver).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use ferripc::engine::codec::Codec;
use ferripc::engine::codec::delimited::Delimiter;
use ferripc::engine::error::Error;
use ferripc::engine::event::{Event, Id};
use ferripc::engine::framing::{Framing, Mode};
use ferripc::engine::hub::Hub;
use ferripc::engine::transport::tcp::TcpTarget;
use ferripc::engine::transport::{Local, Target};

mod closing;
mod limits;

const PATIENCE: Duration = Duration::from_secs(60);

fn framing(mode: Mode) -> Framing {
    let Framing { codec, max_frame, mode, strict, .. } = for_datagrams(mode);
    Framing {
        codec: Codec::Delimited(codec),
        max_frame,
        mode,
        strict,
        unfinished: None,
        greeting: None,
    }
}

fn for_datagrams(mode: Mode) -> Framing<Delimiter> {
    Framing {
        codec: b"\x0c".as_slice().into(),
        max_frame: 1 << 30,
        mode,
        strict: false,
        unfinished: None,
        greeting: None,
    }
}

/// A hub with its wake-ups, as a consumer would hold it.
struct Peer {
    hub: Hub,
    wakes: Receiver<()>,
}

impl Peer {
    fn new() -> Self {
        let (wake, wakes) = channel();
        let hub = Hub::new(move || _ = wake.send(())).unwrap();
        Self { hub, wakes }
    }

    /// The next event, waited for. A connection that it reports is started.
    fn event(&mut self) -> Event {
        let event = self.unstarted();
        match &event {
            Event::Open { id, .. } => self.start(*id),
            Event::Accepted { id, .. } => self.start(*id),
            _ => {}
        }
        event
    }

    /// The next event, waited for, and no more.
    fn unstarted(&mut self) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(event) = self.hub.next() {
                return event;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.wakes.recv_timeout(left).expect("an event in time");
        }
    }

    fn start(&self, id: u32) {
        self.hub.approve(id);
        self.hub.start(id);
    }

    /// The errors of the closed event, which is to come next except for drains.
    fn closed(&mut self) -> Vec<Error> {
        loop {
            match self.event() {
                Event::Closed { errors, .. } => return errors,
                Event::Drain { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Received frames, until `count` of them are there.
    fn frames(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while frames.len() < count {
            match self.event() {
                Event::Frames { batch, .. } => frames.extend(batch.frames(1).map(<[u8]>::to_vec)),
                Event::Drain { .. } | Event::Partial { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        frames
    }

    fn write(&mut self, id: Id, bytes: &[u8]) -> usize {
        self.hub.connection(id).unwrap().write(&mut bytes.to_vec())
    }
}

/// A directory of its own, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ferripc-hub-{}-{count}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A path of the local transport.
    fn path(&self) -> String {
        let path = self.0.join("s").to_str().unwrap().to_owned();
        if cfg!(windows) { format!(r"\\.\pipe\{}", path.replace('\\', "-")) } else { path }
    }
}

#[cfg(unix)]
fn at(path: String) -> (Local, Target) {
    use ferripc::engine::transport::unix::{Claim, UnixLocal};
    let local =
        UnixLocal { path: path.clone(), claim: Claim::Takeover, add_mode: 0, padded: false };
    (Local::Unix(local), Target::Unix(path))
}

#[cfg(windows)]
fn at(name: String) -> (Local, Target) {
    use ferripc::engine::transport::pipe::PipeLocal;
    let local = PipeLocal { name: name.clone(), readable_by_all: false, writable_by_all: false };
    (Local::Pipe(local), Target::Pipe(name))
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tcp(addresses: Vec<SocketAddr>) -> Target {
    Target::Tcp(TcpTarget { addresses, local_address: None, local_port: 0 })
}

/// A server and a client that are connected: `(server, its connection, client, its connection)`.
fn pair(scratch: &Scratch, over_tcp: bool) -> (Peer, Id, Peer, Id) {
    let (mut server, mut client) = (Peer::new(), Peer::new());
    let target = if over_tcp {
        let local = Local::Tcp("127.0.0.1:0".parse().unwrap());
        let (_, address) = server.hub.listen(&local, framing(Mode::Frames)).unwrap();
        tcp(vec![address.unwrap()])
    } else {
        let (local, target) = at(scratch.path());
        server.hub.listen(&local, framing(Mode::Frames)).unwrap();
        target
    };
    let outgoing = client.hub.connect(target, framing(Mode::Frames));
    let Event::Open { id, ends, tls: None } = client.event() else { panic!("not open") };
    assert_eq!((id, ends.is_some()), (outgoing, over_tcp));
    let Event::Accepted { id: incoming, .. } = server.event() else { panic!("not accepted") };
    (server, incoming, client, outgoing)
}

#[test]
fn frames_travel_both_ways() {
    let scratch = Scratch::new();
    for over_tcp in [false, true] {
        let (mut server, incoming, mut client, outgoing) = pair(&scratch, over_tcp);
        assert_eq!(client.write(outgoing, b"one\x0ctwo\x0c"), 0);
        assert_eq!(server.frames(2), [b"one", b"two"]);
        server.write(incoming, b"three\x0c");
        assert_eq!(client.frames(1), [b"three"]);
        assert_eq!(client.hub.connection(outgoing).unwrap().counters(), (6, 8));
    }
}

#[test]
fn a_large_frame_waits_in_the_outbox_and_arrives_whole() {
    let scratch = Scratch::new();
    for over_tcp in [false, true] {
        let (mut server, _, mut client, outgoing) = pair(&scratch, over_tcp);
        let sent: Vec<u8> = (0..40_000_000u32).map(|n| b'a' + (n % 23) as u8).collect();
        let queued = client.write(outgoing, &[&sent[..], b"\x0c"].concat());
        assert!(queued > 0, "more than the system takes at once");
        assert!(server.frames(1)[0] == sent);
        assert!(matches!(client.event(), Event::Drain { id } if id == outgoing));
    }
}

#[test]
fn a_paused_connection_delivers_nothing_and_holds_the_peer_back() {
    let scratch = Scratch::new();
    let (mut server, incoming, mut client, outgoing) = pair(&scratch, false);
    server.hub.connection(incoming).unwrap().set_paused(true);
    let piece = [&[b'y'; 99_999][..], b"\x0c"].concat();
    let queued: Vec<usize> = (0..50).map(|_| client.write(outgoing, &piece)).collect();
    assert!(queued[49] >= 4_000_000, "the rest waits on this side: {}", queued[49]);
    server.hub.connection(incoming).unwrap().set_paused(false);
    assert_eq!(server.frames(50).len(), 50);
}

#[test]
fn what_arrived_before_the_peer_vanished_is_delivered_before_the_end() {
    let scratch = Scratch::new();
    let (mut server, incoming, mut client, outgoing) = pair(&scratch, false);
    client.write(outgoing, b"last words\x0chalf a fra");
    client.hub.destroy(outgoing);
    assert_eq!(server.frames(1), [b"last words"]);
    assert!(matches!(server.event(), Event::Truncated { len: 10, .. }));
    assert!(matches!(server.event(), Event::End { .. }));
    // Writing to it now fails, and that is reported once.
    server.write(incoming, b"anybody there?\x0c");
    assert_eq!(server.closed()[0].to_string(), "write EPIPE");
}

#[test]
fn every_address_is_tried_and_every_failure_reported() {
    let mut server = Peer::new();
    let local = Local::Tcp("127.0.0.1:0".parse().unwrap());
    let (_, address) = server.hub.listen(&local, framing(Mode::Frames)).unwrap();
    let live = address.unwrap();
    // A port that was just free: nobody listens there.
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let mut client = Peer::new();
    client.hub.connect(tcp(vec![dead, live]), framing(Mode::Frames));
    assert!(matches!(client.event(), Event::Open { .. }));

    client.hub.connect(tcp(vec![dead, dead]), framing(Mode::Frames));
    let messages: Vec<_> = client.closed().iter().map(ToString::to_string).collect();
    assert_eq!(messages, vec![format!("connect ECONNREFUSED {dead}"); 2]);
}

#[test]
#[cfg(unix)]
fn a_path_that_is_too_long_says_so() {
    let mut client = Peer::new();
    client.hub.connect(at(format!("/tmp/{}", "x".repeat(200))).1, framing(Mode::Frames));
    assert_eq!(client.closed()[0].code(), "ENAMETOOLONG");
}

#[test]
fn a_closed_listener_is_gone_on_return() {
    let scratch = Scratch::new();
    let mut server = Peer::new();
    let (local, _) = at(scratch.path());
    let (id, _) = server.hub.listen(&local, framing(Mode::Frames)).unwrap();
    server.hub.close_listener(id);
    assert!(std::fs::read_dir(&scratch.0).unwrap().next().is_none());
    let local = Local::Tcp("127.0.0.1:0".parse().unwrap());
    let (id, address) = server.hub.listen(&local, framing(Mode::Frames)).unwrap();
    server.hub.close_listener(id);
    assert!(std::net::TcpStream::connect(address.unwrap()).is_err());
}

#[test]
fn the_io_thread_ends_with_its_hub() {
    let this_thread = || std::fs::read_link("/proc/thread-self").ok();
    let (woken, threads) = channel();
    let mut hub = Hub::new(move || _ = woken.send(this_thread())).unwrap();
    let local = Local::Tcp("127.0.0.1:0".parse().unwrap());
    let (_, address) = hub.listen(&local, framing(Mode::Frames)).unwrap();
    let _client = std::net::TcpStream::connect(address.unwrap()).unwrap();
    let Some(of_hub) = threads.recv_timeout(PATIENCE).unwrap() else { return }; // no /proc on this system
    assert_ne!(Some(&of_hub), this_thread().as_ref());
    let of_hub = std::path::Path::new("/proc").join(of_hub);
    assert!(of_hub.exists());
    drop(hub);
    let deadline = Instant::now() + PATIENCE;
    while of_hub.exists() {
        assert!(Instant::now() < deadline, "the I/O thread goes on");
        std::thread::yield_now();
    }
}

/// Frames of datagrams and their peer, until `count` of them are there.
fn datagrams(peer: &mut Peer, count: usize) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut frames = Vec::new();
    while frames.len() < count {
        match peer.event() {
            Event::Datagrams { peer, batch, .. } => {
                frames.extend(batch.frames(1).map(|frame| (peer, frame.to_vec())));
            }
            other => panic!("{other:?}"),
        }
    }
    frames
}

#[test]
fn datagrams_go_both_ways_and_what_was_sent_last_leaves_before_the_socket_closes() {
    let (mut one, mut two) = (Peer::new(), Peer::new());
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let (id_one, at_one) = one.hub.bind(any, for_datagrams(Mode::Frames)).unwrap();
    let (id_two, at_two) = two.hub.bind(any, for_datagrams(Mode::Frames)).unwrap();
    one.hub.datagrams(id_one).unwrap().send(&[(at_two, b"a\x0cb"), (at_two, b"c\x0c")]);
    let expected: Vec<_> = ["a", "b", "c"].map(|f| (at_one, f.as_bytes().to_vec())).into();
    assert_eq!(datagrams(&mut two, 3), expected);
    two.hub.datagrams(id_two).unwrap().send(&[(at_one, b"last")]);
    two.hub.datagrams(id_two).unwrap().close(PATIENCE);
    assert_eq!(datagrams(&mut one, 1), [(at_two, b"last".to_vec())]);
    assert!(matches!(two.event(), Event::DatagramsClosed { id, .. } if id == id_two));
    assert!(two.hub.datagrams(id_two).is_none());
    two.hub.bind(at_two, for_datagrams(Mode::Frames)).unwrap(); // its address is free
}

#[test]
fn a_full_mailbox_holds_the_receiver_back_and_nothing_grows() {
    let (mut one, mut two) = (Peer::new(), Peer::new());
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let (sender, _) = one.hub.bind(any, for_datagrams(Mode::Frames)).unwrap();
    let (id, at) = two.hub.bind(any, for_datagrams(Mode::Raw)).unwrap();
    let large = vec![b'x'; 60_000];
    let sender = one.hub.datagrams(sender).unwrap().clone();
    for _ in 0..1000 {
        sender.send(&[(at, &large)]);
    }
    // 60 MB were sent; what was not dropped by the system is at most its buffer and one mailbox. A socket that closes
    // before its thread has had a turn reports nothing.
    let Event::Datagram { bytes, .. } = two.event() else { panic!("nothing was received") };
    two.hub.datagrams(id).unwrap().close(PATIENCE);
    let mut received = bytes.len();
    loop {
        match two.event() {
            Event::Datagram { bytes, .. } => received += bytes.len(),
            Event::DatagramsClosed { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(received < 8 << 20, "{received}");
}
