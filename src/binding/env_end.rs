//! Closes what an environment has open if it ends without finalizing its objects, as that of a Deno worker does.
//! Otherwise its listeners would continue to accept connections. Used by the classes that have threads.

use std::cell::RefCell;
use std::ffi::c_void;

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

use crate::engine::panics;

/// A clean-up hook of an environment. Dropping this removes it.
pub struct EnvEnd {
    env: sys::napi_env,
    data: Box<Data>,
}

/// What the hook calls; `None` once it was called.
struct Data(RefCell<Option<Box<dyn FnOnce()>>>);

impl EnvEnd {
    /// A hook that calls `close`.
    pub fn new(env: &Env, close: impl FnOnce() + 'static) -> Result<Self> {
        let data = Box::new(Data(RefCell::new(Some(Box::new(close)))));
        let end = Self { env: env.raw(), data };
        // SAFETY: called from JavaScript; the hook is removed before its data is freed.
        check_status!(unsafe {
            sys::napi_add_env_cleanup_hook(end.env, Some(shut_down), end.argument())
        })?;
        Ok(end)
    }

    fn argument(&self) -> *mut c_void {
        (&raw const *self.data).cast_mut().cast()
    }
}

impl Drop for EnvEnd {
    fn drop(&mut self) {
        if self.data.0.borrow().is_none() {
            return; // removing a hook that has run would be an error
        }
        // SAFETY: called on the environment's thread; the hook was added with the same argument.
        unsafe { sys::napi_remove_env_cleanup_hook(self.env, Some(shut_down), self.argument()) };
    }
}

unsafe extern "C" fn shut_down(data: *mut c_void) {
    // SAFETY: this is the data of an `EnvEnd`, which lives as long as its hook.
    let data = unsafe { &*data.cast::<Data>() };
    let close = data.0.borrow_mut().take();
    // A panic must not unwind into Node.
    let _ = close.map(panics::caught);
}
