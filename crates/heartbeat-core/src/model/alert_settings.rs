//! The table of Ingestion Alert's settings, used by files, the command line and the page: those of the app, and five of each rule.

use std::sync::LazyLock;
use std::time::Duration;

use super::{Damping, Field, Invalid, Rule, RuleKind, Severity, Takes, duration, named_enum};

/// Settings that belong to no rule.
const OWN: [Field; 7] = [
    Field::new("timeRange", "Time range in minutes", Takes::Number, "Number of minutes without a watched event after which `no_event` opens an incident.").or("30").required(),
    Field::new("webHookUrlTriggered", "Webhook URL when triggered", Takes::Url, "Called with a plain GET when an incident opens; retried until it answers 2xx.").secret(),
    Field::new("webHookUrlResolved", "Webhook URL when resolved", Takes::Url, "Called with a plain GET when the incident ends; retried until it answers 2xx.").secret(),
    Field::new("posthogApiKey", "PostHog personal API key", Takes::Key, "Reads events instead of the project's own key. It needs the scope query:read.").or("the project's personal API key").secret(),
    Field::new("posthogHost", "PostHog host", Takes::Host, "Where events are read instead of the project's own API.").or("the project's API"),
    Field::new("watch", "What to watch", Takes::Examples(&["any", "heartbeats"]), "`any` event, only `heartbeats`, or event names separated by commas, for example `signup, purchase`.").or("any").required(),
    Field::new("due", "Due hours", Takes::Text, "Hours in which the watched events must arrive, for example `mon-fri 08:00-20:00 Europe/Berlin`; several separated by commas, UTC without a time zone. \
               Outside of them `no_event` opens nothing.").or("always"),
];

pub(super) static SETTINGS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let of_rules = RuleKind::ALL.into_iter().flat_map(|kind| RuleSetting::ALL.map(|setting| setting.field(kind)));
    OWN.into_iter().chain(of_rules).collect()
});

named_enum! {
    /// The settings of a rule. The name is what follows that of the rule, as in `lost_open_after`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum RuleSetting {
        /// On, off, or the limit.
        Switch = "",
        OpenAfter = "_open_after" or "opens after",
        CloseAfter = "_close_after" or "closes after",
        Severity = "_severity" or "severity",
        Reminders = "_reminders" or "reminders",
    }
}

impl RuleSetting {
    /// The rule and its setting that a key names: `lost`, `lost_open_after`, `lag_above_severity` ...
    #[must_use]
    pub fn of_key(key: &str) -> Option<(RuleKind, Self)> {
        RuleKind::ALL.into_iter().find_map(|kind| Some((kind, Self::named(key.strip_prefix(kind.name())?)?)))
    }

    fn field(self, kind: RuleKind) -> Field {
        // The table lives as long as the process, and is made once.
        let key = format!("{kind}{}", self.name()).leak();
        let row = kind.row();
        let (takes, hint) = match self {
            Self::Switch if row.limit.is_some() => (Takes::Limit, row.hint),
            Self::Switch => (Takes::OneOf(&["on", "off"]), row.hint),
            Self::OpenAfter => (Takes::Text, "Bad results out of the last N, for example `3 of 5`."),
            Self::CloseAfter => (Takes::Number, "Good results in a row."),
            Self::Severity => (Takes::OneOf(&Severity::NAMES), "Severity of the incident; channels can set a minimum severity."),
            Self::Reminders => (Takes::Text, "Intervals between notifications of an open incident; the last one repeats. `off` for none."),
        };
        let label = if self == Self::Switch { row.label } else { format!("{}: {}", row.label, self.label()).leak() };
        Field::new(key, label, takes, hint).or(self.value(&kind.usual()).leak())
    }

    /// The value as [`RuleSetting::set`] reads it.
    pub(super) fn value(self, rule: &Rule) -> String {
        match self {
            Self::Switch if !rule.on => "off".into(),
            Self::Switch => rule.limit.map_or_else(|| "on".into(), |limit| limit.to_string()),
            Self::OpenAfter => rule.damping.open_after(),
            Self::CloseAfter => rule.damping.good.to_string(),
            Self::Severity => rule.severity.to_string(),
            Self::Reminders if rule.reminders.is_empty() => "off".into(),
            Self::Reminders => rule.reminders.iter().copied().map(duration::show).collect::<Vec<_>>().join(", "),
        }
    }

    /// Changes this part of the rule; without a text to its default.
    pub(super) fn set(self, rule: &mut Rule, kind: RuleKind, given: Option<&str>) -> Result<(), Invalid> {
        let usual = kind.usual();
        match (self, given) {
            (Self::Switch, None) => (rule.on, rule.limit) = (usual.on, usual.limit),
            // A rule that is off shows no limit, so it keeps none.
            (Self::Switch, Some("off")) => (rule.on, rule.limit) = (false, usual.limit),
            (Self::Switch, Some("on")) => rule.on = true,
            (Self::Switch, Some(text)) => match usual.limit {
                Some(limit) => (rule.on, rule.limit) = (true, Some(limit.parse_like(text)?)),
                None => return Err(Invalid::choice(text, &["on", "off"])),
            },
            (Self::OpenAfter, None) => (rule.damping.bad, rule.damping.of) = (usual.damping.bad, usual.damping.of),
            (Self::OpenAfter, Some(text)) => (rule.damping.bad, rule.damping.of) = Damping::parse_open(text)?,
            (Self::CloseAfter, given) => rule.damping.good = given.map_or(Ok(usual.damping.good), Damping::parse_close)?,
            (Self::Severity, given) => rule.severity = given.map_or(Ok(usual.severity), Severity::parse)?,
            (Self::Reminders, None) => rule.reminders = usual.reminders,
            (Self::Reminders, Some("off" | "none")) => rule.reminders = Vec::new(),
            (Self::Reminders, Some(text)) => {
                let all = text.split(',').map(|one| duration::parse(one.trim())).collect::<Result<Vec<_>, _>>()?;
                if all.iter().any(|one| *one < Duration::from_mins(5)) {
                    return Err(Invalid::unusable(text, "must not contain an interval shorter than 5m"));
                }
                rule.reminders = all;
            }
        }
        Ok(())
    }
}
