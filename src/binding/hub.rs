//! The class that JavaScript uses: an engine hub with its wake-up call.
//!
//! All native state belongs to this object, none to the module. So any number of environments
//! (workers, re-evaluated modules) can use the addon side by side.

use std::cell::RefCell;
#[cfg(unix)]
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::*;
use napi::{Env, JsString};
use napi_derive::napi;

use super::calls::Calls;
use super::core::{Core, count};
use super::deliver::{self, Payload};
use super::env_end::EnvEnd;
#[cfg(unix)]
use super::event_loop;
use super::kept::Numbers;
use super::options::{ConnectOptions, ListenOptions, mode};
use super::scope::Scopes;
use super::wake::WakeUp;
use crate::engine;
use crate::engine::driver::Connection;
use crate::engine::error::Error as EngineError;
use crate::engine::panics;
use crate::engine::transport::held;

/// See `src/js/engine/engine.js` for how it is used.
#[napi]
pub struct Hub {
    /// See [`Hub::end_with_environment`].
    env_end: Option<EnvEnd>,
    pub(super) core: Rc<RefCell<Core>>,
    /// Keeps the event loop alive or not; `None` once disposed of.
    wake: Option<WakeUp>,
}

#[napi]
impl Hub {
    /// Starts an I/O thread. `wake` is called on the JS thread when `next` has something. If the environment's
    /// own event loop can do that, it calls `turn` instead, with each event. With `watch`, the loop also watches
    /// connections. The numbers of events are written to `header`, and the number of the last tick to `ticks`.
    ///
    /// If the system refuses (`EMFILE`, `EAGAIN`, …), throws an error whose message is the code.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        wake: Function<(), ()>,
        turn: Option<Function<Unknown, ()>>,
        watch: bool,
        header: Numbers,
        ticks: Numbers,
    ) -> Result<Self> {
        panics::point("construct");
        let wake = WakeUp::new(&env, wake)?;
        let woken = wake.clone();
        let engine = engine::hub::Hub::new(move || woken.call())
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        let core = Rc::new(RefCell::new(Core::new(engine, header, ticks)));
        #[cfg(unix)]
        if let Some(turn) = turn {
            event_loop::attach(&core, &env, &turn, watch)?;
        }
        #[cfg(not(unix))]
        let _ = (turn, watch); // the I/O thread handles them all
        Ok(Self { env_end: None, core, wake: Some(wake) })
    }

    /// The calls that are made for every message: `[next, write, writeShared, writeBytes, hold,
    /// writePieces]`.
    ///
    /// * `next()` takes an event: its numbers go into the header (all zero: no event), its payload is
    ///   returned.
    /// * `write(id, text, delimit)` writes text as UTF-8, followed by the delimiter if `delimit`.
    /// * `writeShared(id, text, hold)` writes text and the delimiter, or holds them back if `hold`. Until
    ///   `dropShared` is called, the text of the first call counts, and all connections send from one
    ///   buffer.
    /// * `writeBytes(id, bytes)` writes a `Uint8Array`.
    /// * `hold(id, text)` holds text and the delimiter back: they are sent with the next write, by `offer`, or
    ///   after some milliseconds.
    /// * `writePieces(id, pieces, share)` writes several `Uint8Array`s, one after the other; `share` as in `writeShared`.
    /// * `sendDatagrams(id, text, targets, count)` sends text as UTF-8, cut into `count` datagrams by `targets`.
    ///
    /// All except the first return how many bytes wait.
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

    /// Reports a burst, in which nothing is held back: `ticks` are useful.
    #[napi(catch_unwind)]
    pub fn burst(&self) {
        self.core.borrow().engine.late().burst();
    }

    /// Makes the event loop call `turn` in its next turn, since something was put off. For hubs
    /// that have turns.
    #[napi(catch_unwind)]
    pub fn go_on(&self) {
        self.core.borrow().go_on();
    }

    /// Starts connecting. Returns JSON: `{id}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn connect(&self, options: ConnectOptions) -> String {
        panics::point("call");
        deliver::connecting(
            options
                .into_engine()
                .map(|(target, framing)| self.core.borrow_mut().engine.connect(target, framing)),
        )
    }

    /// Listens. Returns JSON: `{id, address?}` or `{error}`.
    #[napi(catch_unwind)]
    pub fn listen(&self, options: ListenOptions) -> String {
        panics::point("listen");
        deliver::listening(self.core.borrow_mut().listen(options))
    }

    /// Lets a connection that was reported as open or accepted send what was written to it. True: it reads, too, in the next
    /// turn of the event loop.
    #[napi(catch_unwind)]
    pub fn approve(&self, id: u32) -> bool {
        self.core.borrow().engine.approve(id)
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

    /// Limits the handshakes that a TLS listener has under way; `null`: the consumer sets no limit.
    #[napi(catch_unwind)]
    pub fn limit_handshakes(&self, listener: u32, most: Option<u32>) {
        self.core.borrow().engine.limit_handshakes(listener, most.map(|most| most as usize));
    }

    /// Lets a listener accept at most this many connections within any second; `null`: any number.
    #[napi(catch_unwind)]
    pub fn limit_rate(&self, listener: u32, most: Option<u32>) {
        self.core.borrow().engine.limit_rate(listener, most.map(|most| most as usize));
    }

    /// Ends what `write_shared` began.
    #[napi(catch_unwind)]
    pub fn drop_shared(&self) {
        self.core.borrow_mut().drop_shared();
    }

    /// Writes a frame: `head`, `text`, which has no character above U+00FF, `}`, and the delimiter. With `is_data` the text
    /// becomes a JSON string. Returns how many bytes wait.
    #[napi(catch_unwind)]
    pub fn write_long(
        &self,
        env: Env,
        id: u32,
        head: String,
        text: JsString,
        is_data: bool,
    ) -> Result<u32> {
        self.core.borrow_mut().write_long(env.raw(), id, &head, text.raw(), is_data)
    }

    /// Offers the system all that waits. Returns how many bytes still wait.
    #[napi(catch_unwind)]
    pub fn offer(&self, id: u32) -> u32 {
        count(self.on(id, |connection| connection.offer()).unwrap_or(0))
    }

    /// Requests a drain event for when everything written is sent. False if it is sent already.
    #[napi(catch_unwind)]
    pub fn await_drain(&self, id: u32) -> bool {
        self.on(id, |connection| connection.await_drain()).unwrap_or(false)
    }

    /// Shuts this side down once everything written is sent. False: a finished event follows.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: u32) -> bool {
        self.on(id, |connection| connection.finish()).unwrap_or(false)
    }

    /// Closes once everything written is sent, or once nothing could be sent for `linger` ms. Null: a closed event
    /// follows. Otherwise it is closed now: see `destroy`.
    #[napi(catch_unwind)]
    pub fn close(&self, id: u32, linger: u32) -> Option<Vec<f64>> {
        let linger = Duration::from_millis(linger.into());
        self.core.borrow_mut().engine.close(id, linger).map(counted)
    }

    /// Closes at once. No event follows. Returns the bytes received and the bytes handed to the system.
    #[napi(catch_unwind)]
    pub fn destroy(&self, id: u32) -> Vec<f64> {
        counted(self.core.borrow_mut().engine.destroy(id))
    }

    /// Stops or resumes reading.
    #[napi(catch_unwind)]
    pub fn set_paused(&self, id: u32, paused: bool) {
        self.on(id, |connection| connection.set_paused(paused));
    }

    /// Turns on or off that raw bytes are reported after their frames.
    #[napi(catch_unwind)]
    pub fn set_tapped(&self, id: u32, tapped: bool) {
        self.on(id, |connection| connection.set_tapped(tapped));
    }

    /// As `next()` of [`Hub::calls`], if the event reports more of what the connection has received.
    #[napi(catch_unwind)]
    pub fn next_of(&self, id: u32) -> Payload {
        self.core.borrow_mut().next_of(id)
    }

    /// Reports raw bytes, or frames, from now on.
    #[napi(catch_unwind)]
    pub fn set_raw(&self, id: u32, raw: bool) {
        self.on(id, |connection| connection.set_mode(mode(raw)));
    }

    /// Bytes received, bytes handed to the system, and bytes that wait for the system.
    #[napi(catch_unwind)]
    pub fn counters(&self, id: u32) -> Vec<f64> {
        let (read, written, queued) =
            self.on(id, |connection| connection.progress()).unwrap_or_default();
        vec![read as f64, written as f64, queued as f64]
    }

    /// Bytes of memory that the system has for what the peer has not read; null where it does not tell.
    #[napi(catch_unwind)]
    pub fn unread(&self, id: u32) -> Option<u32> {
        self.on(id, |connection| connection.with_socket(|socket| held(&socket)))??
    }

    /// Delivers the events of a connection, listener or datagram socket in a scope.
    #[napi(catch_unwind)]
    pub fn set_scope(&self, id: u32, scopes: &Scopes, number: u32) {
        self.core.borrow_mut().scopes.insert(id, scopes.context(number));
    }

    /// Removes the scope.
    #[napi(catch_unwind)]
    pub fn drop_scope(&self, id: u32) {
        self.core.borrow_mut().scopes.remove(&id);
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        if let Some(wake) = &self.wake {
            wake.keep_alive(&env, on);
        }
    }

    /// Closes everything when the environment ends, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        let core = self.core.clone();
        self.env_end = Some(EnvEnd::new(&env, move || core.borrow_mut().engine.shut_down())?);
        Ok(())
    }

    /// Closes everything and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.env_end = None;
        let mut core = self.core.borrow_mut();
        core.engine.shut_down();
        core.let_go();
        self.wake = None;
    }
}

#[cfg(unix)]
#[napi]
impl Hub {
    /// A listener whose connections come through `adopt`. Checks a path. Returns JSON: `{id}` or
    /// `{error}`.
    #[napi(catch_unwind)]
    pub fn listen_elsewhere(&self, options: ListenOptions) -> String {
        deliver::listening(options.into_engine().and_then(|(local, framing)| {
            let id = self.core.borrow_mut().engine.listen_elsewhere(&local, framing)?;
            Ok((id, None))
        }))
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
    pub(super) fn on<T>(&self, id: u32, act: impl FnOnce(&Arc<Connection>) -> T) -> Option<T> {
        self.core.borrow().engine.connection(id).map(act)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The functions made by `calls` may outlive this.
        self.core.borrow_mut().engine.shut_down();
    }
}

/// Bytes received, and bytes handed to the system, as JavaScript has them.
fn counted((read, written): (u64, u64)) -> Vec<f64> {
    vec![read as f64, written as f64]
}

/// A close-on-exec duplicate of a descriptor that JavaScript keeps open.
#[cfg(unix)]
pub(super) fn duplicate(descriptor: i32) -> std::result::Result<OwnedFd, engine::error::Error> {
    let copy = if descriptor < 0 {
        Err(std::io::ErrorKind::NotConnected.into())
    } else {
        // SAFETY: it is borrowed only for the call, during which JavaScript cannot close it.
        unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()
    };
    copy.map_err(|error| engine::error::Error::new("accept", error, None))
}
