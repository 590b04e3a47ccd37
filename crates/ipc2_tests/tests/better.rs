//! What a set of workers does better than that of ipc2 0.1.0: one test for each line of the table in
//! docs/ipc2.md (files and the ends of processes are in processes.rs). What it does the same way is in
//! workerset.rs.

mod common;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use common::*;
use ipc2_host::manager::EventLoopMessage;
use ipc2_host::workerset::{JobError, TimeoutAction, WorkerSetJobError};
use test_common::task::Task;
use tokio::sync::oneshot;
use tokio::time::timeout;

#[tokio::test]
async fn a_worker_that_never_connects_is_an_error() {
    let set = workers::<u32, Task>(2, &["never"]).connect_timeout(SHORT).finish().await;
    let error = set.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(error.to_string().ends_with("did not connect within 50ms"), "{error}");
}

#[tokio::test]
async fn a_worker_that_ends_before_it_connects_is_an_error_with_its_status() {
    let error = workers::<u32, Task>(1, &["exit", "3"]).finish().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    assert!(
        error.to_string().ends_with("ended with exit status: 3 before it connected"),
        "{error}"
    );
}

#[tokio::test]
async fn the_error_of_a_job_says_how_the_worker_ended() {
    let set = tasks(1).await;
    let error = set.request(Task::Crash, None).await.unwrap_err();
    assert!(error.to_string().starts_with("This worker is offline. (worker "), "{error}");
    assert!(error.to_string().ends_with(" ended with exit status: 42)"), "{error}");
    let JobError::Offline(Some(exit)) = error else { panic!("{error}") };
    assert_eq!((exit.status.and_then(|status| status.code()), exit.cause), (Some(42), None));

    let pid = set.send(Task::Pid).await.unwrap();
    let (result, ()) = tokio::join!(set.request(Task::Hang, None), async { kill_9(pid) });
    let JobError::Offline(Some(exit)) = result.unwrap_err() else { panic!() };
    assert_eq!(exit.pid, pid);
    assert!(exit.to_string().contains("signal: 9"), "{exit}");
}

#[tokio::test]
async fn a_worker_that_ends_without_a_job_is_replaced() {
    let (tx, exits) = mpsc::channel();
    let set = workers(2, &[])
        .on_exit(move |exit| {
            let _ = tx.send(exit.pid);
        })
        .finish()
        .await
        .unwrap();
    let set: Tasks = set;
    for _ in 0..3 {
        let old = set.pids();
        kill_9(old[0]);
        eventually(|| exits.try_recv() == Ok(old[0])).await;
        eventually(|| set.available() == 2).await;
        assert!(set.pids().contains(&old[1]) && !set.pids().contains(&old[0]));
    }
    let (one, two) = tokio::join!(set.send(Task::Sleep(20)), set.send(Task::Sleep(20)));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_end_without_a_job_over_and_over_are_started_more_and_more_slowly() {
    let (tx, exits) = mpsc::channel();
    let first = Duration::from_millis(40);
    let set = workers(1, &["leave", "0"])
        .backoff(first, first * 4)
        .on_exit(move |_| {
            let _ = tx.send(Instant::now());
        })
        .finish()
        .await
        .unwrap();
    let set: Tasks = set;
    let exits: Vec<Instant> = (0..6).map(|_| exits.recv_timeout(PATIENCE).unwrap()).collect();
    let pauses: Vec<Duration> = exits.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, factor) in pauses.iter().zip([0, 1, 2, 4, 4]) {
        assert!(*pause >= first * factor, "{pauses:?}");
    }
    drop(set);
}

#[tokio::test]
async fn a_panic_while_a_worker_is_described_is_a_start_that_failed() {
    let starts = AtomicU32::new(0);
    let set = workers(1, &[]).queue(1).backoff(SHORT, SHORT).configure(move |_| {
        assert_ne!(starts.fetch_add(1, Ordering::Relaxed), 1, "the second start fails");
    });
    let set: Tasks = set.finish().await.unwrap();
    let before = set.send(Task::Pid).await.unwrap();
    assert!(is_offline(set.send(Task::Crash).await));
    let after = timeout(PATIENCE, async {
        loop {
            match set.send(Task::Pid).await {
                Ok(pid) => return pid,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    assert_ne!(after.await.expect("it is started again"), before);
}

#[test]
fn a_worker_whose_runtime_has_ended_is_offline() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ending, staying) = (runtime(), runtime());
    let set = ending.block_on(tasks(1));
    let worker = set.pop_worker().unwrap();
    let (answer, _pending) = oneshot::channel();
    worker.send(EventLoopMessage::Bidirectional { data: Task::Hang, tx: answer }).unwrap();
    let busy: Tasks = ending.block_on(workers(1, &[]).queue(1).finish()).unwrap();
    let one = busy.pop_worker().unwrap();
    staying.block_on(async {
        let waiting = timeout(PATIENCE, busy.send(Task::Pid));
        let (none, ()) = tokio::join!(waiting, async { ending.shutdown_background() });
        assert!(has_no_worker(none.expect("it does not wait for ever")) && one.exit().is_some());
        let ended = timeout(PATIENCE, worker.ended()).await.expect("it has ended");
        assert_eq!(ended.cause.as_deref(), Some("the runtime of its host has ended"));
        let late = timeout(PATIENCE, worker.request(&Task::Pid)).await.expect("it has ended");
        assert!(matches!(late, Err(JobError::Offline(Some(_)))));
        timeout(PATIENCE, set.close(PATIENCE)).await.expect("nobody is waited for");
        eventually(|| !is_alive(worker.pid())).await;
    });
}

#[tokio::test]
async fn respawning_can_be_left_to_the_program() {
    let set: Tasks = workers(1, &[]).respawn(false).finish().await.unwrap();
    assert!(is_offline(set.send(Task::Crash).await));
    eventually(|| set.pids().is_empty()).await;
    assert!(has_no_worker(set.send(Task::Pid).await));
}

#[tokio::test]
async fn jobs_can_wait_for_a_worker() {
    let set: Tasks = workers(1, &[]).queue(2).finish().await.unwrap();
    let (one, two, three, four) = tokio::join!(
        set.send(Task::Sleep(50)),
        set.send(Task::Add(1, 1)),
        set.send(Task::Add(2, 2)),
        set.send(Task::Add(3, 3)),
    );
    assert_eq!((one.unwrap(), two.unwrap(), three.unwrap()), (1, 2, 4));
    assert!(has_no_worker(four));
    // The time limit includes waiting. A job that waits too long makes room for another.
    let (slow, late) = tokio::join!(
        set.send(Task::Sleep(1500)),
        set.send_timeout(Task::Pid, SHORT, TimeoutAction::Restart),
    );
    assert!(is_timeout(late) && slow.is_ok());
    // Waiting jobs get the worker that replaces one that crashes.
    let (crash, after) = tokio::join!(set.send(Task::Crash), set.send(Task::Add(4, 4)));
    assert!(is_offline(crash));
    assert_eq!(after.unwrap(), 8);
}

#[tokio::test]
async fn a_job_that_is_given_up_loses_no_worker() {
    let set = tasks(1).await;
    let pid = set.pids();
    assert!(timeout(SHORT, set.send(Task::Sleep(200))).await.is_err());
    assert_eq!(vec![set.send(Task::Pid).await.unwrap()], pid);
}

#[tokio::test]
async fn a_worker_without_a_job_is_preferred_to_one_that_is_still_at_a_job_that_was_given_up() {
    let set = tasks(2).await;
    assert!(is_timeout(set.send_timeout(Task::Hang, SHORT, TimeoutAction::Error).await));
    for _ in 0..3 {
        assert_eq!(set.send_timeout(Task::Add(1, 1), LONG, TimeoutAction::Error).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_worker_that_is_replaced_while_it_works_finishes_and_does_not_come_back() {
    let set = tasks(2).await;
    let old = set.pids();
    let (answer, ()) =
        tokio::join!(set.send(Task::Sleep(300)), async { set.restart().await.unwrap() });
    assert_eq!(answer.unwrap(), 1);
    assert_eq!((set.pids().len(), set.available()), (2, 2));
    for pid in old {
        eventually(|| !is_alive(pid)).await;
    }
}

#[tokio::test]
async fn a_worker_that_was_replaced_and_works_on_ends_with_the_set() {
    let set = Arc::new(tasks(1).await);
    let (sender, old) = (set.clone(), set.pids());
    let job = tokio::spawn(async move { sender.send(Task::Hang).await });
    while set.available() > 0 {
        tokio::task::yield_now().await;
    }
    set.restart().await.unwrap();
    set.close(SHORT).await;
    assert!(matches!(job.await.unwrap(), Err(WorkerSetJobError::WorkerMessageError(_))));
    assert!(!is_alive(old[0]));
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_on_both_sides() {
    // A job that is too long is an error, and the worker stays.
    let set: Tasks = workers(1, &[]).max_message_bytes(1000).finish().await.unwrap();
    let pid = set.send(Task::Pid).await.unwrap();
    let error = set.send(Task::Echo("x".repeat(1000))).await.unwrap_err();
    assert!(matches!(error, WorkerSetJobError::Io(_)), "{error}");
    assert_eq!(error.to_string(), "the message is longer than 1000 bytes");
    assert!(set.send_unidirectional(Task::Note("x".repeat(1000))).await.is_err());
    assert_eq!(set.send(Task::Pid).await.unwrap(), pid);
    let worker = set.pop_worker().unwrap();
    let (tx, rx) = oneshot::channel();
    worker
        .send(EventLoopMessage::Bidirectional { data: Task::Echo("x".repeat(1000)), tx })
        .unwrap();
    assert!(rx.await.is_err());

    // If an answer is too long, the worker is killed, and the error says why.
    let set = workers::<String, u32>(1, &["grow"]).max_message_bytes(1000).finish().await.unwrap();
    assert_eq!(set.send(900).await.unwrap().len(), 900);
    let JobError::Offline(Some(exit)) = set.request(1000, None).await.unwrap_err() else {
        panic!()
    };
    let cause = "it sent a message of 1016 bytes, over the limit of 1000";
    assert_eq!(exit.cause.as_deref(), Some(cause));
}

#[tokio::test]
async fn what_waits_for_a_worker_that_does_not_read_is_bounded() {
    let set: Tasks = workers(1, &[]).max_queued_bytes(1 << 20).finish().await.unwrap();
    set.send_unidirectional(Task::Sleep(500)).await.unwrap();
    set.send_unidirectional(Task::Hang).await.unwrap();
    let mut sent = 0;
    let error = loop {
        match set.send_unidirectional(Task::Note("x".repeat(100_000))).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 1000, "there is no limit");
    };
    assert!(
        matches!(&error, WorkerSetJobError::Io(error) if error.raw_os_error() == Some(libc::ENOBUFS)),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_closed_lets_its_workers_finish() {
    let (tx, exits) = mpsc::channel();
    let set: Tasks = workers(2, &[])
        .on_exit(move |exit| {
            let _ = tx.send(exit.clone());
        })
        .finish()
        .await
        .unwrap();
    let (answer, ()) = tokio::join!(set.send(Task::Sleep(100)), set.close(PATIENCE));
    assert_eq!(answer.unwrap(), 1);
    for _ in 0..2 {
        let exit = exits.recv_timeout(PATIENCE).unwrap();
        assert_eq!(exit.status.and_then(|status| status.code()), Some(0), "{exit}");
    }
    assert!(has_no_worker(set.send(Task::Pid).await));
    assert!(set.pids().is_empty());

    // But it does not wait for ever.
    let set = tasks(1).await;
    let pid = set.pids()[0];
    set.send_unidirectional(Task::Hang).await.unwrap();
    set.close(SHORT).await;
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_set_that_is_dropped_leaves_no_worker() {
    let set = tasks(3).await;
    let pids = set.pids();
    drop(set);
    for pid in pids {
        eventually(|| !is_alive(pid)).await;
    }
}

#[tokio::test]
async fn jobs_for_a_worker_that_is_gone_end_whoever_notices_first() {
    // On one thread, nothing else runs between two of these.
    let set: Tasks = workers(1, &[]).respawn(false).finish().await.unwrap();
    let pid = set.pids()[0];
    kill_9(pid);
    eventually(|| !is_alive(pid)).await;
    while set.send_unidirectional(Task::Note("x".into())).await.is_ok() {}
    assert!(has_no_worker(set.send(Task::Pid).await));
}

#[tokio::test]
async fn a_set_that_is_being_closed_has_no_worker() {
    let set = tasks(1).await;
    let (closed, sent) = tokio::join!(set.close(PATIENCE), set.send(Task::Pid));
    let () = closed;
    assert!(has_no_worker(sent));
}

#[tokio::test]
async fn what_a_set_is_told_while_it_is_closed_or_after_it_ends_too() {
    let is_late = Arc::new(AtomicBool::new(false));
    let late = is_late.clone();
    let builder = workers(2, &[]).configure(move |command| {
        if late.load(Ordering::Relaxed) {
            command.arg("never"); // connects
        }
    });
    let set: Tasks = builder.finish().await.unwrap();
    let worker = set.pop_worker().unwrap();
    is_late.store(true, Ordering::Relaxed);
    // It does not wait for those that are being started.
    let (restarted, ()) = tokio::join!(set.restart(), set.close(PATIENCE));
    assert_eq!(restarted.unwrap_err().to_string(), "the set is closed");
    assert_eq!(set.restart().await.unwrap_err().to_string(), "the set is closed");
    let pid = worker.pid();
    set.add_worker(worker);
    eventually(|| !is_alive(pid)).await;
    assert!(set.pids().is_empty());
}
