//! Diagnoses of late or missing traffic while the way is open.

use std::time::Duration;

use super::way::Way;
use crate::judge::partition::Partitions;
use crate::model::{AnsweredBy, Counts, Diagnosis, Did, Place, Timestamp, span};

/// Above this difference between the clocks, events are misdated.
const CLOCK_WRONG_BY: Duration = Duration::from_mins(2);

#[must_use]
pub fn not_running() -> Diagnosis {
    Diagnosis::at(Place::Heartbeat, "Nothing is being sent: Heartbeat is not running")
        .advised("Start heartbeat run, or find out why it ended. The missing beats are Heartbeat's own, and are not sent later.")
}

/// Capture accepts events but does not answer; they still arrive.
#[must_use]
pub fn answers_lost(way: &Way<'_>) -> Diagnosis {
    let place = way.place();
    let found = Diagnosis::at(Place::AnswersLost, format!("Capture accepts events at {place} but does not answer: they still arrive")).advised(
        "Applications resend such events again and again, or give up: raise the timeouts in between, and find what cuts connections before the \
         response (proxy, load balancer, firewall).",
    );
    let title = Some("capture accepts events but does not answer".into());
    Diagnosis { answered_by: AnsweredBy::Nobody, address: way.address(), title, ..found }
}

/// Diagnoses a wrong clock: PostHog's clock is ahead of ours by this many milliseconds (behind, if negative). None if the difference is harmless.
#[must_use]
pub fn wrong_clock(server_ahead_ms: Option<i64>) -> Option<Diagnosis> {
    let ahead_ms = server_ahead_ms?;
    let differ = Duration::from_millis(ahead_ms.unsigned_abs());
    let side = if ahead_ms > 0 { "behind" } else { "ahead of" };
    let summary = format!("This machine's clock is {} {side} PostHog's: events are stored with wrong times", span(differ));
    (differ > CLOCK_WRONG_BY).then(|| {
        Diagnosis::at(Place::Clock, summary)
            .advised("Set this machine's clock by NTP (timedatectl, chrony); if it is right, PostHog's is not.")
    })
}

/// Beats arrive late; `lag` is that of the last one.
#[must_use]
pub fn late(lag: Option<Duration>) -> Diagnosis {
    let summary = lag.map_or_else(|| "Beats arrive late".to_owned(), |lag| format!("Beats arrive late: the last one took {}", span(lag)));
    Diagnosis::at(Place::Pipeline, summary)
        .titled("ingestion is late")
        .advised("Ingestion works but does not keep up. Self-hosted: look at the lag of the queue and at the load of the ingestion workers and ClickHouse.")
}

/// `gone` of `decided` beats are lost while later ones arrived; `only` names the routes if not all are affected.
#[must_use]
pub fn partial_loss(gone: usize, decided: usize, only: Option<String>) -> Diagnosis {
    let on = only.as_ref().map_or_else(String::new, |route| format!(" on the route {route}"));
    let found = Diagnosis::at(
        Place::PartialLoss,
        format!("Events are being lost{on}: {gone} of the last {decided} did not arrive, and later ones did"),
    );
    let (gone, decided) = (gone as u32, decided as u32);
    let counts = Counts { beats: decided, arrived: decided.saturating_sub(gone), lost: gone, ..Counts::default() };
    Diagnosis { route: only, answered_by: AnsweredBy::Posthog, title: Some("beats are being lost".into()), counts: Some(counts), ..found }
        .advised(
            "Look for what drops a share of the events: a sampling transformation, ingestion workers that crash on some messages or a full dead-letter queue, \
             and a load balancer with one broken upstream among several.",
        )
        .or(&[(Place::Pipeline, None), (Place::Filtered, None), (Place::Intermediary, Some(Did::Swallows))])
}

/// No watched event (with one of `names`) arrived within this time. `heartbeats` is whether beats arrive meanwhile; none if there are no beats.
#[must_use]
pub fn no_events(names: Option<&str>, within: Duration, newest: Option<Timestamp>, heartbeats: Option<bool>) -> Diagnosis {
    let what = names.map_or_else(|| "watched event".to_owned(), str::to_owned);
    let none = format!("No {what} in the last {}{}", span(within), newest_words(newest));
    let found = match heartbeats {
        Some(true) => Diagnosis::at(Place::None, format!("{none}; beats arrive, so ingestion works, and these events are not sent"))
            .advised("Look at what should send them: the application, its PostHog library, and its own way to capture."),
        Some(false) => Diagnosis::at(Place::Pipeline, format!("{none}; beats do not arrive either"))
            .advised("Look at ingestion: capture, the queue, and the ingestion workers."),
        None => Diagnosis::at(Place::Pipeline, none)
            .advised("Install Heartbeat on this project: it distinguishes a project without traffic from one whose ingestion has stopped.")
            .or(&[(Place::None, None), (Place::Token, None), (Place::Quota, None)]),
    };
    Diagnosis { is_about_traffic: true, ..found }
}

#[must_use]
pub fn quiet(within: Duration, newest: Option<Timestamp>) -> Diagnosis {
    let summary = format!(
        "No event except heartbeats in the last {}{}; beats arrive, so ingestion works, but no application sends events",
        span(within),
        newest_words(newest)
    );
    let found = Diagnosis::at(Place::None, summary).advised("Look at what should send events: the application and its PostHog library.");
    Diagnosis { is_about_traffic: true, ..found }
}

fn newest_words(newest: Option<Timestamp>) -> String {
    newest.map_or_else(String::new, |newest| format!("; the newest is from {} UTC", newest.time_of_day()))
}

#[must_use]
pub fn partitions(found: &Partitions) -> Diagnosis {
    let which = if found.fresh_missing {
        "events with new distinct ids are missing, those with the fixed one arrive"
    } else {
        "events with the fixed distinct id are missing, those with new ones arrive"
    };
    let summary =
        format!("Only some partitions of the queue are broken: {which}, {} against {} in the same minutes", found.missing, found.arrived);
    Diagnosis::at(Place::Partition, summary)
        .advised("One ingestion worker is stuck while the others work: look at the lag of each of the queue's partitions.")
        .or(&[(Place::PartialLoss, None), (Place::Filtered, None)])
}
