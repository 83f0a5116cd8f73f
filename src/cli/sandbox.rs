//! `heartbeat sandbox`: a PostHog on this machine, to try things against.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;

use super::global::Invocation;
use super::trouble::Misuse;
use crate::clock::{Clock, Speed};
use crate::lifecycle::Lifecycle;
use crate::sandbox::{self, Sandbox};

/// Run a PostHog on this machine: one project, with weather
///
/// It takes events as capture does, answers queries over them, and can be broken on purpose: GET, PUT (merged) and DELETE
/// /_sandbox/weather. What it holds: GET /_sandbox/events.
#[derive(Debug, Args)]
#[command(after_help = "JSON (one object, once it listens): {address, token, personal_api_key, project_id, speed}.")]
pub struct SandboxCommand {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8010", value_parser = address)]
    pub listen: SocketAddr,

    /// Listen on an address that other machines reach as well. There is no password but the well-known key
    #[arg(long)]
    pub allow_remote: bool,

    /// Run in fast time, for a `heartbeat run` of the same speed
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,

    /// Print the address, token and key as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Listening<'a> {
    address: String,
    token: &'a str,
    personal_api_key: &'a str,
    project_id: u32,
    speed: f64,
}

/// Reads `127.0.0.1:8010`, and `localhost:8010` as the same.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric.parse().map_err(|_| format!("`{text}` is no address to listen on; write it like `127.0.0.1:8010`"))
}

impl SandboxCommand {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(Misuse(format!(
                "--listen {} can be reached from other machines; say --allow-remote if that is meant, or use 127.0.0.1:{}",
                self.listen,
                self.listen.port()
            ))
            .into());
        }
        let lifecycle = Lifecycle::listen()?;
        let listener = TcpListener::bind(self.listen).await.with_context(|| {
            format!("{} cannot be listened on; is something else there? `--listen 127.0.0.1:0` takes a free port", self.listen)
        })?;
        self.announce(invocation, &format!("http://{}", listener.local_addr()?))?;
        let stop = lifecycle.stop();
        lifecycle.guard(Sandbox::new(Clock::fast(self.speed)).serve(listener, async move { stop.asked().await })).await??;
        Ok(ExitCode::SUCCESS)
    }

    fn announce(&self, invocation: &Invocation, address: &str) -> anyhow::Result<()> {
        let (token, key, project_id) = (sandbox::TOKEN, sandbox::PERSONAL_KEY, sandbox::PROJECT_ID);
        if self.json {
            let speed = self.speed.times();
            invocation.screen.json(&Listening { address: address.into(), token, personal_api_key: key, project_id, speed })?;
            return Ok(());
        }
        invocation.screen.text(&format!(
            "A PostHog listens on {address}\n  \
             project token     {token}\n  \
             personal API key  {key}\n  \
             project id        {project_id}\n\n\
             Try:\n  \
             heartbeat check --host {address} --token {token} --personal-api-key {key}\n  \
             curl -X PUT {address}/_sandbox/weather -d '{{\"queue\":{{\"stopped\":true}}}}'\n  \
             curl {address}/_sandbox/events\n"
        ))?;
        Ok(())
    }
}
