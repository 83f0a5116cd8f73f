//! Shows the progress of a replay on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::cli::global::Invocation;
use crate::settings::replay::Progress;

/// Shorter replays end before a progress line could be read.
const LONG: usize = 4;

/// A line that overwrites itself.
pub(super) struct ProgressLine {
    is_shown: bool,
}

impl ProgressLine {
    pub(super) fn on(invocation: &Invocation) -> Self {
        Self { is_shown: !invocation.screen.quiet && io::stderr().is_terminal() }
    }

    pub(super) fn at(&self, Progress { day, days, from }: Progress) {
        if self.is_shown && days >= LONG {
            let from = from.to_string();
            // Standard error may be closed.
            let _ = write!(io::stderr(), "\r{}  day {} of {days}", from.get(..10).unwrap_or(&from), day + 1);
        }
    }

    pub(super) fn end(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
