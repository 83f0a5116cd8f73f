//! How a project is read back: where, with what, and what came of the newest read-back.

use crate::config::duration;
use crate::message::sentence;
use crate::model::{Beat, Readback, ReadbackError, Timestamp, TokenStatus, Traffic};
use crate::report::Report;
use crate::web::when::When;
use crate::web::words::thousands;

/// The newest read-back, and how it is made.
#[derive(Debug)]
pub(super) struct LastReadback {
    pub(super) api: String,
    /// PostHog's number of the project.
    pub(super) id: String,
    pub(super) has_key: bool,
    /// How often it is looked.
    pub(super) every: String,
    /// Where in a minute it beats.
    pub(super) slot: String,
    /// When the newest read-back was made, and what it saw; none so far.
    pub(super) newest: Option<(When, Result<String, Failed>)>,
    /// What was said of the token, while beats stay away.
    pub(super) token: Option<String>,
}

/// A read-back that failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// What it means and what to do.
    pub(super) advice: String,
    /// What came back: status and words.
    pub(super) said: Option<String>,
    /// Since when read-backs have failed.
    pub(super) since: Option<When>,
    /// The last one that succeeded.
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
            id: id.map_or_else(|| "not known so far".to_owned(), |id| id.to_string()),
            has_key: spec.reading_key().is_some(),
            every: duration::show(spec.timing.readback_interval),
            slot: format!("{:.1} s into each minute", slot.as_secs_f64()),
            newest: readback.map(|readback| (When::ago(readback.at, now), seen(readback, now))),
            token: readback.and_then(|readback| readback.token).map(|word| token_status(word.token_status).to_owned()),
        }
    }
}

fn seen(readback: &Readback, now: Timestamp) -> Result<String, Failed> {
    match &readback.result {
        Ok(traffic) => Ok(traffic_says(traffic)),
        Err(failure) => Err(Failed {
            advice: sentence(failure.trouble.advice()),
            said: said(failure),
            since: readback.failing_since.map(|since| When::second(since, now)),
            last_good: readback.last_good.map(|good| When::second(good, now)),
        }),
    }
}

/// What came back, when anything did.
fn said(failure: &ReadbackError) -> Option<String> {
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
    let newest = traffic.newest.map_or_else(String::new, |newest| format!(", the newest from {}", newest.time_of_day()));
    match traffic.others {
        0 => "no event that is not ours in the last 30 minutes".to_owned(),
        1 => format!("one event that is not ours in the last 30 minutes{newest}"),
        many => format!("{} events that are not ours in the last 30 minutes{newest}", thousands(many)),
    }
}

const fn token_status(token_status: TokenStatus) -> &'static str {
    match token_status {
        TokenStatus::Known => "this PostHog knows it",
        TokenStatus::Unknown => "this PostHog does not know it",
        TokenStatus::Untold => "nobody could say",
        TokenStatus::Elsewhere(_) => "it belongs to a project in another region",
        TokenStatus::Rewritten => "known; a proxy writes events anew, under other uuids",
        TokenStatus::Altered => "PostHog itself knows it; behind the proxy it is not known",
        TokenStatus::OverQuota => "its project is over the events quota",
        TokenStatus::Filtered => "it is known, and PostHog drops the events",
    }
}
