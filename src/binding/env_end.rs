//! Closes a hub when its environment ends and keeps its objects, as the environment of a Deno worker
//! does: nothing finalizes them, so listeners would go on accepting for nobody.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::rc::Rc;

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

use super::core::Core;

/// A clean-up hook of an environment that shuts a hub down; removed when this is dropped.
pub struct EnvEnd {
    env: sys::napi_env,
    data: Box<Data>,
}

struct Data {
    core: Rc<RefCell<Core>>,
    done: Cell<bool>,
}

impl EnvEnd {
    /// Will shut the hub of `core` down.
    pub fn new(env: &Env, core: Rc<RefCell<Core>>) -> Result<Self> {
        let end = Self { env: env.raw(), data: Box::new(Data { core, done: Cell::new(false) }) };
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
        if self.data.done.get() {
            return; // removing a hook that has run would be an error
        }
        // SAFETY: on the environment's thread; the hook was added with the same argument.
        unsafe { sys::napi_remove_env_cleanup_hook(self.env, Some(shut_down), self.argument()) };
    }
}

unsafe extern "C" fn shut_down(data: *mut c_void) {
    // SAFETY: the data of an `EnvEnd`, which is there as long as its hook is.
    let data = unsafe { &*data.cast::<Data>() };
    data.done.set(true);
    data.core.borrow_mut().engine.shut_down();
}
