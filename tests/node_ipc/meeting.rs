//! Messages, in both directions.

use ferripc::node_ipc::{Broadcast, ClientEvent, HandlerError, Server, ServerEvent};
use serde_json::{Value, json};

use super::{LONG, client, meet, meet_with, message, message_from, path, run, run_each};

#[test]
fn data_cross_both_ways_as_they_were() {
    run_each(async |place| {
        let (server, client, connection) = meet(place).await;
        let (_server, mut server_events) = server;
        let (client, mut events) = client;
        let values = [
            json!({"a": [1, null, "ü"], "b": {"c": -1.5e300}}),
            json!("form feed \u{c}, new line \n, quote \" and \\, \u{0}, 🦀"),
            json!([]),
            json!(false),
            json!(0),
            json!(u64::MAX),
            json!("x".repeat(1 << 20)),
            json!({}),
        ];
        for value in &values {
            client.emit("value \u{c}", value).await.unwrap();
            connection.emit("", value).await.unwrap();
        }
        for value in &values {
            let (from, its) = message_from(&mut server_events).await;
            assert_eq!((from == connection, its.kind()), (true, "value \u{c}"));
            assert_eq!(&its.data::<Value>().unwrap(), value);
            let its = message(&mut events).await;
            assert_eq!((its.kind(), &its.data::<Value>().unwrap()), ("", value));
        }
    });
}

#[test]
fn nothing_crosses_as_node_ipc_sends_it_and_arrives_as_it_was() {
    run(async || {
        let (_server, (client, _events), _) = {
            let (server, client, connection) = meet(super::Address::path(path())).await;
            let (client, events) = client;
            let (server, mut server_events) = server;
            client.emit("unit", &()).await.unwrap();
            client.emit("none", &None::<i32>).await.unwrap();
            client.emit("empty", "").await.unwrap();
            client.emit("object", &json!({})).await.unwrap();
            client.emit("zero", &0).await.unwrap();
            let (_, unit) = message_from(&mut server_events).await;
            assert_eq!(unit.raw(), Some("{}"));
            unit.data::<()>().unwrap();
            let (_, none) = message_from(&mut server_events).await;
            assert_eq!((none.raw(), none.data::<Option<i32>>().unwrap()), (Some("{}"), None));
            let (_, empty) = message_from(&mut server_events).await;
            assert_eq!((empty.raw(), empty.data::<&str>().unwrap()), (Some("{}"), ""));
            let (_, object) = message_from(&mut server_events).await;
            assert_eq!(object.data::<Value>().unwrap(), json!({}));
            assert!(object.data::<i32>().is_err());
            let (_, zero) = message_from(&mut server_events).await;
            assert_eq!((zero.raw(), zero.data::<i32>().unwrap()), (Some("0"), 0));
            ((server, server_events), (client, events), connection)
        };
        client.close().await;
    });
}

#[test]
fn many_messages_come_in_order_also_where_they_were_emitted_before_there_was_a_server() {
    run_each(async |place| {
        let place = match place {
            // The port has to be known before.
            super::Address::Tcp(..) => {
                let probe = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                probe.local_addr().unwrap().into()
            }
            other => other,
        };
        const COUNT: u32 = 20_000;
        let (client, mut events) = client(&place).connect().unwrap();
        client.emit("number", &0).await.unwrap();
        assert!(matches!(events.next().await, Some(ClientEvent::ConnectFailed(_))));
        for number in 1..COUNT / 2 {
            client.emit("number", &number).await.unwrap();
        }
        let emitter = client.clone();
        let emitting = tokio::spawn(async move {
            emitter.connected().await.unwrap();
            for number in COUNT / 2..COUNT {
                emitter.emit("number", &number).await.unwrap();
            }
        });
        drop(events);
        let (_server, mut events) = Server::bind(&place).await.unwrap();
        assert!(matches!(events.next().await, Some(ServerEvent::Connected(_))));
        for number in 0..COUNT {
            assert_eq!(message_from(&mut events).await.1.data::<u32>().unwrap(), number);
        }
        emitting.await.unwrap();
    });
}

#[test]
fn a_broadcast_reaches_all_but_those_who_are_not_meant() {
    run_each(async |place| {
        let (server, mut server_events) = Server::bind(place).await.unwrap();
        let mut all = Vec::new();
        for _ in 0..3 {
            let (client, mut events) = client(server.address()).connect().unwrap();
            assert!(matches!(events.next().await, Some(ClientEvent::Connected)));
            let Some(ServerEvent::Connected(connection)) = server_events.next().await else {
                panic!()
            };
            all.push((client, events, connection));
        }
        assert_eq!(server.connections().len(), 3);
        let sent = server.broadcast("news", &1).unwrap();
        assert_eq!(sent, Broadcast { sent: 3, skipped: 0 });
        let first = all[0].2.clone();
        let sent = server.broadcast_where("news", &2, |it| *it != first).unwrap();
        assert_eq!(sent.sent, 2);
        server.broadcast("news", &3).unwrap();
        for (index, (_, events, _)) in all.iter_mut().enumerate() {
            let expected = if index == 0 { vec![1, 3] } else { vec![1, 2, 3] };
            for number in expected {
                assert_eq!(message(events).await.data::<i32>().unwrap(), number);
            }
        }
    });
}

#[test]
fn an_id_is_a_path_as_node_ipc_makes_it() {
    run(async || {
        let root = format!("{}.", path().display());
        let builder = Server::builder().socket_root(&root).appspace("my.");
        let (server, _events) = builder.bind("world").await.unwrap();
        assert_eq!(server.address().to_string(), format!("{root}my.world"));
        let (client, _) = client("world").socket_root(&root).appspace("my.").connect().unwrap();
        client.connected().await.unwrap();
        #[cfg(unix)]
        assert_eq!(client.peer_credentials().unwrap().pid as u32, std::process::id());
    });
}

#[test]
fn both_ends_may_agree_on_another_delimiter_which_no_message_may_contain() {
    run(async || {
        let place = super::Address::path(path());
        let set = Server::builder().delimiter("}\n");
        let ((_server, mut events), (client, _events), _) =
            meet_with(place, set, |client| client.delimiter("}\n")).await;
        client.emit("a", &json!({"b": {}})).await.unwrap();
        assert_eq!(message_from(&mut events).await.1.raw(), Some(r#"{"b":{}}"#));
        let text = serde_json::value::RawValue::from_string("{}\n".into()).unwrap();
        let spaced = serde_json::value::RawValue::from_string("[{}\n]".into()).unwrap();
        client.emit("trimmed", &text).await.unwrap();
        let error = client.emit("within", &spaced).await.unwrap_err();
        assert!(matches!(error, super::Error::DelimiterWithin));

        let set = Server::builder().delimiter("|");
        let ((server, _events), (client, _client_events), _) =
            meet_with(super::Address::path(path()), set, |client| client.delimiter("|")).await;
        server.handle("answer", async |(): (), _| Ok("a|b"));
        server.handle("failure", async |(): (), _| Err::<(), _>(HandlerError::new("a|b")));
        for kind in ["answer", "failure"] {
            let error = client.request::<_, String>(kind, &(), LONG).await.unwrap_err();
            assert_eq!(error.to_string(), "Error: the delimiter is within the message");
        }
    });
}
