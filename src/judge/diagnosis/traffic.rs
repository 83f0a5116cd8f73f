//! What is said of events that are late, or that nobody sends: there the way is open.

use std::time::Duration;

use crate::model::{Diagnosis, Place, Timestamp, span};

/// Nothing was sent lately: Heartbeat does not run.
#[must_use]
pub fn not_running() -> Diagnosis {
    Diagnosis::at(Place::Heartbeat, "Nothing is being sent: Heartbeat is not running")
        .advised("Start heartbeat run, or see why it ended. The minutes without a beat are Heartbeat's own, and are not sent later.")
}

/// Beats arrive, and late: the last one by so much.
#[must_use]
pub fn late(lag: Option<Duration>) -> Diagnosis {
    let summary = lag.map_or_else(|| "Beats arrive late".to_owned(), |lag| format!("Beats arrive late: the last one took {}", span(lag)));
    Diagnosis::at(Place::Pipeline, summary)
        .advised("Ingestion works, and does not keep up. Self-hosted: look at the lag of the queue and at the load of the ingestion workers and ClickHouse.")
}

/// No event of those that are watched came within this time. `heartbeats` says whether beats arrive meanwhile; none where there are none.
#[must_use]
pub fn no_events(within: Duration, newest: Option<Timestamp>, heartbeats: Option<bool>) -> Diagnosis {
    let none = format!("No watched event in the last {}{}", span(within), newest_words(newest));
    match heartbeats {
        Some(true) => Diagnosis::at(Place::None, format!("{none}; beats arrive, so ingestion works, and these events are not sent"))
            .advised("Look at what should send them: the application, its PostHog library, and its own way to capture."),
        Some(false) => Diagnosis::at(Place::Pipeline, format!("{none}; beats do not arrive either"))
            .advised("Look at ingestion: capture, the queue, and the ingestion workers."),
        None => Diagnosis::at(Place::Pipeline, none)
            .advised("Install Heartbeat on this project: with it, a project that nobody sends to is told from one whose ingestion stands still.")
            .or(&[(Place::None, None), (Place::Token, None), (Place::Quota, None)]),
    }
}

/// Beats arrive, and no other event does: nobody else sends.
#[must_use]
pub fn quiet(within: Duration, newest: Option<Timestamp>) -> Diagnosis {
    let summary = format!(
        "No event but heartbeats in the last {}{}; beats arrive, so ingestion works, and nobody else sends any",
        span(within),
        newest_words(newest)
    );
    Diagnosis::at(Place::None, summary).advised("Look at what should send events: the application and its PostHog library.")
}

fn newest_words(newest: Option<Timestamp>) -> String {
    newest.map_or_else(String::new, |newest| format!("; the newest is from {} UTC", newest.time_of_day()))
}
