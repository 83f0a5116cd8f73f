//! `posthog-sandbox`: a PostHog on this machine, until SIGINT or SIGTERM.

#![expect(clippy::disallowed_methods, reason = "a program of its own hears its signals itself")]

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::Parser;
use posthog_sandbox::program::Options;
use tokio::signal::unix::{SignalKind, signal};

/// Run a PostHog on this machine: two projects, with faults on demand
///
/// It takes events as capture does, answers queries over them, and can be broken on purpose: GET, PUT (merged) and DELETE
/// /_sandbox/faults. What it holds: GET /_sandbox/events.
#[derive(Debug, Parser)]
#[command(version, after_help = "JSON (one object, once it listens): {address, token, personal_api_key, project_id, speed}.")]
struct Program {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Program::parse().options;
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let listener = options.listen().await?;
    let listening = options.listening(&listener)?;
    let said = if options.json { serde_json::to_string_pretty(&listening)? + "\n" } else { listening.words(&[]) };
    let mut output = io::stdout();
    output.write_all(said.as_bytes()).and_then(|()| output.flush()).context("standard output is closed")?;
    let stop = async {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    Ok(options.sandbox().serve(listener, stop).await?)
}
