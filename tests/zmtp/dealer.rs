//! DEALER: what waits, what is lost with a connection and what is not, and who may hear of it.

use std::time::Duration;

use bytes::Bytes;
use ferripc::engine::codec::zmtp::{Kind, greeting, ready};
use ferripc::protocols::zmtp::{
    Dealer, DealerEvent, DealerEvents, Endpoint, Options, RouterEvent, SendError,
};

use super::raw::{Raw, RawListener, wire};
use super::{endpoint, frames, message, places, router, run};

fn quick() -> Options {
    Options { reconnect: Duration::from_millis(1), ..Options::default() }
}

fn dealer(to: &Endpoint, options: Options) -> (Dealer, DealerEvents) {
    Dealer::connect(to, options).unwrap()
}

async fn connected(events: &mut DealerEvents) {
    assert!(matches!(events.recv().await, Some(DealerEvent::Connected)));
}

/// The next connection, with the handshake of a ROUTER.
async fn handshake(listener: &RawListener) -> Raw {
    let mut peer = listener.accept().await;
    peer.send(&[&greeting()[..], &ready(Kind::Router, b"")].concat()).await;
    peer.receive(greeting().len() + ready(Kind::Dealer, b"").len()).await;
    peer
}

#[test]
fn messages_go_both_ways_as_they_like_over_each_transport() {
    run(async {
        for place in places() {
            let options = Options { identity: b"me".to_vec(), ..quick() };
            let (dealer, mut events);
            let (router, mut heard) = {
                // It waits for one that is not there yet.
                let bound = super::Router::bind(&place, Options::default()).unwrap();
                (dealer, events) = self::dealer(&bound.0.local_endpoint(), options);
                bound
            };
            let count = 500u32;
            for number in 0..count {
                dealer.send(vec![Bytes::new(), number.to_string().into()]).unwrap();
            }
            connected(&mut events).await;
            assert_eq!(super::connected(&mut heard).await, "me");
            let mut received = 0;
            let mut number = 0;
            while number < count || received < 2 * count {
                tokio::select! {
                    event = heard.recv() => {
                        let Some(RouterEvent::Message { identity, frames }) = event else { panic!() };
                        assert_eq!(frames, [Bytes::new(), number.to_string().into()]);
                        number += 1;
                        for _ in 0..2 {
                            router.send(&identity, frames.clone()).unwrap();
                        }
                    }
                    event = events.recv() => {
                        let Some(DealerEvent::Message(frames)) = event else { panic!() };
                        assert_eq!(frames[1], (received / 2).to_string());
                        received += 1;
                    }
                }
            }
            assert_eq!((dealer.close().await, dealer.waiting()), (0, 0));
            assert_eq!(dealer.send(frames(&["a"])), Err(SendError::Closed));
            assert!(matches!(
                events.recv().await,
                Some(DealerEvent::Disconnected { error: None, unsent: None })
            ));
            assert!(events.recv().await.is_none());
            router.close().await;
        }
    });
}

#[test]
fn what_waits_is_sent_when_somebody_is_there_in_order() {
    run(async {
        let (listener, place) = RawListener::bind(&endpoint("tcp://127.0.0.1:0"));
        drop(listener);
        let (dealer, mut events) = dealer(&place, quick());
        let all: Vec<Vec<Bytes>> = ["a", "b", "c"].map(|text| frames(&[text])).into();
        for frames in &all {
            dealer.send(frames.clone()).unwrap();
        }
        while dealer.last_error().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(dealer.waiting(), 3);
        let (listener, _) = RawListener::bind(&place);
        let mut peer = handshake(&listener).await;
        connected(&mut events).await;
        assert!(dealer.last_error().is_none());
        let expected = all.iter().flat_map(|frames| wire(frames)).collect::<Vec<_>>();
        assert_eq!(peer.receive(expected.len()).await, expected);
    });
}

#[test]
fn a_message_that_the_connection_was_lost_in_is_given_back_and_the_next_ones_are_sent() {
    run(async {
        for place in places() {
            let (listener, place) = RawListener::bind(&place);
            let (dealer, mut events) = dealer(&place, quick());
            // More than the system takes.
            let large = vec![Bytes::from(vec![7; 32 << 20]), Bytes::from_static(b"end")];
            dealer.send(large.clone()).unwrap();
            dealer.send(frames(&["next"])).unwrap();
            let mut peer = handshake(&listener).await;
            connected(&mut events).await;
            peer.receive(100_000).await;
            drop(peer);
            match events.recv().await {
                Some(DealerEvent::Disconnected { unsent: Some(unsent), .. }) => {
                    assert_eq!(unsent, large);
                }
                other => panic!("{:?}", other.map(|_| "another event")),
            }
            let mut peer = handshake(&listener).await;
            connected(&mut events).await;
            let next = wire(&frames(&["next"]));
            assert_eq!(peer.receive(next.len()).await, next);
            assert_eq!(dealer.waiting(), 0);
        }
    });
}

#[test]
fn what_waits_has_a_limit() {
    run(async {
        let (listener, nobody) = RawListener::bind(&endpoint("tcp://127.0.0.1:0"));
        drop(listener);
        let (dealer, _events) = dealer(&nobody, Options { max_outgoing_bytes: 1000, ..quick() });
        // One that is larger is taken where nothing waits.
        dealer.send(vec![vec![0; 2000].into()]).unwrap();
        assert_eq!(dealer.send(frames(&["a"])), Err(SendError::Full));
        assert_eq!(dealer.send(Vec::new()), Err(SendError::Empty));
        assert_eq!(dealer.close().await, 1);
        assert_eq!(dealer.close().await, 1);
        assert_eq!(dealer.send(frames(&["a"])), Err(SendError::Closed));
        // Frames without bytes count, too.
        let (dealer, _events) =
            self::dealer(&nobody, Options { max_outgoing_bytes: 1000, ..quick() });
        let sent = (0..1000).take_while(|_| dealer.send(frames(&[""])).is_ok()).count();
        assert!((1..100).contains(&sent), "{sent}");
    });
}

#[test]
fn the_close_sends_what_waits_as_long_as_the_peer_reads() {
    run(async {
        let (listener, place) = RawListener::bind(&endpoint("tcp://127.0.0.1:0"));
        let (dealer, mut events) = dealer(&place, quick());
        let mut peer = handshake(&listener).await;
        connected(&mut events).await;
        let messages: Vec<Vec<Bytes>> =
            (0..20u8).map(|n| vec![Bytes::from(vec![n; 1 << 20])]).collect();
        for frames in &messages {
            dealer.send(frames.clone()).unwrap();
        }
        let expected = messages.iter().flat_map(|frames| wire(frames)).collect::<Vec<_>>();
        let closing = tokio::spawn(async move { dealer.close().await });
        let received = peer.receive(expected.len()).await;
        assert!(received == expected);
        assert!(peer.rest().await.is_empty());
        closing.await.unwrap();
        // Who does not read keeps nobody.
        let (dealer, mut events) = self::dealer(&place, quick());
        let _peer = handshake(&listener).await;
        connected(&mut events).await;
        for frames in &messages {
            dealer.send(frames.clone()).unwrap();
        }
        assert!(dealer.close().await > 0);
    });
}

#[test]
fn a_program_that_takes_no_events_holds_its_peer_back_and_ends_it_when_it_drops_them() {
    run(async {
        let (router, mut heard) = router(Options::default());
        let (dealer, events) = dealer(&router.local_endpoint(), quick());
        dealer.send(frames(&["here"])).unwrap();
        let identity = super::connected(&mut heard).await;
        message(&mut heard).await;
        let large = vec![Bytes::from(vec![0; 1 << 20])];
        let mut sent = 0;
        while router.send(&identity, large.clone()).is_ok() {
            sent += 1;
            assert!(sent < 1000);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(events);
        assert_eq!(super::disconnected(&mut heard).await.0, identity);
        while dealer.send(frames(&["a"])) != Err(SendError::Closed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}

#[test]
fn what_can_never_be_is_an_error_at_once() {
    run(async {
        for text in ["tcp://*:1", "tcp://127.0.0.1:0"] {
            assert!(Dealer::connect(&endpoint(text), Options::default()).is_err(), "{text}");
        }
        let options = Options { identity: vec![0], ..Options::default() };
        assert!(Dealer::connect(&endpoint("tcp://127.0.0.1:1"), options).is_err());
    });
}

#[test]
fn what_came_before_the_end_is_delivered_though_there_is_no_other_connection() {
    run(async {
        for place in places() {
            let (listener, place) = RawListener::bind(&place);
            let (dealer, mut events) = dealer(&place, quick());
            let peer = handshake(&listener).await;
            // Some more than waits for the program (4 MiB, with 320 for each message): the rest waits at the connection.
            let count = 3200;
            let message = [Bytes::from(vec![b'x'; 1000])];
            peer.send(&wire(&message).repeat(count)).await;
            drop((peer, listener));
            while dealer.last_error().is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await; // until the next attempt has failed
            }
            connected(&mut events).await;
            for _ in 0..count {
                let Some(DealerEvent::Message(frames)) = events.recv().await else { panic!() };
                assert_eq!(frames, message);
            }
            assert!(matches!(events.recv().await, Some(DealerEvent::Disconnected { .. })));
            dealer.close().await;
        }
    });
}
