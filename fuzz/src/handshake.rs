//! TLS handshakes between two ends of ferripc's. Between them, bytes are changed, dropped, added and cut off. Each
//! side has to end in time, with an error or a connection, and a connection has to deliver what was sent or nothing.
//! With `how` odd there is no other end: one side receives the input itself.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use ferripc::engine::error::Error;
use ferripc::engine::transport::Stream;
use ferripc::engine::transport::tls::Side;
use ferripc::engine::transport::tls::settings::{Options, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::input::Input;

const CERTIFICATE: &[u8] = include_bytes!("../keys/certificate.der");
const KEY: &[u8] = include_bytes!("../keys/key.der");

/// Sent by each side as soon as it is connected.
const GREETING: &[u8] = b"hello over TLS";

/// Nothing takes this long.
const HANG: Duration = Duration::from_secs(20);

/// How long the relay waits before it hangs up, if it has changed something.
const IDLE: Duration = Duration::from_millis(10);

struct World {
    runtime: Runtime,
    server: Arc<Settings>,
    client: Arc<Settings>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World {
        runtime: Builder::new_current_thread().enable_all().build().unwrap(),
        server: settings(true),
        client: settings(false),
    });
}

fn settings(server: bool) -> Arc<Settings> {
    let identity = (vec![CERTIFICATE.to_vec()], KEY.to_vec());
    let options = Options {
        identities: server.then_some(identity).into_iter().collect(),
        ca: vec![CERTIFICATE.to_vec()],
        strict: !server,
        versions: vec!["TLSv1.2".into(), "TLSv1.3".into()],
        patience: Duration::from_secs(10),
        ..Options::default()
    };
    Arc::new(Settings::new(options).expect("settings"))
}

/// What the relay does to the bytes.
#[derive(Clone, Copy)]
struct Change {
    at: usize,
    how: u8,
    with: u8,
}

/// `how`, then changes of four bytes each; or the bytes to be received.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let how = input.byte();
    let side = if how & 2 == 0 { Side::Server } else { Side::Client };
    WORLD.with_borrow(|world| {
        world.runtime.block_on(async {
            let ends = async {
                if how & 1 == 1 {
                    garbage(world, side, input.rest()).await;
                } else {
                    between(world, &mut input).await;
                }
            };
            timeout(HANG, ends).await.expect("a side hangs");
        });
    });
}

fn our_end(
    world: &World,
    side: Side,
    socket: UnixStream,
) -> impl Future<Output = Result<Stream, Error>> {
    let settings = match side {
        Side::Server => world.server.clone(),
        Side::Client => world.client.clone(),
    };
    async move { Stream::Unix(socket).handshake(side, &settings).await }
}

async fn garbage(world: &World, side: Side, bytes: &[u8]) {
    let (near, mut far) = UnixStream::pair().unwrap();
    let peer = async {
        let _ = far.write_all(bytes).await;
        let _ = far.shutdown().await;
        let _ = far.read_to_end(&mut Vec::new()).await;
    };
    let (outcome, ()) = tokio::join!(our_end(world, side, near), peer);
    assert!(outcome.is_err());
}

async fn between(world: &World, input: &mut Input<'_>) {
    let (server, left) = UnixStream::pair().unwrap();
    let (client, right) = UnixStream::pair().unwrap();
    let mut changes = (Vec::new(), Vec::new());
    while !input.is_empty() {
        let (how, at, with) = (input.byte(), input.short() % 4096, input.byte());
        let of = if how & 1 == 0 { &mut changes.0 } else { &mut changes.1 };
        of.push(Change { at, how: how >> 1, with });
    }
    let untouched = changes.0.is_empty() && changes.1.is_empty();
    let (from_server, to_server) = left.into_split();
    let (from_client, to_client) = right.into_split();
    let talk = |socket, side| async move { greet(our_end(world, side, socket).await?).await };
    let (server, client, (), ()) = tokio::join!(
        talk(server, Side::Server),
        talk(client, Side::Client),
        pass(from_server, to_client, changes.0, !untouched),
        pass(from_client, to_server, changes.1, !untouched),
    );
    for received in [server, client] {
        match received {
            Ok(text) => assert!(text == GREETING || (!untouched && GREETING.starts_with(&text))),
            Err(error) => assert!(!untouched, "{error}"),
        }
    }
}

/// Sends a greeting and receives the peer's.
async fn greet(stream: Stream) -> Result<Vec<u8>, Error> {
    let failed = |error: io::Error| Error::new("read", error, None);
    stream.send(&[io::IoSlice::new(GREETING)]).map_err(failed)?;
    let mut received = BytesMut::with_capacity(1024);
    // Not after this side's end: rustls then asserts, in debug builds only, that what arrives is valid.
    while received.len() < GREETING.len() {
        stream.readable().await.map_err(failed)?;
        match stream.try_read(&mut received) {
            Ok(0) => return Ok(received.to_vec()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(failed(error)),
        }
    }
    stream.shut_down();
    Ok(received.to_vec())
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut changes: Vec<Change>,
    changed: bool,
) {
    changes.sort_by_key(|change| change.at);
    // A side that waits for dropped bytes would wait for long: the relay has to hang up.
    let idle = if changed { IDLE } else { HANG };
    let mut changes = changes.into_iter().peekable();
    let (mut buffer, mut passed) = (vec![0; 4096], 0);
    while let Ok(Ok(len @ 1..)) = timeout(idle, from.read(&mut buffer)).await {
        let mut out = Vec::with_capacity(len);
        for &byte in &buffer[..len] {
            out.push(byte);
            while let Some(change) = changes.next_if(|change| change.at <= passed) {
                match change.how % 5 {
                    0 => *out.last_mut().unwrap_or(&mut 0) ^= change.with,
                    1 => drop(out.pop()),
                    2 => out.extend(std::iter::repeat_n(change.with, usize::from(change.with))),
                    3 => {
                        let _ = to.write_all(&out).await;
                        return; // and closes both
                    }
                    _ => {
                        let _ = to.write_all(&std::mem::take(&mut out)).await; // cut here
                        tokio::task::yield_now().await;
                    }
                }
            }
            passed += 1;
        }
        if to.write_all(&out).await.is_err() {
            return;
        }
    }
}
