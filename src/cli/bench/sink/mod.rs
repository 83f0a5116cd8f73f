//! The sink: a process in place of PostHog, so that what it costs is not counted. It accepts events like capture, and answers read-backs with what
//! it got.

mod events;
mod process;
mod question;
mod server;

use std::io::{self, BufRead as _};
use std::net::Ipv4Addr;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::cli::global::Invocation;
use crate::cli::screen::Screen;
use crate::clock::{Clock, Speed};
use events::Events;
use server::{Shared, serve};

pub use process::Sink;

/// Run the sink of a bench
///
/// It prints its port on the first line. For each line on standard input it prints what it got since the last one, as JSON. It ends with standard
/// input.
#[derive(Debug, Args)]
pub(super) struct SinkCommand {
    /// Run the clock this many times as fast
    #[arg(long, value_name = "TIMES", allow_hyphen_values = true, default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,

    /// Accept and drop one of N events
    #[arg(long, value_name = "N")]
    pub lose: Option<NonZeroU64>,
}

impl SinkCommand {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let events = Shared::new(Mutex::new(Events::new(Clock::fast(self.speed), self.speed, self.lose)));
        let (ended, end) = oneshot::channel::<anyhow::Error>();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1 for the sink")?;
        listener.set_nonblocking(true)?;
        invocation.screen.line(listener.local_addr()?.port())?;
        thread::spawn({
            let events = Arc::clone(&events);
            move || ended.send(serve_alone(listener, events))
        });
        let screen = invocation.screen;
        let asked = tokio::task::spawn_blocking(move || report(screen, &events));
        tokio::select! {
            asked = asked => asked?,
            error = end => Err(error?),
        }
    }
}

/// On one thread: with several, each request would cost a switch between them.
fn serve_alone(listener: std::net::TcpListener, events: Shared) -> anyhow::Error {
    let serving = || -> anyhow::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(async { serve(TcpListener::from_std(listener)?, events).await })?)
    };
    serving().err().unwrap_or_else(|| anyhow::anyhow!("the sink ended by itself"))
}

fn report(screen: Screen, events: &Shared) -> anyhow::Result<()> {
    for line in io::stdin().lock().lines() {
        line?;
        let intake = events.lock().unwrap_or_else(PoisonError::into_inner).take();
        screen.line(serde_json::to_string(&intake)?)?;
    }
    Ok(())
}
