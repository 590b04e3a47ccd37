//! REP: whatever stands before a question comes back before its answer.

use std::time::Duration;

use ferripc::engine::codec::zmtp::{Kind, greeting, ready};
use ferripc::protocols::zmtp::{Dealer, DealerEvent, Options, Questions, Rep, Req, SendError};

use super::raw::{Raw, wire};
use super::{endpoint, frames, places, run};

fn rep() -> (Rep, Questions) {
    Rep::bind(&endpoint("tcp://127.0.0.1:0"), Options::default()).unwrap()
}

/// A peer whose handshake is over.
async fn peer(rep: &Rep, kind: Kind) -> Raw {
    let mut raw = Raw::connect(&rep.local_endpoint()).await;
    raw.send(&[&greeting()[..], &ready(kind, b"")].concat()).await;
    let expected = [&greeting()[..], &ready(Kind::Rep, b"")].concat();
    assert_eq!(raw.receive(expected.len()).await, expected);
    raw
}

#[test]
fn req_and_dealer_are_answered_over_each_transport() {
    run(async {
        for place in places() {
            let (rep, mut questions) = Rep::bind(&place, Options::default()).unwrap();
            let answering = async {
                while let Some(question) = questions.recv().await {
                    let mut answer = frames(&["to"]);
                    answer.extend_from_slice(question.frames());
                    question.answer(answer).unwrap();
                }
            };
            let asking = async {
                let req = Req::connect(&rep.local_endpoint(), Options::default());
                for question in [&["a"][..], &["", ""], &["b", "", "c"]] {
                    let answer = req.request(frames(question), None).await.unwrap();
                    assert_eq!(answer, [frames(&["to"]), frames(question)].concat());
                }
                req.close().await;
                let (dealer, mut events) =
                    Dealer::connect(&rep.local_endpoint(), Options::default()).unwrap();
                for number in ["1", "2", "3"] {
                    dealer.send(frames(&["hop", "", number])).unwrap();
                }
                assert!(matches!(events.recv().await, Some(DealerEvent::Connected)));
                for number in ["1", "2", "3"] {
                    let Some(DealerEvent::Message(answer)) = events.recv().await else { panic!() };
                    assert_eq!(answer, frames(&["hop", "", "to", number]));
                }
                assert_eq!(dealer.close().await, 0);
                rep.close().await;
            };
            tokio::join!(answering, asking);
        }
    });
}

#[test]
fn questions_are_answered_in_any_order_each_to_who_has_asked() {
    run(async {
        let (rep, mut questions) = rep();
        let mut peers = [peer(&rep, Kind::Req).await, peer(&rep, Kind::Dealer).await];
        let asked = [frames(&["", "one"]), frames(&["x", "y", "", "two"])];
        let mut taken = Vec::new();
        for (peer, frames) in peers.iter().zip(&asked) {
            peer.send(&wire(frames)).await;
            taken.push(questions.recv().await.unwrap());
        }
        assert_eq!(
            taken.iter().map(|it| it.frames().to_vec()).collect::<Vec<_>>(),
            [frames(&["one"]), frames(&["two"])]
        );
        assert_ne!(taken[0].identity(), taken[1].identity());
        for ((peer, asked), question) in peers.iter_mut().zip(&asked).zip(taken).rev() {
            let answer = question.frames().to_vec();
            question.answer(answer).unwrap();
            assert_eq!(peer.receive(wire(asked).len()).await, wire(asked));
        }
    });
}

#[test]
fn a_question_without_its_empty_frame_is_dropped_and_told_of() {
    run(async {
        let (rep, mut questions) = rep();
        let peer = peer(&rep, Kind::Dealer).await;
        for nonsense in [&["a"][..], &["a", "b"], &[""], &["a", ""]] {
            peer.send(&wire(&frames(nonsense))).await;
        }
        peer.send(&wire(&frames(&["", "sense"]))).await;
        assert_eq!(questions.recv().await.unwrap().frames(), frames(&["sense"]));
        let refusals = rep.refusals();
        assert_eq!(
            (refusals.count, refusals.last.as_deref()),
            (4, Some("a message has no empty frame with something after it"))
        );
    });
}

#[test]
fn who_has_gone_gets_no_answer() {
    run(async {
        let (rep, mut questions) = rep();
        let mut gone = peer(&rep, Kind::Req).await;
        gone.send(&wire(&frames(&["", "a"]))).await;
        gone.send(&wire(&frames(&["", "b"]))).await;
        let (first, second) = (questions.recv().await.unwrap(), questions.recv().await.unwrap());
        assert_eq!(first.answer(Vec::new()), Err(SendError::Empty));
        gone.shut_down();
        assert_eq!(gone.rest().await, "");
        // Its place is free by the time that another one is heard.
        let other = peer(&rep, Kind::Req).await;
        other.send(&wire(&frames(&["", "c"]))).await;
        drop(questions.recv().await);
        assert_eq!(second.answer(frames(&["b"])), Err(SendError::UnknownPeer));
    });
}

#[test]
fn who_goes_on_asking_and_reads_no_answers_is_not_read_from() {
    run(async {
        let (rep, mut questions) = rep();
        let answering = async {
            while let Some(question) = questions.recv().await {
                let answer = question.frames().to_vec();
                assert_ne!(question.answer(answer), Err(SendError::Full)); // at its end it has gone
            }
        };
        let asking = async {
            let mut peer = peer(&rep, Kind::Dealer).await;
            let many = wire(&frames(&["", "a question"])).repeat(10_000);
            let mut sent = 0;
            // Until the system takes no more, as the socket reads no more.
            while tokio::time::timeout(Duration::from_millis(500), peer.send(&many)).await.is_ok() {
                sent += 1;
                assert!(sent < 200, "there is no end of it");
            }
            for _ in 0..sent {
                assert_eq!(peer.receive(many.len()).await, many);
            }
            drop(peer);
            rep.close().await;
        };
        tokio::join!(answering, asking);
    });
}

#[test]
fn sockets_that_do_not_ask_are_refused() {
    run(async {
        let (rep, _questions) = rep();
        for kind in [Kind::Rep, Kind::Router] {
            let mut peer = Raw::connect(&rep.local_endpoint()).await;
            peer.send(&[&greeting()[..], &ready(kind, b"")].concat()).await;
            let said = peer.rest().await;
            let reason = format!("the peer's socket is \"{kind}\", which does not go with REP");
            assert!(said.ends_with(reason.as_bytes()), "{said:?}");
        }
    });
}
