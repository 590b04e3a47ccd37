//! PixivUtil2: a program that downloads images (the agent), and a program that starts it and shows its
//! progress (the controller). They talk over two ZeroMQ sockets: Comm for notifications, Task for jobs.
//!
//! # The controller
//!
//! ```no_run
//! use ferripc::protocols::pixivutil2::controller::{Controller, Options};
//! use ferripc::protocols::pixivutil2::rules::Event;
//! use ferripc::protocols::pixivutil2::{COMM, TASK};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let (controller, mut events) = Controller::bind(Options::new(COMM.parse()?, TASK.parse()?)).await?;
//! controller.take_ffmpeg(true);
//! println!("PixivUtil2.py --pipe={}", controller.option(Some("member 1")));
//! while let Some(delivery) = events.recv().await {
//!     match delivery.event {
//!         Event::Title(agent, title) => println!("{}: {title}", agent.identifier),
//!         Event::Ffmpeg(_, task, arguments) => controller.finish(task, arguments.len() as i32),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Agents get their answers before the program gets the events, so a slow program does not delay any of them.
//! Only jobs are answered later: when the program says that they have ended.
//!
//! # The agent
//!
//! ```no_run
//! use ferripc::protocols::pixivutil2::agent::{Agent, Options};
//! use ferripc::protocols::pixivutil2::option::IpcOption;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let option: IpcOption = "--ipc=tcp://localhost:4048|tcp://localhost:4049".parse()?;
//! let agent = Agent::connect(Options::new(option.comm.parse()?, option.task.parse()?)).await?;
//! agent.total(258).await?;
//! agent.downloaded(99_887_766, 0).await?;
//! let task = agent.ffmpeg(vec!["-version".into()]).await?;
//! println!("{}", task.exit_code().await?);
//! agent.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # On the wire
//!
//! [`message`] describes the frames, [`rules`] the answers of a controller. `docs/pixivutil2.md` compares this with
//! the behaviour of the programs.

pub mod agent;
pub mod controller;
mod fair;
mod jobs;
pub mod message;
pub mod option;
mod room;
pub mod rules;
mod turns;

/// The default endpoint on which a controller listens for notifications.
pub const COMM: &str = "tcp://127.0.0.1:6974";

/// The default endpoint on which a controller listens for jobs.
pub const TASK: &str = "tcp://127.0.0.1:7469";
