//! How far a replay has come, for a person who waits at a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::cli::global::Invocation;
use crate::model::Timestamp;

/// Fewer days than this are over before anybody has read a line.
const LONG: usize = 4;

/// A line that is written over and over.
pub(super) struct Progress {
    is_shown: bool,
    days: usize,
}

impl Progress {
    /// Shown only for long spans, on a terminal, unless one asked for quiet.
    pub(super) fn over(days: usize, invocation: &Invocation) -> Self {
        Self { is_shown: days >= LONG && !invocation.screen.quiet && io::stderr().is_terminal(), days }
    }

    /// The day that is being run.
    pub(super) fn at(&self, day: usize, from: Timestamp) {
        if self.is_shown {
            let from = from.to_string();
            // Where standard error is closed, nobody is waiting.
            let _ = write!(io::stderr(), "\r{}  day {} of {}", from.get(..10).unwrap_or(&from), day + 1, self.days);
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
