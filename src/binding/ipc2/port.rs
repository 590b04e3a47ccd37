//! How a class reports events to JavaScript, and where its tasks run: on the thread of the environment's own event
//! loop, which also watches the sockets. If there is no such loop, on an I/O thread, which wakes JavaScript. Used
//! by [`super::host`] and [`super::worker`].

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use napi::Env;
use napi::bindgen_prelude::*;
use tokio::runtime::Handle;

use super::super::deliver::Payload;
use super::super::event_loop::{self, Callback, Opened};
use super::super::kept::Numbers;
use super::super::wake::WakeUp;
use super::mailbox::Mailbox;
use crate::engine::driver::loop_tasks::Tasks;
use crate::engine::driver::uv::{Consumer, Loop, Turn};
use crate::engine::error::Error as EngineError;
use crate::engine::panics::caught;
use crate::engine::runtime::Runtime;

/// How often one looks while the thread is blocked.
const A_LOOK: Duration = Duration::from_millis(1);

/// See the module's page. Closed when it is dropped.
pub struct Port(Rc<Shared>);

struct Shared {
    runtime: Runtime,
    mailbox: Arc<Mailbox>,
    wake: WakeUp,
    header: RefCell<Numbers>,
    tasks: Tasks,
    uv_loop: RefCell<Option<Opened>>,
    closed: Cell<bool>,
}

/// Where tasks run.
#[derive(Clone)]
pub enum Place {
    /// On the thread of the environment's event loop.
    Loop(Tasks),
    /// On the I/O thread, as long as the port exists.
    Runtime(Handle),
}

impl Port {
    /// Starts an I/O thread. `wake` is called on the JS thread for each event, and [`Port::next`] takes it. If the
    /// environment's event loop can do that, it calls `turn` instead, with the event's payload. The event's kind and
    /// number are written to `header`.
    pub fn new(
        env: &Env,
        wake: Function<(), ()>,
        turn: Option<Function<Unknown, ()>>,
        header: Numbers,
    ) -> Result<Self> {
        let wake = WakeUp::new(env, wake)?;
        let runtime = Runtime::start()
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        let tasks = Tasks::new(runtime.handle().clone());
        let (mailbox, uv_loop) = (Arc::new(Mailbox::default()), RefCell::default());
        let (header, closed) = (RefCell::new(header), Cell::new(false));
        let shared = Rc::new(Shared { runtime, mailbox, wake, header, tasks, uv_loop, closed });
        if let Some(turn) = turn {
            let callback = Callback::new(env.raw(), turn.raw())?;
            let turns = Turns { callback, shared: Rc::downgrade(&shared) };
            *shared.uv_loop.borrow_mut() = event_loop::open(env, Box::new(turns))?;
        }
        let Shared { wake, tasks, mailbox, uv_loop, .. } = &*shared;
        match &*uv_loop.borrow() {
            Some((uv_loop, _)) => {
                tasks.set_ring(uv_loop.ringer());
                let tasks = tasks.clone();
                mailbox.set_wake(move || tasks.call_soon());
            }
            None => {
                let wake = wake.clone();
                mailbox.set_wake(move || wake.call());
            }
        }
        Ok(Self(shared))
    }

    /// Where events are posted.
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.0.mailbox
    }

    /// Where tasks run.
    pub fn place(&self) -> Place {
        match self.0.uv_loop() {
            Some(_) => Place::Loop(self.0.tasks.clone()),
            None => Place::Runtime(self.0.runtime.handle().clone()),
        }
    }

    /// Calls `act`, which may begin tasks or give them something to do. Tasks of the event loop run before this
    /// returns.
    pub fn within<T>(&self, act: impl FnOnce() -> T) -> T {
        let shared = &self.0;
        let Some(uv_loop) = shared.uv_loop() else {
            let _entered = shared.runtime.enter();
            return act();
        };
        let was_awake = shared.tasks.set_awake(true);
        let result = shared.tasks.enter(&uv_loop, act);
        shared.tasks.run(&uv_loop);
        if !was_awake && !shared.rest() {
            shared.tasks.set_awake(false);
            shared.tasks.call_soon();
        }
        result
    }

    /// Blocks this thread until `is_done`, at most for `time`; whether it is. Nothing watches the sockets of the event loop's tasks
    /// meanwhile, so the tasks try again and again.
    pub fn block(&self, time: Duration, is_done: impl Fn() -> bool) -> bool {
        let started = Instant::now();
        while !is_done() && started.elapsed() < time {
            self.within(|| self.0.tasks.wake_all());
            thread::sleep(A_LOOK);
        }
        is_done()
    }

    /// Takes the next event.
    pub fn next(&self) -> Payload {
        self.0.mailbox.take(self.0.header()).unwrap_or(Payload::None)
    }

    /// Keeps the event loop alive, or lets it end.
    pub fn keep_alive(&self, env: &Env, on: bool) {
        self.0.wake.keep_alive(env, on);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.0.closed.set(true);
        let _entered = self.0.runtime.enter();
        self.0.tasks.close();
        self.0.mailbox.close();
        let uv_loop = self.0.uv_loop.take();
        if let Some((uv_loop, closed)) = uv_loop {
            uv_loop.close(closed);
        }
    }
}

impl Shared {
    fn uv_loop(&self) -> Option<Loop> {
        self.uv_loop.borrow().as_ref().map(|(uv_loop, _)| uv_loop.clone())
    }

    /// The event's numbers, for JavaScript.
    fn header(&self) -> std::cell::RefMut<'_, Numbers> {
        self.header.borrow_mut()
    }

    /// Runs the tasks, and takes the next event. `None`: there is none; the next one calls `wake`.
    fn take(&self) -> Option<Payload> {
        let uv_loop = self.uv_loop()?;
        loop {
            self.tasks.set_awake(true);
            self.tasks.run(&uv_loop);
            match self.mailbox.take(self.header()) {
                // Only Node's loop is used, and only Node frees external memory in time.
                Some(Payload::Bytes(bytes)) => return Some(Payload::Memory(bytes)),
                Some(payload) => return Some(payload),
                None => {}
            }
            if self.rest() {
                return None;
            }
        }
    }

    /// From now on, a new event calls `wake`. False: there is an event already.
    fn rest(&self) -> bool {
        self.tasks.set_awake(false);
        !self.tasks.are_ready() && self.mailbox.is_empty()
    }
}

impl Place {
    /// Begins a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Place::Loop(tasks) => tasks.spawn(task),
            Place::Runtime(runtime) => drop(runtime.spawn(task)),
        }
    }
}

/// Calls JavaScript with each event.
struct Turns {
    callback: Callback,
    /// Weak, since the loop that calls this belongs to it.
    shared: Weak<Shared>,
}

impl Consumer for Turns {
    fn put_off(&self) -> (u32, u32) {
        (0, 0)
    }

    fn turn(&self, _put_off: bool) -> Turn {
        let Some(shared) = self.shared.upgrade().filter(|shared| !shared.closed.get()) else {
            return Turn::Gone;
        };
        let Some(taken) = caught(|| shared.take()) else {
            self.callback.report_panic();
            return Turn::Later; // with the next event
        };
        let Some(payload) = taken else { return Turn::Done };
        let weight = payload.weight();
        if self.callback.call(payload, None) { Turn::More(weight) } else { Turn::Gone }
    }
}
