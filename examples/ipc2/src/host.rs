//! The other way round: a host in Rust whose workers are `names.js`, run by Node. It asks them for what Rust's standard
//! library does not have, and Node has: the names of languages. `cargo run -p ipc2_example --bin ipc2_example_host`

use std::error::Error;

use ipc2_host::workerset::WorkerSet;
use serde::Serialize;
use tokio::net::UnixListener;

/// The requests to workers: the enum of names.js.
#[derive(Serialize)]
enum Request {
    /// What a language, by its code, is called in another one.
    Name { of: String, within: String },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/names.js");
    let workers: WorkerSet<UnixListener, String, Request> = WorkerSet::builder()
        .worker_count(2)
        .worker_path("node")
        .configure(move |command| {
            command.arg(script);
        })
        .finish()
        .await?;
    for (of, within) in [("de", "fr"), ("fr", "de"), ("ja", "en")] {
        let request = Request::Name { of: of.into(), within: within.into() };
        println!("{of} in {within}: {}", workers.send(request).await?);
    }
    Ok(())
}
