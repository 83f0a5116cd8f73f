//! A line of a log.

use crate::model::{IncidentId, Minute, Timestamp};

/// How grave a line is. In order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// As it should be.
    Info,
    /// Late, or ours.
    Warning,
    /// PostHog failed.
    Error,
}

impl Level {
    /// All of them, from light to grave.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == text)
    }
}

/// A line of a log: what happened, and where to read more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// How grave.
    pub level: Level,
    /// On which route, where it is one's.
    pub route: Option<String>,
    /// Of which incident.
    pub incident: Option<IncidentId>,
    /// The minute that it belongs to: that of the beat, where it is about one.
    pub minute: Minute,
    /// What else is on record of it, a line each: the answer of a PostHog that refused.
    pub proof: Vec<String>,
    pub(super) said: Said,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// This.
    Words(String),
    /// The same in every minute (or every read-back) of a stretch, which is one line.
    Again { what: String, from: Minute, count: u32, unit: &'static str },
}

impl Line {
    /// Something that happened once.
    pub(super) fn told(at: Timestamp, level: Level, words: impl Into<String>) -> Self {
        let said = Said::Words(words.into());
        Self { at, level, route: None, incident: None, minute: at.minute(), proof: Vec::new(), said }
    }

    /// Something that is one line however many minutes it goes on. `unit` is what is counted, in the plural.
    pub(super) fn again(at: Timestamp, level: Level, what: impl Into<String>, unit: &'static str) -> Self {
        let minute = at.minute();
        let said = Said::Again { what: what.into(), from: minute, count: 1, unit };
        Self { at, level, route: None, incident: None, minute, proof: Vec::new(), said }
    }

    /// In one sentence without a full stop.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.said {
            Said::Words(words) => words.clone(),
            Said::Again { what, count: 1, .. } => what.clone(),
            Said::Again { what, from, count, unit } => {
                let (from, to) = (from.start().to_string(), self.minute.start().to_string());
                // Both with their day, where it is not the same.
                let from = if from.get(..10) == to.get(..10) { from.get(11..16) } else { from.get(..16) };
                let to = to.get(11..16).unwrap_or_default();
                format!("{what}, from {} to {to} ({count} {unit})", from.unwrap_or_default().replace('T', " "))
            }
        }
    }

    /// Takes in what `older` says, where that is the same of the minute before.
    pub(super) fn goes_back_to(&mut self, older: &Self) -> bool {
        let same = self.route == older.route && self.level == older.level;
        match (&mut self.said, &older.said) {
            (Said::Again { what, from, count, .. }, Said::Again { what: before, .. })
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
        let line = |minute: i64, what: &str| Line::again(START.plus(minute).start(), Level::Warning, what, "minutes");
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
