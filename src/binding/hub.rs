//! The class that JavaScript sees: an engine hub with its wake-up call.
//!
//! All native state hangs on this object, nothing on the module, so that any number of
//! environments (workers, re-evaluated modules) can use the addon side by side.

use std::cell::RefCell;
use std::collections::HashMap;
#[cfg(unix)]
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use napi::bindgen_prelude::*;
use napi::{Env, JsString};
use napi_derive::napi;

use super::calls::Calls;
use super::deliver::{self, Payload};
use super::env_end::EnvEnd;
#[cfg(unix)]
use super::event_loop;
use super::options::{ConnectOptions, ListenOptions, mode};
use super::pulse::SharedCells;
use super::scope::Context;
use super::wake::WakeUp;
use super::{text, writing};
use crate::engine;
use crate::engine::driver::Connection;
use crate::engine::error::Error as EngineError;
use crate::engine::event::Id;
use crate::engine::transport::{set_keepalive, set_nodelay};

/// A scratch buffer that grew beyond this many bytes is given back.
const SCRATCH_KEPT: usize = 256 * 1024;

/// See `src/js/engine/engine.js` for how it is used.
#[napi]
pub struct Hub {
    /// See [`Hub::end_with_environment`].
    env_end: Option<EnvEnd>,
    pub(super) core: Rc<RefCell<Core>>,
    /// To keep the event loop alive or not; `None` once disposed of.
    wake: Option<WakeUp>,
}

/// What the hub's methods, its calls and the event loop work on.
pub struct Core {
    pub engine: engine::hub::Hub,
    pub scratch: Vec<u8>,
    /// What many connections are to send: see [`Core::write_shared`].
    pub(super) shared: Option<Bytes>,
    /// Numbers that JavaScript reads and writes too: see [`deliver`].
    header: Uint32Array,
    /// In which scope whose events are delivered.
    pub(super) scopes: HashMap<Id, Weak<Context>>,
}

/// What a turn of JavaScript's is for.
#[cfg(unix)]
pub struct Taken {
    pub payload: Payload,
    /// Bytes.
    pub weight: usize,
    pub scope: Option<Rc<Context>>,
}

#[napi]
impl Hub {
    /// Starts an I/O thread. `wake` is called on the JS thread when `next` has something; or instead of it,
    /// with each event, `turn`, where the environment's own event loop can do that. With `watch` the loop
    /// watches connections, too. The numbers of events go into `header`.
    ///
    /// What the system refuses (`EMFILE`, `EAGAIN`, …) is thrown with its code as the message.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        wake: Function<(), ()>,
        turn: Option<Function<Unknown, ()>>,
        watch: bool,
        header: Uint32Array,
    ) -> Result<Self> {
        let wake = WakeUp::new(&env, wake)?;
        let woken = wake.clone();
        let engine = engine::hub::Hub::new(move || woken.call())
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        let core = Rc::new(RefCell::new(Core {
            engine,
            scratch: Vec::new(),
            shared: None,
            header,
            scopes: HashMap::new(),
        }));
        #[cfg(unix)]
        if let Some(turn) = turn {
            event_loop::attach(&core, &env, &turn, watch)?;
        }
        #[cfg(not(unix))]
        let _ = (turn, watch); // the I/O thread has them all
        Ok(Self { env_end: None, core, wake: Some(wake) })
    }

    /// The calls that every message takes: `[next, write, writeShared, writeBytes, hold, release]`.
    ///
    /// * `next()` takes an event: its numbers go into the header (all zero: none), its payload is returned.
    /// * `write(id, text, delimit)` writes text as UTF-8, followed by the delimiter if `delimit`.
    /// * `writeShared(id, text, hold)` writes text and the delimiter; until `dropShared` is called, those of the
    ///   first call, and all connections send from one buffer. With `hold` as `hold` does.
    /// * `writeBytes(id, bytes)` writes a `Uint8Array`.
    /// * `hold(id, text)` has text and the delimiter sent with the next write, by `release(id)`, or in a
    ///   millisecond or two.
    ///
    /// All but the first return the bytes that wait.
    #[napi(catch_unwind)]
    pub fn calls(&self) -> Calls {
        Calls(self.core.clone())
    }

    /// Whether the environment's own event loop watches connections.
    #[napi(catch_unwind)]
    pub fn is_on_loop(&self) -> bool {
        self.core.borrow().engine.is_on_loop()
    }

    /// Whether the environment's own event loop calls `turn`.
    #[napi(catch_unwind)]
    pub fn has_turns(&self) -> bool {
        self.core.borrow().has_turns()
    }

    /// Has the event loop call `turn` next time: something was put off. For hubs that have turns.
    #[napi(catch_unwind)]
    pub fn go_on(&self) {
        self.core.borrow().go_on();
    }

    /// A `Uint32Array` that is shared with the pulse, see [`engine::pulse`]; `null` where the runtime has no such
    /// memory.
    #[napi(catch_unwind)]
    pub fn pulse(&self) -> SharedCells {
        SharedCells(self.core.borrow().engine.pulse().clone())
    }

    /// Starts the pulse, which is wanted and does not beat.
    #[napi(catch_unwind)]
    pub fn start_pulse(&self) {
        self.core.borrow().engine.start_pulse();
    }

    /// Starts connecting and returns the connection's handle.
    #[napi(catch_unwind)]
    pub fn connect(&self, options: ConnectOptions) -> Result<u32> {
        let (target, framing) = options.into_engine()?;
        Ok(self.core.borrow_mut().engine.connect(target, framing))
    }

    /// Listens. Returns JSON: `{id, address?}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn listen(&self, options: ListenOptions) -> Result<String> {
        let (local, framing) = options.into_engine()?;
        Ok(deliver::listening(self.core.borrow_mut().engine.listen(&local, framing)))
    }

    /// Has a connection that was reported as open or accepted send what was written to it.
    #[napi(catch_unwind)]
    pub fn approve(&self, id: u32) {
        self.core.borrow().engine.approve(id);
    }

    /// Starts reading from a connection that was approved.
    #[napi(catch_unwind)]
    pub fn start(&self, id: u32) {
        self.core.borrow().engine.start(id);
    }

    /// Stops listening, synchronously.
    #[napi(catch_unwind)]
    pub fn close_listener(&self, id: u32) {
        self.core.borrow_mut().engine.close_listener(id);
    }

    /// Ends what `write_shared` began.
    #[napi(catch_unwind)]
    pub fn drop_shared(&self) {
        self.core.borrow_mut().shared = None;
    }

    /// Writes a frame: `head`, ASCII `text` as a JSON string, `}`, and the delimiter. Returns the bytes that
    /// wait, or -1 if the text is not ASCII: then nothing is written.
    #[napi(catch_unwind)]
    pub fn write_quoted(&self, env: Env, id: u32, head: String, text: JsString) -> Result<i64> {
        let core = &mut *self.core.borrow_mut();
        let Some(connection) = core.engine.connection(id) else {
            return Ok(0);
        };
        if !text::append_quoted(&env, &head, &text, &mut core.scratch)? {
            return Ok(-1);
        }
        core.scratch.push(b'}');
        core.scratch.extend_from_slice(connection.delimiter());
        Ok(writing::send(connection, &mut core.scratch).into())
    }

    /// Asks for a drain event when everything written is sent. False if that is so now.
    #[napi(catch_unwind)]
    pub fn await_drain(&self, id: u32) -> bool {
        self.on(id, |connection| connection.await_drain()).unwrap_or(false)
    }

    /// Shuts our side down once everything written is sent. False: a finished event follows.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: u32) -> bool {
        self.on(id, |connection| connection.finish()).unwrap_or(false)
    }

    /// Closes once everything written is sent, or nothing could be for `linger` ms. Returns whether a
    /// closed event follows.
    #[napi(catch_unwind)]
    pub fn close(&self, id: u32, linger: u32) -> bool {
        self.core.borrow_mut().engine.close(id, Duration::from_millis(linger.into()))
    }

    /// Closes at once. No event follows.
    #[napi(catch_unwind)]
    pub fn destroy(&self, id: u32) {
        self.core.borrow_mut().engine.destroy(id);
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

    /// Has the end of a TCP connection reset it, whatever is unsent.
    #[napi(catch_unwind)]
    pub fn reset(&self, id: u32) {
        self.on(id, |connection| {
            connection.with_socket(|socket| socket.set_linger(Some(Duration::ZERO)))
        });
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
        let (read, written, queued) =
            self.on(id, |connection| connection.progress()).unwrap_or_default();
        vec![read as f64, written as f64, queued as f64]
    }

    /// Keeps the event loop alive, or stops doing so.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        if let Some(wake) = &self.wake {
            wake.keep_alive(&env, on);
        }
    }

    /// Closes everything when the environment ends, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        self.env_end = Some(EnvEnd::new(&env, self.core.clone())?);
        Ok(())
    }

    /// Closes everything and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.env_end = None;
        self.core.borrow_mut().engine.shut_down();
        self.wake = None;
    }
}

#[cfg(unix)]
#[napi]
impl Hub {
    /// A listener whose connections come by `adopt`. Checks a path. Returns JSON: `{id}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn listen_elsewhere(&self, options: ListenOptions) -> Result<String> {
        let (local, framing) = options.into_engine()?;
        let id = self.core.borrow_mut().engine.listen_elsewhere(&local, framing);
        Ok(deliver::listening(id.map(|id| (id, None))))
    }

    /// Takes a duplicate of a connected socket for `listener`. Returns JSON: `{}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn adopt(&self, listener: u32, descriptor: i32) -> String {
        deliver::done(
            duplicate(descriptor)
                .and_then(|socket| self.core.borrow_mut().engine.adopt(listener, socket)),
        )
    }
}

impl Hub {
    fn on<T>(&self, id: u32, act: impl FnOnce(&Arc<Connection>) -> T) -> Option<T> {
        self.core.borrow().engine.connection(id).map(act)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The functions that `calls` made may outlive this.
        self.core.borrow_mut().engine.shut_down();
    }
}

impl Core {
    /// Takes the next event.
    pub fn next(&mut self) -> Payload {
        // SAFETY: the array is JavaScript's, which does not run meanwhile.
        let header = unsafe { self.header.as_mut() };
        match self.engine.next() {
            Some(event) => deliver::event(event, &self.engine, header),
            None => deliver::nothing(header),
        }
    }

    /// What a turn of JavaScript's is for: an event; or none, where there is something left or put off, or
    /// in any case with `always`. `None`: for nothing.
    #[cfg(unix)]
    pub fn turn(&mut self, always: bool) -> Option<Taken> {
        // SAFETY: see `next`.
        let header = unsafe { self.header.as_mut() };
        if deliver::is_left(header) || deliver::put_off(header) > 0 {
            return Some(Taken { payload: deliver::nothing(header), weight: 0, scope: None });
        }
        let Some(event) = self.engine.next() else {
            let payload = deliver::nothing(header);
            return always.then_some(Taken { payload, weight: 0, scope: None });
        };
        let weight = event.weight();
        let payload = deliver::event(event, &self.engine, header);
        let scope = self.scopes.get(&deliver::whose(header)).and_then(Weak::upgrade);
        Some(Taken { payload, weight, scope })
    }

    /// How much JavaScript has put off to a later turn of the event loop.
    #[cfg(unix)]
    pub fn put_off(&self) -> u32 {
        deliver::put_off(&self.header)
    }

    fn has_turns(&self) -> bool {
        #[cfg(unix)]
        return self.engine.uv_loop().is_some();
        #[cfg(not(unix))]
        false
    }

    fn go_on(&self) {
        #[cfg(unix)]
        if let Some(uv_loop) = self.engine.uv_loop() {
            uv_loop.go_on();
        }
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

/// A number of bytes, for JavaScript.
pub(super) fn count(bytes: usize) -> u32 {
    bytes.try_into().unwrap_or(u32::MAX)
}

/// Empties the scratch buffer, and gives it back if it has grown large.
pub(super) fn tidy(scratch: &mut Vec<u8>) {
    scratch.clear();
    if scratch.capacity() > SCRATCH_KEPT {
        *scratch = Vec::new();
    }
}
