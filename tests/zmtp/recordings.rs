//! What pyzmq's REQ and ROUTER have sent each other (docs/vectors/zmtp), byte by byte: each side against ours.

use std::path::Path;

use bytes::Bytes;
use ferripc::engine::codec::zmtp::{self, Decoded, Decoder, Kind, Limits};
use ferripc::protocols::zmtp::{Options, Req, Router};

use super::raw::{Raw, RawListener};
use super::{connected, message, places, run};

const LIMITS: Limits = Limits { message: 1000, frames: 20 };

/// Of one connection: what each side has sent, each with the message that it ends with, if it does.
struct Recording {
    req: Vec<u8>,
    router: Vec<u8>,
    questions: Vec<Vec<Bytes>>,
    answers: Vec<Vec<Bytes>>,
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn messages(bytes: &[u8], kind: Kind) -> Vec<Vec<Bytes>> {
    let mut decoder = Decoder::new(kind, LIMITS);
    decoder.buffer().extend_from_slice(bytes);
    let mut messages = Vec::new();
    while let Some(decoded) = decoder.next().unwrap() {
        match decoded {
            Decoded::Greeted { heartbeats } => assert!(heartbeats),
            Decoded::Ready(ready) => {
                let theirs = if kind == Kind::Req { "ROUTER" } else { "REQ" };
                assert_eq!((ready.socket_type.as_str(), ready.identity.len()), (theirs, 0));
            }
            Decoded::Message(frames) => messages.push(frames),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(decoder.finish(), Ok(()));
    messages
}

fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/vectors/zmtp");
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let side = |side: &str| -> Vec<u8> {
            text.lines().filter_map(|line| line.strip_prefix(side)).flat_map(hex).collect()
        };
        let (req, router) = (side("REQ>ROUTER "), side("ROUTER>REQ "));
        let (questions, answers) = (messages(&req, Kind::Router), messages(&router, Kind::Req));
        assert!(questions.len() > 3 && questions.len() == answers.len());
        Recording { req, router, questions, answers }
    };
    vec![read("comm.txt"), read("task.txt")]
}

/// What this side sends, in all.
fn sent(kind: Kind, messages: &[Vec<Bytes>]) -> Vec<u8> {
    let mut bytes = [&zmtp::greeting()[..], &zmtp::ready(kind, b"")].concat();
    for frames in messages {
        zmtp::message(frames, |piece| bytes.extend_from_slice(&piece));
    }
    bytes
}

#[test]
fn both_sides_are_encoded_to_the_same_bytes() {
    for Recording { req, router, questions, answers } in recordings() {
        assert_eq!(sent(Kind::Req, &questions), req);
        assert_eq!(sent(Kind::Router, &answers), router);
    }
}

#[test]
fn our_router_says_what_libzmq_said_however_the_bytes_come() {
    run(async {
        for (place, size) in places().into_iter().zip([1, 7, 1000]) {
            for recording in recordings() {
                let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
                let mut peer = Raw::connect(&router.local_endpoint()).await;
                let playing = async {
                    for chunk in recording.req.chunks(size) {
                        peer.send(chunk).await;
                        tokio::task::yield_now().await;
                    }
                    peer.receive(recording.router.len()).await
                };
                let answering = async {
                    let identity = connected(&mut events).await;
                    for (question, answer) in recording.questions.iter().zip(&recording.answers) {
                        assert_eq!(
                            message(&mut events).await,
                            (identity.clone(), question.clone())
                        );
                        router.send(&identity, answer.clone()).unwrap();
                    }
                };
                let (got, ()) = tokio::join!(playing, answering);
                assert_eq!(got, recording.router);
                drop(peer);
                router.close().await;
            }
        }
    });
}

#[test]
fn our_req_says_what_libzmq_said() {
    run(async {
        for place in places() {
            for recording in recordings() {
                let (listener, place) = RawListener::bind(&place);
                let req = Req::connect(&place, Options::default());
                let mut peer = listener.accept().await;
                let playing = async {
                    let handshake = sent(Kind::Router, &[]).len();
                    for byte in &recording.router[..handshake] {
                        peer.send(&[*byte]).await;
                    }
                    let mut got = peer.receive(sent(Kind::Req, &[]).len()).await.to_vec();
                    for (question, answer) in recording.questions.iter().zip(&recording.answers) {
                        got.extend(peer.receive(super::raw::wire(question).len()).await);
                        peer.send(&super::raw::wire(answer)).await;
                    }
                    assert_eq!(got, recording.req);
                };
                let asking = async {
                    for (question, answer) in recording.questions.iter().zip(&recording.answers) {
                        let got = req.request(question[1..].to_vec(), None).await.unwrap();
                        assert_eq!(got, answer[1..]);
                    }
                };
                tokio::join!(playing, asking);
                req.close().await;
            }
        }
    });
}
