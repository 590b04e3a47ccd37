//! What the tests with other implementations share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ferripc::protocols::zmtp::{Endpoint, Options, Router, RouterEvent, RouterEvents};

/// Generous: machines are busy.
pub const GUARD: Duration = Duration::from_secs(240);

/// Runs a test on this thread, and ends it if it hangs.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let guarded = async { tokio::time::timeout(GUARD, test).await };
    runtime.expect("a runtime").block_on(guarded).expect("it hangs")
}

/// Endpoints for each transport of this platform, not used by any other test.
pub fn places() -> Vec<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut places = vec!["tcp://127.0.0.1:0".to_owned()];
    let name =
        format!("ferripc-zmtp-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    if cfg!(unix) {
        places.push(format!("ipc://{}", std::env::temp_dir().join(&name).display()));
    }
    if cfg!(target_os = "linux") {
        places.push(format!("ipc://@{name}"));
    }
    places
}

/// A router, bound to such an endpoint.
pub fn bound(place: &str, options: Options) -> (Router, RouterEvents) {
    let endpoint = Endpoint::parse(place).expect("an endpoint");
    Router::bind(&endpoint, options).expect("a place of its own")
}

/// Frames of these texts.
pub fn frames(texts: &[&str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect()
}

/// Sends each message back to its sender, until the router is closed. Returns the events, in words.
pub async fn echo(router: &Router, events: &mut RouterEvents) -> Vec<String> {
    let mut story = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            RouterEvent::Connected { .. } => story.push("connected".to_owned()),
            RouterEvent::Message { identity, frames } => {
                router.send(&identity, frames).expect("room");
            }
            RouterEvent::Disconnected { error, .. } => {
                story.push(error.map_or("gone".to_owned(), |error| error.to_string()));
            }
        }
    }
    story
}
