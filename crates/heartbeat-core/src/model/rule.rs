//! Rules: when Ingestion Alert opens an incident, and at which severity.

use std::time::Duration;

use super::named_enum;

named_enum! {
    /// The kind of an incident: at most one incident of each kind is open on a project. A failure of ingestion is one incident, however many rules see
    /// it, and is never mixed with a failure to read back, or with a project without traffic.
    /// The order is the number in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum IncidentKind {
        /// Events do not arrive, or arrive late.
        Ingestion = "ingestion",
        /// Beats cannot be read back; this says nothing about ingestion.
        Monitoring = "monitoring",
        /// Heartbeats arrive, but no other event.
        Traffic = "traffic",
    }
}

named_enum! {
    /// From low to high; the order is the number in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Severity {
        /// For information.
        Info = "info",
        /// To be checked during working hours.
        Warning = "warning",
        /// To be checked at once.
        Critical = "critical",
    }
}

impl Severity {
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::named(text.trim()).ok_or_else(|| format!("`{}` is not a severity; use info, warning or critical", text.trim()))
    }
}

named_enum! {
    /// The order is the number in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum RuleKind {
        /// No watched event with a timestamp in the last `timeRange`: the only rule of PostHog's app.
        NoEvent = "no_event",
        Lost = "lost",
        /// Beats arrive later than the limit, or are missing for longer.
        Lag = "lag_above",
        Capture = "capture",
        Blind = "blind",
        /// No event except heartbeats in the last `timeRange`.
        Quiet = "quiet",
        PartialLoss = "partial_loss",
        AnswersLost = "answers_lost",
    }
}

impl RuleKind {
    #[must_use]
    pub const fn incident_kind(self) -> IncidentKind {
        match self {
            Self::NoEvent | Self::Lost | Self::Lag | Self::Capture | Self::PartialLoss | Self::AnswersLost => IncidentKind::Ingestion,
            Self::Blind => IncidentKind::Monitoring,
            Self::Quiet => IncidentKind::Traffic,
        }
    }

    /// Whether settings give a limit instead of `on`.
    #[must_use]
    pub const fn has_limit(self) -> bool {
        matches!(self, Self::Lag | Self::Blind)
    }

    #[must_use]
    pub fn usual(self) -> Rule {
        let hours = |all: &[u64]| all.iter().map(|hours| Duration::from_hours(*hours)).collect();
        let beats = Damping { bad: 3, of: 5, good: 3 };
        let readbacks = Damping { bad: 1, of: 1, good: 2 };
        // A single lost beat does not count; at 10 % of loss two occur within 20 minutes in most cases (measured in `judge/alert/loss.rs`). The incident
        // closes when no lost beat is left in the window.
        let window = Damping { bad: 2, of: 30, good: 30 };
        let (on, limit, damping, severity) = match self {
            Self::NoEvent => (true, None, readbacks, Severity::Critical),
            Self::Lost | Self::Capture => (true, None, beats, Severity::Critical),
            Self::Lag => (true, Some(Duration::from_mins(5)), beats, Severity::Warning),
            Self::Blind => (true, Some(Duration::from_mins(15)), readbacks, Severity::Warning),
            Self::Quiet => (false, None, readbacks, Severity::Info),
            Self::PartialLoss => (true, None, window, Severity::Critical),
            Self::AnswersLost => (true, None, beats, Severity::Warning),
        };
        let reminders = if severity == Severity::Info { Vec::new() } else { hours(&[1, 4, 12, 24]) };
        Rule { on, limit, damping, severity, reminders }
    }
}

/// How many bad marks open and how many good marks close an incident. A mark is a minute of beats, or a read-back; undecided ones do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damping {
    /// This many bad marks ...
    pub bad: u8,
    /// ... out of this many last ones open.
    pub of: u8,
    /// This many good marks in a row close.
    pub good: u8,
}

impl Damping {
    /// The maximum of `of` and `good`.
    pub const MOST: u8 = 60;

    /// Reads `3 of 5`, or `3` for three in a row.
    pub fn parse_open(text: &str) -> Result<(u8, u8), String> {
        let (bad, of) = text.split_once("of").unwrap_or((text, text));
        match (bad.trim().parse::<u8>(), of.trim().parse::<u8>()) {
            (Ok(bad), Ok(of)) if (1..=of).contains(&bad) && of <= Self::MOST => Ok((bad, of)),
            _ => Err(format!("`{}` must be written like `3 of 5`, with at most {} results", text.trim(), Self::MOST)),
        }
    }

    /// Reads how many good results in a row close.
    pub fn parse_close(text: &str) -> Result<u8, String> {
        let read = text.trim().parse::<u8>().ok().filter(|good| (1..=Self::MOST).contains(good));
        read.ok_or_else(|| format!("`{}` must be a whole number from 1 to {}", text.trim(), Self::MOST))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub on: bool,
    /// The lag above which a beat is bad, or how long read-backs may fail.
    pub limit: Option<Duration>,
    pub damping: Damping,
    pub severity: Severity,
    /// Intervals between notifications; the last one repeats. Empty for no reminders.
    pub reminders: Vec<Duration>,
}

impl Rule {
    /// The wait from the last notification until reminder `number` (from 0).
    #[must_use]
    pub fn reminder(&self, number: u32) -> Option<Duration> {
        self.reminders.get(number as usize).or(self.reminders.last()).copied()
    }
}
