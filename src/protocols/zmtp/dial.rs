//! Connects a REQ or DEALER, and reconnects it. Used by `req` and `dealer`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::link::{Incoming, Link};
use super::{Endpoint, Error, Options, endpoint};
use crate::engine::codec::zmtp::{Fault, Kind};
use crate::engine::transport::Stream;

/// The shortest pause, whatever the options say.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Why there is no connection, for callers to read. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct LastError(Arc<Mutex<Option<Arc<Error>>>>);

impl LastError {
    pub fn get(&self) -> Option<Arc<Error>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, error: Option<Arc<Error>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

/// Who connects.
#[derive(Debug)]
pub(super) struct Dialer {
    kind: Kind,
    endpoint: Endpoint,
    options: Options,
    last_error: LastError,
    /// The pause before the next attempt.
    pause: Duration,
}

impl Dialer {
    /// Fails if a connection can never be made.
    pub fn new(
        kind: Kind,
        endpoint: &Endpoint,
        options: Options,
        last_error: LastError,
    ) -> Result<Self, Error> {
        options.check().map_err(Error::Options)?;
        endpoint.check_target()?;
        let pause = options.reconnect.max(SHORTEST_PAUSE);
        Ok(Self { kind, endpoint: endpoint.clone(), options, last_error, pause })
    }

    fn shortest_pause(&self) -> Duration {
        self.options.reconnect.max(SHORTEST_PAUSE)
    }

    /// Returns a connection that is ready to use, once there is one.
    pub async fn connect(&mut self) -> Link {
        loop {
            match self.attempt().await {
                Ok(link) => {
                    self.pause = self.shortest_pause();
                    self.last_error.set(None);
                    return link;
                }
                Err(error) => self.lost(Some(Arc::new(error))).await,
            }
        }
    }

    /// The connection was lost or could not be made. Waits until it is time for another attempt.
    pub async fn lost(&mut self, error: Option<Arc<Error>>) {
        self.last_error.set(error);
        sleep(self.pause).await;
        let longer = self.pause.saturating_mul(2).min(self.options.reconnect_max);
        self.pause = longer.max(self.shortest_pause());
    }

    async fn attempt(&self) -> Result<Link, Error> {
        let connecting = async {
            let target = self.endpoint.target().await?;
            let stream = Stream::connect(&target).await.map_err(endpoint::first)?;
            let mut link = Link::new(stream, self.kind, &self.options);
            match link.next(true).await {
                Ok(Some(Incoming::Ready(_))) => Ok(link),
                Ok(_) => Err(Fault::Truncated("the handshake").into()),
                Err(error) => {
                    link.refuse(&error).await;
                    Err(error)
                }
            }
        };
        let limit = self.options.handshake_timeout;
        timeout(limit, connecting).await.unwrap_or(Err(Error::HandshakeTimeout))
    }
}
