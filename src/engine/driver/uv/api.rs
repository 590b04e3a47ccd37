//! The functions of libuv that ferripc uses, looked up at run time, and memory for its handles. Used by the
//! other files of this folder. The binding also uses [`symbol`].

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ffi::{CStr, c_int, c_void};
use std::sync::OnceLock;

/// Values of `uv_handle_type`.
pub const UV_ASYNC: c_int = 1;
pub const UV_CHECK: c_int = 2;
pub const UV_IDLE: c_int = 6;
pub const UV_POLL: c_int = 8;

pub type Handle = *mut c_void;
pub type Callback = unsafe extern "C" fn(Handle);
pub type PollCallback = unsafe extern "C" fn(Handle, c_int, c_int);

/// See <https://docs.libuv.org/en/v1.x/api.html>.
pub struct Api {
    pub poll_init: unsafe extern "C" fn(*mut c_void, Handle, c_int) -> c_int,
    pub poll_start: unsafe extern "C" fn(Handle, c_int, PollCallback) -> c_int,
    pub poll_stop: unsafe extern "C" fn(Handle) -> c_int,
    pub async_init: unsafe extern "C" fn(*mut c_void, Handle, Callback) -> c_int,
    pub async_send: unsafe extern "C" fn(Handle) -> c_int,
    pub check_init: unsafe extern "C" fn(*mut c_void, Handle) -> c_int,
    pub check_start: unsafe extern "C" fn(Handle, Callback) -> c_int,
    pub idle_init: unsafe extern "C" fn(*mut c_void, Handle) -> c_int,
    pub idle_start: unsafe extern "C" fn(Handle, Callback) -> c_int,
    pub idle_stop: unsafe extern "C" fn(Handle) -> c_int,
    pub close: unsafe extern "C" fn(Handle, Callback),
    pub unref: unsafe extern "C" fn(Handle),
    pub backend_timeout: unsafe extern "C" fn(*const c_void) -> c_int,
    pub set_data: unsafe extern "C" fn(Handle, *mut c_void),
    pub get_data: unsafe extern "C" fn(Handle) -> *mut c_void,
    handle_size: unsafe extern "C" fn(c_int) -> usize,
}

/// `None` if this process has no libuv to offer.
pub fn api() -> Option<&'static Api> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    let load = || {
        // SAFETY: a symbol of each name is libuv's function of the field's signature, which is part
        // of its stable ABI for the whole of version 1.
        unsafe {
            Some(Api {
                poll_init: symbol(c"uv_poll_init")?,
                poll_start: symbol(c"uv_poll_start")?,
                poll_stop: symbol(c"uv_poll_stop")?,
                async_init: symbol(c"uv_async_init")?,
                async_send: symbol(c"uv_async_send")?,
                check_init: symbol(c"uv_check_init")?,
                check_start: symbol(c"uv_check_start")?,
                idle_init: symbol(c"uv_idle_init")?,
                idle_start: symbol(c"uv_idle_start")?,
                idle_stop: symbol(c"uv_idle_stop")?,
                close: symbol(c"uv_close")?,
                unref: symbol(c"uv_unref")?,
                backend_timeout: symbol(c"uv_backend_timeout")?,
                set_data: symbol(c"uv_handle_set_data")?,
                get_data: symbol(c"uv_handle_get_data")?,
                handle_size: symbol(c"uv_handle_size")?,
            })
        }
    };
    API.get_or_init(load).as_ref()
}

/// The function `name` of this process, if it has one.
///
/// # Safety
/// `F` must be the function pointer type of that symbol.
pub unsafe fn symbol<F: Copy>(name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: the name is NUL-terminated; the default scope needs no handle.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: a function pointer has the size and representation of an address (asserted above).
    (!address.is_null()).then(|| unsafe { std::mem::transmute_copy(&address) })
}

impl Api {
    fn layout(&self, kind: c_int) -> Layout {
        // SAFETY: a pure function of the type.
        let size = unsafe { (self.handle_size)(kind) };
        Layout::from_size_align(size, align_of::<u128>()).expect("a handle is small")
    }

    /// Memory for a handle of the type `kind`, for [`Api::deallocate`] to free.
    pub fn allocate(&self, kind: c_int) -> Handle {
        let layout = self.layout(kind);
        // SAFETY: the size is not zero.
        let handle = unsafe { alloc_zeroed(layout) };
        if handle.is_null() {
            handle_alloc_error(layout);
        }
        handle.cast()
    }

    /// # Safety
    /// `handle` must come from [`Api::allocate`], with the same `kind`, and not be used any more.
    pub unsafe fn deallocate(&self, handle: Handle, kind: c_int) {
        // SAFETY: see above; the layout is the same for every handle of the type.
        unsafe { dealloc(handle.cast(), self.layout(kind)) };
    }
}
