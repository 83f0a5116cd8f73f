//! How errors are printed, and their exit codes.

use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _};

use super::Cli;
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

/// Prints a usage error of this command line with keys concealed, or the help or version that was asked for.
#[must_use]
pub fn report_usage(error: clap::Error, line: impl IntoIterator<Item = OsString>) -> ExitCode {
    if error.use_stderr() {
        write_error(&conceal(&advised(error, &command_of(line)).render().ansi().to_string()));
        ExitCode::from(MISUSED)
    } else {
        // Help and version. A pipe that is closed early is not an error.
        let _ = error.print();
        ExitCode::SUCCESS
    }
}

/// Clap advises to pass an unknown flag as a value (`-- --tag`), but no value begins with `--`. The flag may be the name of a field.
fn advised(mut error: clap::Error, command: &Command) -> clap::Error {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) = (error.kind(), error.get(ContextKind::InvalidArg)) else {
        return error;
    };
    let as_value = format!("'-- {flag}'");
    let field = flag.strip_prefix("--").filter(|_| error.get(ContextKind::SuggestedArg).is_none()).map(|flag| flag.replace('-', "_"));
    let takes_fields = command.get_arguments().any(|argument| argument.get_id() == "set");
    let how = field.filter(|_| takes_fields).map(|field| StyledStr::from(format!("to set a field, use '--set {field}=VALUE'")));
    let tips = match error.remove(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(tips)) => tips,
        _ => Vec::new(),
    };
    let tips: Vec<StyledStr> = tips.into_iter().filter(|tip| !tip.to_string().contains(&as_value)).chain(how).collect();
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// The command that a command line names.
fn command_of(line: impl IntoIterator<Item = OsString>) -> Command {
    let mut command = Cli::command();
    for word in line {
        if let Some(named) = command.find_subcommand(&word) {
            command = named.clone();
        }
    }
    command
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
