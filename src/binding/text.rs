//! Strings across the border: JavaScript strings are read as UTF-8, and made from ASCII as Latin-1
//! (the cheapest way in) or from UTF-8.

use std::ffi::c_char;
use std::ptr;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

/// A string that turns out to fit into this many bytes is read in one call, without measuring it first:
/// what collects in a connection during a turn does.
const ONE_CALL: usize = 192 * 1024;

/// Most bytes of one character. A buffer with less than that left may hold only a part of the string.
const CHARACTER: usize = 4;

/// Appends `text`, a JavaScript string, to `out`, as UTF-8.
pub fn append(env: sys::napi_env, text: sys::napi_value, out: &mut Vec<u8>) -> Result<()> {
    out.reserve(ONE_CALL);
    let before = out.len();
    read(env, text, out, sys::napi_get_value_string_utf8)?;
    if out.capacity() - out.len() > CHARACTER {
        return Ok(());
    }
    out.truncate(before);
    let units = measure(env, text, sys::napi_get_value_string_latin1)?;
    let bytes = measure(env, text, sys::napi_get_value_string_utf8)?;
    out.reserve(bytes + 1);
    // As many bytes as UTF-16 units: ASCII, which is copied and not converted.
    let ascii = units == bytes;
    let convert =
        if ascii { sys::napi_get_value_string_latin1 } else { sys::napi_get_value_string_utf8 };
    read(env, text, out, convert)
}

type Convert =
    unsafe fn(sys::napi_env, sys::napi_value, *mut c_char, usize, *mut usize) -> sys::napi_status;

/// The length of the string in what `convert` converts it to.
fn measure(env: sys::napi_env, text: sys::napi_value, convert: Convert) -> Result<usize> {
    let mut length = 0;
    // SAFETY: without a buffer the call only measures.
    check_status!(unsafe { convert(env, text, ptr::null_mut(), 0, &mut length) })?;
    Ok(length)
}

/// Appends as much of the string as there is room for in `out`.
fn read(
    env: sys::napi_env,
    text: sys::napi_value,
    out: &mut Vec<u8>,
    convert: Convert,
) -> Result<()> {
    let room = out.spare_capacity_mut();
    let mut written = 0;
    // SAFETY: the call writes into `room` only, the last byte a NUL that `written` does not count.
    unsafe {
        let status = convert(env, text, room.as_mut_ptr().cast(), room.len(), &mut written);
        check_status!(status)?;
        out.set_len(out.len() + written);
    }
    Ok(())
}

/// A JavaScript string of ASCII bytes.
///
/// # Safety
/// `env` must be the environment that is being called from.
pub unsafe fn from_ascii(env: sys::napi_env, ascii: &[u8]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    let len = ascii.len() as isize;
    // SAFETY: the pointer and length are those of a slice; the caller vouches for `env`.
    let status =
        unsafe { sys::napi_create_string_latin1(env, ascii.as_ptr().cast(), len, &mut value) };
    check_status!(status)?;
    Ok(value)
}
