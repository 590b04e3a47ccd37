//! The client: makes the queues, sends a request, joins the frames of the response, and removes the
//! queues, whatever happens.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::namespace::Place;
use super::{APPVIEW_PREFIX, MAX_MESSAGES, MESSAGE_SIZE, Names};
use crate::engine::codec::meta_nul::{Fault, Frames, Response, ResponseJoiner};
use crate::engine::error::{Endpoint, Error};
use crate::engine::transport::mqueue::{Access, Creation, Queue, Waiter, unlink};

/// Request numbers are below this one, as in AppView's command line.
const NUMBERS: u32 = 9999;

/// How long to wait before checking existing queues again.
const PAUSE: Duration = Duration::from_millis(1);

/// How requests are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The prefix of the queues' names.
    pub prefix: String,
    /// The limit of each step: until the queues are free, until a frame is taken, until the next frame arrives.
    pub timeout: Duration,
    /// The size of a frame, in bytes.
    pub message_size: usize,
    /// The longest response, in bytes.
    pub max_response: usize,
    /// Remove queues that have existed for as long as [`Options::timeout`]: whoever made them is
    /// gone.
    pub replace_stale: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: APPVIEW_PREFIX.into(),
            timeout: Duration::from_millis(200),
            message_size: MESSAGE_SIZE,
            max_response: 64 << 20,
            replace_stale: false,
        }
    }
}

/// Sends requests to one process. Requests of this process to the same process wait for each other.
#[derive(Debug, Clone)]
pub struct Client {
    pid: u32,
    options: Arc<Options>,
    made: Made,
}

impl Client {
    /// A client for the process `pid`.
    pub fn new(pid: u32, options: Options) -> Self {
        Self::with(pid, options, Made::default())
    }

    /// The same, with the ledger of its queues.
    pub fn with(pid: u32, options: Options, made: Made) -> Self {
        Self { pid, options: Arc::new(options), made }
    }

    /// Sends a request, on the current tokio runtime. `text` is JSON: `{"req":1}`.
    ///
    /// # Errors
    /// `EEXIST`: another program is talking to the process, or has left its queues behind. `EMFILE`: the
    /// system allows no more queues. `ETIMEDOUT`: the process does not take the request, or does not answer.
    /// `EBADMSG`: what arrives is not a response. `EMSGSIZE`: the response is too long, or frames are too
    /// short. `EACCES`, `EPERM`: the process belongs to another user. `ECANCELED`: [`Made::unlink_all`] was
    /// called.
    pub async fn request(&self, text: &[u8]) -> Result<Response, Error> {
        let place = Place::of(self.pid);
        let names = Names::new(&self.options.prefix, place.pid);
        let made = self.make(&names, &place).await?;
        let input = Waiter::new(made.input.clone())?;
        let output = Waiter::new(made.output.clone())?;
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let uniq = (NUMBER.fetch_add(1, Ordering::Relaxed) % NUMBERS) as i32;
        self.send(&input, text, uniq).await?;
        self.receive(&input, &output, uniq).await
    }

    /// The queues, once no other client uses them.
    async fn make(&self, names: &Names, place: &Place) -> Result<Pair, Error> {
        let deadline = Instant::now() + self.options.timeout;
        let mut replace = self.options.replace_stale;
        let mut first = None;
        loop {
            match self.made.make(names, place, self.options.message_size) {
                Err(error) if error.code() == "EEXIST" => {
                    if replace && first.is_none() {
                        first = InTheWay::find(names, place);
                    }
                    if Instant::now() < deadline {
                        sleep(PAUSE).await;
                    } else if std::mem::take(&mut replace)
                        && first.take().is_some_and(|it| it.is_there())
                        && !self.made.has(names)
                    {
                        let _ = place.run(|| (unlink(&names.input), unlink(&names.output)));
                    } else {
                        return Err(error.because(BUSY.into()));
                    }
                }
                made => return made,
            }
        }
    }

    async fn send(&self, input: &Waiter, text: &[u8], uniq: i32) -> Result<(), Error> {
        let queue = input.queue();
        let frames = Frames::request(text, uniq, queue.message_size());
        let too_short = || queue.failed("mq_send", io::Error::from_raw_os_error(libc::EMSGSIZE));
        for frame in frames.ok_or_else(too_short)? {
            let sent = timeout(self.options.timeout, input.send(&frame, 0)).await;
            sent.unwrap_or_else(|_| Err(late(queue, "mq_send", NOT_TAKEN)))?;
        }
        Ok(())
    }

    async fn receive(&self, input: &Waiter, output: &Waiter, uniq: i32) -> Result<Response, Error> {
        let mut joiner = ResponseJoiner::new(uniq, self.options.max_response);
        let mut frame = Vec::new();
        loop {
            let received = timeout(self.options.timeout, output.receive(&mut frame)).await;
            received.unwrap_or_else(|_| {
                Err(late(output.queue(), "mq_receive", why_late(input.queue(), output.queue())))
            })?;
            match joiner.add(&frame) {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => {}
                Err(fault) => return Err(bad(output.queue(), fault)),
            }
        }
    }
}

const BUSY: &str = "another program is talking to the process, or has left its queues behind";
const NOT_TAKEN: &str = "the process does not take the request";
const REMOVED: &str = "another program has removed the queues of this conversation";
const NOT_ANSWERED: &str = "the process has taken the request and does not answer";

/// Why there is no answer yet.
fn why_late(input: &Queue, output: &Queue) -> &'static str {
    if input.is_unlinked() || output.is_unlinked() {
        return REMOVED;
    }
    let left = input.attributes().is_ok_and(|it| it.messages > 0);
    if left { NOT_TAKEN } else { NOT_ANSWERED }
}

fn late(queue: &Queue, syscall: &'static str, why: &str) -> Error {
    queue.failed(syscall, io::Error::from_raw_os_error(libc::ETIMEDOUT)).because(why.into())
}

fn bad(queue: &Queue, fault: Fault) -> Error {
    let code = if fault == Fault::TooLarge { libc::EMSGSIZE } else { libc::EBADMSG };
    let error = queue.failed("mq_receive", io::Error::from_raw_os_error(code));
    error.because(fault.to_string())
}

/// The queues that are in the way at first. Later ones of the same names are those of others, who talk to the process.
struct InTheWay(Vec<Queue>);

impl InTheWay {
    /// `None`: they have gone meanwhile.
    fn find(names: &Names, place: &Place) -> Option<Self> {
        let open = |name| Queue::open(name, Access::Write, None);
        let found = place.run(|| [open(&names.input), open(&names.output)]).ok()?;
        let is_gone = |it: &Result<_, Error>| it.as_ref().is_err_and(|it| it.code() == "ENOENT");
        // Of those that we may not open nothing is known.
        (!found.iter().all(is_gone)).then(|| Self(found.into_iter().flatten().collect()))
    }

    fn is_there(&self) -> bool {
        !self.0.iter().any(Queue::is_unlinked)
    }
}

/// The queues of requests under way, so that none is left behind when the process ends early. Clones are the
/// same ledger.
#[derive(Debug, Clone, Default)]
pub struct Made(Arc<Mutex<Ledger>>);

#[derive(Debug, Default)]
struct Ledger {
    is_closed: bool,
    next: u64,
    names: Vec<(u64, Name)>,
}

/// A queue's name, and the namespace that it belongs to. Dropping this removes the name, unless it belongs to
/// another queue by then.
#[derive(Debug)]
struct Name {
    name: String,
    place: Place,
    queue: Arc<Queue>,
}

impl Drop for Name {
    fn drop(&mut self) {
        if !self.queue.is_unlinked() {
            let _ = self.place.run(|| unlink(&self.name));
        }
    }
}

/// The queues of a request. Dropping this removes their names.
struct Pair {
    input: Arc<Queue>,
    output: Arc<Queue>,
    id: u64,
    made: Made,
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.made.lock().names.retain(|(id, _)| *id != self.id);
    }
}

impl Made {
    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether requests of this process use queues of these names, however long they take.
    fn has(&self, names: &Names) -> bool {
        self.lock().names.iter().any(|(_, it)| it.name == names.input || it.name == names.output)
    }

    /// Removes all names, and makes no more: the process is ending.
    pub fn unlink_all(&self) {
        let mut ledger = self.lock();
        ledger.is_closed = true;
        ledger.names.clear();
    }

    /// Locked from before a name exists until it is recorded.
    fn make(&self, names: &Names, place: &Place, message_size: usize) -> Result<Pair, Error> {
        let mut ledger = self.lock();
        let failed =
            |error| Error::new("mq_open", error, Some(Endpoint::Path(names.input.clone())));
        if ledger.is_closed {
            return Err(failed(io::Error::from_raw_os_error(libc::ECANCELED)));
        }
        ledger.next += 1;
        let id = ledger.next;
        let mut make = |name: &str, access| {
            let creation =
                Creation { exclusive: true, max_messages: MAX_MESSAGES, message_size, mode: 0o666 };
            let queue = place
                .run(|| Queue::open(name, access, Some(&creation)))
                .map_err(|error| failed(error).because("its namespace is closed to us".into()))??;
            let queue = Arc::new(queue);
            let (name, place) = (name.to_owned(), place.clone());
            ledger.names.push((id, Name { name, place, queue: queue.clone() }));
            queue.set_mode(0o666)?; // the process may run as another user
            Ok(queue)
        };
        let input = make(&names.input, Access::Write);
        let output = input.and_then(|input| Ok((input, make(&names.output, Access::Read)?)));
        match output {
            Ok((input, output)) => Ok(Pair { input, output, id, made: self.clone() }),
            Err(error) => {
                ledger.names.retain(|(its, _)| *its != id);
                Err(error)
            }
        }
    }
}
