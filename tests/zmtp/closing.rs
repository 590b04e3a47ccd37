//! The ends of sockets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ferripc::protocols::zmtp::{
    Dealer, DealerEvent, Options, Req, RequestError, Router, RouterEvent, SendError,
};

use super::raw::{Raw, RawListener, wire};
use super::{connected, disconnected, frames, message, places, req, router, run};

#[test]
fn what_was_sent_before_the_close_arrives() {
    run(async {
        for place in places() {
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            let mut peer = Raw::req(&router, b"peer").await;
            connected(&mut events).await;
            // More than the system takes at once.
            let large = vec![Bytes::new(), Bytes::from(vec![7; 8 << 20])];
            router.send(b"peer", large.clone()).unwrap();
            let reading = async {
                let rest = peer.rest().await;
                drop(peer);
                rest
            };
            let (rest, ()) = tokio::join!(reading, router.close());
            assert!(rest == wire(&large), "{} bytes", rest.len());
            let (who, error) = disconnected(&mut events).await;
            assert!(who == "peer" && error.is_none());
            assert!(events.recv().await.is_none());
        }
    });
}

#[test]
fn closing_does_not_wait_for_who_does_not_read() {
    run(async {
        let (router, mut events) = router(Options::default());
        let _slow = Raw::req(&router, b"slow").await;
        connected(&mut events).await;
        router.send(b"slow", vec![Bytes::from(vec![7; 32 << 20])]).unwrap();
        let started = Instant::now();
        router.close().await;
        router.close().await; // nothing more
        assert!(started.elapsed() < Duration::from_secs(30));
        disconnected(&mut events).await;
        assert!(events.recv().await.is_none());
    });
}

#[test]
fn what_has_come_before_the_close_can_still_be_taken() {
    run(async {
        let (router, mut events) = router(Options::default());
        let req = req(&router);
        let asking = req.request(frames(&["a"]), None);
        let closing = async {
            connected(&mut events).await;
            let question = message(&mut events).await;
            router.close().await;
            question
        };
        let (lost, _) = tokio::join!(asking, closing);
        assert!(matches!(lost, Err(RequestError::Lost(None))), "{lost:?}");
        assert!(matches!(events.recv().await, Some(RouterEvent::Disconnected { error: None, .. })));
        assert!(events.recv().await.is_none());
    });
}

#[test]
fn closing_a_req_ends_what_waits_for_its_answer() {
    run(async {
        let (listener, place) = RawListener::bind(&super::endpoint("tcp://127.0.0.1:0"));
        let req = Req::connect(&place, Options::default());
        let asking = req.request(frames(&["a"]), None);
        let closing = async {
            let mut peer = listener.accept().await;
            req.close().await;
            req.close().await; // nothing more
            peer.rest().await;
        };
        let (closed, ()) = tokio::join!(asking, closing);
        assert!(matches!(closed, Err(RequestError::Closed)), "{closed:?}");
        // A req that is dropped ends, too.
        let req = Req::connect(&place, Options::default());
        let mut peer = listener.accept().await;
        drop(req);
        peer.rest().await;
    });
}

#[test]
fn a_peer_that_ends_its_side_still_gets_what_was_sent() {
    run(async {
        let (router, mut events) = router(Options::default());
        let mut peer = Raw::req(&router, b"peer").await;
        connected(&mut events).await;
        let large = vec![Bytes::from(vec![7; 8 << 20])];
        router.send(b"peer", large.clone()).unwrap();
        peer.shut_down();
        assert!(peer.rest().await == wire(&large));
        assert!(disconnected(&mut events).await.1.is_none());
    });
}

#[test]
fn a_slow_reader_gets_all_of_it_after_the_close() {
    run(async {
        let (router, mut events) = router(Options::default());
        let mut peer = Raw::req(&router, b"peer").await;
        connected(&mut events).await;
        let large = vec![Bytes::from(vec![7; 32 << 20])];
        router.send(b"peer", large.clone()).unwrap();
        let wire = wire(&large);
        let reading = async {
            for piece in wire.chunks(wire.len() / 32) {
                assert!(peer.receive(piece.len()).await == piece);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        // Longer than the close waits for it.
        tokio::join!(reading, router.close());
    });
}

/// Otherwise messages would wait for ever, although the sender was told that they had been accepted.
#[test]
fn nothing_is_sent_when_the_runtime_has_ended() {
    let ending = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    run(async {
        // The second is a place of its own: an ended runtime lets go of its listener in its own time.
        for (place, another) in places().into_iter().zip(places()) {
            let runtime = ending();
            let entered = runtime.enter();
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            drop(entered);
            let to = router.local_endpoint();
            let (_dealer, mut heard) = Dealer::connect(&to, Options::default()).unwrap();
            let identity = connected(&mut events).await;
            assert!(matches!(heard.recv().await, Some(DealerEvent::Connected)));
            runtime.shutdown_background();
            assert!(matches!(heard.recv().await, Some(DealerEvent::Disconnected { .. })));
            let refused = router.send(&identity, frames(&["lost"]));
            assert!(matches!(refused, Err(SendError::UnknownPeer)), "{refused:?}");
            router.close().await;

            let (router, mut events) = Router::bind(&another, Options::default()).unwrap();
            let runtime = ending();
            let entered = runtime.enter();
            let (dealer, mut heard) =
                Dealer::connect(&router.local_endpoint(), Options::default()).unwrap();
            drop(entered);
            connected(&mut events).await;
            assert!(matches!(heard.recv().await, Some(DealerEvent::Connected)));
            runtime.shutdown_background();
            assert!(heard.recv().await.is_none());
            let refused = dealer.send(frames(&["lost"]));
            assert!(matches!(refused, Err(SendError::Closed)), "{refused:?}");
            assert_eq!(dealer.close().await, 0);
            router.close().await;
        }
    });
}
