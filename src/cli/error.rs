//! Trouble, told to a person: what was tried, what came back, and an exit code that says whose fault it was.

use std::io;
use std::process::ExitCode;

use super::screen::{BAD, Level, say, styled};
use crate::config::{Problems, conceal};

/// The command failed.
const FAILED: u8 = 1;
/// It was asked for in a way that cannot be done: a flag, a name, a setting.
const MISUSED: u8 = 2;

/// What was asked for cannot be done; says why, and what can.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

/// Tells what went wrong, on standard error, and which exit code that is.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        // Whoever read our output has read enough.
        return ExitCode::SUCCESS;
    }
    let (words, code) = match error.downcast_ref::<Problems>() {
        Some(problems) => (list(problems), MISUSED),
        None if error.is::<Misuse>() => (error.to_string(), MISUSED),
        None => (format!("{error:#}"), FAILED),
    };
    tell(&conceal(&words));
    ExitCode::from(code)
}

/// Tells of a command line that could not be understood. Keys in it are concealed; asking for help is no trouble.
#[must_use]
pub fn report_usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        write_error(&conceal(&error.render().ansi().to_string()));
        ExitCode::from(MISUSED)
    } else {
        // Help and version; a pipe closed early is no trouble either.
        let _ = error.print();
        ExitCode::SUCCESS
    }
}

fn list(problems: &Problems) -> String {
    match problems.count() {
        1 => problems.to_string(),
        count => {
            let lines = problems.iter().map(ToString::to_string).collect::<Vec<_>>();
            format!("the settings have {count} problems:\n  {}", lines.join("\n  "))
        }
    }
}

fn tell(words: &str) {
    write_error(&format!("{} {words}\n", styled(BAD, "error:")));
}

fn write_error(words: &str) {
    // Where standard error is closed, nobody is left to tell.
    let _ = say(Level::Error, words);
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
