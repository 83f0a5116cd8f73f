//! Heartbeat: see the library, `heartbeat`. Parses, runs, gives the exit code.

use std::panic;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use heartbeat::cli::{self, Cli};
use heartbeat::clock::Clock;
use heartbeat::config::{Environment, conceal};

fn main() -> ExitCode {
    cli::choose_log_format(std::env::args_os());
    panic::set_hook(Box::new(tell_of_a_fault));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return cli::report_usage(&usage),
    };
    run(cli).unwrap_or_else(|error| cli::report(&error))
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    cli.global.color.choose(&environment);
    cli::logs::start(&cli, &environment)?;
    // The only failure is that a provider is installed already, and then there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime could not be started")?;
    let ended = runtime.block_on(cli::run(cli, environment, Clock::system()));
    // A thread that waits for a key to be pressed, or for a slow disk, does not hold up the end.
    runtime.shutdown_background();
    ended
}

/// A panic is a fault of ours: say so, where it is, and what can be done.
fn tell_of_a_fault(fault: &panic::PanicHookInfo<'_>) {
    let words = fault.payload_as_str().unwrap_or("no words");
    let place = fault.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let told = format!("heartbeat met a fault of its own: {}{place}; please report it with these words\n", conceal(words));
    // Where standard error is closed, nobody is left to tell.
    let _ = cli::say(cli::Level::Error, &told);
}
