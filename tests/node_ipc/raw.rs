//! Peers without node-ipc, which send any bytes.

use ferripc::node_ipc::{Address, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

pub struct Raw(Box<dyn Both>);

impl Raw {
    pub async fn connect(server: &Server) -> Self {
        match server.address() {
            Address::Tcp(host, port) => {
                Self(Box::new(TcpStream::connect((host.as_str(), *port)).await.unwrap()))
            }
            #[cfg(unix)]
            Address::Path(path) => {
                Self(Box::new(tokio::net::UnixStream::connect(path).await.unwrap()))
            }
            other => panic!("{other}"),
        }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The same. False: the other side has ended.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Ends its side.
    pub async fn end(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// The next message as text.
    pub async fn frame(&mut self) -> String {
        let mut frame = Vec::new();
        loop {
            match self.0.read_u8().await.unwrap() {
                b'\x0c' => return String::from_utf8(frame).unwrap(),
                byte => frame.push(byte),
            }
        }
    }

    /// All that comes until the end.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest).await;
        rest
    }
}

/// A server without node-ipc.
pub enum RawServer {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, std::path::PathBuf),
    Tcp(TcpListener),
}

impl RawServer {
    pub async fn bind(place: &Address) -> Self {
        match place {
            Address::Tcp(host, port) => {
                Self::Tcp(TcpListener::bind((host.as_str(), *port)).await.unwrap())
            }
            #[cfg(unix)]
            Address::Path(path) => {
                Self::Unix(tokio::net::UnixListener::bind(path).unwrap(), path.clone())
            }
            other => panic!("{other}"),
        }
    }

    pub fn address(&self) -> Address {
        match self {
            #[cfg(unix)]
            Self::Unix(_, path) => Address::path(path),
            Self::Tcp(listener) => Address::from(listener.local_addr().unwrap()),
        }
    }

    pub async fn next(&self) -> Raw {
        match self {
            #[cfg(unix)]
            Self::Unix(listener, _) => Raw(Box::new(listener.accept().await.unwrap().0)),
            Self::Tcp(listener) => Raw(Box::new(listener.accept().await.unwrap().0)),
        }
    }
}

#[cfg(unix)]
impl Drop for RawServer {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}
