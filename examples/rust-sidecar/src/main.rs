//! The helper of this example: counts primes for the app that started it. Its argument is the path of the app's socket.

use std::time::Duration;

use ferripc::node_ipc::{Address, Client, ClientEvent, HandlerError};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Range {
    from: u32,
    to: u32,
}

#[derive(Serialize)]
struct Progress {
    done: u32,
}

fn is_prime(number: u32) -> bool {
    number > 1 && (2..).take_while(|it| it * it <= number).all(|it| !number.is_multiple_of(it))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("the path of the app's socket is missing")?;
    // When the app ends, so does this program.
    let (client, mut events) =
        Client::builder(Address::path(path)).stop_retrying(true).connect()?;

    // The app sends a request.
    let to_app = client.clone();
    client.handle("primes", move |Range { from, to }| {
        let app = to_app.clone();
        async move {
            if to < from {
                let error = HandlerError::new("the range ends before it begins");
                return Err(error.with_name("RangeError").with_code("ERR_RANGE"));
            }
            let mut primes = 0;
            for part in 0..4 {
                let size = (to - from) / 4;
                let end = if part == 3 { to } else { from + (part + 1) * size };
                primes += (from + part * size..end).filter(|number| is_prime(*number)).count();
                app.emit("progress", &Progress { done: 25 * (part + 1) }).await?;
            }
            Ok(primes)
        }
    });

    // This program sends a request to the app.
    let name: String = client.request("name", &(), Duration::from_secs(10)).await?;
    client.emit("ready", &format!("the helper works for {name}")).await?;

    while let Some(event) = events.next().await {
        match event {
            ClientEvent::Message(message) if message.kind() == "end" => break,
            ClientEvent::Error(error) => eprintln!("{error}"),
            _ => {}
        }
    }
    client.close().await;
    Ok(())
}
