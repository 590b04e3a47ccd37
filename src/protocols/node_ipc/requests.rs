//! Requests of this side that are not answered yet, and the handlers that answer the peer's requests.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::forms::{Answer, Failure, REPLY};
use super::link::Link;
use super::message::encode;
use super::{Error, HandlerError};

type Outcome = Result<Option<Box<RawValue>>, Error>;

/// The open requests of a client, or of one connection of a server.
#[derive(Debug, Default)]
pub(super) struct Questions(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    last: u64,
    questions: HashMap<u64, Question>,
    /// No more requests are accepted.
    over: bool,
}

#[derive(Debug)]
struct Question {
    outcome: oneshot::Sender<Outcome>,
    /// It is on its way to the peer, and not in a queue of this side.
    left: bool,
}

impl Questions {
    /// Registers a request. Returns its number, and a receiver for its outcome.
    pub fn begin(&self) -> Result<(u64, oneshot::Receiver<Outcome>), Error> {
        let mut open = self.lock();
        if open.over {
            return Err(Error::Closed);
        }
        open.last += 1;
        let (outcome, receiver) = oneshot::channel();
        let id = open.last;
        open.questions.insert(id, Question { outcome, left: false });
        Ok((id, receiver))
    }

    /// It is about to be sent. False: nobody waits for it any more.
    pub fn leave(&self, id: u64) -> bool {
        let mut open = self.lock();
        open.questions.get_mut(&id).map(|question| question.left = true).is_some()
    }

    /// An answer has arrived.
    pub fn answer(&self, id: u64, outcome: Outcome) {
        let mut open = self.lock();
        if let Some(question) = open.questions.remove(&id)
            && question.left
        {
            let _ = question.outcome.send(outcome);
        }
    }

    /// Nobody waits for it any more. Returns whether it was sent; `None`: it is answered.
    pub fn forget(&self, id: u64) -> Option<bool> {
        self.lock().questions.remove(&id).map(|question| question.left)
    }

    /// The connection has ended: every request that was sent fails.
    pub fn end(&self, error: &Error) {
        self.lock().questions.retain(|_, question| !question.left || question.fail(error));
    }

    /// There will be no more connections.
    pub fn close(&self, error: &Error) {
        let mut open = self.lock();
        open.over = true;
        open.questions.retain(|_, question| question.fail(error));
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    /// False: nobody waits for it any more.
    fn fail(&mut self, error: &Error) -> bool {
        let (nobody, _) = oneshot::channel();
        let _ = std::mem::replace(&mut self.outcome, nobody).send(Err(error.clone()));
        false
    }
}

/// Sends a request by `post` and waits for its outcome. Drops `give_up` afterwards, however the wait ends.
pub(super) async fn outcome<R: DeserializeOwned>(
    post: impl Future<Output = Result<(), Error>>,
    receiver: oneshot::Receiver<Outcome>,
    patience: Duration,
    give_up: impl Sized,
) -> Result<R, Error> {
    Handle::try_current().map_err(|_| Error::NoRuntime)?; // the time is measured there
    let asking = async {
        post.await?;
        receiver.await.unwrap_or(Err(Error::Closed))
    };
    let outcome = timeout(patience, asking).await;
    drop(give_up);
    let data = outcome.map_err(|_| Error::Timeout)??;
    serde_json::from_str(data.as_deref().map_or("null", RawValue::get)).map_err(Error::decode)
}

/// A request of the peer.
pub(super) struct Request {
    pub id: Box<RawValue>,
    pub data: Option<Box<RawValue>>,
    pub link: Arc<Link>,
}

/// Resolves to the bytes of the reply.
pub(super) type Replying = Pin<Box<dyn Future<Output = Vec<u8>> + Send>>;

type Handler = dyn Fn(Request) -> Replying + Send + Sync;

/// The handlers, by the type of request. Shared by all connections of a server.
#[derive(Default)]
pub(super) struct Handlers(RwLock<HashMap<String, Arc<Handler>>>);

impl Handlers {
    pub fn get(&self, kind: &str) -> Option<Arc<Handler>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }

    /// Sets a handler, in place of an earlier one.
    pub fn set<T, R, F>(
        &self,
        kind: String,
        act: impl Fn(T, Arc<Link>) -> F + Send + Sync + 'static,
    ) where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        let act = Arc::new(act);
        let handler = move |Request { id, data, link }: Request| -> Replying {
            let act = act.clone();
            Box::pin(async move {
                let wire = link.clone();
                let text = data.as_deref().map_or("null", RawValue::get);
                let answer = match serde_json::from_str(text) {
                    Ok(data) => act(data, link).await,
                    Err(error) => {
                        Err(HandlerError::from(error).with_code("ERR_FERRIPC_INVALID_DATA"))
                    }
                };
                let encoded = answer.and_then(|data| {
                    let reply = Answer { id: &id, data: &data };
                    encode(REPLY, &reply, wire.delimiter()).map_err(HandlerError::from)
                });
                encoded.unwrap_or_else(|error| failure(&id, &error, &wire))
            })
        };
        let mut handlers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = handlers.insert(kind, Arc::new(handler));
        drop(handlers);
        drop(before); // what it holds may hold handlers
    }

    pub fn remove(&self, kind: &str) {
        let before = self.0.write().unwrap_or_else(PoisonError::into_inner).remove(kind);
        drop(before);
    }

    /// Drops all handlers.
    pub fn clear(&self) {
        let all = std::mem::take(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner));
        drop(all);
    }
}

/// The bytes of a reply that says what failed, or that a custom delimiter is within that. Empty if that contains it,
/// too.
pub(super) fn failure(id: &RawValue, error: &HandlerError, link: &Link) -> Vec<u8> {
    let reply = |error: &HandlerError| encode(REPLY, &Failure::new(id, error), link.delimiter());
    reply(error).or_else(|error| reply(&error.into())).unwrap_or_default()
}
