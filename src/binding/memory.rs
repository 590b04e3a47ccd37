//! JavaScript buffers that use the memory that their bytes were received into. Used by [`super::deliver`].

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;

use bytes::Bytes;
use napi::bindgen_prelude::*;
use napi::{check_status, sys};

/// From this many bytes on, a copy costs more than a buffer with a finalizer.
const WORTH_IT: usize = 256 * 1024;

/// A buffer with a copy of `bytes`.
pub fn copy(env: sys::napi_env, bytes: &[u8]) -> Result<sys::napi_value> {
    let (mut value, copied) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: called from JavaScript; the bytes are copied before the call returns.
    let status = unsafe {
        sys::napi_create_buffer_copy(env, bytes.len(), bytes.as_ptr().cast(), copied, &mut value)
    };
    check_status!(status)?;
    Ok(value)
}

/// A buffer that uses the memory of `bytes`, if they are many, have no other owner, and the runtime allows it.
/// Otherwise a copy.
pub fn give(env: sys::napi_env, bytes: Bytes) -> Result<sys::napi_value> {
    if bytes.len() < WORTH_IT {
        return copy(env, &bytes);
    }
    let bytes = match bytes.try_into_mut() {
        Ok(own) => own,
        Err(shared) => return copy(env, &shared),
    };
    let mut owner = Box::new(bytes);
    let (len, data) = (owner.len(), owner.as_mut_ptr().cast::<c_void>());
    let hint = Box::into_raw(owner);
    let mut value = ptr::null_mut();
    // SAFETY: called from JavaScript; `free` takes back `hint`, which keeps the memory in place.
    let status = unsafe {
        sys::napi_create_external_buffer(env, len, data, Some(free), hint.cast(), &mut value)
    };
    if status == sys::Status::napi_ok {
        return Ok(value);
    }
    // SAFETY: the call has failed, as it does if V8 has a memory cage: nothing else has the hint.
    let bytes = unsafe { Box::from_raw(hint) };
    copy(env, &bytes)
}

/// A buffer of `len` bytes of V8's own, which `receive` fills: it returns how many it has initialised. `undefined` if it
/// has nothing.
pub fn receive(
    env: sys::napi_env,
    len: usize,
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> Option<usize>,
) -> Result<sys::napi_value> {
    let (mut value, mut data) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: called from JavaScript, or from the event loop in a handle scope. The new buffer has `len` bytes, which nobody
    // else knows before this returns.
    let room = unsafe {
        check_status!(sys::napi_create_buffer(env, len, &mut data, &mut value))?;
        std::slice::from_raw_parts_mut(data.cast::<MaybeUninit<u8>>(), len)
    };
    match receive(room) {
        Some(all) if all == len => Ok(value),
        // SAFETY: so many of them are initialised.
        Some(some) => copy(env, unsafe { &*(ptr::from_ref(&room[..some]) as *const [u8]) }),
        // SAFETY: see above.
        None => unsafe { ToNapiValue::to_napi_value(env, ()) },
    }
}

unsafe extern "C" fn free(_: sys::napi_env, _: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` was made by `give`; this is called once.
    drop(unsafe { Box::from_raw(hint.cast::<bytes::BytesMut>()) });
}
