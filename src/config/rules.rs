//! The validation of each setting, for every origin.

use std::time::Duration;

use super::duration::{self, within};
use super::problem::Problem;
use crate::model::{
    Events, HeartbeatApp, Host, Invalid, KeyError, Order, PersonalKey, ProjectName, ProjectSpec, ProjectToken, Quoted, Timing,
};

/// PostHog's limit, in bytes.
const LONGEST_EVENT_NAME: usize = 200;
/// The only event name with `$` that clients may send: PostHog's ingestion-lag metric reads it.
const LAG_METRIC_EVENT: &str = "$heartbeat";

const READBACK_INTERVAL: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));
const LATE_AFTER_LEAST: Duration = Duration::from_secs(1);
/// Read-backs of a beat end after this time.
const LOST_AFTER_MOST: Duration = Duration::from_hours(12);

/// Detects a key in the wrong field, and does not quote it.
pub fn host(text: &str) -> Result<Host, Invalid> {
    match text.trim().get(..4) {
        Some("phc_") => Err(Invalid::unquoted("is a project token (phc_...); give `us`, `eu`, or the address of a PostHog instance")),
        Some("phx_" | "phs_" | "pha_") => Err(Invalid::unquoted("is a key; give `us`, `eu`, or the address of a PostHog instance")),
        _ => Ok(Host::parse(text)?),
    }
}

/// Rejects the placeholders of the examples. The text is not quoted.
pub fn not_a_placeholder(text: &str) -> Result<(), Invalid> {
    const KEYS: [&str; 4] = ["phc_...", "phs_...", "phx_...", "your-client-secret"];
    const PARTS: [&str; 4] = ["_your_project_", "/your/webhook/", "?key=...", "//user:password@"];
    let is_placeholder = KEYS.contains(&text.trim()) || PARTS.iter().any(|part| text.contains(part));
    if is_placeholder { Err(Invalid::Placeholder) } else { Ok(()) }
}

/// The text is not quoted.
pub fn token(text: &str) -> Result<ProjectToken, Invalid> {
    not_a_placeholder(text)?;
    ProjectToken::parse(text).map_err(|wrong| match wrong {
        KeyError::Empty => Invalid::Empty("give the project token (phc_...), from Settings > Project > General"),
        other => other.into(),
    })
}

pub fn event_name(text: &str) -> Result<String, Invalid> {
    let name = text.trim();
    match name {
        "" => Err(Invalid::Empty("give the event a name, such as `heartbeat_proxy`")),
        LAG_METRIC_EVENT => Ok(name.to_owned()),
        _ if name.starts_with('$') => {
            let because = format!("is reserved by PostHog; remove the `$` (PostHog reads only `{LAG_METRIC_EVENT}` as a heartbeat)");
            Err(Invalid::unusable(name, because))
        }
        _ if name.len() > LONGEST_EVENT_NAME => Err(Invalid::TooLong { length: name.len(), unit: "bytes", most: LONGEST_EVENT_NAME }),
        _ if name.chars().any(char::is_control) => Err(Invalid::unusable(name, "contains a control character")),
        _ => Ok(name.to_owned()),
    }
}

/// The names of the app's own routes are reserved.
pub fn route_name(text: &str) -> Result<String, Invalid> {
    let name = ProjectName::parse(text)?.to_string();
    if Events::parse(&name).is_ok() {
        Err(Invalid::unusable(&name, "is the name of one of Heartbeat's own routes; give another, such as `proxy`"))
    } else {
        Ok(name)
    }
}

/// The token for `heartbeat_api` must be the project's own.
pub fn app_token(text: &str, project: Option<&ProjectToken>) -> Result<ProjectToken, Invalid> {
    let token = token(text)?;
    match project {
        Some(project) if *project != token => {
            let because = "is not the project's token: the event would go to another project and could not be read back; remove it";
            Err(Invalid::unquoted(because))
        }
        _ => Ok(token),
    }
}

pub fn personal_key(text: &str) -> Result<PersonalKey, Invalid> {
    not_a_placeholder(text)?;
    Ok(PersonalKey::parse(text)?)
}

/// A text of 1 to `most` characters without control characters.
pub fn one_line(text: &str, most: usize) -> Result<String, Invalid> {
    let text = text.trim();
    let is_line = !text.is_empty() && text.chars().count() <= most && !text.contains(char::is_control);
    let unfit = || Invalid::Malformed(Quoted::default(), format!("1 to {most} characters on one line").into());
    is_line.then(|| text.to_owned()).ok_or_else(unfit)
}

/// A whole number from 1.
pub fn number<N: TryFrom<i64>>(text: &str) -> Result<N, Invalid> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.and_then(|number: i64| N::try_from(number).ok()).ok_or_else(|| Invalid::whole(text, "", 1, None))
}

pub fn readback_interval(text: &str) -> Result<Duration, Invalid> {
    within(text, READBACK_INTERVAL.0, READBACK_INTERVAL.1)
}

/// For `late_after` and `lost_after`; [`fit`] compares the two.
pub fn late_or_lost_after(text: &str) -> Result<Duration, Invalid> {
    within(text, LATE_AFTER_LEAST, LOST_AFTER_MOST)
}

pub(super) const LONG: Duration = Duration::from_hours(24 * 3660);

pub fn some_time(text: &str) -> Result<Duration, Invalid> {
    within(text, Duration::from_secs(1), LONG)
}

/// Whether the settings of a project are consistent.
pub fn fit(spec: &ProjectSpec) -> Result<(), Problem> {
    let Timing { late_after, lost_after, .. } = spec.timing;
    if late_after >= lost_after {
        let reason = "a beat is late before it is lost";
        return Err(Problem::of("late_after", order(("late_after", late_after), "shorter than", ("lost_after", lost_after), reason)));
    }
    let Some(HeartbeatApp { project_api_key: Some(token), .. }) = &spec.heartbeat else { return Ok(()) };
    about("project_api_key", app_token(token.as_str(), Some(&spec.token)).map(drop))
}

/// Two durations that are in the wrong relation.
pub(super) fn order(
    (less, of_less): (&'static str, Duration),
    relation: &'static str,
    (more, of_more): (&'static str, Duration),
    reason: &'static str,
) -> Invalid {
    let [less_text, more_text] = [of_less, of_more].map(duration::show);
    Invalid::Order(Box::new(Order { less: less.into(), less_text, relation, more: more.into(), more_text, reason }))
}

pub fn about<T, E: Into<Invalid>>(setting: &str, read: Result<T, E>) -> Result<T, Problem> {
    read.map_err(|wrong| Problem::of(setting, wrong))
}
