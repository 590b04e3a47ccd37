//! A JavaScript function that any thread can cause to be called. A hub uses it to wake its consumer and to keep
//! the event loop alive. Used by [`super::hub`].
//!
//! It does not use `Function::build_threadsafe_function`, which names its resource after napi-rs:
//! `async_hooks`, traces and reports of what keeps a process alive would show that name.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Weak};

use napi::bindgen_prelude::*;
use napi::threadsafe_function::ThreadsafeFunctionHandle;
use napi::{Env, check_status, sys};

/// See the module's page.
#[derive(Clone)]
pub struct WakeUp(Arc<ThreadsafeFunctionHandle>);

impl WakeUp {
    /// Does not keep the event loop alive at first.
    pub fn new(env: &Env, function: Function<(), ()>) -> Result<Self> {
        let handle = ThreadsafeFunctionHandle::null();
        let end = Arc::downgrade(&handle).into_raw().cast_mut().cast();
        let (env, mut name, mut raw) = (env.raw(), ptr::null_mut(), ptr::null_mut());
        let (resource, context) = (ptr::null_mut(), ptr::null_mut());
        let text = "ferripc";
        // SAFETY: called from JavaScript, with values of this environment; `ended` takes back `end`.
        unsafe {
            let len = text.len() as isize;
            check_status!(sys::napi_create_string_utf8(env, text.as_ptr().cast(), len, &mut name))?;
            let created = sys::napi_create_threadsafe_function(
                env,
                function.raw(),
                resource,
                name,
                0,
                1,
                end,
                Some(ended),
                context,
                Some(call),
                &mut raw,
            );
            if created != sys::Status::napi_ok {
                drop(Weak::from_raw(end.cast_const().cast::<ThreadsafeFunctionHandle>()));
            }
            check_status!(created)?;
            handle.set_raw(raw);
            check_status!(sys::napi_unref_threadsafe_function(env, raw))?;
        }
        Ok(Self(handle))
    }

    /// Causes the function to be called, from any thread, unless the environment has ended.
    pub fn call(&self) {
        self.0.with_read_aborted(|aborted| {
            let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
            if !aborted {
                // SAFETY: the function is released with the handle, or aborted.
                unsafe {
                    sys::napi_call_threadsafe_function(self.0.get_raw(), ptr::null_mut(), mode)
                };
            }
        });
    }

    /// Keeps the event loop alive, or lets it end.
    pub fn keep_alive(&self, env: &Env, on: bool) {
        let change = if on {
            sys::napi_ref_threadsafe_function
        } else {
            sys::napi_unref_threadsafe_function
        };
        // SAFETY: called on the JS thread with a function that the handle keeps from being freed.
        unsafe { change(env.raw(), self.0.get_raw()) };
    }
}

/// The environment is ending: the function must not be called or released any more.
unsafe extern "C" fn ended(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `data` is what `WakeUp::new` made; this is called once.
    let handle = unsafe { Weak::from_raw(data.cast_const().cast::<ThreadsafeFunctionHandle>()) };
    if let Some(handle) = handle.upgrade() {
        handle.with_write_aborted(|mut aborted| *aborted = true);
    }
}

/// An error that the function throws is an uncaught exception, as from any event.
unsafe extern "C" fn call(
    env: sys::napi_env,
    function: sys::napi_value,
    _: *mut c_void,
    _: *mut c_void,
) {
    if env.is_null() || function.is_null() {
        return; // the environment is ending
    }
    let (mut this, mut result, mut error) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let mut pending = false;
    // SAFETY: called on the JS thread, with a handle scope open.
    unsafe {
        sys::napi_get_undefined(env, &mut this);
        sys::napi_call_function(env, this, function, 0, ptr::null(), &mut result);
        sys::napi_is_exception_pending(env, &mut pending);
        if pending && sys::napi_get_and_clear_last_exception(env, &mut error) == 0 {
            sys::napi_fatal_exception(env, error);
        }
    }
}
