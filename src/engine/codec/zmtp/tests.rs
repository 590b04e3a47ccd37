//! Compares the decoder with a naive reading of the whole stream, wherever it is cut. And tests each fault.

use super::super::testing::cut;
use super::naive::naive;
use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { message: 40, frames: 4 };

/// The same, read by the decoder, chunk by chunk.
fn decode(chunks: &[&[u8]], kind: Kind, limits: Limits) -> (Vec<Decoded>, Option<Fault>) {
    let mut decoder = Decoder::new(kind, limits);
    let mut all = Vec::new();
    for chunk in chunks {
        decoder.buffer().extend_from_slice(chunk);
        loop {
            match decoder.next() {
                Ok(Some(decoded)) => all.push(decoded),
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!((decoder.next(), decoder.partial_len()), (Ok(None), 0));
                    return (all, Some(fault));
                }
            }
        }
        let most = limits.message.saturating_add(MAX_COMMAND + GREETING);
        assert!(decoder.partial_len() <= most.saturating_add(chunk.len()));
    }
    (all, None)
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Req), Just(Kind::Rep), Just(Kind::Dealer), Just(Kind::Router)]
}

/// A greeting that may be wrong somewhere.
fn greetings() -> impl Strategy<Value = Vec<u8>> {
    let right = Just(greeting().to_vec());
    let wrong = (0..GREETING, any::<u8>()).prop_map(|(at, byte)| {
        let mut wrong = greeting().to_vec();
        wrong[at] = byte;
        wrong
    });
    prop_oneof![6 => right, 3 => wrong, 1 => proptest::collection::vec(any::<u8>(), 0..80)]
}

fn readies() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        Just(b"Socket-Type".to_vec()),
        Just(b"IDENTITY".to_vec()),
        Just(b"X-own".to_vec()),
        Just(Vec::new()),
    ];
    let values = prop_oneof![
        Just(b"REQ".to_vec()),
        Just(b"REP".to_vec()),
        Just(b"DEALER".to_vec()),
        Just(b"ROUTER".to_vec()),
        Just(b"SUB".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..300),
    ];
    let property = (names, values).prop_map(|(name, value)| {
        let len = u32::try_from(value.len()).unwrap().to_be_bytes();
        [&[name.len() as u8], &name[..], &len, &value].concat()
    });
    let body = proptest::collection::vec(property, 0..4)
        .prop_map(|list| [b"\x05READY".as_slice(), &list.concat()].concat());
    let right = kinds().prop_map(|theirs| ready(theirs, b"me").to_vec());
    prop_oneof![6 => right, 1 => body.prop_map(|body| {
        let mut frame = BytesMut::new();
        put_header(&mut frame, COMMAND, body.len());
        [&frame[..], &body].concat()
    })]
}

/// Frames and commands, of which some are wrong.
fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let frame = (0u8..9, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..30)).prop_map(
        |(flags, long, data)| {
            let len = data.len() as u64;
            let flags = (flags & !LONG) | if long { LONG } else { 0 };
            let head = if long { len.to_be_bytes().to_vec() } else { vec![len as u8] };
            [&[flags], &head[..], &data].concat()
        },
    );
    let context = || proptest::collection::vec(any::<u8>(), 0..18);
    prop_oneof![
        6 => frame,
        2 => proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 1..4).prop_map(wire),
        1 => (any::<u16>(), context()).prop_map(|(ttl, context)| ping(ttl, &context).to_vec()),
        1 => context().prop_map(|context| pong(&context).to_vec()),
        1 => context().prop_map(|context| {
            let body = [b"\x04PING".as_slice(), &context].concat();
            [&[COMMAND, body.len() as u8], &body[..]].concat()
        }),
        1 => ".{0,300}".prop_map(|reason| error(&reason).to_vec()),
        1 => proptest::collection::vec(0u8..8, 0..12),
    ]
}

fn wire(frames: Vec<Vec<u8>>) -> Vec<u8> {
    let frames: Vec<Bytes> = frames.into_iter().map(Bytes::from).collect();
    let mut wire = Vec::new();
    message(&frames, |piece| wire.extend_from_slice(&piece));
    wire
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_naive_reference(
        greeting in greetings(),
        ready in readies(),
        traffic in proptest::collection::vec(traffic(), 0..12),
        cuts in proptest::collection::vec(any::<usize>(), 0..40),
        kind in kinds(),
        limits in prop_oneof![
            Just(LIMITS),
            (0usize..60, 0usize..6).prop_map(|(message, frames)| Limits { message, frames }),
            Just(Limits { message: usize::MAX, frames: usize::MAX }),
        ],
    ) {
        let stream = [greeting, ready, traffic.concat()].concat();
        prop_assert_eq!(decode(&cut(&stream, &cuts), kind, limits), naive(&stream, kind, limits));
    }

    #[test]
    fn one_byte_at_a_time_is_the_same(traffic in proptest::collection::vec(traffic(), 0..12)) {
        let stream = [&greeting()[..], &ready(Kind::Req, b""), &traffic.concat()].concat();
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(decode(&bytes, Kind::Router, LIMITS), naive(&stream, Kind::Router, LIMITS));
    }

    #[test]
    fn any_message_survives(
        messages in proptest::collection::vec(
            proptest::collection::vec(
                prop_oneof![Just(0usize), 0..300usize, Just(INLINE - 1), Just(INLINE), Just(COPIED), 0..40_000usize],
                1..6,
            ),
            0..5,
        ),
        cuts in proptest::collection::vec(any::<usize>(), 0..40),
        identity in proptest::collection::vec(1u8..255, 0..256),
    ) {
        let messages: Vec<Vec<Bytes>> = messages
            .into_iter()
            .map(|lens| lens.into_iter().map(|len| vec![len as u8; len].into()).collect())
            .collect();
        let mut stream = [&greeting()[..], &ready(Kind::Router, &identity)].concat();
        for frames in &messages {
            message(frames, |piece| stream.extend_from_slice(&piece));
        }
        let limits = Limits { message: 1 << 20, frames: 6 };
        let (decoded, fault) = decode(&cut(&stream, &cuts), Kind::Req, limits);
        prop_assert_eq!(fault, None);
        let ready = Ready { socket_type: "ROUTER".into(), identity: identity.into() };
        let expected = [Decoded::Greeted { heartbeats: true }, Decoded::Ready(ready)];
        prop_assert_eq!(&decoded[..2], expected);
        let got: Vec<_> = decoded[2..].to_vec();
        prop_assert_eq!(got, messages.into_iter().map(Decoded::Message).collect::<Vec<_>>());
    }
}

/// A decoder whose handshake is over.
fn connected(limits: Limits) -> Decoder {
    let mut decoder = Decoder::new(Kind::Router, limits);
    decoder.buffer().extend_from_slice(&greeting());
    decoder.buffer().extend_from_slice(&ready(Kind::Req, b""));
    assert!(matches!(decoder.next(), Ok(Some(Decoded::Greeted { heartbeats: true }))));
    assert!(matches!(decoder.next(), Ok(Some(Decoded::Ready(_)))));
    decoder
}

#[test]
fn a_peer_of_3_0_is_welcome_and_knows_no_heartbeats() {
    for ((major, minor), heartbeats) in
        [((3, 0), false), ((3, 1), true), ((3, 2), true), ((4, 0), true)]
    {
        let mut stream = greeting();
        (stream[10], stream[11]) = (major, minor);
        let (decoded, fault) = decode(&[&stream], Kind::Router, LIMITS);
        assert_eq!((&decoded[..], fault), (&[Decoded::Greeted { heartbeats }][..], None));
    }
}

#[test]
fn which_kinds_go_together() {
    const KINDS: [Kind; 4] = [Kind::Req, Kind::Rep, Kind::Dealer, Kind::Router];
    // As in the specification (RFC 23): one row for each side.
    let expected = [
        [false, true, false, true],
        [true, false, true, false],
        [false, true, true, true],
        [true, false, true, true],
    ];
    for (ours, row) in KINDS.into_iter().zip(expected) {
        for (theirs, goes) in KINDS.into_iter().zip(row) {
            let stream = [&greeting()[..], &ready(theirs, b"me")].concat();
            let (decoded, fault) = decode(&[&stream], ours, LIMITS);
            assert_eq!(
                (decoded.len(), fault.is_none()),
                (1 + usize::from(goes), goes),
                "{ours} {theirs}"
            );
        }
    }
}

#[test]
fn rep_tells_no_identity_as_in_libzmq() {
    assert_eq!(ready(Kind::Rep, b"me"), &b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03REP"[..]);
    assert!(ready(Kind::Dealer, b"me").ends_with(b"\0\0\0\x06DEALER\x08Identity\0\0\0\x02me"));
}

#[test]
fn what_is_no_greeting_is_told_apart_at_its_first_bytes() {
    let signature = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f];
    let with = |rest: &[u8]| [&signature, rest].concat();
    let curve = [b"\x03\x01CURVE".as_slice(), &[0; 15]].concat();
    for (stream, fault) in [
        (b"GET / HTTP/1.1".to_vec(), "the peer does not speak ZMTP"),
        (b"\x16\x03\x01".to_vec(), "the peer does not speak ZMTP"),
        (vec![0, 0], "the peer does not speak ZMTP"),
        (
            b"\x01\0".to_vec(),
            "the peer speaks ZMTP 1.0, which is too old: 3.0 is the oldest that is understood",
        ),
        (
            b"\xff\0\0\0\0\0\0\x01\x05\0".to_vec(),
            "the peer speaks ZMTP 1.0, which is too old: 3.0 is the oldest that is understood",
        ),
        (
            with(&[0]),
            "the peer speaks ZMTP 1.0, which is too old: 3.0 is the oldest that is understood",
        ),
        (
            with(&[1, 3]),
            "the peer speaks ZMTP 2.0, which is too old: 3.0 is the oldest that is understood",
        ),
        (with(&curve), "the peer wants the security mechanism \"CURVE\"; only NULL is supported"),
    ] {
        for chunks in [vec![&stream[..]], stream.chunks(1).collect()] {
            let (decoded, found) = decode(&chunks, Kind::Router, LIMITS);
            assert_eq!((decoded.len(), found.unwrap().to_string().as_str()), (0, fault));
        }
    }
}

#[test]
fn a_length_is_refused_before_it_is_believed() {
    for (header, fault) in [
        ([0u8, 41].to_vec(), Fault::TooLarge { len: 41, limit: 40 }),
        ([&[2][..], &[0xff; 8]].concat(), Fault::TooLarge { len: u64::MAX, limit: 40 }),
        ([&[6][..], &[0xff; 8]].concat(), Fault::CommandTooLarge(u64::MAX)),
        ([1, 30, 0, 11].to_vec(), Fault::TooLarge { len: 41, limit: 40 }),
        ([1, 0, 1, 0, 1, 0, 1, 0, 0, 0].to_vec(), Fault::TooManyFrames(4)),
    ] {
        let mut decoder = connected(LIMITS);
        let mut stream = header;
        if stream[..2] == [1, 30] {
            stream.splice(2..2, [7; 30]);
        }
        decoder.buffer().extend_from_slice(&stream);
        assert_eq!(decoder.next(), Err(fault));
    }
}

#[test]
fn a_length_within_the_limit_asks_for_no_memory() {
    let mut decoder = connected(Limits { message: usize::MAX, frames: usize::MAX });
    decoder.buffer().extend_from_slice(&[2, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, b'x']);
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.buffer().capacity() < 1000 && decoder.partial_len() == 10);
    assert_eq!(decoder.finish(), Err(Fault::Truncated("a message")));
}

#[test]
fn a_long_frame_is_a_view_of_the_receive_buffer_and_a_short_one_is_not() {
    let mut decoder = connected(Limits { message: 1 << 20, frames: 2 });
    let frames = [vec![1; COPIED].into(), Bytes::from_static(b"short")];
    message(&frames, |piece| decoder.buffer().extend_from_slice(&piece));
    let buffer = decoder.buffer().as_ptr_range();
    let Ok(Some(Decoded::Message(got))) = decoder.next() else { panic!() };
    assert_eq!(got, frames);
    assert_eq!(got.iter().map(|f| buffer.contains(&f.as_ptr())).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn long_frames_are_sent_as_they_are_and_what_is_around_them_in_one_piece() {
    let long = Bytes::from(vec![7; INLINE]);
    let frames = [Bytes::new(), Bytes::from_static(b"a"), long.clone(), Bytes::from_static(b"b")];
    let mut pieces = Vec::new();
    message(&frames, |piece| pieces.push(piece));
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[0], &b"\x01\x00\x01\x01a\x03\0\0\0\0\0\0\x10\0"[..]);
    assert_eq!((pieces[1].as_ptr(), &pieces[2][..]), (long.as_ptr(), &b"\0\x01b"[..]));
}

#[test]
fn where_a_stream_may_end() {
    let decoder = Decoder::new(Kind::Router, LIMITS);
    let early = decoder.finish().unwrap_err().to_string();
    assert!(
        early.starts_with("the peer closed the connection in the middle of its greeting"),
        "{early}"
    );
    let mut decoder = connected(LIMITS);
    assert_eq!(decoder.finish(), Ok(()));
    decoder.buffer().extend_from_slice(b"\x01\x01a");
    assert_eq!(decoder.next(), Ok(None));
    assert_eq!(decoder.finish(), Err(Fault::Truncated("a message")));
    decoder.buffer().extend_from_slice(b"\x00\x01b");
    assert!(matches!(decoder.next(), Ok(Some(Decoded::Message(_)))));
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn commands_may_stand_between_frames_and_unknown_ones_are_left_alone() {
    let mut decoder = connected(LIMITS);
    let ping = ping(3, b"0123456789abcdef");
    let other = b"\x04\x0a\x09SUBSCRIBE";
    for bytes in [&b"\x01\x01a"[..], &ping, other, &pong(b""), b"\x00\x01b"] {
        decoder.buffer().extend_from_slice(bytes);
    }
    let context = Bytes::from_static(b"0123456789abcdef");
    assert_eq!(decoder.next(), Ok(Some(Decoded::Ping { ttl: 3, context })));
    assert_eq!(decoder.next(), Ok(Some(Decoded::Pong { context: Bytes::new() })));
    let message = vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")];
    assert_eq!(decoder.next(), Ok(Some(Decoded::Message(message))));
}
