//! A host and a worker without any code of ferripc: tokio, serde and bincode 1.3.3, and what is known
//! about ipc2's bytes.

use std::io;
use std::process::Stdio;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};

#[derive(Serialize, Deserialize)]
pub enum FromHost<T> {
    Unidirectional { data: T },
    Bidirectional { data: T, job_id: u32 },
}

#[derive(Serialize, Deserialize)]
pub enum FromWorker<T> {
    Response { data: T, job_id: u32 },
}

pub async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
) -> io::Result<()> {
    let payload = bincode::serialize(message).map_err(io::Error::other)?;
    stream.write_all(&u32::try_from(payload.len()).unwrap().to_be_bytes()).await?;
    stream.write_all(&payload).await
}

pub async fn read<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let len = stream.read_u32().await?;
    let mut payload = vec![0; len as usize];
    stream.read_exact(&mut payload).await?;
    bincode::deserialize(&payload).map_err(io::Error::other)
}

/// Answers jobs, one after the other, until the host is gone.
pub async fn work<R: DeserializeOwned, W: Serialize>(
    mut answer: impl FnMut(R) -> Option<W>,
) -> io::Result<()> {
    let path = std::env::var("IPC2_SOCKET_PATH").map_err(io::Error::other)?;
    let mut stream = UnixStream::connect(path).await?;
    loop {
        let (data, job_id) = match read(&mut stream).await {
            Ok(FromHost::Unidirectional { data }) => (data, None),
            Ok(FromHost::Bidirectional { data, job_id }) => (data, Some(job_id)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        if let (Some(data), Some(job_id)) = (answer(data), job_id) {
            write(&mut stream, &FromWorker::Response { data, job_id }).await?;
        }
    }
}

/// A worker, as its host sees it.
pub struct Host {
    pub child: Child,
    pub stream: UnixStream,
    next: u32,
}

impl Host {
    /// Starts a worker with these arguments.
    pub async fn start(program: &str, arguments: &[&str]) -> io::Result<Self> {
        let path = format!("/tmp/ipc2-tests-{}-{:p}", std::process::id(), &program);
        let listener = UnixListener::bind(&path)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("IPC2_SOCKET_PATH", &path)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let child = command.spawn()?;
        let accepted = listener.accept().await;
        std::fs::remove_file(&path)?;
        Ok(Self { child, stream: accepted?.0, next: 0 })
    }

    pub async fn job<W: Serialize, R: DeserializeOwned>(&mut self, data: W) -> io::Result<R> {
        let number = self.next;
        self.next += 1;
        write(&mut self.stream, &FromHost::Bidirectional { data, job_id: number }).await?;
        let FromWorker::Response { data, job_id } = read(&mut self.stream).await?;
        assert_eq!(job_id, number);
        Ok(data)
    }
}
