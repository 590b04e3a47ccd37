//! Memory that JavaScript shares with the I/O thread: see [`crate::engine::pulse`].

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use crate::engine::pulse::Cells;

/// How many numbers there are.
const CELLS: usize = size_of::<Cells>() / size_of::<u32>();

/// For JavaScript: a `Uint32Array`, or `null` where there is no memory outside of its own heap (Electron).
pub struct SharedCells(pub Arc<Cells>);

impl ToNapiValue for SharedCells {
    unsafe fn to_napi_value(env: sys::napi_env, cells: Self) -> Result<sys::napi_value> {
        let data = Arc::into_raw(cells.0).cast_mut().cast();
        let (mut buffer, mut array) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: called from JavaScript in `env`. The buffer has a count of the cells, which `release` takes back;
        // they are atomic, and so are the accesses of JavaScript, as of any other thread.
        unsafe {
            let (len, hint) = (size_of::<Cells>(), ptr::null_mut());
            let release = Some(release as _);
            let made =
                sys::napi_create_external_arraybuffer(env, data, len, release, hint, &mut buffer);
            if made != sys::Status::napi_ok {
                drop(Arc::from_raw(data.cast_const().cast::<Cells>()));
                return Null::to_napi_value(env, Null);
            }
            let kind = sys::TypedarrayType::uint32_array;
            check_status!(sys::napi_create_typedarray(env, kind, CELLS, buffer, 0, &mut array))?;
        }
        Ok(array)
    }
}

unsafe extern "C" fn release(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: see above; the finalizer runs once.
    drop(unsafe { Arc::from_raw(data.cast_const().cast::<Cells>()) });
}
