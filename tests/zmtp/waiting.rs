//! Who does not read, and a program that does not take: what waits is bounded, and nothing of it is lost.

use std::time::Duration;

use bytes::Bytes;
use ferripc::engine::codec::zmtp::{ping, pong};
#[cfg(unix)]
use ferripc::protocols::zmtp::Router;
use ferripc::protocols::zmtp::{Options, RouterEvent, SendError};

use super::raw::{Raw, wire};
use super::{connected, disconnected, frames, message, req, router, run};

#[test]
fn a_peer_that_does_not_read_fills_its_own_queue_and_no_others() {
    run(async {
        let (router, mut events) =
            router(Options { max_outgoing_bytes: 1 << 20, ..Options::default() });
        let mut slow = Raw::req(&router, b"slow").await;
        assert_eq!(connected(&mut events).await, "slow");
        let piece = vec![Bytes::new(), Bytes::from(vec![7; 100_000])];
        let mut sent = 0;
        while router.send(b"slow", piece.clone()).is_ok() {
            sent += 1;
            assert!(sent < 1000, "there is no end of it");
            tokio::task::yield_now().await;
        }
        assert_eq!(router.send(b"slow", piece.clone()), Err(SendError::Full));
        // Another one is answered meanwhile.
        let req = req(&router);
        let answering = async {
            let who = connected(&mut events).await;
            message(&mut events).await;
            router.send(&who, frames(&["", "b"])).unwrap();
        };
        assert_eq!(
            tokio::join!(req.request(frames(&["a"]), None), answering).0.unwrap(),
            frames(&["b"])
        );
        // All that was taken arrives, and then there is room again.
        for _ in 0..sent {
            assert_eq!(slow.receive(wire(&piece).len()).await, wire(&piece));
        }
        router.send(b"slow", frames(&["", "end"])).unwrap();
        assert_eq!(slow.receive(7).await, wire(&frames(&["", "end"])));
        // A message that is over the limit by itself is taken, too, if none waits.
        let large = vec![Bytes::from(vec![7; 32 << 20])];
        router.send(b"slow", large.clone()).unwrap();
        assert_eq!(router.send(b"slow", frames(&["a"])), Err(SendError::Full));
        assert_eq!(slow.receive(wire(&large).len()).await, wire(&large));
    });
}

#[test]
fn who_asks_for_answers_and_reads_none_is_not_read_from() {
    run(async {
        let (router, mut events) = router(Options::default());
        let mut peer = Raw::req(&router, b"").await;
        connected(&mut events).await;
        let ping = ping(0, b"0123456789abcdef");
        let many = ping.repeat(10_000);
        let mut sent = 0;
        // Until the system takes no more, as the router reads no more.
        while tokio::time::timeout(Duration::from_millis(500), peer.send(&many)).await.is_ok() {
            sent += 1;
            assert!(sent < 200, "there is no end of it");
        }
        let answers = pong(b"0123456789abcdef").repeat(10_000);
        for _ in 0..sent {
            assert_eq!(peer.receive(answers.len()).await, answers);
        }
    });
}

#[test]
fn a_program_that_takes_nothing_holds_its_peers_back_and_gets_all_of_it_in_the_end() {
    run(async {
        let (router, mut events) = router(Options::default());
        let flood = Raw::req(&router, b"flood").await;
        let large = wire(&[Bytes::from(vec![7; 1 << 20])]);
        let mut sent = 0;
        while tokio::time::timeout(Duration::from_millis(500), flood.send(&large)).await.is_ok() {
            sent += 1;
            assert!(sent < 1000, "there is no end of it");
        }
        assert_eq!(connected(&mut events).await, "flood");
        for _ in 0..sent {
            assert_eq!(message(&mut events).await.1[0].len(), 1 << 20);
        }
        drop(flood); // in the middle of another one
        assert_eq!(disconnected(&mut events).await.0, "flood");
    });
}

#[test]
fn who_waits_for_an_answer_has_its_pings_answered_even_if_the_program_takes_nothing() {
    run(async {
        let options = Options {
            heartbeat_interval: Some(Duration::from_millis(20)),
            heartbeat_timeout: Duration::from_secs(2),
            ..Options::default()
        };
        let (router, mut events) = router(options);
        // Others have filled the way to the program.
        let flood = Raw::req(&router, b"flood").await;
        let large = wire(&[Bytes::from(vec![7; 1 << 20])]);
        while tokio::time::timeout(Duration::from_millis(500), flood.send(&large)).await.is_ok() {}
        let mut patient = Raw::req(&router, b"patient").await;
        patient.send(&wire(&frames(&["", "a"]))).await;
        for _ in 0..20 {
            patient.send(&ping(0, b"x")).await;
            loop {
                // A command of this side is a PING or that PONG.
                let head = patient.receive(2).await;
                let body = patient.receive(head[1].into()).await;
                if body == "\x04PONGx" {
                    break;
                }
                assert_eq!(&body[..5], b"\x04PING");
                patient.send(&pong(b"")).await;
            }
        }
        // The one that is not read from cannot be heard, and is not given up for it.
        let mut taken = Vec::new();
        while !taken.contains(&"patient".to_owned()) {
            match events.recv().await.unwrap() {
                RouterEvent::Message { identity, .. } if identity == "patient" => {
                    taken.push("patient".to_owned());
                }
                RouterEvent::Disconnected { identity, error } => panic!("{identity:?}: {error:?}"),
                _ => {}
            }
        }
    });
}

/// On a Unix socket: TCP itself drops what was not read, when something is sent to who has gone.
#[cfg(unix)]
#[test]
fn what_a_peer_has_sent_before_it_went_is_there_when_the_program_takes_it() {
    run(async {
        let place = super::endpoint(&format!("ipc://{}", super::path().display()));
        let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
        let peer = Raw::req(&router, b"peer").await;
        let piece = wire(&[Bytes::from(vec![7; 10_000])]);
        let mut sent = 0;
        while tokio::time::timeout(Duration::from_millis(500), peer.send(&piece)).await.is_ok() {
            sent += 1;
            assert!(sent < 10_000, "there is no end of it");
        }
        assert_eq!(connected(&mut events).await, "peer");
        drop(peer); // in the middle of another one
        router.send(b"peer", frames(&["", "too late"])).unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await; // the program is busy
        for _ in 0..sent {
            assert_eq!(message(&mut events).await.1[0].len(), 10_000);
        }
        assert_eq!(disconnected(&mut events).await.0, "peer");
    });
}

#[test]
fn when_nobody_takes_events_any_more_all_connections_end() {
    run(async {
        let (router, mut events) = router(Options::default());
        let mut peer = Raw::req(&router, b"peer").await;
        connected(&mut events).await;
        drop(events);
        peer.rest().await;
        assert_eq!(router.send(b"peer", frames(&["a"])), Err(SendError::UnknownPeer));
    });
}

#[test]
fn who_comes_with_the_identity_of_another_waits_and_what_it_says_is_heard_when_that_one_has_gone() {
    run(async {
        let (router, mut events) = router(Options::default());
        let first = Raw::req(&router, b"same").await;
        assert_eq!(connected(&mut events).await, "same");
        let mut second = Raw::req(&router, b"same").await;
        second.send(&wire(&frames(&["", "once"]))).await;
        // It is alive, and answered as such, but not heard.
        second.send(&ping(0, b"?")).await;
        let answer = pong(b"?");
        assert_eq!(second.receive(answer.len()).await, answer);
        assert_eq!(router.refusals().count, 1);
        first.send(&wire(&frames(&["", "first"]))).await;
        assert_eq!(message(&mut events).await, (Bytes::from("same"), frames(&["", "first"])));
        // Of those who wait, one that goes takes nobody's place.
        drop(Raw::req(&router, b"same").await);
        drop(first);
        disconnected(&mut events).await;
        assert_eq!(connected(&mut events).await, "same");
        assert_eq!(message(&mut events).await, (Bytes::from("same"), frames(&["", "once"])));
        router.send(b"same", frames(&["", "heard"])).unwrap();
        let answer = wire(&frames(&["", "heard"]));
        assert_eq!(second.receive(answer.len()).await, answer);
        router.close().await; // with nobody left behind
    });
}
