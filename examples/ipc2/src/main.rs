//! Counts primes for a host in Node. Started by index.js, once for each processor.

use ipc2_worker::{Job, connect};
use serde::Deserialize;
use tokio::net::UnixStream;

/// The host's requests: the enum of index.js.
#[derive(Deserialize)]
enum Request {
    /// How many primes there are from the first number up to, but not including, the second.
    Primes { from: u32, to: u32 },
}

fn is_prime(number: u32) -> bool {
    number >= 2
        && (2..)
            .take_while(|factor| factor * factor <= number)
            .all(|factor| !number.is_multiple_of(factor))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut jobs = connect::<UnixStream, Request, u32>().await?;
    // Ends when the host ends.
    while let Some(job) = jobs.recv().await {
        if let Job::Bidirectional { data: Request::Primes { from, to }, tx } = job {
            let _ = tx.send((from..to).filter(|&number| is_prime(number)).count() as u32);
        }
    }
    Ok(())
}
