//! How errors are printed, and their exit codes.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use super::screen::{BAD, Level, say, styled};
use crate::config::{Problems, conceal};

const FAILED: u8 = 1;
/// Wrong usage: a flag, a name or a setting.
const MISUSED: u8 = 2;

/// Wrong usage. The text says what is wrong and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

impl Misuse {
    pub fn of(wrong: impl Display) -> Self {
        Self(wrong.to_string())
    }
}

/// Prints the error on standard error, with secrets concealed.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        // The reader of our output closed it, for example `head`.
        return ExitCode::SUCCESS;
    }
    let (words, code) = match error.downcast_ref::<Problems>() {
        Some(problems) => (list(problems), MISUSED),
        None if error.is::<Misuse>() => (error.to_string(), MISUSED),
        None => (format!("{error:#}"), FAILED),
    };
    print_error(&conceal(&words));
    ExitCode::from(code)
}

/// Prints a usage error with keys concealed, or the help or version that was asked for.
#[must_use]
pub fn report_usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        write_error(&conceal(&error.render().ansi().to_string()));
        ExitCode::from(MISUSED)
    } else {
        // Help and version. A pipe that is closed early is not an error.
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

fn print_error(words: &str) {
    write_error(&format!("{} {words}\n", styled(BAD, "error:")));
}

fn write_error(words: &str) {
    // Standard error may be closed.
    let _ = say(Level::Error, words);
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
