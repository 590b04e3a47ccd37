//! REP: answers requests. It is a ROUTER that keeps the frames before a question, and puts them before the
//! answer.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::router::Shared;
use super::{Endpoint, Error, Options, Refusals, Router, RouterEvent, RouterEvents, SendError};
use crate::engine::codec::zmtp::{Fault, Kind};

/// A REP socket that is bound. Dropping it closes it in the background.
///
/// Unlike in ZeroMQ, questions can be received while others are not answered yet, and answered in any
/// order.
#[derive(Debug)]
pub struct Rep(Router);

/// The questions to a [`Rep`]. While they are not taken, nothing is read from peers. Dropping this ends all
/// connections.
#[derive(Debug)]
pub struct Questions {
    events: RouterEvents,
    shared: Arc<Shared>,
}

/// A question from a peer. If it is dropped, it is never answered, and a REQ socket keeps waiting.
#[derive(Debug)]
#[must_use = "who has asked waits for the answer"]
pub struct Question {
    identity: Bytes,
    /// The frames that are sent back before the answer, up to the empty frame.
    envelope: Vec<Bytes>,
    frames: Vec<Bytes>,
    shared: Arc<Shared>,
}

impl Rep {
    /// Binds, as [`Router::bind`] does.
    ///
    /// # Errors
    /// Those of [`Router::bind`].
    pub fn bind(endpoint: &Endpoint, options: Options) -> io::Result<(Self, Questions)> {
        let (router, events) = Router::bind_as(Kind::Rep, endpoint, options.only_answers())?;
        let shared = router.shared().clone();
        Ok((Self(router), Questions { events, shared }))
    }

    /// The endpoint that it is bound to, with the port that the system chose.
    pub fn local_endpoint(&self) -> Endpoint {
        self.0.local_endpoint()
    }

    /// As [`Router::refusals`]. It also counts questions without an empty frame before them, which cannot be
    /// answered.
    pub fn refusals(&self) -> Refusals {
        self.0.refusals()
    }

    /// As [`Router::close`]: what was answered before is sent.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl Questions {
    /// The next question. `None`: the socket is closed, and all its connections have ended. Nothing is lost if the
    /// future is dropped.
    pub async fn recv(&mut self) -> Option<Question> {
        loop {
            let RouterEvent::Message { identity, mut frames } = self.events.recv().await? else {
                continue;
            };
            let empty = frames.iter().position(Bytes::is_empty);
            match empty.map(|at| at + 1).filter(|&start| start < frames.len()) {
                Some(start) => {
                    let asked = frames.split_off(start);
                    let shared = self.shared.clone();
                    return Some(Question { identity, envelope: frames, frames: asked, shared });
                }
                None => self.shared.refused(&Error::Protocol(Fault::Envelope)),
            }
        }
    }
}

impl Question {
    /// Its frames, at least one, without the frames before the question.
    pub fn frames(&self) -> &[Bytes] {
        &self.frames
    }

    /// The identity of the sender: its own, or five bytes of which the first is 0.
    pub fn identity(&self) -> &Bytes {
        &self.identity
    }

    /// Answers: sends as much as the system takes now, on this thread, and the rest later.
    ///
    /// # Errors
    /// No part of it is sent: the peer is gone, or does not read.
    pub fn answer(mut self, frames: Vec<Bytes>) -> Result<(), SendError> {
        if frames.is_empty() {
            return Err(SendError::Empty);
        }
        self.envelope.extend(frames);
        self.shared.peers.send(&self.identity, &self.envelope)
    }
}
