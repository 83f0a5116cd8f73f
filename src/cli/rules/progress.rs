//! How far a replay has come, for a person who waits at a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::cli::global::Invocation;
use crate::settings::replay::Progress;

/// Fewer days than this are over before anybody has read a line.
const LONG: usize = 4;

/// A line that is written over and over.
pub(super) struct Screened {
    is_shown: bool,
}

impl Screened {
    /// Shown on a terminal, unless one asked for quiet.
    pub(super) fn on(invocation: &Invocation) -> Self {
        Self { is_shown: !invocation.screen.quiet && io::stderr().is_terminal() }
    }

    /// The day that is being run, of a long span.
    pub(super) fn at(&self, Progress { day, days, from }: Progress) {
        if self.is_shown && days >= LONG {
            let from = from.to_string();
            // Where standard error is closed, nobody is waiting.
            let _ = write!(io::stderr(), "\r{}  day {} of {days}", from.get(..10).unwrap_or(&from), day + 1);
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
