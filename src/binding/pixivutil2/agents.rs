//! Agents, all on one I/O thread. JavaScript gives numbers to agents and calls.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{Value, json};

use super::super::env_end::EnvEnd;
use super::super::notices::Notices;
use super::super::options::millis;
use super::super::table::Table;
use super::super::wake::WakeUp;
use super::{SocketOptions, error};
use crate::engine::error::Error as EngineError;
use crate::engine::panics::{caught_in, point};
use crate::engine::runtime::Runtime;
use crate::protocols::pixivutil2::agent::{self, Agent};

/// See [`agent::Options`]. Times are in ms.
#[napi(object)]
pub struct PixivAgentOptions {
    /// The agent's name.
    pub identifier: String,
    /// The endpoint for notifications.
    pub comm: String,
    /// The endpoint for jobs.
    pub task: String,
    /// The limit of a handshake.
    pub handshake_timeout: f64,
    /// The limit of a notification.
    pub notify_timeout: f64,
    /// The limit until a job is accepted.
    pub job_timeout: f64,
    /// The options of both sockets.
    pub sockets: SocketOptions,
}

/// See `src/js/engine/pixivutil2.js` for how it is used.
#[napi]
pub struct PixivAgents {
    env_end: Option<EnvEnd>,
    runtime: Option<Runtime>,
    agents: Arc<Table<Agent>>,
    done: Arc<Notices<Value>>,
}

type Outcome = std::result::Result<Value, agent::Error>;

#[napi]
impl PixivAgents {
    /// Starts an I/O thread. `wake` is called on the JS thread when `next` has something. If the system refuses,
    /// throws an error whose message is the system's code.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<(), ()>) -> Result<Self> {
        let done = Arc::new(Notices::new(WakeUp::new(&env, wake)?));
        let runtime = Runtime::start()
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        Ok(Self { env_end: None, runtime: Some(runtime), agents: Arc::default(), done })
    }

    /// Connects the agent `id`, which is also the number of this call.
    #[napi(catch_unwind)]
    pub fn connect(&self, id: u32, options: PixivAgentOptions) {
        let Some(runtime) = &self.runtime else { return };
        let (agents, done) = (self.agents.clone(), self.done.clone());
        runtime.spawn(async move {
            let connected = caught_in(async {
                point("agent-connect");
                let options = read(options)?;
                Agent::connect(options).await.map_err(|it| error::of_agent(&it))
            });
            done.push(match connected.await.unwrap_or_else(|| Err(error::of_panic())) {
                Ok(agent) => {
                    agents.insert(id, agent);
                    json!({ "call": id })
                }
                Err(error) => json!({ "call": id, "error": error }),
            });
        });
    }

    /// Reports how many images will come.
    #[napi(catch_unwind)]
    pub fn total(&self, agent: u32, call: u32, count: BigInt) {
        let count = count.get_u64().1;
        self.begin(agent, call, async move |agent| agent.total(count).await.map(Value::from));
    }

    /// Reports that an image is done.
    #[napi(catch_unwind)]
    pub fn downloaded(&self, agent: u32, call: u32, image: BigInt, result: i64) {
        let image = image.get_u64().1;
        let said = async move |agent: Agent| agent.downloaded(image, result).await.map(Value::from);
        self.begin(agent, call, said);
    }

    /// Reports the text for the terminal's title.
    #[napi(catch_unwind)]
    pub fn title(&self, agent: u32, call: u32, title: String) {
        self.begin(agent, call, async move |agent| agent.title(title).await.map(Value::from));
    }

    /// Reports an error.
    #[napi(catch_unwind)]
    pub fn error(&self, agent: u32, call: u32, details: String, stack: String) {
        let said = async move |agent: Agent| agent.error(details, stack).await.map(Value::from);
        self.begin(agent, call, said);
    }

    /// Begins a job. The result is its number.
    #[napi(catch_unwind)]
    pub fn ffmpeg(&self, agent: u32, call: u32, arguments: Vec<String>) {
        let begun = async move |agent: Agent| Ok(agent.ffmpeg(arguments).await?.number().into());
        self.begin(agent, call, begun);
    }

    /// The exit code of a job.
    #[napi(catch_unwind)]
    pub fn exit_code(&self, agent: u32, call: u32, task: i32) {
        let ended = async move |agent: Agent| agent.task(task).exit_code().await.map(Value::from);
        self.begin(agent, call, ended);
    }

    /// Requests a download by aria2.
    #[napi(catch_unwind)]
    pub fn aria2(&self, agent: u32, call: u32, file: String, text: String) {
        self.begin(agent, call, async move |agent| agent.aria2(file, text).await.map(Value::from));
    }

    /// Ends an agent. Its number is free afterwards.
    #[napi(catch_unwind)]
    pub fn close(&self, agent: u32, call: u32) {
        self.begin(agent, call, async |agent| {
            agent.close().await;
            Ok(Value::Null)
        });
        self.agents.remove(agent);
    }

    /// A finished call: JSON of `{call, value}` or `{call, error}`.
    #[napi(catch_unwind)]
    pub fn next(&self) -> Option<String> {
        self.done.take().map(|it| it.to_string())
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        self.done.keep_alive(&env, on);
    }

    /// Ends all agents with the environment, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        let agents = self.agents.clone();
        self.env_end = Some(EnvEnd::new(&env, move || drop(agents.take()))?);
        Ok(())
    }

    /// Ends all agents, and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.env_end = None;
        drop(self.agents.take());
        self.runtime = None;
        self.done.end();
    }

    fn begin<W: Future<Output = Outcome> + Send + 'static>(
        &self,
        agent: u32,
        call: u32,
        act: impl FnOnce(Agent) -> W + Send + 'static,
    ) {
        let (Some(runtime), agent) = (&self.runtime, self.agents.get(agent)) else { return };
        let done = self.done.clone();
        runtime.spawn(async move {
            let outcome = caught_in(async {
                point("agent-call");
                match agent {
                    Some(agent) => act(agent).await,
                    None => Err(agent::Error::Closed),
                }
            });
            done.push(match outcome.await {
                Some(Ok(value)) => json!({ "call": call, "value": value }),
                Some(Err(error)) => json!({ "call": call, "error": error::of_agent(&error) }),
                None => json!({ "call": call, "error": error::of_panic() }),
            });
        });
    }
}

fn read(options: PixivAgentOptions) -> std::result::Result<agent::Options, Value> {
    let comm = error::endpoint(&options.comm, "options.comm")?;
    let task = error::endpoint(&options.task, "options.task")?;
    Ok(agent::Options {
        identifier: options.identifier,
        handshake_timeout: millis(options.handshake_timeout),
        notify_timeout: millis(options.notify_timeout),
        job_timeout: millis(options.job_timeout),
        sockets: options.sockets.into(),
        ..agent::Options::new(comm, task)
    })
}
