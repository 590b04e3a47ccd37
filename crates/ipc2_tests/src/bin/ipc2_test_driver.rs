//! A host for workers in another language: gives them the tasks of `task.rs`, and values of many types. Its
//! arguments are the worker's program and arguments. After the argument `all`, the worker has to return each
//! value. Used by __test__/ipc2.

use std::error::Error;

use ipc2_host::workerset::{WorkerSet, WorkerSetBuilder};
use serde::{Serialize, de::DeserializeOwned};
use test_common::task::{All, Nested, Task};
use tokio::net::UnixListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let tasks = workers::<u32, Task>(&[]).finish().await?;
    assert_eq!(tasks.send(Task::Add(6, 7)).await?, 13);
    assert_eq!(tasks.send(Task::Echo("héllo".into())).await?, 6);
    for _ in 0..5 {
        tasks.send_unidirectional(Task::Note("hi".into())).await?;
    }
    assert_eq!(tasks.send(Task::Notes).await?, 5);
    let error = tasks.send(Task::Crash).await.unwrap_err();
    assert_eq!(error.to_string(), "This worker is offline.");
    assert_eq!(tasks.send(Task::Notes).await?, 0);
    let all = workers::<All, All>(&["all"]).finish().await?;
    for step in 0..100i32 {
        let mut value = All::example();
        value.large.0 = 1 << (step % 64);
        value.large.3 = i128::from(step) << 100;
        value.list.truncate(step as usize % 4);
        value.nested = (0..step)
            .fold(Nested::Leaf, |inner, value| Nested::Named { left: Box::new(inner), value });
        assert_eq!(all.send(value.clone()).await?, value);
    }
    Ok(())
}

/// A set of one worker, with these additional arguments.
fn workers<R, W>(arguments: &'static [&'static str]) -> WorkerSetBuilder<UnixListener, R, W>
where
    R: DeserializeOwned + Send + 'static,
    W: Serialize + Send + 'static,
{
    let mut given = std::env::args().skip(1);
    let program = given.next().expect("no program");
    let given: Vec<String> = given.collect();
    WorkerSet::builder().worker_count(1).worker_path(program).configure(move |command| {
        command.args(&given).args(arguments);
    })
}
