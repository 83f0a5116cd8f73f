//! The program `posthog-sandbox`: serves a PostHog sandbox until SIGINT or SIGTERM.

#![expect(clippy::disallowed_methods, reason = "this program has no lifecycle module; it reads its signals itself")]

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::Parser;
use posthog_sandbox::program::Options;
use tokio::signal::unix::{SignalKind, signal};

/// Run a PostHog sandbox on this machine: two projects, with faults on demand
///
/// It accepts events like capture and answers HogQL queries over them. Set faults with PUT /_sandbox/faults (merged), read them
/// with GET, clear them with DELETE. GET /_sandbox/events lists the events.
#[derive(Debug, Parser)]
#[command(version, after_help = "JSON (one object, printed once it listens): {address, token, personal_api_key, project_id, speed}.")]
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
    let text = if options.json { serde_json::to_string_pretty(&listening)? + "\n" } else { listening.words(&[]) };
    let mut output = io::stdout();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).context("standard output is closed")?;
    let stop = async {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    Ok(options.sandbox().serve(listener, stop).await?)
}
