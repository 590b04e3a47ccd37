//! Where the handlers of a socket or a listener run, for `async_hooks` and `AsyncLocalStorage`: a resource with
//! an identity of its own, as node:net has for each socket. Used by `src/js/engine/scope.js`.
//!
//! It is part of the addon because a turn of the event loop enters a scope anyway, so it costs nothing
//! more.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr;
use std::rc::{Rc, Weak};

use napi::bindgen_prelude::*;
use napi::{Env, JsString, check_status, sys};
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

/// All scopes of an environment, each by a number: an object of its own for each, which V8 would have to finalize,
/// takes ten times as long as its scope.
#[napi]
#[derive(Default)]
pub struct Scopes {
    open: RefCell<HashMap<u32, Rc<Context>>>,
    last: Cell<u32>,
}

#[napi]
impl Scopes {
    /// None yet.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// A scope with the context of the caller. `resource` is the object that async_hooks show; it has to live as long as
    /// the scope, which lasts until `end`. Returns its number.
    #[napi(catch_unwind)]
    pub fn open(&self, env: Env, resource: Object<'_>, kind: JsString<'_>) -> Result<u32> {
        let (env, mut raw) = (env.raw(), ptr::null_mut());
        // SAFETY: called from JavaScript, with values of this environment.
        check_status!(unsafe { sys::napi_async_init(env, resource.raw(), kind.raw(), &mut raw) })?;
        let mut open = self.open.borrow_mut();
        let mut number = self.last.get().wrapping_add(1);
        while open.contains_key(&number) {
            number = number.wrapping_add(1);
        }
        self.last.set(number);
        open.insert(number, Rc::new(Context { env, raw }));
        Ok(number)
    }

    /// Calls `act` in a scope; in that of the caller once it has ended.
    #[napi(catch_unwind)]
    pub fn run(&self, env: Env, number: u32, act: Function<(), Unknown>) -> Result<()> {
        let context = self.context(number).upgrade(); // `act` may end it
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

    /// Ends a scope: nothing will run in it any more.
    #[napi(catch_unwind)]
    pub fn end(&self, number: u32) {
        let ended = self.open.borrow_mut().remove(&number);
        drop(ended); // async_hooks may call JavaScript
    }
}

impl Scopes {
    /// The context of a scope, as long as it has not ended.
    pub fn context(&self, number: u32) -> Weak<Context> {
        self.open.borrow().get(&number).map_or_else(Weak::new, Rc::downgrade)
    }
}
