//! What there is to know of each of Ingestion Alert's settings: the table behind files, the command line and the page.

use std::sync::LazyLock;

use super::{Field, Takes};

/// Those that are not a rule's.
const OWN: [Field; 7] = [
    Field::new("timeRange", "Time range in minutes", Takes::Number, "No watched event with a timestamp in so many last minutes is trouble.").or("30").required(),
    Field::new("webHookUrlTriggered", "Webhook URL when triggered", Takes::Url, "Called by a plain GET when an incident opens; again, until it answers 2xx.").secret(),
    Field::new("webHookUrlResolved", "Webhook URL when resolved", Takes::Url, "Called by a plain GET when the incident is over; again, until it answers 2xx.").secret(),
    Field::new("posthogApiKey", "PostHog personal API key", Takes::Key, "Reads events, in place of the project's own key. It needs the scope query:read.").or("the project's personal API key").secret(),
    Field::new("posthogHost", "PostHog host", Takes::Host, "Where events are read, in place of the project's own API.").or("the project's API"),
    Field::new("watch", "What to watch", Takes::Examples(&["any", "heartbeats"]), "`any` event, `heartbeats` alone, or names of events between commas, such as `signup, purchase`.").or("any").required(),
    Field::new("due", "When it is due", Takes::Text, "Hours in which the watched events must come, such as `mon-fri 08:00-20:00 Europe/Berlin`; several between commas, UTC without a time zone. \
               Outside of them `no_event` opens nothing.").or("always"),
];

/// The five settings of one rule. Defaults are written out, so that they can stand in help; a test holds them to `RuleKind::usual`.
macro_rules! rule_settings {
    ($key:literal, $name:literal, $hint:literal, $switch:literal, $takes:expr, $open:literal, $close:literal, $severity:literal, $reminders:literal) => {
        [
            Field::new($key, $name, $takes, $hint).or($switch),
            Field::new(
                concat!($key, "_open_after"),
                concat!($name, ": opens after"),
                Takes::Text,
                "So many bad ones of so many last ones, such as `3 of 5`.",
            )
            .or($open),
            Field::new(concat!($key, "_close_after"), concat!($name, ": closes after"), Takes::Number, "So many good ones in a row.")
                .or($close),
            Field::new(
                concat!($key, "_severity"),
                concat!($name, ": severity"),
                Takes::OneOf(&["info", "warning", "critical"]),
                "How grave it is; channels may ask for the graver ones alone.",
            )
            .or($severity),
            Field::new(
                concat!($key, "_reminders"),
                concat!($name, ": reminders"),
                Takes::Text,
                "How long after opening, and after each other, reminders follow; the last goes on for ever. `off` for none.",
            )
            .or($reminders),
        ]
    };
}

const ON_OFF: Takes = Takes::OneOf(&["on", "off"]);

/// All of them, in the order in which they are shown.
pub(super) static SETTINGS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let rules = [
        rule_settings!(
            "no_event",
            "No event",
            "No watched event for `timeRange`: on or off. Counted in looks.",
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
            "Beats that were accepted are not there after `lost_after`: on or off. Counted in minutes.",
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
            "Beats come later than this, or are missing for longer; `off` for never. Counted in minutes.",
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
            "Capture refuses beats, or does not answer: on or off. Counted in minutes.",
            "on",
            ON_OFF,
            "3 of 5",
            "3",
            "critical",
            "1h, 4h, 12h, 1d"
        ),
        rule_settings!(
            "blind",
            "Cannot look",
            "Looking has failed for so long; `off` for never. An incident of its own: ours, not PostHog's. Counted in looks.",
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
            "Heartbeats arrive, and no other event for `timeRange`: on or off. An incident of its own: nobody sends. Counted in looks.",
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
            "Some beats are lost while later ones arrive: on or off. Counted in minutes.",
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
            "Capture takes beats and does not answer: on or off. Counted in minutes.",
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
