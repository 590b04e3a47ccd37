//! The state behind a hub's methods, its calls and the event loop: the engine's hub, and the memory shared with
//! JavaScript. Used by [`super::hub`], [`super::calls`], [`super::datagrams`], [`super::env_end`] and
//! [`super::event_loop`].

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
#[cfg(unix)]
use std::rc::Rc;
use std::rc::Weak;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use napi::bindgen_prelude::*;
use napi::sys;

use super::deliver::{self, Payload};
use super::kept::Numbers;
use super::options::ListenOptions;
use super::scope::Context;
use super::text;
use crate::engine;
use crate::engine::error::Error as EngineError;
use crate::engine::event::{Event, Id};
use crate::engine::late::OnTick;
use crate::engine::panics;

/// A scratch buffer of more bytes than this is freed.
const SCRATCH_KEPT: usize = 256 * 1024;

/// See the module's page.
pub struct Core {
    pub engine: engine::hub::Hub,
    pub scratch: Scratch,
    /// The bytes that many connections are to send: see [`Core::write_shared`].
    pub(super) shared: Option<Bytes>,
    /// Numbers that JavaScript also reads and writes: see [`deliver`].
    header: Numbers,
    /// Kept alive for [`ticks_into`].
    ticks: Numbers,
    /// The scope in which each handle's events are delivered.
    pub(super) scopes: HashMap<Id, Weak<Context>>,
}

/// What a turn of JavaScript has to do.
#[cfg(unix)]
pub struct Taken {
    pub payload: Payload,
    /// Its weight in bytes.
    pub weight: usize,
    pub scope: Option<Rc<Context>>,
}

impl Core {
    /// The numbers of events are written to `header`. `ticks[0]` is the number of the last tick,
    /// see [`engine::late::Late::tick`], or 0 if there are none now.
    pub fn new(engine: engine::hub::Hub, header: Numbers, ticks: Numbers) -> Self {
        engine.late().tick(ticks_into(&ticks));
        let scopes = HashMap::new();
        Self { engine, scratch: Scratch::default(), shared: None, header, ticks, scopes }
    }

    /// JavaScript is done with the hub, and its arrays may be collected, even while something has the hub's object. They
    /// would keep the program that made them, which may be a test file of jest that has ended, and that has the object.
    pub fn let_go(&mut self) {
        self.engine.late().tick(Box::new(|_| {}));
        self.ticks.let_go();
        self.header.let_go();
    }

    /// See [`super::hub::Hub::listen`].
    pub fn listen(
        &mut self,
        options: ListenOptions,
    ) -> std::result::Result<(Id, Option<SocketAddr>), EngineError> {
        let shared = options.shares.and_then(|listener| self.engine.unfinished(listener));
        let (local, mut framing) = options.into_engine()?;
        framing.unfinished = shared.or(framing.unfinished);
        self.engine.listen(&local, framing)
    }

    /// Takes the next event.
    pub fn next(&mut self) -> Payload {
        while let Some(event) = self.engine.next() {
            if let Some(payload) = self.deliver(event) {
                return payload;
            }
        }
        self.nothing()
    }

    /// Takes the next event, if it reports more of what this connection has received.
    pub fn next_of(&mut self, id: u32) -> Payload {
        let event = self.engine.next_of(id);
        event.and_then(|event| self.deliver(event)).unwrap_or_else(|| self.nothing())
    }

    fn nothing(&mut self) -> Payload {
        // SAFETY: the array belongs to JavaScript, which does not run meanwhile.
        deliver::nothing(unsafe { self.header.as_mut() })
    }

    /// Converts an event. `None`: the event is lost, and further events report the consequences.
    fn deliver(&mut self, event: Event) -> Option<Payload> {
        let lost = event.as_lost();
        let payload = panics::caught(|| {
            panics::point("turn");
            self.convert(event)
        });
        if payload.is_some() {
            return payload;
        }
        let instead = self.engine.lose(lost)?;
        panics::caught(|| self.convert(instead))
    }

    fn convert(&mut self, event: Event) -> Payload {
        // SAFETY: see `nothing`.
        deliver::event(event, &self.engine, unsafe { self.header.as_mut() })
    }

    /// What a turn of JavaScript has to do: an event, if there is one. Without an event, there is a turn if
    /// something is left or has to come before events, if one is requested (`put_off`), or always (`always`).
    /// `None`: nothing to do.
    #[cfg(unix)]
    pub fn turn(&mut self, put_off: bool, always: bool) -> Option<Taken> {
        if put_off || deliver::is_left(&self.header) || deliver::first(&self.header) > 0 {
            return Some(Taken { payload: self.nothing(), weight: 0, scope: None });
        }
        while let Some(event) = self.engine.next() {
            let weight = event.weight();
            let Some(payload) = self.deliver(event) else { continue };
            let scope = self.scopes.get(&deliver::whose(&self.header)).and_then(Weak::upgrade);
            return Some(Taken { payload, weight, scope });
        }
        let payload = self.nothing();
        always.then_some(Taken { payload, weight: 0, scope: None })
    }

    /// How much JavaScript has put off to a later turn of the event loop: what has to come before further
    /// events, and the rest.
    #[cfg(unix)]
    pub fn put_off(&self) -> (u32, u32) {
        (deliver::first(&self.header), deliver::later(&self.header))
    }

    /// The event loop has looked at its sockets.
    #[cfg(unix)]
    pub fn count_turn(&mut self) {
        // SAFETY: see `nothing`.
        deliver::count_turn(unsafe { self.header.as_mut() });
    }

    /// Whether the environment's event loop calls JavaScript.
    pub fn has_turns(&self) -> bool {
        #[cfg(unix)]
        return self.engine.uv_loop().is_some();
        #[cfg(not(unix))]
        false
    }

    /// Makes it call JavaScript in its next turn.
    pub fn go_on(&self) {
        #[cfg(unix)]
        if let Some(uv_loop) = self.engine.uv_loop() {
            uv_loop.go_on();
        }
    }

    pub fn write_bytes(&self, id: u32, bytes: &[u8]) -> u32 {
        panics::point("write");
        let connection = self.engine.connection(id);
        count(connection.map_or(0, |connection| connection.write_copy(bytes)))
    }

    /// Writes bytes from several buffers. `share`: as in [`Core::write_shared`].
    pub fn write_pieces(&mut self, id: u32, pieces: &[&[u8]], share: bool) -> u32 {
        panics::point("write");
        let Some(connection) = self.engine.connection(id) else { return 0 };
        count(match share {
            true => {
                connection.write_shared(self.shared.get_or_insert_with(|| pieces.concat().into()))
            }
            false => connection.write_pieces(pieces),
        })
    }

    pub fn write_shared(
        &mut self,
        env: sys::napi_env,
        id: u32,
        text: sys::napi_value,
        hold: bool,
    ) -> Result<u32> {
        let Some(connection) = self.engine.connection(id) else {
            return Ok(0);
        };
        let bytes = match self.shared.take() {
            Some(bytes) => bytes,
            None => {
                let mut bytes = Vec::new();
                text::append(env, text, &mut bytes)?;
                bytes.extend_from_slice(connection.delimiter());
                bytes.into()
            }
        };
        let queued = match hold {
            true => connection.hold(&bytes, self.engine.late()),
            false => connection.write_shared(&bytes),
        };
        self.shared = Some(bytes);
        Ok(count(queued))
    }

    /// Holds back text and the delimiter: see [`Connection::hold`].
    pub fn hold(&mut self, env: sys::napi_env, id: u32, text: sys::napi_value) -> Result<u32> {
        let Some(connection) = self.engine.connection(id) else {
            return Ok(0);
        };
        let scratch = self.scratch.begin();
        text::append(env, text, scratch)?;
        scratch.extend_from_slice(connection.delimiter());
        let bytes = Bytes::copy_from_slice(scratch);
        let queued = connection.hold(&bytes, self.engine.late());
        self.scratch.tidy();
        Ok(count(queued))
    }

    /// Ends what [`Core::write_shared`] began.
    pub fn drop_shared(&mut self) {
        self.shared = None;
    }

    pub fn write(
        &mut self,
        env: sys::napi_env,
        id: u32,
        text: sys::napi_value,
        delimit: bool,
    ) -> Result<u32> {
        self.write_by(id, delimit, |out| text::append(env, text, out))
    }

    pub fn write_long(
        &mut self,
        env: sys::napi_env,
        id: u32,
        head: &str,
        text: sys::napi_value,
        is_data: bool,
    ) -> Result<u32> {
        self.write_by(id, true, |out| {
            out.extend_from_slice(head.as_bytes());
            if is_data {
                text::append_quoted(env, text, out)?;
            } else {
                text::append_latin1(env, text, out)?;
            }
            out.push(b'}');
            Ok(())
        })
    }

    /// Writes what `append` appends.
    fn write_by(
        &mut self,
        id: u32,
        delimit: bool,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<u32> {
        let Some(connection) = self.engine.connection(id) else {
            return Ok(0);
        };
        let scratch = self.scratch.begin();
        append(scratch)?;
        panics::point("write");
        if delimit {
            scratch.extend_from_slice(connection.delimiter());
        }
        let queued = connection.write(&mut self.scratch.0);
        self.scratch.tidy();
        Ok(count(queued))
    }
}

/// Lets a thread write ticks into memory that JavaScript reads.
fn ticks_into(ticks: &Numbers) -> OnTick {
    struct Shown(*const AtomicU32);
    // SAFETY: only `show` writes to it, atomically.
    unsafe impl Send for Shown {}
    impl Shown {
        fn show(&self, tick: Option<NonZeroU32>) {
            // SAFETY: `Core` holds the array until this is no longer called (`let_go`), or the engine with the thread is
            // gone, since fields are dropped in their order. Nothing else writes to it.
            let shown = unsafe { &*self.0 };
            shown.store(tick.map_or(0, NonZeroU32::get), Ordering::Relaxed);
        }
    }
    let shown = Shown(ticks.as_ptr().cast());
    Box::new(move |tick| shown.show(tick))
}

/// A buffer in which each write is assembled. It is kept from one write to the next.
#[derive(Default)]
pub struct Scratch(Vec<u8>);

impl Scratch {
    /// Empties it, whatever a panic has left in it, and returns it.
    pub fn begin(&mut self) -> &mut Vec<u8> {
        self.0.clear();
        &mut self.0
    }

    /// Its contents.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Frees it if it has grown large.
    pub fn tidy(&mut self) {
        if self.0.capacity() > SCRATCH_KEPT {
            self.0 = Vec::new();
        }
    }
}

/// A number of bytes, for JavaScript.
pub fn count(bytes: usize) -> u32 {
    bytes.try_into().unwrap_or(u32::MAX)
}
