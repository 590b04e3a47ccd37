//! Clients and servers as Rust programs see them, over each transport, beside each other and beside raw peers. Node's
//! node-ipc and ferripc at the other end are in `__test__/node-ipc-rust`.
#![cfg(feature = "node-ipc")]

mod ends;
mod hostile;
mod meeting;
mod raw;
mod requests;
mod retrying;
mod unlike;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ferripc::node_ipc::{
    Address, Client, ClientBuilder, ClientEvent, Connection, Error, Events, Message, Server,
    ServerBuilder, ServerEvent,
};
use serde_json::Value;
use tokio::time::timeout;

/// Generous: machines are busy.
const GUARD: Duration = Duration::from_secs(240);

/// A time that is never waited for.
const LONG: Duration = Duration::from_secs(600);

/// The bytes of a vector, which has them in hexadecimal digits.
fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// Runs a test on each flavour of runtime, and ends it if it hangs.
fn run<F: Future<Output = ()>>(test: impl Fn() -> F) {
    let mut alone = tokio::runtime::Builder::new_current_thread();
    let mut several = tokio::runtime::Builder::new_multi_thread();
    for builder in [&mut alone, several.worker_threads(2)] {
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async { timeout(GUARD, test()).await.expect("it hangs") });
    }
}

/// Runs a test on each transport.
fn run_each<F: Future<Output = ()>>(test: impl Fn(Address) -> F) {
    for place in places() {
        run(|| test(place()));
    }
}

/// A place on each transport that no other test has.
fn places() -> Vec<fn() -> Address> {
    vec![
        #[cfg(unix)]
        || Address::path(path()),
        || Address::tcp("127.0.0.1", 0),
    ]
}

/// A path that no other test has.
fn path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name =
        format!("ferripc-rust-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

type ClientSide = (Client, Events<ClientEvent>);
type ServerSide = (Server, Events<ServerEvent>);

/// Retries fast, gives up never.
fn client(address: impl Into<Address>) -> ClientBuilder {
    Client::builder(address).retry(Duration::from_millis(10))
}

/// A server and a client of it, connected.
async fn meet(place: Address) -> (ServerSide, ClientSide, Connection) {
    meet_with(place, Server::builder(), |client| client).await
}

async fn meet_with(
    place: Address,
    server: ServerBuilder,
    set: impl Fn(ClientBuilder) -> ClientBuilder,
) -> (ServerSide, ClientSide, Connection) {
    let (server, mut server_events) = server.bind(place).await.unwrap();
    let (client, mut events) = set(client(server.address())).connect().unwrap();
    assert!(matches!(events.next().await, Some(ClientEvent::Connected)));
    let Some(ServerEvent::Connected(connection)) = server_events.next().await else { panic!() };
    ((server, server_events), (client, events), connection)
}

/// The next event of a client has to be a message.
async fn message(events: &mut Events<ClientEvent>) -> Message {
    match events.next().await {
        Some(ClientEvent::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// The next event of a server has to be a message.
async fn message_from(events: &mut Events<ServerEvent>) -> (Connection, Message) {
    match events.next().await {
        Some(ServerEvent::Message { from, message }) => (from, message),
        other => panic!("{other:?}"),
    }
}

/// The next event of a server has to be an error.
async fn error_of(events: &mut Events<ServerEvent>) -> Error {
    match events.next().await {
        Some(ServerEvent::Error { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}
