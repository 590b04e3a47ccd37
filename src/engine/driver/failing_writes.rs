//! Tests of the tokio driver, in which each write fails in turn. The peer gets the beginning of what was written, without
//! a gap. Nothing is written after the failure, however long the consumer takes to hear of it.
//! The loop driver has the same test in `__test__/faults.test.js`, since it needs a loop.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};

use super::fixture::approved;
use crate::engine::event::Event;
use crate::engine::mailbox::{MAX_BYTES, Mailbox};
use crate::engine::transport::tls::settings::{Options, Settings};
use crate::engine::transport::tls::{Side, handshake};
use crate::engine::transport::{Stream, failing};

const HANG: Duration = Duration::from_secs(60);

/// The caller writes the short ones; the flush task also writes parts of the long ones.
const SIZES: [usize; 9] = [10, 3000, 10, 400_000, 10, 20_000, 10, 900_000, 10];

fn key(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fuzz/keys/{name}.der", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn settings(server: bool) -> Settings {
    let identity = (vec![key("certificate")], key("key"));
    let options = Options {
        identities: server.then_some(identity).into_iter().collect(),
        ca: vec![key("certificate")],
        versions: vec!["TLSv1.3".into()],
        patience: HANG,
        ..Options::default()
    };
    Settings::new(options).unwrap()
}

/// Two ends of a connection.
async fn pair(transport: &str) -> (Stream, Stream) {
    if transport == "tcp" {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        return (Stream::Tcp(ours), Stream::Tcp(listener.accept().await.unwrap().0));
    }
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (ours, theirs) = (Stream::Unix(ours), Stream::Unix(theirs));
    if transport == "unix" {
        return (ours, theirs);
    }
    let (client, server) = (settings(false), settings(true));
    let ends = tokio::join!(
        handshake(ours, Side::Client, &client),
        handshake(theirs, Side::Server, &server)
    );
    (Stream::Tls(Box::new(ends.0.unwrap())), Stream::Tls(Box::new(ends.1.unwrap())))
}

/// Everything that arrives.
fn read_all(stream: Stream) -> JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let (mut all, mut buffer) = (Vec::new(), BytesMut::new());
        loop {
            let _ = stream.readable().await;
            buffer.reserve(64 * 1024);
            match stream.try_read(&mut buffer) {
                Ok(1..) => all.extend_from_slice(&buffer.split()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                _ => return all,
            }
        }
    })
}

fn message(number: usize) -> Vec<u8> {
    let mut bytes = vec![b'a' + number as u8; SIZES[number]];
    bytes.push(b'\n');
    bytes
}

/// Writes all messages. `nth` is the number of the write to the system that fails. Returns whether one failed.
async fn play(transport: &str, nth: usize) -> bool {
    let (ours, theirs) = pair(transport).await;
    let socket = ours.socket().unwrap().as_raw_fd();
    let mailbox = Arc::new(Mailbox::new(Box::new(|| {})));
    let connection = approved(ours, &mailbox);
    connection.set_paused(true);
    connection.start();
    // What the peer sent earlier is delivered before the failure is reported, but there is no room for it
    // yet.
    assert_eq!(theirs.send(&[std::io::IoSlice::new(b"said before\n")]).unwrap(), 12);
    let full = Event::Chunk { id: 2, bytes: vec![0; MAX_BYTES].into(), framed: false };
    mailbox.post_now(full).unwrap();
    let received = read_all(theirs);
    failing::fail(socket, nth);
    let mut written = Vec::new();
    for number in 0..SIZES.len() {
        written.extend(message(number));
        connection.write(&mut message(number));
        for _ in 0..100 {
            yield_now().await;
        }
    }
    let failed = failing::stop();
    connection.set_paused(false);
    let mut errors = Vec::new();
    let mut heard = false;
    if !failed {
        while connection.progress().2 > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        connection.destroy();
    } else {
        timeout(HANG, async {
            while errors.is_empty() {
                match mailbox.pop() {
                    Some(Event::Closed { errors: why, .. }) => errors = why,
                    Some(Event::Frames { id: 1, .. }) => heard = true,
                    _ => sleep(Duration::from_millis(1)).await,
                }
            }
        })
        .await
        .unwrap();
    }
    let received = timeout(HANG, received).await.unwrap().unwrap();
    let said = format!("{transport}, write {nth}: {} of {}", received.len(), written.len());
    assert!(written.starts_with(&received), "{said}");
    if failed {
        assert_eq!(errors[0].to_string(), "write ENOBUFS", "{said}");
        assert!(heard && received.len() < written.len(), "{said}");
    } else {
        assert_eq!(received.len(), written.len(), "{said}");
    }
    failed
}

async fn each_write_in_turn(transport: &str) {
    for nth in 0.. {
        if !play(transport, nth).await {
            assert!(nth >= SIZES.len() - 1, "{nth}");
            return;
        }
    }
}

#[tokio::test]
async fn after_a_failed_write_nothing_more_is_written_unix() {
    each_write_in_turn("unix").await;
}

#[tokio::test]
async fn after_a_failed_write_nothing_more_is_written_tcp() {
    each_write_in_turn("tcp").await;
}

#[tokio::test]
async fn after_a_failed_write_nothing_more_is_written_tls() {
    each_write_in_turn("tls").await;
}
