//! ROUTER and REQ over each transport: what programs see of them. Peers that are not ours: crates/zmtp_tests.
#![cfg(feature = "zmtp")]

use std::time::Duration;

use bytes::Bytes;
use ferripc::protocols::zmtp::{Endpoint, Options, Req, Router, RouterEvent};
use tokio::time::timeout;

/// Generous: machines are busy.
const GUARD: Duration = Duration::from_secs(60);

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(GUARD, test).await.expect("it hangs") });
}

fn bytes(frames: &[&str]) -> Vec<Bytes> {
    frames.iter().map(|frame| Bytes::copy_from_slice(frame.as_bytes())).collect()
}

#[test]
fn a_question_is_answered() {
    run(async {
        for place in ["tcp://127.0.0.1:0", "ipc:///tmp/zmtp-x.sock", "ipc://@zmtp-x"] {
            let (router, mut events) =
                Router::bind(&Endpoint::parse(place).unwrap(), Options::default()).unwrap();
            let req = Req::connect(&router.local_endpoint(), Options::default());
            let answering = async {
                let Some(RouterEvent::Connected { identity }) = events.recv().await else {
                    panic!()
                };
                assert_eq!((identity.len(), identity[0]), (5, 0));
                let Some(RouterEvent::Message { identity: from, frames }) = events.recv().await
                else {
                    panic!()
                };
                assert_eq!((from, frames), (identity.clone(), bytes(&["", "a", "b"])));
                router.send(&identity, bytes(&["", "c"])).unwrap();
                identity
            };
            let asking = req.request(bytes(&["a", "b"]), None);
            let (identity, answer) = tokio::join!(answering, asking);
            assert_eq!(answer.unwrap(), bytes(&["c"]));
            req.close().await;
            let Some(RouterEvent::Disconnected { identity: who, error: None }) =
                events.recv().await
            else {
                panic!()
            };
            assert_eq!(who, identity);
            router.close().await;
            assert!(events.recv().await.is_none());
        }
    });
}
