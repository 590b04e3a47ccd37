//! Questions and answers.

use std::time::{Duration, Instant};

use ferripc::node_ipc::{Connection, Error, HandlerError, RemoteError};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::raw::Raw;
use super::{Address, Server};
use super::{LONG, bytes, client, meet, meet_with, path, run, run_each};

/// Says so when it is dropped: a handler was ended.
struct Ending(Option<oneshot::Sender<()>>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.take().unwrap().send(());
    }
}

#[test]
fn each_side_answers_the_other_in_any_order() {
    run_each(async |place| {
        let ((server, _server_events), (client, _events), connection) = meet(place).await;
        async fn wait(ms: u64, _: Connection) -> Result<u64, HandlerError> {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(ms)
        }
        server.handle("wait", wait);
        client.handle("join", async |(a, b): (String, Option<String>)| Ok(json!([b, a])));
        let mut asking = JoinSet::new();
        for ms in (0..64).rev() {
            let client = client.clone();
            asking.spawn(async move {
                (ms, client.request::<_, u64>("wait", &ms, LONG).await.unwrap())
            });
        }
        let answer: Value =
            connection.request("join", &json!(["ü\u{c}", null]), LONG).await.unwrap();
        assert_eq!(answer, json!([null, "ü\u{c}"]));
        while let Some(answered) = asking.join_next().await {
            let (asked, answer) = answered.unwrap();
            assert_eq!(asked, answer);
        }
        // Nothing is replaced.
        server.handle("same", async |value: Value, _| Ok(value));
        for value in [json!(null), json!(""), json!(false), json!({})] {
            assert_eq!(client.request::<_, Value>("same", &value, LONG).await.unwrap(), value);
        }
        client.request::<_, ()>("same", &(), LONG).await.unwrap();
    });
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("expected");
    }
}

#[test]
fn what_a_handler_fails_with_crosses() {
    run(async || {
        let ((server, _a), (client, _b), _) = meet(Address::path(path())).await;
        server.handle("own", async |(): (), _| {
            let error = HandlerError::new("no").with_name("TypeError").with_code("E_NO");
            Err::<(), _>(error)
        });
        server.handle("system", async |(): (), _| {
            Ok(std::fs::read_to_string(std::env::temp_dir().join("ferripc-no-such-file"))?)
        });
        server
            .handle("panic", async |(): (), _| -> Result<(), HandlerError> { panic!("expected") });
        server.handle("payload", async |(): (), _| -> Result<(), HandlerError> {
            std::panic::panic_any(PanicsWhenDropped)
        });
        let failed = async |kind: &str| match client.request::<_, Value>(kind, &(), LONG).await {
            Err(Error::Remote(error)) => error,
            other => panic!("{other:?}"),
        };
        let shown = |error: RemoteError| {
            let code = error.code().map(str::to_owned);
            (error.name().to_owned(), error.message().to_owned(), code)
        };
        let own = shown(failed("own").await);
        assert_eq!(own, ("TypeError".into(), "no".into(), Some("E_NO".into())));
        assert_eq!(failed("system").await.code(), Some("ENOENT"));
        for kind in ["panic", "payload"] {
            assert_eq!(failed(kind).await.message(), "The handler has panicked");
        }
        assert_eq!(failed("nobody").await.code(), Some("ERR_FERRIPC_NO_HANDLER"));
        let other = client.request::<_, Value>("own", &1, LONG).await.unwrap_err();
        assert_eq!(other.code(), Some("ERR_FERRIPC_INVALID_DATA"));
        server.handle("text", async |(): (), _| Ok("text"));
        let error = client.request::<_, i32>("text", &(), LONG).await.unwrap_err();
        assert!(matches!(error, Error::Decode(_)));
        server.unhandle("text");
        assert_eq!(failed("text").await.code(), Some("ERR_FERRIPC_NO_HANDLER"));
        // A failure passes through a handler as it is.
        let relayed = client.clone();
        client.handle("relay", move |(): ()| {
            let client = relayed.clone();
            async move { Ok(client.request::<_, Value>("own", &(), LONG).await?) }
        });
        let connection = server.connections().remove(0);
        let error = connection.request::<_, Value>("relay", &(), LONG).await.unwrap_err();
        assert_eq!(error.code(), Some("E_NO"));
        client.close().await;
    });
}

#[test]
fn who_gives_up_ends_the_handler_on_the_other_side() {
    run_each(async |place| {
        let ((server, _a), (client, _b), connection) = meet(place).await;
        let (started, mut handlers) = mpsc::unbounded_channel();
        let handler = move || {
            let (ending, ended) = oneshot::channel();
            started.send(ended).unwrap();
            async move {
                let _ending = Ending(Some(ending));
                std::future::pending::<Result<(), HandlerError>>().await
            }
        };
        let other = handler.clone();
        server.handle("never", move |(): (), _| handler());
        client.handle("never", move |(): ()| other());

        let timed_out = client.request::<_, ()>("never", &(), Duration::from_millis(20)).await;
        assert!(matches!(timed_out, Err(Error::Timeout)));
        handlers.recv().await.unwrap().await.unwrap();

        let mut asking = Box::pin(connection.request::<_, ()>("never", &(), LONG));
        let ended = tokio::select! {
            _ = &mut asking => panic!("it is answered"),
            ended = handlers.recv() => ended.unwrap(),
        };
        drop(asking);
        ended.await.unwrap();

        // The end of the connection: at once on both sides.
        let mut asking = Box::pin(client.request::<_, ()>("never", &(), LONG));
        let ended = tokio::select! {
            _ = &mut asking => panic!("it is answered"),
            ended = handlers.recv() => ended.unwrap(),
        };
        connection.close().await;
        assert!(matches!(asking.await, Err(Error::ConnectionLost)));
        ended.await.unwrap();
        let error = connection.request::<_, ()>("never", &(), LONG).await.unwrap_err();
        assert!(matches!(error, Error::NotConnected(_)));
    });
}

#[test]
fn requests_wait_for_the_first_connection_and_can_be_taken_back() {
    run(async || {
        let place = Address::path(path());
        let (client, _events) = client(&place).connect().unwrap();
        let given_up = client.request::<_, u32>("count", &(), Duration::from_millis(10)).await;
        assert!(matches!(given_up, Err(Error::Timeout)));
        let (server, _server_events) = {
            let asking = client.request::<_, u32>("count", &(), LONG);
            let serving = async {
                let (server, events) = Server::bind(&place).await.unwrap();
                let count = std::sync::atomic::AtomicU32::new(0);
                server.handle("count", move |(): (), _| {
                    let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    async move { Ok(count + 1) }
                });
                (server, events)
            };
            let (answer, server) = tokio::join!(asking, serving);
            assert_eq!(answer.unwrap(), 1); // the other one has never left
            server
        };
        drop(server);
    });
}

/// On a runtime of one thread they would hold up the task that learns of the end, too.
#[test]
fn requests_that_fail_at_once_let_other_tasks_run() {
    run_each(async |place| {
        let ((_server, _a), (client, _b), connection) = meet(place).await;
        client.close().await;
        let begin = Instant::now();
        let is_in_time = || begin.elapsed() < Duration::from_secs(60);
        while connection.is_connected() {
            connection.request::<_, ()>("x", &(), LONG).await.unwrap_err();
            assert!(is_in_time());
        }
        let (one, two) = (tokio::spawn(async {}), tokio::spawn(async {}));
        while !one.is_finished() {
            connection.request::<_, ()>("x", &(), LONG).await.unwrap_err();
            assert!(is_in_time());
        }
        while !two.is_finished() {
            client.request::<_, ()>("x", &(), LONG).await.unwrap_err();
            assert!(is_in_time());
        }
    });
}

#[test]
fn only_so_many_are_handled_at_a_time() {
    run(async || {
        let builder = Server::builder().max_requests(2);
        let ((server, _a), (client, _b), _) =
            meet_with(Address::path(path()), builder, |client| client).await;
        server.handle("never", async |(): (), _| {
            std::future::pending::<Result<(), HandlerError>>().await
        });
        server.handle("now", async |(): (), _| Ok(1));
        let mut asking = JoinSet::new();
        for _ in 0..3 {
            let client = client.clone();
            asking.spawn(async move { client.request::<_, ()>("never", &(), LONG).await });
        }
        let refused = asking.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(refused.code(), Some("ERR_FERRIPC_TOO_MANY_REQUESTS"));
        asking.shutdown().await; // cancels the others
        while client.request::<_, i32>("now", &(), LONG).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_peer_that_asks_and_ends_its_side_still_gets_its_answer() {
    run_each(async |place| {
        let (server, _events) = Server::bind(place).await.unwrap();
        server.handle("slow", async |(): (), _| {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok("answer")
        });
        let mut peer = Raw::connect(&server).await;
        peer.send(
            "{\"type\":\"ferripc:request\",\"data\":{\"id\":\"a\\u0062\",\"type\":\"slow\"}}\x0c",
        )
        .await;
        peer.end().await;
        let expected = r#"{"type":"ferripc:reply","data":{"id":"a\u0062","data":"answer"}}"#;
        assert_eq!(peer.frame().await, expected);
        assert_eq!(peer.rest().await, b"");
    });
}

/// The vectors of the wire format: what is answered.
#[test]
fn answers_are_those_of_the_vectors() {
    let text = include_str!("../../docs/vectors/requests.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let answers = cases.iter().filter(|case| case["kind"] == "answer");
    assert!(answers.clone().count() > 3);
    for case in answers {
        let name = case["name"].as_str().unwrap();
        run(async || {
            let (server, _events) = Server::bind(Address::path(path())).await.unwrap();
            server.handle("echo", async |value: Value, _| Ok(value));
            server.handle("nothing", async |_: Value, _| Ok(()));
            server.handle("wait", async |_: Value, _| {
                std::future::pending::<Result<(), HandlerError>>().await
            });
            server.handle("fail", async |_: Value, _| {
                let error = HandlerError::new("no").with_name("TypeError").with_code("E_NO");
                Err::<(), _>(error)
            });
            let mut peer = Raw::connect(&server).await;
            for received in case["received"].as_array().unwrap() {
                peer.send(bytes(received)).await;
            }
            let mut sent: Vec<Value> = Vec::new();
            for one in case["sent"].as_array().unwrap() {
                for frame in bytes(one).split(|byte| *byte == 12).filter(|it| !it.is_empty()) {
                    sent.push(serde_json::from_slice(frame).unwrap());
                }
            }
            // In any order: each is a task of its own.
            while !sent.is_empty() {
                let answer: Value = serde_json::from_str(&peer.frame().await).unwrap();
                let is_its = |it: &Value| it["data"]["id"] == answer["data"]["id"];
                let at = sent.iter().position(is_its).unwrap_or_else(|| panic!("{name}: {answer}"));
                let mut expected = sent.swap_remove(at);
                // What Rust has for nothing is null; and messages of errors are for people.
                if let Some(data) = expected["data"].as_object_mut() {
                    if data.len() == 1 {
                        data.insert("data".into(), Value::Null);
                    }
                    let code = |it: &Value| it["data"]["error"]["code"].clone();
                    if data.contains_key("error") && code(&answer) != "E_NO" {
                        assert_eq!(code(&answer), data["error"]["code"], "{name}");
                        continue;
                    }
                }
                assert_eq!(answer, expected, "{name}");
            }
        });
    }
}
