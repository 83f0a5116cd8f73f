//! What each setting must be, through whichever door it came: file, environment, flag. An error is the rest of a sentence
//! that starts with the setting's name.

use std::fmt::Display;
use std::time::Duration;

use crate::model::{Events, HeartbeatApp, Host, HostError, KeyError, PersonalKey, ProjectName, ProjectSpec, ProjectToken, Timing};

use super::duration;

/// No event has a longer name in PostHog.
const LONGEST_EVENT_NAME: usize = 200;
/// The one name of PostHog's own that is meant to be sent from outside: its ingestion-lag metric reads it.
const LAG_METRIC_EVENT: &str = "$heartbeat";

/// Read-backs come at least a minute apart, and often enough to be worth it.
const READBACK_INTERVAL: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));
const LATE_AFTER_LEAST: Duration = Duration::from_secs(1);
/// Beats are looked for no longer than this.
const LOST_AFTER_MOST: Duration = Duration::from_hours(12);

/// Reads a host, and recognises a key that landed in its place.
///
/// # Errors
/// The rest of a sentence; a key is not quoted.
pub fn host(text: &str) -> Result<Host, String> {
    match text.trim().get(..4) {
        Some("phc_") => Err("is a project token (phc_...); here belongs `us`, `eu`, or the address of a PostHog".to_owned()),
        Some("phx_" | "phs_" | "pha_") => Err("is a key; here belongs `us`, `eu`, or the address of a PostHog".to_owned()),
        _ => Host::parse(text).map_err(|wrong| match wrong {
            HostError::NotHttp(_) | HostError::NoAddress(..) => {
                format!("{wrong}; give `us`, `eu`, or one such as `https://posthog.example.com`")
            }
            told => told.to_string(),
        }),
    }
}

/// Refuses what stands in examples in place of a key or an address of one's own.
///
/// # Errors
/// The rest of a sentence; the text is not quoted.
pub fn not_a_placeholder(text: &str) -> Result<(), String> {
    const KEYS: [&str; 4] = ["phc_...", "phs_...", "phx_...", "your-client-secret"];
    const PARTS: [&str; 4] = ["_your_project_", "/your/webhook/", "?key=...", "//user:password@"];
    let is_placeholder = KEYS.contains(&text.trim()) || PARTS.iter().any(|part| text.contains(part));
    if is_placeholder { Err("is the placeholder of an example; put your own there".to_owned()) } else { Ok(()) }
}

/// Reads a project token.
///
/// # Errors
/// The rest of a sentence; the text is not quoted.
pub fn token(text: &str) -> Result<ProjectToken, String> {
    not_a_placeholder(text)?;
    ProjectToken::parse(text).map_err(|wrong| match wrong {
        KeyError::Empty => format!("{wrong}; give the project token (phc_...), from Settings > Project > General"),
        told => told.to_string(),
    })
}

/// Reads an event's name.
///
/// # Errors
/// The rest of a sentence.
pub fn event_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    match name {
        "" => Err("is empty; give the event a name, such as `heartbeat_proxy`".to_owned()),
        LAG_METRIC_EVENT => Ok(name.to_owned()),
        _ if name.starts_with('$') => Err(format!(
            "`{name}` is a name of PostHog's own; leave the `$` out (only `{LAG_METRIC_EVENT}` is read by PostHog as a heartbeat)"
        )),
        _ if name.len() > LONGEST_EVENT_NAME => Err(format!("is {} bytes long; PostHog takes {LONGEST_EVENT_NAME}", name.len())),
        _ if name.chars().any(char::is_control) => Err(format!("`{}` holds a control character", name.escape_debug())),
        _ => Ok(name.to_owned()),
    }
}

/// Reads a route's name, which must be unlike the app's own three.
///
/// # Errors
/// The rest of a sentence.
pub fn route_name(text: &str) -> Result<String, String> {
    let name = ProjectName::parse(text).map_err(|wrong| wrong.to_string())?.to_string();
    if Events::parse(&name).is_ok() {
        Err(format!("`{name}` is the name of one of Heartbeat's own routes; give another, such as `proxy`"))
    } else {
        Ok(name)
    }
}

/// Reads the token for `heartbeat_api`, which must be the project's own.
///
/// # Errors
/// The rest of a sentence.
pub fn app_token(text: &str, project: Option<&ProjectToken>) -> Result<ProjectToken, String> {
    let token = token(text)?;
    match project {
        Some(project) if *project != token => {
            Err("is not the project's own token: the event would go into another project, where it could not be read back; leave it out"
                .to_owned())
        }
        _ => Ok(token),
    }
}

/// Reads a personal API key; an empty text stands for none.
///
/// # Errors
/// The rest of a sentence.
pub fn personal_key(text: &str) -> Result<Option<PersonalKey>, String> {
    not_a_placeholder(text)?;
    if text.trim().is_empty() { Ok(None) } else { PersonalKey::parse(text).map(Some).map_err(|wrong| wrong.to_string()) }
}

/// Reads PostHog's number of a project.
///
/// # Errors
/// The rest of a sentence.
pub fn project_number(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<u64>().ok().filter(|number| (1..=i64::MAX.unsigned_abs()).contains(number));
    number.ok_or_else(|| format!("`{}` must be a whole number from 1", text.trim()))
}

/// Reads how often to look: 60s to 1h.
///
/// # Errors
/// The rest of a sentence.
pub fn readback_interval(text: &str) -> Result<Duration, String> {
    within(text, READBACK_INTERVAL.0, READBACK_INTERVAL.1)
}

/// Reads when a beat is late: from 1s.
///
/// # Errors
/// The rest of a sentence.
pub fn late_after(text: &str) -> Result<Duration, String> {
    within(text, LATE_AFTER_LEAST, LOST_AFTER_MOST)
}

/// Reads when a beat is lost: to 12h.
///
/// # Errors
/// The rest of a sentence.
pub fn lost_after(text: &str) -> Result<Duration, String> {
    within(text, LATE_AFTER_LEAST, LOST_AFTER_MOST)
}

/// Reads a duration from `least` to `most`.
///
/// # Errors
/// The rest of a sentence.
pub fn within(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let read = duration::parse(text)?;
    if (least..=most).contains(&read) {
        Ok(read)
    } else {
        Err(format!("`{}` must lie from {} to {}", text.trim(), duration::show(least), duration::show(most)))
    }
}

/// Ten years: nothing of a person's takes longer.
const LONG: Duration = Duration::from_hours(24 * 3660);

/// For how long an API token may hold: from a minute to ten years.
///
/// # Errors
/// The rest of a sentence that starts with the setting's name.
pub fn token_lasts(text: &str) -> Result<Duration, String> {
    within(text, Duration::from_mins(1), LONG)
}

/// Some time, which is not none: how far back something is shown, or for how long something runs.
///
/// # Errors
/// The rest of a sentence that starts with the setting's name.
pub fn some_time(text: &str) -> Result<Duration, String> {
    within(text, Duration::from_secs(1), LONG)
}

/// Whether the waits fit each other.
///
/// # Errors
/// A whole sentence.
pub fn timing(timing: &Timing) -> Result<(), String> {
    if timing.late_after < timing.lost_after {
        return Ok(());
    }
    let [late, lost] = [timing.late_after, timing.lost_after].map(duration::show);
    Err(format!("late_after `{late}` must be shorter than lost_after `{lost}`: a beat is late before it is lost"))
}

/// Whether the settings of the app on this project fit each other.
///
/// # Errors
/// A whole sentence for the first that does not.
pub fn fit(spec: &ProjectSpec) -> Result<(), String> {
    timing(&spec.timing)?;
    let Some(HeartbeatApp { project_api_key: Some(token), .. }) = &spec.heartbeat else { return Ok(()) };
    about("project_api_key", app_token(token.as_str(), Some(&spec.token)).map(drop))
}

/// Names the setting before what is wrong with it.
pub fn about<T, E: Display>(setting: &str, read: Result<T, E>) -> Result<T, String> {
    read.map_err(|says| format!("{setting} {says}"))
}
