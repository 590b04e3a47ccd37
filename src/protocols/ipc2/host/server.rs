//! How a worker connects. [`Server`] is implemented for tokio's `UnixListener`, and can be
//! implemented for any other stream of bytes.

use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(unix)]
use super::private;

/// A future of [`Server`] or [`Client`](crate::protocols::ipc2::worker::client::Client).
pub type Opening<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// A listener that one worker connects to.
///
/// The methods have the form that the attribute `#[async_trait]` gives to `async fn`, so an implementation can
/// use it. Without it, they return a boxed future:
///
/// ```
/// use ferripc::protocols::ipc2::host::server::{Opening, Server};
/// use std::io;
/// use tokio::net::TcpListener;
/// use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
///
/// struct Tcp(TcpListener);
///
/// impl Server for Tcp {
///     type Reader = OwnedReadHalf;
///     type Writer = OwnedWriteHalf;
///
///     fn bind<'t, 'a>(target: &'t str) -> Opening<'a, Self>
///     where
///         't: 'a,
///         Self: 'a,
///     {
///         Box::pin(async move { TcpListener::bind(target).await.map(Tcp) })
///     }
///
///     fn into_parts<'a>(self) -> Opening<'a, (Self::Reader, Self::Writer)>
///     where
///         Self: 'a,
///     {
///         Box::pin(async move {
///             let (stream, _) = self.0.accept().await?;
///             stream.set_nodelay(true)?;
///             Ok(stream.into_split())
///         })
///     }
///
///     fn socket_path(id: u32) -> String {
///         format!("127.0.0.1:{}", 40_000 + id)
///     }
/// }
/// ```
pub trait Server: Sized + 'static {
    /// Receives from the worker.
    type Reader: AsyncRead + Unpin + Send + 'static;
    /// Sends to the worker.
    type Writer: AsyncWrite + Unpin + Send + 'static;

    /// Begins to listen at `target`, which [`Server::socket_path`] has made. The worker is told the
    /// same target.
    fn bind<'target, 'async_trait>(target: &'target str) -> Opening<'async_trait, Self>
    where
        'target: 'async_trait,
        Self: 'async_trait;

    /// Takes the one connection that is expected.
    fn into_parts<'async_trait>(self) -> Opening<'async_trait, (Self::Reader, Self::Writer)>
    where
        Self: 'async_trait;

    /// A target for another worker. `id` is different for each worker of this process.
    fn socket_path(id: u32) -> String;

    /// Removes what [`Server::bind`] created at `target`. Called once the worker has connected, or will not.
    fn release(target: &str) {
        let _ = target;
    }
}

/// In a folder that only this user can enter. It exists until the worker has connected.
#[cfg(unix)]
impl Server for tokio::net::UnixListener {
    type Reader = tokio::net::unix::OwnedReadHalf;
    type Writer = tokio::net::unix::OwnedWriteHalf;

    fn bind<'target, 'async_trait>(target: &'target str) -> Opening<'async_trait, Self>
    where
        'target: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(private::listen(target)))
    }

    fn into_parts<'async_trait>(self) -> Opening<'async_trait, (Self::Reader, Self::Writer)>
    where
        Self: 'async_trait,
    {
        Box::pin(async move { self.accept().await.map(|(stream, _)| stream.into_split()) })
    }

    fn socket_path(_id: u32) -> String {
        private::path()
    }

    fn release(target: &str) {
        private::remove(target);
    }
}
