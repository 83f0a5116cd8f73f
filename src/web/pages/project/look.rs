//! How a project is read back: where, with what, and what came of the newest look.

use crate::config::duration;
use crate::message::sentence;
use crate::model::{Beat, Look, LookFailure, Standing, Timestamp, Traffic};
use crate::report::Report;
use crate::web::when::When;
use crate::web::words::thousands;

/// The newest look, and how it is made.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) api: String,
    /// PostHog's number of the project.
    pub(super) id: String,
    pub(super) has_key: bool,
    /// How often it is looked.
    pub(super) every: String,
    /// Where in a minute it beats.
    pub(super) slot: String,
    /// When the newest look was made, and what it saw; none so far.
    pub(super) newest: Option<(When, Result<String, Failed>)>,
    /// What was said of the token, while beats stay away.
    pub(super) token: Option<String>,
}

/// A look that failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// What it means and what to do.
    pub(super) advice: String,
    /// What came back: status and words.
    pub(super) said: Option<String>,
    /// Since when looks have failed.
    pub(super) since: Option<When>,
    /// The last one that succeeded.
    pub(super) last_good: Option<When>,
}

impl Looked {
    pub(super) fn of(report: &Report) -> Self {
        let (spec, now) = (&report.project.spec, report.at);
        let look = report.look.as_ref();
        let id = look.and_then(|look| look.posthog_id).or(spec.posthog_id);
        let minute = now.minute();
        let slot = Beat::slot(&spec.token, minute).since(minute.start());
        Self {
            api: spec.api().to_owned(),
            id: id.map_or_else(|| "not known so far".to_owned(), |id| id.to_string()),
            has_key: spec.reading_key().is_some(),
            every: duration::show(spec.pace.look_every),
            slot: format!("{:.1} s into each minute", slot.as_secs_f64()),
            newest: look.map(|look| (When::ago(look.at, now), seen(look, now))),
            token: look.and_then(|look| look.token).map(|word| standing(word.standing).to_owned()),
        }
    }
}

fn seen(look: &Look, now: Timestamp) -> Result<String, Failed> {
    match &look.result {
        Ok(traffic) => Ok(traffic_says(traffic)),
        Err(failure) => Err(Failed {
            advice: sentence(failure.trouble.advice()),
            said: said(failure),
            since: look.failing_since.map(|since| When::second(since, now)),
            last_good: look.last_good.map(|good| When::second(good, now)),
        }),
    }
}

/// What came back, when anything did.
fn said(failure: &LookFailure) -> Option<String> {
    let (status, words) = (failure.quote.status, failure.quote.words.trim());
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

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Known => "this PostHog knows it",
        Standing::Unknown => "this PostHog does not know it",
        Standing::Untold => "nobody could say",
        Standing::Elsewhere(_) => "it belongs to a project in another region",
        Standing::Rewritten => "known; a proxy writes events anew, under other uuids",
        Standing::Altered => "PostHog itself knows it; behind the proxy it is not known",
        Standing::OverQuota => "its project is over the events quota",
        Standing::Filtered => "it is known, and PostHog drops the events",
    }
}
