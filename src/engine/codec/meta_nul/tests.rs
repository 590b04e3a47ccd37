//! The frames against a naive reference and the rules of AppView's library.

use super::*;
use proptest::prelude::*;

/// The specification: each frame takes as much as fits.
fn naive(text: &[u8], uniq: i32, size: usize, request: bool) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut rest = text;
    loop {
        let frame = (0..=rest.len()).rev().find_map(|taken| {
            let more = taken < rest.len();
            let remain = rest.len();
            let mut frame = match (request, more) {
                (true, true) => format!("{{\"req\":1,\"uniq\":{uniq},\"remain\":{remain}}}\0"),
                (true, false) => format!("{{\"req\":0,\"uniq\":{uniq},\"remain\":{remain}}}\0"),
                (false, true) => {
                    format!("{{\"status\":206,\"uniq\":{uniq},\"remain\":{remain}}}\0")
                }
                (false, false) => {
                    format!("{{\"status\":200,\"uniq\":{uniq},\"remain\":{remain}}}\0")
                }
            }
            .into_bytes();
            frame.extend(&rest[..taken]);
            frame.extend(request.then_some(0));
            (frame.len() <= size).then_some((frame, taken))
        });
        let (frame, taken) = frame.expect("room");
        frames.push(frame);
        rest = &rest[taken..];
        if rest.is_empty() {
            return frames;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_are_those_of_the_naive_reference_and_join_to_the_text(
        text in proptest::collection::vec(any::<u8>(), 1..600),
        uniq in any::<i32>(),
        size in 70usize..300,
    ) {
        let mut text = text;
        *text.last_mut().unwrap() |= 1; // JSON does not end with a NUL

        let frames: Vec<_> = Frames::response(&text, uniq, size).unwrap().collect();
        prop_assert_eq!(&frames, &naive(&text, uniq, size, false));
        let mut joiner = ResponseJoiner::new(uniq, text.len());
        let mut joined = frames.iter().map(|frame| joiner.add(frame).unwrap());
        let last = joined.by_ref().find_map(|it| it).unwrap();
        prop_assert_eq!(last, Response { status: OK, text: text.clone() });
        prop_assert_eq!(joined.count(), 0);

        let frames: Vec<_> = Frames::request(&text, uniq, size).unwrap().collect();
        prop_assert_eq!(&frames, &naive(&text, uniq, size, true));
        let mut joiner = RequestJoiner::default();
        let mut joined = frames.iter().map(|frame| joiner.add(frame));
        // A cut before a NUL of the text itself makes frames that end with two NULs.
        let last = joined.by_ref().find_map(|it| it.transpose()).unwrap();
        prop_assert_eq!(last, Ok(Request { uniq, text: Some(text) }));
        prop_assert_eq!(joined.count(), 0);
    }

    #[test]
    fn no_bytes_are_too_strange(
        start in prop_oneof![Just(""), Just(r#"{"req":1,"uniq":1,"remain":1}"#), Just(r#"{"status":206,"uniq":1,"remain":1}"#)],
        frames in proptest::collection::vec(proptest::collection::vec(
            prop_oneof![Just(0u8), Just(b'{'), Just(b'"'), Just(b'1'), Just(b'}'), any::<u8>()], 0..40), 0..5),
    ) {
        let mut request = RequestJoiner::default();
        let mut response = ResponseJoiner::new(1, 100);
        for frame in frames {
            let frame = [start.as_bytes(), &frame].concat();
            let _ = (request.add(&frame), response.add(&frame));
            prop_assert!(response.text.len() <= 100);
        }
    }
}

fn added(frames: &[&str]) -> Result<Option<Request>, Refusal> {
    let mut joiner = RequestJoiner::default();
    let mut last = Ok(None);
    for frame in frames {
        last = joiner.add(frame.as_bytes());
    }
    last
}

#[test]
fn the_rules_of_the_library_for_requests() {
    let refused = |status, uniq| Err(Refusal { status, uniq });
    for (frame, expected) in [
        ("hello\0x\0", refused(400, -1)),
        ("{\"req\":0,\"uniq\":1,\"remain\":9}", refused(400, -1)),
        ("{\"req\":0,\"uniq\":1,\"remain\":9}\0", refused(400, 1)),
        ("{\"req\":1,\"uniq\":1,\"remain\":9}\0\0", refused(400, 1)),
        ("{\"req\":2,\"uniq\":5,\"remain\":9}\0x", refused(400, -1)),
        ("{\"req\":\"0\",\"uniq\":5,\"remain\":9}\0x", refused(400, -1)),
        ("[0]\0x", refused(400, -1)),
        ("{\"req\":0,\"remain\":9}\0x", refused(400, -1)),
        ("{\"req\":0,\"uniq\":9}\0x", refused(500, 9)),
        ("{\"req\":0,\"uniq\":9,\"remain\":-1}\0x", refused(500, 9)),
        ("{\"req\":0,\"uniq\":9,\"remain\":1e300}\0x", refused(500, 9)),
        ("", refused(400, -1)),
    ] {
        assert_eq!(added(&[frame]), expected, "{frame:?}");
    }
    let request = |uniq, text: &str| Ok(Some(Request { uniq, text: Some(text.into()) }));
    for (frame, expected) in [
        ("{\"req\":0,\"uniq\":1,\"remain\":9}\0\0", request(1, "")),
        ("{\"req\":0,\"uniq\":1234,\"remain\":9}\0x\0", request(1234, "x")),
        ("{\"req\":0,\"uniq\":1234,\"remain\":11}\0x", request(1234, "x")),
        ("{\"uniq\":9,\"remain\":9,\"req\":0}\0x\0", request(9, "x")),
        ("{\"req\":0,\"uniq\":9,\"remain\":9,\"x\":\" \\\" \"}\0x\0", request(9, "x")),
        ("{\"req\":0,\"uniq\":3000000000,\"remain\":9}\0x\0", request(i32::MAX, "x")),
        ("{\"req\":0.5,\"uniq\":1.5,\"remain\":9}\0x\0", request(1, "x")),
    ] {
        assert_eq!(added(&[frame]), expected, "{frame:?}");
    }
    let spaced = "{\"req\": 0, \"uniq\": 9, \"remain\": 9}\0x\0";
    assert_eq!(added(&[spaced]), Ok(Some(Request { uniq: 9, text: None })));
    let frames =
        ["{\"req\":1,\"uniq\":9,\"remain\":5}\0ab\0", "{\"req\":0,\"uniq\":10,\"remain\":50}\0c\0"];
    assert_eq!(added(&frames), request(10, "abc"));
    assert_eq!(added(&frames[..1]), Ok(None));
    let mut joiner = RequestJoiner::default();
    joiner.add(frames[0].as_bytes()).unwrap();
    assert_eq!(joiner.abandoned(), Refusal { status: 500, uniq: 9 });
    assert_eq!(joiner.abandoned().frame(), br#"{"status":500,"uniq":9,"remain":0}"#);
}

#[test]
fn a_request_of_many_frames_has_a_limit() {
    for (len, fits) in [(LONGEST_REQUEST, true), (LONGEST_REQUEST + 1, false)] {
        let text = vec![b'x'; len];
        let mut joiner = RequestJoiner::default();
        let mut last = Ok(None);
        for frame in Frames::request(&text, 3, 8192).unwrap() {
            assert_eq!(last, Ok(None));
            last = joiner.add(&frame);
            assert!(joiner.text.len() <= LONGEST_REQUEST + 1);
        }
        let refused = Err(Refusal { status: 400, uniq: 3 });
        assert_eq!(
            last,
            if fits { Ok(Some(Request { uniq: 3, text: Some(text) })) } else { refused }
        );
    }
    let text = vec![b'x'; LONGEST_REQUEST + 1];
    let frame = Frames::request(&text, 3, usize::MAX).unwrap().next().unwrap();
    assert_eq!(RequestJoiner::default().add(&frame).unwrap().unwrap().text, Some(text));
}

#[test]
fn what_a_response_must_be_like() {
    let meta = |status: u16, uniq: i32, remain: i64| {
        format!("{{\"status\":{status},\"uniq\":{uniq},\"remain\":{remain}}}")
    };
    let add = |frames: &[String]| {
        let mut joiner = ResponseJoiner::new(7, 10);
        let mut last = Ok(None);
        for frame in frames {
            last = joiner.add(frame.as_bytes());
        }
        last
    };
    let response = |status, text: &str| Ok(Some(Response { status, text: text.into() }));
    let frame = |status, remain, data: &str| format!("{}\0{data}", meta(status, 7, remain));
    assert_eq!(add(&[frame(206, 3, "ab"), frame(200, 1, "c")]), response(200, "abc"));
    assert_eq!(add(&[frame(206, 3, "ab"), frame(200, 3, "c")]), response(200, "abc"));
    assert_eq!(add(&[frame(206, 3, "ab"), frame(200, 4, "c")]), Err(Fault::Remain));
    assert_eq!(add(&[frame(206, 3, "ab")]), Ok(None));
    assert_eq!(add(&[frame(206, 3, "abcdef"), frame(200, 1, "ghijk")]), Err(Fault::TooLarge));
    assert_eq!(add(&[frame(206, 3, "")]), Err(Fault::Empty));
    assert_eq!(add(&[frame(200, 0, "")]), response(200, ""));
    assert_eq!(add(&[meta(400, -1, 0)]), response(400, ""));
    assert_eq!(add(&[meta(500, 7, 0)]), response(500, ""));
    assert_eq!(add(&[format!("{}\0x", meta(200, 8, 1))]), Err(Fault::Uniq(8)));
    assert_eq!(add(&[meta(500, 8, 0)]), Err(Fault::Uniq(8)));
    assert_eq!(add(&[meta(200, -1, 0)]), Err(Fault::Uniq(-1)));
    for bad in [
        "",
        "x",
        "{}\0x",
        "[]\0x",
        "{\"status\":200,\"uniq\":7}\0x",
        "{\"status\":-1,\"uniq\":7,\"remain\":1}",
    ] {
        assert_eq!(add(&[bad.to_owned()]), Err(Fault::Meta), "{bad:?}");
    }
    assert_eq!(add(&[meta(200, 7, -1)]), Err(Fault::Meta));
}

#[test]
fn there_must_be_room_for_data() {
    let least = r#"{"req":0,"uniq":1,"remain":1}"#.len() + 3;
    assert!(Frames::request(b"x", 1, least - 1).is_none());
    assert_eq!(Frames::request(b"x", 1, least).unwrap().count(), 1);
}
