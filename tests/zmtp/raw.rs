//! A peer that writes and reads bytes, and knows nothing of ZMTP but what a test tells it.

use std::io::{ErrorKind, IoSlice};

use bytes::{Bytes, BytesMut};
use ferripc::engine::codec::zmtp::{self, Kind};
#[cfg(unix)]
use ferripc::engine::transport::unix::{Claim, UnixLocal};
use ferripc::engine::transport::{Listener, Local, Stream, Target, tcp::TcpTarget};
use ferripc::protocols::zmtp::{Endpoint, Router};

/// The end of a connection.
pub struct Raw {
    stream: Stream,
    received: BytesMut,
}

impl Raw {
    pub fn new(stream: Stream) -> Self {
        Self { stream, received: BytesMut::new() }
    }

    pub async fn connect(to: &Endpoint) -> Self {
        let to = to.to_string();
        let target = match to.split_once("://").unwrap() {
            ("tcp", address) => {
                let addresses = vec![address.parse().unwrap()];
                Target::Tcp(TcpTarget { addresses, local_address: None, local_port: 0 })
            }
            #[cfg(unix)]
            (_, path) => Target::Unix(system_path(path)),
            #[cfg(not(unix))]
            _ => unreachable!(),
        };
        Self::new(Stream::connect(&target).await.unwrap())
    }

    /// Connects, and ends the handshake as a REQ socket.
    pub async fn req(to: &Router, identity: &[u8]) -> Self {
        let mut raw = Self::connect(&to.local_endpoint()).await;
        raw.send(&[&zmtp::greeting()[..], &zmtp::ready(Kind::Req, identity)].concat()).await;
        let expected = [&zmtp::greeting()[..], &zmtp::ready(Kind::Router, b"")].concat();
        assert_eq!(raw.receive(expected.len()).await, expected);
        raw
    }

    /// Writes all of it. False: the other end takes no more.
    pub async fn try_send(&self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.stream.writable().await.is_err() {
                return false;
            }
            match self.stream.try_write(&[IoSlice::new(bytes)]) {
                Ok(len) => bytes = &bytes[len..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
        true
    }

    pub async fn send(&self, bytes: &[u8]) {
        assert!(self.try_send(bytes).await, "the other end has gone");
    }

    /// Reads once. False at the end, however it comes.
    async fn read(&mut self) -> bool {
        loop {
            self.received.reserve(64 * 1024);
            if self.stream.readable().await.is_err() {
                return false;
            }
            match self.stream.try_read(&mut self.received) {
                Ok(len) => return len > 0,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
    }

    /// This many bytes.
    pub async fn receive(&mut self, len: usize) -> Bytes {
        while self.received.len() < len {
            assert!(self.read().await, "ended after {:?}", self.received);
        }
        self.received.split_to(len).freeze()
    }

    /// All bytes until the other end has closed the connection.
    pub async fn rest(&mut self) -> Bytes {
        while self.read().await {}
        self.received.split().freeze()
    }

    pub fn shut_down(&self) {
        self.stream.shut_down();
    }
}

/// Takes connections.
pub struct RawListener(Listener);

impl RawListener {
    /// At a place, which is returned as it is then.
    pub fn bind(at: &Endpoint) -> (Self, Endpoint) {
        let text = at.to_string();
        let local = match text.split_once("://").unwrap() {
            ("tcp", address) => Local::Tcp(address.parse().unwrap()),
            #[cfg(unix)]
            (_, path) => Local::Unix(UnixLocal {
                path: system_path(path),
                claim: Claim::Stale,
                add_mode: 0,
                padded: false,
            }),
            #[cfg(not(unix))]
            _ => unreachable!(),
        };
        let listener = Listener::listen(&local, true).unwrap();
        let at = match listener.address() {
            Some(address) => super::endpoint(&format!("tcp://{address}")),
            None => at.clone(),
        };
        (Self(listener), at)
    }

    pub async fn accept(&self) -> Raw {
        Raw::new(self.0.accept(false).await.unwrap().attach().unwrap())
    }
}

#[cfg(unix)]
fn system_path(path: &str) -> String {
    path.strip_prefix('@').map_or(path.to_owned(), |name| format!("\0{name}"))
}

/// The bytes of a message.
pub fn wire(frames: &[Bytes]) -> Vec<u8> {
    let mut wire = Vec::new();
    zmtp::message(frames, |piece| wire.extend_from_slice(&piece));
    wire
}
