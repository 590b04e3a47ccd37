//! Peers that send what they must not, and peers that do not read.

use std::time::Duration;

use ferripc::node_ipc::{Error, HandlerError, Server, ServerEvent};

use super::raw::Raw;
use super::{Address, error_of, message_from, path, run, run_each};

async fn attacked(place: Address, most: usize) -> (Server, super::Events<ServerEvent>, Raw) {
    let linger = Duration::from_millis(50); // for peers that never end
    let builder = Server::builder().max_message_bytes(most).linger(linger);
    let (server, mut events) = builder.bind(place).await.unwrap();
    let peer = Raw::connect(&server).await;
    assert!(matches!(events.next().await, Some(ServerEvent::Connected(_))));
    (server, events, peer)
}

#[test]
fn what_is_no_message_is_an_error_and_the_next_one_is_taken() {
    run_each(async |place| {
        let (_server, mut events, mut peer) = attacked(place, 1 << 20).await;
        let deep = "[".repeat(500_000);
        let nested = format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
        let frames = [
            "",
            "no",
            "{",
            "null",
            "1",
            "[]",
            "\"a\"",
            "{}",
            "{\"type\":1}",
            "{\"type\":null}",
            "{\"type\":\"a\"}x",
            "{\"type\":\"a\",}",
            "{\"type\":\"a\",\"data\":}",
            "{\"type\":\"\\ud800\"}",
            "\u{feff}{\"type\":\"a\"}",
            deep.as_str(),
            nested.as_str(),
            "{\"type\":\"ferripc:request\"}",
            "{\"type\":\"ferripc:request\",\"data\":{\"id\":[]}}",
            "{\"type\":\"ferripc:reply\",\"data\":1}",
            "{\"type\":\"ferripc:cancel\",\"data\":{}}",
        ];
        for (index, frame) in frames.iter().enumerate() {
            peer.send(format!("{frame}\x0c{{\"type\":\"{index}\"}}\x0c")).await;
        }
        for (index, frame) in frames.iter().enumerate() {
            let error = error_of(&mut events).await;
            assert!(matches!(error, Error::InvalidMessage { .. }), "{error} {index}");
            assert_eq!(error.code(), Some("ERR_FERRIPC_INVALID_MESSAGE"));
            let Error::InvalidMessage { beginning, .. } = error else { panic!() };
            assert!(frame.starts_with(&beginning) && beginning.len() <= 1024);
            assert_eq!(message_from(&mut events).await.1.kind(), index.to_string());
        }
        // Replies to nobody, and cancellations of nothing, mean nothing.
        peer.send("{\"type\":\"ferripc:reply\",\"data\":{\"id\":1e999}}\x0c").await;
        peer.send("{\"type\":\"ferripc:cancel\",\"data\":{\"id\":\"?\"}}\x0c").await;
        peer.send(b"{\"type\":\"\xff\",\"data\":\"\xc3\"}\x0c").await;
        let (_, message) = message_from(&mut events).await;
        assert_eq!((message.kind(), message.raw()), ("\u{fffd}", Some("\"\u{fffd}\"")));
        // Any order, any white space, escapes, twice the same: as JavaScript reads it.
        peer.send("\n{ \"data\" : 1, \"x\": [{}], \"d\\u0061ta\":\t2 , \"type\":1,\"type\":\"\\u0061\"}\r\x0c").await;
        let (_, message) = message_from(&mut events).await;
        assert_eq!((message.kind(), message.raw()), ("a", Some("2")));
        let deep =
            format!("{{\"type\":\"deep\",\"data\":{}1{}}}\x0c", "[".repeat(9999), "]".repeat(9999));
        peer.send(deep).await;
        let (_, message) = message_from(&mut events).await;
        assert!(matches!(message.data::<serde_json::Value>(), Err(Error::Decode(_))));
    });
}

#[test]
fn a_message_may_come_byte_by_byte_and_its_end_may_never_come() {
    run_each(async |place| {
        let (_server, mut events, mut peer) = attacked(place, 1 << 20).await;
        for byte in "{\"type\":\"ü\",\"data\":[]}\x0c{\"type\":".bytes() {
            peer.send([byte]).await;
        }
        assert_eq!(message_from(&mut events).await.1.kind(), "ü");
        drop(peer);
        let error = error_of(&mut events).await;
        assert!(matches!(error, Error::TruncatedMessage { bytes: 8 }), "{error}");
        assert!(matches!(events.next().await, Some(ServerEvent::Disconnected { .. })));
    });
}

#[test]
fn a_message_over_the_limit_is_discarded_as_it_comes() {
    run_each(async |place| {
        let (_server, mut events, mut peer) = attacked(place, 1000).await;
        let part = vec![b'x'; 1 << 16];
        for _ in 0..256 {
            peer.send(&part).await; // 16 MiB without an end
        }
        peer.send("\x0c{\"type\":\"next\"}\x0c").await;
        let error = error_of(&mut events).await;
        assert!(matches!(error, Error::MessageTooLarge { bytes: 16_777_216 }), "{error}");
        assert_eq!(message_from(&mut events).await.1.kind(), "next");
    });
}

#[test]
fn a_peer_that_does_not_read_holds_back_who_emits_and_nobody_else() {
    run_each(async |place| {
        let (server, mut events, _silent) = attacked(place, 1 << 20).await;
        let silent = server.connections().remove(0);
        let text = "x".repeat(100_000);
        let mut emitted = 0;
        // The system may take more for a while.
        let mut refused = 0;
        while refused < 5 {
            match silent.try_emit("text", &text) {
                Ok(()) => (emitted, refused) = (emitted + 1, 0),
                Err(Error::Full) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            assert!(emitted < 1000, "there is no limit");
            if refused > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let mut other = Raw::connect(&server).await;
        assert!(matches!(events.next().await, Some(ServerEvent::Connected(_))));
        let sent = server.broadcast("news", &1).unwrap();
        assert_eq!((sent.sent, sent.skipped), (1, 1));
        assert_eq!(other.frame().await, r#"{"type":"news","data":1}"#);
        let waiting = silent.emit("text", "late");
        tokio::select! {
            biased;
            _ = waiting => panic!("it does not wait"),
            () = tokio::task::yield_now() => {}
        }
        let waiting = tokio::spawn({
            let silent = silent.clone();
            async move { silent.emit("text", "late").await }
        });
        // It ends with the connection.
        silent.close().await;
        assert!(matches!(waiting.await.unwrap(), Err(Error::NotConnected(_))));
    });
}

#[test]
fn a_peer_that_asks_and_does_not_read_is_cut_off() {
    run_each(async |place| {
        let (server, mut events, mut peer) = attacked(place, 1 << 20).await;
        let asked = format!(
            "{{\"type\":\"ferripc:request\",\"data\":{{\"id\":\"{}\",\"type\":\"none\"}}}}\x0c",
            "x".repeat(10_000)
        );
        let asking = async { while peer.try_send(&asked).await {} };
        let ended = async {
            match events.next().await {
                Some(ServerEvent::Disconnected { error, .. }) => error.unwrap(),
                other => panic!("{other:?}"),
            }
        };
        let ((), error) = tokio::join!(asking, ended);
        assert_eq!(error.code(), Some("ENOBUFS"));
        drop(server);
    });
}

#[test]
fn the_same_id_twice_is_an_error() {
    run(async || {
        let (server, mut events, mut peer) = attacked(Address::path(path()), 1 << 20).await;
        server.handle("never", async |(): (), _| {
            std::future::pending::<Result<(), HandlerError>>().await
        });
        let ask = "{\"type\":\"ferripc:request\",\"data\":{\"id\":1,\"type\":\"never\"}}\x0c";
        peer.send(format!("{ask}{ask}")).await;
        assert!(matches!(error_of(&mut events).await, Error::InvalidMessage { .. }));
        let cancel = "{\"type\":\"ferripc:cancel\",\"data\":{\"id\":1}}\x0c";
        peer.send(format!("{cancel}{ask}{cancel}{{\"type\":\"end\"}}\x0c")).await;
        assert_eq!(message_from(&mut events).await.1.kind(), "end");
    });
}

/// Nobody takes events: the peer is held back, and what it sends is not kept.
#[test]
fn a_server_that_takes_nothing_is_sent_nothing_without_end() {
    run_each(async |place| {
        let (server, mut events, mut peer) = attacked(place, 1 << 20).await;
        let message = format!("{{\"type\":\"a\",\"data\":\"{}\"}}\x0c", "x".repeat(60_000));
        let mut sent = 0;
        let flooding = async {
            loop {
                peer.send(&message).await;
                sent += 1;
                assert!(sent < 2000, "there is no limit");
            }
        };
        // Until nothing is taken for a while: nothing else happens on this runtime.
        let quiet = tokio::time::sleep(Duration::from_millis(300));
        tokio::select! { () = flooding => {}, () = quiet => {} }
        assert!(sent > 0);
        for _ in 0..sent {
            message_from(&mut events).await;
        }
        server.close().await;
    });
}

#[test]
fn what_all_hold_of_messages_without_an_end_is_bounded() {
    run_each(async |place| {
        let builder = Server::builder().max_buffered_bytes(1_000_000);
        let (server, mut events) = builder.bind(place).await.unwrap();
        let (mut most, mut less) = (Raw::connect(&server).await, Raw::connect(&server).await);
        most.send(vec![b'x'; 700_000]).await;
        less.send(vec![b'x'; 400_000]).await;
        let error = loop {
            match events.next().await {
                Some(ServerEvent::Connected(_)) => {}
                Some(ServerEvent::Disconnected { error, .. }) => break error.unwrap(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(error.code(), Some("ERR_FERRIPC_TOO_MUCH_BUFFERED"));
        assert_eq!(most.rest().await, b"");
        less.send("\x0c{\"type\":\"next\"}\x0c").await;
        assert!(matches!(error_of(&mut events).await, Error::InvalidMessage { .. }));
        assert_eq!(message_from(&mut events).await.1.kind(), "next");
    });
}
