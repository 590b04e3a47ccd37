//! ferripc's ROUTER and REP, with sockets of libzmq that connect.

use std::time::Duration;

use bytes::Bytes;
use ferripc::protocols::zmtp::{Endpoint, Options, Rep, Router, RouterEvent, RouterEvents};
use zmtp_tests::{bound, echo, places, run};

use crate::process::{Peer, is_here, signal};

/// Plays a scenario against a router that sends everything back. Returns the events, in words.
async fn against_echo(scenario: &str, place: &str, options: Options) -> Vec<String> {
    let (router, mut events) = bound(place, options);
    let peer = Peer::start(scenario, &router.local_endpoint().to_string());
    let playing = async {
        peer.ends_well().await;
        router.close().await;
    };
    tokio::join!(playing, echo(&router, &mut events)).1
}

#[test]
fn their_sockets_ask_our_router() {
    if !is_here() {
        return;
    }
    run(async {
        for place in places() {
            for (scenario, peers) in [("req", 1), ("large", 1), ("many", 40), ("dealer", 1)] {
                let story = against_echo(scenario, &place, Options::default()).await;
                assert_eq!(
                    story,
                    [vec!["connected"; peers], vec!["gone"; peers]].concat(),
                    "{scenario}"
                );
            }
        }
    });
}

#[test]
fn a_peer_with_heartbeats_is_never_cut_off_and_ours_are_answered() {
    if !is_here() {
        return;
    }
    run(async {
        let play = |scenario, interval: Option<u64>| {
            let options = Options {
                heartbeat_interval: interval.map(Duration::from_millis),
                heartbeat_timeout: Duration::from_secs(1),
                ..Options::default()
            };
            against_echo(scenario, "tcp://127.0.0.1:0", options)
        };
        // Theirs alone, both, ours alone.
        let stories = tokio::join!(
            play("heartbeats", None),
            play("heartbeats", Some(50)),
            play("silence", Some(50)),
        );
        for story in [stories.0, stories.1, stories.2] {
            // If it has not read a PING or PONG when it ends, its end is a reset.
            assert!(
                matches!(&story[..], [first, end] if first == "connected"
                    && (end == "gone" || end == "read ECONNRESET")),
                "{story:?}"
            );
        }
    });
}

#[test]
fn a_peer_that_is_stopped_is_given_up_and_comes_back() {
    if !is_here() || cfg!(not(unix)) {
        return;
    }
    run(async {
        let options = Options {
            heartbeat_interval: Some(Duration::from_millis(100)),
            heartbeat_timeout: Duration::from_secs(1),
            ..Options::default()
        };
        let (router, mut events) = bound("tcp://127.0.0.1:0", options);
        let mut peer = Peer::start("dealer-on-command", &router.local_endpoint().to_string());
        assert!(matches!(events.recv().await, Some(RouterEvent::Connected { .. })));
        signal(&peer, "STOP");
        match events.recv().await {
            Some(RouterEvent::Disconnected { error: Some(error), .. }) => {
                assert_eq!(error.to_string(), "the peer has been silent for too long");
            }
            other => panic!("{other:?}"),
        }
        signal(&peer, "CONT");
        assert!(matches!(events.recv().await, Some(RouterEvent::Connected { .. })));
        peer.tell("go").await;
        let Some(RouterEvent::Message { frames, .. }) = events.recv().await else { panic!() };
        assert_eq!(frames, zmtp_tests::frames(&["go"]));
    });
}

#[test]
fn a_peer_that_is_killed_in_a_message_takes_nobody_with_it() {
    if !is_here() || cfg!(not(unix)) {
        return;
    }
    run(async {
        for place in places() {
            let (router, mut events) = bound(&place, Options::default());
            let to = router.local_endpoint().to_string();
            let mut bystander = Peer::start("dealer-on-command", &to);
            let Some(RouterEvent::Connected { .. }) = events.recv().await else { panic!() };
            // It sends without a pause: so it is likely to be killed within a message.
            let flood = Peer::start("flood", &to);
            let Some(RouterEvent::Connected { identity: flooder }) = events.recv().await else {
                panic!()
            };
            loop {
                match events.recv().await.expect("an event") {
                    RouterEvent::Message { frames, .. } => {
                        assert_eq!(frames[0].len(), 5_000_000);
                        signal(&flood, "KILL");
                    }
                    RouterEvent::Disconnected { identity, .. } => {
                        break assert_eq!(identity, flooder);
                    }
                    other => panic!("{other:?}"),
                }
            }
            bystander.tell("still here").await;
            let Some(RouterEvent::Message { frames, .. }) = events.recv().await else { panic!() };
            assert_eq!(frames, zmtp_tests::frames(&["still here"]));
        }
    });
}

/// The identity and the text of the next message.
async fn text(events: &mut RouterEvents) -> (Bytes, String) {
    loop {
        if let RouterEvent::Message { identity, frames } = events.recv().await.expect("an event") {
            return (identity, String::from_utf8_lossy(&frames[frames.len() - 1]).into_owned());
        }
    }
}

#[test]
fn of_two_with_one_identity_the_first_is_heard() {
    if !is_here() {
        return;
    }
    run(async {
        // First libzmq's own ROUTER: ferripc's has to do the same.
        let mut theirs = Peer::start("router-two-with-one-identity", "tcp://127.0.0.1:*");
        assert_eq!(theirs.says().await, "heard: first 1, first 2");
        // Then ferripc's, with the same two.
        let (router, mut events) = bound("tcp://127.0.0.1:0", Options::default());
        let mut two = Peer::start("two-with-one-identity", &router.local_endpoint().to_string());
        assert_eq!(text(&mut events).await, ("same".into(), "first 1".into()));
        two.tell("second").await;
        assert_eq!(two.says().await, "second has sent");
        while router.refusals().count == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        two.tell("first").await;
        assert_eq!(text(&mut events).await, ("same".into(), "first 2".into()));
        // Better than libzmq's, where the second one is never heard: when the first has left, it is heard, with everything
        // that it has sent. A REQ sends its request only once.
        two.tell("first goes").await;
        loop {
            match events.recv().await.expect("an event") {
                RouterEvent::Connected { identity } => break assert_eq!(identity, "same"),
                RouterEvent::Disconnected { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(text(&mut events).await, ("same".into(), "second 1".into()));
        two.tell("second").await;
        assert_eq!(text(&mut events).await, ("same".into(), "second 2".into()));
    });
}

#[test]
fn their_req_and_dealer_ask_our_rep() {
    if !is_here() {
        return;
    }
    run(async {
        for place in places() {
            for scenario in ["req", "large", "many", "dealer"] {
                let endpoint = Endpoint::parse(&place).expect("an endpoint");
                let (rep, mut questions) =
                    Rep::bind(&endpoint, Options::default()).expect("a place of its own");
                let peer = Peer::start(scenario, &rep.local_endpoint().to_string());
                let playing = async {
                    peer.ends_well().await;
                    rep.close().await;
                };
                let answering = async {
                    while let Some(question) = questions.recv().await {
                        let answer = question.frames().to_vec();
                        question.answer(answer).expect("room");
                    }
                };
                tokio::join!(playing, answering);
                assert_eq!(rep.refusals().count, 0);
            }
        }
    });
}

#[test]
fn sockets_that_do_not_go_together_are_told_apart() {
    if !is_here() {
        return;
    }
    run(async {
        // libzmq disconnects silently if it sees another mechanism than its own.
        let mechanism = "the peer closed the connection in the middle of its greeting: \
                         it may want another security mechanism than NULL";
        let sub = "the peer's socket is \"SUB\", which does not go with ROUTER";
        for (scenario, reason) in [("sub", sub), ("curve", mechanism), ("plain", mechanism)] {
            let (router, _events): (Router, _) = bound("tcp://127.0.0.1:0", Options::default());
            let _peer = Peer::start(scenario, &router.local_endpoint().to_string());
            let why = loop {
                match router.refusals().last {
                    Some(why) => break why,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            assert_eq!(why, reason, "{scenario}");
        }
    });
}
