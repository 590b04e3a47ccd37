//! Tests the worker without a host. `examples/examples.test.js` runs both.

use std::process::Command;

#[test]
fn without_a_host_it_fails() {
    let output = Command::new(env!("CARGO_BIN_EXE_ipc2_example")).output().unwrap();
    assert!(!output.status.success());
    assert!(!output.stderr.is_empty());
}
