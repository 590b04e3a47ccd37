//! Panics, which should never happen. Each is caught where Rust is called from outside (by libuv, the I/O thread,
//! Node), and becomes an error of the socket that it concerns, so that nothing waits for ever.
//!
//! With the feature `fault-injection`, which no release has, the environment variable `FERRIPC_PANIC` names the
//! [`point`] that panics, once. `scripts/panics.js` tries them all.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::error::Error;
use super::transport::tls::failure::Failure;

/// The error code for a panic.
pub const CODE: &str = "ERR_FERRIPC_INTERNAL";

/// The error message for a panic.
pub const MESSAGE: &str = "the native part of ferripc has failed: please report this";

/// The error for a panic in `syscall`.
pub fn error(syscall: &'static str) -> Error {
    Error::new(syscall, io::Error::from(Failure::new(CODE, MESSAGE)), None)
}

/// The result of `act`. `None`: it panicked.
pub fn caught<T>(act: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(result) => Some(result),
        Err(payload) => {
            discard(payload);
            None
        }
    }
}

/// The same for a task.
pub async fn caught_in<T>(task: impl Future<Output = T>) -> Option<T> {
    let mut task = pin!(task);
    poll_fn(|context| match caught(|| task.as_mut().poll(context)) {
        Some(Poll::Pending) => Poll::Pending,
        Some(Poll::Ready(result)) => Poll::Ready(Some(result)),
        None => Poll::Ready(None),
    })
    .await
}

/// Drops what a panic has left. The destructor is anybody's code, and what that panics with has one, too: the third has no
/// more chances.
fn discard(mut payload: Box<dyn Any + Send>) {
    for _ in 0..2 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(next) => payload = next,
        }
    }
    std::mem::forget(payload);
}

/// A place that can be made to panic.
#[cfg(not(feature = "fault-injection"))]
#[inline(always)]
pub fn point(_: &str) {}

/// A place that can be made to panic.
#[cfg(feature = "fault-injection")]
pub fn point(name: &str) {
    use std::sync::atomic::{AtomicBool, Ordering};
    static DONE: AtomicBool = AtomicBool::new(false);
    let wanted = std::env::var("FERRIPC_PANIC").is_ok_and(|wanted| wanted == name);
    if wanted && !DONE.swap(true, Ordering::SeqCst) {
        panic!("injected: {name}");
    }
}

/// Whether the system should refuse the operation `name`, as if out of memory.
#[cfg(not(feature = "fault-injection"))]
#[inline(always)]
pub fn is_refused(_: &str) -> bool {
    false
}

/// Whether the system should refuse the operation `name`: the environment variable `FERRIPC_REFUSED` names it.
#[cfg(feature = "fault-injection")]
pub fn is_refused(name: &str) -> bool {
    std::env::var("FERRIPC_REFUSED").is_ok_and(|refused| refused == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_socket() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| panic!("injected")), None::<()>);
        struct PanicsWhenDropped;
        impl Drop for PanicsWhenDropped {
            fn drop(&mut self) {
                std::panic::panic_any(PanicsWhenDropped);
            }
        }
        assert_eq!(caught(|| std::panic::panic_any(PanicsWhenDropped)), None::<()>);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            assert_eq!(caught_in(async { 1 }).await, Some(1));
            let late = async {
                tokio::task::yield_now().await;
                panic!("injected")
            };
            assert_eq!(caught_in(late).await, None::<()>);
        });
        let error = error("read");
        assert_eq!((error.code(), error.to_string().as_str()), (CODE, MESSAGE));
    }
}
