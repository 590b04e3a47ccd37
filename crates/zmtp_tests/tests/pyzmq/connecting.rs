//! ferripc's REQ and DEALER, with sockets of libzmq that are bound.

use std::time::Duration;

use bytes::Bytes;
use ferripc::protocols::zmtp::{Dealer, DealerEvent, Options, Req, RequestError};
use zmtp_tests::{frames, places, run};

use crate::process::{is_here, server};

#[test]
fn our_req_asks_their_rep_and_their_router() {
    if !is_here() {
        return;
    }
    run(async {
        for place in places() {
            for scenario in ["rep", "router"] {
                let (_peer, place) = server(scenario, &place).await;
                let req = Req::connect(&place, Options::default());
                for texts in [&["a"][..], &["", "b", ""]] {
                    let answer = req.request(frames(texts), None).await;
                    assert_eq!(answer.expect("an answer"), frames(texts));
                }
                let large: Vec<Bytes> = (0..20).map(|n| vec![n; 70_000].into()).collect();
                let answer = req.request(large.clone(), None).await;
                assert_eq!(answer.expect("an answer"), large);
                req.close().await;
            }
        }
    });
}

#[test]
fn our_dealer_talks_to_their_rep_their_router_and_their_dealer() {
    if !is_here() {
        return;
    }
    run(async {
        for place in places() {
            for scenario in ["rep", "router", "bound-dealer"] {
                let (_peer, place) = server(scenario, &place).await;
                let (dealer, mut events) =
                    Dealer::connect(&place, Options::default()).expect("an endpoint");
                let large = vec![Bytes::new(), vec![7; 3_000_000].into()];
                let mut sent: Vec<Vec<Bytes>> =
                    (0..100).map(|n| frames(&["hop", "", &n.to_string()])).collect();
                sent.push(large);
                for message in &sent {
                    dealer.send(message.clone()).expect("room");
                }
                assert!(matches!(events.recv().await, Some(DealerEvent::Connected)));
                for message in sent {
                    match events.recv().await {
                        Some(DealerEvent::Message(frames)) => assert_eq!(frames, message),
                        other => panic!("{other:?}"),
                    }
                }
                assert_eq!(dealer.close().await, 0);
            }
        }
    });
}

#[test]
fn what_our_dealer_sends_while_their_router_is_away_comes_when_it_is_back() {
    if !is_here() {
        return;
    }
    run(async {
        let (peer, place) = server("router", "tcp://127.0.0.1:0").await;
        let (dealer, mut events) =
            Dealer::connect(&place, Options::default()).expect("an endpoint");
        assert!(matches!(events.recv().await, Some(DealerEvent::Connected)));
        drop(peer);
        assert!(matches!(events.recv().await, Some(DealerEvent::Disconnected { .. })));
        for text in ["a", "b", "c"] {
            dealer.send(frames(&[text])).expect("room");
        }
        let (_peer, _) = server("router", &place.to_string()).await;
        assert!(matches!(events.recv().await, Some(DealerEvent::Connected)));
        for text in ["a", "b", "c"] {
            let Some(DealerEvent::Message(got)) = events.recv().await else { panic!() };
            assert_eq!(got, frames(&[text]));
        }
    });
}

#[test]
fn a_router_that_answers_late_does_not_spoil_the_next_question() {
    if !is_here() {
        return;
    }
    run(async {
        for place in places() {
            let (mut peer, place) = server("late-router", &place).await;
            let req = Req::connect(&place, Options::default());
            let ask = async |text: &str| req.request(frames(&[text]), None).await;
            assert_eq!(ask("zero").await.expect("an answer"), frames(&["to zero"]));
            let limit = Duration::from_millis(200);
            let (none, has) = tokio::join!(req.request(frames(&["one"]), Some(limit)), peer.says());
            assert!(matches!(none, Err(RequestError::Timeout)), "{none:?}");
            assert_eq!(has, "has one");
            // It answers the first question once it has the second, then the second.
            for (question, answer) in [("two", "to two"), ("three", "to three")] {
                assert_eq!(ask(question).await.expect("an answer"), frames(&[answer]));
            }
        }
    });
}

#[test]
fn a_server_that_starts_anew_is_found_again() {
    if !is_here() {
        return;
    }
    run(async {
        let (peer, place) = server("rep", "tcp://127.0.0.1:0").await;
        let req = Req::connect(&place, Options::default());
        assert_eq!(req.request(frames(&["a"]), None).await.expect("an answer"), frames(&["a"]));
        drop(peer);
        let (_peer, _) = server("rep", &place.to_string()).await;
        let mut answer = req.request(frames(&["b"]), None).await;
        while matches!(answer, Err(RequestError::Lost(_))) {
            answer = req.request(frames(&["b"]), None).await;
        }
        assert_eq!(answer.expect("an answer"), frames(&["b"]));
    });
}
