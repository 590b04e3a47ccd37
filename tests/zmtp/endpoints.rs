//! Endpoints, as they are written, bound and refused.

use std::io::ErrorKind;

use ferripc::protocols::zmtp::{Endpoint, Options, Req, RequestError, Router};

use super::{endpoint, run};

#[test]
fn forms() {
    for (text, written) in [
        ("tcp://127.0.0.1:4048", "tcp://127.0.0.1:4048"),
        ("tcp://*:0", "tcp://*:0"),
        ("tcp://127.0.0.1:*", "tcp://127.0.0.1:0"),
        ("tcp://localhost:65535", "tcp://localhost:65535"),
        ("tcp://some-host.example:1", "tcp://some-host.example:1"),
        ("tcp://[::1]:80", "tcp://[::1]:80"),
        ("ipc:///tmp/a b", "ipc:///tmp/a b"),
        ("ipc://relative", "ipc://relative"),
        ("ipc://@name", "ipc://@name"),
    ] {
        assert_eq!(endpoint(text).to_string(), written);
        assert_eq!(text.parse::<Endpoint>().unwrap(), endpoint(written));
    }
    for (text, reason) in [
        ("", "it must begin with tcp:// or ipc://"),
        ("127.0.0.1:4048", "it must begin with tcp:// or ipc://"),
        ("inproc://a", "only tcp:// and ipc:// are supported"),
        ("TCP://127.0.0.1:1", "only tcp:// and ipc:// are supported"),
        ("tcp://127.0.0.1", "the port is missing"),
        ("tcp://:80", "the host is missing"),
        ("tcp://a:", "the port is not a number"),
        ("tcp://a:+1", "the port is not a number"),
        ("tcp://a:65536", "the port is over 65535"),
        ("tcp://a:99999999999999999999", "the port is over 65535"),
        ("tcp://::1:80", "an IPv6 address has to be in brackets"),
        ("tcp://[::g]:80", "the brackets do not contain an IPv6 address"),
        ("tcp://a b:80", "the host is neither an address nor a name"),
        ("tcp://127.0.0.1:1;127.0.0.1:2", "a local address to connect from is not supported"),
        ("ipc://", "the path is missing"),
        ("ipc://@", "the path is missing"),
        ("ipc://*", "a path chosen by the system is not supported"),
        ("ipc://a\0b", "the path contains a NUL byte"),
    ] {
        let error = Endpoint::parse(text).unwrap_err().to_string();
        assert_eq!(error, format!("{text:?} is not an endpoint: {reason}"));
    }
}

#[test]
fn a_port_that_the_system_chooses_is_told() {
    run(async {
        for (place, begins) in [
            ("tcp://*:0", "tcp://0.0.0.0:"),
            ("tcp://localhost:0", "tcp://127.0.0.1:"),
            ("tcp://127.0.0.1:0", "tcp://127.0.0.1:"),
        ] {
            let (router, _events) = Router::bind(&endpoint(place), Options::default()).unwrap();
            let place = router.local_endpoint().to_string();
            assert!(place.starts_with(begins) && !place.ends_with(":0"), "{place}");
        }
    });
}

#[test]
fn what_cannot_be_bound_says_why() {
    run(async {
        let bind = |place: &str| Router::bind(&endpoint(place), Options::default()).unwrap_err();
        let error = bind("tcp://some-host.example:1");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("to bind, an IP address, * or localhost is needed"));
        let (router, _events) = super::router(Options::default());
        let error = bind(&router.local_endpoint().to_string());
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(
            error.to_string().starts_with("listen EADDRINUSE: address already in use 127.0.0.1:")
        );
        let options = Options { identity: vec![0], ..Options::default() };
        let error = Router::bind(&endpoint("tcp://127.0.0.1:0"), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn what_nobody_can_connect_to_is_said_with_each_question() {
    run(async {
        let question = || super::frames(&["a"]);
        for place in ["tcp://*:80", "tcp://127.0.0.1:0"] {
            let req = Req::connect(&endpoint(place), Options::default());
            let error = req.request(question(), None).await.unwrap_err();
            assert!(matches!(error, RequestError::Unusable(_)), "{error}");
            assert!(error.to_string().contains("to connect to"), "{error}");
            req.close().await;
        }
        let options = Options { identity: vec![b'x'; 256], ..Options::default() };
        let req = Req::connect(&endpoint("tcp://127.0.0.1:1"), options);
        let error = req.request(question(), None).await.unwrap_err().to_string();
        assert_eq!(error, "identity: it has more than 255 bytes");
    });
}

#[cfg(unix)]
mod paths {
    use super::super::{name, path, places};
    use super::*;
    use std::fs;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_dead_sockets_are_replaced_and_only_our_own_removed() {
        run(async {
            let path = path();
            let place = endpoint(&format!("ipc://{}", path.display()));
            let bind = || Router::bind(&place, Options::default());
            drop(UnixListener::bind(&path).unwrap()); // leaves its file
            let (router, _events) = bind().unwrap();
            let error = bind().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            router.close().await;
            assert!(!path.exists());
            fs::write(&path, "precious").unwrap();
            let error = bind().unwrap_err();
            assert!(error.to_string().contains("regular file, which is left alone"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
            fs::remove_file(&path).unwrap();
        });
    }

    #[test]
    fn a_dropped_router_leaves_its_place() {
        run(async {
            for place in places() {
                let (router, mut events) = Router::bind(&place, Options::default()).unwrap();
                let place = router.local_endpoint();
                drop(router);
                assert!(events.recv().await.is_none());
                let (router, _events) = Router::bind(&place, Options::default()).unwrap();
                router.close().await;
            }
        });
    }

    #[test]
    fn a_path_that_is_too_long_is_said_to_be() {
        run(async {
            let place = endpoint(&format!("ipc:///tmp/{}{}", name(), "x".repeat(200)));
            let error = Router::bind(&place, Options::default()).unwrap_err().to_string();
            assert!(error.contains("ENAMETOOLONG"), "{error}");
            let req = Req::connect(&place, Options::default());
            let error = req.request(super::super::frames(&["a"]), None).await.unwrap_err();
            assert!(error.to_string().contains("ENAMETOOLONG"), "{error}");
        });
    }
}
