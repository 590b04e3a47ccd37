//! Peers without node-ipc, which send any bytes.

use ferripc::node_ipc::{Address, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

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
