//! Strings to and from JavaScript: strings are read as UTF-8, and made from Latin-1 (the cheapest way)
//! or from UTF-8.

use std::ffi::c_char;
use std::ptr;

use bytes::Bytes;
use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use crate::engine::codec::json::{is_plain, quote};
use crate::engine::codec::text::encode_latin1;

/// A string of up to this many UTF-16 units is read in one pass, into a buffer for the worst case
/// of three bytes each. A longer one is measured first.
const ONE_PASS_UNITS: usize = 64 * 1024;

/// Appends `text`, a JavaScript string, to `out`, as UTF-8.
pub fn append(env: sys::napi_env, text: sys::napi_value, out: &mut Vec<u8>) -> Result<()> {
    let units = measure(env, text, sys::napi_get_value_string_latin1)?;
    if units <= ONE_PASS_UNITS {
        out.reserve(units * 3 + 1);
        return read(env, text, out, sys::napi_get_value_string_utf8);
    }
    let bytes = measure(env, text, sys::napi_get_value_string_utf8)?;
    out.reserve(bytes + 64); // room for the rest of the frame, so that it is not moved
    // It is ASCII if it has as many bytes as UTF-16 units: copying takes less time than converting.
    let is_ascii = bytes == units;
    let convert: Convert =
        if is_ascii { sys::napi_get_value_string_latin1 } else { sys::napi_get_value_string_utf8 };
    read(env, text, out, convert)
}

/// Appends `text`, which has no character above U+00FF, to `out`. In long texts that takes a third of the time: V8 has
/// them in this form, and goes from character to character if it is asked for UTF-8.
pub fn append_latin1(env: sys::napi_env, text: sys::napi_value, out: &mut Vec<u8>) -> Result<()> {
    let units = measure(env, text, sys::napi_get_value_string_latin1)?;
    out.reserve(units + units / 16 + 64);
    let start = out.len();
    read(env, text, out, sys::napi_get_value_string_latin1)?;
    encode_latin1(out, start);
    Ok(())
}

/// Appends `text`, which has no character above U+00FF, as a JSON string.
pub fn append_quoted(env: sys::napi_env, text: sys::napi_value, out: &mut Vec<u8>) -> Result<()> {
    out.push(b'"');
    let start = out.len();
    append_latin1(env, text, out)?;
    if is_plain(&out[start..]) {
        out.push(b'"');
    } else {
        let text = out.split_off(start);
        out.pop();
        quote(&text, out);
    }
    Ok(())
}

type Convert =
    unsafe fn(sys::napi_env, sys::napi_value, *mut c_char, usize, *mut usize) -> sys::napi_status;

/// The length of the string after conversion by `convert`.
fn measure(env: sys::napi_env, text: sys::napi_value, convert: Convert) -> Result<usize> {
    let mut length = 0;
    // SAFETY: without a buffer the call only measures.
    check_status!(unsafe { convert(env, text, ptr::null_mut(), 0, &mut length) })?;
    Ok(length)
}

/// Appends as much of the string as fits into `out`.
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

/// A JavaScript string of characters below U+0100, one byte each. With `external`, the bytes of a long string
/// stay in place, if the runtime can do that.
///
/// # Safety
/// `env` must be the environment that is being called from.
pub unsafe fn from_latin1(
    env: sys::napi_env,
    bytes: Bytes,
    external: bool,
) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    let len = bytes.len() as isize;
    #[cfg(not(target_os = "linux"))]
    let _ = external;
    #[cfg(target_os = "linux")]
    if external
        && bytes.len() >= EXTERNAL_FROM
        && let Some(create) = external::create()
    {
        // SAFETY: see above.
        return unsafe { external::string(env, create, bytes) };
    }
    // SAFETY: the pointer and length are those of a slice; the caller vouches for `env`.
    let status =
        unsafe { sys::napi_create_string_latin1(env, bytes.as_ptr().cast(), len, &mut value) };
    check_status!(status)?;
    Ok(value)
}

/// From this many bytes on, a string is not copied. Copying a shorter one costs no more than avoiding the
/// copy.
#[cfg(target_os = "linux")]
const EXTERNAL_FROM: usize = 1024 * 1024;

/// Strings whose characters stay in place. Node has them since 18.18 and 20.4:
/// <https://nodejs.org/api/n-api.html#node_api_create_external_string_latin1>. Only for addons that stay loaded
/// until the process ends (`-z nodelete`): the function below may be called after its environment has ended.
#[cfg(target_os = "linux")]
mod external {
    use std::ffi::{c_char, c_void};
    use std::ptr;
    use std::sync::OnceLock;

    use bytes::Bytes;
    use napi::bindgen_prelude::*;
    use napi::{check_status, sys};

    use crate::engine::driver::uv::symbol;

    pub type Create = unsafe extern "C" fn(
        sys::napi_env,
        *mut c_char,
        usize,
        sys::napi_finalize,
        *mut c_void,
        *mut sys::napi_value,
        *mut bool,
    ) -> sys::napi_status;

    /// `None` where the runtime has no such function.
    pub fn create() -> Option<Create> {
        static CREATE: OnceLock<Option<Create>> = OnceLock::new();
        let name = c"node_api_create_external_string_latin1";
        // SAFETY: the function has the type that Node documents.
        *CREATE.get_or_init(|| unsafe { symbol(name) })
    }

    /// # Safety
    /// `env` must be the environment that is being called from.
    pub unsafe fn string(
        env: sys::napi_env,
        create: Create,
        bytes: Bytes,
    ) -> Result<sys::napi_value> {
        let (mut value, mut copied) = (ptr::null_mut(), false);
        let (data, len) = (bytes.as_ptr().cast_mut().cast(), bytes.len());
        let hint = Box::into_raw(Box::new(bytes)).cast();
        account(env, len as i64);
        // SAFETY: the bytes stay in place and unchanged until `release`, which is called once: when the
        // string is gone, or at once if it was copied. It is not called if the call fails.
        let status =
            unsafe { create(env, data, len, Some(release), hint, &mut value, &mut copied) };
        if status != sys::Status::napi_ok {
            account(env, -(len as i64));
        }
        check_status!(status)?;
        Ok(value)
    }

    /// Tells V8 to count this many bytes. Otherwise it takes such strings for small objects, and hardly ever collects
    /// them if little else is allocated. Without an environment, there is nothing to count for.
    fn account(env: sys::napi_env, change: i64) {
        let mut total = 0;
        // SAFETY: `env` is the environment of the call that has led here, or null, which is refused.
        unsafe { sys::napi_adjust_external_memory(env, change, &mut total) };
    }

    unsafe extern "C" fn release(env: sys::napi_env, _: *mut c_void, hint: *mut c_void) {
        // SAFETY: see `string`.
        let bytes = unsafe { Box::from_raw(hint.cast::<Bytes>()) };
        account(env, -(bytes.len() as i64));
    }
}
