//! ROUTER, REP, DEALER and REQ as programs see them, over each transport, beside raw peers and each other. Peers of other makes are
//! in crates/zmtp_tests.
#![cfg(feature = "zmtp")]

mod closing;
mod dealer;
mod endpoints;
mod heartbeats;
mod hostile;
mod raw;
mod recordings;
mod rep;
mod sockets;
mod waiting;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ferripc::protocols::zmtp::{Endpoint, Error, Options, Req, Router, RouterEvent, RouterEvents};
use tokio::time::timeout;

/// Generous: machines are busy.
const GUARD: Duration = Duration::from_secs(240);

/// Runs a test on this thread, and ends it if it hangs.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(GUARD, test).await.expect("it hangs") });
}

/// A name that no other test has.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("ferripc-zmtp-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A path that no other test has.
fn path() -> PathBuf {
    std::env::temp_dir().join(name())
}

/// One place of each transport that this platform has.
fn places() -> Vec<Endpoint> {
    let mut places = vec!["tcp://127.0.0.1:0".to_owned()];
    if cfg!(unix) {
        places.push(format!("ipc://{}", path().display()));
    }
    if cfg!(target_os = "linux") {
        places.push(format!("ipc://@{}", name()));
    }
    places.iter().map(|place| endpoint(place)).collect()
}

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text).unwrap()
}

fn frames(texts: &[&str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect()
}

/// A router at a place of its own, by TCP.
fn router(options: Options) -> (Router, RouterEvents) {
    Router::bind(&endpoint("tcp://127.0.0.1:0"), options).unwrap()
}

fn req(router: &Router) -> Req {
    Req::connect(&router.local_endpoint(), Options::default())
}

async fn connected(events: &mut RouterEvents) -> Bytes {
    match events.recv().await {
        Some(RouterEvent::Connected { identity }) => identity,
        other => panic!("{other:?}"),
    }
}

async fn message(events: &mut RouterEvents) -> (Bytes, Vec<Bytes>) {
    match events.recv().await {
        Some(RouterEvent::Message { identity, frames }) => (identity, frames),
        other => panic!("{other:?}"),
    }
}

async fn disconnected(events: &mut RouterEvents) -> (Bytes, Option<Error>) {
    match events.recv().await {
        Some(RouterEvent::Disconnected { identity, error }) => (identity, error),
        other => panic!("{other:?}"),
    }
}

/// Sends each message back to who has sent it, until the router is closed.
async fn echo(router: &Router, events: &mut RouterEvents) {
    while let Some(event) = events.recv().await {
        if let RouterEvent::Message { identity, frames } = event {
            router.send(&identity, frames).unwrap();
        }
    }
}
