//! Output of the commands: results on standard output, notes and errors on standard error.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::clock::Clock;
use crate::config::{Environment, conceal};

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
    /// Applies to the whole process.
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

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// The output strips the colour codes when it does not support them.
pub(super) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// `--quiet`: print only results.
    pub quiet: bool,
}

#[expect(clippy::unused_self, reason = "only a command that has the screen can print")]
impl Screen {
    pub fn line(self, text: impl Display) -> io::Result<()> {
        writeln!(anstream::stdout(), "{text}")
    }

    /// Prints the text without adding a line break.
    pub fn text(self, text: &str) -> io::Result<()> {
        let mut output = anstream::stdout();
        output.write_all(text.as_bytes())?;
        output.flush()
    }

    pub fn json(self, value: &impl Serialize) -> io::Result<()> {
        self.line(serde_json::to_string_pretty(value)?)
    }

    /// A complete list, as `{items, next: null}` like the lists of the API.
    pub fn items<T: Serialize>(self, items: impl IntoIterator<Item = T>) -> io::Result<()> {
        self.part(items, None)
    }

    /// One page of a list; `next` starts the next page.
    pub fn part<T: Serialize>(self, items: impl IntoIterator<Item = T>, next: Option<String>) -> io::Result<()> {
        #[derive(Serialize)]
        struct Part<T> {
            items: Vec<T>,
            next: Option<String>,
        }
        self.json(&Part { items: items.into_iter().collect(), next })
    }

    /// A remark on standard error. It is concealed because it may quote a key that was typed in the wrong place.
    pub fn note(self, text: impl Display) -> io::Result<()> {
        if self.quiet { Ok(()) } else { say(Level::Info, &format!("{}\n", conceal(&text.to_string()))) }
    }
}

/// A line on a terminal that overwrites itself.
pub(super) struct ProgressLine {
    is_on: bool,
    is_shown: bool,
}

impl ProgressLine {
    pub(super) fn on(screen: Screen) -> Self {
        Self { is_on: !screen.quiet && io::stderr().is_terminal(), is_shown: false }
    }

    pub(super) fn show(&mut self, text: impl Display) {
        if self.is_on {
            self.is_shown = true;
            // Standard error may be closed.
            let _ = write!(anstream::stderr(), "\r{text} ");
        }
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(anstream::stderr(), "\r\x1b[K");
        }
    }
}

/// Whether standard error has one JSON object per line, like the logs.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// Looks for `--log-format json` in the raw arguments, so that usage errors are JSON as well.
pub fn choose_log_format(arguments: impl Iterator<Item = OsString>) {
    let (mut before, mut is_json) = (OsString::new(), false);
    for argument in arguments.take_while(|argument| argument != "--") {
        is_json |= argument == "--log-format=json" || (before == "--log-format" && argument == "json");
        before = argument;
    }
    AS_JSON.store(is_json, Ordering::Relaxed);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Info,
    Error,
}

/// Writes to standard error, as text or as a line of JSON.
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
