//! A controller, on an I/O thread of its own: it answers agents even while JavaScript is busy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{Value, json};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::super::env_end::EnvEnd;
use super::super::notices::Notices;
use super::super::wake::WakeUp;
use super::{SocketOptions, error};
use crate::engine::error::Error as EngineError;
use crate::engine::panics::{self, caught_in, point};
use crate::engine::runtime::Runtime;
use crate::protocols::pixivutil2::controller::{self, Controller, Delivery};
use crate::protocols::pixivutil2::message::Refusal;
use crate::protocols::pixivutil2::rules::{Agent, Event, Reason};

/// See [`controller::Options`].
#[napi(object)]
pub struct PixivControllerOptions {
    /// The endpoint for notifications.
    pub comm: String,
    /// The endpoint for jobs.
    pub task: String,
    /// Refuse with `ERROR`.
    pub effective: bool,
    /// The most jobs that have not ended.
    pub max_tasks: f64,
    /// The most bytes of events that wait.
    pub max_queued_bytes: f64,
    /// Accept jobs of ffmpeg from the start.
    pub ffmpeg: bool,
    /// Accept calls of aria2 from the start.
    pub aria2: bool,
    /// The options of both sockets.
    pub sockets: SocketOptions,
}

/// How long the end of the process waits for agents that do not read.
const PATIENCE: Duration = Duration::from_secs(2);

/// The events that are on their way to JavaScript.
const AHEAD: usize = 16;

/// An event for JavaScript.
enum Notice {
    /// It listens, or has failed to.
    Started(std::result::Result<Value, Value>),
    Event {
        delivery: Delivery,
        _place: OwnedSemaphorePermit,
    },
    Stopped,
}

/// The controller, while it runs.
#[derive(Default)]
struct Running {
    controller: Mutex<Option<Arc<Controller>>>,
    /// All its events have been reported.
    reported: Notify,
}

/// See `src/js/engine/pixivutil2.js` for how it is used.
#[napi]
pub struct PixivController {
    env_end: Option<EnvEnd>,
    runtime: Option<Runtime>,
    running: Arc<Running>,
    notices: Arc<Notices<Notice>>,
}

#[napi]
impl PixivController {
    /// Starts an I/O thread. `wake` is called on the JS thread for each notice, which `next` takes. If the system
    /// refuses, throws an error whose message is the system's code.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<(), ()>) -> Result<Self> {
        let notices = Arc::new(Notices::new(WakeUp::new(&env, wake)?));
        let runtime = Runtime::start()
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        Ok(Self { env_end: None, runtime: Some(runtime), running: Arc::default(), notices })
    }

    /// Listens.
    #[napi(catch_unwind)]
    pub fn start(&self, options: PixivControllerOptions) {
        let Some(runtime) = &self.runtime else { return };
        let (notices, running) = (self.notices.clone(), self.running.clone());
        runtime.spawn(async move {
            let started = caught_in(start(options)).await;
            match started.unwrap_or_else(|| Err(error::of_panic())) {
                Ok((controller, events)) => serve(controller, events, &running, &notices).await,
                Err(error) => notices.push(Notice::Started(Err(error))),
            }
        });
    }

    /// The next event, as JSON.
    #[napi(catch_unwind)]
    pub fn next(&self) -> Option<String> {
        self.notices.take().map(|notice| notice.into_json().to_string())
    }

    /// Accepts jobs of ffmpeg and calls of aria2, or refuses them.
    #[napi(catch_unwind)]
    pub fn take(&self, ffmpeg: bool, aria2: bool) {
        self.on_controller(|controller| {
            controller.take_ffmpeg(ffmpeg);
            controller.take_aria2(aria2);
        });
    }

    /// A job has ended.
    #[napi(catch_unwind)]
    pub fn finish(&self, task: i32, code: i32) {
        self.on_controller(|controller| controller.finish(task, code));
    }

    /// A call of aria2 has ended.
    #[napi(catch_unwind)]
    pub fn answer(&self, call: u32, code: i32) {
        self.on_controller(|controller| controller.answer(call, code));
    }

    /// Stops listening.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        let Some(runtime) = &self.runtime else { return };
        let (notices, running) = (self.notices.clone(), self.running.clone());
        let controller = running.take();
        runtime.spawn(async move {
            running.end(controller).await;
            notices.push(Notice::Stopped);
        });
    }

    /// Ends it, and waits until the agents that wait for a job have been told: the process ends.
    #[napi(catch_unwind)]
    pub fn tell_all(&self) {
        let Some((runtime, controller)) = self.runtime.as_ref().zip(self.running.take()) else {
            return;
        };
        let (telling, told) = mpsc::channel::<()>();
        runtime.spawn(async move {
            let _ = caught_in(controller.close()).await;
            drop(telling);
        });
        let _ = told.recv_timeout(PATIENCE); // its end is what is waited for
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        self.notices.keep_alive(&env, on);
    }

    /// Ends the controller with the environment, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        let running = self.running.clone();
        self.env_end = Some(EnvEnd::new(&env, move || drop(running.take()))?);
        Ok(())
    }

    /// Ends the controller at once, and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.env_end = None;
        self.running.take();
        self.runtime = None;
        self.notices.end();
    }

    fn on_controller(&self, act: impl FnOnce(&Controller)) {
        let controller = self.running.lock().clone();
        if let (Some(controller), Some(runtime)) = (controller, &self.runtime) {
            let _entered = runtime.enter();
            act(&controller);
        }
    }
}

impl Drop for PixivController {
    fn drop(&mut self) {
        self.running.take();
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Controller>>> {
        self.controller.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Arc<Controller>> {
        self.lock().take()
    }

    /// Ends it, and waits until its last event has been reported.
    async fn end(&self, controller: Option<Arc<Controller>>) {
        let Some(controller) = controller else { return };
        let _ = caught_in(controller.close()).await; // what is left ends with it
        drop(controller);
        self.reported.notified().await;
    }
}

async fn start(
    options: PixivControllerOptions,
) -> std::result::Result<(Controller, controller::Events), Value> {
    point("pixiv-start");
    let comm = error::endpoint(&options.comm, "options.comm")?;
    let task = error::endpoint(&options.task, "options.task")?;
    let settings = controller::Options {
        refusal: if options.effective { Refusal::Effective } else { Refusal::Described },
        max_tasks: options.max_tasks as usize,
        max_queued_bytes: options.max_queued_bytes as usize,
        sockets: options.sockets.into(),
        ..controller::Options::new(comm, task)
    };
    let bound = Controller::bind(settings).await;
    let (controller, events) =
        bound.map_err(|error| error::of_binding(error, "options.comm or options.task"))?;
    controller.take_ffmpeg(options.ffmpeg);
    controller.take_aria2(options.aria2);
    Ok((controller, events))
}

/// Reports events until the controller ends.
async fn serve(
    controller: Controller,
    mut events: controller::Events,
    running: &Running,
    notices: &Notices<Notice>,
) {
    let endpoints = json!({
        "comm": controller.comm().to_string(),
        "task": controller.task().to_string(),
    });
    *running.lock() = Some(Arc::new(controller));
    notices.push(Notice::Started(Ok(endpoints)));
    // The others wait where connections take turns.
    let ahead = Arc::new(Semaphore::new(AHEAD));
    while let Ok(place) = ahead.clone().acquire_owned().await
        && let Some(delivery) = events.recv().await
    {
        notices.push(Notice::Event { delivery, _place: place });
    }
    running.reported.notify_one();
}

impl Notice {
    fn into_json(self) -> Value {
        match self {
            Self::Started(Ok(endpoints)) => json!({ "kind": "started", "endpoints": endpoints }),
            Self::Started(Err(error)) => json!({ "kind": "failed", "error": error }),
            Self::Stopped => json!({ "kind": "stopped" }),
            Self::Event { delivery, .. } => of_event(delivery.event),
        }
    }
}

fn of_event(event: Event) -> Value {
    let (kind, agent, rest) = match event {
        Event::Handshake(agent) => ("handshake", agent, json!([])),
        Event::Total(agent, count) => ("total", agent, json!([count])),
        // The numbers of images can be larger than numbers in JavaScript's JSON.
        Event::Download(agent, image, result) => {
            ("download", agent, json!([image.to_string(), result]))
        }
        Event::Title(agent, title) => ("title", agent, json!([title])),
        Event::ErrorReport(agent, details, stack) => {
            ("error-report", agent, json!([details, stack]))
        }
        Event::Identified(agent, former) => ("ident", agent, json!([*former])),
        Event::Ffmpeg(agent, task, arguments) => ("ffmpeg", agent, json!([task, arguments])),
        Event::Aria2(agent, call, file, text) => ("aria2", agent, json!([call, file, text])),
        Event::Gone(agent) => ("disconnect", agent, json!([])),
        Event::Refused(agent, group, why) => {
            let code = (why == Reason::Failed).then_some(panics::CODE);
            ("refused", agent, json!([group, why.text(), code]))
        }
    };
    let Agent { id, identifier, side } = agent;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "kind": kind, "id": id, "identifier": *identifier, "side": side.name(), "rest": rest })
}
