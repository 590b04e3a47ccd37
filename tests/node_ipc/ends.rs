//! Ends: what is delivered before, what is left behind, who may take a path.

use std::time::Duration;

#[cfg(unix)]
use ferripc::node_ipc::Unlink;
use ferripc::node_ipc::{Client, ClientEvent, Error, HandlerError, Server, ServerEvent};

use super::client;
use super::raw::Raw;
#[cfg(unix)]
use super::run;
use super::{Address, LONG, meet, meet_with, message, message_from, path, run_each};

/// More than the buffers on the way hold.
const LARGE: usize = 3 << 20;

#[test]
fn closing_delivers_what_was_accepted() {
    run_each(async |place| {
        let text = "x".repeat(LARGE);
        let ((server, mut server_events), (client, mut events), connection) = meet(place).await;
        let other = super::client(server.address()).connect().unwrap().0;
        other.connected().await.unwrap();
        client.emit("large", &text).await.unwrap();
        let closing = client.close();
        let taking = async {
            let mut sizes = Vec::new();
            while let Some(event) = server_events.next().await {
                match event {
                    ServerEvent::Message { message, .. } => {
                        sizes.push(message.data::<&str>().unwrap().len());
                    }
                    ServerEvent::Disconnected { connection: ended, error } => {
                        assert!(ended == connection && error.is_none(), "{error:?}");
                        break;
                    }
                    _ => {}
                }
            }
            sizes
        };
        let ((), sizes) = tokio::join!(closing, taking);
        assert_eq!(sizes, [LARGE]);
        let error = client.emit("late", &1).await.unwrap_err();
        assert!(matches!(error, Error::Closed), "{error}");
        while events.next().await.is_some() {}

        let (late, mut events) = super::client(server.address()).connect().unwrap();
        late.connected().await.unwrap();
        while server.connections().len() < 2 {
            server_events.next().await.unwrap();
        }
        server.broadcast("large", &text).unwrap();
        let taking = async {
            assert!(matches!(events.next().await, Some(ClientEvent::Connected)));
            assert_eq!(message(&mut events).await.data::<&str>().unwrap().len(), LARGE);
            assert!(matches!(events.next().await, Some(ClientEvent::Disconnected(None))));
        };
        tokio::join!(server.close(), taking);
    });
}

#[test]
fn dropping_everything_ends_everything() {
    run_each(async |place| {
        let ((server, server_events), (client, mut events), connection) = meet(place).await;
        let address = server.address().clone();
        // One of the two is enough to live.
        drop(server);
        connection.emit("still", &1).await.unwrap();
        assert_eq!(message(&mut events).await.kind(), "still");
        drop(server_events);
        assert!(matches!(events.next().await, Some(ClientEvent::Disconnected(None))));
        assert!(!connection.is_connected());
        if let Address::Path(path) = &address
            && cfg!(unix)
        {
            while path.exists() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        drop(events);
        client.emit("alone", &1).await.unwrap_err();
    });
    run_each(async |place| {
        let ((_server, mut events), (client, client_events), _) = meet(place).await;
        client.emit("last", &1).await.unwrap();
        drop((client, client_events));
        assert_eq!(message_from(&mut events).await.1.kind(), "last");
        assert!(matches!(events.next().await, Some(ServerEvent::Disconnected { error: None, .. })));
    });
}

#[test]
fn what_waits_when_the_runtime_ends_is_told() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let path = path();
    let (server, client, mut events) = first.block_on(async {
        let (server, _) = Server::bind(&path).await.unwrap();
        server.handle("never", async |(): (), _| {
            std::future::pending::<Result<(), HandlerError>>().await
        });
        let (client, events) = Client::connect(&path).unwrap();
        client.connected().await.unwrap();
        (server, client, events)
    });
    let asking = client.clone();
    let waiting = std::thread::spawn(move || {
        runtime().block_on(async move { asking.request::<_, ()>("never", &(), LONG).await })
    });
    std::thread::sleep(Duration::from_millis(20)); // most likely it waits by then
    drop(first);
    assert!(waiting.join().unwrap().is_err());
    assert!(cfg!(windows) || !path.exists());
    second.block_on(async {
        while events.next().await.is_some() {}
        assert!(client.emit("lost", &1).await.is_err() && client.connected().await.is_err());
        client.close().await;
        server.close().await;
    });
}

/// Whoever still has the handles is told, and so is the peer.
#[test]
fn a_runtime_that_ends_takes_its_connections_along() {
    let ending = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    run_each(async |place| {
        let runtime = ending();
        let (server, mut server_events) =
            runtime.spawn(Server::bind(place)).await.unwrap().unwrap();
        let (client, mut events) = client(server.address()).connect().unwrap();
        let Some(ServerEvent::Connected(connection)) = server_events.next().await else { panic!() };
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        server.handle("never", move |(): (), _| {
            let _ = begun.send(());
            std::future::pending::<Result<(), HandlerError>>()
        });
        let asking = client.request::<_, ()>("never", &(), LONG);
        let ends = async {
            begins.recv().await.unwrap();
            runtime.shutdown_background();
        };
        let (answer, ()) = tokio::join!(asking, ends);
        assert!(matches!(answer, Err(Error::ConnectionLost)), "{answer:?}");
        assert!(matches!(events.next().await, Some(ClientEvent::Connected)));
        assert!(matches!(events.next().await, Some(ClientEvent::Disconnected(_))));
        let error = connection.emit("lost", &1).await.unwrap_err();
        assert!(matches!(error, Error::NotConnected(_)), "{error}");
        connection.close().await;
        server.close().await;
        client.close().await;
    });
    run_each(async |place| {
        let runtime = ending();
        let (server, mut events) = Server::bind(place).await.unwrap();
        let address = server.address().clone();
        let (client, _events) =
            runtime.spawn(async { Client::connect(address) }).await.unwrap().unwrap();
        assert!(matches!(events.next().await, Some(ServerEvent::Connected(_))));
        runtime.shutdown_background();
        assert!(matches!(events.next().await, Some(ServerEvent::Disconnected { .. })));
        client.emit("lost", &1).await.unwrap_err();
        client.close().await;
        server.close().await;
    });
}

#[cfg(unix)]
#[test]
fn a_path_is_taken_from_the_dead_and_left_to_the_living() {
    run(async || {
        let path = path();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (server, mut events) = Server::bind(&path).await.unwrap();
        let error = Server::bind(&path).await.unwrap_err();
        assert_eq!(
            (error.code(), error.kind()),
            (Some("EADDRINUSE"), Some(std::io::ErrorKind::AddrInUse))
        );
        let (client, _client_events) = client(&path).connect().unwrap();
        client.connected().await.unwrap();
        assert!(matches!(events.next().await, Some(ServerEvent::Connected(_))));

        let builder = Server::builder().unlink(Unlink::Always);
        let (second, _second_events) = builder.bind(&path).await.unwrap();
        server.close().await;
        assert!(path.exists()); // which is that of the other one now
        client.connected().await.unwrap();
        second.close().await;
        assert!(!path.exists());

        std::fs::write(&path, "precious").unwrap();
        let builder = Server::builder().unlink(Unlink::Always);
        let error = builder.bind(&path).await.unwrap_err();
        assert!(error.to_string().contains("a regular file"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        std::fs::remove_file(&path).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn permissions_are_added_and_peers_can_be_refused() {
    use std::os::unix::fs::PermissionsExt;
    run(async || {
        let path = path();
        let builder = Server::builder().readable_by_all(true).writable_by_all(true);
        let (server, _events) = builder.bind(&path).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o666, 0o666);
        server.close().await;

        let own = std::process::id();
        for allowed in [Some(true), Some(false), None] {
            let builder = Server::builder().allow_peer(move |peer| {
                (peer.pid as u32 == own) == allowed.expect("a panic refuses, too")
            });
            let allowed = allowed == Some(true);
            let (server, mut events) = builder.bind(&path).await.unwrap();
            let mut peer = Raw::connect(&server).await;
            match events.next().await {
                Some(ServerEvent::Connected(connection)) if allowed => {
                    assert_eq!(connection.peer_credentials().unwrap().pid as u32, own);
                }
                Some(ServerEvent::Error { error: Error::PeerNotAllowed, .. }) if !allowed => {
                    assert_eq!(peer.rest().await, b"");
                }
                other => panic!("{other:?}"),
            }
            server.close().await;
        }
        let builder = Server::builder().allow_peer(|_| true);
        let error = builder.bind(Address::tcp("127.0.0.1", 0)).await.unwrap_err();
        assert!(error.to_string().starts_with("allow_peer: "), "{error}");
    });
}

#[test]
fn only_so_many_connections_are_kept() {
    run_each(async |place| {
        let builder = Server::builder().max_connections(1);
        let ((server, mut events), (client, _client_events), _) =
            meet_with(place, builder, |client| client).await;
        let mut other = Raw::connect(&server).await;
        assert!(matches!(super::error_of(&mut events).await, Error::TooManyConnections));
        assert_eq!(other.rest().await, b"");
        client.close().await;
        assert!(matches!(events.next().await, Some(ServerEvent::Disconnected { .. })));
        let _third = Raw::connect(&server).await;
        assert!(matches!(events.next().await, Some(ServerEvent::Connected(_))));
    });
}

/// Sends until the connection ends. Returns how many messages were accepted.
fn send_on_a_thread(
    send: impl Fn(u32) -> Result<(), Error> + Send + 'static,
) -> std::thread::JoinHandle<u32> {
    std::thread::spawn(move || {
        let mut count = 0;
        loop {
            match send(count) {
                Ok(()) => count += 1,
                Err(Error::Full) => std::thread::yield_now(),
                Err(_) => return count,
            }
        }
    })
}

#[test]
fn what_is_sent_while_another_thread_closes_the_connection_arrives_or_is_refused() {
    run_each(async |place| {
        let (server, mut server_events) = Server::bind(place).await.unwrap();
        for round in 0..60 {
            let client = client(server.address()).stop_retrying(true);
            let (client, mut events) = client.connect().unwrap();
            let connection = loop {
                if let Some(ServerEvent::Connected(it)) = server_events.next().await {
                    break it;
                }
            };
            let sender = connection.clone();
            let sending = send_on_a_thread(move |count| sender.try_emit("n", &count));
            let receiving = async {
                let mut count = 0;
                loop {
                    match events.next().await {
                        Some(ClientEvent::Message(message)) => {
                            assert_eq!(message.data::<u32>().unwrap(), count);
                            count += 1;
                        }
                        Some(ClientEvent::Disconnected(_)) => return count,
                        _ => {}
                    }
                }
            };
            let closing = async {
                tokio::time::sleep(Duration::from_millis(round % 3)).await;
                connection.close().await;
            };
            let (received, ()) = tokio::join!(receiving, closing);
            assert_eq!(received, sending.join().unwrap(), "round {round}");
            client.close().await;
        }
    });
}

/// Before the task that reports the end has had its turn, too.
#[cfg(unix)]
#[test]
fn what_cannot_be_sent_to_is_not_connected() {
    run(async || {
        let path = path();
        let (server, mut events) = Server::bind(path.as_path()).await.unwrap();
        let peer = std::os::unix::net::UnixStream::connect(&path).unwrap();
        let Some(ServerEvent::Connected(connection)) = events.next().await else { panic!() };
        drop(peer);
        while connection.try_emit("x", &1).is_ok() {
            connection.flush();
        }
        assert!(!connection.is_connected());
        server.close().await;
    });
}
