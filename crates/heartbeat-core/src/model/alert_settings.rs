//! The table of Ingestion Alert's settings, used by files, the command line and the page.

use std::sync::LazyLock;

use super::{Field, Takes};

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

/// The five settings of one rule. Defaults are written out for the help texts; a test compares them with `RuleKind::usual`.
macro_rules! rule_settings {
    ($key:literal, $name:literal, $hint:literal, $switch:literal, $takes:expr, $open:literal, $close:literal, $severity:literal, $reminders:literal) => {
        [
            Field::new($key, $name, $takes, $hint).or($switch),
            Field::new(
                concat!($key, "_open_after"),
                concat!($name, ": opens after"),
                Takes::Text,
                "Bad results out of the last N, for example `3 of 5`.",
            )
            .or($open),
            Field::new(concat!($key, "_close_after"), concat!($name, ": closes after"), Takes::Number, "Good results in a row.").or($close),
            Field::new(
                concat!($key, "_severity"),
                concat!($name, ": severity"),
                Takes::OneOf(&["info", "warning", "critical"]),
                "Severity of the incident; channels can set a minimum severity.",
            )
            .or($severity),
            Field::new(
                concat!($key, "_reminders"),
                concat!($name, ": reminders"),
                Takes::Text,
                "Intervals between notifications of an open incident; the last one repeats. `off` for none.",
            )
            .or($reminders),
        ]
    };
}

const ON_OFF: Takes = Takes::OneOf(&["on", "off"]);

pub(super) static SETTINGS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let rules = [
        rule_settings!(
            "no_event",
            "No event",
            "No watched event for `timeRange`: on or off. Counts read-backs.",
            "on",
            ON_OFF,
            "1 of 1",
            "2",
            "critical",
            "1h, 4h, 12h, 1d"
        ),
        rule_settings!(
            "lost",
            "Beats lost",
            "Accepted beats have not arrived after `lost_after`: on or off. Counts minutes.",
            "on",
            ON_OFF,
            "3 of 5",
            "3",
            "critical",
            "1h, 4h, 12h, 1d"
        ),
        rule_settings!(
            "lag_above",
            "Lag above",
            "Beats arrive later than this, or are missing for longer; or `off`. Counts minutes.",
            "5m",
            Takes::Limit,
            "3 of 5",
            "3",
            "warning",
            "1h, 4h, 12h, 1d"
        ),
        rule_settings!(
            "capture",
            "Capture fails",
            "Capture rejects beats or does not answer: on or off. Counts minutes.",
            "on",
            ON_OFF,
            "3 of 5",
            "3",
            "critical",
            "1h, 4h, 12h, 1d"
        ),
        rule_settings!(
            "blind",
            "Read-backs fail",
            "Read-backs have failed for this long; or `off`. Opens a `monitoring` incident, which says nothing about ingestion. Counts read-backs.",
            "15m",
            Takes::Limit,
            "1 of 1",
            "2",
            "warning",
            "1h, 4h, 12h, 1d"
        ),
        rule_settings!(
            "quiet",
            "Quiet",
            "Heartbeats arrive, but no other event for `timeRange`: on or off. Opens a `traffic` incident. Counts read-backs.",
            "off",
            ON_OFF,
            "1 of 1",
            "2",
            "info",
            "off"
        ),
        rule_settings!(
            "partial_loss",
            "Partial loss",
            "Some beats are lost while later ones arrive: on or off. Counts minutes.",
            "on",
            ON_OFF,
            "2 of 30",
            "30",
            "critical",
            "1h, 4h, 12h, 1d"
        ),
        rule_settings!(
            "answers_lost",
            "Answers lost",
            "Capture accepts beats but does not answer: on or off. Counts minutes.",
            "on",
            ON_OFF,
            "3 of 5",
            "3",
            "warning",
            "1h, 4h, 12h, 1d"
        ),
    ];
    OWN.into_iter().chain(rules.into_iter().flatten()).collect()
});
