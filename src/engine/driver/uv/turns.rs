//! When the consumer gets its turns: after a socket has brought something (see the module above), when the I/O thread
//! rings the bell, and in each turn of the event loop while something is left.
//!
//! A handler may run the event loop itself and wait there for something (as `deasync` does). The turns of the event loop
//! begin before the consumer is called, so that such a handler gets what is left.

use std::cell::Cell;
use std::ffi::c_int;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::Shared;
use super::api::{Api, Handle, UV_ASYNC, UV_CHECK, UV_IDLE, api};

/// After this many events or bytes, the event loop turns.
const TURN_EVENTS: usize = 64;
const TURN_BYTES: usize = 256 * 1024;

/// Takes the mailbox's events: JavaScript.
pub trait Consumer {
    /// How many things it has put off to a later turn of the loop: those that come before further events, and the
    /// others.
    fn put_off(&self) -> (u32, u32);
    /// A turn of the loop begins, before it looks at its sockets.
    fn turn_begins(&self) {}
    /// It has looked at its sockets.
    fn turn_ends(&self) {}
    /// Whether something waits for turns to begin.
    fn waits_for_turns(&self) -> bool {
        false
    }
    /// One turn: what is left or comes first, or `put_off` in any case, or else an event.
    fn turn(&self, put_off: bool) -> Turn;
}

/// How a turn went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is left.
    Done,
    /// This many bytes were taken, and there is more.
    More(usize),
    /// There is more, for the next turn of the loop.
    Later,
    /// The consumer will take nothing more.
    Gone,
}

/// `uv_async_t`, to be rung from any thread.
struct Bell(Handle);

// SAFETY: `uv_async_send` is the one function of libuv that any thread may call, and the only one that is
// called elsewhere than on the loop's thread.
unsafe impl Send for Bell {}

/// The handles: `None` once closed.
#[derive(Default)]
pub(super) struct Signals {
    bell: Arc<Mutex<Option<Bell>>>,
    /// `uv_idle_t`, active while something is left.
    again: Cell<Option<Handle>>,
    /// `uv_check_t`, which counts the turns.
    ends: Cell<Option<Handle>>,
}

impl Signals {
    /// Creates the handles.
    pub fn open(shared: &Rc<Shared>) -> io::Result<()> {
        let Shared { api, uv_loop, .. } = **shared;
        let signals = &shared.signals;
        let bell = add(shared, UV_ASYNC, |handle| {
            // SAFETY: the loop is alive (see `Loop::new`), and this is its thread.
            unsafe { (api.async_init)(uv_loop, handle, on_bell) }
        })?;
        // SAFETY: the handle is initialised. Whether the process stays alive is decided elsewhere.
        unsafe { (api.unref)(bell) };
        *signals.bell() = Some(Bell(bell));
        let again = add(shared, UV_IDLE, |handle| {
            // SAFETY: as above.
            unsafe { (api.idle_init)(uv_loop, handle) }
        })?;
        signals.again.set(Some(again));
        let ends = add(shared, UV_CHECK, |handle| {
            // SAFETY: as above.
            unsafe { (api.check_init)(uv_loop, handle) }
        })?;
        // SAFETY: the handle is initialised; it keeps nothing alive.
        unsafe {
            (api.check_start)(ends, on_end);
            (api.unref)(ends);
        }
        signals.ends.set(Some(ends));
        Ok(())
    }

    fn bell(&self) -> std::sync::MutexGuard<'_, Option<Bell>> {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the consumer, from any thread, for as long as the handles are open.
    pub fn ringer(&self, api: &'static Api) -> Box<dyn Fn() + Send> {
        let bell = self.bell.clone();
        Box::new(move || {
            if let Some(Bell(handle)) = &*bell.lock().unwrap_or_else(PoisonError::into_inner) {
                // SAFETY: the handle is open: `close` takes it out first, under the same lock.
                unsafe { (api.async_send)(*handle) };
            }
        })
    }

    /// Closes the handles.
    pub fn close(&self, api: &Api) {
        let bell = self.bell().take();
        // SAFETY: all are open, and closed only here, once; this is the loop's thread.
        unsafe {
            if let Some(Bell(handle)) = bell {
                (api.close)(handle, on_bell_closed);
            }
            if let Some(handle) = self.again.take() {
                (api.close)(handle, on_again_closed);
            }
            if let Some(handle) = self.ends.take() {
                (api.close)(handle, on_ends_closed);
            }
        }
    }

    fn set_again(&self, api: &Api, on: bool) {
        let Some(handle) = self.again.get() else { return };
        // SAFETY: the handle is open; this is the loop's thread.
        unsafe {
            if on {
                (api.idle_start)(handle, on_again);
            } else {
                (api.idle_stop)(handle);
            }
        }
    }
}

impl Shared {
    /// Has the consumer called in each turn of the loop, until nothing is left.
    pub(super) fn go_on(&self) {
        self.signals.set_again(self.api, true);
    }

    /// Has the consumer take events, one in each of its turns, within bounds. True: it has taken all of them.
    pub(super) fn turns(&self) -> bool {
        self.go_on();
        if self.consumer.put_off().0 > 0 {
            return false;
        }
        let (mut events, mut bytes) = (TURN_EVENTS, TURN_BYTES);
        while events > 0 && bytes > 0 {
            match self.consumer.turn(false) {
                Turn::Done => return self.ended(true),
                Turn::More(taken) => {
                    events -= 1;
                    bytes = bytes.saturating_sub(taken);
                }
                Turn::Later => break,
                Turn::Gone => return self.ended(false),
            }
        }
        self.go_on(); // a nested loop may have ended this
        false
    }

    fn ended(&self, done: bool) -> bool {
        let goes_on = !self.held.is_empty() || self.consumer.waits_for_turns();
        self.signals.set_again(self.api, done && goes_on);
        done
    }

    /// Does one turn of the loop. What was put off earlier runs first, so that a handler that keeps putting things off
    /// does not hold up events.
    fn next_turn(&self) {
        self.release();
        self.consumer.turn_begins();
        let outer = self.before_poll.replace(true);
        let (first, later) = self.consumer.put_off();
        if (0..first + later).any(|_| self.consumer.turn(true) == Turn::Gone) {
            self.ended(false);
        } else {
            self.turns();
        }
        self.before_poll.set(outer);
    }
}

/// Adds a handle to the loop.
fn add(shared: &Rc<Shared>, kind: c_int, init: impl FnOnce(Handle) -> c_int) -> io::Result<Handle> {
    let handle = shared.api.allocate(kind);
    let status = init(handle);
    // SAFETY: the loop does not know a handle whose initialisation failed. `closed` takes the data of one that is
    // initialised back.
    unsafe {
        if status != 0 {
            shared.api.deallocate(handle, kind);
            return Err(io::Error::from_raw_os_error(-status));
        }
        (shared.api.set_data)(handle, Rc::into_raw(shared.clone()).cast_mut().cast());
    }
    shared.opened();
    Ok(handle)
}

/// The owner of a handle.
///
/// # Safety
/// The handle must come from [`add`] and not be closed.
unsafe fn shared_of(handle: Handle) -> Option<Rc<Shared>> {
    let api = api()?;
    // SAFETY: its data is a count of `Shared`, which stays until `closed`.
    unsafe {
        let shared = (api.get_data)(handle).cast::<Shared>();
        Rc::increment_strong_count(shared);
        Some(Rc::from_raw(shared))
    }
}

unsafe extern "C" fn on_bell(handle: Handle) {
    // SAFETY: libuv calls this for an open handle.
    let Some(shared) = (unsafe { shared_of(handle) }) else { return };
    super::guarded(|| _ = shared.turns());
}

unsafe extern "C" fn on_again(handle: Handle) {
    // SAFETY: libuv calls this for an open handle.
    let Some(shared) = (unsafe { shared_of(handle) }) else { return };
    super::guarded(|| shared.next_turn());
}

unsafe extern "C" fn on_end(handle: Handle) {
    // SAFETY: libuv calls this for an open handle.
    let Some(shared) = (unsafe { shared_of(handle) }) else { return };
    super::guarded(|| shared.consumer.turn_ends());
}

unsafe extern "C" fn on_bell_closed(handle: Handle) {
    // SAFETY: libuv calls this once, when it has let go of the handle.
    unsafe { closed(handle, UV_ASYNC) };
}

unsafe extern "C" fn on_again_closed(handle: Handle) {
    // SAFETY: see above.
    unsafe { closed(handle, UV_IDLE) };
}

unsafe extern "C" fn on_ends_closed(handle: Handle) {
    // SAFETY: see above.
    unsafe { closed(handle, UV_CHECK) };
}

/// # Safety
/// The handle must come from [`add`], with the same `kind`, and be closed; to be called once.
unsafe fn closed(handle: Handle, kind: c_int) {
    let Some(api) = api() else { return };
    // SAFETY: see above.
    let shared = unsafe {
        let shared = Rc::from_raw((api.get_data)(handle).cast::<Shared>());
        api.deallocate(handle, kind);
        shared
    };
    shared.closed();
}
