//! The latest read-back of a project and its configuration.

use crate::config::duration;
use crate::message::sentence;
use crate::model::{Beat, Readback, ReadbackError, Timestamp, TokenStatus, Traffic};
use crate::report::Report;
use crate::web::when::When;
use crate::web::words::thousands;

#[derive(Debug)]
pub(super) struct LastReadback {
    pub(super) api: String,
    /// PostHog's id of the project.
    pub(super) id: String,
    pub(super) has_key: bool,
    pub(super) every: String,
    pub(super) slot: String,
    /// Its time and its result; None: no read-back yet.
    pub(super) newest: Option<(When, Result<String, Failed>)>,
    /// The status of the token; known only while beats do not arrive.
    pub(super) token: Option<String>,
}

#[derive(Debug)]
pub(super) struct Failed {
    pub(super) advice: String,
    /// The server's status and text.
    pub(super) response: Option<String>,
    pub(super) since: Option<When>,
    pub(super) last_good: Option<When>,
}

impl LastReadback {
    pub(super) fn of(report: &Report) -> Self {
        let (spec, now) = (&report.project.spec, report.at);
        let readback = report.readback.as_ref();
        let id = readback.and_then(|readback| readback.posthog_id).or(spec.posthog_id);
        let minute = now.minute();
        let slot = Beat::slot(&spec.token, minute).since(minute.start());
        Self {
            api: spec.api().to_owned(),
            id: id.map_or_else(|| "not known yet".to_owned(), |id| id.to_string()),
            has_key: spec.reading_key().is_some(),
            every: duration::show(spec.timing.readback_interval),
            slot: format!("{:.1} s into each minute", slot.as_secs_f64()),
            newest: readback.map(|readback| (When::ago(readback.at, now), newest_result(readback, now))),
            token: readback.and_then(|readback| readback.token).map(|word| token_status(word.token_status).to_owned()),
        }
    }
}

fn newest_result(readback: &Readback, now: Timestamp) -> Result<String, Failed> {
    match &readback.result {
        Ok(traffic) => Ok(traffic_says(traffic)),
        Err(failure) => Err(Failed {
            advice: sentence(failure.kind.advice()),
            response: response_text(failure),
            since: readback.failing_since.map(|since| When::second(since, now)),
            last_good: readback.last_good.map(|good| When::second(good, now)),
        }),
    }
}

fn response_text(failure: &ReadbackError) -> Option<String> {
    let (status, words) = (failure.excerpt.status, failure.excerpt.words.trim());
    let quoted = match (status, words) {
        (0, words) => words.to_owned(),
        (status, "") => status.to_string(),
        (status, words) => format!("{status} {words}"),
    };
    match &failure.note {
        Some(note) if quoted.is_empty() => Some(note.clone()),
        Some(note) => Some(format!("{note}: {quoted}")),
        None => Some(quoted).filter(|quoted| !quoted.is_empty()),
    }
}

fn traffic_says(traffic: &Traffic) -> String {
    let newest = traffic.newest.map_or_else(String::new, |newest| format!(", newest at {} UTC", newest.time_of_day()));
    match traffic.others {
        0 => "no other events in the last 30 minutes".to_owned(),
        1 => format!("1 other event in the last 30 minutes{newest}"),
        many => format!("{} other events in the last 30 minutes{newest}", thousands(many)),
    }
}

const fn token_status(token_status: TokenStatus) -> &'static str {
    match token_status {
        TokenStatus::Known => "known to this PostHog",
        TokenStatus::Unknown => "unknown to this PostHog",
        TokenStatus::Untold => "could not be checked",
        TokenStatus::Elsewhere(_) => "belongs to a project in another region",
        TokenStatus::Rewritten => "known; a proxy replaces the uuids of events",
        TokenStatus::Altered => "known to PostHog, but unknown behind the proxy",
        TokenStatus::OverQuota => "its project exceeds the event quota",
        TokenStatus::Filtered => "known, but PostHog drops the events",
    }
}
