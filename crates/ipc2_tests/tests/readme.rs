//! The programs of ipc2's README, word for word.

use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
fn the_host_and_the_worker_of_the_readme_understand_each_other() {
    let folder = std::env::temp_dir().join(format!("ipc2-tests-readme-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("target/debug")).unwrap();
    symlink(env!("CARGO_BIN_EXE_worker_test"), folder.join("target/debug/worker_test")).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_host_test")).current_dir(&folder).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Result -> 13\n", "{output:?}");
    assert!(output.status.success());
}

#[test]
fn a_worker_that_nobody_has_started_as_one_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_worker_test"))
        .env_remove("IPC2_SOCKET_PATH")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("SocketVariableNotFound"),
        "{output:?}"
    );
    let error = ipc2_worker::ConnectError::SocketVariableNotFound;
    assert_eq!(error.to_string(), "Socket environment variable not set");
}
