//! What there is to know of each of Ingestion Alert's settings: the table behind files, the command line and the page.

use std::sync::LazyLock;

use super::Setting;

/// Those that are not a rule's.
const OWN: [Setting; 7] = [
    Setting {
        key: "timeRange",
        name: "Time range in minutes",
        hint: "No watched event with a timestamp in so many last minutes is trouble.",
        default: "30",
        required: true,
        secret: false,
        choices: &[],
        others: false,
    },
    Setting {
        key: "webHookUrlTriggered",
        name: "Webhook URL when triggered",
        hint: "Called by a plain GET when an incident opens; again, until it answers 2xx.",
        default: "",
        required: false,
        secret: true,
        choices: &[],
        others: false,
    },
    Setting {
        key: "webHookUrlResolved",
        name: "Webhook URL when resolved",
        hint: "Called by a plain GET when the incident is over; again, until it answers 2xx.",
        default: "",
        required: false,
        secret: true,
        choices: &[],
        others: false,
    },
    Setting {
        key: "posthogApiKey",
        name: "PostHog personal API key",
        hint: "Reads events, in place of the project's own key. It needs the scope query:read.",
        default: "the project's personal API key",
        required: false,
        secret: true,
        choices: &[],
        others: false,
    },
    Setting {
        key: "posthogHost",
        name: "PostHog host",
        hint: "Where events are read, in place of the project's own API.",
        default: "the project's API",
        required: false,
        secret: false,
        choices: &[],
        others: false,
    },
    Setting {
        key: "watch",
        name: "What to watch",
        hint: "`any` event, `heartbeats` alone, or names of events between commas, such as `signup, purchase`.",
        default: "any",
        required: true,
        secret: false,
        choices: &["any", "heartbeats"],
        others: true,
    },
    Setting {
        key: "due",
        name: "When it is due",
        hint: "Hours in which the watched events must come, such as `mon-fri 08:00-20:00 Europe/Berlin`; several between commas, UTC without a time zone. \
               Outside of them `no_event` opens nothing.",
        default: "always",
        required: false,
        secret: false,
        choices: &[],
        others: false,
    },
];

/// The five settings of one rule. Defaults are written out, so that they can stand in help; a test holds them to `RuleKind::usual`.
macro_rules! rule_settings {
    ($key:literal, $name:literal, $hint:literal, $switch:literal, $choices:expr, $open:literal, $close:literal, $severity:literal, $reminders:literal) => {
        [
            Setting {
                key: $key,
                name: $name,
                hint: $hint,
                default: $switch,
                required: false,
                secret: false,
                choices: $choices,
                others: false,
            },
            Setting {
                key: concat!($key, "_open_after"),
                name: concat!($name, ": opens after"),
                hint: "So many bad ones of so many last ones, such as `3 of 5`.",
                default: $open,
                required: false,
                secret: false,
                choices: &[],
                others: false,
            },
            Setting {
                key: concat!($key, "_close_after"),
                name: concat!($name, ": closes after"),
                hint: "So many good ones in a row.",
                default: $close,
                required: false,
                secret: false,
                choices: &[],
                others: false,
            },
            Setting {
                key: concat!($key, "_severity"),
                name: concat!($name, ": severity"),
                hint: "How grave it is; channels may ask for the graver ones alone.",
                default: $severity,
                required: false,
                secret: false,
                choices: &["info", "warning", "critical"],
                others: false,
            },
            Setting {
                key: concat!($key, "_reminders"),
                name: concat!($name, ": reminders"),
                hint: "How long after opening, and after each other, reminders follow; the last goes on for ever. `off` for none.",
                default: $reminders,
                required: false,
                secret: false,
                choices: &[],
                others: false,
            },
        ]
    };
}

const ON_OFF: &[&str] = &["on", "off"];

/// All of them, in the order in which they are shown.
pub(super) static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
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
            &[],
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
            &[],
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
