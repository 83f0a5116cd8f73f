//! A line of a log.

use crate::model::{IncidentId, Minute, Timestamp};

/// In ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Timestamp,
    pub level: Level,
    pub route: Option<String>,
    pub incident: Option<IncidentId>,
    pub minute: Minute,
    pub proof: Vec<String>,
    pub(super) text: Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    Single(String),
    /// The same in every minute (or read-back) of a range: one line.
    Repeated {
        what: String,
        from: Minute,
        count: u32,
        unit: &'static str,
    },
}

impl Line {
    pub(super) fn single(at: Timestamp, level: Level, words: impl Into<String>) -> Self {
        let text = Text::Single(words.into());
        Self { at, level, route: None, incident: None, minute: at.minute(), proof: Vec::new(), text }
    }

    /// A line that can cover several minutes. `unit` is what is counted, in the plural.
    pub(super) fn repeated(at: Timestamp, level: Level, what: impl Into<String>, unit: &'static str) -> Self {
        let minute = at.minute();
        let text = Text::Repeated { what: what.into(), from: minute, count: 1, unit };
        Self { at, level, route: None, incident: None, minute, proof: Vec::new(), text }
    }

    /// One sentence without a full stop.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.text {
            Text::Single(words) => words.clone(),
            Text::Repeated { what, count: 1, .. } => what.clone(),
            Text::Repeated { what, from, count, unit } => {
                let (from, to) = (from.start().to_string(), self.minute.start().to_string());
                let from = if from.get(..10) == to.get(..10) { from.get(11..16) } else { from.get(..16) };
                let to = to.get(11..16).unwrap_or_default();
                format!("{what}, from {} to {to} ({count} {unit})", from.unwrap_or_default().replace('T', " "))
            }
        }
    }

    /// Merges `older` into this line if it says the same about the previous minute.
    pub(super) fn goes_back_to(&mut self, older: &Self) -> bool {
        let same = self.route == older.route && self.level == older.level;
        match (&mut self.text, &older.text) {
            (Text::Repeated { what, from, count, .. }, Text::Repeated { what: before, .. })
                if same && what == before && from.index() - older.minute.index() <= 1 =>
            {
                *from = older.minute;
                *count += 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::START;

    #[test]
    fn what_is_the_same_minute_after_minute_is_one_line() {
        let line = |minute: i64, what: &str| Line::repeated(START.plus(minute).start(), Level::Warning, what, "minutes");
        let mut newest = line(10, "nothing was sent");
        assert_eq!(newest.words(), "nothing was sent");
        assert!(newest.goes_back_to(&line(9, "nothing was sent")));
        assert!(!newest.goes_back_to(&line(7, "nothing was sent")), "one minute lies between");
        assert!(!newest.goes_back_to(&line(8, "something else")));
        assert!(!newest.goes_back_to(&Line { route: Some("proxy".into()), ..line(8, "nothing was sent") }));
        assert!(newest.goes_back_to(&line(8, "nothing was sent")));
        assert_eq!(newest.words(), "nothing was sent, from 00:08 to 00:10 (3 minutes)");
        for minute in (-2..8).rev() {
            assert!(newest.goes_back_to(&line(minute, "nothing was sent")));
        }
        assert_eq!(newest.words(), "nothing was sent, from 2026-06-19 23:58 to 00:10 (13 minutes)");
    }
}
