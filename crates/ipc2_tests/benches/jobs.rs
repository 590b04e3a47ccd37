//! A job from one process to another and back: ferripc's host and worker, compared with a plain `UnixStream`
//! of tokio's with bincode 1.3.3 at both ends, without sets, limits or supervision of workers.
//!
//! ```text
//! cargo bench -p ipc2_tests --features bench
//! ```

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use ipc2_host::workerset::WorkerSet;
use test_common::peer::Host;
use test_common::task::Task;
use tokio::net::UnixListener;
use tokio::runtime::{Builder, Runtime};

const WORKER: &str = env!("CARGO_BIN_EXE_ipc2_test_worker");

/// Runs the job this many times, and returns the time.
async fn timed(times: u64, mut job: impl AsyncFnMut()) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        job().await;
    }
    started.elapsed()
}

fn set<R, W>(runtime: &Runtime, argument: Option<&'static str>) -> WorkerSet<UnixListener, R, W>
where
    R: serde::de::DeserializeOwned + Send + 'static,
    W: serde::Serialize + Send + 'static,
{
    let builder =
        WorkerSet::builder().worker_count(1).worker_path(WORKER).configure(move |command| {
            command.args(argument);
        });
    runtime.block_on(builder.finish()).unwrap()
}

fn jobs(c: &mut Criterion) {
    let text = "0123456789abcdef".repeat(1 << 16);
    for (flavor, runtime) in [
        ("one thread", Builder::new_current_thread().enable_all().build().unwrap()),
        ("many threads", Builder::new_multi_thread().enable_all().build().unwrap()),
    ] {
        let mut group = c.benchmark_group(format!("a small job, host with {flavor}"));
        let tasks = set::<u32, Task>(&runtime, None);
        group.bench_function("ferripc", |b| {
            b.iter_custom(|times| {
                runtime.block_on(timed(times, async || {
                    assert_eq!(tasks.send(Task::Add(6, 7)).await.unwrap(), 13);
                }))
            });
        });
        let mut host = runtime.block_on(Host::start(WORKER, &["peer", "tasks"])).unwrap();
        group.bench_function("plain", |b| {
            b.iter_custom(|times| {
                runtime.block_on(timed(times, async || {
                    assert_eq!(host.job::<_, u32>(Task::Add(6, 7)).await.unwrap(), 13);
                }))
            });
        });
        group.finish();

        let mut group = c.benchmark_group(format!("1 MiB there and back, host with {flavor}"));
        group.sample_size(20);
        let texts = set::<String, String>(&runtime, Some("text"));
        group.bench_function("ferripc", |b| {
            b.iter_custom(|times| {
                runtime.block_on(timed(times, async || {
                    assert_eq!(texts.send(text.clone()).await.unwrap().len(), text.len());
                }))
            });
        });
        let mut host = runtime.block_on(Host::start(WORKER, &["peer", "text"])).unwrap();
        group.bench_function("plain", |b| {
            b.iter_custom(|times| {
                runtime.block_on(timed(times, async || {
                    assert_eq!(
                        host.job::<_, String>(text.clone()).await.unwrap().len(),
                        text.len()
                    );
                }))
            });
        });
        group.finish();
    }
}

criterion_group!(benches, jobs);
criterion_main!(benches);
