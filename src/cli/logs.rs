//! Sets up the logs on standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::error::Misuse;
use super::global::LogFormat;
use super::screen::Color;
use super::{Cli, Command};
use crate::config::Environment;

/// `HEARTBEAT_LOG` (else `RUST_LOG`) takes precedence over `--quiet` and `--verbose`.
pub fn start(cli: &Cli, environment: &Environment) -> Result<(), Misuse> {
    let global = &cli.global;
    let filter = match environment.log_filter() {
        Some(written) => {
            let hint = "use a filter such as `info` or `warn,heartbeat=debug`";
            EnvFilter::try_new(written).map_err(|wrong| Misuse(format!("HEARTBEAT_LOG (or RUST_LOG) `{written}`: {wrong}; {hint}")))?
        }
        None => EnvFilter::new(match (global.quiet, global.verbose) {
            // Logs would overwrite the screen of the demo.
            (_, 0) if matches!(cli.command, Some(Command::Demo(_))) => "off",
            (true, _) => "error",
            (false, 0) => "warn,heartbeat=info",
            (false, 1) => "info,heartbeat=debug",
            (false, _) => "trace",
        }),
    };
    let colored = match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => io::stderr().is_terminal() && !environment.no_color(),
    };
    let logs = tracing_subscriber::registry().with(filter);
    let started = match global.log_format {
        LogFormat::Text => logs.with(layer().with_writer(io::stderr).with_ansi(colored).with_target(false)).try_init(),
        LogFormat::Json => logs.with(layer().json().flatten_event(true).with_writer(io::stderr)).try_init(),
    };
    started.map_err(|error| Misuse(format!("the logs cannot be set up: {error}")))
}
