//! Strings across the border: JavaScript strings are read as UTF-8, and made from ASCII as Latin-1
//! (the cheapest way in) or from UTF-8.

use std::ptr;

use napi::bindgen_prelude::*;
use napi::{Env, JsString, check_status, sys};

/// Up to this many UTF-16 units a string is read in one pass, into a buffer for the worst case of
/// three bytes each; beyond it is measured first.
const ONE_PASS_UNITS: usize = 64 * 1024;

/// Appends `text` to `out`, as UTF-8.
pub fn append(env: &Env, text: &JsString, out: &mut Vec<u8>) -> Result<()> {
    let units = text.utf16_len()?;
    let capacity = if units <= ONE_PASS_UNITS { units * 3 } else { text.utf8_len()? } + 1;
    out.reserve(capacity);
    let mut written = 0;
    // SAFETY: `capacity` bytes are reserved beyond the length, of which the call writes at most all,
    // the last one a terminating NUL that `written` does not count.
    unsafe {
        let room = out.as_mut_ptr().add(out.len());
        let status = sys::napi_get_value_string_utf8(
            env.raw(),
            text.raw(),
            room.cast(),
            capacity,
            &mut written,
        );
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
