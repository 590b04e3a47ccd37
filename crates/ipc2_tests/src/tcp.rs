//! A custom transport: TCP. One end is written as for ipc2, with `#[async_trait]`, the other one without
//! it.

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;

use ipc2_host::server::Server;
use ipc2_worker::client::{Client, Opening};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The system chooses the port when a path is requested.
static BOUND: Mutex<Option<HashMap<String, std::net::TcpListener>>> = Mutex::new(None);

pub struct TcpServer(TcpListener);

#[async_trait::async_trait]
impl Server for TcpServer {
    type Reader = OwnedReadHalf;
    type Writer = OwnedWriteHalf;

    async fn bind(target: &str) -> io::Result<Self> {
        let listener =
            BOUND.lock().unwrap().as_mut().and_then(|bound| bound.remove(target)).unwrap();
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(TcpServer)
    }

    async fn into_parts(self) -> io::Result<(Self::Reader, Self::Writer)> {
        let (stream, _) = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream.into_split())
    }

    fn socket_path(_id: u32) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap().to_string();
        BOUND.lock().unwrap().get_or_insert_default().insert(target.clone(), listener);
        target
    }
}

pub struct TcpClient(TcpStream);

impl Client for TcpClient {
    type Reader = OwnedReadHalf;
    type Writer = OwnedWriteHalf;

    fn connect<'t, 'a>(target: &'t str) -> Opening<'a, Self>
    where
        't: 'a,
        Self: 'a,
    {
        Box::pin(async move { TcpStream::connect(target).await.map(TcpClient) })
    }

    fn into_parts<'a>(self) -> Opening<'a, (Self::Reader, Self::Writer)>
    where
        Self: 'a,
    {
        Box::pin(async move {
            self.0.set_nodelay(true)?;
            Ok(self.0.into_split())
        })
    }
}
