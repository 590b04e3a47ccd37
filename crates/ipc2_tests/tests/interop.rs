//! ferripc's host and worker, against ends without any of its code: a peer made of tokio, serde and
//! bincode 1.3.3, bytes recorded from ipc2 itself, and invalid bytes.

mod common;

use common::{PATIENCE, WORKER, workers};
use ipc2_host::workerset::{JobError, WorkerSet};
use test_common::peer::{FromHost, FromWorker, Host, read, write};
use test_common::task::{All, Task};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::time::timeout;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/ipc2-frames.txt");

#[tokio::test]
async fn our_host_with_a_worker_of_its_own_make() {
    let set = workers::<All, All>(1, &["peer", "all"]).finish().await.unwrap();
    for _ in 0..20 {
        assert_eq!(set.send(All::example()).await.unwrap(), All::example());
    }
    let set = workers::<u32, Task>(2, &["peer", "tasks"]).finish().await.unwrap();
    assert_eq!(set.send(Task::Add(6, 7)).await.unwrap(), 13);
    set.send_unidirectional(Task::Note("hi".into())).await.unwrap();
    assert_eq!(set.send(Task::Echo("héllo".into())).await.unwrap(), 6);
    set.close(PATIENCE).await;
}

#[tokio::test]
async fn our_worker_with_a_host_of_its_own_make() {
    let mut host = Host::start(WORKER, &["all"]).await.unwrap();
    for _ in 0..20 {
        assert_eq!(host.job::<All, All>(All::example()).await.unwrap(), All::example());
    }
    let mut host = Host::start(WORKER, &[]).await.unwrap();
    assert_eq!(host.job::<Task, u32>(Task::Add(6, 7)).await.unwrap(), 13);
    for number in 0..50 {
        let data = Task::Note(number.to_string());
        write(&mut host.stream, &FromHost::Unidirectional { data }).await.unwrap();
    }
    assert_eq!(host.job::<Task, u32>(Task::Notes).await.unwrap(), 50);
    // The worker ends with its host.
    drop(host.stream);
    assert!(host.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn jobs_sent_all_at_once_are_answered_in_order() {
    let mut host = Host::start(WORKER, &[]).await.unwrap();
    let numbers = [7, 0, u32::MAX, 7];
    for (index, job_id) in (0u32..).zip(numbers) {
        let data = Task::Add(index, 100);
        write(&mut host.stream, &FromHost::Bidirectional { data, job_id }).await.unwrap();
    }
    for (index, number) in (0u32..).zip(numbers) {
        let FromWorker::Response { data, job_id } =
            read::<FromWorker<u32>>(&mut host.stream).await.unwrap();
        assert_eq!((data, job_id), (index + 100, number));
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn our_host_sends_the_bytes_that_were_recorded() {
    let set = workers::<u32, Task>(1, &["vectors", VECTORS]).respawn(false).finish().await.unwrap();
    assert_eq!(set.send(Task::Add(6, 7)).await.unwrap(), 13);
    assert_eq!(set.send(Task::Sub(1, 2)).await.unwrap(), u32::MAX);
    assert_eq!(set.send(Task::Echo("héllo".into())).await.unwrap(), 6);
    set.send_unidirectional(Task::Note("hi".into())).await.unwrap();
    let worker = set.pop_worker().unwrap();
    set.add_worker(worker);
    set.close(PATIENCE).await;
    // The worker's exit status says whether it received them.
    let set = workers::<u32, Task>(1, &["vectors", VECTORS]).respawn(false).finish().await.unwrap();
    set.send(Task::Add(6, 7)).await.unwrap();
    let JobError::Offline(Some(exit)) = set.request(Task::Sub(1, 3), None).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!(exit.status.unwrap().code(), Some(9));
}

#[tokio::test]
async fn our_worker_answers_the_bytes_that_were_recorded() {
    let mut host = Host::start(WORKER, &[]).await.unwrap();
    for line in std::fs::read_to_string(VECTORS).unwrap().lines() {
        match line.split_once(' ') {
            Some(("H>W", hex)) => host.stream.write_all(&bytes(hex)).await.unwrap(),
            Some(("W>H", hex)) => {
                let mut frame = vec![0; hex.len() / 2];
                host.stream.read_exact(&mut frame).await.unwrap();
                assert_eq!(frame, bytes(hex));
            }
            _ => {}
        }
    }
    assert_eq!(host.job::<Task, u32>(Task::Notes).await.unwrap(), 1);
}

#[tokio::test]
async fn a_worker_that_sends_no_messages_is_killed() {
    for (hex, cause) in [
        ("ffffffff", "it sent a message of 4294967295 bytes, over the limit of 536870912"),
        ("ffffffff00", "it sent a message of 4294967295 bytes, over the limit of 536870912"),
        ("00000000", "it sent no message (the payload ends within a value)"),
        (
            "00000004000000ff",
            "it sent no message (invalid value: integer `4278190080`, expected variant index 0 <= i < 1)",
        ),
        ("0000000b0000000000000000000000", "it sent no message (the payload ends within a value)"),
    ] {
        let arguments: &'static [&'static str] = Box::leak(Box::new(["garbage", hex]));
        let set = workers::<u32, Task>(1, arguments).respawn(false).finish().await.unwrap();
        let JobError::Offline(exit) = set.request(Task::Pid, None).await.unwrap_err() else {
            // It had ended before the job was sent.
            continue;
        };
        assert_eq!(exit.unwrap().cause.as_deref(), Some(cause), "{hex}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_has_asked_for_is_ignored_and_so_are_bytes_after_one() {
    // Job 5 does not exist. The answer to job 0 has two extra bytes.
    let frames =
        "0000000c000000000d00000005000000".to_owned() + "0000000e000000000d00000000000000beef";
    let arguments: &'static [&'static str] =
        Box::leak(Box::new(["garbage", frames.leak() as &str]));
    let worker = workers::<u32, Task>(1, arguments).finish().await.unwrap();
    // The answer may arrive before the job was sent: then it was not requested either.
    let answered = timeout(std::time::Duration::from_millis(300), worker.send(Task::Pid)).await;
    assert!(!matches!(answered, Ok(Err(_))), "{answered:?}");
}

#[tokio::test]
async fn a_worker_whose_host_sends_no_messages_ends() {
    for hex in [
        "ffffffff",
        "00000000",
        "0000000400000009",
        "00000008 01000000 63000000",
        "0000001a 01000000 05000000 ffffffffffffffff 68c3a96c6c6f 02000000",
    ] {
        let mut host = Host::start(WORKER, &[]).await.unwrap();
        host.stream.write_all(&bytes(&hex.replace(' ', ""))).await.unwrap();
        assert_eq!(host.stream.read(&mut [0]).await.unwrap(), 0, "{hex}");
        assert!(host.child.wait().await.unwrap().success(), "{hex}"); // its jobs have just ended
    }
    // A worker whose host ends within a message ends, too.
    let mut host = Host::start(WORKER, &[]).await.unwrap();
    host.stream.write_all(&[0, 0, 0, 9, 1]).await.unwrap();
    host.stream.shutdown().await.unwrap();
    assert!(host.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn large_messages_go_both_ways() {
    let set: WorkerSet<UnixListener, String, String> =
        workers(1, &["text"]).finish().await.unwrap();
    let text = "0123456789abcdef".repeat(1 << 20);
    for _ in 0..3 {
        assert!(set.send(text.clone()).await.unwrap() == text);
    }
    assert_eq!(set.send(String::new()).await.unwrap(), "");
}
