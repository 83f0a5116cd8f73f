//! Rules: when Ingestion Alert opens an incident, and at which severity.

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use super::{Incident, Invalid, QuotaLimit, duration, named_enum};

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
        /// About what applications send: no event except heartbeats, or more than the events quota will allow.
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
    pub const NAMES: [&'static str; Self::ALL.len()] = [Self::Info.name(), Self::Warning.name(), Self::Critical.name()];

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::named(text.trim()).ok_or_else(|| Invalid::choice(text, &Self::NAMES))
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
        /// PostHog drops events once the events quota is used up.
        Quota = "quota_above",
    }
}

/// What a rule counts: its results are good or bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    Minutes,
    Readbacks,
}

impl Counted {
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Minutes => "minute",
            Self::Readbacks => "read-back",
        }
    }
}

/// A rule as users know it: its kind of incident, its defaults, and what is said of it. How it judges is in `judge/alert/rules/`.
#[derive(Debug, Clone, Copy)]
pub struct RuleRow {
    pub incident_kind: IncidentKind,
    pub counts: Counted,
    /// Whether it is on by default.
    pub on: bool,
    /// The default of its limit. A rule without one has `on` in its place.
    pub limit: Option<Limit>,
    pub damping: Damping,
    pub severity: Severity,
    pub label: &'static str,
    pub hint: &'static str,
    /// When a result is bad, with `{limit}` and `{range}` in the place of the limit and the time range.
    pub condition: &'static str,
    pub headline: RuleHeadline,
    /// What its incidents say about ingestion, if they are not about ingestion.
    pub note: Option<&'static str>,
    /// What its incidents say after recovery, if no beat says more.
    pub recovered: &'static str,
}

/// The titles of incidents that a rule opened.
#[derive(Debug, Clone, Copy)]
pub struct RuleHeadline {
    /// The problem in a few words.
    pub problem: &'static str,
    /// The title after recovery.
    pub over: &'static str,
    /// The title after recovery, if the problem is the title of a known cause.
    pub cause_over: Option<&'static str>,
    /// Whether the problem is said with the number of missing beats, and only a final cause replaces it.
    pub counts_missing: bool,
}

impl RuleHeadline {
    const fn new(problem: &'static str, over: &'static str) -> Self {
        Self { problem, over, cause_over: None, counts_missing: false }
    }
}

/// A rule that counts minutes, and is on.
const OF_MINUTES: RuleRow = RuleRow {
    incident_kind: IncidentKind::Ingestion,
    counts: Counted::Minutes,
    on: true,
    limit: None,
    damping: Damping { bad: 3, of: 5, good: 3 },
    severity: Severity::Critical,
    label: "",
    hint: "",
    condition: "",
    headline: RuleHeadline::new("ingestion stopped", "ingestion is back"),
    note: None,
    recovered: "events arrive again",
};

/// A rule that counts read-backs, and is on.
const OF_READBACKS: RuleRow = RuleRow { counts: Counted::Readbacks, damping: Damping { bad: 1, of: 1, good: 2 }, ..OF_MINUTES };

const NO_EVENT: RuleRow = RuleRow {
    label: "No event",
    hint: "No watched event for `timeRange`: on or off. Counts read-backs.",
    condition: "no watched event is newer than {range}",
    ..OF_READBACKS
};

const LOST: RuleRow = RuleRow {
    label: "Beats lost",
    hint: "Accepted beats have not arrived after `lost_after`: on or off. Counts minutes.",
    condition: "beats are lost",
    ..OF_MINUTES
};

const LAG: RuleRow = RuleRow {
    limit: Some(Limit::Time(Duration::from_mins(5))),
    severity: Severity::Warning,
    label: "Lag above",
    hint: "Beats arrive later than this, or are missing for longer; or `off`. Counts minutes.",
    condition: "beats take longer than {limit} to arrive",
    headline: RuleHeadline::new("ingestion is late", "ingestion is on time again"),
    ..OF_MINUTES
};

const CAPTURE: RuleRow = RuleRow {
    label: "Capture fails",
    hint: "Capture rejects beats or does not answer: on or off. Counts minutes.",
    condition: "capture rejects beats or does not answer",
    headline: RuleHeadline { cause_over: Some("events are accepted again"), ..RuleHeadline::new("capture fails", "capture works again") },
    ..OF_MINUTES
};

const BLIND: RuleRow = RuleRow {
    incident_kind: IncidentKind::Monitoring,
    limit: Some(Limit::Time(Duration::from_mins(15))),
    severity: Severity::Warning,
    label: "Read-backs fail",
    hint: "Read-backs have failed for this long; or `off`. Opens a `monitoring` incident, which says nothing about ingestion. Counts read-backs.",
    condition: "reading back has failed for {limit}",
    headline: RuleHeadline::new("beats cannot be read back", "read-backs work again"),
    note: Some("Whether events arrive is unknown: they cannot be read back."),
    recovered: "read-backs work again",
    ..OF_READBACKS
};

const QUIET: RuleRow = RuleRow {
    incident_kind: IncidentKind::Traffic,
    on: false,
    severity: Severity::Info,
    label: "Quiet",
    hint: "Heartbeats arrive, but no other event for `timeRange`: on or off. Opens a `traffic` incident. Counts read-backs.",
    condition: "heartbeats arrive, but no other event is newer than {range}",
    headline: RuleHeadline::new("no traffic", "traffic is back"),
    note: Some("Heartbeats arrive, so ingestion works: no application sends events."),
    recovered: "other events arrive again",
    ..OF_READBACKS
};

const PARTIAL_LOSS: RuleRow = RuleRow {
    // A single lost beat does not count; at 10 % of loss two occur within 20 minutes in most cases (measured in
    // `judge/alert/rules/partial_loss.rs`). The incident closes when no lost beat is left in the window.
    damping: Damping { bad: 2, of: 30, good: 30 },
    label: "Partial loss",
    hint: "Some beats are lost while later ones arrive: on or off. Counts minutes.",
    condition: "some beats are lost while later ones arrive",
    headline: RuleHeadline { counts_missing: true, ..RuleHeadline::new("beats are being lost", "no more beats are lost") },
    ..OF_MINUTES
};

const ANSWERS_LOST: RuleRow = RuleRow {
    severity: Severity::Warning,
    label: "Answers lost",
    hint: "Capture accepts beats but does not answer: on or off. Counts minutes.",
    condition: "capture accepts beats but does not answer",
    headline: RuleHeadline::new("capture accepts events but does not answer", "capture answers again"),
    ..OF_MINUTES
};

const QUOTA: RuleRow = RuleRow {
    incident_kind: IncidentKind::Traffic,
    limit: Some(Limit::Percent(QuotaLimit::NEARLY)),
    severity: Severity::Warning,
    label: "Quota above",
    hint: "This share of the events quota is used, or more; or `off`. Opens a `traffic` incident. Counts read-backs.",
    condition: "{limit} or more of the events quota is used",
    headline: RuleHeadline::new("the events quota is running out", "enough of the events quota is left again"),
    note: Some("Once the quota is used up, PostHog accepts events and drops them."),
    recovered: "enough of the events quota is left again",
    ..OF_READBACKS
};

impl RuleKind {
    #[must_use]
    pub const fn row(self) -> RuleRow {
        match self {
            Self::NoEvent => NO_EVENT,
            Self::Lost => LOST,
            Self::Lag => LAG,
            Self::Capture => CAPTURE,
            Self::Blind => BLIND,
            Self::Quiet => QUIET,
            Self::PartialLoss => PARTIAL_LOSS,
            Self::AnswersLost => ANSWERS_LOST,
            Self::Quota => QUOTA,
        }
    }

    #[must_use]
    pub const fn incident_kind(self) -> IncidentKind {
        self.row().incident_kind
    }

    #[must_use]
    pub fn usual(self) -> Rule {
        let RuleRow { on, limit, damping, severity, .. } = self.row();
        let reminders: &[u64] = if severity == Severity::Info { &[] } else { &[1, 4, 12, 24] };
        Rule { on, limit, damping, severity, reminders: reminders.iter().copied().map(Duration::from_hours).collect() }
    }
}

impl Incident {
    /// The rule that its title names: of those that hold, the first of the most severe ones by default.
    #[must_use]
    pub fn leading_rule(&self) -> RuleKind {
        let is_of_kind = |kind: &RuleKind| kind.incident_kind() == self.incident_kind;
        let weight = |kind: &RuleKind| (kind.row().headline.counts_missing, kind.row().severity);
        let held = self.rules.iter().copied().filter(is_of_kind).min_by_key(|kind| Reverse(weight(kind)));
        held.or_else(|| RuleKind::ALL.into_iter().find(is_of_kind)).unwrap_or(RuleKind::NoEvent)
    }
}

/// Above this a rule sees a bad result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Time(Duration),
    Percent(u8),
}

impl Limit {
    const LEAST: Duration = Duration::from_secs(1);
    const MOST: Duration = Duration::from_hours(24);

    /// Reads another limit of the same kind.
    pub fn parse_like(self, text: &str) -> Result<Self, Invalid> {
        match self {
            Self::Time(_) => {
                duration::parse(text).map_err(|_| Invalid::malformed(text, "a duration such as `90s`, `5m` or `1h`, or `off`"))?;
                duration::within(text, Self::LEAST, Self::MOST).map(Self::Time)
            }
            Self::Percent(_) => {
                let percent = text.trim().trim_end_matches('%').trim_end().parse::<u8>().ok().filter(|percent| (1..=100).contains(percent));
                percent.map(Self::Percent).ok_or_else(|| Invalid::malformed(text, "a percentage from `1%` to `100%`, or `off`"))
            }
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => f.write_str(&duration::show(*time)),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
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

    /// `3 of 5`
    #[must_use]
    pub fn open_after(self) -> String {
        format!("{} of {}", self.bad, self.of)
    }

    /// Reads `3 of 5`, or `3` for three in a row.
    pub fn parse_open(text: &str) -> Result<(u8, u8), Invalid> {
        let (bad, of) = text.split_once("of").unwrap_or((text, text));
        match (bad.trim().parse::<u8>(), of.trim().parse::<u8>()) {
            (Ok(bad), Ok(of)) if (1..=of).contains(&bad) && of <= Self::MOST => Ok((bad, of)),
            _ => Err(Invalid::malformed(text, format!("written like `3 of 5`, with at most {} results", Self::MOST))),
        }
    }

    /// Reads how many good results in a row close.
    pub fn parse_close(text: &str) -> Result<u8, Invalid> {
        let read = text.trim().parse::<u8>().ok().filter(|good| (1..=Self::MOST).contains(good));
        read.ok_or_else(|| Invalid::whole(text, "", 1, u64::from(Self::MOST)))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub on: bool,
    pub limit: Option<Limit>,
    pub damping: Damping,
    pub severity: Severity,
    /// Intervals between notifications; the last one repeats. Empty for no reminders.
    pub reminders: Vec<Duration>,
}

impl Rule {
    #[must_use]
    pub const fn time_limit(&self) -> Option<Duration> {
        match self.limit {
            Some(Limit::Time(time)) => Some(time),
            Some(Limit::Percent(_)) | None => None,
        }
    }

    #[must_use]
    pub const fn percent_limit(&self) -> Option<u8> {
        match self.limit {
            Some(Limit::Percent(percent)) => Some(percent),
            Some(Limit::Time(_)) | None => None,
        }
    }

    /// The wait from the last notification until reminder `number` (from 0).
    #[must_use]
    pub fn reminder(&self, number: u32) -> Option<Duration> {
        self.reminders.get(number as usize).or(self.reminders.last()).copied()
    }
}
