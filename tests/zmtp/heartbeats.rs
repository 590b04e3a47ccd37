//! PING and PONG, both ways, and who is given up.

use std::time::Duration;

use ferripc::engine::codec::zmtp::{Kind, greeting, ping, pong, ready};
use ferripc::protocols::zmtp::{Error, Options, Req, RequestError};

use super::raw::{Raw, RawListener, wire};
use super::{connected, disconnected, endpoint, frames, message, router, run};

/// Asks soon, and does not wait for long.
fn impatient() -> Options {
    Options {
        heartbeat_interval: Some(Duration::from_millis(20)),
        heartbeat_timeout: Duration::from_secs(2),
        ..Options::default()
    }
}

#[test]
fn a_ping_is_answered_with_its_context() {
    run(async {
        let (router, mut events) = router(Options::default());
        let mut peer = Raw::req(&router, b"").await;
        connected(&mut events).await;
        for context in ["", "a", "0123456789abcdef"] {
            peer.send(&ping(0, context.as_bytes())).await;
            let answer = pong(context.as_bytes());
            assert_eq!(peer.receive(answer.len()).await, answer);
        }
        // Between the frames of a message, too.
        peer.send(&[b"\x01\x00", &ping(0, b"x")[..], b"\x00\x01a"].concat()).await;
        assert_eq!(peer.receive(pong(b"x").len()).await, pong(b"x"));
        assert_eq!(message(&mut events).await.1, frames(&["", "a"]));
    });
}

#[test]
fn a_silent_peer_is_asked_and_then_given_up_and_one_that_answers_is_not() {
    run(async {
        let (router, mut events) = router(impatient());
        let mut lively = Raw::req(&router, b"lively").await;
        assert_eq!(connected(&mut events).await, "lively");
        let living = async {
            loop {
                assert_eq!(lively.receive(ping(0, b"").len()).await, ping(0, b""));
                lively.send(&pong(b"")).await;
            }
        };
        let dying = async {
            let mut silent = Raw::req(&router, b"silent").await;
            assert_eq!(connected(&mut events).await, "silent");
            assert_eq!(silent.rest().await[..ping(0, b"").len()], ping(0, b""));
            let (who, error) = disconnected(&mut events).await;
            assert!(who == "silent" && matches!(error, Some(Error::HeartbeatTimeout)), "{error:?}");
        };
        tokio::select! {
            () = living => {}
            () = dying => {}
        }
        lively.send(&wire(&frames(&["", "still here"]))).await;
        assert_eq!(message(&mut events).await.0, "lively");
    });
}

#[test]
fn a_peer_is_given_up_when_it_is_silent_for_longer_than_it_has_said() {
    run(async {
        let (router, mut events) = router(Options::default());
        let mut peer = Raw::req(&router, b"").await;
        connected(&mut events).await;
        peer.send(&ping(1, b"")).await; // a tenth of a second
        assert_eq!(peer.rest().await, pong(b""));
        let (_, error) = disconnected(&mut events).await;
        assert!(matches!(error, Some(Error::HeartbeatTimeout)), "{error:?}");
    });
}

#[test]
fn a_peer_that_knows_no_heartbeats_is_not_asked() {
    run(async {
        let (router, mut events) = router(impatient());
        let mut old = Raw::connect(&router.local_endpoint()).await;
        let mut three_0 = greeting();
        three_0[11] = 0;
        old.send(&[&three_0[..], &ready(Kind::Req, b"old")].concat()).await;
        assert_eq!(connected(&mut events).await, "old");
        old.receive(greeting().len() + ready(Kind::Router, b"").len()).await;
        // Somebody else is silent for long enough to be given up.
        let _silent = Raw::req(&router, b"silent").await;
        assert_eq!(connected(&mut events).await, "silent");
        assert_eq!(disconnected(&mut events).await.0, "silent");
        old.send(&wire(&frames(&["", "a"]))).await;
        let (identity, question) = message(&mut events).await;
        router.send(&identity, question.clone()).unwrap();
        assert_eq!(old.receive(5).await, wire(&question));
    });
}

#[test]
fn a_silent_server_is_given_up_and_asked_again() {
    run(async {
        let (listener, place) = RawListener::bind(&endpoint("tcp://127.0.0.1:0"));
        let options = Options { reconnect: Duration::from_millis(1), ..impatient() };
        let req = Req::connect(&place, options);
        let serving = async {
            let mut silent = listener.accept().await;
            silent.send(&[&greeting()[..], &ready(Kind::Router, b"")].concat()).await;
            silent.rest().await;
            let mut lively = listener.accept().await;
            lively.send(&[&greeting()[..], &ready(Kind::Router, b"")].concat()).await;
            lively.receive(greeting().len() + ready(Kind::Req, b"").len()).await;
            lively
        };
        let (lost, mut lively) = tokio::join!(req.request(frames(&["a"]), None), serving);
        let Err(RequestError::Lost(Some(error))) = lost else { panic!("{lost:?}") };
        assert!(matches!(*error, Error::HeartbeatTimeout));
        lively.send(b"").await;
        let answering = async {
            loop {
                let head = lively.receive(2).await;
                let rest = lively.receive(head[1].into()).await;
                match head[0] {
                    4 => lively.send(&pong(&rest[7..])).await,
                    0 => return lively.send(&wire(&frames(&["", "b"]))).await,
                    _ => {}
                }
            }
        };
        let (answer, ()) = tokio::join!(req.request(frames(&["a"]), None), answering);
        assert_eq!(answer.unwrap(), frames(&["b"]));
    });
}
