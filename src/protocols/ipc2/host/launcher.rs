//! Starts workers: a socket, a process, a connection.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
#[cfg(feature = "ipc2")]
use std::{path::PathBuf, process::Command};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};

use super::super::format::{self, Format, Response};
use super::super::tasks::{Spawner, Task};
use super::super::{MAX_MESSAGE_BYTES, MAX_QUEUED_BYTES, Raw};
#[cfg(feature = "ipc2")]
use super::child;
use super::manager::WorkerHandle;
use super::process::Process;
use super::server::{Opening, Server};
use super::session::{self, Limits};

/// Time for a runtime to process what has arrived.
const A_LOOK: Duration = Duration::from_millis(5);

/// How a worker is started.
///
/// ```no_run
/// # #[cfg(unix)] async fn example() -> std::io::Result<()> {
/// use ferripc::protocols::ipc2::host::Launcher;
/// use std::time::Duration;
/// use tokio::net::UnixListener;
///
/// let launcher = Launcher::new("./worker")
///     .connect_timeout(Duration::from_secs(2))
///     .max_message_bytes(1 << 20)
///     .configure(|command| {
///         command.arg("--fast").env("LANG", "C");
///     });
/// let worker = launcher.spawn::<UnixListener, String, String>().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Launcher {
    start: Start,
    connect_timeout: Duration,
    limits: Limits,
    tasks: Spawner,
}

/// Starts a process, and tells it the target to connect to.
type Starting = dyn Fn(&str) -> Opening<'static, Process> + Send + Sync;

/// How processes are started.
#[derive(Clone)]
enum Start {
    #[cfg(feature = "ipc2")]
    Command {
        path: PathBuf,
        configure: Arc<dyn Fn(&mut Command) + Send + Sync>,
    },
    Program(Arc<Starting>),
}

impl fmt::Debug for Launcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launcher").finish_non_exhaustive()
    }
}

impl Start {
    /// Starts a worker, and tells it to connect to `target`.
    async fn start(&self, target: &str) -> io::Result<Process> {
        match self {
            #[cfg(feature = "ipc2")]
            Start::Command { path, configure } => {
                let mut command = Command::new(path);
                command.env(super::super::SOCKET_ENV_VAR, target);
                configure(&mut command);
                child::spawn(command).await
            }
            Start::Program(start) => start(target).await,
        }
    }
}

#[cfg(feature = "ipc2")]
impl Launcher {
    /// Starts the program at `path`, without arguments. It inherits the environment, the working directory
    /// and the standard streams of this process.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            start: Start::Command { path: path.into(), configure: Arc::new(|_| ()) },
            ..Self::default()
        }
    }

    pub(super) fn set_path(&mut self, path: PathBuf) {
        let configure = match &self.start {
            Start::Command { configure, .. } => configure.clone(),
            Start::Program(_) => Arc::new(|_: &mut Command| ()) as _,
        };
        self.start = Start::Command { path, configure };
    }

    /// Called with the command before each start, to set arguments, environment, working directory,
    /// streams and so on. If this is called several times, each function is called, in that order.
    #[must_use]
    pub fn configure(mut self, with: impl Fn(&mut Command) + Send + Sync + 'static) -> Self {
        if let Start::Command { configure, .. } = &mut self.start {
            let before = configure.clone();
            *configure = Arc::new(move |command| {
                before(command);
                with(command);
            });
        }
        self
    }
}

impl Default for Launcher {
    /// Starts nothing yet.
    fn default() -> Self {
        Self::starting(|_| Box::pin(async { Err(io::Error::other("nothing to start")) }))
    }
}

impl Launcher {
    /// Starts the process of each worker by `start` instead of by this crate. Its argument is the target that the
    /// worker has to connect to; the worker reads it from [`SOCKET_ENV_VAR`](super::super::SOCKET_ENV_VAR).
    pub fn starting(
        start: impl Fn(&str) -> Opening<'static, Process> + Send + Sync + 'static,
    ) -> Self {
        Self {
            start: Start::Program(Arc::new(start)),
            connect_timeout: Duration::from_secs(10),
            limits: Limits { message: MAX_MESSAGE_BYTES, queued: MAX_QUEUED_BYTES },
            tasks: Spawner::default(),
        }
    }

    /// How long a worker may take to connect. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The longest message, in bytes. A worker that sends a longer one is killed; a longer one is never
    /// sent. Default: [`MAX_MESSAGE_BYTES`].
    #[must_use]
    pub fn max_message_bytes(mut self, most: usize) -> Self {
        self.limits.message = most;
        self
    }

    /// The most bytes that wait for a worker that does not read. Default: [`MAX_QUEUED_BYTES`].
    #[must_use]
    pub fn max_queued_bytes(mut self, most: usize) -> Self {
        self.limits.queued = most;
        self
    }

    /// Runs the task that reads and writes by `spawn`, instead of on tokio's runtime.
    #[must_use]
    pub fn tasks(mut self, spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        self.tasks = Spawner::new(spawn);
        self
    }

    /// Starts a worker, and waits until it has connected. Dropping the handle kills it.
    ///
    /// # Errors
    /// The program cannot be spawned. It ends before it connects (`ConnectionAborted`; the text has the exit
    /// status). It takes too long to connect (`TimedOut`).
    pub async fn spawn<S, R, W>(&self) -> io::Result<WorkerHandle<R, W>>
    where
        S: Server,
        R: DeserializeOwned + Send + 'static,
        W: Serialize + Send + 'static,
    {
        self.launch::<S, R, W>(format::host()).await
    }

    /// The same, with payloads that stay bytes.
    ///
    /// # Errors
    /// Those of [`Launcher::spawn`].
    pub async fn spawn_raw<S: Server>(&self) -> io::Result<WorkerHandle<Raw, Raw>> {
        self.launch::<S, Raw, Raw>(format::raw_host()).await
    }

    pub(super) fn launch<S: Server, R: Send + 'static, W: 'static>(
        &self,
        format: Format<Response<R>, W>,
    ) -> impl Future<Output = io::Result<WorkerHandle<R, W>>> + Send + use<S, R, W> {
        let this = self.clone();
        async move {
            let (target, mut opening) = bind::<S>().await?;
            let mut child = this.start.start(&target.0).await?;
            let pid = child.id();
            let (reader, writer) = tokio::select! {
                biased;
                parts = &mut opening => parts?,
                status = child.wait() => match timeout(A_LOOK, opening).await {
                    Ok(parts) => parts?, // it had connected: only the runtime had not noticed yet
                    Err(_) => {
                        let text = format!("worker {pid} ended with {} before it connected", status?);
                        return Err(io::Error::new(io::ErrorKind::ConnectionAborted, text));
                    }
                },
                () = sleep(this.connect_timeout) => {
                    let text = format!("worker {pid} did not connect within {:?}", this.connect_timeout);
                    return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                }
            };
            drop(target);
            let parts = (reader, writer);
            let session = session::start(
                parts,
                child,
                (format.decode, format.keep),
                this.limits,
                &this.tasks,
            );
            Ok(WorkerHandle::new(session, format.encode))
        }
    }
}

/// The place where a worker is to connect. Dropped once that is over.
struct Awaited<S: Server>(String, std::marker::PhantomData<fn() -> S>);

impl<S: Server> Drop for Awaited<S> {
    fn drop(&mut self) {
        S::release(&self.0);
    }
}

type Connecting<S> =
    super::server::Opening<'static, (<S as Server>::Reader, <S as Server>::Writer)>;

/// Listens at a place that no other worker uses.
async fn bind<S: Server>() -> io::Result<(Awaited<S>, Connecting<S>)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut tries = 0;
    loop {
        let target = S::socket_path(NEXT.fetch_add(1, Ordering::Relaxed));
        match S::bind(&target).await {
            Ok(server) => {
                let opening = server.into_parts();
                return Ok((Awaited(target, std::marker::PhantomData), opening));
            }
            // The path is taken.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < 3 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Spawns the program at `path` as a worker, and waits until it has connected. It is killed when the handle
/// is dropped, and ends with this process.
///
/// # Errors
/// The program cannot be spawned; it ends before it connects; or it does not connect within the
/// default time of [`Launcher`].
#[cfg(feature = "ipc2")]
pub async fn spawn<S, P, R, W>(path: P) -> io::Result<WorkerHandle<R, W>>
where
    S: Server,
    P: AsRef<std::path::Path>,
    R: DeserializeOwned + Send + 'static,
    W: Serialize + Send + 'static,
{
    Launcher::new(path.as_ref()).spawn::<S, R, W>().await
}
