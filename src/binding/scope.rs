//! Where the handlers of a socket or a listener run, for `async_hooks` and `AsyncLocalStorage`: a resource with
//! an identity of its own, as node:net has for each socket. Used by `src/js/engine/scope.js`.
//!
//! It is part of the addon because a turn of the event loop enters a scope anyway, so it costs nothing
//! more.

use std::cell::RefCell;
use std::ptr;
use std::rc::{Rc, Weak};

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};
use napi_derive::napi;

/// A resource of async_hooks. It ends when its last owner drops it.
pub struct Context {
    env: sys::napi_env,
    raw: sys::napi_async_context,
}

impl Context {
    pub fn raw(&self) -> sys::napi_async_context {
        self.raw
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: on the environment's thread, before its end; the context is destroyed only here.
        unsafe { sys::napi_async_destroy(self.env, self.raw) };
    }
}

/// See the module's page.
#[napi]
pub struct Scope {
    /// `None` once ended, which may happen inside the scope itself.
    context: RefCell<Option<Rc<Context>>>,
}

#[napi]
impl Scope {
    /// A scope with the context of the caller. `resource` is the object that async_hooks show; it has to
    /// live as long as the scope.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, resource: Object<'_>, kind: String) -> Result<Self> {
        let (env, mut name, mut raw) = (env.raw(), ptr::null_mut(), ptr::null_mut());
        let len = kind.len() as isize;
        // SAFETY: called from JavaScript, with values of this environment.
        unsafe {
            check_status!(sys::napi_create_string_utf8(env, kind.as_ptr().cast(), len, &mut name))?;
            check_status!(sys::napi_async_init(env, resource.raw(), name, &mut raw))?;
        }
        Ok(Self { context: RefCell::new(Some(Rc::new(Context { env, raw }))) })
    }

    /// Calls `act` in it.
    #[napi(catch_unwind)]
    pub fn run(&self, env: Env, act: Function<(), Unknown>) -> Result<()> {
        let context = self.context.borrow().clone();
        let (mut global, mut result) = (ptr::null_mut(), ptr::null_mut());
        let raw = context.as_ref().map_or(ptr::null_mut(), |context| context.raw());
        let (env, none) = (env.raw(), ptr::null());
        // SAFETY: called from JavaScript; the context lives until this returns. An error that `act` throws stays
        // pending.
        unsafe {
            check_status!(sys::napi_get_global(env, &mut global))?;
            check_status!(sys::napi_make_callback(
                env,
                raw,
                global,
                act.raw(),
                0,
                none,
                &mut result
            ))
        }
    }

    /// Ends the scope: nothing will run in it any more.
    #[napi(catch_unwind)]
    pub fn end(&self) {
        drop(self.context.take());
    }
}

impl Scope {
    /// Its context, as long as it has not ended.
    pub fn context(&self) -> Weak<Context> {
        self.context.borrow().as_ref().map_or_else(Weak::new, Rc::downgrade)
    }
}
