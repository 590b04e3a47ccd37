//! The worker of the tests: ferripc's, or another one that the first argument names.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use ipc2_common::SOCKET_ENV_VAR;
use ipc2_worker::client::Client;
use ipc2_worker::{Connector, Job, connect};
use test_common::peer;
use test_common::task::{All, Task};
use test_common::tcp::TcpClient;
use tokio::net::UnixStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => tasks::<UnixStream>().await?,
        ["tcp"] => tasks::<TcpClient>().await?,
        ["all"] => echo::<All>().await?,
        ["raw"] => {
            let mut jobs = Connector::new().connect_raw::<UnixStream>().await?;
            while let Some(Job::Bidirectional { data, tx }) = jobs.recv().await {
                let _ = tx.send(data);
            }
        }
        ["text"] => echo::<String>().await?,
        ["grow"] => grow().await?,
        ["formless"] => formless().await?,
        // Without ferripc.
        ["peer", "all"] => peer::work(|all: All| Some(all)).await?,
        ["peer", "text"] => peer::work(|text: String| Some(text)).await?,
        ["peer", "tasks"] => peer::work(plain_answer).await?,
        ["vectors", file] => replay(file)?,
        ["garbage", hex] => {
            let mut stream = StdUnixStream::connect(std::env::var(SOCKET_ENV_VAR)?)?;
            stream.write_all(&bytes(hex))?;
            stream.read_to_end(&mut Vec::new())?;
            std::thread::sleep(Duration::from_secs(3600));
        }
        ["exit", status] => std::process::exit(status.parse()?),
        ["leave", status] => {
            drop(StdUnixStream::connect(std::env::var(SOCKET_ENV_VAR)?)?);
            std::process::exit(status.parse()?)
        }
        ["never"] => std::thread::sleep(Duration::from_secs(3600)),
        _ => return Err("unknown arguments".into()),
    }
    Ok(())
}

static NOTES: AtomicU32 = AtomicU32::new(0);
static IN_BACKGROUND: AtomicU32 = AtomicU32::new(0);
static OVERLAPPED: AtomicBool = AtomicBool::new(false);

async fn tasks<C: Client>() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var(SOCKET_ENV_VAR)?;
    let meta = Path::new(&folder).parent().and_then(|folder| std::fs::metadata(folder).ok());
    let folder_mode = meta.map_or(0, |meta| meta.permissions().mode() & 0o777);
    let mut jobs = connect::<C, Task, u32>().await?;
    while let Some(job) = jobs.recv().await {
        if IN_BACKGROUND.load(SeqCst) > 0 {
            OVERLAPPED.store(true, SeqCst);
        }
        let (task, tx) = match job {
            Job::Unidirectional { data } => (data, None),
            Job::Bidirectional { data, tx } => (data, Some(tx)),
        };
        let answer = match task {
            Task::Sleep(time) => {
                tokio::time::sleep(Duration::from_millis(time)).await;
                1
            }
            Task::Background(time) => {
                IN_BACKGROUND.fetch_add(1, SeqCst);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(time)).await;
                    IN_BACKGROUND.fetch_sub(1, SeqCst);
                    tx.map(|tx| tx.send(1))
                });
                continue;
            }
            Task::Overlapped => OVERLAPPED.load(SeqCst).into(),
            Task::Notes => NOTES.load(SeqCst),
            Task::FolderMode => folder_mode,
            Task::Hang => std::future::pending().await,
            #[allow(clippy::empty_loop)]
            Task::Spin => loop {},
            Task::NoReply => continue,
            plain => plain_answer(plain).unwrap_or(0),
        };
        let _ = tx.map(|tx| tx.send(answer));
    }
    Ok(())
}

fn plain_answer(task: Task) -> Option<u32> {
    match task {
        Task::Add(a, b) => Some(a + b),
        Task::Sub(a, b) => Some(a.wrapping_sub(b)),
        Task::Echo(text) => Some(text.len() as u32),
        Task::Crash => std::process::exit(42),
        Task::Note(_) => {
            NOTES.fetch_add(1, SeqCst);
            None
        }
        Task::Pid => Some(std::process::id()),
        _ => None,
    }
}

async fn echo<T>() -> Result<(), Box<dyn Error>>
where
    T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
{
    let mut jobs = connect::<UnixStream, T, T>().await?;
    while let Some(Job::Bidirectional { data, tx }) = jobs.recv().await {
        let _ = tx.send(data);
    }
    Ok(())
}

/// Answers each number with a text of that many bytes.
async fn grow() -> Result<(), Box<dyn Error>> {
    let mut jobs = connect::<UnixStream, u32, String>().await?;
    while let Some(Job::Bidirectional { data, tx }) = jobs.recv().await {
        let _ = tx.send("x".repeat(data as usize));
    }
    Ok(())
}

/// Its answers have no form in serde.
async fn formless() -> Result<(), Box<dyn Error>> {
    let mut jobs = connect::<UnixStream, u32, PathBuf>().await?;
    while let Some(Job::Bidirectional { tx, .. }) = jobs.recv().await {
        let _ = tx.send(PathBuf::from(OsStr::from_bytes(b"\xff")));
    }
    Ok(())
}

/// Expects each frame that the host sends, byte by byte, and sends the worker's frames.
fn replay(file: &str) -> io::Result<()> {
    let mut stream =
        StdUnixStream::connect(std::env::var(SOCKET_ENV_VAR).map_err(io::Error::other)?)?;
    for line in std::fs::read_to_string(file)?.lines() {
        match line.split_once(' ') {
            Some(("H>W", hex)) => {
                let mut frame = vec![0; hex.len() / 2];
                stream.read_exact(&mut frame)?;
                if frame != bytes(hex) {
                    std::process::exit(9);
                }
            }
            Some(("W>H", hex)) => stream.write_all(&bytes(hex))?,
            _ => {}
        }
    }
    assert_eq!(stream.read(&mut [0])?, 0);
    std::process::exit(7) // all bytes that were expected
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
