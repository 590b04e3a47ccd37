//! Tests the helper without its app. `examples/examples.test.js` runs both.

use std::process::Command;

#[test]
fn without_a_path_it_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_rust_sidecar")).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the path of the app's socket is missing"), "{said}");
}
