//! PixivUtil2 in Rust. Its rules without a socket: here the recordings of the real program (docs/vectors/pixivutil2), in
//! `messages` and `jobs` what its description leaves open. With sockets: `sockets`.
#![cfg(feature = "pixivutil2")]

mod jobs;
mod messages;
mod sockets;

use std::path::Path;

use bytes::Bytes;
use ferripc::protocols::pixivutil2::message::{Fault, Side, group, parse, result_name};
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
