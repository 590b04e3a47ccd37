//! Message queues: an object for each, which never waits, and one that reports when another attempt is worth
//! it. Used by `src/js/engine/queues.js`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::deliver;
use super::env_end::EnvEnd;
use super::wake::WakeUp;
use crate::engine::error::Error as EngineError;
use crate::engine::panics::point;
use crate::engine::queues::Watcher;
use crate::engine::transport::mqueue::{self, Access, Attributes, Creation, Queue};

/// How to open a queue. Types are validated in `src/js`.
#[napi(object)]
pub struct QueueOptions {
    /// Open for receiving.
    pub read: bool,
    /// Open for sending.
    pub write: bool,
    /// Create the queue if it does not exist.
    pub create: bool,
    /// See [`Creation`].
    pub exclusive: bool,
    /// See [`Creation`].
    pub maxmsg: f64,
    /// See [`Creation`].
    pub msgsize: f64,
    /// See [`Creation`].
    pub mode: u32,
}

impl QueueOptions {
    /// The kind of access.
    fn access(&self) -> Access {
        match (self.read, self.write) {
            (true, false) => Access::Read,
            (false, true) => Access::Write,
            _ => Access::Both,
        }
    }

    /// How to create it, if it may be created.
    fn creation(&self) -> Option<Creation> {
        self.create.then_some(Creation {
            exclusive: self.exclusive,
            max_messages: self.maxmsg as usize,
            message_size: self.msgsize as usize,
            mode: self.mode,
        })
    }
}

/// Opens a queue. Returns it, or JSON of the error.
#[cfg_attr(test, allow(dead_code))] // tests register nothing with Node
#[napi(catch_unwind)]
pub fn open_queue(name: String, options: QueueOptions) -> Either<MessageQueue, String> {
    point("queue-open");
    match Queue::open(&name, options.access(), options.creation().as_ref()) {
        Ok(queue) => Either::A(MessageQueue::new(queue)),
        Err(error) => Either::B(json(&error)),
    }
}

/// Removes the name of a queue. Returns JSON of the error, if there is one.
#[cfg_attr(test, allow(dead_code))] // see above
#[napi(catch_unwind)]
pub fn unlink_queue(name: String) -> Option<String> {
    mqueue::unlink(&name).err().map(|error| json(&error))
}

/// An open queue. Garbage collection closes it, too.
#[napi]
pub struct MessageQueue {
    queue: Option<Arc<Queue>>,
    message: Vec<u8>,
    priority: u32,
}

#[napi]
impl MessageQueue {
    /// Sends. Returns JSON of the error, if there is one.
    #[napi(catch_unwind)]
    pub fn send(&self, data: &[u8], priority: u32) -> Option<String> {
        point("queue-send");
        self.with(|queue| queue.send(data, priority)).err().map(|error| json(&error))
    }

    /// Receives. Returns the message, or JSON of the error.
    #[napi(catch_unwind)]
    pub fn receive<'env>(&mut self, env: &'env Env) -> Result<Either<BufferSlice<'env>, String>> {
        point("queue-receive");
        let Self { queue, message, priority } = self;
        let received = queue.as_ref().map_or_else(|| Err(closed()), |it| it.receive(message));
        Ok(match received {
            Ok(its) => {
                *priority = its;
                Either::A(BufferSlice::copy_from(env, message.as_slice())?)
            }
            Err(error) => Either::B(json(&error)),
        })
    }

    /// The priority of the message that was received last.
    #[napi(catch_unwind)]
    pub fn priority(&self) -> u32 {
        self.priority
    }

    /// The most messages, the most bytes of one, and the number of waiting messages; or JSON of the
    /// error.
    #[napi(catch_unwind)]
    pub fn attributes(&self) -> Either<Vec<f64>, String> {
        match self.with(Queue::attributes) {
            Ok(Attributes { max_messages, message_size, messages }) => {
                Either::A([max_messages, message_size, messages].map(|it| it as f64).to_vec())
            }
            Err(error) => Either::B(json(&error)),
        }
    }

    /// Closes the queue, unless a watcher still uses it.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        self.queue = None;
        self.message = Vec::new();
    }
}

impl MessageQueue {
    fn new(queue: Queue) -> Self {
        Self { queue: Some(Arc::new(queue)), message: Vec::new(), priority: 0 }
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&Queue) -> std::result::Result<T, EngineError>,
    ) -> std::result::Result<T, EngineError> {
        self.queue.as_deref().map_or_else(|| Err(closed()), act)
    }
}

/// Reports when queues are ready.
#[napi]
pub struct QueueWatcher {
    /// See [`QueueWatcher::end_with_environment`].
    env_end: Option<EnvEnd>,
    watcher: Rc<RefCell<Option<Watcher>>>,
    wake: Option<WakeUp>,
}

#[napi]
impl QueueWatcher {
    /// Starts an I/O thread. `wake` is called on the JS thread when `next` has something. If the system
    /// refuses, throws an error whose message is the system's code.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<(), ()>) -> Result<Self> {
        point("queue-watcher");
        let wake = WakeUp::new(&env, wake)?;
        let woken = wake.clone();
        let watcher = Watcher::start(move || woken.call())
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        let watcher = Rc::new(RefCell::new(Some(watcher)));
        Ok(Self { env_end: None, watcher, wake: Some(wake) })
    }

    /// Reports, once, when `queue` has a message or room for one. Returns JSON of the error, if there is
    /// one.
    #[napi(catch_unwind)]
    pub fn watch(&self, id: u32, queue: &MessageQueue, writable: bool) -> Option<String> {
        point("queue-watch");
        let (mut watcher, queue) = (self.watcher.borrow_mut(), queue.queue.as_ref()?);
        watcher.as_mut()?.watch(id, queue, writable).err().map(|error| json(&error))
    }

    /// Forgets a queue.
    #[napi(catch_unwind)]
    pub fn forget(&self, id: u32) {
        if let Some(watcher) = &mut *self.watcher.borrow_mut() {
            watcher.forget(id);
        }
    }

    /// The next ready queue: twice its number, plus 1 if it has room for a message. -1: none.
    #[napi(catch_unwind)]
    pub fn next(&self) -> f64 {
        let ready = self.watcher.borrow().as_ref().and_then(Watcher::next);
        ready.map_or(-1.0, |(id, writable)| f64::from(id) * 2.0 + f64::from(u8::from(writable)))
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        if let Some(wake) = &self.wake {
            wake.keep_alive(&env, on);
        }
    }

    /// Ends the I/O thread when the environment ends, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        let watcher = self.watcher.clone();
        self.env_end = Some(EnvEnd::new(&env, move || drop(watcher.take()))?);
        Ok(())
    }

    /// Ends the I/O thread and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        (self.env_end, self.wake) = (None, None);
        self.watcher.take();
    }
}

fn closed() -> EngineError {
    EngineError::new("mq", std::io::Error::from_raw_os_error(libc::EBADF), None)
}

fn json(error: &EngineError) -> String {
    deliver::error(error).to_string()
}
