//! Checks that nothing is left of workers.

mod common;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Tasks, WORKER, eventually, is_alive, kill_9, tasks, workers};
use ipc2_common::SOCKET_ENV_VAR;
use test_common::task::Task;

/// A folder for temporary files, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ipc2-tests-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        // Like /tmp: every user may write there.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o1777)).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a host with two workers, and waits until it has them.
fn host(scratch: &Scratch) -> (Child, Vec<u32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ipc2_test_host"));
    start(command.arg(WORKER).env("TMPDIR", &scratch.0))
}

fn start(command: &mut Command) -> (Child, Vec<u32>) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let pids = lines.take_while(|line| line != "ready").map(|line| line.parse().unwrap()).collect();
    (child, pids)
}

#[tokio::test]
async fn no_file_is_left_and_none_was_where_others_may_write() {
    let scratch = Scratch::new("files");
    let (mut child, pids) = host(&scratch);
    assert_eq!(pids.len(), 2);
    assert!(scratch.names().is_empty(), "{:?}", scratch.names());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(scratch.names().is_empty(), "{:?}", scratch.names());
}

#[tokio::test]
async fn a_workers_socket_is_in_a_folder_of_this_user_alone() {
    assert_eq!(tasks(1).await.send(Task::FolderMode).await.unwrap(), 0o700);
}

#[test]
fn a_folder_for_sockets_may_be_relative_or_not_be_said_and_an_error_says_what_it_is() {
    let scratch = Scratch::new("tmpdir");
    std::fs::create_dir(scratch.0.join("sockets")).unwrap();
    let host = |folder: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ipc2_test_host"));
        // Workers run in another folder.
        command.args([WORKER, "/"]).current_dir(&scratch.0).env("TMPDIR", folder);
        command
    };
    for folder in ["sockets", ""] {
        let (mut child, pids) = start(&mut host(folder));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(pids.len(), 2);
        assert_eq!(scratch.names(), ["sockets"]);
    }
    let failed = host("none").stdout(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success() && text.contains("mkdir"), "{text}");
    assert!(text.contains(&scratch.0.join("none/ipc2-").display().to_string()), "{text}");
}

#[tokio::test]
async fn a_worker_that_does_not_start_leaves_no_file_either() {
    let sockets = Arc::new(Mutex::new(Vec::new()));
    for arguments in [&["exit", "1"][..], &["leave", "1"], &["never"]] {
        let seen = sockets.clone();
        let set = workers::<u32, Task>(2, arguments)
            .connect_timeout(Duration::from_millis(200))
            .configure(move |command| {
                let (_, path) =
                    command.get_envs().find(|(name, _)| *name == SOCKET_ENV_VAR).unwrap();
                let path = PathBuf::from(path.unwrap());
                assert!(path.exists());
                seen.lock().unwrap().push(path);
            })
            .respawn(false)
            .finish()
            .await;
        assert_eq!(set.is_ok(), arguments[0] == "leave");
    }
    let sockets = std::mem::take(&mut *sockets.lock().unwrap());
    assert_eq!(sockets.len(), 6);
    eventually(|| sockets.iter().all(|path| !path.parent().unwrap().exists())).await;
}

#[tokio::test]
async fn what_the_host_forks_leaves_its_sockets_alone_when_it_ends() {
    let fork = |_: &mut Command| {
        // SAFETY: what is forked does nothing but end, and is waited for.
        unsafe {
            match libc::fork() {
                0 => libc::exit(0),
                child => assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child),
            }
        }
    };
    let set = workers::<u32, Task>(2, &[]).configure(fork).finish().await.unwrap();
    assert_eq!(set.send(Task::Add(1, 2)).await.unwrap(), 3);
}

#[tokio::test]
async fn children_end_with_their_host_whatever_ends_it_and_whatever_they_do() {
    let scratch = Scratch::new("orphans");
    let (mut child, pids) = host(&scratch);
    assert!(pids.len() == 2 && pids.iter().all(|&pid| is_alive(pid)));
    kill_9(child.id());
    child.wait().unwrap();
    for pid in pids {
        // On other systems, the worker with endless work does not notice that its socket has ended.
        if cfg!(target_os = "linux") {
            eventually(|| !is_alive(pid)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_outlive_the_thread_that_has_started_them() {
    let runtime = tokio::runtime::Handle::current();
    let start =
        move || runtime.block_on(async { workers::<u32, Task>(1, &[]).finish().await.unwrap() });
    let set: Tasks = std::thread::spawn(start).join().unwrap();
    for _ in 0..20 {
        tokio::task::yield_now().await;
        assert_eq!(set.send(Task::Add(1, 2)).await.unwrap(), 3);
    }
    let pid = set.pids()[0];
    assert_eq!(set.send(Task::Pid).await.unwrap(), pid);
}

#[test]
fn workers_end_with_the_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let set = runtime.block_on(tasks(2));
    let pids = set.pids();
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    other.block_on(async {
        for pid in pids {
            eventually(|| !is_alive(pid)).await;
        }
    });
    drop(set);
}
