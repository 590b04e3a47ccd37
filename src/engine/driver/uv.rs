//! The loop driver's hold on a libuv event loop that somebody else runs (Node's, Electron's): which
//! symbols it needs, and one `uv_poll_t` per socket. Unix only.
//!
//! The symbols are looked up at run time, never linked: where they are missing (Bun, Deno, a program
//! without Node) [`Loop::new`] returns `None` and sockets stay with the tokio driver.
//!
//! Everything here happens on the loop's own thread. The functions of libuv that are used:
//! <https://docs.libuv.org/en/v1.x/poll.html>, <https://docs.libuv.org/en/v1.x/handle.html>.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{self, ThreadId};
use std::time::Instant;

use bytes::BytesMut;

use super::busy_poll::{BusyPoll, MOST_POLLS, MOST_TIME};
use crate::engine::event::Id;

const UV_READABLE: c_int = 1;
const UV_WRITABLE: c_int = 2;
/// `uv_handle_type` of a poll handle.
const UV_POLL: c_int = 8;

/// What a look at a socket has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// So many bytes; perhaps there are more.
    Part(usize),
    /// All there was, or the end.
    All,
}

/// Bytes after which a socket that always has more lets the event loop turn.
pub const TURN_BYTES: usize = 1024 * 1024;

/// Whose socket is watched: a connection or a datagram socket. All calls come on the loop's thread.
pub trait Watched {
    /// Its handle.
    fn id(&self) -> Id;
    /// The socket is ready, or the loop has stopped watching it after an error.
    fn on_ready(self: Arc<Self>, read: bool, write: bool, stopped: bool) -> Found;
    /// Reads what is there, before the loop says that there is something. `None`: nothing is to be read, or
    /// something waits to be sent.
    fn poll_now(self: Arc<Self>) -> Option<Found>;
    /// How much was handed to the system so far, in whatever unit.
    fn sent(&self) -> u64;
    /// Closes now. Nothing is reported any more.
    fn destroy(&self);
}

/// A receive buffer of up to this many bytes is kept for the next read of any connection.
const BUFFER_KEPT: usize = 256 * 1024;

type Handle = *mut c_void;
type PollCallback = unsafe extern "C" fn(Handle, c_int, c_int);
type CloseCallback = unsafe extern "C" fn(Handle);

/// The functions of libuv that are used.
struct Api {
    poll_init: unsafe extern "C" fn(*mut c_void, Handle, c_int) -> c_int,
    poll_start: unsafe extern "C" fn(Handle, c_int, PollCallback) -> c_int,
    poll_stop: unsafe extern "C" fn(Handle) -> c_int,
    close: unsafe extern "C" fn(Handle, CloseCallback),
    unref: unsafe extern "C" fn(Handle),
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    backend_timeout: unsafe extern "C" fn(*const c_void) -> c_int,
    set_data: unsafe extern "C" fn(Handle, *mut c_void),
    get_data: unsafe extern "C" fn(Handle) -> *mut c_void,
}

/// `None` if this process has no libuv to offer.
fn api() -> Option<&'static Api> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    let load = || {
        // SAFETY: a symbol of each name is libuv's function of the field's signature, which is part
        // of its stable ABI for the whole of version 1.
        unsafe {
            Some(Api {
                poll_init: symbol(c"uv_poll_init")?,
                poll_start: symbol(c"uv_poll_start")?,
                poll_stop: symbol(c"uv_poll_stop")?,
                close: symbol(c"uv_close")?,
                unref: symbol(c"uv_unref")?,
                handle_size: symbol(c"uv_handle_size")?,
                backend_timeout: symbol(c"uv_backend_timeout")?,
                set_data: symbol(c"uv_handle_set_data")?,
                get_data: symbol(c"uv_handle_get_data")?,
            })
        }
    };
    API.get_or_init(load).as_ref()
}

/// The function `name` of this process, if it has one.
///
/// # Safety
/// `F` must be the function pointer type of that symbol.
pub unsafe fn symbol<F: Copy>(name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: the name is NUL-terminated; the default scope needs no handle.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: a function pointer has the size and representation of an address (asserted above).
    (!address.is_null()).then(|| unsafe { std::mem::transmute_copy(&address) })
}

/// A loop that sockets can be watched on.
#[derive(Clone)]
pub struct Loop {
    shared: Rc<Shared>,
}

struct Shared {
    api: &'static Api,
    uv_loop: *mut c_void,
    thread: ThreadId,
    /// Called after each round of events, to have them taken from the mailbox. False: nobody will any more.
    turn: Box<dyn Fn() -> bool>,
    /// Handles that are not yet closed, the closing ones included.
    open: Cell<usize>,
    watched: RefCell<HashMap<Id, Weak<dyn Watched>>>,
    /// For the reads of all connections: each has it for one turn.
    buffer: Cell<BytesMut>,
    busy_poll: Cell<BusyPoll>,
    /// To be called when the last handle is closed.
    when_closed: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Loop {
    /// Sockets on `uv_loop`; `turn` is called, on this thread, when the mailbox has something.
    ///
    /// # Safety
    /// `uv_loop` must be a libuv loop that this thread runs, and must run until
    /// [`Loop::close`] has reported that all handles are closed.
    pub unsafe fn new(uv_loop: *mut c_void, turn: Box<dyn Fn() -> bool>) -> Option<Self> {
        let shared = Shared {
            api: api()?,
            uv_loop,
            thread: thread::current().id(),
            turn,
            open: Cell::new(0),
            watched: RefCell::default(),
            buffer: Cell::default(),
            busy_poll: Cell::default(),
            when_closed: RefCell::default(),
        };
        Some(Self { shared: Rc::new(shared) })
    }

    /// Destroys all that is watched on this loop and calls `done` when their handles are closed.
    pub fn close(&self, done: Box<dyn FnOnce()>) {
        let watched: Vec<_> = self.shared.watched.borrow_mut().drain().collect();
        for owner in watched.into_iter().filter_map(|(_, weak)| weak.upgrade()) {
            owner.destroy();
        }
        *self.shared.when_closed.borrow_mut() = Some(done);
        self.shared.check_closed();
    }

    /// Prepares to watch `fd` for `owner`, whose `on_ready` will be called.
    pub fn watch(&self, fd: RawFd, owner: Arc<dyn Watched>) -> io::Result<Poll> {
        let shared = &self.shared;
        let handle = allocate(shared.api);
        // SAFETY: `handle` has the size that this libuv wants, the loop is alive (see `new`).
        let status = unsafe { (shared.api.poll_init)(shared.uv_loop, handle, fd) };
        if status != 0 {
            // SAFETY: a handle whose initialisation failed is not known to the loop.
            unsafe { deallocate(shared.api, handle) };
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
        shared.open.set(shared.open.get() + 1);
        Ok(Poll { handle, shared: shared.clone(), id, events: Cell::new(0) })
    }
}

impl Shared {
    /// Has the consumer take what was found, and what else is there, within bounds. True: it has taken all.
    fn take_all(&self, owner: &Arc<dyn Watched>, mut found: Found) -> bool {
        let mut budget = TURN_BYTES;
        loop {
            let goes_on = (self.turn)();
            let Found::Part(len) = found else { return goes_on };
            budget = budget.saturating_sub(len);
            if !goes_on || budget == 0 || !self.is_idle() {
                return false;
            }
            let Some(more) = owner.clone().poll_now() else { return false };
            found = more;
        }
    }

    /// Looks for more, after a turn of `owner`, which had sent so much before it: see [`super::busy_poll`].
    fn poll_busily(&self, owner: &Arc<dyn Watched>, mut before: u64) {
        let mut since = None;
        for _ in 0..MOST_POLLS {
            let mut policy = self.busy_poll.get();
            let now = owner.sent();
            let limit = policy.turn(owner.id(), now > before);
            self.busy_poll.set(policy);
            before = now;
            let Some(limit) = limit.filter(|_| self.is_idle()) else { return };
            let begin = Instant::now();
            if begin - *since.get_or_insert(begin) > MOST_TIME {
                return;
            }
            let found = loop {
                thread::yield_now();
                match owner.clone().poll_now() {
                    Some(Found::Nothing) if begin.elapsed() < limit => {}
                    found => break found,
                }
            };
            if let Some(found) = found {
                policy.polled(found != Found::Nothing);
                self.busy_poll.set(policy);
            }
            // Also after a vain look, which has put off the wake-ups for what others reported meanwhile.
            let goes_on = self.take_all(owner, found.unwrap_or(Found::Nothing));
            if !goes_on || matches!(found, None | Some(Found::Nothing)) {
                return;
            }
        }
    }

    /// Whether the loop has nothing to do right now but for sockets.
    fn is_idle(&self) -> bool {
        // SAFETY: the loop is alive (see `Loop::new`), and this is its thread.
        unsafe { (self.api.backend_timeout)(self.uv_loop) != 0 }
    }

    fn check_closed(&self) {
        if self.open.get() > 0 {
            return;
        }
        let done = self.when_closed.borrow_mut().take();
        if let Some(done) = done {
            done();
        }
    }
}

/// What a handle's data points to.
struct Watch {
    shared: Rc<Shared>,
    owner: Arc<dyn Watched>,
}

/// A watched socket. Dropping it ends the watch at once; the socket may be closed right after.
pub struct Poll {
    handle: Handle,
    shared: Rc<Shared>,
    id: Id,
    /// What is watched for now.
    events: Cell<c_int>,
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

    /// A buffer to receive into.
    pub fn borrow_buffer(&self) -> BytesMut {
        self.shared.buffer.take()
    }

    /// Gives the buffer back; one that has grown is let go of.
    pub fn return_buffer(&self, buffer: BytesMut) {
        if buffer.capacity() <= BUFFER_KEPT {
            self.shared.buffer.set(buffer);
        }
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
    // A panic must not unwind into libuv.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let before = owner.sent();
        let (read, write) = (events & UV_READABLE != 0, events & UV_WRITABLE != 0);
        let found = owner.clone().on_ready(read, write, status < 0);
        if shared.take_all(&owner, found) {
            shared.poll_busily(&owner, before);
        }
    }));
}

unsafe extern "C" fn on_closed(handle: Handle) {
    let Some(api) = api() else { return };
    // SAFETY: the data was set by `watch`; nobody uses the handle after this.
    let watch = unsafe { Box::from_raw((api.get_data)(handle).cast::<Watch>()) };
    // SAFETY: the loop has let go of the handle.
    unsafe { deallocate(api, handle) };
    let shared = watch.shared.clone();
    drop(watch);
    shared.open.set(shared.open.get() - 1);
    shared.check_closed();
}

fn layout(api: &Api) -> Layout {
    // SAFETY: a pure function of the type.
    let size = unsafe { (api.handle_size)(UV_POLL) };
    Layout::from_size_align(size, align_of::<u128>()).expect("a handle is small")
}

fn allocate(api: &Api) -> Handle {
    let layout = layout(api);
    // SAFETY: the size is not zero.
    let handle = unsafe { alloc_zeroed(layout) };
    if handle.is_null() {
        handle_alloc_error(layout);
    }
    handle.cast()
}

/// # Safety
/// `handle` must come from [`allocate`] and not be used any more.
unsafe fn deallocate(api: &Api, handle: Handle) {
    // SAFETY: see above; the layout is the same for every handle.
    unsafe { dealloc(handle.cast(), layout(api)) };
}
