//! With libzmq, by pyzmq: scenarios of `peer.py`, each a process of its own. Skipped where there is no Python with pyzmq:
//! `pip install pyzmq`, and `FERRIPC_TEST_PYTHON` names the interpreter, if it is not `python3`.

use std::process::{Command as Blocking, Stdio};
use std::time::Duration;

use bytes::Bytes;
use ferripc::protocols::zmtp::{
    Dealer, DealerEvent, Endpoint, Options, Rep, Req, RequestError, Router, RouterEvent,
    RouterEvents,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use zmtp_tests::{bound, echo, frames, places, run};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer.py");

fn python() -> String {
    std::env::var("FERRIPC_TEST_PYTHON").unwrap_or_else(|_| "python3".into())
}

/// Whether libzmq is here. If not, says so.
fn is_here() -> bool {
    let mut asked = Blocking::new(python());
    let asked = asked.args(["-c", "import zmq"]).stderr(Stdio::null()).status();
    let is_here = asked.is_ok_and(|status| status.success());
    if !is_here {
        eprintln!("skipped: {} has no pyzmq", python());
    }
    is_here
}

/// A process with sockets of libzmq. It says a line when it has come to something, and goes on with a line.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start(scenario: &str, place: &str) -> Self {
        let mut command = Command::new(python());
        command.arg(SCRIPT).args([scenario, place]).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, input, output }
    }

    async fn says(&mut self) -> String {
        self.output.next_line().await.expect("a pipe").expect("a line, before it ends")
    }

    async fn tell(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("a pipe");
    }

    /// It has found all as it should be.
    async fn ends_well(mut self) {
        assert!(self.child.wait().await.expect("its end").success());
    }
}

/// Plays a scenario against a router that sends everything back. What has happened, in words.
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
        let ours = Duration::from_millis(50);
        for interval in [None, Some(ours)] {
            let options = Options { heartbeat_interval: interval, ..Options::default() };
            let story = against_echo("heartbeats", "tcp://127.0.0.1:0", options).await;
            // A PING or PONG that it has not read when it goes makes a reset of its end.
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

fn signal(peer: &Peer, name: &str) {
    let id = peer.child.id().expect("it runs").to_string();
    let sent = Blocking::new("kill").args([&format!("-{name}"), &id]).status();
    assert!(sent.expect("kill").success());
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
            // It sends without end: whatever it is killed in, it is likely to be a message.
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
        // libzmq's own ROUTER first: what it does, ours has to do.
        let mut theirs = Peer::start("router-two-with-one-identity", "tcp://127.0.0.1:*");
        assert_eq!(theirs.says().await, "heard: first 1, first 2");
        // Ours, beside the same two.
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
        // Better than theirs, where the second one stays mute for good: when the first has gone it is heard, with all that it
        // has said. A REQ says what it asks once.
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

/// A socket of libzmq that is bound, and where.
async fn server(scenario: &str, place: &str) -> (Peer, Endpoint) {
    let place = place.replace(":0", ":*");
    let mut peer = Peer::start(scenario, &place);
    let place = peer.says().await;
    (peer, Endpoint::parse(&place).expect("an endpoint"))
}

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
            // It answers the first when it has the second, then the second.
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

#[test]
fn sockets_that_do_not_go_together_are_told_apart() {
    if !is_here() {
        return;
    }
    run(async {
        // libzmq goes without a word when it sees another mechanism than its own.
        let mechanism = "the peer has gone in the middle of its greeting: \
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
