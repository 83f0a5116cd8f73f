//! What a person sees: results on standard output, everything said about them on standard error.

use std::fmt::Display;
use std::io::{self, Write as _};

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

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
/// What was changed, or needs a look.
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

    /// Something to know beside the result. It may quote what a person typed, and people type keys into wrong places.
    pub fn note(self, text: impl Display) -> io::Result<()> {
        if self.quiet { Ok(()) } else { writeln!(anstream::stderr(), "{}", conceal(&text.to_string())) }
    }
}
