//! What a stranger can send: each gets an end of its own connection, and an error that says why; nobody else notices.

use std::time::Duration;

use bytes::Bytes;
use ferripc::engine::codec::zmtp::{Kind, error, greeting, ping, ready};
use ferripc::protocols::zmtp::{Endpoint, Options, Req, RequestError, Router, RouterEvents};

use super::raw::{Raw, RawListener, wire};
use super::{connected, disconnected, frames, message, places, req, router, run};

/// Small limits.
fn strict() -> Options {
    Options { max_message_bytes: 1000, max_frames: 4, ..Options::default() }
}

/// Somebody who is there all the time, and has to be answered.
struct Bystander {
    router: Router,
    events: RouterEvents,
    req: Req,
}

impl Bystander {
    async fn new(options: Options) -> Self {
        let (router, mut events) = router(options);
        let req = req(&router);
        connected(&mut events).await;
        Self { router, events, req }
    }

    async fn is_answered(&mut self) {
        let answering = async {
            let (identity, question) = message(&mut self.events).await;
            self.router.send(&identity, question).unwrap();
        };
        let asking = self.req.request(frames(&["well?"]), None);
        assert_eq!(tokio::join!(asking, answering).0.unwrap(), frames(&["well?"]));
    }
}

fn with(mut greeting: [u8; 64], changes: &[(usize, &[u8])]) -> Vec<u8> {
    for (at, bytes) in changes {
        greeting[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    greeting.to_vec()
}

#[test]
fn before_the_handshake_is_over() {
    let command = |body: &[u8]| [&greeting()[..], &[4, body.len() as u8], body].concat();
    let req = |rest: &[u8]| command(&[b"\x05READY\x0bSocket-Type\0\0\0\x03REQ", rest].concat());
    let zeros = [0; 300];
    let long = [b"\x08Identity\0\0\x01\x2c".as_slice(), &zeros].concat();
    let long = [b"\x05READY\x0bSocket-Type\0\0\0\x03REQ".as_slice(), &long].concat();
    let long = [&greeting()[..], &[6, 0, 0, 0, 0, 0, 0], &(long.len() as u16).to_be_bytes(), &long];
    let too_old =
        "the peer speaks ZMTP 2.0, which is too old: 3.0 is the oldest that is understood";
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "the peer does not speak ZMTP"),
        (vec![0; 100], "the peer does not speak ZMTP"),
        (with(greeting(), &[(10, &[1])]), too_old),
        (
            with(greeting(), &[(12, b"PLAIN")]),
            "the peer wants the security mechanism \"PLAIN\"; only NULL is supported",
        ),
        (
            with(greeting(), &[(12, b"NULLNULL")]),
            "the peer wants the security mechanism \"NULLNULL\"; only NULL is supported",
        ),
        (
            with(greeting(), &[(12, &[0xff; 20])]),
            "the peer wants the security mechanism \"\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\"; only NULL is supported",
        ),
        ([&greeting()[..], &[0xff; 64]].concat(), "a frame has the flags 0xff, which do not exist"),
        (
            [&greeting()[..], b"\0\x01a"].concat(),
            "the peer sends a message where READY is expected",
        ),
        (
            [&greeting()[..], &ping(0, b"")].concat(),
            "the peer sends another command where READY is expected",
        ),
        ([&greeting()[..], &error("go\naway")].concat(), "the peer refuses: \"go\\naway\""),
        (
            [&greeting()[..], &ready(Kind::Req, b"\0abc")].concat(),
            "the peer's READY is wrong: the identity begins with the byte 0",
        ),
        (long.concat(), "the peer's READY is wrong: the identity has more than 255 bytes"),
        (command(b"\x05READY"), "the peer's READY is wrong: it has no Socket-Type"),
        (
            command(b"\x05READY\x0bSocket-Type\0\0\0\x03SUB"),
            "the peer's socket is \"SUB\", which does not go with ROUTER",
        ),
        (
            command(b"\x05READY\x0bSocket-Type\xff\xff\xff\xffREQ"),
            "the peer's READY is wrong: a property is cut off",
        ),
        (req(b"\x00"), "the peer's READY is wrong: a property has no name"),
        (req(b"\x09Ident"), "the peer's READY is wrong: a property has no name"),
        (req(b"\x08Identity\0\0"), "the peer's READY is wrong: a property is cut off"),
        (command(b""), "a command is wrong: it has no name"),
        (command(b"\x00"), "a command is wrong: it has no name"),
        (command(b"\x09READY"), "a command is wrong: it has no name"),
        (
            [&greeting()[..], &[6, 0x7f], &[0xff; 7]].concat(),
            "a command has 9223372036854775807 bytes, over the limit of 8192",
        ),
    ];
    run(async {
        let mut bystander = Bystander::new(strict()).await;
        for (count, (bytes, expected)) in (1..).zip(cases) {
            let mut stranger = Raw::connect(&bystander.router.local_endpoint()).await;
            stranger.try_send(&bytes).await;
            let told = stranger.rest().await;
            let refusals = bystander.router.refusals();
            assert_eq!((refusals.count, refusals.last.as_deref()), (count, Some(expected)));
            // The stranger is told, too, unless it has said no itself.
            let expected = if expected.starts_with("the peer refuses") { "" } else { expected };
            let reason = expected.as_bytes();
            let found = told.windows(reason.len().max(1)).any(|part| part == reason);
            assert!(found || reason.is_empty(), "{expected}: {told:?}");
            bystander.is_answered().await;
        }
    });
}

#[test]
fn after_the_handshake() {
    let large = wire(&[Bytes::from(vec![0; 1001])]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (large, "a message has at least 1001 bytes, over the limit of 1000"),
        (
            b"\x02\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
            "a message has at least 18446744073709551615 bytes, over the limit of 1000",
        ),
        (wire(&frames(&["", "", "", "", ""])), "a message has more frames than the limit of 4"),
        (vec![0xff; 1000], "a frame has the flags 0xff, which do not exist"),
        (b"\x08\x00".to_vec(), "a frame has the flags 0x08, which do not exist"),
        (b"\x05\x05\x04PING".to_vec(), "a frame has the flags 0x05, which do not exist"),
        (b"\x04\x05\x04PING".to_vec(), "a command is wrong: a PING without its time to live"),
        (
            b"\x04\x18\x04PING\0\0seventeen bytes..".to_vec(),
            "a command is wrong: a PING with more than 16 bytes of context",
        ),
        (
            b"\x04\x16\x04PONGseventeen bytes..".to_vec(),
            "a command is wrong: a PONG with more than 16 bytes of context",
        ),
        (ready(Kind::Req, b"").to_vec(), "a command is wrong: READY comes a second time"),
        (error("enough").to_vec(), "the peer refuses: \"enough\""),
    ];
    run(async {
        let mut bystander = Bystander::new(strict()).await;
        for (bytes, expected) in cases {
            let mut stranger = Raw::req(&bystander.router, b"stranger").await;
            assert_eq!(connected(&mut bystander.events).await, "stranger");
            stranger.try_send(&bytes).await;
            stranger.rest().await;
            let (who, error) = disconnected(&mut bystander.events).await;
            assert_eq!((&who[..], error.unwrap().to_string()), (&b"stranger"[..], expected.into()));
            bystander.is_answered().await;
        }
        assert_eq!(bystander.router.refusals().count, 0);
    });
}

#[test]
fn who_goes_in_the_middle_of_a_message_is_said_to() {
    run(async {
        for place in places() {
            let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
            for bytes in [&b"\x01"[..], b"\x01\x01a", b"\x00\x05abc", b"\x02\0\0\0\0\0\0\x10\0abc"]
            {
                let stranger = Raw::req(&router, b"").await;
                let identity = connected(&mut events).await;
                stranger.send(bytes).await;
                drop(stranger);
                let (who, error) = disconnected(&mut events).await;
                let expected = "the peer closed the connection in the middle of a message";
                assert_eq!((who, error.unwrap().to_string()), (identity, expected.into()));
            }
        }
    });
}

#[test]
fn who_connects_and_says_nothing_has_its_time() {
    run(async {
        let options =
            Options { handshake_timeout: Duration::from_millis(50), ..Options::default() };
        let (router, _events) = router(options);
        for bytes in [&b""[..], &greeting()[..30], &greeting()] {
            let mut stranger = Raw::connect(&router.local_endpoint()).await;
            stranger.send(bytes).await;
            stranger.rest().await;
            assert_eq!(router.refusals().last.unwrap(), "the handshake took too long");
        }
        assert_eq!(router.refusals().count, 3);
    });
}

#[test]
fn those_over_the_limit_are_closed_until_there_is_room() {
    run(async {
        let (router, mut events) = router(Options { max_connections: 2, ..Options::default() });
        let one = Raw::req(&router, b"one").await;
        let _two = Raw::req(&router, b"two").await;
        assert_eq!(
            (connected(&mut events).await, connected(&mut events).await),
            ("one".into(), "two".into())
        );
        let mut three = Raw::connect(&router.local_endpoint()).await;
        assert_eq!(three.rest().await, "");
        assert_eq!(router.refusals().last.unwrap(), "the limit of connections is reached");
        drop(one);
        assert_eq!(disconnected(&mut events).await.0, "one");
        loop {
            let three = Raw::connect(&router.local_endpoint()).await;
            if three.try_send(&[&greeting()[..], &ready(Kind::Req, b"three")].concat()).await {
                tokio::select! {
                    who = connected(&mut events) => break assert_eq!(who, "three"),
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
            }
        }
    });
}

#[test]
fn those_that_begin_messages_hold_so_much_together() {
    run(async {
        let options = Options { max_buffered_bytes: 250_000, ..Options::default() };
        let mut bystander = Bystander::new(options).await;
        let mut strangers = Vec::new();
        for (name, len) in [(b"one", 100_000), (b"two", 101_000), (b"six", 102_000)] {
            strangers.push(Raw::req(&bystander.router, name).await);
            assert_eq!(connected(&mut bystander.events).await.as_ref(), name);
            let begun = [&[2, 0, 0, 0, 0, 0, 15, 0, 0][..], &vec![0; len]].concat();
            strangers.last().unwrap().send(&begun).await;
        }
        let (_, error) = disconnected(&mut bystander.events).await;
        assert!(error.unwrap().to_string().starts_with("all connections together held too much"));
        bystander.is_answered().await;
    });
}

#[test]
fn a_server_that_is_none_or_another_is_told_of() {
    run(async {
        let listener: (RawListener, Endpoint) =
            RawListener::bind(&super::endpoint("tcp://127.0.0.1:0"));
        let options = Options { reconnect: Duration::from_millis(1), ..Options::default() };
        let req = Req::connect(&listener.1, options);
        let pull = [&greeting()[..], b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL"].concat();
        for (bytes, expected) in [
            (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), "the peer does not speak ZMTP"),
            (pull, "the peer's socket is \"PULL\", which does not go with REQ"),
            (
                with(greeting(), &[(12, b"CURVE")]),
                "the peer wants the security mechanism \"CURVE\"; only NULL is supported",
            ),
        ] {
            let mut peer = listener.0.accept().await;
            peer.try_send(&bytes).await;
            peer.rest().await;
            drop(peer);
            let none = req.request(frames(&["a"]), Some(Duration::from_millis(20))).await;
            assert!(matches!(none, Err(RequestError::Timeout)), "{none:?}");
            assert_eq!(req.last_error().unwrap().to_string(), expected);
        }
    });
}
