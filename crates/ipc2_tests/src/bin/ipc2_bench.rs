//! The Rust ends of `npm run bench:ipc2` (bench/ipc2.js): workers, and a host that times jobs and prints the result.
//! `plain` is the same without ferripc, over a plain `UnixStream` with bincode 1.3.3.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use ipc2_host::workerset::WorkerSet;
use ipc2_worker::{Job, connect};
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use test_common::peer;
use tokio::net::{UnixListener, UnixStream};

/// Bytes that are written and read at once, as those of the crate `serde_bytes`.
#[derive(Clone, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Whole)
    }
}

fn add((a, b): (u32, u32)) -> u32 {
    a.wrapping_add(b)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["work", "ferripc", "small"] => work(add).await,
        ["work", "ferripc", "large"] => work(|bytes: Bytes| bytes).await,
        ["work", "plain", "small"] => Ok(peer::work(|pair| Some(add(pair))).await?),
        ["work", "plain", "large"] => Ok(peer::work(|bytes: Bytes| Some(bytes)).await?),
        ["host", peer, "small", lanes, times] => {
            host(peer, "small", (20, 22), 42, lanes.parse()?, times.parse()?).await
        }
        ["host", peer, "large", lanes, times] => {
            let bytes = Bytes((0..1_000_000).map(|at| at as u8).collect());
            host(peer, "large", bytes.clone(), bytes, lanes.parse()?, times.parse()?).await
        }
        _ => Err("unknown arguments".into()),
    }
}

async fn work<C, R>(answer: impl Fn(C) -> R) -> Result<(), Box<dyn Error>>
where
    C: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
{
    let mut jobs = connect::<UnixStream, C, R>().await?;
    while let Some(Job::Bidirectional { data, tx }) = jobs.recv().await {
        let _ = tx.send(answer(data));
    }
    Ok(())
}

/// `lanes` workers, each with one job after the other, `times` each. Before that, each does a fifth as many that
/// do not count.
async fn host<W, R>(
    peer: &str,
    kind: &'static str,
    data: W,
    expected: R,
    lanes: u32,
    times: usize,
) -> Result<(), Box<dyn Error>>
where
    W: Serialize + Clone + Send + 'static,
    R: DeserializeOwned + PartialEq + Send + 'static,
{
    let program = std::env::current_exe()?.into_os_string().into_string().unwrap();
    let (mut took, mut rates) = (Vec::new(), Vec::new());
    for count in [times / 5, times] {
        took.clear();
        let started;
        if peer == "ferripc" {
            let set: WorkerSet<UnixListener, R, W> = WorkerSet::builder()
                .worker_count(lanes)
                .worker_path(&program)
                .configure(move |command| {
                    command.args(["work", "ferripc", kind]);
                })
                .finish()
                .await?;
            started = Instant::now();
            let lane = async || lane(count, &expected, async || set.send(data.clone()).await).await;
            took = both(lanes, lane).await;
        } else {
            let mut hosts = Vec::new();
            for _ in 0..lanes {
                hosts.push(peer::Host::start(&program, &["work", "plain", kind]).await?);
            }
            started = Instant::now();
            let mut hosts = hosts.into_iter();
            let (first, second) = (hosts.next(), hosts.next());
            let lane = async |host: Option<peer::Host>| {
                let Some(mut host) = host else { return Vec::new() };
                lane(count, &expected, async || host.job(data.clone()).await).await
            };
            let (a, b) = tokio::join!(lane(first), lane(second));
            took.extend(a.into_iter().chain(b));
        }
        rates.push(took.len() as f64 / started.elapsed().as_secs_f64());
    }
    took.sort_unstable();
    let at = |share: f64| took[(took.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    println!("{{\"p50\":{},\"p99\":{},\"rate\":{}}}", at(0.5), at(0.99), rates[1]);
    Ok(())
}

async fn both(lanes: u32, lane: impl AsyncFn() -> Vec<Duration>) -> Vec<Duration> {
    if lanes == 1 {
        return lane().await;
    }
    let (a, b) = tokio::join!(lane(), lane());
    a.into_iter().chain(b).collect()
}

/// How long each job took.
async fn lane<R: PartialEq, E: fmt::Debug>(
    times: usize,
    expected: &R,
    mut job: impl AsyncFnMut() -> Result<R, E>,
) -> Vec<Duration> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        let answer = job().await.unwrap();
        took.push(started.elapsed());
        assert!(answer == *expected, "another answer");
    }
    took
}
