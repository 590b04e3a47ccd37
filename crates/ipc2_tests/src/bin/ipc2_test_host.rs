//! A host that a test kills. It starts two workers with ferripc, in the folder of its second argument if there is
//! one, gives one of them endless work, prints their process ids, and waits.

use ipc2_host::workerset::WorkerSet;
use test_common::task::Task;
use tokio::net::UnixListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let worker = std::env::args().nth(1).ok_or("no worker")?;
    let folder = std::env::args().nth(2);
    let builder = WorkerSet::builder().worker_count(2).worker_path(worker);
    let builder = builder.configure(move |command| {
        folder.iter().for_each(|folder| _ = command.current_dir(folder));
    });
    let workers: WorkerSet<UnixListener, u32, Task> = builder.finish().await?;
    workers.send_unidirectional(Task::Spin).await?;
    for pid in workers.pids() {
        println!("{pid}");
    }
    println!("ready");
    std::future::pending().await
}
