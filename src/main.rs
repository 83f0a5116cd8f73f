//! The `heartbeat` program: parses the command line, runs it, returns the exit code.

use std::panic;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use heartbeat::cli::{self, Cli};
use heartbeat::clock::Clock;
use heartbeat::config::{Environment, conceal};

fn main() -> ExitCode {
    cli::choose_log_format(std::env::args_os());
    panic::set_hook(Box::new(report_panic));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return cli::report_usage(usage, std::env::args_os()),
    };
    run(cli).unwrap_or_else(|error| cli::report(&error))
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    cli.global.color.choose(&environment);
    cli::logs::start(&cli, &environment)?;
    // It fails only when a provider is already installed, which is fine.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime could not be started")?;
    let result = runtime.block_on(cli::run(cli, environment, Clock::system()));
    // Does not wait for threads that are blocked on a key press or a slow disk.
    runtime.shutdown_background();
    result
}

fn report_panic(panic: &panic::PanicHookInfo<'_>) {
    let reason = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let message = format!("heartbeat crashed: {}{place}; please report this bug with this message\n", conceal(reason));
    // Standard error may be closed.
    let _ = cli::say(cli::Level::Error, &message);
}
