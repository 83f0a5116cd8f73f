//! Rules: what Ingestion Alert holds to be trouble, from when on, and how grave it is.

use std::fmt;
use std::time::Duration;

/// An incident kind of trouble: at most one incident of each is open on a project. What breaks ingestion is one incident however many rules
/// see it, and never mixed with what is our own repair, or with a project that merely has nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IncidentKind {
    /// Events do not get in, or late.
    Ingestion,
    /// We cannot look: ours until shown otherwise.
    Monitoring,
    /// Nothing is wrong but that nobody sends: heartbeats arrive, and no other event.
    Traffic,
}

impl IncidentKind {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 3] = [Self::Ingestion, Self::Monitoring, Self::Traffic];

    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingestion => "ingestion",
            Self::Monitoring => "monitoring",
            Self::Traffic => "traffic",
        }
    }
}

impl fmt::Display for IncidentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How grave trouble is. In order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look at it in the daytime.
    Warning,
    /// Somebody should get up for it.
    Critical,
}

impl Severity {
    /// All of them, from light to grave; their place here is their number in the store.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads `info`, `warning` or `critical`.
    ///
    /// # Errors
    /// Says which there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|severity| severity.name() == text.trim());
        found.ok_or_else(|| format!("`{}` is no severity; there are info, warning, critical", text.trim()))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One rule of Ingestion Alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleKind {
    /// No watched event with a timestamp in the last `timeRange`: the original app's one rule.
    NoEvent,
    /// Beats are lost.
    Lost,
    /// Beats come later than a limit, or are missing for longer.
    Lag,
    /// Capture refuses, or does not answer.
    Capture,
    /// Looking has failed for longer than a limit.
    Blind,
    /// No event but heartbeats in the last `timeRange`.
    Quiet,
    /// Some beats are lost while others arrive.
    PartialLoss,
    /// Capture takes beats and does not answer.
    AnswersLost,
}

impl RuleKind {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 8] =
        [Self::NoEvent, Self::Lost, Self::Lag, Self::Capture, Self::Blind, Self::Quiet, Self::PartialLoss, Self::AnswersLost];

    /// As it is written in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoEvent => "no_event",
            Self::Lost => "lost",
            Self::Lag => "lag_above",
            Self::Capture => "capture",
            Self::Blind => "blind",
            Self::Quiet => "quiet",
            Self::PartialLoss => "partial_loss",
            Self::AnswersLost => "answers_lost",
        }
    }

    /// The rule of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    /// Which incident kind its trouble belongs to.
    #[must_use]
    pub const fn incident_kind(self) -> IncidentKind {
        match self {
            Self::NoEvent | Self::Lost | Self::Lag | Self::Capture | Self::PartialLoss | Self::AnswersLost => IncidentKind::Ingestion,
            Self::Blind => IncidentKind::Monitoring,
            Self::Quiet => IncidentKind::Traffic,
        }
    }

    /// Whether it has a limit of its own: then settings give that in place of `on`.
    #[must_use]
    pub const fn has_limit(self) -> bool {
        matches!(self, Self::Lag | Self::Blind)
    }

    /// As it holds where nothing is set.
    #[must_use]
    pub fn usual(self) -> Rule {
        let hours = |all: &[u64]| all.iter().map(|hours| Duration::from_hours(*hours)).collect();
        let beats = Damping { bad: 3, of: 5, good: 3 };
        let readbacks = Damping { bad: 1, of: 1, good: 2 };
        // A single lost beat is none; at 10 % of loss two come within 20 minutes in most cases (`judge/alert/loss.rs` measures it). It is over
        // when no lost beat is in sight.
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

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How many bad marks open, and how many good ones close. Of beats a mark is a minute, of read-backs a read-back; what is not decided is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damping {
    /// So many bad ones open ...
    pub bad: u8,
    /// ... of so many last ones.
    pub of: u8,
    /// So many good ones in a row close.
    pub good: u8,
}

impl Damping {
    /// No damping looks further back than so many marks.
    pub const MOST: u8 = 60;

    /// Reads `3 of 5`, or `3` for three in a row.
    ///
    /// # Errors
    /// Says how it is written.
    pub fn parse_open(text: &str) -> Result<(u8, u8), String> {
        let (bad, of) = text.split_once("of").unwrap_or((text, text));
        match (bad.trim().parse::<u8>(), of.trim().parse::<u8>()) {
            (Ok(bad), Ok(of)) if (1..=of).contains(&bad) && of <= Self::MOST => Ok((bad, of)),
            _ => Err(format!("`{}` must be written like `3 of 5`, of {} at most", text.trim(), Self::MOST)),
        }
    }

    /// Reads how many good ones in a row close.
    ///
    /// # Errors
    /// Says how it is written.
    pub fn parse_close(text: &str) -> Result<u8, String> {
        let read = text.trim().parse::<u8>().ok().filter(|good| (1..=Self::MOST).contains(good));
        read.ok_or_else(|| format!("`{}` must be a whole number from 1 to {}", text.trim(), Self::MOST))
    }
}

/// One rule, as it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whether it holds at all.
    pub on: bool,
    /// The lag above which a beat is bad, or for how long looking may fail.
    pub limit: Option<Duration>,
    /// When it opens and closes.
    pub damping: Damping,
    /// How grave it is.
    pub severity: Severity,
    /// How long after opening each reminder follows the one before; the last goes on for ever. None at all, when empty.
    pub reminders: Vec<Duration>,
}

impl Rule {
    /// How long after the last message the reminder of this number (from 0) is due.
    #[must_use]
    pub fn reminder(&self, number: u32) -> Option<Duration> {
        self.reminders.get(number as usize).or(self.reminders.last()).copied()
    }
}
