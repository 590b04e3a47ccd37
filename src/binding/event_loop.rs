//! Lets the engine use the environment's libuv loop: finds the loop, calls JavaScript from its callbacks,
//! and makes sure that no handle outlives the environment. Used by [`super::hub`] and by ipc2's classes.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::{Rc, Weak};

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

use super::core::{Core, Taken};
use super::deliver::Payload;
use super::kept::Kept;
use super::scope::Context;
use crate::engine::driver::uv::{Consumer, Loop, Turn};
use crate::engine::panics::{self, caught};

/// Makes the environment's loop call `turn` with each event of `core` and, if `watch` is set, watch its
/// connections, too. Does nothing without libuv.
pub fn attach(
    core: &Rc<RefCell<Core>>,
    env: &Env,
    turn: &Function<Unknown, ()>,
    watch: bool,
) -> Result<()> {
    let callback = Callback::new(env.raw(), turn.raw())?;
    let turns = Turns { callback, core: Rc::downgrade(core), depth: Cell::new(0) };
    if let Some((uv_loop, closed)) = open(env, Box::new(turns))? {
        core.borrow_mut().engine.use_loop(uv_loop, watch, closed);
    }
    Ok(())
}

/// A hold on a loop, and the function to call when the loop is closed.
pub type Opened = (Loop, Box<dyn FnOnce()>);

/// A hold on the environment's loop, whose turns call `consumer`. `None` without libuv.
pub fn open(env: &Env, consumer: Box<dyn Consumer>) -> Result<Option<Opened>> {
    let mut uv_loop = ptr::null_mut();
    // SAFETY: called from JavaScript, on the environment's thread.
    let status = unsafe { sys::napi_get_uv_event_loop(env.raw(), &mut uv_loop) };
    if status != sys::Status::napi_ok || uv_loop.is_null() {
        return Ok(None);
    }
    // SAFETY: this thread runs the loop; the guard keeps it running until all handles are closed.
    let Some(uv_loop) = (unsafe { Loop::new(uv_loop.cast(), consumer) }) else { return Ok(None) };
    let guard = Guard::new(env.raw(), uv_loop.clone())?;
    Ok(Some((uv_loop, Box::new(move || guard.release()))))
}

/// A JavaScript function that the loop calls while no JavaScript is running.
pub struct Callback(Kept);

impl Callback {
    /// Call it from JavaScript.
    pub fn new(env: sys::napi_env, function: sys::napi_value) -> Result<Self> {
        Kept::new(env, function).map(Self)
    }

    /// Handling an event panicked. Reports that as an uncaught exception; the next event follows.
    pub fn report_panic(&self) {
        let (env, mut handles) = (self.0.env(), ptr::null_mut());
        // SAFETY: as in `call`.
        unsafe {
            if sys::napi_open_handle_scope(env, &mut handles) == sys::Status::napi_ok {
                let error = JsError::from(Error::new(panics::CODE, panics::MESSAGE.to_owned()));
                sys::napi_fatal_exception(env, error.into_value(env));
                sys::napi_close_handle_scope(env, handles);
            }
        }
    }

    /// Calls the function in `scope`. An error that it throws is an uncaught exception, as from any
    /// event. False: JavaScript has stopped running.
    pub fn call(&self, payload: Payload, scope: Option<&Context>) -> bool {
        let (env, mut handles) = (self.0.env(), ptr::null_mut());
        // SAFETY: on the environment's thread, from its loop, while the loop's handles are open.
        // They are closed when the environment is gone.
        unsafe {
            if sys::napi_open_handle_scope(env, &mut handles) != sys::Status::napi_ok {
                return false;
            }
            let called = self.call_in_scope(payload, scope);
            sys::napi_close_handle_scope(env, handles);
            called
        }
    }

    /// # Safety
    /// As [`Callback::call`], with a handle scope open.
    unsafe fn call_in_scope(&self, payload: Payload, scope: Option<&Context>) -> bool {
        let (env, function) = (self.0.env(), self.0.value());
        let (mut global, mut result) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: see above. If a call fails, the environment is ending, and nothing is left to do.
        unsafe {
            sys::napi_get_global(env, &mut global);
            let payload = Payload::to_napi_value(env, payload).unwrap_or_default();
            if function.is_null() || global.is_null() || payload.is_null() {
                return false;
            }
            let context = scope.map_or(ptr::null_mut(), Context::raw);
            let status =
                sys::napi_make_callback(env, context, global, function, 1, &payload, &mut result);
            let mut pending = false;
            sys::napi_is_exception_pending(env, &mut pending);
            let mut error = ptr::null_mut();
            if pending && sys::napi_get_and_clear_last_exception(env, &mut error) == 0 {
                sys::napi_fatal_exception(env, error);
            }
            pending || status == sys::Status::napi_ok
        }
    }
}

/// Calls a function with the events of a hub.
struct Turns {
    callback: Callback,
    /// Weak, since the loop that calls this belongs to the core.
    core: Weak<RefCell<Core>>,
    /// Calls in progress: more than one if a handler runs the event loop.
    depth: Cell<u32>,
}

impl Consumer for Turns {
    fn put_off(&self) -> (u32, u32) {
        self.core.upgrade().map_or((0, 0), |core| core.borrow().put_off())
    }

    fn turn_begins(&self) {
        if let Some(core) = self.core.upgrade() {
            core.borrow().engine.turn_begins();
        }
    }

    fn turn_ends(&self) {
        if let Some(core) = self.core.upgrade() {
            core.borrow_mut().count_turn();
        }
    }

    fn waits_for_turns(&self) -> bool {
        self.core.upgrade().is_some_and(|core| core.borrow().engine.waits_for_turns())
    }

    fn turn(&self, put_off: bool) -> Turn {
        let Some(core) = self.core.upgrade() else { return Turn::Gone };
        let depth = self.depth.get();
        // If a handler waits in the event loop, what it has emitted so far has to be sent.
        let Some(taken) = caught(|| core.borrow_mut().turn(put_off, depth > 0)) else {
            self.callback.report_panic();
            return Turn::Later; // with the next event
        };
        let Some(Taken { payload, weight, scope }) = taken else {
            return if core.borrow().put_off() == (0, 0) { Turn::Done } else { Turn::Later };
        };
        self.depth.set(depth + 1);
        let called = self.callback.call(payload, scope.as_deref());
        self.depth.set(depth);
        if !called {
            return Turn::Gone;
        }
        let core = core.borrow();
        match (core.put_off(), core.engine.end_turn()) {
            ((0, _), false) => Turn::More(weight),
            ((0, 0), true) => Turn::Done,
            _ => Turn::Later,
        }
    }
}

/// A clean-up hook of the environment that closes a loop's handles and makes the environment wait
/// for that. If an environment (above all that of a worker) ends with open handles, the process
/// aborts.
struct Guard {
    uv_loop: Loop,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
}

impl Guard {
    fn new(env: sys::napi_env, uv_loop: Loop) -> Result<Rc<Self>> {
        let guard = Rc::new(Self { uv_loop, hook: Cell::new(ptr::null_mut()) });
        let mut hook = ptr::null_mut();
        let data = Rc::into_raw(guard.clone()).cast_mut().cast();
        // SAFETY: called from JavaScript; `data` is a reference count of the guard, which `release`
        // releases.
        let status =
            unsafe { sys::napi_add_async_cleanup_hook(env, Some(close_all), data, &mut hook) };
        check_status!(status)?;
        guard.hook.set(hook);
        Ok(guard)
    }

    /// The handles are closed: the environment need not wait any longer.
    fn release(self: &Rc<Self>) {
        let hook = self.hook.replace(ptr::null_mut());
        if hook.is_null() {
            return;
        }
        // SAFETY: the hook is removed only here, once, together with the reference count that its
        // data was.
        unsafe {
            sys::napi_remove_async_cleanup_hook(hook);
            Rc::decrement_strong_count(Rc::as_ptr(self));
        }
    }
}

unsafe extern "C" fn close_all(_: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: `data` is a reference count of the guard, which stays until `release`.
    let guard = unsafe {
        Rc::increment_strong_count(data.cast::<Guard>());
        Rc::from_raw(data.cast::<Guard>())
    };
    let done = guard.clone();
    // A panic must not unwind into Node.
    let _ = caught(|| guard.uv_loop.close(Box::new(move || done.release())));
}
