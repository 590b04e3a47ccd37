//! The class that JavaScript sees: an engine hub with its wake-up call.
//!
//! All native state hangs on this object, nothing on the module, so that any number of
//! environments (workers, re-evaluated modules) can use the addon side by side.

#[cfg(unix)]
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::*;
use napi::threadsafe_function::{
    ThreadsafeFunction, ThreadsafeFunctionCallMode, ThreadsafeFunctionHandle,
};
use napi::{Env, JsString, sys};
use napi_derive::napi;

use super::deliver::{self, Payload};
use super::env_end::EnvEnd;
#[cfg(unix)]
use super::event_loop;
use super::options::{ConnectOptions, ListenOptions, mode};
use super::text;
use crate::engine;
use crate::engine::driver::Connection;
use crate::engine::transport::{set_keepalive, set_nodelay};

/// A scratch buffer that grew beyond this many bytes is given back.
const SCRATCH_KEPT: usize = 256 * 1024;

type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 0>;

/// See `src/js/engine.js` for how it is used.
#[napi]
pub struct Hub {
    /// Dropped before the engine. See [`Hub::end_with_environment`].
    env_end: Option<EnvEnd>,
    pub(super) engine: engine::hub::Hub,
    /// To keep the event loop alive or not; `None` once disposed of.
    wake: Option<Arc<ThreadsafeFunctionHandle>>,
    pub(super) scratch: Vec<u8>,
}

#[napi]
impl Hub {
    /// Starts an I/O thread. `wake` is called on the JS thread when `next` has something. With
    /// `on_loop`, connections are watched by the environment's own event loop where that is possible.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<(), ()>, on_loop: bool) -> Result<Self> {
        let function = wake;
        let wake: Wake = function
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build()?;
        let handle = wake.handle.clone();
        #[cfg_attr(not(unix), allow(unused_mut))]
        let mut engine = engine::hub::Hub::new(move || {
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        })?;
        #[cfg(unix)]
        if on_loop {
            event_loop::attach(&mut engine, &env, &function)?;
        }
        #[cfg(not(unix))]
        let _ = (env, on_loop); // the I/O thread has them all
        Ok(Self { env_end: None, engine, wake: Some(handle), scratch: Vec::new() })
    }

    /// Whether the environment's own event loop watches connections.
    #[napi(catch_unwind)]
    pub fn is_on_loop(&self) -> bool {
        self.engine.is_on_loop()
    }

    /// Starts connecting and returns the connection's handle.
    #[napi(catch_unwind)]
    pub fn connect(&mut self, options: ConnectOptions) -> Result<u32> {
        let (target, framing) = options.into_engine()?;
        Ok(self.engine.connect(target, framing))
    }

    /// Listens. Returns JSON: `{id, address?}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn listen(&mut self, options: ListenOptions) -> Result<String> {
        let (local, framing) = options.into_engine()?;
        Ok(deliver::listening(self.engine.listen(&local, framing)))
    }

    /// Starts reading from a connection that was reported as open or accepted.
    #[napi(catch_unwind)]
    pub fn start(&mut self, id: u32) {
        self.engine.start(id);
    }

    /// Stops listening, synchronously.
    #[napi(catch_unwind)]
    pub fn close_listener(&mut self, id: u32) {
        self.engine.close_listener(id);
    }

    /// Writes text as UTF-8, followed by the delimiter if `delimit`. Returns the bytes that wait.
    #[napi(catch_unwind)]
    pub fn write(&mut self, env: Env, id: u32, text: JsString, delimit: bool) -> Result<u32> {
        let Some(connection) = self.engine.connection(id) else {
            return Ok(0);
        };
        text::append(&env, &text, &mut self.scratch)?;
        if delimit {
            self.scratch.extend_from_slice(connection.delimiter());
        }
        Ok(send(connection, &mut self.scratch))
    }

    /// Writes bytes. Returns the bytes that wait.
    #[napi(catch_unwind)]
    pub fn write_bytes(&mut self, id: u32, bytes: Uint8ArraySlice) -> u32 {
        let Some(connection) = self.engine.connection(id) else {
            return 0;
        };
        self.scratch.extend_from_slice(&bytes);
        send(connection, &mut self.scratch)
    }

    /// The next event: its numbers go into `header` (all zero: none), its payload is returned.
    #[napi(catch_unwind)]
    pub fn next(&mut self, mut header: Uint32ArraySlice) -> Payload {
        // SAFETY: JavaScript owns the array, and this thread is the only one that runs it.
        let header = unsafe { header.as_mut() };
        match self.engine.next() {
            Some(event) => deliver::event(event, &self.engine, header),
            None => deliver::nothing(header),
        }
    }

    /// Asks for a drain event when everything written is sent. False if that is so now.
    #[napi(catch_unwind)]
    pub fn await_drain(&self, id: u32) -> bool {
        self.engine.connection(id).is_some_and(|connection| connection.await_drain())
    }

    /// Shuts our side down once everything written is sent. False: a finished event follows.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: u32) -> bool {
        self.engine.connection(id).is_some_and(|connection| connection.finish())
    }

    /// Closes once everything written is sent, or nothing could be for `linger` ms. Returns whether a
    /// closed event follows.
    #[napi(catch_unwind)]
    pub fn close(&mut self, id: u32, linger: u32) -> bool {
        self.engine.close(id, Duration::from_millis(linger.into()))
    }

    /// Closes at once. No event follows.
    #[napi(catch_unwind)]
    pub fn destroy(&mut self, id: u32) {
        self.engine.destroy(id);
    }

    /// Stops or resumes reading.
    #[napi(catch_unwind)]
    pub fn set_paused(&self, id: u32, paused: bool) {
        self.on(id, |connection| connection.set_paused(paused));
    }

    /// Switches the reporting of raw bytes after their frames.
    #[napi(catch_unwind)]
    pub fn set_tapped(&self, id: u32, tapped: bool) {
        self.on(id, |connection| connection.set_tapped(tapped));
    }

    /// Raw bytes, or frames, from now on.
    #[napi(catch_unwind)]
    pub fn set_raw(&self, id: u32, raw: bool) {
        self.on(id, |connection| connection.set_mode(mode(raw)));
    }

    /// Sets `TCP_NODELAY`.
    #[napi(catch_unwind)]
    pub fn set_no_delay(&self, id: u32, on: bool) {
        self.on(id, |connection| connection.with_socket(|socket| set_nodelay(&socket, on)));
    }

    /// Sets `SO_KEEPALIVE`, with `idle` ms before the first probe (0: the system's default).
    #[napi(catch_unwind)]
    pub fn set_keep_alive(&self, id: u32, on: bool, idle: u32) {
        let idle = on.then(|| Duration::from_millis(idle.into()));
        self.on(id, |connection| connection.with_socket(|socket| set_keepalive(&socket, idle)));
    }

    /// Bytes received, bytes handed to the system so far, and bytes that wait for it to take them.
    #[napi(catch_unwind)]
    pub fn counters(&self, id: u32) -> Vec<f64> {
        let connection = self.engine.connection(id);
        let (read, written, queued) = connection.map_or((0, 0, 0), |c| c.progress());
        vec![read as f64, written as f64, queued as f64]
    }

    /// Keeps the event loop alive, or stops doing so.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        let Some(wake) = &self.wake else { return };
        let change = if on {
            sys::napi_ref_threadsafe_function
        } else {
            sys::napi_unref_threadsafe_function
        };
        // SAFETY: called on the JS thread with a function that `self.wake` keeps from being freed.
        unsafe { change(env.raw(), wake.get_raw()) };
    }

    /// Closes everything when the environment ends, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        // SAFETY: objects of JavaScript stay where they are; the hook goes with this one.
        self.env_end = Some(unsafe { EnvEnd::new(&env, &raw mut self.engine) }?);
        Ok(())
    }

    /// Closes everything and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.env_end = None;
        self.engine.shut_down();
        self.wake = None;
    }
}

#[cfg(unix)]
#[napi]
impl Hub {
    /// A listener whose connections come by `adopt`. Checks a path. Returns JSON: `{id}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn listen_elsewhere(&mut self, options: ListenOptions) -> Result<String> {
        let (local, framing) = options.into_engine()?;
        let id = self.engine.listen_elsewhere(&local, framing);
        Ok(deliver::listening(id.map(|id| (id, None))))
    }

    /// Takes a duplicate of a connected socket for `listener`. Returns JSON: `{}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn adopt(&mut self, listener: u32, descriptor: i32) -> String {
        deliver::done(duplicate(descriptor).and_then(|socket| self.engine.adopt(listener, socket)))
    }
}

impl Hub {
    fn on<T>(&self, id: u32, act: impl FnOnce(&Arc<Connection>) -> T) {
        self.engine.connection(id).map(act);
    }
}

/// A close-on-exec duplicate of a descriptor that JavaScript holds open.
#[cfg(unix)]
fn duplicate(descriptor: i32) -> std::result::Result<OwnedFd, engine::error::Error> {
    let copy = if descriptor < 0 {
        Err(std::io::ErrorKind::NotConnected.into())
    } else {
        // SAFETY: it is only borrowed for the call, during which JavaScript cannot close it.
        unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()
    };
    copy.map_err(|error| engine::error::Error::new("accept", error, None))
}

fn send(connection: &Arc<Connection>, scratch: &mut Vec<u8>) -> u32 {
    let queued = connection.write(scratch);
    tidy(scratch);
    queued.try_into().unwrap_or(u32::MAX)
}

/// Empties the scratch buffer, and gives it back if it has grown large.
pub(super) fn tidy(scratch: &mut Vec<u8>) {
    scratch.clear();
    if scratch.capacity() > SCRATCH_KEPT {
        *scratch = Vec::new();
    }
}
