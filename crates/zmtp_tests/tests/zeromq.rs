//! Tests with the crate `zeromq`, which shares no code with ferripc or libzmq. It speaks ZMTP without heartbeats, and its
//! sockets do not reconnect.

use bytes::Bytes;
use ferripc::protocols::zmtp::{Dealer, DealerEvent, Endpoint, Options, Rep, Req};
use zeromq::{RepSocket, ReqSocket, RouterSocket, Socket, SocketRecv, SocketSend, ZmqMessage};
use zmtp_tests::{bound, echo, frames, places, run};

/// The endpoints that the crate supports: it has no abstract names.
fn their_places() -> Vec<String> {
    places().into_iter().filter(|place| !place.contains('@')).collect()
}

fn message(frames: Vec<Bytes>) -> ZmqMessage {
    frames.try_into().expect("a frame")
}

#[test]
fn their_req_sockets_ask_our_router() {
    run(async {
        for place in their_places() {
            let (router, mut events) = bound(&place, Options::default());
            let to = router.local_endpoint().to_string();
            let asking = async {
                let mut peers = tokio::task::JoinSet::new();
                for peer in 0..40u8 {
                    let to = to.clone();
                    peers.spawn(async move {
                        let mut req = ReqSocket::new();
                        req.connect(&to).await.expect("a connection");
                        for turn in 0..10 {
                            let question = vec![Bytes::from(vec![peer]), Bytes::from(vec![turn])];
                            req.send(message(question.clone())).await.expect("sent");
                            let answer = req.recv().await.expect("an answer");
                            assert_eq!(answer.into_vec(), question);
                        }
                    });
                }
                while let Some(peer) = peers.join_next().await {
                    peer.expect("it passes");
                }
                // 1.4 MB in 20 frames.
                let mut req = ReqSocket::new();
                req.connect(&to).await.expect("a connection");
                let large: Vec<Bytes> = (0..20).map(|n| vec![n; 70_000].into()).collect();
                req.send(message(large.clone())).await.expect("sent");
                assert_eq!(req.recv().await.expect("an answer").into_vec(), large);
                router.close().await;
            };
            let ((), story) = tokio::join!(asking, echo(&router, &mut events));
            assert_eq!(story.iter().filter(|event| *event == "connected").count(), 41);
        }
    });
}

#[test]
fn their_req_asks_our_rep_and_our_dealer_their_router() {
    run(async {
        for place in their_places() {
            let endpoint = Endpoint::parse(&place).expect("an endpoint");
            let (rep, mut questions) =
                Rep::bind(&endpoint, Options::default()).expect("a place of its own");
            let mut req = ReqSocket::new();
            req.connect(&rep.local_endpoint().to_string()).await.expect("a connection");
            req.send(message(frames(&["a", "", "b"]))).await.expect("sent");
            let question = questions.recv().await.expect("a question");
            assert_eq!(question.frames(), frames(&["a", "", "b"]));
            question.answer(frames(&["c"])).expect("room");
            assert_eq!(req.recv().await.expect("an answer").into_vec(), frames(&["c"]));
            rep.close().await;
        }
        for place in their_places() {
            let mut router = RouterSocket::new();
            let to = router.bind(&place).await.expect("a place").to_string();
            let options = Options { identity: b"me".to_vec(), ..Options::default() };
            let (dealer, mut events) =
                Dealer::connect(&Endpoint::parse(&to).expect("one"), options).expect("one");
            dealer.send(frames(&["a", "b"])).expect("room");
            let question = router.recv().await.expect("a message").into_vec();
            assert_eq!(question, frames(&["me", "a", "b"]));
            router.send(message(question)).await.expect("sent");
            assert!(matches!(events.recv().await, Some(DealerEvent::Connected)));
            let Some(DealerEvent::Message(got)) = events.recv().await else { panic!() };
            assert_eq!(got, frames(&["a", "b"]));
        }
    });
}

#[test]
fn our_req_asks_their_rep_and_their_router() {
    run(async {
        for place in their_places() {
            let mut rep = RepSocket::new();
            let to = rep.bind(&place).await.expect("a place").to_string();
            let req = Req::connect(&Endpoint::parse(&to).expect("one"), Options::default());
            let answering = async {
                let question = rep.recv().await.expect("a question");
                rep.send(question).await.expect("sent");
            };
            let question = frames(&["a", "", "b"]);
            let (answer, ()) = tokio::join!(req.request(question.clone(), None), answering);
            assert_eq!(answer.expect("an answer"), question);
            req.close().await;
            drop(rep);
        }
        for place in their_places() {
            let mut router = RouterSocket::new();
            let to = router.bind(&place).await.expect("a place").to_string();
            let options = Options { identity: b"me".to_vec(), ..Options::default() };
            let req = Req::connect(&Endpoint::parse(&to).expect("one"), options);
            let answering = async {
                let question = router.recv().await.expect("a question").into_vec();
                assert_eq!(question, frames(&["me", "", "a"]));
                router.send(message(question)).await.expect("sent");
            };
            let (answer, ()) = tokio::join!(req.request(frames(&["a"]), None), answering);
            assert_eq!(answer.expect("an answer"), frames(&["a"]));
        }
    });
}
