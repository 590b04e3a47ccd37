//! Clients without a connection: when they try again, when they end, and what becomes of what they are to send.

use std::task::{Context, Poll, Waker};

use ferripc::node_ipc::{ClientEvent, Error, Server};

use super::{Address, LONG, client, meet, meet_with, message_from, path, run, run_each};

#[test]
fn a_client_connects_again_when_its_server_does() {
    run_each(async |place| {
        let ((server, server_events), (client, mut events), _) = meet(place).await;
        let address = server.address().clone();
        server.close().await;
        drop(server_events);
        assert!(matches!(events.next().await, Some(ClientEvent::Disconnected(None))));
        let error = client.emit("lost", &1).await.unwrap_err();
        assert!(matches!(error, Error::NotConnected(_)) && error.code() == Some("ENOTCONN"));
        let error = client.request::<_, ()>("lost", &1, LONG).await.unwrap_err();
        assert!(matches!(error, Error::NotConnected(_)));
        let Some(ClientEvent::ConnectFailed(error)) = events.next().await else { panic!() };
        assert!(["ECONNREFUSED", "ENOENT"].contains(&error.code().unwrap()), "{error}");
        assert!(!client.is_connected());
        let (_server, mut server_events) = Server::bind(&address).await.unwrap();
        client.connected().await.unwrap();
        client.emit("again", &2).await.unwrap();
        server_events.next().await.unwrap();
        assert_eq!(message_from(&mut server_events).await.1.kind(), "again");
        while !matches!(events.next().await.unwrap(), ClientEvent::Connected) {}
    });
}

#[test]
fn with_an_offline_queue_what_is_emitted_meanwhile_leaves_in_order() {
    run_each(async |place| {
        let ((server, server_events), (client, mut events), _) =
            meet_with(place, Server::builder(), |client| client.offline_queue(200)).await;
        let address = server.address().clone();
        server.close().await;
        drop((server, server_events));
        events.next().await.unwrap();
        let mut emitted = 0;
        let error = loop {
            match client.try_emit("number", &emitted) {
                Ok(()) => emitted += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Full) && emitted > 3, "{error} {emitted}");
        let waiting = client.emit("number", &emitted); // for room
        let serving = async {
            let (server, mut events) = Server::bind(&address).await.unwrap();
            events.next().await.unwrap();
            for number in 0..=emitted {
                assert_eq!(message_from(&mut events).await.1.data::<i32>().unwrap(), number);
            }
            server
        };
        let (waited, _server) = tokio::join!(waiting, serving);
        waited.unwrap();
    });
}

#[test]
fn a_client_that_may_not_go_on_ends_and_says_why() {
    run(async || {
        let (client, mut events) = client(path()).max_retries(2).connect().unwrap();
        let asking = client.request::<_, ()>("lost", &1, LONG);
        let mut attempts = 0;
        let ending = async {
            while let Some(event) = events.next().await {
                let ClientEvent::ConnectFailed(error) = event else { panic!("{event:?}") };
                assert_eq!(error.code(), Some("ENOENT"));
                assert!(error.to_string().starts_with("connect ENOENT /"), "{error}");
                attempts += 1;
            }
        };
        let (asked, ()) = tokio::join!(asking, ending);
        assert_eq!(attempts, 3);
        for error in [asked.unwrap_err(), client.connected().await.unwrap_err()] {
            let Error::NotConnected(Some(cause)) = error else { panic!("{error}") };
            assert_eq!(cause.code(), Some("ENOENT"));
        }
        assert!(client.emit("lost", &1).await.is_err());
        client.close().await; // has ended already
    });
}

#[test]
fn a_client_can_be_told_to_stop_trying() {
    run_each(async |place| {
        let ((server, _a), (client, mut events), _) = meet(place).await;
        client.stop_retrying();
        server.close().await;
        assert!(matches!(events.next().await, Some(ClientEvent::Disconnected(None))));
        assert!(events.next().await.is_none());
    });
    run(async || {
        let (client, mut events) = client(path()).stop_retrying(true).connect().unwrap();
        assert!(matches!(events.next().await, Some(ClientEvent::ConnectFailed(_))));
        assert!(events.next().await.is_none() && client.connected().await.is_err());
    });
}

#[test]
fn what_cannot_be_is_said_at_once() {
    let error = client("world").connect().unwrap_err();
    assert!(matches!(error, Error::NoRuntime));
    run(async || {
        let (known, _events) = client(path()).connect().unwrap();
        let elsewhere = std::thread::spawn(move || {
            let asking = std::pin::pin!(known.request::<_, ()>("x", &(), LONG));
            asking.poll(&mut Context::from_waker(Waker::noop()))
        });
        assert!(matches!(elsewhere.join(), Ok(Poll::Ready(Err(Error::NoRuntime)))));
        for (builder, code) in [
            (client("x".repeat(200)), Some("ENAMETOOLONG")),
            (client("nul\0"), Some("EINVAL")),
            (client(Address::path("")), None),
            (client(Address::tcp("", 1)), None),
            (client("a").delimiter(""), None),
            (client("a").max_message_bytes(0), None),
            (client("a").max_queued_bytes(0), None),
        ] {
            let error = builder.connect().unwrap_err();
            if cfg!(unix) {
                assert_eq!(error.code(), code, "{error}");
            }
        }
        let nowhere = Address::tcp("no.such.host.invalid", 1);
        let (_client, mut events) = client(&nowhere).connect().unwrap();
        let Some(ClientEvent::ConnectFailed(error)) = events.next().await else { panic!() };
        assert_eq!(error.code(), Some("ENOTFOUND"));
        assert!(matches!(Server::bind(&nowhere).await.unwrap_err(), Error::Resolve { .. }));
    });
}
