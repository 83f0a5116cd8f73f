//! The sink's process, as its parent sees it.

use std::num::NonZeroU64;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::cli::bench::intake::Intake;
use crate::cli::bench::process::Process;
use crate::clock::Speed;

/// Ends when it is dropped.
pub struct Sink {
    pub process: Process,
    asks: ChildStdin,
    says: Lines<BufReader<ChildStdout>>,
    /// Its base URL.
    pub address: String,
}

impl Sink {
    /// Runs `program`, a `heartbeat`, as a sink that drops one of `lose` events.
    pub async fn start(program: &Path, speed: Speed, lose: Option<NonZeroU64>) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.args(["bench", "sink", "--speed", &speed.times().to_string()]);
        if let Some(lose) = lose {
            command.args(["--lose", &lose.to_string()]);
        }
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let (asks, says) = process.pipes().context("the sink has no pipes")?;
        let mut sink = Self { process, asks, says: BufReader::new(says).lines(), address: String::new() };
        sink.address = format!("http://127.0.0.1:{}", sink.line().await?);
        Ok(sink)
    }

    /// What it got since the last call.
    pub async fn take(&mut self) -> anyhow::Result<Intake> {
        self.asks.write_all(b"\n").await.context("the sink has ended")?;
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        self.says.next_line().await?.context("the sink has ended")
    }
}
