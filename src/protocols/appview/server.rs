//! The process that answers: a thread waits for requests and answers them with what the program has published,
//! whatever the other threads of the program do.

use std::collections::HashSet;
use std::io::{self, PipeReader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::io::Interest;

use super::answer::{Answer, answer, status_only};
use super::pair::output_of;
use super::state::State;
use super::{APPVIEW_PREFIX, Dialect, Names};
use crate::engine::codec::meta_nul::{FAILED, Frames, OK, Refusal, Request, RequestJoiner};
use crate::engine::error::{Endpoint, Error};
use crate::engine::panics::{caught, point};
use crate::engine::transport::mqueue::{Access, Awaited, Bell, Lookout, Queue, would_block};

/// How long it takes during a conversation to notice `stop`, or the end of the asking process.
const SLICE: Duration = Duration::from_millis(2);

/// How long all frames of a request may take, and all frames of an answer: a slow client keeps the others waiting.
const LONGEST: Duration = Duration::from_secs(10);

/// The longest name of a queue, in bytes, with its slash.
const LONGEST_NAME: usize = 256;

/// How clients find a server, and how long it waits for what.
#[derive(Debug, Clone)]
pub struct Options {
    /// The process that it speaks for.
    pub pid: u32,
    /// What the queues' names begin with.
    pub prefix: String,
    /// How often it looks for a request where the system does not report new queues: where they are not mounted
    /// (`/dev/mqueue`), or the user has no inotify instance left. A client may give up after 2.5 ms. At most a second.
    pub poll: Duration,
    /// How long the next frame of a request may take. AppView's library waits at least 25 ms.
    pub frame_timeout: Duration,
    /// How long an answer waits for room in its queue.
    pub answer_timeout: Duration,
    /// How long the program may take for a command of its own.
    pub handler_timeout: Duration,
}

impl Options {
    /// AppView's options for the process `pid`.
    pub fn new(pid: u32) -> Self {
        Self {
            pid,
            prefix: APPVIEW_PREFIX.into(),
            poll: Duration::from_millis(1),
            frame_timeout: Duration::from_millis(100),
            answer_timeout: Duration::from_millis(500),
            handler_timeout: Duration::from_secs(2),
        }
    }
}

/// What the program has to know. It gets this on the server's thread, which it must not hold up, and returns whether
/// it accepts it: if not, the status is 500.
#[derive(Debug)]
pub enum Event {
    /// A request to change the configuration: `{"req":3,"cfg":{…}}`.
    SetConfig {
        /// The whole request.
        request: String,
    },
    /// A command of [`State::custom`].
    Request {
        /// Its number.
        command: i32,
        /// The whole request.
        request: String,
        /// Takes the answer, from any thread. Without an answer, the status is 500.
        reply: Reply,
    },
}

/// Takes the answer to a command.
#[derive(Debug)]
pub struct Reply(mpsc::SyncSender<String>);

impl Reply {
    /// Answers with a JSON text. Does nothing if nobody waits for it any more.
    pub fn send(self, json: String) {
        let _ = self.0.try_send(json);
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    /// Wakes the thread.
    bell: Option<Bell>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Locked only while the pointer is copied or replaced: the thread that answers must not wait for a thread that
    /// changes the state, which may be slow.
    state: Mutex<Arc<State>>,
    /// Locked by the thread that changes the state.
    changing: Mutex<()>,
    stopping: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Arc<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> Arc<State> {
        self.lock().clone()
    }
}

impl Server {
    /// Starts the thread.
    ///
    /// # Errors
    /// `EADDRINUSE`: this process has another server of that name. `ENAMETOOLONG`: the name is too long for a queue.
    pub fn start(
        options: Options,
        state: State,
        on_event: impl Fn(Event) -> bool + Send + 'static,
    ) -> Result<Self, Error> {
        let names = Names::new(&options.prefix, options.pid);
        let failed = |error| Error::new("listen", error, Some(Endpoint::Path(names.input.clone())));
        if names.output.len() > LONGEST_NAME {
            return Err(failed(io::Error::from_raw_os_error(libc::ENAMETOOLONG)));
        }
        let claim = Claim::new(&names.input).map_err(failed)?;
        let (bell, rung) = Lookout::bell().map_err(failed)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(Arc::new(state)),
            changing: Mutex::new(()),
            stopping: false.into(),
        });
        let dialect = Dialect::of(&options.prefix);
        let names = names.clone();
        let work =
            Work { options, names, dialect, shared: shared.clone(), on_event, _claim: claim };
        let endpoint = Endpoint::Path(work.names.input.clone());
        let thread = thread::Builder::new().name("ferripc-appview".into());
        let thread = thread
            .spawn(move || work.run(rung))
            .map_err(|error| Error::new("listen", error, Some(endpoint)))?;
        Ok(Self { shared, bell: Some(bell), thread: Some(thread) })
    }

    /// Changes what is answered from now on. Until `change` returns, answers have the earlier state. Changes are made one
    /// at a time; `change` must not call this.
    pub fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let _one = self.shared.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = State::clone(&self.shared.state());
        let result = change(&mut state);
        let former = std::mem::replace(&mut *self.shared.lock(), Arc::new(state));
        drop(former); // not under the lock
        result
    }

    /// Stops the server. A conversation that is under way ends within milliseconds.
    pub fn stop(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.bell = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The names of this process's servers: two of the same name would take frames from each other.
static CLAIMED: Mutex<Option<HashSet<String>>> = Mutex::new(None);

#[derive(Debug)]
struct Claim(String);

impl Claim {
    fn new(name: &str) -> io::Result<Self> {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        if !claimed.get_or_insert_default().insert(name.to_owned()) {
            return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
        }
        Ok(Self(name.to_owned()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.get_or_insert_default().remove(&self.0);
    }
}

/// What to do after looking for a request.
enum Next<'a> {
    /// Look again.
    Look,
    /// Wait for something that makes another look worthwhile.
    Wait(Awaited<'a>),
}

impl Next<'_> {
    /// The next step after a queue could not be opened.
    fn without(error: &Error) -> Self {
        Self::Wait(match error.code() {
            "ENOENT" | "EACCES" => Awaited::Change, // it does not exist, or belongs to somebody else
            _ => Awaited::Time,                     // too many open files, say
        })
    }
}

/// What the thread works with.
struct Work<F> {
    options: Options,
    names: Names,
    dialect: Dialect,
    shared: Arc<Shared>,
    on_event: F,
    _claim: Claim,
}

impl<F: Fn(Event) -> bool> Work<F> {
    fn run(&self, rung: PipeReader) {
        let names = [self.names.input.as_str(), self.names.output.as_str()];
        let mut lookout = Lookout::new(&names, self.options.poll, rung);
        // Stays open only as long as it has its name: a removed queue counts for the user's limit until everybody has
        // closed it.
        let mut input = None;
        while !self.is_stopping() {
            match caught(|| self.look(&mut input)) {
                Some(Next::Look) => {}
                Some(Next::Wait(awaited)) => lookout.wait(awaited),
                // A client that asks just then gets no answer.
                None => lookout.wait(Awaited::Time),
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Relaxed)
    }

    /// Answers a request, if there is one.
    fn look<'a>(&self, input: &'a mut Option<Queue>) -> Next<'a> {
        input.take_if(|it| it.is_unlinked());
        let input = match input {
            Some(input) => input,
            None => match Queue::open(&self.names.input, Access::Read, None) {
                Ok(queue) => input.insert(queue),
                Err(error) => return Next::without(&error),
            },
        };
        if !input.poll(Interest::READABLE, Duration::ZERO) {
            return Next::Wait(Awaited::Message(input));
        }
        match output_of(input, &self.names.output) {
            Ok(Some(output)) => {
                point("view");
                self.converse(input, &output);
                Next::Look
            }
            Ok(None) => Next::Look,
            Err(error) => Next::without(&error),
        }
    }

    /// Takes a request and answers it.
    fn converse(&self, input: &Queue, output: &Queue) {
        let joined = match self.read(input) {
            Ok(Some(request)) => request,
            Ok(None) => return, // somebody else has taken it
            Err(refusal) => {
                let _ = self.send(output, &refusal.frame(), Instant::now());
                return;
            }
        };
        let answer = answer(joined.text, &self.shared.state(), self.dialect);
        if let Some(text) = self.carry_out(answer, output) {
            let size = output.message_size();
            let frames = Frames::response(text.as_bytes(), joined.uniq, size);
            // Without room for META there is no way to answer.
            let end = Instant::now() + LONGEST;
            let mut frames = frames.into_iter().flatten();
            let _ = frames.try_for_each(|frame| self.send(output, &frame, end));
        }
    }

    /// The frames of a request. `None`: somebody else has taken it, or the server stops.
    fn read(&self, input: &Queue) -> Result<Option<Request>, Refusal> {
        let mut joiner = RequestJoiner::default();
        let mut frame = Vec::new();
        let mut is_first = true;
        let end = Instant::now() + LONGEST;
        loop {
            let waited = if is_first {
                true
            } else {
                self.wait(input, Interest::READABLE, self.options.frame_timeout, end)
            };
            match input.receive(&mut frame) {
                Ok(_) => {
                    if let Some(request) = joiner.add(&frame)? {
                        return Ok(Some(request));
                    }
                    is_first = false;
                    if Instant::now() >= end {
                        return Err(joiner.abandoned());
                    }
                }
                Err(_) if is_first => return Ok(None),
                Err(error) if would_block(&error) && waited => {} // was it taken by somebody else?
                Err(_) => return Err(joiner.abandoned()),
            }
        }
    }

    /// The text to answer with. `None`: nobody waits for it any more.
    fn carry_out(&self, answer: Answer, output: &Queue) -> Option<String> {
        match answer {
            Answer::Text(text) => Some(text),
            Answer::SetConfig(request) => {
                let taken = caught(|| (self.on_event)(Event::SetConfig { request }));
                Some(status_only(if taken.unwrap_or(false) { OK } else { FAILED }))
            }
            Answer::Custom(command, request) => {
                let (reply, replies) = mpsc::sync_channel(1);
                let reply = Reply(reply); // is dropped if this panics
                caught(|| (self.on_event)(Event::Request { command, request, reply }));
                let deadline = Instant::now() + self.options.handler_timeout;
                loop {
                    match replies.recv_timeout(SLICE) {
                        Ok(text) => return Some(text),
                        Err(RecvTimeoutError::Disconnected) => return Some(status_only(FAILED)),
                        Err(_) if output.is_unlinked() => return None,
                        // The client is told, and does not wait in vain.
                        Err(_) if self.is_stopping() || Instant::now() >= deadline => {
                            return Some(status_only(FAILED));
                        }
                        Err(_) => {}
                    }
                }
            }
        }
    }

    fn send(&self, output: &Queue, frame: &[u8], end: Instant) -> Result<(), Error> {
        loop {
            match output.send(frame, 0) {
                Err(error) if would_block(&error) => {
                    if !self.wait(output, Interest::WRITABLE, self.options.answer_timeout, end) {
                        return Err(error);
                    }
                }
                done => return done,
            }
        }
    }

    /// Waits until `queue` is ready, while the client is there. Returns whether it is ready.
    fn wait(&self, queue: &Queue, interest: Interest, patience: Duration, end: Instant) -> bool {
        let deadline = end.min(Instant::now() + patience);
        while !queue.poll(interest, SLICE) {
            if queue.is_unlinked() || self.is_stopping() || Instant::now() >= deadline {
                return queue.poll(interest, Duration::ZERO);
            }
        }
        true
    }
}
