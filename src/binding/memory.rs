//! JavaScript buffers that use the memory that their bytes were received into. Used by [`super::deliver`].

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use bytes::Bytes;
use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use crate::engine::transport::Attachment;

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
    external(env, bytes, |bytes| (bytes.as_mut_ptr(), bytes.len()))
}

/// A buffer that is the memory, if the runtime allows it; otherwise a copy. A number of bytes in place of anything else.
pub fn give_beside(env: sys::napi_env, attachment: Attachment) -> Result<sys::napi_value> {
    let len = match attachment {
        Attachment::Memory(memory) => {
            return external(env, memory, |memory| (memory.as_mut_ptr(), memory.len()));
        }
        Attachment::TooLarge(len) => len,
        Attachment::Invalid | Attachment::Lost => 0,
    };
    // SAFETY: called from JavaScript.
    unsafe { ToNapiValue::to_napi_value(env, len as f64) }
}

/// A buffer of the bytes that `owner` keeps in place: where they are, and how many.
fn external<T>(
    env: sys::napi_env,
    owner: T,
    bytes: impl FnOnce(&mut T) -> (*mut u8, usize),
) -> Result<sys::napi_value> {
    let mut owner = Box::new(owner);
    let (data, len) = bytes(&mut owner);
    let hint = Box::into_raw(owner);
    let mut value = ptr::null_mut();
    let free = Some(free::<T> as unsafe extern "C" fn(_, _, _));
    // SAFETY: called from JavaScript; `free` takes back `hint`, which keeps the memory in place.
    let status = unsafe {
        sys::napi_create_external_buffer(env, len, data.cast(), free, hint.cast(), &mut value)
    };
    if status == sys::Status::napi_ok {
        return Ok(value);
    }
    // SAFETY: the call has failed, as it does if V8 has a memory cage: nothing else has the hint.
    let _owner = unsafe { Box::from_raw(hint) };
    // SAFETY: the owner keeps so many bytes there.
    copy(env, unsafe { slice::from_raw_parts(data, len) })
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
        slice::from_raw_parts_mut(data.cast::<MaybeUninit<u8>>(), len)
    };
    match receive(room) {
        Some(all) if all == len => Ok(value),
        // SAFETY: so many of them are initialised.
        Some(some) => copy(env, unsafe { &*(ptr::from_ref(&room[..some]) as *const [u8]) }),
        // SAFETY: see above.
        None => unsafe { ToNapiValue::to_napi_value(env, ()) },
    }
}

unsafe extern "C" fn free<T>(_: sys::napi_env, _: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` was made by `external` of the same type; this is called once.
    drop(unsafe { Box::from_raw(hint.cast::<T>()) });
}
