//! The writing half of a named pipe ([`super::pipe`]).
//!
//! This does not use tokio's writes: tokio accepts every write and reports it later, so when a
//! connection or the process ends, it could not tell what has reached the system. Here, a write that
//! fits into the pipe is complete on return, as with a socket. Otherwise the caller waits, too.
//!
//! The completion of such a write is signalled to an event of this module, not to tokio's completion
//! port. The lowest bit of the event's handle in the `OVERLAPPED` requests that
//! (<https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus>).

use std::ffi::c_void;
use std::io::{self, IoSlice};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use windows_sys::Win32::Foundation::{
    ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::WriteFile;
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD,
    WT_EXECUTEONLYONCE,
};

/// The most bytes of one write: what fits into a pipe's buffer (tokio's default).
const WRITE_MOST: usize = 64 * 1024;

/// Writes to a pipe that its caller owns.
#[derive(Debug)]
pub struct Writer {
    /// Signalled when a write is complete.
    event: OwnedHandle,
    pending: Mutex<Option<Pending>>,
    /// Notified when the event is signalled.
    complete: Arc<Notify>,
}

/// A write that the system has not completed. It owns the memory that the system uses until then.
struct Pending {
    overlapped: Box<OVERLAPPED>,
    _bytes: Vec<u8>,
    _wait: Wait,
}

// SAFETY: the pointers are to memory and handles that move with the `Pending`.
unsafe impl Send for Pending {}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

impl Writer {
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers; a manual-reset event that is not set.
        let event = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is owned here.
        let event = unsafe { OwnedHandle::from_raw_handle(event) };
        Ok(Self { event, pending: Mutex::new(None), complete: Arc::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the beginning of `pieces` to `pipe`, which is always the same one. After `WouldBlock`,
    /// offer the same bytes again: they are on their way, and are counted once they have arrived.
    pub fn send(&self, pipe: RawHandle, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut pending = self.lock();
        if let Some(write) = &mut *pending {
            let result = result(pipe, &mut write.overlapped, false);
            if !is_incomplete(&result) {
                *pending = None;
            }
            return result.map_err(as_would_block);
        }
        let bytes = beginning(pieces);
        let mut overlapped = Box::new(OVERLAPPED::default());
        overlapped.hEvent = (self.event.as_raw_handle() as usize | 1) as HANDLE;
        let len = bytes.len() as u32; // at most WRITE_MOST
        // SAFETY: the bytes and the structure live until the write is complete: here, in `Pending`, or
        // in `cancel`, which waits for it.
        let written =
            unsafe { WriteFile(pipe, bytes.as_ptr(), len, ptr::null_mut(), &mut *overlapped) };
        if written == 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(ERROR_IO_PENDING as i32) {
                return Err(error);
            }
        }
        let result = result(pipe, &mut overlapped, false);
        if is_incomplete(&result) {
            match Wait::new(&self.event, &self.complete) {
                Ok(wait) => *pending = Some(Pending { overlapped, _bytes: bytes, _wait: wait }),
                Err(error) => {
                    cancel(pipe, &mut overlapped);
                    return Err(error);
                }
            }
        }
        result.map_err(as_would_block)
    }

    /// Whether a write to `pipe` is in progress.
    pub fn is_busy(&self, pipe: RawHandle) -> bool {
        let mut pending = self.lock();
        let write = pending.as_mut();
        write.is_some_and(|write| is_incomplete(&result(pipe, &mut write.overlapped, false)))
    }

    /// Waits until a write is complete. May return too early.
    pub async fn completed(&self) {
        self.complete.notified().await;
    }

    /// Cancels the write in progress on `pipe`. Call it before the pipe is closed.
    pub fn cancel(&self, pipe: RawHandle) {
        if let Some(mut write) = self.lock().take() {
            cancel(pipe, &mut write.overlapped);
        }
    }
}

/// The bytes of a write, if it is complete, or once it is.
fn result(pipe: RawHandle, overlapped: &mut OVERLAPPED, wait: bool) -> io::Result<usize> {
    let mut len = 0;
    // SAFETY: the pipe is open, and the structure is that of a write to it that has begun.
    let done = unsafe { GetOverlappedResult(pipe, overlapped, &mut len, wait.into()) };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(len as usize) }
}

fn cancel(pipe: RawHandle, overlapped: &mut OVERLAPPED) {
    // SAFETY: as in `result`.
    unsafe { CancelIoEx(pipe, overlapped) };
    let _ = result(pipe, overlapped, true);
}

fn is_incomplete(result: &io::Result<usize>) -> bool {
    let incomplete = Some(ERROR_IO_INCOMPLETE as i32);
    result.as_ref().is_err_and(|error| error.raw_os_error() == incomplete)
}

fn as_would_block(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) if code == ERROR_IO_INCOMPLETE as i32 => io::ErrorKind::WouldBlock.into(),
        _ => error,
    }
}

/// A copy of the beginning of `pieces`, as long as one write may be.
fn beginning(pieces: &[IoSlice<'_>]) -> Vec<u8> {
    let len = pieces.iter().map(|piece| piece.len()).sum::<usize>().min(WRITE_MOST);
    let mut bytes = Vec::with_capacity(len);
    for piece in pieces {
        let room = len - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    bytes
}

/// A thread of the system's pool that waits for an event, once, and then notifies. Dropping this
/// ends the wait, or waits until the notification is over.
struct Wait {
    handle: HANDLE,
    /// What the callback uses.
    _complete: Arc<Notify>,
}

impl Wait {
    fn new(event: &OwnedHandle, complete: &Arc<Notify>) -> io::Result<Self> {
        let mut handle = ptr::null_mut();
        // SAFETY: the event is open as long as the writer is; the `Notify` lives until the wait is over
        // (see `drop`).
        let registered = unsafe {
            RegisterWaitForSingleObject(
                &mut handle,
                event.as_raw_handle(),
                Some(notify),
                Arc::as_ptr(complete).cast(),
                INFINITE,
                WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD,
            )
        };
        if registered == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { handle, _complete: complete.clone() })
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // SAFETY: registered by `new`, unregistered only here; returns when no callback runs.
        unsafe { UnregisterWaitEx(self.handle, INVALID_HANDLE_VALUE) };
    }
}

unsafe extern "system" fn notify(complete: *mut c_void, _timed_out: bool) {
    // SAFETY: the `Notify` of the wait, which outlives it.
    unsafe { &*complete.cast::<Notify>() }.notify_one();
}
