//! The loop driver's watch over one socket: a `uv_poll_t`. Used by `on_loop` and `datagrams_on_loop`.
//!
//! <https://docs.libuv.org/en/v1.x/poll.html>, <https://docs.libuv.org/en/v1.x/handle.html>.

use std::cell::Cell;
use std::ffi::c_int;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use super::api::{Handle, UV_POLL, api};
use super::{Found, Loop, Shared, Watched, guarded};
use crate::engine::event::Id;
use crate::engine::link::Shelf;
use crate::engine::panics::{caught, is_refused};

const UV_READABLE: c_int = 1;
const UV_WRITABLE: c_int = 2;

impl Loop {
    /// Prepares to watch `fd` for `owner`, whose `on_ready` will be called.
    pub fn watch(&self, fd: RawFd, owner: Arc<dyn Watched>) -> io::Result<Poll> {
        if is_refused("watch") {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let shared = &self.shared;
        let handle = shared.api.allocate(UV_POLL);
        // SAFETY: `handle` has the size that this libuv wants, the loop is alive (see `new`).
        let status = unsafe { (shared.api.poll_init)(shared.uv_loop, handle, fd) };
        if status != 0 {
            // SAFETY: the loop does not know a handle whose initialisation failed.
            unsafe { shared.api.deallocate(handle, UV_POLL) };
            return Err(io::Error::from_raw_os_error(-status));
        }
        let id = owner.id();
        shared.watched.borrow_mut().insert(id, Arc::downgrade(&owner));
        let data = Box::new(Watch { shared: shared.clone(), owner });
        // SAFETY: the handle is initialised. `on_closed` takes the data back.
        unsafe {
            (shared.api.set_data)(handle, Box::into_raw(data).cast());
            // Whether the process stays alive is decided elsewhere, for both drivers alike.
            (shared.api.unref)(handle);
        }
        shared.opened();
        Ok(Poll {
            handle,
            shared: shared.clone(),
            id,
            events: Cell::new(0),
            held: Cell::new(false),
        })
    }
}

/// What the data of a handle points to.
struct Watch {
    shared: Rc<Shared>,
    owner: Arc<dyn Watched>,
}

/// A watched socket. Dropping it ends the watch at once; the socket may be closed right after.
pub struct Poll {
    handle: Handle,
    shared: Rc<Shared>,
    id: Id,
    /// The events that are watched now.
    events: Cell<c_int>,
    /// Not watched for reading: see [`super::held`].
    held: Cell<bool>,
}

// SAFETY: the state of a socket's owner can be reached from other threads, but only the loop's thread
// ever puts a `Poll` into it, uses it, or takes it out: the I/O thread's tasks handle other sockets.
// The handle's data keeps the owner, and so the `Poll`, from being dropped elsewhere.
unsafe impl Send for Poll {}

impl std::fmt::Debug for Poll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poll").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Poll {
    /// Sets what to wait for.
    pub fn set(&self, read: bool, write: bool) {
        debug_assert_eq!(thread::current().id(), self.shared.thread);
        let read = read && !self.held.get();
        let events = if read { UV_READABLE } else { 0 } | if write { UV_WRITABLE } else { 0 };
        if self.events.replace(events) == events {
            return;
        }
        // SAFETY: the handle is initialised and not closed; this is the loop's thread.
        unsafe {
            if events == 0 {
                (self.shared.api.poll_stop)(self.handle);
            } else {
                (self.shared.api.poll_start)(self.handle, events, on_ready);
            }
        }
    }

    /// Nobody can take what it brings now. If there are many such sockets, it is not watched for reading, from the
    /// next [`Poll::set`] on, until [`Watched::read_again`].
    pub fn refuse(&self) {
        if !self.held.get() {
            self.held.set(self.shared.held.add(self.id));
        }
    }

    /// Nothing is read before the loop has had a turn, nor before those are read that wait already. It would be if the
    /// consumer is called before the loop polls.
    pub fn wait_a_turn(&self) {
        let Shared { before_poll, held, .. } = &*self.shared;
        if before_poll.get() || !held.is_empty() {
            held.hold(self.id);
            self.held.set(true);
        }
    }

    /// Ends what [`Poll::refuse`] or [`Poll::wait_a_turn`] began.
    pub fn release(&self) {
        self.held.set(false);
    }

    /// Buffers to receive into.
    pub fn shelf(&self) -> &Shelf {
        &self.shared.shelf
    }

    /// The loop has stopped watching by itself, as it does after an error.
    pub fn stopped(&self) {
        self.events.set(0);
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        debug_assert_eq!(thread::current().id(), self.shared.thread);
        self.shared.watched.borrow_mut().remove(&self.id);
        // SAFETY: the handle is initialised and is closed only here, once; `on_closed` frees it.
        unsafe { (self.shared.api.close)(self.handle, on_closed) };
    }
}

unsafe extern "C" fn on_ready(handle: Handle, status: c_int, events: c_int) {
    let Some(api) = api() else { return };
    // SAFETY: the handle's data was set by `watch` and lives until `on_closed`.
    let watch = unsafe { &*(api.get_data)(handle).cast::<Watch>() };
    // Clones, because what follows may close the handle.
    let (owner, shared) = (watch.owner.clone(), watch.shared.clone());
    guarded(|| {
        let before = owner.sent();
        let (read, write) = (events & UV_READABLE != 0, events & UV_WRITABLE != 0);
        let found = caught(|| owner.clone().on_ready(read, write, status < 0));
        let found = found.unwrap_or_else(|| {
            owner.panicked();
            Found::Nothing
        });
        if shared.take_all(&owner, found) {
            shared.poll_busily(&owner, before);
        }
    });
}

unsafe extern "C" fn on_closed(handle: Handle) {
    let Some(api) = api() else { return };
    // SAFETY: the data was set by `watch`; the handle is not used after this.
    let watch = unsafe { Box::from_raw((api.get_data)(handle).cast::<Watch>()) };
    // SAFETY: the loop has let go of the handle.
    unsafe { api.deallocate(handle, UV_POLL) };
    let shared = watch.shared.clone();
    drop(watch);
    shared.closed();
}
