//! What a set of workers does as in ipc2 0.1.0, one test for each rule. What it does better is in
//! better.rs.

mod common;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use ferripc::protocols::ipc2::{Raw, payload};
use ipc2_host::manager::{EventLoopMessage, WorkerHandle, WorkerMessageError};
use ipc2_host::workerset::{TimeoutAction, WorkerSet, WorkerSetJobError};
use test_common::task::{All, Task};
use test_common::tcp::TcpServer;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

#[tokio::test]
async fn a_job_is_answered() {
    let set = tasks(2).await;
    assert_eq!(set.send(Task::Add(6, 7)).await.unwrap(), 13);
    assert_eq!(
        set.send_timeout(Task::Echo("héllo".into()), LONG, TimeoutAction::Error).await.unwrap(),
        6
    );
}

#[tokio::test]
async fn a_job_more_than_there_are_workers_is_refused_at_once() {
    let set = tasks(2).await;
    let (one, two, three) =
        tokio::join!(set.send(Task::Sleep(50)), set.send(Task::Sleep(50)), set.send(Task::Pid));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
    assert!(has_no_worker(three));
    assert!(set.send(Task::Pid).await.is_ok());
}

#[tokio::test]
async fn the_worker_that_was_free_last_is_taken() {
    let set = tasks(3).await;
    let pid = set.send(Task::Pid).await.unwrap();
    for _ in 0..5 {
        assert_eq!(set.send(Task::Pid).await.unwrap(), pid);
    }
}

#[tokio::test]
async fn after_a_timeout_the_next_job_waits_behind_the_old_one_whose_answer_is_dropped() {
    let set = tasks(1).await;
    let pid = set.send(Task::Pid).await.unwrap();
    assert!(is_timeout(set.send_timeout(Task::Sleep(1500), SHORT, TimeoutAction::Error).await));
    assert!(is_timeout(set.send_timeout(Task::Pid, SHORT, TimeoutAction::Error).await));
    assert_eq!(set.send(Task::Pid).await.unwrap(), pid);
    assert_eq!(set.pids(), [pid]);
}

#[tokio::test]
async fn after_a_timeout_a_worker_can_be_replaced() {
    let set = tasks(1).await;
    let old = set.send(Task::Pid).await.unwrap();
    assert!(is_timeout(set.send_timeout(Task::Hang, SHORT, TimeoutAction::Restart).await));
    let new = set.send(Task::Pid).await.unwrap();
    assert_ne!(new, old);
    eventually(|| !is_alive(old)).await;
    assert_eq!(set.pids(), [new]);
}

#[tokio::test]
async fn a_crash_is_an_error_of_its_job_and_the_worker_is_replaced() {
    let set = tasks(1).await;
    for _ in 0..4 {
        let old = set.send(Task::Pid).await.unwrap();
        assert!(is_offline(set.send(Task::Crash).await));
        assert_ne!(set.send(Task::Pid).await.unwrap(), old);
    }
    // Even if it was never given anything else.
    for _ in 0..4 {
        assert!(is_offline(set.send(Task::Crash).await));
    }
    assert_eq!(set.send(Task::Add(1, 1)).await.unwrap(), 2);
}

#[tokio::test]
async fn without_an_answer_a_caller_waits_as_long_as_it_likes() {
    let set = tasks(1).await;
    assert!(timeout(SHORT, set.send(Task::NoReply)).await.is_err());
    assert!(is_timeout(set.send_timeout(Task::NoReply, SHORT, TimeoutAction::Error).await));
    assert_eq!(set.send(Task::Add(1, 2)).await.unwrap(), 3);
}

#[tokio::test]
async fn unidirectional_jobs_have_no_answer_and_keep_no_worker() {
    let set = tasks(1).await;
    for number in 0..100 {
        set.send_unidirectional(Task::Note(number.to_string())).await.unwrap();
    }
    assert_eq!(set.send(Task::Notes).await.unwrap(), 100);
    let old = set.pids();
    set.send_unidirectional(Task::Crash).await.unwrap();
    eventually(|| set.pids() != old && set.available() == 1).await;
    assert_eq!(set.send(Task::Notes).await.unwrap(), 0);
}

#[tokio::test]
async fn a_worker_gets_no_job_before_it_has_answered_the_last_one() {
    let set = tasks(1).await;
    let worker = set.pop_worker().unwrap();
    let mut answers = Vec::new();
    for task in [Task::Background(50), Task::Background(0), Task::Background(20), Task::Overlapped]
    {
        let (tx, rx) = oneshot::channel();
        worker.send(EventLoopMessage::Bidirectional { data: task, tx }).unwrap();
        answers.push(rx);
    }
    assert_eq!(worker.pending(), 4);
    let overlapped = answers.pop().unwrap().await.unwrap();
    assert_eq!(overlapped, 0);
    for answer in &mut answers {
        assert_eq!(answer.try_recv(), Ok(1)); // those before it
    }
}

#[tokio::test]
async fn a_thousand_jobs_over_four_workers() {
    let set = workers(4, &[]).queue(1000).finish().await.unwrap();
    let set: &Tasks = &set;
    let jobs = (0..1000u32).map(|number| async move {
        assert_eq!(set.send(Task::Add(number, 1)).await.unwrap(), number + 1);
        set.send(Task::Pid).await.unwrap()
    });
    let mut pids = all(jobs).await;
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids, set.pids());
}

/// Runs futures at the same time.
async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in pending.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(cx) {
                *done = Some(value);
            }
        }
        if pending.iter().all(|(_, done)| done.is_some()) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    pending.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test]
async fn workers_can_be_taken_out_and_added() {
    let set = tasks(2).await;
    let worker = set.pop_worker().unwrap();
    let pid = worker.pid();
    assert_eq!(set.pids().len(), 1);
    let (tx, rx) = oneshot::channel();
    worker.send(EventLoopMessage::Bidirectional { data: Task::Pid, tx }).unwrap();
    assert_eq!(rx.await.unwrap(), pid);
    worker.send(EventLoopMessage::Unidirectional { data: Task::Note("n".into()) }).unwrap();
    set.add_worker(worker);
    assert_eq!(set.send(Task::Notes).await.unwrap(), 1);
    // A worker that was added is replaced, too.
    assert!(is_offline(set.send(Task::Crash).await));
    eventually(|| set.available() == 2).await;

    let worker = set.pop_worker().unwrap();
    let pid = worker.pid();
    drop(worker);
    eventually(|| !is_alive(pid)).await;
    let worker = set.pop_worker().unwrap();
    worker.send(EventLoopMessage::Close).unwrap();
    worker.ended().await;
    let gone = worker.send(EventLoopMessage::Unidirectional { data: Task::Pid });
    assert_eq!(gone, Err(WorkerMessageError::Offline));
    assert!(set.pop_worker().is_none());
    assert!(has_no_worker(set.send(Task::Pid).await));
}

#[tokio::test]
async fn a_restart_replaces_all_workers() {
    let set = tasks(2).await;
    let old = set.pids();
    set.restart().await.unwrap();
    let new = set.pids();
    assert!(new.len() == 2 && new.iter().all(|pid| !old.contains(pid)));
    for pid in old {
        eventually(|| !is_alive(pid)).await;
    }
    assert!(new.contains(&set.send(Task::Pid).await.unwrap()));
}

#[tokio::test]
async fn a_set_is_started_as_a_whole_or_not_at_all() {
    let set: io::Result<Tasks> =
        WorkerSet::builder().worker_path("/no/such/program").finish().await;
    assert_eq!(set.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
#[should_panic(expected = "No worker path set!")]
async fn a_path_is_required() {
    let _: io::Result<Tasks> = WorkerSet::builder().worker_count(1).finish().await;
}

#[tokio::test]
async fn there_are_as_many_workers_as_processors_unless_something_else_is_said() {
    let set: Tasks = WorkerSet::builder().worker_path(WORKER).finish().await.unwrap();
    assert_eq!(set.pids().len(), std::thread::available_parallelism().unwrap().get());
}

#[tokio::test]
async fn one_worker_can_be_spawned_without_a_set() {
    let worker: WorkerHandle<u32, Task> =
        ipc2_host::spawn::<UnixListener, _, _, _>(WORKER).await.unwrap();
    let (tx, rx) = oneshot::channel();
    worker.send(EventLoopMessage::Bidirectional { data: Task::Add(1, 2), tx }).unwrap();
    assert_eq!(rx.await.unwrap(), 3);
}

#[tokio::test]
async fn a_transport_can_be_of_the_programs_own() {
    let set: WorkerSet<TcpServer, u32, Task> = WorkerSet::builder()
        .worker_count(2)
        .worker_path(WORKER)
        .configure(|command| {
            command.arg("tcp");
        })
        .finish()
        .await
        .unwrap();
    assert_eq!(set.send(Task::Add(6, 7)).await.unwrap(), 13);
    assert_eq!(set.send(Task::Echo("x".repeat(1 << 20))).await.unwrap(), 1 << 20);
    assert!(matches!(
        set.send(Task::Crash).await,
        Err(WorkerSetJobError::WorkerMessageError(WorkerMessageError::Offline))
    ));
    assert_eq!(set.send(Task::Add(6, 7)).await.unwrap(), 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_can_be_used_by_any_task() {
    let starting = tokio::spawn(WorkerSet::builder().worker_count(2).worker_path(WORKER).finish());
    let set: Arc<Tasks> = Arc::new(starting.await.unwrap().unwrap());
    let both = [1, 2].map(|number| {
        let set = set.clone();
        tokio::spawn(async move {
            // A limit that is never reached.
            set.send_timeout(Task::Add(number, 1), Duration::MAX, TimeoutAction::Restart)
                .await
                .unwrap()
        })
    });
    for (task, sum) in both.into_iter().zip([2, 3]) {
        assert_eq!(task.await.unwrap(), sum);
    }
}

#[tokio::test]
async fn payloads_can_be_left_alone() {
    let set = WorkerSet::<UnixListener, Raw, Raw>::raw_builder();
    let set = set.worker_count(1).worker_path(WORKER).finish().await.unwrap();
    let raw = |bytes: Vec<u8>| Raw(bytes.into());
    let task = payload::to_vec(&Task::Add(6, 7)).unwrap();
    assert_eq!(set.send(raw(task)).await.unwrap(), raw(vec![13, 0, 0, 0]));
    let note = payload::to_vec(&Task::Note("hi".into())).unwrap();
    set.send_unidirectional(raw(note)).await.unwrap();

    // The same on the worker's side.
    let set = workers::<All, All>(1, &["raw"]).finish().await.unwrap();
    assert_eq!(set.send(All::example()).await.unwrap(), All::example());
}
