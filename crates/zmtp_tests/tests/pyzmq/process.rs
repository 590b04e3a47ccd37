//! Processes that play the scenarios of `peer.py`.

use std::process::{Command as Blocking, Stdio};

use ferripc::protocols::zmtp::Endpoint;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pyzmq/peer.py");

fn python() -> String {
    std::env::var("FERRIPC_TEST_PYTHON").unwrap_or_else(|_| "python3".into())
}

/// Whether libzmq is installed. If not, prints that; on Linux it is an error with `FERRIPC_PYTHON=required`.
pub fn is_here() -> bool {
    let mut asked = Blocking::new(python());
    let asked = asked.args(["-c", "import zmq"]).stderr(Stdio::null()).status();
    let is_here = asked.is_ok_and(|status| status.success());
    if !is_here {
        let required = std::env::var("FERRIPC_PYTHON").is_ok_and(|it| it == "required");
        assert!(!required || cfg!(not(target_os = "linux")), "{} has no pyzmq", python());
        eprintln!("skipped: {} has no pyzmq", python());
    }
    is_here
}

/// A process with sockets of libzmq. It prints a line at each stage, and continues when it gets a line.
pub struct Peer {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    pub fn start(scenario: &str, place: &str) -> Self {
        let mut command = Command::new(python());
        command.arg(SCRIPT).args([scenario, place]).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, input, output }
    }

    pub async fn says(&mut self) -> String {
        self.output.next_line().await.expect("a pipe").expect("a line, before it ends")
    }

    pub async fn tell(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("a pipe");
    }

    /// Waits until it ends without an error.
    pub async fn ends_well(mut self) {
        assert!(self.child.wait().await.expect("its end").success());
    }
}

/// Sends it a signal.
pub fn signal(peer: &Peer, name: &str) {
    let id = peer.child.id().expect("it runs").to_string();
    let sent = Blocking::new("kill").args([&format!("-{name}"), &id]).status();
    assert!(sent.expect("kill").success());
}

/// A bound socket of libzmq, and its endpoint.
pub async fn server(scenario: &str, place: &str) -> (Peer, Endpoint) {
    let place = place.replace(":0", ":*");
    let mut peer = Peer::start(scenario, &place);
    let place = peer.says().await;
    (peer, Endpoint::parse(&place).expect("an endpoint"))
}
