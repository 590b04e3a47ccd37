//! REQ: sends requests to one peer, one at a time. It connects and reconnects in the background.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use super::dial::{Dialer, LastError};
use super::link::{Incoming, Link};
use super::{Endpoint, Error, Options, RequestError};
use crate::engine::codec::zmtp::{Fault, Kind};

type Answer = Result<Vec<Bytes>, RequestError>;

/// An answer, and the [`Req::epoch`] in which it came. `None`: the question was for an earlier epoch, and was not sent.
type Told = Result<Option<(Vec<Bytes>, u64)>, RequestError>;

/// A question, and where its answer goes.
struct Question {
    frames: Vec<Bytes>,
    answer: oneshot::Sender<Told>,
    /// It is for this epoch alone.
    epoch: Option<u64>,
}

/// The longest time that [`Req::close`] waits.
const CLOSE: Duration = Duration::from_secs(2);

/// A REQ socket. Dropping it ends its connection.
///
/// Unlike in ZeroMQ, the socket can still be used after a question without an answer: after a timeout, the next question
/// can be sent at once. If the old answer has arrived by then, it is dropped. If not, the connection is closed and the
/// socket connects again, so that the late answer cannot be taken for that of the new question.
#[derive(Debug)]
pub struct Req {
    /// Locked while a call waits for an answer.
    questions: tokio::sync::Mutex<mpsc::Sender<Question>>,
    task: Mutex<Option<JoinHandle<()>>>,
    abort: AbortHandle,
    last_error: LastError,
    epoch: Arc<AtomicU64>,
    unusable: Option<Arc<Error>>,
}

impl Req {
    /// Connects in the background, and again whenever the connection is lost. A tokio runtime has to be entered.
    pub fn connect(endpoint: &Endpoint, options: Options) -> Self {
        let last_error = LastError::default();
        let (questions, asked) = mpsc::channel(1);
        let epoch = Arc::<AtomicU64>::default();
        let dialer = Dialer::new(Kind::Req, endpoint, options, last_error.clone());
        let (dialer, unusable) = match dialer {
            Ok(dialer) => (Some(dialer), None),
            Err(error) => (None, Some(Arc::new(error))),
        };
        last_error.set(unusable.clone());
        let client = dialer.map(|dialer| Client { dialer, epoch: epoch.clone(), asked });
        let task = tokio::spawn(async move {
            if let Some(client) = client {
                client.run().await;
            }
        });
        let abort = task.abort_handle();
        let questions = tokio::sync::Mutex::new(questions);
        Self { questions, task: Mutex::new(Some(task)), abort, last_error, epoch, unusable }
    }

    /// Sends a request, and waits for the answer. `limit` includes the time for connecting, and for the requests
    /// before this one; `None`: no limit. The empty frame that REQ sends first is added, and removed from the answer.
    ///
    /// Dropping the future gives up the request, as a timeout does.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn request(&self, frames: Vec<Bytes>, limit: Option<Duration>) -> Answer {
        let told = self.request_in(None, frames, limit).await?;
        told.map(|(answer, _)| answer).ok_or(RequestError::Lost(None))
    }

    /// The same, for whoever has to know over which connection: returns the [`Req::epoch`] of the answer, too. With
    /// `epoch`, nothing is sent in another one: then it returns `None`, at once if there is no connection.
    pub(in crate::protocols) async fn request_in(
        &self,
        epoch: Option<u64>,
        frames: Vec<Bytes>,
        limit: Option<Duration>,
    ) -> Told {
        if let Some(error) = &self.unusable {
            return Err(RequestError::Unusable(error.clone()));
        }
        if frames.is_empty() {
            return Err(RequestError::Empty);
        }
        let answered = self.ask(epoch, frames);
        match limit {
            Some(limit) => timeout(limit, answered).await.unwrap_or(Err(RequestError::Timeout)),
            None => answered.await,
        }
    }

    async fn ask(&self, epoch: Option<u64>, frames: Vec<Bytes>) -> Told {
        let questions = self.questions.lock().await;
        let (sender, answer) = oneshot::channel();
        let asked = questions.send(Question { frames, answer: sender, epoch }).await;
        asked.map_err(|_| RequestError::Closed)?;
        answer.await.unwrap_or(Err(RequestError::Closed))
    }

    /// Why there is no connection, or why the last one was lost, if it is known.
    pub fn last_error(&self) -> Option<Arc<Error>> {
        self.last_error.get()
    }

    /// Changes each time the connection is made or lost. A program that introduces itself to its peer has to do so
    /// again.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Ends the connection, within two seconds. Waiting calls get [`RequestError::Closed`].
    pub async fn close(&self) {
        self.abort.abort();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = timeout(CLOSE, task).await;
        }
    }
}

impl Drop for Req {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// The state of the task.
struct Client {
    dialer: Dialer,
    epoch: Arc<AtomicU64>,
    asked: mpsc::Receiver<Question>,
}

/// The state of the conversation.
enum State {
    Idle,
    /// A question was sent.
    Asked(oneshot::Sender<Told>),
    /// A question was sent, but its answer is not wanted any more.
    GivenUp,
}

impl State {
    /// Waits until the answer is not wanted any more.
    async fn given_up(&mut self) {
        match self {
            Self::Asked(answer) => answer.closed().await,
            Self::Idle | Self::GivenUp => std::future::pending().await,
        }
    }
}

impl Client {
    /// Runs until the handle is dropped.
    async fn run(mut self) {
        // The question that waits for the next connection.
        let mut question = None;
        loop {
            let mut link = tokio::select! {
                link = self.dialer.connect() => link,
                () = put_off(&mut self.asked, &mut question) => return,
            };
            self.epoch.fetch_add(1, Ordering::Relaxed);
            let talked = self.talk(&mut link, question.take()).await;
            self.epoch.fetch_add(1, Ordering::Relaxed);
            drop(link);
            match talked {
                Ok(Some(next)) => question = Some(next), // at once: the peer is there
                Ok(None) => return,
                Err(error) => tokio::select! {
                    () = self.dialer.lost(error) => {}
                    () = put_off(&mut self.asked, &mut question) => return,
                },
            }
        }
    }

    /// Sends questions and receives answers over one connection. `Ok(Some)`: this question needs another connection.
    /// `Ok(None)`: the handle is dropped.
    async fn talk(
        &mut self,
        link: &mut Link,
        question: Option<Question>,
    ) -> Result<Option<Question>, Option<Arc<Error>>> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let mut state = State::Idle;
        if let Some(question) = question.filter(|question| !question.answer.is_closed()) {
            state = ask(link, question, epoch);
        }
        loop {
            tokio::select! {
                // Received messages first, so that an answer that is there counts.
                biased;
                incoming = link.next(true) => {
                    let error = match incoming {
                        Ok(Some(Incoming::Message(frames))) => match stripped(frames) {
                            Ok(frames) => {
                                // A message that was not requested is dropped, as in ZeroMQ.
                                if let State::Asked(answer) = std::mem::replace(&mut state, State::Idle) {
                                    let _ = answer.send(Ok(Some((frames, epoch))));
                                }
                                continue;
                            }
                            Err(fault) => Some(Arc::new(fault.into())),
                        },
                        Ok(Some(Incoming::Ready(_))) => continue, // the decoder lets one through
                        Ok(None) => None,
                        Err(error) => Some(Arc::new(error)),
                    };
                    if let State::Asked(answer) = state {
                        let _ = answer.send(Err(RequestError::Lost(error.clone())));
                    }
                    return Err(error);
                }
                () = state.given_up() => state = State::GivenUp,
                question = self.asked.recv(), if !matches!(state, State::Asked(_)) => {
                    let Some(question) = question else { return Ok(None) };
                    if question.answer.is_closed() {
                        continue; // given up before it was sent
                    }
                    if matches!(state, State::GivenUp) {
                        return Ok(Some(question));
                    }
                    state = ask(link, question, epoch);
                }
            }
        }
    }
}

/// While there is no connection: keeps the question that waits for one, and returns those that were for the last one.
/// Ends when the handle is dropped.
async fn put_off(asked: &mut mpsc::Receiver<Question>, kept: &mut Option<Question>) {
    loop {
        if let Some(question) = kept {
            if question.epoch.is_none() {
                question.answer.closed().await; // given up
            }
            let unsent = kept.take().map(|question| question.answer.send(Ok(None)));
            drop(unsent);
        }
        *kept = asked.recv().await;
        if kept.is_none() {
            return;
        }
    }
}

/// Sends a question, with the empty frame before it, over the connection of this epoch.
fn ask(link: &Link, question: Question, epoch: u64) -> State {
    let Question { mut frames, answer, epoch: wanted } = question;
    if wanted.is_some_and(|wanted| wanted != epoch) {
        let _ = answer.send(Ok(None));
        return State::Idle;
    }
    frames.insert(0, Bytes::new());
    match link.out().send(&frames) {
        Ok(()) => State::Asked(answer),
        // The end of the connection is reported next.
        Err(_) => {
            let _ = answer.send(Err(RequestError::Lost(None)));
            State::Idle
        }
    }
}

/// An answer without the empty frame before it.
fn stripped(mut frames: Vec<Bytes>) -> Result<Vec<Bytes>, Fault> {
    if frames.len() < 2 || !frames[0].is_empty() {
        return Err(Fault::Envelope);
    }
    frames.remove(0);
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::super::{Router, RouterEvent};
    use super::*;

    #[test]
    fn a_request_for_a_connection_that_was_lost_is_not_sent_and_waits_for_no_other() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let frames = || vec![Bytes::from_static(b"question")];
            let anywhere = "tcp://127.0.0.1:0".parse().unwrap();
            let (router, mut events) = Router::bind(&anywhere, Options::default()).unwrap();
            let req = Req::connect(&router.local_endpoint(), Options::default());
            let answering = async {
                loop {
                    if let Some(RouterEvent::Message { identity, frames }) = events.recv().await {
                        return router.send(&identity, frames).unwrap();
                    }
                }
            };
            let (told, ()) = tokio::join!(req.request_in(None, frames(), None), answering);
            let (answer, epoch) = told.unwrap().unwrap();
            assert_eq!((answer, epoch), (frames(), req.epoch()));
            router.close().await;
            while req.epoch() == epoch {
                tokio::task::yield_now().await;
            }
            // There is nobody any more, and no limit.
            assert!(req.request_in(Some(epoch), frames(), None).await.unwrap().is_none());
        });
    }
}
