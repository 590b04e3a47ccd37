//! How a worker connects to its host. [`Client`] is implemented for tokio's `UnixStream`, and can be
//! implemented for any other stream of bytes.

use tokio::io::{AsyncRead, AsyncWrite};

pub use crate::protocols::ipc2::host::server::Opening;

/// A connection to a host. The methods have the same form as those of
/// [`Server`](crate::protocols::ipc2::host::server::Server), which has an example.
pub trait Client: Sized + 'static {
    /// Receives from the host.
    type Reader: AsyncRead + Unpin + Send + 'static;
    /// Sends to the host.
    type Writer: AsyncWrite + Unpin + Send + 'static;

    /// Connects to `target`, which the host has passed on.
    fn connect<'target, 'async_trait>(target: &'target str) -> Opening<'async_trait, Self>
    where
        'target: 'async_trait,
        Self: 'async_trait;

    /// Both halves of the connection.
    fn into_parts<'async_trait>(self) -> Opening<'async_trait, (Self::Reader, Self::Writer)>
    where
        Self: 'async_trait;
}

#[cfg(unix)]
impl Client for tokio::net::UnixStream {
    type Reader = tokio::net::unix::OwnedReadHalf;
    type Writer = tokio::net::unix::OwnedWriteHalf;

    fn connect<'target, 'async_trait>(target: &'target str) -> Opening<'async_trait, Self>
    where
        'target: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(crate::engine::transport::unix::connect(target))
    }

    fn into_parts<'async_trait>(self) -> Opening<'async_trait, (Self::Reader, Self::Writer)>
    where
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(Ok(self.into_split())))
    }
}
