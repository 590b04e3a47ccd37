//! Single messages: how groups and numbers are read, and what is refused.

use bytes::Bytes;
use ferripc::protocols::pixivutil2::message::{Fault, Refusal, Request, Side, result_name};
use ferripc::protocols::pixivutil2::rules::{Event, Reason, Rules, Settings};

use super::{ID, agent, rules, take, value};

#[test]
fn groups_in_any_case() {
    let mut rules = rules();
    for spelled in ["hs", "Hs", "HS"] {
        let taken = take(&mut rules, Side::Comm, &[spelled.as_bytes(), b"x", b"cOMM"]);
        assert_eq!(value(&taken, "HS"), "Ok");
    }
    let taken = take(&mut rules, Side::Comm, &[b"dL", &[0; 8], &[0; 4]]);
    assert_eq!(value(&taken, "DL"), "Ok");
    assert_eq!(taken.event, Some(Event::Download(agent(Side::Comm, "x"), 0, 0)));
}

#[test]
fn a_number_is_read_by_its_length() {
    let mut rules = rules();
    let mut count = |bytes: &[u8]| take(&mut rules, Side::Comm, &[b"TOTAL", bytes]);
    for bytes in [&[0, 0, 1, 2][..], &[0, 0, 0, 0, 0, 0, 1, 2]] {
        assert_eq!(count(bytes).event, Some(Event::Total(agent(Side::Comm, ""), 258)));
    }
    assert_eq!(count(&[0xff; 8]).event, Some(Event::Total(agent(Side::Comm, ""), u64::MAX)));
    for length in [0, 1, 3, 5, 7, 9, 1000] {
        let taken = count(&vec![0; length]);
        assert_eq!(value(&taken, "TOTAL"), "Error");
        let why = Reason::Fault(Fault::Arguments);
        assert_eq!(taken.event, Some(Event::Refused(agent(Side::Comm, ""), "TOTAL".into(), why)));
    }
}

#[test]
fn what_would_be_minus_one_is() {
    let mut rules = rules();
    let mut result =
        |bytes: [u8; 4]| match take(&mut rules, Side::Comm, &[b"DL", &[1; 8], &bytes]).event {
            Some(Event::Download(_, 0x0101_0101_0101_0101, result)) => result,
            other => panic!("{other:?}"),
        };
    assert_eq!(result([0xff; 4]), -1);
    assert_eq!(result_name(-1), Some("NOT_OK"));
    assert_eq!(result([0x80, 0, 0, 0]), 0x8000_0000);
    assert_eq!(Request::Download { image: 1, result: -1 }.frames()[2][..], [0xff; 4]);
}

#[test]
fn messages_that_are_none() {
    let mut rules = rules();
    // Nothing can be answered here, as with the original.
    for parts in [&[][..], &[&b"HS"[..]], &[b"TITLE"]] {
        let taken = take(&mut rules, Side::Comm, parts);
        assert_eq!(taken.reply, None);
        assert!(matches!(taken.event, Some(Event::Refused(_, _, Reason::Fault(Fault::Short)))));
    }
    for whole in [vec![], vec![Bytes::from("HS"), Bytes::from("x"), Bytes::from("Comm")]] {
        assert_eq!(rules.take(Side::Comm, &Bytes::from_static(ID), &whole, true).reply, None);
    }
    for (on, parts, group, expected) in [
        (Side::Comm, &[&b"HS"[..], b"x"][..], "HS", &b"Error"[..]),
        (Side::Comm, &[b"HS", b"x", b"Common"], "HS", b"Error"),
        (Side::Comm, &[b"HS", &[b'x'; 4097], b"Comm"], "HS", b"Error"),
        (Side::Comm, &[b"DL", &[0; 8]], "DL", b"Error"),
        (Side::Comm, &[b"DL", &[0; 8], &[0; 8]], "DL", b"Error"),
        (Side::Comm, &[b"nobody's", b""], "NOBODY'S", b"Error"),
        (Side::Comm, &[b"\xff", b""], "\u{fffd}", b"Error"),
        (Side::Comm, &[b"", b""], "", b"Error"),
        (Side::Task, &[b"TITLE", b"x"], "TITLE", b"Error"),
        (Side::Comm, &[b"FFMPEG_REQ", b"x"], "FFMPEG_REQ", &[0xff; 4]),
        (Side::Task, &[b"FFMPEG_REQ", b"\xff"], "FFMPEG_REQ", &[0xff; 4]),
        (Side::Task, &[b"FFMPEG_RET", b""], "FFMPEG_RET", &[0xff; 4]),
        (Side::Task, &[b"FFMPEG_RET", b"Error"], "FFMPEG_RET", &[0xff; 4]),
        (Side::Task, &[b"FFMPEG_RET", &[0xff; 4]], "FFMPEG_RET", &[0xff; 4]),
        (Side::Task, &[b"ARIA2", b"x"], "ARIA2", &[0xff; 4]),
    ] {
        let taken = take(&mut rules, on, parts);
        assert_eq!(value(&taken, group)[..], *expected, "{group}");
    }
    // An answer is no longer for a group that is.
    let taken = take(&mut rules, Side::Comm, &[&[b'x'; 1000], b""]);
    assert_eq!(value(&taken, &"X".repeat(64)), "Error");
    // Titles are shown, whatever they are.
    let taken = take(&mut rules, Side::Comm, &[b"TITLE", b"\xff", b"more"]);
    assert_eq!(value(&taken, "TITLE"), "Ok");
    assert_eq!(taken.event, Some(Event::Title(agent(Side::Comm, ""), "\u{fffd}".into())));
}

#[test]
fn swapped_sockets_and_how_they_are_refused() {
    for (refusal, text) in [(Refusal::Described, "Error"), (Refusal::Effective, "ERROR")] {
        let mut rules = Rules::new(Settings { refusal, ..Default::default() });
        for (on, said) in [(Side::Comm, "Task"), (Side::Task, "Comm")] {
            let taken = take(&mut rules, on, &[b"HS", b"x", said.as_bytes()]);
            assert_eq!(value(&taken, "HS"), text);
            let refused = Event::Refused(agent(on, ""), "HS".into(), Reason::Swapped);
            assert_eq!(taken.event, Some(refused));
            assert_eq!(rules.gone(on, &Bytes::from_static(ID)), None); // it never was there
        }
        assert_eq!(value(&take(&mut rules, Side::Comm, &[b"TOTAL", b""]), "TOTAL"), text);
    }
}

#[test]
fn names_errors_and_ends() {
    let mut rules = rules();
    let comm = |name| agent(Side::Comm, name);
    let taken = take(&mut rules, Side::Comm, &[b"HS", b"a", b"Comm"]);
    assert_eq!(taken.event, Some(Event::Handshake(comm("a"))));
    let taken = take(&mut rules, Side::Comm, &[b"Ident", b"b"]);
    assert_eq!(value(&taken, "IDENT"), "Ok");
    assert_eq!(taken.event, Some(Event::Identified(comm("b"), "a".into())));
    for (parts, stack) in [(&[&b"ERROR"[..], b"d", b"s"][..], "s"), (&[b"ERROR", b"d"], "")] {
        let taken = take(&mut rules, Side::Comm, parts);
        assert_eq!(value(&taken, "ERROR"), "Ok");
        assert_eq!(taken.event, Some(Event::ErrorReport(comm("b"), "d".into(), stack.into())));
    }
    let id = Bytes::from_static(ID);
    assert_eq!(rules.gone(Side::Task, &id), None);
    assert_eq!(rules.gone(Side::Comm, &id), Some(Event::Gone(comm("b"))));
    assert_eq!(rules.gone(Side::Comm, &id), None);
}
