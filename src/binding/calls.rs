//! The calls that are made for every message, as plain functions: a method of a class would cost several
//! look-ups per call. Used by [`super::hub::Hub::calls`].

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use super::core::Core;
use crate::engine::panics;

/// The functions as an array, in the order of [`CALLS`].
pub struct Calls(pub Rc<RefCell<Core>>);

/// What they do is described at [`super::hub::Hub::calls`]. Each is a method of [`Core`].
const CALLS: [(&CStr, Call); 7] = [
    (c"next", next),
    (c"write", write),
    (c"writeShared", write_shared),
    (c"writeBytes", write_bytes),
    (c"hold", hold),
    (c"writePieces", write_pieces),
    (c"sendDatagrams", send_datagrams),
];

impl ToNapiValue for Calls {
    unsafe fn to_napi_value(env: sys::napi_env, calls: Self) -> Result<sys::napi_value> {
        let mut array = ptr::null_mut();
        // SAFETY: called from JavaScript in `env`, as all below.
        check_status!(unsafe { sys::napi_create_array_with_length(env, CALLS.len(), &mut array) })?;
        for (index, (name, call)) in CALLS.iter().enumerate() {
            // SAFETY: see above.
            unsafe {
                let function = function(env, name, *call, calls.0.clone())?;
                check_status!(sys::napi_set_element(env, array, index as u32, function))?;
            }
        }
        Ok(array)
    }
}

type Call = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// # Safety
/// Called from JavaScript in `env`.
unsafe fn function(
    env: sys::napi_env,
    name: &CStr,
    call: Call,
    core: Rc<RefCell<Core>>,
) -> Result<sys::napi_value> {
    let data = Rc::into_raw(core).cast_mut().cast();
    let mut value = ptr::null_mut();
    // SAFETY: the function's data is a reference count of `core`, which the finalizer releases.
    unsafe {
        let len = name.to_bytes().len() as isize;
        let call = Some(call);
        check_status!(sys::napi_create_function(env, name.as_ptr(), len, call, data, &mut value))?;
        let (hint, reference) = (ptr::null_mut(), ptr::null_mut());
        check_status!(sys::napi_add_finalizer(env, value, data, Some(release), hint, reference))?;
    }
    Ok(value)
}

unsafe extern "C" fn release(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: see `function`; the finalizer runs once.
    drop(unsafe { Rc::from_raw(data.cast::<RefCell<Core>>()) });
}

unsafe extern "C" fn next(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: called by JavaScript.
    unsafe { call(env, info, |core, []| ToNapiValue::to_napi_value(env, core.next())) }
}

unsafe extern "C" fn write(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: called by JavaScript.
    unsafe {
        call(env, info, |core, [id, text, delimit]| {
            let id = u32::from_napi_value(env, id)?;
            let delimit = bool::from_napi_value(env, delimit)?;
            u32::to_napi_value(env, core.write(env, id, text, delimit)?)
        })
    }
}

unsafe extern "C" fn write_shared(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: called by JavaScript.
    unsafe {
        call(env, info, |core, [id, text, hold]| {
            let id = u32::from_napi_value(env, id)?;
            let hold = bool::from_napi_value(env, hold)?;
            u32::to_napi_value(env, core.write_shared(env, id, text, hold)?)
        })
    }
}

unsafe extern "C" fn hold(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: called by JavaScript.
    unsafe {
        call(env, info, |core, [id, text]| {
            let id = u32::from_napi_value(env, id)?;
            u32::to_napi_value(env, core.hold(env, id, text)?)
        })
    }
}

unsafe extern "C" fn write_bytes(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: called by JavaScript.
    unsafe {
        call(env, info, |core, [id, bytes]| {
            let id = u32::from_napi_value(env, id)?;
            u32::to_napi_value(env, core.write_bytes(id, bytes_of(env, bytes)?))
        })
    }
}

unsafe extern "C" fn write_pieces(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: called by JavaScript.
    unsafe {
        call(env, info, |core, [id, pieces, share]| {
            let id = u32::from_napi_value(env, id)?;
            let share = bool::from_napi_value(env, share)?;
            let mut count = 0;
            check_status!(sys::napi_get_array_length(env, pieces, &mut count))?;
            let mut slices = Vec::with_capacity(count as usize);
            for index in 0..count {
                let mut piece = ptr::null_mut();
                check_status!(sys::napi_get_element(env, pieces, index, &mut piece))?;
                slices.push(bytes_of(env, piece)?);
            }
            u32::to_napi_value(env, core.write_pieces(id, &slices, share))
        })
    }
}

unsafe extern "C" fn send_datagrams(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: called by JavaScript.
    unsafe {
        call(env, info, |core, [id, text, targets, count]| {
            let id = u32::from_napi_value(env, id)?;
            let targets = Uint32ArraySlice::from_napi_value(env, targets)?;
            let count = u32::from_napi_value(env, count)?;
            u32::to_napi_value(env, core.send_datagrams(env, id, text, &targets, count)?)
        })
    }
}

/// The bytes of a `Uint8Array`.
///
/// # Safety
/// JavaScript must not run while the slice is in use.
unsafe fn bytes_of<'a>(env: sys::napi_env, array: sys::napi_value) -> Result<&'a [u8]> {
    let (mut len, mut data) = (0, ptr::null_mut());
    let (kind, buffer, offset) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: see above. An empty array may have no data.
    unsafe {
        check_status!(sys::napi_get_typedarray_info(
            env, array, kind, &mut len, &mut data, buffer, offset
        ))?;
        Ok(if len == 0 { &[] } else { std::slice::from_raw_parts(data.cast(), len) })
    }
}

/// Runs `act` with the function's core and its first `N` arguments. Throws if it fails.
///
/// Call it from a function that [`function`] made, with that function's arguments.
unsafe fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    act: impl FnOnce(&mut Core, [sys::napi_value; N]) -> Result<sys::napi_value>,
) -> sys::napi_value {
    let (mut count, mut args, mut data) = (N, [ptr::null_mut(); N], ptr::null_mut());
    // SAFETY: there is room for `count` arguments; those that are missing are `undefined`.
    let core = unsafe {
        let this = ptr::null_mut();
        sys::napi_get_cb_info(env, info, &mut count, args.as_mut_ptr(), this, &mut data);
        &*data.cast::<RefCell<Core>>()
    };
    let act = || act(&mut core.borrow_mut(), args);
    let (code, reason) = match panics::caught(act) {
        Some(Ok(value)) => return value,
        Some(Err(error)) => ("UNKNOWN", error.reason.clone()),
        None => (panics::CODE, panics::MESSAGE.to_owned()),
    };
    // SAFETY: see above.
    unsafe { JsError::from(Error::new(code, reason)).throw_into(env) };
    ptr::null_mut()
}
