//! Questions and answers between our own sockets.

use std::time::Duration;

use bytes::Bytes;
use ferripc::engine::codec::zmtp::{Kind, greeting, ping, pong, ready};
use ferripc::protocols::zmtp::{Options, Req, RequestError, Router, SendError};

use super::raw::{Raw, RawListener, wire};
use super::{connected, disconnected, echo, frames, message, places, req, router, run};

#[test]
fn a_question_is_answered_over_each_transport() {
    run(async {
        for place in places() {
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            let req = req(&router);
            let answering = async {
                let identity = connected(&mut events).await;
                assert_eq!((identity.len(), identity[0]), (5, 0));
                let question = (identity.clone(), frames(&["", "a", "b"]));
                assert_eq!(message(&mut events).await, question);
                router.send(&identity, frames(&["", "c"])).unwrap();
                identity
            };
            let (identity, answer) =
                tokio::join!(answering, req.request(frames(&["a", "b"]), None));
            assert_eq!(answer.unwrap(), frames(&["c"]));
            req.close().await;
            let (who, error) = disconnected(&mut events).await;
            assert!(who == identity && error.is_none(), "{error:?}");
            assert_eq!(router.send(&identity, frames(&["x"])), Err(SendError::UnknownPeer));
            router.close().await;
            assert!(events.recv().await.is_none());
            let closed = req.request(frames(&["a"]), None).await;
            assert!(matches!(closed, Err(RequestError::Closed)));
        }
    });
}

#[test]
fn large_messages_come_whole() {
    run(async {
        for place in places() {
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            let req = req(&router);
            let twenty: Vec<Bytes> = (0..20).map(|n| vec![n; 70_000].into()).collect();
            let one = vec![Bytes::from(vec![7; 10 << 20])];
            let asking = async {
                assert_eq!(req.request(twenty.clone(), None).await.unwrap(), twenty);
                assert_eq!(req.request(one.clone(), None).await.unwrap(), one);
                router.close().await;
            };
            tokio::join!(asking, echo(&router, &mut events));
        }
    });
}

#[test]
fn forty_peers_each_get_their_own_answers() {
    run(async {
        for place in places() {
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            let mut peers = tokio::task::JoinSet::new();
            for peer in 0..40 {
                let req = req(&router);
                peers.spawn(async move {
                    for turn in 0..20 {
                        let question = frames(&[&format!("{peer}.{turn}")]);
                        assert_eq!(req.request(question.clone(), None).await.unwrap(), question);
                    }
                });
            }
            let asking = async {
                while let Some(peer) = peers.join_next().await {
                    peer.unwrap();
                }
                router.close().await;
            };
            tokio::join!(asking, echo(&router, &mut events));
        }
    });
}

#[test]
fn those_who_ask_at_once_are_answered_one_after_the_other() {
    run(async {
        let (router, mut events) = router(Options::default());
        let req = req(&router);
        let asking = async {
            let ask = |text: &'static str| req.request(frames(&[text]), None);
            let (a, b, c) = tokio::join!(ask("a"), ask("b"), ask("c"));
            assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()].concat(), frames(&["a", "b", "c"]));
            router.close().await;
        };
        tokio::join!(asking, echo(&router, &mut events));
    });
}

#[test]
fn a_peer_keeps_its_own_identity_and_another_with_the_same_waits_until_it_is_free() {
    run(async {
        let (router, mut events) = router(Options::default());
        let first = Raw::req(&router, b"me").await;
        assert_eq!(connected(&mut events).await, "me");
        // The other one asks meanwhile, and does not get in the way of the first.
        let options = Options { identity: b"me".to_vec(), ..Options::default() };
        let second = Req::connect(&router.local_endpoint(), options);
        let answering = async {
            while router.refusals().count == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(router.refusals().last.unwrap(), "another peer has the identity \"me\"");
            first.send(&wire(&frames(&["", "from the first"]))).await;
            assert_eq!(message(&mut events).await.1, frames(&["", "from the first"]));
            drop(first);
            assert_eq!(disconnected(&mut events).await.0, "me");
            assert_eq!(connected(&mut events).await, "me");
            let (identity, question) = message(&mut events).await;
            router.send(&identity, question).unwrap();
        };
        let asked = second.request(frames(&["from the second"]), None);
        assert_eq!(tokio::join!(asked, answering).0.unwrap(), frames(&["from the second"]));
    });
}

#[test]
fn an_answer_that_comes_too_late_is_not_that_of_the_next_question() {
    run(async {
        for place in places() {
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            let req = req(&router);
            let none = req.request(frames(&["one"]), Some(Duration::from_millis(50))).await;
            assert!(matches!(none, Err(RequestError::Timeout)), "{none:?}");
            let late = connected(&mut events).await;
            assert_eq!(message(&mut events).await, (late.clone(), frames(&["", "one"])));
            // Nobody was there when it was asked: the next question comes over another connection.
            let answering = async {
                assert_eq!(disconnected(&mut events).await.0, late);
                let now = connected(&mut events).await;
                assert_ne!(now, late);
                assert_eq!(message(&mut events).await, (now.clone(), frames(&["", "two"])));
                let refused = router.send(&late, frames(&["", "to one"]));
                assert_eq!(refused, Err(SendError::UnknownPeer));
                router.send(&now, frames(&["", "to two"])).unwrap();
            };
            let asking = req.request(frames(&["two"]), None);
            assert_eq!(tokio::join!(asking, answering).0.unwrap(), frames(&["to two"]));
        }
    });
}

#[test]
fn an_answer_that_comes_late_but_before_the_next_question_costs_no_connection() {
    run(async {
        for place in places() {
            let (listener, place) = RawListener::bind(&place);
            let req = Req::connect(&place, Options::default());
            let limit = Some(Duration::from_millis(50));
            let (mut peer, none) =
                tokio::join!(handshake(&listener), req.request(frames(&["one"]), limit));
            assert!(matches!(none, Err(RequestError::Timeout)), "{none:?}");
            assert_eq!(peer.receive(7).await, &b"\x01\0\0\x03one"[..]);
            // When the PING is answered, what came before it has been seen.
            peer.send(&[&wire(&frames(&["", "to one"]))[..], &ping(0, b"")].concat()).await;
            assert_eq!(peer.receive(pong(b"").len()).await, pong(b""));
            let answering = async {
                assert_eq!(peer.receive(7).await, &b"\x01\0\0\x03two"[..]);
                peer.send(&wire(&frames(&["", "to two"]))).await;
            };
            let asking = req.request(frames(&["two"]), None);
            assert_eq!(tokio::join!(asking, answering).0.unwrap(), frames(&["to two"]));
        }
    });
}

#[test]
fn a_lost_connection_is_made_again_and_its_question_is_not_asked_twice() {
    run(async {
        for place in places() {
            let (listener, place) = RawListener::bind(&place);
            let options = Options { reconnect: Duration::from_millis(1), ..Options::default() };
            let req = Req::connect(&place, options);
            let losing = async {
                for _ in 0..2 {
                    let mut peer = handshake(&listener).await;
                    assert_eq!(peer.receive(5).await, &b"\x01\0\0\x01a"[..]);
                }
            };
            let asking = async {
                for _ in 0..2 {
                    let lost = req.request(frames(&["a"]), None).await;
                    assert!(matches!(lost, Err(RequestError::Lost(_))), "{lost:?}");
                }
            };
            tokio::join!(losing, asking);
            let answering = async {
                let mut peer = handshake(&listener).await;
                assert_eq!(peer.receive(5).await, &b"\x01\0\0\x01b"[..]);
                peer.send(b"\x01\0\0\x01c").await;
                peer
            };
            let (answer, _peer) = tokio::join!(req.request(frames(&["b"]), None), answering);
            assert_eq!(answer.unwrap(), frames(&["c"]));
        }
    });
}

/// The next connection, with its handshake done.
async fn handshake(listener: &RawListener) -> Raw {
    let mut peer = listener.accept().await;
    peer.send(&[&greeting()[..], &ready(Kind::Router, b"")].concat()).await;
    let theirs = [&greeting()[..], &ready(Kind::Req, b"")].concat();
    assert_eq!(peer.receive(theirs.len()).await, theirs);
    peer
}

#[test]
fn who_asks_before_anybody_is_there_waits_for_it() {
    run(async {
        for place in places() {
            // A place that is free: of a router that has gone.
            let (router, _) = Router::bind(&place, Options::default()).unwrap();
            let place = router.local_endpoint();
            router.close().await;
            let req = Req::connect(&place, Options::default());
            let none = req.request(frames(&["a"]), Some(Duration::from_millis(50))).await;
            assert!(matches!(none, Err(RequestError::Timeout)), "{none:?}");
            let error = req.last_error().unwrap().to_string();
            assert!(error.starts_with("connect E"), "{error}");
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            let asking = async {
                let answer = req.request(frames(&["b"]), None).await.unwrap();
                router.close().await;
                answer
            };
            let (answer, ()) = tokio::join!(asking, echo(&router, &mut events));
            assert_eq!(answer, frames(&["b"])); // what was given up is not asked
        }
    });
}

#[test]
fn what_is_no_message_is_refused() {
    run(async {
        let (router, mut events) = router(Options::default());
        let req = req(&router);
        let peer = connected(&mut events).await;
        assert_eq!(router.send(&peer, Vec::new()), Err(SendError::Empty));
        assert!(matches!(req.request(Vec::new(), None).await, Err(RequestError::Empty)));
        assert_eq!(router.send(b"nobody", frames(&["a"])), Err(SendError::UnknownPeer));
    });
}

#[test]
fn an_answer_without_its_empty_frame_ends_the_connection() {
    run(async {
        for answer in [frames(&["a", "b"]), frames(&[""]), frames(&["a"])] {
            let (router, mut events) = router(Options::default());
            let req = req(&router);
            let answering = async {
                let peer = connected(&mut events).await;
                message(&mut events).await;
                router.send(&peer, answer.clone()).unwrap();
                disconnected(&mut events).await
            };
            let (lost, _) = tokio::join!(req.request(frames(&["a"]), None), answering);
            let Err(RequestError::Lost(Some(error))) = lost else { panic!("{lost:?}") };
            let expected = "a message has no empty frame with something after it";
            assert_eq!(error.to_string(), expected);
        }
    });
}
