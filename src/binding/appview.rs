//! AppView: requests to processes, and a server. Used by `src/js/engine/appview.js`, which receives events as JSON.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{Value, json};

use super::deliver;
use super::env_end::EnvEnd;
use super::notices::Notices;
use super::options::millis;
use super::wake::WakeUp;
use crate::engine::codec::meta_nul::Response;
use crate::engine::error::Error as EngineError;
use crate::engine::panics;
use crate::engine::runtime::Runtime;
use crate::protocols::appview::client::{self, Client, Made};
use crate::protocols::appview::server::{self, Event, Reply, Server};
use crate::protocols::appview::state::{Invalid, State};

/// The most events, of up to 1 MiB each, that wait for a busy JavaScript thread. More are refused.
const MOST_EVENTS: usize = 64;

/// See [`client::Options`]. Times are in ms.
#[napi(object)]
pub struct RequestOptions {
    /// The process to ask.
    pub pid: u32,
    /// The prefix of the queues' names.
    pub prefix: String,
    /// The limit of each step.
    pub timeout: f64,
    /// The size of a frame, in bytes.
    pub msgsize: f64,
    /// The longest response, in bytes.
    pub max_response: f64,
    /// Remove existing queues.
    pub replace_stale: bool,
}

impl From<RequestOptions> for client::Options {
    fn from(options: RequestOptions) -> Self {
        Self {
            prefix: options.prefix,
            timeout: millis(options.timeout),
            message_size: options.msgsize as usize,
            max_response: options.max_response as usize,
            replace_stale: options.replace_stale,
        }
    }
}

/// The requests under way.
#[napi]
pub struct ViewRequests {
    /// See [`ViewRequests::end_with_environment`].
    env_end: Option<EnvEnd>,
    runtime: Option<Runtime>,
    made: Made,
    done: Arc<Notices<Value>>,
}

#[napi]
impl ViewRequests {
    /// Starts an I/O thread. `wake` is called on the JS thread when `next` has something. If the system
    /// refuses, throws an error whose message is the system's code.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<(), ()>) -> Result<Self> {
        let done = Arc::new(Notices::new(WakeUp::new(&env, wake)?));
        let runtime = Runtime::start()
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        Ok(Self { env_end: None, runtime: Some(runtime), made: Made::default(), done })
    }

    /// Makes a request with the number `id`.
    #[napi(catch_unwind)]
    pub fn request(&self, id: u32, options: RequestOptions, text: String) {
        let Some(runtime) = &self.runtime else { return };
        let client = Client::with(options.pid, options.into(), self.made.clone());
        let done = self.done.clone();
        runtime.spawn(async move {
            let request = async {
                panics::point("view-request");
                client.request(text.as_bytes()).await
            };
            let result = panics::caught_in(request).await;
            done.push(response(id, result.unwrap_or_else(|| Err(panics::error("request")))));
        });
    }

    /// A finished request: JSON of `{id, error}` or `{id, status, text}`.
    #[napi(catch_unwind)]
    pub fn next(&self) -> Option<String> {
        self.done.take().map(|it| it.to_string())
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        self.done.keep_alive(&env, on);
    }

    /// Removes all queues when the environment ends, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        let made = self.made.clone();
        self.env_end = Some(EnvEnd::new(&env, move || made.unlink_all())?);
        Ok(())
    }

    /// Removes all queues at once, and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.env_end = None;
        self.made.unlink_all();
        self.runtime = None;
        self.done.end();
    }
}

impl Drop for ViewRequests {
    fn drop(&mut self) {
        self.made.unlink_all();
    }
}

/// See [`server::Options`]. Times are in ms.
#[napi(object)]
pub struct ViewServerOptions {
    /// The process that it answers for.
    pub pid: u32,
    /// The prefix of the queues' names.
    pub prefix: String,
    /// Time between two checks.
    pub poll: f64,
    /// How long the program may take to answer a custom command.
    pub handler_timeout: f64,
}

impl From<ViewServerOptions> for server::Options {
    fn from(options: ViewServerOptions) -> Self {
        Self {
            prefix: options.prefix,
            poll: millis(options.poll),
            handler_timeout: millis(options.handler_timeout),
            ..Self::new(options.pid)
        }
    }
}

/// The parts of the state to publish, as JSON.
#[napi(object)]
pub struct Published {
    /// See [`State`].
    pub viewed: Option<bool>,
    /// See [`State::set_cfg`].
    pub cfg: Option<String>,
    /// See [`State::set_interfaces`].
    pub interfaces: Option<String>,
    /// See [`State::set_details`].
    pub details: Option<String>,
}

impl Published {
    fn apply(self, state: &mut State) -> std::result::Result<(), Invalid> {
        state.viewed = self.viewed.unwrap_or(state.viewed);
        self.cfg.map_or(Ok(()), |json| state.set_cfg(&json))?;
        self.interfaces.map_or(Ok(()), |json| state.set_interfaces(&json))?;
        self.details.map_or(Ok(()), |json| state.set_details(&json))
    }
}

/// A running server.
#[napi]
pub struct ViewServer {
    /// See [`ViewServer::end_with_environment`].
    env_end: Option<EnvEnd>,
    server: Rc<RefCell<Option<Server>>>,
    events: Arc<Notices<Event>>,
    /// Where the program's answers go.
    replies: HashMap<u32, Reply>,
    last: u32,
}

/// A custom command.
#[napi(object)]
pub struct ViewCommand {
    /// Its number.
    pub number: i32,
    /// Its name.
    pub name: String,
}

/// Starts a server, which knows from its first answer on what was published, and the custom commands. `wake` is called on
/// the JS thread when `next` has something. Returns it, or JSON of the error.
#[cfg_attr(test, allow(dead_code))] // tests register nothing with Node
#[napi(catch_unwind)]
pub fn serve_view(
    env: Env,
    wake: Function<(), ()>,
    options: ViewServerOptions,
    published: Published,
    commands: Vec<ViewCommand>,
) -> Result<Either<ViewServer, String>> {
    let mut state = State::default();
    published.apply(&mut state).map_err(|invalid| Error::from_reason(invalid.to_string()))?;
    state.custom.extend(commands.into_iter().map(|it| (it.number, it.name)));
    let events = Arc::new(Notices::new(WakeUp::new(&env, wake)?));
    let told = events.clone();
    let on_event = move |event| told.push_below(MOST_EVENTS, event);
    Ok(match Server::start(options.into(), state, on_event) {
        Ok(server) => Either::A(ViewServer::new(server, events)),
        Err(error) => Either::B(deliver::error(&error).to_string()),
    })
}

impl ViewServer {
    fn new(server: Server, events: Arc<Notices<Event>>) -> Self {
        let server = Rc::new(RefCell::new(Some(server)));
        Self { env_end: None, server, events, replies: HashMap::new(), last: 0 }
    }
}

#[napi]
impl ViewServer {
    /// Changes what the server answers from now on.
    #[napi(catch_unwind)]
    pub fn publish(&self, published: Published) -> Result<()> {
        let Some(server) = &*self.server.borrow() else { return Ok(()) };
        let applied = server.update(|state| published.apply(state));
        applied.map_err(|invalid| Error::from_reason(invalid.to_string()))
    }

    /// Registers a custom command.
    #[napi(catch_unwind)]
    pub fn handle(&self, command: i32, name: String) {
        if let Some(server) = &*self.server.borrow() {
            server.update(|state| state.custom.insert(command, name));
        }
    }

    /// The next event: JSON of `{text}` (a configuration) or of `{text, command, token}`.
    #[napi(catch_unwind)]
    pub fn next(&mut self) -> Option<String> {
        Some(match self.events.take()? {
            Event::SetConfig { request } => json!({ "text": request }).to_string(),
            Event::Request { command, request, reply } => {
                self.last = self.last.wrapping_add(1);
                self.replies.insert(self.last, reply);
                json!({ "text": request, "command": command, "token": self.last }).to_string()
            }
        })
    }

    /// Answers a custom command.
    #[napi(catch_unwind)]
    pub fn reply(&mut self, token: u32, text: String) {
        if let Some(reply) = self.replies.remove(&token) {
            reply.send(text);
        }
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        self.events.keep_alive(&env, on);
    }

    /// Stops it when the environment ends, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        let server = self.server.clone();
        self.env_end = Some(EnvEnd::new(&env, move || drop(server.take()))?);
        Ok(())
    }

    /// Stops it, and frees the wake-up call. `next` still has what was not taken. Idempotent.
    #[napi(catch_unwind)]
    pub fn stop(&mut self) {
        self.env_end = None;
        self.server.take();
        self.replies.clear();
        self.events.end();
    }
}

fn response(id: u32, result: std::result::Result<Response, EngineError>) -> Value {
    match result {
        Ok(Response { status, text }) => {
            json!({ "id": id, "status": status, "text": String::from_utf8_lossy(&text) })
        }
        Err(error) => json!({ "id": id, "error": deliver::error(&error) }),
    }
}
