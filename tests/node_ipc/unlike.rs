//! Peers whose messages are values of V8 instead of JSON: ferripc in Node with `config.serialization: 'advanced'`. Both sides
//! are told, and nothing of what such a peer sends is taken for a message.

use ferripc::node_ipc::{ClientEvent, Error, Server, ServerEvent};
use serde_json::{Value, json};

use super::raw::{Raw, RawServer};
use super::{LONG, bytes, client, message_from, run_each};

/// What such a peer says first: the vector of the wire format.
fn greeting() -> Vec<u8> {
    let vectors: Value =
        serde_json::from_str(include_str!("../../docs/vectors/values.json")).unwrap();
    bytes(&vectors["greeting"])
}

/// What follows, of a peer that does not wait for an answer: one more message.
fn more() -> Vec<u8> {
    [greeting(), b"{\"type\":\"x\"}\x0c".to_vec()].concat()
}

/// The peer is told with the code that Node's side has, and then comes the end.
async fn is_told(peer: &mut Raw) {
    let told: Value = serde_json::from_str(&peer.frame().await).unwrap();
    assert_eq!((&told["type"], &told["data"]["code"]), (&json!("error"), &json!(CODE)));
    assert!(told["data"]["message"].as_str().unwrap().contains("serialization 'advanced'"));
    assert_eq!(peer.rest().await, b"");
}

fn is_unlike(error: Option<Error>) {
    let error = error.expect("a reason");
    assert!(matches!(error, Error::Serialization), "{error}");
    assert_eq!(error.code(), Some(CODE));
    assert!(error.to_string().contains("serialization 'advanced'"), "{error}");
}

const CODE: &str = "ERR_FERRIPC_SERIALIZATION";

#[test]
fn a_client_with_values_is_told_and_let_go() {
    run_each(async |place| {
        let (server, mut events) = Server::bind(place).await.unwrap();
        for said in [greeting(), more()] {
            let mut peer = Raw::connect(&server).await;
            assert!(matches!(events.next().await, Some(ServerEvent::Connected(_))));
            peer.send(said).await;
            is_told(&mut peer).await;
            drop(peer);
            let Some(ServerEvent::Disconnected { connection, error }) = events.next().await else {
                panic!()
            };
            is_unlike(error);
            assert!(!connection.is_connected());
        }
        assert_eq!(server.connections().len(), 0);
        // An error of the program's own is a message, even one with a similar word.
        let mut peer = Raw::connect(&server).await;
        events.next().await.unwrap();
        for other in ["", ",\"ferripc\":1", ",\"ferripc\":\"no\"", ",\"data\":\"advanced/1\""] {
            peer.send(format!("{{\"type\":\"error\"{other}}}\x0c")).await;
            assert_eq!(message_from(&mut events).await.1.kind(), "error");
        }
        peer.send("{\"type\":\"other\",\"ferripc\":\"advanced/1\"}\x0c").await;
        assert_eq!(message_from(&mut events).await.1.kind(), "other");
    });
}

#[test]
fn a_server_with_values_is_told_and_the_client_goes_on_trying() {
    run_each(async |place| {
        let server = RawServer::bind(&place).await;
        let (client, mut events) = client(server.address()).max_retries(1).connect().unwrap();
        for said in [greeting(), more()] {
            let mut peer = server.next().await;
            assert!(matches!(events.next().await, Some(ClientEvent::Connected)));
            let asking = client.request::<_, ()>("x", &1, LONG);
            let refusing = async {
                assert!(peer.frame().await.contains("ferripc:request"));
                peer.send(&said).await;
                is_told(&mut peer).await;
            };
            let (asked, ()) = tokio::join!(asking, refusing);
            assert!(matches!(asked, Err(Error::ConnectionLost)));
            let Some(ClientEvent::Disconnected(error)) = events.next().await else { panic!() };
            is_unlike(error);
        }
        // Whoever sends meanwhile is told why.
        let mut peer = server.next().await;
        assert!(matches!(events.next().await, Some(ClientEvent::Connected)));
        client.stop_retrying();
        peer.send(greeting()).await;
        assert!(matches!(events.next().await, Some(ClientEvent::Disconnected(Some(_)))));
        let Err(Error::NotConnected(cause)) = client.emit("x", &1).await else { panic!() };
        is_unlike(cause.as_deref().cloned());
    });
}
