//! `cargo run --release --manifest-path bench/rust/Cargo.toml [ROUNDS [NAME]]`: ferripc for Rust programs beside the crate node-ipc 14
//! (blocking, a thread for each end), over a Unix socket. Both ends are threads of this process, ferripc's with a tokio runtime
//! of one thread each, on which the program is a task. Rounds of the two take turns; what is shown are medians, and how the ratio
//! of two rounds that followed each other ranged. `NAME`: only loads whose names contain it. The last columns are the processor's
//! time for each message, of both ends together, which other work on the machine changes less.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ferripc::node_ipc::{Client, ClientEvent, Server, ServerEvent};
use node_ipc::{CodecConfig, Connection, Event, Message};

/// What is sent, how often, and after how many the sender waits for an answer to each.
#[derive(Clone)]
struct Load {
    name: &'static str,
    text: String,
    count: usize,
    window: Option<usize>,
}

fn loads() -> Vec<Load> {
    let load =
        |name, bytes: usize, count, window| Load { name, text: "x".repeat(bytes), count, window };
    vec![
        load("one way, 32 bytes", 32, 200_000, None),
        load("one way, 1 KiB", 1024, 50_000, None),
        load("one way, 64 KiB", 64 << 10, 2000, None),
        load("one way, 1 MiB", 1 << 20, 100, None),
        load("round trips, 32 bytes", 32, 10_000, Some(1)),
        load("round trips, 64 KiB", 64 << 10, 1000, Some(1)),
        load("round trips, 32 bytes, 64 at a time", 32, 64_000, Some(64)),
    ]
}

fn main() {
    let rounds: usize =
        std::env::args().nth(1).map_or(5, |it| it.parse().expect("a number of rounds"));
    let path = std::env::temp_dir().join(format!("ferripc-bench-{}", std::process::id()));
    let name = std::env::args().nth(2).unwrap_or_default();
    println!(
        "{:<38} {:>12} {:>12}  ratio (smallest to largest)  {:>8} {:>8}",
        "messages per second", "ferripc", "node-ipc 14", "CPU, µs", "CPU, µs"
    );
    for load in loads().into_iter().filter(|load| load.name.contains(&name)) {
        let (mut own, mut other) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for _ in 0..rounds {
            measure(&mut own, || ferripc_round(&load, &path));
            measure(&mut other, || node_ipc_round(&load, &path));
        }
        let mut ratios: Vec<f64> =
            own.0.iter().zip(&other.0).map(|(own, other)| other.div_duration_f64(*own)).collect();
        ratios.sort_by(f64::total_cmp);
        let (least, most) = (ratios[0], ratios[rounds - 1]);
        let [own, other] = [own, other].map(|(times, used)| {
            let rate = load.count as f64 / median(times).as_secs_f64();
            (rate, median(used).as_secs_f64() * 1e6 / load.count as f64)
        });
        println!(
            "{:<38} {:>12.0} {:>12.0}  {:>5.2} ({least:>5.2} to {most:>5.2})      {:>8.1} {:>8.1}",
            load.name,
            own.0,
            other.0,
            own.0 / other.0,
            own.1,
            other.1
        );
    }
}

/// The times of a round: by the clock, of the messages alone, and of the processor, with what is around them.
fn measure(into: &mut (Vec<Duration>, Vec<Duration>), round: impl FnOnce() -> Duration) {
    let before = used();
    into.0.push(round());
    into.1.push(used() - before);
}

/// The processor's time of this process.
fn used() -> Duration {
    // SAFETY: a `rusage` is numbers, and the call writes one.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    [usage.ru_utime, usage.ru_stime]
        .map(|time| Duration::new(time.tv_sec as u64, 1000 * time.tv_usec as u32))
        .into_iter()
        .sum()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Whether the receiver answers message number `index`.
fn is_answered(load: &Load, index: usize) -> bool {
    load.window.is_some() || index + 1 == load.count
}

fn run<T: Send + 'static>(program: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let task = runtime.spawn(program);
    runtime.block_on(task).expect("it ends")
}

fn ferripc_round(load: &Load, path: &Path) -> Duration {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (path, its) = (path.to_owned(), load.clone());
    let (at, load) = (path.clone(), load.clone());
    let receiver = thread::spawn(move || {
        run(async move {
            let (server, mut events) = Server::bind(path).await.expect("it listens");
            ready.send(()).expect("somebody waits");
            let mut index = 0;
            while let Some(event) = events.next().await {
                match event {
                    ServerEvent::Message { from, message } => {
                        let text: &str = message.data().expect("a text");
                        assert_eq!(text.len(), its.text.len());
                        if is_answered(&its, index) {
                            from.emit("answer", text).await.expect("it is sent");
                        }
                        index += 1;
                    }
                    ServerEvent::Disconnected { .. } => break,
                    _ => {}
                }
            }
            server.close().await;
        });
    });
    is_ready.recv().expect("it listens");
    let took = run(async move {
        let (client, mut events) = Client::connect(at).expect("an address");
        assert!(matches!(events.next().await, Some(ClientEvent::Connected)));
        let mut answer = async || match events.next().await {
            Some(ClientEvent::Message(message)) => {
                assert_eq!(message.data::<&str>().expect("a text").len(), load.text.len());
            }
            other => panic!("{other:?}"),
        };
        let started = Instant::now();
        let window = load.window.unwrap_or(load.count);
        for _ in 0..load.count / window {
            for _ in 0..window {
                client.emit("message", &load.text).await.expect("it is sent");
            }
            for _ in 0..load.window.unwrap_or(1) {
                answer().await;
            }
        }
        let took = started.elapsed();
        client.close().await;
        took
    });
    receiver.join().expect("it ends");
    took
}

fn node_ipc_round(load: &Load, path: &PathBuf) -> Duration {
    let listener = node_ipc::local::LocalListener::bind(path).expect("it listens");
    let its = load.clone();
    let receiver = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut connection = Connection::new(stream, CodecConfig::fast()).expect("a codec");
        let mut index = 0;
        while let Some(Message::Event(event)) = connection.recv().expect("a message") {
            let text = event.data.as_str().expect("a text");
            assert_eq!(text.len(), its.text.len());
            if is_answered(&its, index) {
                connection.send(&Event::new("answer", text)).expect("it is sent");
            }
            index += 1;
        }
    });
    let stream = node_ipc::local::connect(path).expect("it connects");
    let mut connection = Connection::new(stream, CodecConfig::fast()).expect("a codec");
    let started = Instant::now();
    let window = load.window.unwrap_or(load.count);
    for _ in 0..load.count / window {
        for _ in 0..window {
            connection.send(&Event::new("message", load.text.as_str())).expect("it is sent");
        }
        for _ in 0..load.window.unwrap_or(1) {
            let Some(Message::Event(event)) = connection.recv().expect("a message") else {
                panic!()
            };
            assert_eq!(event.data.as_str().expect("a text").len(), load.text.len());
        }
    }
    let took = started.elapsed();
    drop(connection);
    receiver.join().expect("it ends");
    took
}
