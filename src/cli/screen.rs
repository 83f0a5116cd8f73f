//! What a person sees: results on standard output, everything said about them on standard error.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::clock::Clock;
use crate::config::{Environment, conceal};

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Settles the question for the whole process.
    pub fn choose(self, environment: &Environment) {
        let choice = match self {
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
            Self::Auto if environment.no_color() => ColorChoice::Never,
            Self::Auto => ColorChoice::Auto,
        };
        choice.write_global();
    }
}

/// What was added, or is well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What was changed, or needs a read-back.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
/// What was removed, or is broken.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What can be passed over.
pub(super) const FAINT: Style = Style::new().dimmed();

/// `text` in a style. Codes are left out again where the output takes none.
pub(super) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Standard output and standard error, as one was asked to use them.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// `--quiet`: results alone.
    pub quiet: bool,
}

#[expect(clippy::unused_self, reason = "whoever shows something has been given the screen to show it on")]
impl Screen {
    /// A line of the result.
    pub fn line(self, text: impl Display) -> io::Result<()> {
        writeln!(anstream::stdout(), "{text}")
    }

    /// The result as it stands, with the line breaks it has.
    pub fn text(self, text: &str) -> io::Result<()> {
        let mut output = anstream::stdout();
        output.write_all(text.as_bytes())?;
        output.flush()
    }

    /// The result for a program.
    pub fn json(self, value: &impl Serialize) -> io::Result<()> {
        self.line(serde_json::to_string_pretty(value)?)
    }

    /// A whole list for a program, in the envelope that lists of the API have.
    pub fn items<T: Serialize>(self, items: impl IntoIterator<Item = T>) -> io::Result<()> {
        self.part(items, None)
    }

    /// The part of a list that ends before `next`.
    pub fn part<T: Serialize>(self, items: impl IntoIterator<Item = T>, next: Option<String>) -> io::Result<()> {
        #[derive(Serialize)]
        struct Part<T> {
            items: Vec<T>,
            next: Option<String>,
        }
        self.json(&Part { items: items.into_iter().collect(), next })
    }

    /// Something to know beside the result. It may quote what a person typed, and people type keys into wrong places.
    pub fn note(self, text: impl Display) -> io::Result<()> {
        if self.quiet { Ok(()) } else { say(Level::Info, &format!("{}\n", conceal(&text.to_string()))) }
    }
}

/// Whether a program reads standard error: then everything there is a line of JSON, as the logs are.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// Settles by the arguments, which may be none that can be understood, how this process writes to standard error: `--log-format json` counts from the
/// first word on.
pub fn choose_log_format(arguments: impl Iterator<Item = OsString>) {
    let (mut before, mut is_json) = (OsString::new(), false);
    for argument in arguments.take_while(|argument| argument != "--") {
        is_json |= argument == "--log-format=json" || (before == "--log-format" && argument == "json");
        before = argument;
    }
    AS_JSON.store(is_json, Ordering::Relaxed);
}

/// How grave it is, as logs call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Good to know.
    Info,
    /// It did not work.
    Error,
}

/// Writes to standard error: the text as it is, or as a line of JSON.
///
/// # Errors
/// When nobody reads it.
pub fn say(level: Level, text: &str) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'l> {
        timestamp: String,
        level: Level,
        message: &'l str,
    }
    if !AS_JSON.load(Ordering::Relaxed) {
        return anstream::stderr().write_all(text.as_bytes());
    }
    let plain = anstream::adapter::strip_str(text).to_string();
    let message = plain.trim_end();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let line = Line { timestamp: Clock::system().now().to_string(), level, message };
    writeln!(io::stderr(), "{}", serde_json::to_string(&line)?)
}
