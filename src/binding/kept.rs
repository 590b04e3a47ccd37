//! What is kept of JavaScript while Rust uses it. Of napi-rs, such a value is not freed once the clean-up of its environment
//! has begun: a worker that ended would leave its references behind. Used by [`super::core`], [`super::event_loop`]
//! and ipc2's classes.

use std::ops::Deref;
use std::{ptr, slice};

use napi::bindgen_prelude::*;
use napi::{JsValue, check_status, sys};

/// A value that is not collected meanwhile. To be dropped on the environment's thread, before the environment is gone.
pub struct Kept {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl Kept {
    /// Call it from JavaScript.
    pub fn new(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: called from JavaScript, with a value of this environment.
        check_status!(unsafe { sys::napi_create_reference(env, value, 1, &mut reference) })?;
        Ok(Self { env, reference })
    }

    /// Its environment.
    #[cfg(unix)]
    pub fn env(&self) -> sys::napi_env {
        self.env
    }

    /// The value, with a handle scope open. Null: JavaScript has stopped running.
    #[cfg(unix)]
    pub fn value(&self) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: on the environment's thread, with its own reference.
        unsafe { sys::napi_get_reference_value(self.env, self.reference, &mut value) };
        value
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: on the environment's thread; the reference is only deleted here.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

/// A `Uint32Array` of JavaScript's.
pub struct Numbers {
    data: *mut u32,
    len: usize,
    /// What they are in: the array, or else this.
    _kept: Option<Kept>,
    _own: Vec<u32>,
}

impl Numbers {
    /// Lets go of the array. From now on these are numbers of Rust's own, all 0.
    pub fn let_go(&mut self) {
        self._own = vec![0; self.len];
        self.data = self._own.as_mut_ptr();
        self._kept = None;
    }

    /// The numbers.
    ///
    /// # Safety
    /// JavaScript does not run meanwhile.
    pub unsafe fn as_mut(&mut self) -> &mut [u32] {
        // SAFETY: the memory is kept, or its own; see above.
        unsafe { slice::from_raw_parts_mut(self.data, self.len) }
    }
}

impl Deref for Numbers {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        // SAFETY: the memory is kept, or its own.
        unsafe { slice::from_raw_parts(self.data, self.len) }
    }
}

impl FromNapiValue for Numbers {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: the caller's.
        let mut array = unsafe { Uint32ArraySlice::from_napi_value(env, value) }?;
        // SAFETY: only the place is taken.
        let numbers = unsafe { array.as_mut() };
        let (data, len) = (numbers.as_mut_ptr(), numbers.len());
        let kept = Kept::new(env, array.raw())?;
        Ok(Self { data, len, _kept: Some(kept), _own: Vec::new() })
    }
}
