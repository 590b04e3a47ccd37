//! One connection of a ROUTER or REP, from the greeting to its end. Started by `router`.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::Error;
use super::delivery::{Deliveries, Delivery, Gone};
use super::link::{Incoming, Link};
use super::outgoing::Outgoing;
use super::router::{RouterEvent, Shared};
use crate::engine::codec::zmtp::Fault;
use crate::engine::transport::Stream;

/// The most bytes that a peer may send while another one has its identity.
const EARLY: usize = 64 * 1024;

/// Runs until the peer is gone, or the router is closed.
pub(super) async fn run(
    stream: Stream,
    shared: Arc<Shared>,
    deliveries: Deliveries<RouterEvent>,
    mut closing: watch::Receiver<bool>,
) {
    let mut link = Link::new(stream, shared.kind, &shared.options).counted(shared.shares.share());
    let entered = tokio::select! {
        _ = closing.wait_for(|closing| *closing) => return,
        entered = enter(&mut link, &shared) => entered,
    };
    let (identity, early) = match entered {
        Ok(Some(entered)) => entered,
        Ok(None) => return link.close().await,
        Err(error) => {
            shared.refused(&error);
            return link.refuse(&error).await;
        }
    };
    let entry = Entry { shared: &shared, identity: &identity, out: link.out().clone() };
    let mut delivery = Delivery::new(deliveries);
    let mut ended = delivery.push(RouterEvent::Connected { identity: identity.clone() });
    for frames in early {
        ended = ended.and_then(|()| {
            delivery.push(RouterEvent::Message { identity: identity.clone(), frames })
        });
    }
    let mut error = None;
    if ended.is_ok() {
        tokio::select! {
            _ = closing.wait_for(|closing| *closing) => {}
            end = talk(&mut link, &mut delivery, &identity) => match end {
                Ok(why) => error = why,
                Err(gone) => ended = Err(gone),
            },
        }
    }
    // From now on, nothing can be sent to it. Its name is free once the program knows of its end.
    link.out().close();
    if error.is_none() {
        delivery.during(link.close()).await;
    } else {
        drop(link);
    }
    if ended.is_ok() {
        let _ = delivery.push(RouterEvent::Disconnected { identity: identity.clone(), error });
        tokio::select! {
            _ = closing.wait_for(|closing| *closing) => {}
            _ = delivery.deliver_all() => {}
        }
        delivery.give_up_waiting();
    }
    drop(entry);
}

/// A peer that can be sent to. Removes it, however the task ends (even with its runtime): nothing more would leave.
struct Entry<'a> {
    shared: &'a Shared,
    identity: &'a Bytes,
    out: Arc<Outgoing>,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.out.close();
        self.shared.peers.remove(self.identity);
    }
}

/// The handshake, and the wait while another peer has the identity. Messages of the peer are kept meanwhile, since a
/// REQ sends each only once. `Ok(None)`: the peer is gone.
#[allow(clippy::type_complexity)]
async fn enter(
    link: &mut Link,
    shared: &Shared,
) -> Result<Option<(Bytes, Vec<Vec<Bytes>>)>, Error> {
    let name = handshake(link).await?;
    let mut early = Vec::new();
    let mut size = 0;
    let mut is_told = false;
    loop {
        let mut freed = pin!(shared.peers.freed());
        freed.as_mut().enable();
        match shared.peers.add(name.clone(), link.out().clone()) {
            Ok(identity) => return Ok(Some((identity, early))),
            Err(error) if !is_told => shared.refused(&error),
            Err(_) => {}
        }
        is_told = true;
        loop {
            tokio::select! {
                () = &mut freed => break,
                incoming = link.next(size < EARLY) => match incoming? {
                    Some(Incoming::Message(frames)) => {
                        size += frames.iter().map(|frame| frame.len() + size_of::<Bytes>()).sum::<usize>();
                        early.push(frames);
                    }
                    Some(Incoming::Ready(_)) => {} // the decoder lets one through
                    None => return Ok(None),
                },
            }
        }
    }
}

async fn handshake(link: &mut Link) -> Result<Bytes, Error> {
    match link.next(true).await? {
        Some(Incoming::Ready(ready)) => Ok(ready.identity),
        _ => Err(Fault::NotReady("something else").into()), // the decoder does not accept anything else
    }
}

/// Receives messages until the connection ends. Returns the error, if the peer did not just close
/// it.
async fn talk(
    link: &mut Link,
    delivery: &mut Delivery<RouterEvent>,
    identity: &Bytes,
) -> Result<Option<Error>, Gone> {
    let gone = delivery.gone();
    tokio::pin!(gone);
    loop {
        let read = delivery.has_room();
        tokio::select! {
            () = &mut gone => return Err(Gone),
            delivered = delivery.deliver(), if !delivery.is_empty() => delivered?,
            incoming = link.next(read) => match incoming {
                Ok(Some(Incoming::Message(frames))) => {
                    delivery.push(RouterEvent::Message { identity: identity.clone(), frames })?;
                }
                Ok(Some(Incoming::Ready(_))) => {} // the decoder lets one through
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error)),
            },
        }
    }
}
