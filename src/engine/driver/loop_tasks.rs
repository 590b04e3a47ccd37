//! Tasks that the consumer's own event loop ([`super::uv`]) runs on its thread. They use the sockets that it watches
//! ([`super::loop_stream`]), so no other thread comes between the system and the consumer. Used by the binding of
//! ipc2.
//!
//! The loop calls whoever runs the tasks. [`Tasks::call_soon`] asks for that, unless they are being run already.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

use tokio::runtime::Handle;

use super::uv::Loop;

/// What a task does.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks of one loop. A clone is another handle of the same.
#[derive(Clone)]
pub struct Tasks(Arc<Shared>);

struct Shared {
    /// The runtime for their timers, and for what they spawn.
    runtime: Handle,
    list: Mutex<List>,
    next: AtomicU64,
    /// The tasks are going to be run.
    awake: AtomicBool,
    ring: Mutex<Option<Box<dyn Fn() + Send>>>,
}

#[derive(Default)]
struct List {
    all: HashMap<u64, Arc<Task>>,
    ready: VecDeque<Arc<Task>>,
    over: bool,
}

struct Task {
    id: u64,
    shared: Arc<Shared>,
    /// `None` once it has ended. Locked by the loop's thread, and when everything ends.
    work: Mutex<Option<Work>>,
    queued: AtomicBool,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: RefCell<Option<(Loop, Tasks)>> = const { RefCell::new(None) };
}

/// The previous current value, restored when this is dropped.
struct Outer(Option<(Loop, Tasks)>);

impl Drop for Outer {
    fn drop(&mut self) {
        drop(CURRENT.replace(self.0.take()));
    }
}

/// The loop that runs the current task, and its tasks.
pub(super) fn current() -> Option<(Loop, Tasks)> {
    CURRENT.with_borrow(Clone::clone)
}

impl Tasks {
    /// No tasks yet. They run within `runtime`.
    pub fn new(runtime: Handle) -> Self {
        let (list, next, awake, ring) = Default::default();
        Self(Arc::new(Shared { runtime, list, next, awake, ring }))
    }

    /// How any thread asks the loop to run the tasks.
    pub fn set_ring(&self, ring: Box<dyn Fn() + Send>) {
        let old = lock(&self.0.ring).replace(ring);
        drop(old);
    }

    /// Adds a task, from any thread.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let work = Mutex::new(Some(Box::pin(work) as Work));
        let task = Arc::new(Task { id, shared: self.0.clone(), work, queued: true.into() });
        let mut list = lock(&self.0.list);
        if list.over {
            drop(list);
            return drop(task); // on the thread that made it, since it has not begun
        }
        list.all.insert(id, task.clone());
        list.ready.push_back(task);
        drop(list);
        self.call_soon();
    }

    /// Has the loop call its consumer, unless the consumer is running the tasks already.
    pub fn call_soon(&self) {
        if self.0.awake.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(ring) = &*lock(&self.0.ring) {
            ring();
        }
    }

    /// Records whether the tasks will be run, and other work looked for, without a call. Returns the
    /// previous value.
    pub fn set_awake(&self, awake: bool) -> bool {
        self.0.awake.swap(awake, Ordering::SeqCst)
    }

    /// Whether any of them has something to do.
    pub fn are_ready(&self) -> bool {
        !lock(&self.0.list).ready.is_empty()
    }

    /// Has all of them look whether they have something to do: for a loop that does not turn, and so watches nothing.
    pub fn wake_all(&self) {
        let all: Vec<_> = lock(&self.0.list).all.values().cloned().collect();
        all.iter().for_each(Wake::wake_by_ref);
    }

    /// Runs those that have something to do. Must be called on the thread of `uv_loop`.
    pub fn run(&self, uv_loop: &Loop) {
        if self.are_ready() {
            self.enter(uv_loop, || {
                loop {
                    let task = lock(&self.0.list).ready.pop_front();
                    let Some(task) = task else { return };
                    task.run();
                }
            });
        }
    }

    /// Calls `act` as one of them. Must be called on the thread of `uv_loop`.
    pub fn enter<T>(&self, uv_loop: &Loop, act: impl FnOnce() -> T) -> T {
        let _entered = self.0.runtime.enter();
        let _outer = Outer(CURRENT.replace(Some((uv_loop.clone(), self.clone()))));
        act()
    }

    /// Drops all of them. Must be called on the loop's thread.
    pub fn close(&self) {
        let mut list = lock(&self.0.list);
        list.over = true;
        let (all, ready) = (mem::take(&mut list.all), mem::take(&mut list.ready));
        drop(list);
        for task in all.into_values() {
            let work = lock(&task.work).take();
            drop(work);
        }
        drop(ready);
    }
}

impl Task {
    fn run(self: &Arc<Self>) {
        self.queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.clone());
        let mut work = lock(&self.work);
        let Some(future) = work.as_mut() else { return };
        let poll = || future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
        // A task that panics has ended, as with tokio.
        if catch_unwind(AssertUnwindSafe(poll)).unwrap_or(false) {
            return;
        }
        let ended = work.take();
        drop(work);
        lock(&self.shared.list).all.remove(&self.id);
        drop(ended);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut list = lock(&self.shared.list);
        if list.over {
            return;
        }
        list.ready.push_back(self.clone());
        drop(list);
        Tasks(self.shared.clone()).call_soon();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
