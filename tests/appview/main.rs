//! AppView: the recordings of both real sides (docs/vectors/appview) against ours, and ours against each other.
#![cfg(all(feature = "appview", target_os = "linux"))]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use ferripc::engine::codec::meta_nul::Frames;
use ferripc::engine::transport::mqueue::{Access, Creation, Queue, Waiter, unlink};
use ferripc::protocols::appview::client::{self, Client, Made};
use ferripc::protocols::appview::server::{self, Event, Server};
use ferripc::protocols::appview::state::State;
use ferripc::protocols::appview::{APPSCOPE_PREFIX, Names};

mod told;

/// Generous: machines are busy.
const GUARD: Duration = Duration::from_secs(240);

/// One test at a time: all queues of a user together may hold 800 kB.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number that no process has, and no other test.
fn nobody() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    (1 << 30) + (std::process::id() % (1 << 20)) * 256 + NEXT.fetch_add(1, Ordering::Relaxed)
}

fn recording(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/vectors/appview");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The literals of bytes in a line of Python.
fn literals(line: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find("b'") {
        let mut bytes = Vec::new();
        let mut chars = rest[start + 2..].char_indices();
        rest = loop {
            match chars.next().unwrap() {
                (end, '\'') => break &rest[start + 2 + end + 1..],
                (_, '\\') => {
                    assert_eq!(chars.next().unwrap().1, 'x');
                    let hex: String =
                        [chars.next().unwrap().1, chars.next().unwrap().1].iter().collect();
                    bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                }
                (_, other) => bytes.push(other as u8),
            }
        };
        found.push(bytes);
    }
    found
}

/// Who asks, without any code of the client's.
struct Asker {
    names: Names,
    input: Queue,
    output: Queue,
}

impl Asker {
    fn new(names: Names) -> Self {
        let creation =
            Creation { exclusive: true, max_messages: 10, message_size: 8192, mode: 0o666 };
        let make = |name: &str, access| Queue::open(name, access, Some(&creation)).unwrap();
        let input = make(&names.input, Access::Write);
        let output = make(&names.output, Access::Read);
        Self { names, input, output }
    }

    fn send(&self, frame: &[u8]) {
        assert!(self.input.poll(tokio::io::Interest::WRITABLE, GUARD));
        self.input.send(frame, 0).unwrap();
    }

    fn receive(&self) -> Vec<u8> {
        assert!(self.output.poll(tokio::io::Interest::READABLE, GUARD), "no answer");
        let mut frame = Vec::new();
        assert_eq!(self.output.receive(&mut frame).unwrap(), 0);
        frame
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        let _ = (unlink(&self.names.input), unlink(&self.names.output));
    }
}

fn serve(pid: u32, state: State) -> Server {
    let mut options = server::Options::new(pid);
    options.handler_timeout = GUARD;
    options.answer_timeout = GUARD;
    Server::start(options, state, |_| true).unwrap()
}

#[test]
fn the_server_answers_as_the_recorded_one() {
    let _alone = alone();
    let mut state = State::default();
    state.viewed = true;
    let text = |len: usize, start: &str, end: &str| {
        format!("{start}{}{end}", "p".repeat(len - start.len() - end.len()))
    };
    // As long as the recorded ones.
    state.set_cfg(&text(20069 - 21, r#"{"current":{"x":""#, "\"}}")).unwrap();
    let details = text(141 - 13, r#"{"pid":27,"uuid":""#, "ef0123456789abcdef\"}");
    state.set_details(&details).unwrap();
    let pid = nobody();
    let _server = serve(pid, state);
    let recording = recording("server-responses.txt");
    let mut asker: Option<Asker> = None;
    let mut seen = 0;
    for line in recording.lines() {
        if line.contains(" SENT [") {
            drop(asker.take()); // removes its queues
            let new = Asker::new(Names::new("AppViewIPC", pid));
            literals(line).iter().for_each(|frame| new.send(frame));
            asker = Some(new);
        } else {
            let received = asker.as_ref().unwrap().receive();
            let len = line.split("len ").nth(1).unwrap().split(' ').next().unwrap();
            assert_eq!(received.len(), len.parse::<usize>().unwrap(), "{line}");
            match literals(line).as_slice() {
                [whole] => assert_eq!(&received, whole, "{line}"),
                [start, end] => {
                    assert!(received.starts_with(start) && received.ends_with(end), "{line}");
                }
                _ => panic!("{line}"),
            }
            seen += 1;
        }
    }
    assert_eq!(seen, recording.matches(" RECV ").count());
}

#[test]
fn requests_are_framed_as_the_recorded_ones() {
    let recording = recording("client-requests.txt");
    let mut seen = 0;
    for line in recording.lines().filter(|line| line.contains(" hex=")) {
        let hex = line.split(" hex=").nth(1).unwrap();
        let frame: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let text = frame.split(|&byte| byte == 0).nth(1).unwrap();
        let uniq = line.split("\"uniq\":").nth(1).unwrap().split(',').next().unwrap();
        let frames: Vec<_> = Frames::request(text, uniq.parse().unwrap(), 8192).unwrap().collect();
        assert_eq!(frames, [frame]);
        seen += 1;
    }
    assert_eq!(seen, 2);
    let text = vec![b'x'; 20671];
    let frames = Frames::request(&text, 9879, 8192).unwrap();
    let long: Vec<&str> = recording.lines().filter(|line| line.contains("\"uniq\":9879")).collect();
    assert_eq!(long.len(), 3);
    for (frame, line) in frames.zip(long) {
        let meta = line.split("meta=").nth(1).unwrap().split(' ').next().unwrap();
        assert!(frame.starts_with(meta.as_bytes()), "{line}");
        assert!(line.contains(&format!("len={} ", frame.len())), "{line}");
    }
}

fn on_a_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn ask(pid: u32, change: impl FnOnce(&mut client::Options)) -> Client {
    let mut options = client::Options { timeout: GUARD, ..client::Options::default() };
    change(&mut options);
    Client::new(pid, options)
}

/// Whether the queues of `pid` are there.
fn exist(pid: u32) -> [bool; 2] {
    let names = Names::new("AppViewIPC", pid);
    [names.input, names.output].map(|name| Queue::open(&name, Access::Read, None).is_ok())
}

#[test]
fn both_sides_talk_in_more_frames_than_a_queue_holds() {
    let _alone = alone();
    let mut state = State::default();
    let long = format!(r#"{{"current":"{}"}}"#, "é".repeat(50_000));
    state.set_cfg(&long).unwrap();
    let pid = nobody();
    let (events, told) = mpsc::channel();
    let server = Server::start(server::Options::new(pid), state, move |event| {
        if let Event::SetConfig { request } = event {
            events.send(request).unwrap();
        }
        true
    })
    .unwrap();
    on_a_runtime(async {
        let client = ask(pid, |_| ());
        let response = client.request(br#"{"req":2}"#).await.unwrap();
        let text = String::from_utf8(response.text).unwrap();
        assert_eq!((response.status, text), (200, format!(r#"{{"cfg":{long},"status":200}}"#)));
        let request = format!(r#"{{"req":3,"cfg":{long}}}"#);
        let response = client.request(request.as_bytes()).await.unwrap();
        assert_eq!(response.text, br#"{"status":200}"#);
        assert_eq!(told.recv_timeout(GUARD).unwrap(), request);
        server.update(|state| state.viewed = true);
        let (one, two) = (client.clone(), ask(pid, |_| ()));
        let asked = tokio::join!(one.request(br#"{"req":1}"#), two.request(br#"{"req":1}"#));
        for response in [asked.0, asked.1] {
            assert_eq!(response.unwrap().text, br#"{"status":200,"viewed":true}"#);
        }
    });
    assert_eq!(exist(pid), [false, false]);
    server.stop();
}

#[test]
fn a_command_of_the_programs_own_is_answered_from_any_thread_or_fails() {
    let _alone = alone();
    let pid = nobody();
    let mut state = State::default();
    state.custom.insert(6, "initiateSnapshot".into());
    let mut options = server::Options::new(pid);
    options.prefix = APPSCOPE_PREFIX.into();
    let taken = server::Options { prefix: APPSCOPE_PREFIX.into(), ..server::Options::new(pid) };
    let server = Server::start(options, state, |event| {
        if let Event::SetConfig { .. } = event {
            panic!("a panic is a refusal");
        }
        if let Event::Request { command: 6, request, reply } = event
            && !request.contains("drop")
        {
            assert!(!request.contains("panic"), "nor is it an answer");
            std::thread::spawn(move || reply.send(format!(r#"{{"status":200,"got":{request}}}"#)));
        }
        true
    })
    .unwrap();
    let again = Server::start(taken.clone(), State::default(), |_| true).unwrap_err();
    assert_eq!(again.code(), "EADDRINUSE");
    on_a_runtime(async {
        let client = ask(pid, |options| options.prefix = APPSCOPE_PREFIX.into());
        let response = client.request(br#"{"req":6}"#).await.unwrap();
        assert_eq!(response.text, br#"{"status":200,"got":{"req":6}}"#);
        let failing = [r#"{"req":6,"drop":1}"#, r#"{"req":6,"panic":1}"#, r#"{"req":3,"cfg":{}}"#];
        for request in failing {
            let response = client.request(request.as_bytes()).await.unwrap();
            assert_eq!(response.text, br#"{"status":500}"#, "{request}");
        }
        let response = client.request(br#"{"req":0}"#).await.unwrap();
        let text = String::from_utf8(response.text).unwrap();
        assert!(text.contains("getScopeCfg") && text.contains("initiateSnapshot"), "{text}");
    });
    server.stop();
    Server::start(taken, State::default(), |_| true).unwrap().stop();
}

#[test]
fn who_changes_what_is_answered_takes_its_time_and_nobody_waits_for_it() {
    let _alone = alone();
    let pid = nobody();
    let server = serve(pid, State::default());
    let status = || on_a_runtime(ask(pid, |_| ()).request(br#"{"req":1}"#)).unwrap().text;
    server.update(|state| {
        assert_eq!(status(), br#"{"status":200,"viewed":false}"#);
        state.viewed = true;
    });
    assert_eq!(status(), br#"{"status":200,"viewed":true}"#);
}

#[test]
fn queues_are_gone_after_every_end() {
    let _alone = alone();
    on_a_runtime(async {
        let pid = nobody();
        let short = |options: &mut client::Options| options.timeout = Duration::from_millis(20);
        // Nobody takes it.
        let error = ask(pid, short).request(b"{}").await.unwrap_err();
        assert_eq!((error.code(), error.syscall), ("ETIMEDOUT", "mq_receive"));
        assert!(error.to_string().contains("does not take"), "{error}");
        // Nobody takes ten frames of it.
        let error = ask(pid, short).request(&[b'x'; 90_000]).await.unwrap_err();
        assert_eq!((error.code(), error.syscall), ("ETIMEDOUT", "mq_send"));
        // META alone is too long.
        let error = ask(pid, |it| it.message_size = 20).request(b"{}").await.unwrap_err();
        assert_eq!(error.code(), "EMSGSIZE");
        assert_eq!(exist(pid), [false, false]);

        // The request is dropped; the program ends.
        let made = Made::default();
        let client = Client::with(
            pid,
            client::Options { timeout: GUARD, ..Default::default() },
            made.clone(),
        );
        for end in [false, true] {
            let asked = client.request(b"{}");
            tokio::select! {
                biased;
                _ = asked => panic!("nobody answers"),
                () = async {
                    assert_eq!(exist(pid), [true, true]);
                    if end {
                        made.unlink_all();
                        assert_eq!(exist(pid), [false, false]);
                    }
                } => {}
            }
            assert_eq!(exist(pid), [false, false]);
        }
        assert_eq!(client.request(b"{}").await.unwrap_err().code(), "ECANCELED");
        assert_eq!(exist(pid), [false, false]);
    });
}

#[test]
fn queues_of_others_are_waited_for_and_replaced_if_so_wished() {
    let _alone = alone();
    on_a_runtime(async {
        let pid = nobody();
        let stale = Asker::new(Names::new("AppViewIPC", pid));
        let short = |options: &mut client::Options| options.timeout = Duration::from_millis(20);
        let error = ask(pid, short).request(br#"{"req":1}"#).await.unwrap_err();
        assert_eq!((error.code(), exist(pid)), ("EEXIST", [true, true]));
        let _server = serve(pid, State::default());
        let client = ask(pid, |options| {
            options.timeout = Duration::from_secs(2);
            options.replace_stale = true;
        });
        assert_eq!(client.request(br#"{"req":1}"#).await.unwrap().status, 200);
        assert_eq!(exist(pid), [false, false]);
        drop(stale);

        let other = Asker::new(Names::new("AppViewIPC", pid));
        let client = ask(pid, |_| ());
        let leave = async {
            tokio::task::yield_now().await;
            drop(other);
        };
        let (response, ()) = tokio::join!(client.request(br#"{"req":1}"#), leave);
        assert_eq!(response.unwrap().status, 200);
    });
}

#[test]
fn queues_of_those_who_come_and_go_are_not_replaced() {
    let _alone = alone();
    on_a_runtime(async {
        let pid = nobody();
        let names = Names::new("AppViewIPC", pid);
        // One after the other is there at each look, and none of them for long.
        let busy = Arc::new(AtomicBool::new(true));
        let talk = thread::spawn({
            let (names, busy) = (names.clone(), busy.clone());
            let creation =
                Creation { exclusive: true, max_messages: 1, message_size: 64, mode: 0o666 };
            move || {
                let mut removed = 0;
                while busy.load(Ordering::Relaxed) {
                    let Ok(queue) = Queue::open(&names.input, Access::Write, Some(&creation))
                    else {
                        continue; // the client was faster
                    };
                    thread::sleep(Duration::from_millis(3));
                    removed += u32::from(queue.is_unlinked());
                    let _ = unlink(&names.input);
                }
                removed
            }
        });
        for _ in 0..10 {
            let client = ask(pid, |options| {
                options.timeout = Duration::from_millis(20);
                options.replace_stale = true;
            });
            let error = client.request(br#"{"req":1}"#).await.unwrap_err();
            assert!(["EEXIST", "ETIMEDOUT"].contains(&error.code()), "{error}");
        }
        busy.store(false, Ordering::Relaxed);
        assert_eq!(talk.join().unwrap(), 0);
    });
}

#[test]
fn what_is_no_response_is_told() {
    let _alone = alone();
    on_a_runtime(async {
        for (frame, code, why) in [
            ("x", "EBADMSG", "without META"),
            ("{\"status\":200,\"uniq\":-1,\"remain\":1}\0x", "EBADMSG", "another conversation"),
            ("{\"status\":200,\"uniq\":UNIQ,\"remain\":11}\0xxxxxxxxxxx", "EMSGSIZE", "limit"),
        ] {
            let pid = nobody();
            let client = ask(pid, |options| options.max_response = 10);
            let names = Names::new("AppViewIPC", pid);
            let answer = async {
                let open = |name: &str, access| loop {
                    if let Ok(queue) = Queue::open(name, access, None) {
                        break Waiter::new(Arc::new(queue)).unwrap();
                    }
                };
                tokio::task::yield_now().await;
                let mut request = Vec::new();
                open(&names.input, Access::Read).receive(&mut request).await.unwrap();
                let request = String::from_utf8(request).unwrap();
                let uniq = request.split("\"uniq\":").nth(1).unwrap().split(',').next().unwrap();
                let frame = frame.replace("UNIQ", uniq);
                open(&names.output, Access::Write).send(frame.as_bytes(), 0).await.unwrap();
            };
            let (response, ()) = tokio::join!(client.request(b"{}"), answer);
            let error = response.unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(exist(pid), [false, false]);
        }
    });
}
