//! Controllers and agents of Rust programs, over each transport.

use std::time::Duration;

use bytes::Bytes;
use ferripc::protocols::pixivutil2::agent::{self, Agent, Error};
use ferripc::protocols::pixivutil2::controller::{self, Controller, Events};
use ferripc::protocols::pixivutil2::rules::Event;
use ferripc::protocols::zmtp::{Endpoint, Options, Router, RouterEvent, RouterEvents};

/// Generous: machines are busy.
const PATIENT: Duration = Duration::from_secs(240);

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(2 * PATIENT, test).await.expect("it hangs") });
}

/// Places of their own for both sockets, on each transport that this platform has.
fn places(test: &str) -> Vec<[Endpoint; 2]> {
    let name = format!("ferripc-pixivutil2-{}-{test}", std::process::id());
    let mut places = vec!["tcp://127.0.0.1:0".to_owned()];
    if cfg!(unix) {
        places.push(format!("ipc://{}", std::env::temp_dir().join(&name).display()));
    }
    if cfg!(target_os = "linux") {
        places.push(format!("ipc://@{name}"));
    }
    let both = |place: String| {
        let tcp = place.starts_with("tcp");
        ["-comm", "-task"].map(|side| {
            let place = if tcp { place.clone() } else { format!("{place}{side}") };
            place.parse().unwrap()
        })
    };
    places.into_iter().map(both).collect()
}

async fn bind([comm, task]: [Endpoint; 2]) -> (Controller, Events) {
    Controller::bind(controller::Options::new(comm, task)).await.unwrap()
}

async fn connect(controller: &Controller, name: &str) -> Agent {
    let options = agent::Options::new(controller.comm(), controller.task());
    let options = agent::Options {
        identifier: name.into(),
        handshake_timeout: PATIENT,
        notify_timeout: PATIENT,
        job_timeout: PATIENT,
        ..options
    };
    Agent::connect(options).await.unwrap()
}

/// The next event that is not a handshake.
async fn next(events: &mut Events) -> Event {
    loop {
        match events.recv().await.expect("an event").event {
            Event::Handshake(_) => {}
            event => return event,
        }
    }
}

#[test]
fn all_that_an_agent_says_is_answered_before_anybody_looks() {
    run(async {
        for place in places("says") {
            let (controller, mut events) = bind(place).await;
            let agent = connect(&controller, "é").await;
            // Nobody takes events meanwhile.
            assert!(agent.total(258).await.unwrap());
            assert!(agent.downloaded(99_887_766, 9999).await.unwrap());
            assert!(agent.title("タイトル").await.unwrap());
            assert!(agent.error("details", "stack").await.unwrap());
            // PixivUtil2's side does not count it as a message, and would not answer.
            let without = agent.ffmpeg(Vec::new()).await;
            assert!(matches!(without, Err(agent::Error::Unusable(_))));
            let refused = agent.ffmpeg(vec!["-y".into()]).await;
            assert!(matches!(refused, Err(Error::Refused(..))), "{:?}", refused.err());
            let mut said = Vec::new();
            while said.len() < 5 {
                said.push(match next(&mut events).await {
                    Event::Total(agent, count) => format!("{} {count}", agent.identifier),
                    Event::Download(_, image, result) => format!("{image} {result}"),
                    Event::Title(_, title) => title,
                    Event::ErrorReport(_, details, stack) => format!("{details} {stack}"),
                    Event::Refused(_, group, why) => format!("{group}: {}", why.text()),
                    other => panic!("{other:?}"),
                });
            }
            said.sort();
            let mut expected = [
                "é 258".to_owned(),
                "99887766 9999".into(),
                "タイトル".into(),
                "details stack".into(),
                "FFMPEG_REQ: there is no handler".into(),
            ];
            expected.sort();
            assert_eq!(said, expected);
            agent.close().await;
            controller.close().await;
        }
    });
}

#[test]
fn a_job_is_answered_when_it_ends_and_keeps_nobody_waiting() {
    run(async {
        for place in places("job") {
            let (controller, mut events) = bind(place).await;
            controller.take_ffmpeg(true);
            controller.take_aria2(true);
            let agent = connect(&controller, "a").await;
            let task = agent.ffmpeg(vec!["-i".into(), "a b".into()]).await.unwrap();
            let Event::Ffmpeg(_, number, arguments) = next(&mut events).await else { panic!() };
            assert_eq!((number, &arguments[..]), (task.number(), &["-i".into(), "a b".into()][..]));
            let other = connect(&controller, "b").await;
            let talks = async {
                for _ in 0..100 {
                    assert!(other.title("x").await.unwrap());
                }
                controller.finish(number, -7);
            };
            let (code, ()) = tokio::join!(task.exit_code(), talks);
            assert_eq!(code.unwrap(), -7);
            let answers = async {
                loop {
                    if let Event::Aria2(_, call, file, text) = next(&mut events).await {
                        assert_eq!((&file[..], &text[..]), ("file", "text"));
                        break controller.answer(call, 5);
                    }
                }
            };
            let (code, ()) = tokio::join!(agent.aria2("file", "text"), answers);
            assert_eq!(code.unwrap(), 5);
            agent.close().await;
            other.close().await;
            controller.close().await;
        }
    });
}

/// The next message to a controller's socket that a test plays: its group, and what answers it.
async fn asked(socket: &Router, events: &mut RouterEvents) -> (String, impl FnOnce(&'static str)) {
    loop {
        if let RouterEvent::Message { identity, frames } = events.recv().await.expect("an event") {
            let group = String::from_utf8(frames[1].to_vec()).unwrap();
            let reply = move |text: &'static str| {
                let frames =
                    vec![Bytes::new(), frames[1].clone(), Bytes::from_static(text.as_bytes())];
                socket.send(&identity, frames).unwrap();
            };
            return (group, reply);
        }
    }
}

#[test]
fn what_needs_another_connection_begins_with_a_handshake() {
    run(async {
        for [comm, task] in places("handshake") {
            let (comm, mut said) = Router::bind(&comm, Options::default()).unwrap();
            let (task, mut jobs) = Router::bind(&task, Options::default()).unwrap();
            let options = agent::Options {
                handshake_timeout: PATIENT,
                notify_timeout: PATIENT,
                ..agent::Options::new(comm.local_endpoint(), task.local_endpoint())
            };
            let connecting = Agent::connect(options);
            let accepting = async {
                asked(&comm, &mut said).await.1("Ok");
                asked(&task, &mut jobs).await.1("Ok");
            };
            let (agent, ()) = tokio::join!(connecting, accepting);
            let agent = agent.unwrap();
            // It is given up. Its answer could still come, so that the connection is of no use any more.
            tokio::select! {
                _ = agent.total(1) => panic!("nobody has answered"),
                (group, _) = asked(&comm, &mut said) => assert_eq!(group, "TOTAL"),
            }
            let heard = async {
                let mut groups = Vec::new();
                while groups.last().is_none_or(|last| last != "TITLE") {
                    let (group, reply) = asked(&comm, &mut said).await;
                    reply("Ok");
                    groups.push(group);
                }
                groups
            };
            let (accepted, heard) = tokio::join!(agent.title("x"), heard);
            assert!(accepted.unwrap());
            assert_eq!(heard, ["HS", "TITLE"]);
            agent.close().await;
            tokio::join!(comm.close(), task.close());
        }
    });
}
