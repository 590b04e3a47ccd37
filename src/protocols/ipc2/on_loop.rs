//! Unix sockets that the program's own event loop watches, and whose tasks run there: see
//! [`loop_stream`]. For both sides; used by the binding.

use std::io;

use tokio::net::{UnixListener, UnixStream};

use super::host::server::{Opening, Server};
use super::worker::client::Client;
use crate::engine::driver::loop_stream::{self, LoopReader, LoopWriter};

/// Listens for a worker, as a `UnixListener` does.
#[derive(Debug)]
pub struct LoopListener(UnixListener);

/// A connection to a host, as a `UnixStream` is.
#[derive(Debug)]
pub struct LoopStream(UnixStream);

/// Takes a socket from the runtime's reactor.
fn split(stream: UnixStream) -> io::Result<(LoopReader, LoopWriter)> {
    Ok(loop_stream::split(stream.into_std()?.into()))
}

impl Server for LoopListener {
    type Reader = LoopReader;
    type Writer = LoopWriter;

    fn bind<'target, 'async_trait>(target: &'target str) -> Opening<'async_trait, Self>
    where
        'target: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { <UnixListener as Server>::bind(target).await.map(Self) })
    }

    fn into_parts<'async_trait>(self) -> Opening<'async_trait, (LoopReader, LoopWriter)>
    where
        Self: 'async_trait,
    {
        Box::pin(async move { split(self.0.accept().await?.0) })
    }

    fn socket_path(id: u32) -> String {
        UnixListener::socket_path(id)
    }

    fn release(target: &str) {
        UnixListener::release(target);
    }
}

impl Client for LoopStream {
    type Reader = LoopReader;
    type Writer = LoopWriter;

    fn connect<'target, 'async_trait>(target: &'target str) -> Opening<'async_trait, Self>
    where
        'target: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { <UnixStream as Client>::connect(target).await.map(Self) })
    }

    fn into_parts<'async_trait>(self) -> Opening<'async_trait, (LoopReader, LoopWriter)>
    where
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(split(self.0)))
    }
}
