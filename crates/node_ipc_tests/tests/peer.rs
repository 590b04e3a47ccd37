//! Two processes of the peer talk to each other; one of them is killed.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

struct Peer(Child, Lines<BufReader<ChildStdout>>);

impl Peer {
    fn start(role: &str, place: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_node_ipc_peer"));
        command.args([role, place, "requests"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the peer starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self(child, lines)
    }

    fn next(&mut self) -> String {
        self.1.next().expect("it goes on").expect("it is text")
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        while self.next() != "\"ended\"" {}
        assert!(self.0.wait().expect("it ends").success());
    }
}

#[test]
fn two_processes_meet_also_again() {
    let name = format!("ferripc-rust-peers-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let place = path.to_str().expect("a text");
    let mut client = Peer::start("client", place);
    let check = |line: String| {
        assert!(line.contains(r#""counted":{"count":5000,"inOrder":true}"#), "{line}");
        assert!(line.contains(r#""double":42"#) && line.contains(r#""same":true"#), "{line}");
    };
    let mut server = Peer::start("server", place);
    assert_eq!(server.next(), "\"listening\"");
    check(server.next());
    check(client.next());
    server.0.kill().expect("it runs");
    server.0.wait().expect("it ends");
    assert_eq!(client.next(), "\"disconnected\"");
    let mut server = Peer::start("server", place); // at the path that the killed one has left
    assert_eq!(server.next(), "\"listening\"");
    check(client.next());
    check(server.next());
    client.end();
    server.end();
    assert!(!path.exists());
}
