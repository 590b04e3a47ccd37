//! PixivUtil2's rules without a socket: the recordings of the real program (docs/vectors/pixivutil2), and what its
//! description leaves open.
#![cfg(feature = "pixivutil2")]

use std::path::Path;

use bytes::Bytes;
use ferripc::protocols::pixivutil2::message::{
    Fault, Refusal, Request, Side, group, parse, result_name,
};
use ferripc::protocols::pixivutil2::option::IpcOption;
use ferripc::protocols::pixivutil2::rules::{Agent, Event, Reason, Rules, Settings, Taken};

fn vector(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/vectors/pixivutil2");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn hex(text: &str) -> Bytes {
    let digits: Vec<_> = text.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The messages of the recording: `RT comm ['006b8b4567', '', '4853', …] | …`.
fn recorded() -> Vec<(Side, Vec<Bytes>)> {
    let read = |line: &str| {
        let side = if line.starts_with("RT comm") { Side::Comm } else { Side::Task };
        let list = line.split_once('[').unwrap().1.split_once(']').unwrap().0;
        (side, list.split(", ").map(|item| hex(item.trim_matches('\''))).collect())
    };
    vector("router-frames.txt").lines().map(read).collect()
}

fn frames(parts: &[&[u8]]) -> Vec<Bytes> {
    std::iter::once(&b""[..]).chain(parts.iter().copied()).map(Bytes::copy_from_slice).collect()
}

/// Rules that take everything.
fn rules() -> Rules {
    let mut rules = Rules::new(Settings::default());
    (rules.ffmpeg, rules.aria2) = (true, true);
    rules
}

const ID: &[u8] = b"\0abcd";

fn take(rules: &mut Rules, on: Side, parts: &[&[u8]]) -> Taken {
    rules.take(on, &Bytes::from_static(ID), &frames(parts), true)
}

/// The value of a reply to `group`.
fn value(taken: &Taken, group: &str) -> Bytes {
    let reply = taken.reply.as_ref().unwrap();
    assert_eq!([&reply[0][..], &reply[1]], [&b""[..], group.as_bytes()]);
    assert_eq!(reply.len(), 3);
    reply[2].clone()
}

fn agent(side: Side, identifier: &str) -> Agent {
    Agent { id: Bytes::from_static(ID), identifier: identifier.into(), side }
}

#[test]
fn the_recorded_session() {
    let mut rules = rules();
    let mut told = Vec::new();
    let mut answers = Vec::new();
    let mut task = None;
    for (side, message) in recorded() {
        let (id, frames) = message.split_first().unwrap();
        let mut frames = frames.to_vec();
        if let Some(task) = task.take() {
            assert_eq!(frames[1], "FFmpeg_Ret");
            frames[2] = task; // instead of the recorded one's
        }
        let taken = rules.take(side, id, &frames, true);
        answers.push(taken.reply.map(|reply| reply[1..].to_vec()));
        match taken.event {
            Some(Event::Ffmpeg(_, number, arguments)) => {
                assert!(rules.finish(number, 0).is_empty()); // nobody waits yet
                task = Some(Bytes::copy_from_slice(&number.to_le_bytes()));
                told.push(format!("ffmpeg {arguments:?}"));
            }
            Some(Event::Aria2(agent, call, file, text)) => {
                let (to, reply) = rules.answer(call, 0).unwrap();
                assert_eq!(
                    (to, &reply[1][..], &reply[2][..]),
                    (agent.id, &b"ARIA2"[..], &[0; 4][..])
                );
                told.push(format!("aria2 {file} {text:?}"));
            }
            Some(Event::Handshake(agent)) => {
                told.push(format!("{} {}", agent.side.name(), agent.identifier));
            }
            Some(Event::Refused(_, group, Reason::Swapped)) => {
                told.push(format!("swapped {group}"))
            }
            Some(Event::Refused(_, group, Reason::Fault(Fault::OtherSide))) => {
                told.push(format!("other side {group}"));
            }
            Some(Event::Total(agent, count)) => told.push(format!("{} {count}", agent.identifier)),
            Some(Event::Title(_, title)) => told.push(title),
            Some(Event::Download(_, image, result)) => {
                told.push(format!("{image} {}", result_name(result).unwrap()));
            }
            None => {} // FFmpeg_Ret
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        told,
        [
            "Comm memb1.p1",
            "Task memb1.p1",
            "memb1.p1 258",
            "memb1.p1 258",
            "タイトル 1/2",
            "99887766 ABORTED",
            r#"ffmpeg ["-y", "-safe", "0", "-i", "/tmp/a b/i.ffconcat", "-c:v", "libvpx-vp9", "-lossless", "0", "/tmp/a b/temp.webm"]"#,
            r#"aria2 /tmp/example/aria2.txt "https://i.pximg.net/x.png\n  referer=https://www.pixiv.net/\n  dir=/tmp/out\n  out=x.png\n""#,
            "slow",
            "swapped HS",
            "swapped HS",
            "other side TOTAL",
            "other side TOTAL",
        ]
    );
    let is = |at: usize, group: &str, value: &[u8]| {
        assert_eq!(answers[at].as_ref().unwrap()[..], [group.as_bytes(), value], "{at}");
    };
    for (at, group) in
        [(0, "HS"), (1, "HS"), (2, "TOTAL"), (3, "TOTAL"), (4, "TITLE"), (5, "DL"), (9, "TITLE")]
    {
        is(at, group, b"Ok");
    }
    assert_eq!(answers[6].as_ref().unwrap()[0], "FFMPEG_REQ");
    is(7, "FFMPEG_RET", &[0; 4]);
    assert_eq!(answers[8], None); // was answered by the handler
    for (at, group) in [(10, "HS"), (11, "HS"), (12, "TOTAL"), (13, "TOTAL")] {
        is(at, group, b"Error");
    }
}

#[test]
fn an_agent_says_what_was_recorded() {
    for (side, message) in recorded() {
        let group = String::from_utf8_lossy(&message[2]).to_ascii_uppercase();
        let Ok(request) = parse(side, &group, &message[1..]) else { continue };
        let mut said = request.frames();
        said[0] = String::from_utf8_lossy(&said[0]).to_ascii_uppercase().into();
        let mut recorded = message[2..].to_vec();
        recorded[0] = group.clone().into();
        if group == group::TOTAL && recorded[1].len() == 4 {
            recorded[1] = [&[0; 4][..], &recorded[1]].concat().into(); // eight bytes, always
        }
        assert_eq!(said, recorded);
    }
}

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

/// Begins a job. Returns its number.
fn begin(rules: &mut Rules) -> i32 {
    let taken = take(rules, Side::Task, &[b"FFmpeg_Req", b"-i", b"a b"]);
    let number = i32::from_le_bytes(value(&taken, "FFMPEG_REQ")[..].try_into().unwrap());
    let arguments = vec!["-i".into(), "a b".into()];
    assert_eq!(taken.event, Some(Event::Ffmpeg(agent(Side::Task, ""), number, arguments)));
    number
}

#[test]
fn a_job_is_answered_when_it_ends() {
    let mut rules = rules();
    let task = begin(&mut rules);
    assert!(task > 0);
    let asked = |rules: &mut Rules, id: &'static [u8]| {
        let message = frames(&[b"FFmpeg_Ret", &task.to_le_bytes()]);
        rules.take(Side::Task, &Bytes::from_static(id), &message, true)
    };
    // It may be asked for by several, and by one that has left.
    for id in [b"one", b"two", b"one"] {
        assert_eq!(asked(&mut rules, id), Taken::default());
    }
    rules.gone(Side::Task, &Bytes::from_static(b"two"));
    let answers = rules.finish(task, -7);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].0, "one");
    assert_eq!(
        answers[0].1[1..],
        [Bytes::from("FFMPEG_RET"), Bytes::copy_from_slice(&(-7i32).to_le_bytes())]
    );
    assert_eq!(value(&asked(&mut rules, b"two"), "FFMPEG_RET")[..], (-7i32).to_le_bytes());
    assert!(rules.finish(task, 0).is_empty()); // the first one counts
    assert_eq!(value(&asked(&mut rules, b"two"), "FFMPEG_RET")[..], (-7i32).to_le_bytes());
}

#[test]
fn jobs_that_nobody_takes_and_too_many() {
    let mut rules = Rules::new(Settings { max_tasks: 2, ..Default::default() });
    let refused = |rules: &mut Rules, parts: &[&[u8]], group: &str| {
        let taken = take(rules, Side::Task, parts);
        assert_eq!(value(&taken, group)[..], [0xff; 4]);
        match taken.event {
            Some(Event::Refused(_, _, why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let request = [&b"FFMPEG_REQ"[..], b"-y"];
    let call = [&b"ARIA2"[..], b"a", b"b"];
    assert_eq!(refused(&mut rules, &request, "FFMPEG_REQ"), Reason::NoHandler);
    assert_eq!(refused(&mut rules, &call, "ARIA2"), Reason::NoHandler);
    (rules.ffmpeg, rules.aria2) = (true, true);
    let first = begin(&mut rules);
    let Some(Event::Aria2(_, number, ..)) = take(&mut rules, Side::Task, &call).event else {
        panic!()
    };
    assert_eq!(refused(&mut rules, &request, "FFMPEG_REQ"), Reason::TooManyTasks);
    assert_eq!(refused(&mut rules, &call, "ARIA2"), Reason::TooManyTasks);
    rules.finish(first, 0);
    let second = begin(&mut rules);
    assert_ne!(first, second);
    rules.answer(number, 0);
    begin(&mut rules);
}

#[test]
fn the_arguments_of_jobs_that_have_not_ended_have_a_limit() {
    let mut rules = Rules::new(Settings { max_task_bytes: 1000, ..Default::default() });
    (rules.ffmpeg, rules.aria2) = (true, true);
    let large = [b'x'; 700];
    let job = |rules: &mut Rules, size: usize| {
        take(rules, Side::Task, &[b"FFMPEG_REQ", &large[..size]]).event.unwrap()
    };
    let Event::Ffmpeg(_, first, _) = job(&mut rules, 700) else { panic!() };
    let too_many = |event| matches!(event, Event::Refused(_, _, Reason::TooManyTasks));
    assert!(too_many(job(&mut rules, 700)));
    let call = |rules: &mut Rules, size: usize| {
        take(rules, Side::Task, &[b"ARIA2", b"", &large[..size]]).event.unwrap()
    };
    let Event::Aria2(_, number, ..) = call(&mut rules, 200) else { panic!() };
    assert!(too_many(call(&mut rules, 200)));
    // What has ended counts no more: neither jobs, nor calls, nor those whose caller has gone.
    rules.finish(first, 0);
    rules.finish(first, 0);
    assert!(matches!(job(&mut rules, 700), Event::Ffmpeg(..)));
    assert!(too_many(call(&mut rules, 200)));
    rules.answer(number, 0);
    assert!(matches!(call(&mut rules, 200), Event::Aria2(..)));
    rules.gone(Side::Task, &Bytes::from_static(ID));
    assert!(matches!(call(&mut rules, 200), Event::Aria2(..)));
    rules.end();
    // One that is alone is taken, however large it is.
    let alone = [b'x'; 2000];
    let taken = take(&mut rules, Side::Task, &[b"FFMPEG_REQ", &alone]);
    assert!(matches!(taken.event, Some(Event::Ffmpeg(..))));
    assert!(too_many(job(&mut rules, 1)));
}

#[test]
fn the_end_answers_all_who_wait() {
    let mut rules = rules();
    let task = begin(&mut rules);
    take(&mut rules, Side::Task, &[b"FFMPEG_RET", &task.to_le_bytes()]);
    take(&mut rules, Side::Task, &[b"ARIA2", b"a", b"b"]);
    let mut groups: Vec<_> =
        rules.end().into_iter().map(|(_, reply)| (reply[1].clone(), reply[2].clone())).collect();
    groups.sort();
    let minus = Bytes::from_static(&[0xff; 4]);
    assert_eq!(groups, [("ARIA2".into(), minus.clone()), ("FFMPEG_RET".into(), minus)]);
    assert!(rules.end().is_empty());
}

#[test]
fn without_room_for_events() {
    let mut rules = rules();
    let id = Bytes::from_static(ID);
    let task = begin(&mut rules);
    let mut full = |on, parts: &[&[u8]]| rules.take(on, &id, &frames(parts), false);
    assert_eq!(value(&full(Side::Comm, &[b"HS", b"x", b"Comm"]), "HS"), "Error");
    assert_eq!(value(&full(Side::Task, &[b"FFMPEG_REQ", b"x"]), "FFMPEG_REQ")[..], [0xff; 4]);
    assert_eq!(full(Side::Comm, &[b"TITLE"]), Taken::default());
    // What needs none is answered.
    assert_eq!(full(Side::Task, &[b"FFMPEG_RET", &task.to_le_bytes()]), Taken::default());
    assert_eq!(rules.finish(task, 0).len(), 1);
}

#[test]
fn results_are_kept_up_to_a_limit() {
    let mut rules = rules();
    let first = begin(&mut rules);
    rules.finish(first, 1);
    for _ in 0..4096 {
        let task = begin(&mut rules);
        rules.finish(task, 2);
    }
    let taken = take(&mut rules, Side::Task, &[b"FFMPEG_RET", &first.to_le_bytes()]);
    assert_eq!(value(&taken, "FFMPEG_RET")[..], [0xff; 4]);
}

#[test]
fn options() {
    let table: serde_json::Value = serde_json::from_str(&vector("options.json")).unwrap();
    for case in table.as_array().unwrap() {
        let text = case["option"].as_str().unwrap();
        match (text.parse::<IpcOption>(), case["parts"].as_array()) {
            (Ok(read), Some(parts)) => {
                assert_eq!(
                    [read.identifier.clone(), read.comm.clone(), read.task.clone()].as_slice(),
                    parts
                );
                assert_eq!(read.to_string().parse(), Ok(read));
            }
            (Err(error), None) => {
                assert!(error.to_string().contains(case["error"].as_str().unwrap()), "{error}")
            }
            (read, _) => panic!("{text}: {read:?}"),
        }
    }
}
