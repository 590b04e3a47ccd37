//! A peer for the tests of `__test__/node-ipc-rust`: `node_ipc_peer client|server PATH|HOST:PORT requests|plain|silent
//! [DIRECTORY]`, with TLS if there is a directory, into which `certificates.js` of `__test__/helpers` has written a set of
//! certificates.
//!
//! On each connection it does what `peer.mjs` does at the other end. It sends values that have to come back, a series of
//! numbers that has to be counted, a large text that has to be measured, and nothing; with `requests`, it also sends
//! requests. Then it prints the results as one line of JSON. With `silent`, it only answers. It ends without an error when
//! its standard input ends.

use std::error::Error;
use std::fs;
use std::io::Read;
use std::time::Duration;

use ferripc::node_ipc::{
    Address, Client, ClientEvent, ClientTls, Connection, HandlerError, Message, Server,
    ServerEvent, ServerTls,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

type Failure = Box<dyn Error + Send + Sync>;

const NUMBERS: u32 = 5000;
const LONG: Duration = Duration::from_secs(60);

/// The peer.
#[derive(Clone)]
enum Peer {
    Server(Client),
    Client(Connection),
}

impl Peer {
    async fn emit<T: Serialize + ?Sized>(&self, kind: &str, data: &T) -> Result<(), Failure> {
        match self {
            Self::Server(client) => client.emit(kind, data).await?,
            Self::Client(connection) => connection.emit(kind, data).await?,
        }
        Ok(())
    }

    async fn request<T: Serialize>(&self, kind: &str, data: &T, timeout: Duration) -> Value {
        let answer = match self {
            Self::Server(client) => client.request(kind, data, timeout).await,
            Self::Client(connection) => connection.request(kind, data, timeout).await,
        };
        match answer {
            Ok(value) => value,
            Err(ferripc::node_ipc::Error::Remote(error)) => {
                json!({ "name": error.name(), "message": error.message(), "code": error.code() })
            }
            Err(error) => json!({ "code": error.code() }),
        }
    }
}

/// A series of numbers that the peer has begun.
#[derive(Default)]
struct Counting {
    count: u32,
    in_order: bool,
}

/// The half that answers. Passes answers on to `answers`.
async fn take(
    peer: &Peer,
    message: Message,
    counting: &mut Counting,
    answers: &mpsc::UnboundedSender<Message>,
) -> Result<(), Failure> {
    match message.kind() {
        "echo" => peer.emit("echoed", &message.data::<Value>()?).await?,
        "number" => {
            let number: u32 = message.data()?;
            counting.in_order = (number == 0 || counting.in_order) && number == counting.count;
            counting.count += 1;
        }
        "end" => {
            let Counting { count, in_order } = std::mem::take(counting);
            peer.emit("counted", &json!({ "count": count, "inOrder": in_order })).await?;
        }
        "measure" => peer.emit("measured", &message.data::<&str>()?.len()).await?,
        "nothing" => peer.emit("got", message.raw().unwrap_or("nothing")).await?,
        _ => answers.send(message)?,
    }
    Ok(())
}

/// The half that sends requests.
async fn play(
    peer: Peer,
    mut answers: mpsc::UnboundedReceiver<Message>,
    asks: bool,
) -> Result<(), Failure> {
    let mut next = async || answers.recv().await.ok_or("the connection has ended");
    let values: Vec<Value> = serde_json::from_str(include_str!("values.json"))?;
    let mut same = 0;
    for value in &values {
        peer.emit("echo", value).await?;
        same += usize::from(next().await?.data::<Value>()? == *value);
    }
    for number in 0..NUMBERS {
        peer.emit("number", &number).await?;
    }
    peer.emit("end", &true).await?;
    let counted: Value = next().await?.data()?;
    peer.emit("measure", &"ü".repeat(1 << 19)).await?;
    let measured: Value = next().await?.data()?;
    peer.emit("nothing", &()).await?;
    let unit: Value = next().await?.data()?;
    let requests = if asks {
        let (late, cancelled) = give_up(&peer).await;
        json!({
            "double": peer.request("double", &21, LONG).await,
            "fails": peer.request("fail", &(), LONG).await,
            "nobody": peer.request("nobody", &(), LONG).await["code"],
            "late": late,
            "cancelled": cancelled,
        })
    } else {
        Value::Null
    };
    report(&json!({
        "same": same == values.len(), "counted": counted, "measured": measured, "nothing": unit, "requests": requests,
    }));
    Ok(())
}

/// Gives up a request. On a busy machine that may happen before its handler has begun: then it tries again
/// with a longer timeout.
async fn give_up(peer: &Peer) -> (Value, Value) {
    let mut patience = Duration::from_millis(20);
    loop {
        let late = peer.request("never", &(), patience).await;
        let cancelled = peer.request("cancelled", &(), LONG).await;
        if cancelled == true || patience > LONG {
            return (late, cancelled);
        }
        patience *= 2;
    }
}

fn report(value: &Value) {
    println!("{value}");
}

/// A connection has ended. Errors of the system do not matter here: peers are killed.
fn report_end(error: Option<ferripc::node_ipc::Error>) {
    match error.as_ref().and_then(|error| error.code()) {
        Some(code) if code.starts_with("ERR_FERRIPC") => report(&json!({ "ended": code })),
        _ => report(&json!("disconnected")),
    }
}

/// What it does on each connection.
#[derive(Clone, Copy)]
struct Part {
    begins: bool,
    asks: bool,
}

/// Begins the exchange. Returns where answers have to go.
fn begin(peer: Peer, part: Part) -> mpsc::UnboundedSender<Message> {
    let (sender, answers) = mpsc::unbounded_channel();
    if !part.begins {
        return sender;
    }
    tokio::spawn(async move {
        if let Err(error) = play(peer, answers, part.asks).await {
            report(&json!({ "stopped": error.to_string() }));
        }
    });
    sender
}

/// The handlers of both sides.
async fn double(number: i64) -> Result<i64, HandlerError> {
    Ok(number * 2)
}

async fn fail(_: Value) -> Result<(), HandlerError> {
    Err(HandlerError::new("no").with_name("TypeError").with_code("E_NO"))
}

/// Counts handlers that were dropped.
struct Cancelled;

static CANCELLED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

impl Drop for Cancelled {
    fn drop(&mut self) {
        CANCELLED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

async fn never(_: Value) -> Result<(), HandlerError> {
    let _cancelled = Cancelled;
    std::future::pending().await
}

async fn cancelled(_: Value) -> Result<bool, HandlerError> {
    Ok(CANCELLED.load(std::sync::atomic::Ordering::SeqCst) > 0)
}

/// A file of the set of certificates.
fn file(directory: &str, name: &str) -> Result<Vec<u8>, Failure> {
    Ok(fs::read(format!("{directory}/{name}"))?)
}

async fn run_client(
    address: Address,
    part: Part,
    directory: Option<&str>,
    ended: oneshot::Receiver<()>,
) -> Result<(), Failure> {
    let mut builder = Client::builder(address).retry(Duration::from_millis(20));
    if let Some(directory) = directory {
        let own = (file(directory, "client.crt")?, file(directory, "client.key")?);
        builder = builder.tls(ClientTls::new(file(directory, "ca.crt")?)?.identity(own.0, own.1)?);
    }
    let (client, mut events) = builder.connect()?;
    client.handle("double", double);
    client.handle("fail", fail);
    client.handle("never", never);
    client.handle("cancelled", cancelled);
    let peer = Peer::Server(client.clone());
    let serving = tokio::spawn(async move {
        let mut answers = None;
        let mut counting = Counting::default();
        while let Some(event) = events.next().await {
            match event {
                ClientEvent::Connected => answers = Some(begin(peer.clone(), part)),
                ClientEvent::Message(message) => {
                    let Some(answers) = &answers else { continue };
                    take(&peer, message, &mut counting, answers).await?;
                }
                ClientEvent::Disconnected(error) => {
                    answers = None;
                    report_end(error);
                }
                ClientEvent::Error(error) => report(&json!({ "error": error.code() })),
                // If nobody listens yet, it waits.
                ClientEvent::ConnectFailed(error)
                    if !matches!(error.code(), Some("ECONNREFUSED" | "ENOENT")) =>
                {
                    report(&json!({ "failed": error.code() }));
                }
                _ => {}
            }
        }
        Ok::<_, Failure>(())
    });
    let _ = ended.await;
    client.close().await;
    serving.await?
}

async fn run_server(
    address: Address,
    part: Part,
    directory: Option<&str>,
    ended: oneshot::Receiver<()>,
) -> Result<(), Failure> {
    let mut builder = Server::builder();
    if let Some(directory) = directory {
        let own = (file(directory, "server.crt")?, file(directory, "server.key")?);
        builder = builder.tls(ServerTls::new(own.0, own.1)?.client_ca(file(directory, "ca.crt")?)?);
    }
    let (server, mut events) = builder.bind(address).await?;
    server.handle("double", |data, _| double(data));
    server.handle("fail", |data, _| fail(data));
    server.handle("never", |data, _| never(data));
    server.handle("cancelled", |data, _| cancelled(data));
    report(&json!("listening"));
    let serving = tokio::spawn(async move {
        let mut peers = std::collections::HashMap::new();
        while let Some(event) = events.next().await {
            match event {
                ServerEvent::Connected(connection) => {
                    let peer = Peer::Client(connection.clone());
                    let answers = begin(peer.clone(), part);
                    peers.insert(connection.id(), (peer, answers, Counting::default()));
                }
                ServerEvent::Message { from, message } => {
                    let Some((peer, answers, counting)) = peers.get_mut(&from.id()) else {
                        continue;
                    };
                    take(peer, message, counting, answers).await?;
                }
                ServerEvent::Disconnected { connection, error } => {
                    peers.remove(&connection.id());
                    report_end(error);
                }
                ServerEvent::Error { error, .. } => report(&json!({ "error": error.code() })),
                _ => {}
            }
        }
        Ok::<_, Failure>(())
    });
    let _ = ended.await;
    server.close().await;
    serving.await?
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (role, place) = (arguments[0].as_str(), arguments[1].as_str());
    let mode = arguments.get(2).map(String::as_str);
    let part = Part { begins: mode != Some("silent"), asks: mode == Some("requests") };
    let directory = arguments.get(3).map(String::as_str);
    let address = match place.rsplit_once(':') {
        Some((host, port)) if !place.contains('/') && !place.contains('\\') => {
            Address::tcp(host, port.parse()?)
        }
        _ => Address::path(place),
    };
    let (end, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = end.send(());
    });
    match role {
        "client" => run_client(address, part, directory, ended).await?,
        _ => run_server(address, part, directory, ended).await?,
    }
    report(&json!("ended"));
    Ok(())
}
