//! The side of PixivUtil2: reports its progress, and has its jobs done. Each socket has one request under way at a
//! time; others wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, watch};

use super::message::{NONE, OK, Request, Side, number_in};
use super::option::IDENTIFIER;
use crate::protocols::zmtp::{self, Endpoint, Req, RequestError};

/// Where the controller is, and how long its answers may take. The default times are PixivUtil2's.
#[derive(Debug, Clone)]
pub struct Options {
    /// The agent's name.
    pub identifier: String,
    /// The endpoint for notifications.
    pub comm: Endpoint,
    /// The endpoint for jobs.
    pub task: Endpoint,
    /// The limit of a handshake: 3 s.
    pub handshake_timeout: Duration,
    /// The limit of a notification: 1 s.
    pub notify_timeout: Duration,
    /// The limit until a job is accepted: 5 s.
    pub job_timeout: Duration,
    /// The options of both sockets.
    pub sockets: zmtp::Options,
}

impl Options {
    /// Options with these endpoints, and the defaults.
    pub fn new(comm: Endpoint, task: Endpoint) -> Self {
        Self {
            identifier: IDENTIFIER.into(),
            comm,
            task,
            handshake_timeout: Duration::from_secs(3),
            notify_timeout: Duration::from_secs(1),
            job_timeout: Duration::from_secs(5),
            sockets: zmtp::Options {
                max_message_bytes: 16 << 20,
                reconnect_max: Duration::from_secs(1),
                ..zmtp::Options::default()
            },
        }
    }
}

/// Why something failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The controller did not answer in time. The text says what is known about the connection.
    #[error("{0} does not answer{1}")]
    Timeout(Endpoint, String),
    /// The controller has refused.
    #[error("{0} has refused {1}")]
    Refused(Endpoint, &'static str),
    /// The connection was lost.
    #[error("the connection to {0} was lost")]
    Lost(Endpoint),
    /// The agent is closed.
    #[error("the agent is closed")]
    Closed,
    /// The endpoint cannot be connected to, or the controller would take the job for no message.
    #[error("{0}")]
    Unusable(String),
}

/// An agent that was accepted. Clones are the same agent, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Agent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: Options,
    comm: Channel,
    task: Channel,
    closed: watch::Sender<bool>,
}

/// One of the two sockets.
#[derive(Debug)]
struct Channel {
    side: Side,
    /// Locked while a call waits for an answer.
    req: Mutex<Req>,
    /// [`Req::epoch`] at the last handshake; 0: a handshake is needed in any case.
    introduced: AtomicU64,
    endpoint: Endpoint,
}

impl Agent {
    /// Connects and introduces itself on both sockets. A tokio runtime has to be entered.
    ///
    /// # Errors
    /// [`Error::Timeout`]: there is no controller. [`Error::Refused`]: it answered with something other than
    /// `Ok`.
    pub async fn connect(options: Options) -> Result<Self, Error> {
        let channel = |side, endpoint: &Endpoint| Channel {
            side,
            req: Mutex::new(Req::connect(endpoint, options.sockets.clone())),
            introduced: 0.into(),
            endpoint: endpoint.clone(),
        };
        let comm = channel(Side::Comm, &options.comm);
        let task = channel(Side::Task, &options.task);
        let agent =
            Self(Arc::new(Inner { options, comm, task, closed: watch::Sender::new(false) }));
        for channel in [&agent.0.comm, &agent.0.task] {
            let req = channel.req.lock().await;
            agent.0.introduce(channel, &req).await?;
        }
        Ok(agent)
    }

    /// The agent's name.
    pub fn identifier(&self) -> &str {
        &self.0.options.identifier
    }

    /// Reports how many images will come. Like the following reports, it returns whether the controller accepted it:
    /// a refusal is not an error, since the work goes on without it. Nor is a controller that does not answer.
    ///
    /// # Errors
    /// [`Error::Closed`] or [`Error::Unusable`].
    pub async fn total(&self, count: u64) -> Result<bool, Error> {
        self.0.notify(Request::Total(count)).await
    }

    /// Reports that an image is done: see [`RESULTS`](super::message::RESULTS).
    ///
    /// # Errors
    /// Those of [`Agent::total`].
    pub async fn downloaded(&self, image: u64, result: i64) -> Result<bool, Error> {
        self.0.notify(Request::Download { image, result }).await
    }

    /// Reports the text for the terminal's title.
    ///
    /// # Errors
    /// Those of [`Agent::total`].
    pub async fn title(&self, title: impl Into<String>) -> Result<bool, Error> {
        self.0.notify(Request::Title(title.into())).await
    }

    /// Reports an error.
    ///
    /// # Errors
    /// Those of [`Agent::total`].
    pub async fn error(
        &self,
        details: impl Into<String>,
        stack: impl Into<String>,
    ) -> Result<bool, Error> {
        let (details, stack) = (details.into(), stack.into());
        self.0.notify(Request::Error { details, stack }).await
    }

    /// Begins a job.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Refused`], [`Error::Lost`]: it is not known whether it was begun.
    /// [`Error::Unusable`]: it has no arguments.
    pub async fn ffmpeg(&self, arguments: Vec<String>) -> Result<Task, Error> {
        if arguments.is_empty() {
            return Err(Error::Unusable("a job needs an argument".into()));
        }
        let limit = Some(self.0.options.job_timeout);
        let value = self.0.ask(&self.0.task, Request::Ffmpeg(arguments), limit).await?;
        match number_in(&value) {
            Some(number) if number != NONE => Ok(self.task(number)),
            _ => Err(Error::Refused(self.0.task.endpoint.clone(), "the job")),
        }
    }

    /// A job that was begun earlier, possibly by another process.
    pub fn task(&self, number: i32) -> Task {
        Task { agent: self.clone(), number }
    }

    /// Lets aria2 download what is added to a file. Returns aria2's exit code, where 0 is success. There is no time
    /// limit.
    ///
    /// # Errors
    /// [`Error::Timeout`] of a handshake, [`Error::Refused`], [`Error::Lost`] or [`Error::Closed`].
    pub async fn aria2(
        &self,
        file: impl Into<String>,
        text: impl Into<String>,
    ) -> Result<i32, Error> {
        let request = Request::Aria2 { file: file.into(), text: text.into() };
        let value = self.0.ask(&self.0.task, request, None).await?;
        number_in(&value).ok_or_else(|| Error::Refused(self.0.task.endpoint.clone(), "aria2"))
    }

    /// Ends both connections. Waiting calls get [`Error::Closed`].
    pub async fn close(&self) {
        self.0.closed.send_replace(true);
        let (comm, task) = tokio::join!(self.0.comm.req.lock(), self.0.task.req.lock());
        tokio::join!(comm.close(), task.close());
    }
}

/// A job that the controller has accepted.
#[derive(Debug, Clone)]
pub struct Task {
    agent: Agent,
    number: i32,
}

impl Task {
    /// The controller's number for it.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// The exit code, once the job has ended, however long that takes. -1: the controller does not know the job, or
    /// was stopped. Until then, no other job can be begun. If the connection is lost, it asks again.
    ///
    /// # Errors
    /// [`Error::Timeout`]: nobody answers a handshake. [`Error::Refused`], [`Error::Closed`] or [`Error::Unusable`].
    pub async fn exit_code(&self) -> Result<i32, Error> {
        let inner = &self.agent.0;
        loop {
            let request = Request::FfmpegResult(Some(self.number));
            match inner.ask(&inner.task, request, None).await {
                Err(Error::Lost(_)) => {} // asking again begins with a handshake, which has a limit
                Err(error) => return Err(error),
                Ok(value) => {
                    return number_in(&value)
                        .ok_or_else(|| Error::Refused(inner.task.endpoint.clone(), "the job"));
                }
            }
        }
    }
}

impl Inner {
    async fn notify(&self, request: Request) -> Result<bool, Error> {
        let limit = Some(self.options.notify_timeout);
        match self.ask(&self.comm, request, limit).await {
            Ok(value) => Ok(value == OK),
            Err(error @ (Error::Closed | Error::Unusable(_))) => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// The value of the answer. The time limit begins when no other call waits for an answer.
    async fn ask(
        &self,
        channel: &Channel,
        request: Request,
        limit: Option<Duration>,
    ) -> Result<Bytes, Error> {
        let asked = async {
            let req = channel.req.lock().await;
            let frames = request.frames();
            let answered = async {
                loop {
                    let introduced = channel.introduced.load(Ordering::Relaxed);
                    let sent = if introduced == req.epoch() {
                        channel.request(&req, Some(introduced), frames.clone(), None).await?
                    } else {
                        None
                    };
                    match sent {
                        Some((value, _)) => return Ok(value),
                        // It was not sent: the connection is another one than that of the handshake.
                        None => self.introduce(channel, &req).await?,
                    }
                }
            };
            match limit {
                None => answered.await,
                Some(limit) => match tokio::time::timeout(limit, answered).await {
                    Ok(value) => value,
                    Err(_) => {
                        channel.introduced.store(0, Ordering::Relaxed);
                        Err(channel.late(&req))
                    }
                },
            }
        };
        self.unless_closed(asked).await
    }

    async fn introduce(&self, channel: &Channel, req: &Req) -> Result<(), Error> {
        let identifier = self.options.identifier.clone();
        let request = Request::Handshake { identifier, side: channel.side };
        let limit = Some(self.options.handshake_timeout);
        let asked = channel.request(req, None, request.frames(), limit);
        match self.unless_closed(asked).await? {
            Some((value, epoch)) if value == OK => {
                channel.introduced.store(epoch, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(Error::Refused(channel.endpoint.clone(), "the handshake")),
        }
    }

    async fn unless_closed<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(Error::Closed),
            done = asked => done,
        }
    }
}

impl Channel {
    /// The value of the answer, and its [`Req::epoch`]. `None`: nothing was sent, since it is not that `epoch`.
    async fn request(
        &self,
        req: &Req,
        epoch: Option<u64>,
        frames: Vec<Bytes>,
        limit: Option<Duration>,
    ) -> Result<Option<(Bytes, u64)>, Error> {
        let error = match req.request_in(epoch, frames, limit).await {
            Ok(None) => return Ok(None),
            // The group may be in upper case, as it was sent, or anything else: PixivUtil2 does not check it
            // either.
            Ok(Some((frames, epoch))) if frames.len() == 2 => {
                return Ok(Some((frames[1].clone(), epoch)));
            }
            Ok(Some(_)) => return Err(Error::Refused(self.endpoint.clone(), "the message")),
            Err(error) => error,
        };
        self.introduced.store(0, Ordering::Relaxed);
        Err(match error {
            RequestError::Timeout => self.late(req),
            RequestError::Closed => Error::Closed,
            RequestError::Unusable(error) => Error::Unusable(error.to_string()),
            RequestError::Lost(_) | RequestError::Empty => Error::Lost(self.endpoint.clone()),
        })
    }

    fn late(&self, req: &Req) -> Error {
        let known = req.last_error().map(|error| format!(": {error}")).unwrap_or_default();
        Error::Timeout(self.endpoint.clone(), known)
    }
}
