//! The validation of each setting, for every origin. Unless stated otherwise, an error is the rest of a sentence that starts with the name
//! of the setting.

use std::fmt::Display;
use std::time::Duration;

use crate::model::{Events, HeartbeatApp, Host, HostError, KeyError, PersonalKey, ProjectName, ProjectSpec, ProjectToken, Role, Timing};

use super::duration;

/// PostHog's limit, in bytes.
const LONGEST_EVENT_NAME: usize = 200;
/// The only event name with `$` that clients may send: PostHog's ingestion-lag metric reads it.
const LAG_METRIC_EVENT: &str = "$heartbeat";

const READBACK_INTERVAL: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));
const LATE_AFTER_LEAST: Duration = Duration::from_secs(1);
/// Read-backs of a beat end after this time.
const LOST_AFTER_MOST: Duration = Duration::from_hours(12);

/// Detects a key in the wrong field, and does not quote it.
pub fn host(text: &str) -> Result<Host, String> {
    match text.trim().get(..4) {
        Some("phc_") => Err("is a project token (phc_...); give `us`, `eu`, or the address of a PostHog instance".to_owned()),
        Some("phx_" | "phs_" | "pha_") => Err("is a key; give `us`, `eu`, or the address of a PostHog instance".to_owned()),
        _ => Host::parse(text).map_err(|wrong| match wrong {
            HostError::NotHttp(_) | HostError::NoAddress(..) => {
                format!("{wrong}; give `us`, `eu`, or one such as `https://posthog.example.com`")
            }
            other => other.to_string(),
        }),
    }
}

/// Rejects the placeholders of the examples. The text is not quoted.
pub fn not_a_placeholder(text: &str) -> Result<(), String> {
    const KEYS: [&str; 4] = ["phc_...", "phs_...", "phx_...", "your-client-secret"];
    const PARTS: [&str; 4] = ["_your_project_", "/your/webhook/", "?key=...", "//user:password@"];
    let is_placeholder = KEYS.contains(&text.trim()) || PARTS.iter().any(|part| text.contains(part));
    if is_placeholder { Err("is an example placeholder; give your own value".to_owned()) } else { Ok(()) }
}

/// The text is not quoted.
pub fn token(text: &str) -> Result<ProjectToken, String> {
    not_a_placeholder(text)?;
    ProjectToken::parse(text).map_err(|wrong| match wrong {
        KeyError::Empty => format!("{wrong}; give the project token (phc_...), from Settings > Project > General"),
        other => other.to_string(),
    })
}

pub fn event_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    match name {
        "" => Err("is empty; give the event a name, such as `heartbeat_proxy`".to_owned()),
        LAG_METRIC_EVENT => Ok(name.to_owned()),
        _ if name.starts_with('$') => {
            Err(format!("`{name}` is reserved by PostHog; remove the `$` (PostHog reads only `{LAG_METRIC_EVENT}` as a heartbeat)"))
        }
        _ if name.len() > LONGEST_EVENT_NAME => Err(format!("is {} bytes long; PostHog accepts at most {LONGEST_EVENT_NAME}", name.len())),
        _ if name.chars().any(char::is_control) => Err(format!("`{}` contains a control character", name.escape_debug())),
        _ => Ok(name.to_owned()),
    }
}

/// The names of the app's own routes are reserved.
pub fn route_name(text: &str) -> Result<String, String> {
    let name = ProjectName::parse(text).map_err(|wrong| wrong.to_string())?.to_string();
    if Events::parse(&name).is_ok() {
        Err(format!("`{name}` is the name of one of Heartbeat's own routes; give another, such as `proxy`"))
    } else {
        Ok(name)
    }
}

/// The token for `heartbeat_api` must be the project's own.
pub fn app_token(text: &str, project: Option<&ProjectToken>) -> Result<ProjectToken, String> {
    let token = token(text)?;
    match project {
        Some(project) if *project != token => {
            Err("is not the project's token: the event would go to another project and could not be read back; remove it".to_owned())
        }
        _ => Ok(token),
    }
}

pub fn personal_key(text: &str) -> Result<PersonalKey, String> {
    not_a_placeholder(text)?;
    PersonalKey::parse(text).map_err(|wrong| wrong.to_string())
}

pub fn role(text: &str) -> Result<Role, String> {
    Role::named(text.trim()).ok_or_else(|| format!("`{}` must be `viewer` or `editor`", text.trim()))
}

pub fn project_number(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<u64>().ok().filter(|number| (1..=i64::MAX.unsigned_abs()).contains(number));
    number.ok_or_else(|| format!("`{}` must be a whole number from 1", text.trim()))
}

pub fn readback_interval(text: &str) -> Result<Duration, String> {
    within(text, READBACK_INTERVAL.0, READBACK_INTERVAL.1)
}

/// For `late_after` and `lost_after`; [`timing`] compares the two.
pub fn late_or_lost_after(text: &str) -> Result<Duration, String> {
    within(text, LATE_AFTER_LEAST, LOST_AFTER_MOST)
}

pub fn within(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let read = duration::parse(text)?;
    if (least..=most).contains(&read) {
        Ok(read)
    } else {
        Err(format!("`{}` must be between {} and {}", text.trim(), duration::show(least), duration::show(most)))
    }
}

const LONG: Duration = Duration::from_hours(24 * 3660);

pub fn token_lasts(text: &str) -> Result<Duration, String> {
    within(text, Duration::from_mins(1), LONG)
}

pub fn some_time(text: &str) -> Result<Duration, String> {
    within(text, Duration::from_secs(1), LONG)
}

/// The error is a full sentence.
pub fn timing(timing: &Timing) -> Result<(), String> {
    if timing.late_after < timing.lost_after {
        return Ok(());
    }
    let [late, lost] = [timing.late_after, timing.lost_after].map(duration::show);
    Err(format!("late_after `{late}` must be shorter than lost_after `{lost}`: a beat is late before it is lost"))
}

/// Whether the settings of a project are consistent. The error is a full sentence.
pub fn fit(spec: &ProjectSpec) -> Result<(), String> {
    timing(&spec.timing)?;
    let Some(HeartbeatApp { project_api_key: Some(token), .. }) = &spec.heartbeat else { return Ok(()) };
    about("project_api_key", app_token(token.as_str(), Some(&spec.token)).map(drop))
}

pub fn about<T, E: Display>(setting: &str, read: Result<T, E>) -> Result<T, String> {
    read.map_err(|says| format!("{setting} {says}"))
}
